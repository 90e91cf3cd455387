"""What several commands share: options, the two streams that they print to, and what is said of a new artifact."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from roadworthy.data import Dataset
    from roadworthy.models.artifact import Artifact
    from roadworthy.tracking import TrackedRun
    from roadworthy.tracking.origin import Origin

DEBUG_FLAG = "--debug"

# What says how a command talks, not what it does.
_MANNERS = ("as_json", "debug", "track")

ModelSpec = Annotated[
    str,
    typer.Argument(
        help="A folder written by train or wrap; pickles:VECTORIZER,MODEL; a .skops, .joblib or .pkl file; "
        "models:/NAME@ALIAS or runs:/RUN/MODEL in MLflow; hf:DIRECTORY; python:MODULE:FUNCTION; http://… or "
        "endpoint:FILE; or predictions:FILE."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document; everything else goes to stderr.")]
Debug = Annotated[bool, typer.Option(DEBUG_FLAG, help="Show the traceback of an error.")]
AllowPickle = Annotated[
    bool,
    typer.Option("--allow-pickle", help="Load pickle and joblib files, which run code when they are loaded."),
]
TextColumn = Annotated[str | None, typer.Option("--text", help="Name of the text column.")]
LabelColumn = Annotated[str | None, typer.Option("--label", help="Name of the label column.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same result.")]
OosLabel = Annotated[str | None, typer.Option("--oos-label", help="The label of messages that belong to no class.")]
FlagRate = Annotated[
    float | None,
    typer.Option("--flag-rate", help="The share of ordinary messages that may be flagged (default: 0.1)."),
]
Encoder = Annotated[
    str | None, typer.Option("--encoder", help="Directory or hub name of a sentence encoder (default: none).")
]
Track = Annotated[
    bool | None,
    typer.Option("--track/--no-track", help="Record the run in MLflow (default: where it is installed)."),
]


def fail(message: str, *, code: int = 2) -> NoReturn:
    """Say in one line what is wrong, and exit."""
    from roadworthy.redaction import inert

    typer.echo(f"roadworthy: {inert(' '.join(message.split()))}", err=True)
    sys.exit(code)


def stdout(*, width: int | None = None) -> Console:
    """Where answers go; the width is that of the terminal, or the given one where there is none."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if width is None or console.is_terminal else Console(highlight=False, width=width)


def stderr() -> Console:
    """Where progress and notes go."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr, one line for each part of the work; silent where stderr is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = stderr()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, object] = {}

        def update(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)  # type: ignore[arg-type]

        yield update


def wants_tracking(track: bool | None) -> bool:
    """Whether to record a run; asked for without MLflow is an error, by default it is on where MLflow is there."""
    from roadworthy import tracking
    from roadworthy.errors import MissingExtraError

    if track and not tracking.is_available():
        raise MissingExtraError("tracking", extra="mlflow")
    return tracking.is_available() if track is None else track


def shown(path: Path) -> str:
    """A path as a person would write it here: relative where it lies below the working directory."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def given(**options: object) -> dict[str, Any]:
    """Those options that were given; the others keep the defaults of what they are passed to.

    Examples
    --------
    >>> given(flag_rate=None, seed=0)
    {'seed': 0}
    """
    return {name: value for name, value in options.items() if value is not None}


def origin_of(context: typer.Context, **files: Path | str | None) -> Origin:
    """What is recorded of a command: how it was typed, its options, and the files that it reads, by their use."""
    from roadworthy.tracking.origin import Origin

    typed = context.find_root().obj
    told = {
        name: str(value)
        for name, value in context.params.items()
        if value not in (None, (), False) and name not in _MANNERS
    }
    return Origin(
        command=shlex.join(["roadworthy", *typed]) if typed else context.command_path,
        options=told,
        files=given(**files),
    )


def artifact_document(artifact: Artifact, directory: Path) -> dict[str, Any]:
    """What is known of an artifact, as JSON can hold it; a figure that is undefined is null."""
    return {
        "recipe": artifact.recipe,
        "directory": str(directory),
        "parameters": dict(artifact.parameters),
        "figures": {
            name: {part: value if value == value else None for part, value in figure.items()}
            for name, figure in artifact.figures.items()
        },
        "flag_rate": artifact.model.guard.flag_rate,
        "classes": list(artifact.model.classes),
        "messages": artifact.data.n,
    }


def print_saved(artifact: Artifact, directory: Path) -> None:
    """How much the guard flags, where the artifact is, and what to do with it next."""
    place = shlex.quote(shown(directory))
    typer.echo(f"guard: about {100 * artifact.model.guard.flag_rate:.3g} % of ordinary in-scope messages are flagged")
    typer.echo(f"saved {shown(directory)}")
    typer.echo(f"next: roadworthy predict {place} MESSAGES --out FILE")
    typer.echo(f"      roadworthy inspect {place} CLEAN")


def record(track: Callable[[], TrackedRun], *, wanted: bool) -> TrackedRun | None:
    """Record a run; where nobody asked for it, a store that is away is told and does not change the exit code."""
    from roadworthy.errors import TrackingError

    try:
        with stderr().status("recording the run in MLflow"):
            run = track()
    except TrackingError as error:
        if wanted:
            raise
        stderr().print(f"roadworthy: not recorded in MLflow: {error}", soft_wrap=True, markup=False)
        return None
    stderr().print(f"MLflow: {run}", soft_wrap=True, markup=False)
    return run


def record_artifact(
    artifact: Artifact, data: Dataset, directory: Path, *, wanted: bool, origin: Origin | None = None
) -> TrackedRun | None:
    """Record how an artifact was made, and keep in its folder which run that is."""
    from roadworthy import tracking
    from roadworthy.models.record import note_run

    run = record(lambda: tracking.track_artifact(artifact, data, directory, **given(origin=origin)), wanted=wanted)
    if run is not None:
        note_run(directory, run.run_id)
    return run
