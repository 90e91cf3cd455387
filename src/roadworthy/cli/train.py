"""`roadworthy train`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from roadworthy.cli.options import (
    Debug,
    Encoder,
    FlagRate,
    Json,
    LabelColumn,
    OosLabel,
    TextColumn,
    Track,
    artifact_document,
    given,
    origin_of,
    print_saved,
    record,
    record_artifact,
    shown,
    stderr,
    wants_tracking,
)
from roadworthy.errors import counted

if TYPE_CHECKING:
    from roadworthy.data import Dataset
    from roadworthy.models.artifact import Artifact
    from roadworthy.tracking import TrackedRun
    from roadworthy.tracking.origin import Origin


class _Trained(NamedTuple):
    """What a recipe gave: as JSON, in words, and how to record it as a run."""

    document: dict[str, Any]
    say: Callable[[], None]
    record: Callable[..., TrackedRun | None]


def train(
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help="Labelled messages.")],
    recipe: Annotated[
        str, typer.Option(help="hardened, with a guard; or notebook, the naive pipeline as teams build it.")
    ] = "hardened",
    out: Annotated[Path, typer.Option(help="Folder for the model.")] = Path("model"),
    text: TextColumn = None,
    label: LabelColumn = None,
    oos_label: OosLabel = None,
    flag_rate: FlagRate = None,
    encoder: Encoder = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same model (default: 0).")] = None,
    register: Annotated[
        str | None, typer.Option(help="Record it, and make it the challenger of this registered model in MLflow.")
    ] = None,
    track: Track = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Train a model by a recipe.

    hardened writes a folder that holds a model and its guard. notebook writes vectorizer.pkl and model.pkl, as in the
    story; --oos-label, --flag-rate, --encoder and --seed are not for it.
    """
    from roadworthy.data import read_labelled

    options = given(oos_label=oos_label, flag_rate=flag_rate, encoder=encoder, seed=seed)
    _check_recipe(recipe, options)
    track = _wants_track(track, register)
    messages = read_labelled(data, text=text, label=label)
    tracked = wants_tracking(track)
    origin = origin_of(context, training=data)
    if recipe == "hardened":
        trained = _train_hardened(messages, out, options, origin)
    else:
        trained = _train_notebook(messages, out, origin)
    if as_json and register is None:
        typer.echo(json.dumps(trained.document))
    if not as_json:
        trained.say()
    run = trained.record(wanted=track is True) if tracked else None
    if register is not None and run is not None:
        _register(register, run, trained.document if as_json else None)
    return 0


def _check_recipe(recipe: str, options: Mapping[str, object]) -> None:
    from roadworthy.errors import ModelError

    if recipe not in ("hardened", "notebook"):
        raise ModelError(f"no recipe {recipe!r}", mend="use --recipe hardened or --recipe notebook")
    if recipe == "notebook" and options:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in options)
        raise ModelError(f"the recipe notebook knows no {names}", mend="leave it out, or use --recipe hardened")


def _wants_track(track: bool | None, register: str | None) -> bool | None:
    """Only what is recorded can be registered; that, and whether the name can be used, is said before the work."""
    if register is None:
        return track
    from roadworthy.errors import ReleaseError
    from roadworthy.registry import require_name

    if track is False:
        raise ReleaseError("--register and --no-track contradict each other", mend="leave one of them out")
    require_name(register)
    return True


def _register(name: str, run: TrackedRun, document: dict[str, Any] | None) -> None:
    """Register what a run logged, and say what comes next; or add it to the one document that is printed."""
    from roadworthy import registry

    with stderr().status("registering the model in MLflow"):
        registered = registry.register(name, run.run_id)
    if document is not None:
        typer.echo(json.dumps(document | {"registered": registered._asdict()}))
        return
    typer.echo(f"registered {name} version {registered.version}, alias challenger")
    typer.echo(f"next: roadworthy inspect {shlex.quote(registered.spec)} CLEAN --gate")
    typer.echo(f"      roadworthy promote {shlex.quote(name)} {registered.version}")


def _train_hardened(data: Dataset, out: Path, options: dict[str, Any], origin: Origin) -> _Trained:
    """Train and save."""
    from roadworthy.models.artifact import require_place
    from roadworthy.training.hardened import train_hardened

    require_place(out)
    with stderr().status("training: settings are chosen by cross-validation"):
        trained = train_hardened(data, **options)
    trained.save(out)
    record_run = partial(record_artifact, trained, data, out, origin=origin)
    return _Trained(artifact_document(trained, out), partial(_print, trained, out), record_run)


def _print(trained: Artifact, out: Path) -> None:
    from roadworthy.inspection import Figure

    chosen = trained.parameters
    classes = "rare classes weigh as much as common ones" if chosen["balanced"] else "every message weighs the same"
    copies = "messages and a perturbed copy of each" if chosen["copies"] else "messages as they are"
    accuracy = Figure.model_validate(trained.figures["held_out_accuracy"])
    typer.echo(f"held-out accuracy {accuracy}, by cross-validation on the training messages")
    typer.echo(
        f"chosen: penalty C={chosen['penalty']:g}; words weigh {chosen['word_weight']:g} beside pieces of words; "
        f"{classes}; trained on the {copies}"
    )
    print_saved(trained, out)


def _train_notebook(data: Dataset, out: Path, origin: Origin) -> _Trained:
    """Train and save."""
    from roadworthy import tracking
    from roadworthy.training.notebook import save_pickles, train_notebook

    trained = train_notebook(data)
    paths = save_pickles(trained, out)

    def say() -> None:
        typer.echo(f"accuracy {trained.training_accuracy:.3f} on the {counted(len(data), 'message')} it was trained on")
        typer.echo("saved " + " and ".join(map(shown, paths)))

    document = {"training_accuracy": trained.training_accuracy, "files": list(map(str, paths))}
    return _Trained(
        document, say, partial(record, lambda: tracking.track_notebook(trained, data, paths, origin=origin))
    )
