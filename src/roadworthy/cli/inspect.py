"""`roadworthy inspect`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import (
    AllowPickle,
    Debug,
    Json,
    LabelColumn,
    Seed,
    TextColumn,
    Track,
    progress_bar,
    record,
    shown,
    stderr,
    stdout,
    wants_tracking,
)

if TYPE_CHECKING:
    from roadworthy.data import Dataset
    from roadworthy.inspection import Inspection
    from roadworthy.models.adapt import Model


def inspect(
    model: Annotated[
        str,
        typer.Argument(
            help="A folder written by train or wrap; pickles:VECTORIZER,MODEL; a .skops, .joblib or .pkl file; "
            "hf:DIRECTORY; or python:MODULE:FUNCTION."
        ),
    ],
    clean: Annotated[Path, typer.Argument(help="Clean labelled messages that the model was not trained on.")],
    real: Annotated[Path | None, typer.Option(help="Messages that real users sent, with labels or without.")] = None,
    kind: Annotated[str | None, typer.Option(help="Column of --real that says what kind a message is.")] = None,
    train: Annotated[Path | None, typer.Option(help="The training messages, to find overlaps with them.")] = None,
    oos_label: Annotated[str | None, typer.Option(help="The label of messages that belong to no class.")] = None,
    suite: Annotated[str, typer.Option(help="quick, standard, full, or a TOML file.")] = "standard",
    sample: Annotated[int | None, typer.Option(min=1, help="Inspect at most that many messages of each file.")] = None,
    engine: Annotated[str, typer.Option(help="Where it runs: local, processes, or ray.")] = "local",
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("roadworthy-report"),
    text: TextColumn = None,
    label: LabelColumn = None,
    seed: Seed = 0,
    allow_pickle: AllowPickle = False,
    track: Track = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Inspect a model; write a verdict and a report.

    Exits 0 when the verdict is pass or advisory, 1 when it is fail.
    """
    from roadworthy import inspection, parallel
    from roadworthy.data import read_dataset, read_labelled
    from roadworthy.models import load_model
    from roadworthy.output import require_writable
    from roadworthy.report import print_terminal, write_report

    chosen = inspection.find_suite(suite)
    clean_data = read_labelled(clean, text=text, label=label)
    real_data = None if real is None else read_dataset(real, text=text, label=label, kind=kind, needs_label=False)
    train_data = None if train is None else read_dataset(train, text=text, label=label, needs_label=False)
    tracked = wants_tracking(track)
    loaded = load_model(model, allow_pickle=allow_pickle)
    require_writable(out)
    with progress_bar() as progress:
        result = inspection.inspect(
            loaded,
            clean_data,
            real=real_data,
            train=train_data,
            oos_label=oos_label,
            suite=chosen,
            sample=sample,
            seed=seed,
            engine=parallel.find_engine(engine),
            announce=_announce,
            progress=progress,
        )
    files = write_report(result, out)
    if as_json:
        typer.echo(result.to_json())
    else:
        print_terminal(result, stdout())
    stderr().print(f"Report: {shown(files['html'])}", soft_wrap=True, markup=False)
    _note(result, model, clean)
    if tracked:
        _track(result, out, model, loaded, clean_data, real_data, wanted=track is True)
    return 1 if result.verdict == "fail" else 0


def _announce(asked: int, distinct: int) -> None:
    stderr().print(f"{asked:,} messages: {distinct:,} predictions, identical texts only once.", soft_wrap=True)


def _note(result: Inspection, spec: str, clean: Path) -> None:
    """Keep the verdict in the folder of the artifact that was inspected, so that it is known where it is served."""
    from roadworthy.errors import OutputError
    from roadworthy.models.load import find_artifact
    from roadworthy.models.record import note_inspection

    place = find_artifact(Path(spec))
    if place is None:
        return
    try:
        note_inspection(place, verdict=result.verdict, messages=clean.name, n=result.groups[0].n)
    except OutputError as error:
        stderr().print(f"roadworthy: the verdict is not kept with the model: {error}", soft_wrap=True, markup=False)


def _track(
    result: Inspection, out: Path, spec: str, model: Model, clean: Dataset, real: Dataset | None, *, wanted: bool
) -> None:
    from roadworthy import tracking
    from roadworthy.models.artifact import load_artifact
    from roadworthy.models.load import find_artifact

    place = find_artifact(Path(spec))
    artifact = None if place is None else load_artifact(place)
    estimator = getattr(model, "estimator", None)
    run = partial(
        tracking.track_inspection, result, out, artifact=artifact, estimator=estimator, clean=clean, real=real
    )
    record(run, wanted=wanted)
