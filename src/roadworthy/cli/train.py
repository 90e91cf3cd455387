"""`roadworthy train`."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    print_saved,
    record,
    record_artifact,
    shown,
    stderr,
    wants_tracking,
)

if TYPE_CHECKING:
    from roadworthy.data import Dataset
    from roadworthy.models.artifact import Artifact


def train(
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
    track: Track = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Train a model by a recipe.

    hardened writes a folder that holds a model and its guard. notebook writes vectorizer.pkl and model.pkl, as in the
    story; --oos-label, --flag-rate, --encoder and --seed are not for it.
    """
    from roadworthy.data import read_labelled
    from roadworthy.errors import ModelError

    options = given(oos_label=oos_label, flag_rate=flag_rate, encoder=encoder, seed=seed)
    if recipe not in ("hardened", "notebook"):
        raise ModelError(f"no recipe {recipe!r}", mend="use --recipe hardened or --recipe notebook")
    if recipe == "notebook" and options:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in options)
        raise ModelError(f"the recipe notebook knows no {names}", mend="leave it out, or use --recipe hardened")
    messages = read_labelled(data, text=text, label=label)
    tracked = wants_tracking(track)
    recipes: dict[str, Callable[..., Callable[..., object]]] = {
        "hardened": partial(_train_hardened, options=options),
        "notebook": _train_notebook,
    }
    recorded = recipes[recipe](messages, out, as_json)
    if tracked:
        recorded(wanted=track is True)
    return 0


def _train_hardened(data: Dataset, out: Path, as_json: bool, options: dict[str, Any]) -> Callable[..., object]:
    """Train, save and print; what is returned records the run."""
    from roadworthy.models.artifact import require_place
    from roadworthy.training.hardened import train_hardened

    require_place(out)
    with stderr().status("training: settings are chosen by cross-validation"):
        trained = train_hardened(data, **options)
    trained.save(out)
    if as_json:
        typer.echo(json.dumps(artifact_document(trained, out)))
    else:
        _print(trained)
        print_saved(trained, out)
    return partial(record_artifact, trained, data, out)


def _print(trained: Artifact) -> None:
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


def _train_notebook(data: Dataset, out: Path, as_json: bool) -> Callable[..., object]:
    """Train, save and print; what is returned records the run."""
    from roadworthy import tracking
    from roadworthy.training.notebook import save_pickles, train_notebook

    trained = train_notebook(data)
    paths = save_pickles(trained, out)
    if as_json:
        typer.echo(json.dumps({"training_accuracy": trained.training_accuracy, "files": list(map(str, paths))}))
    else:
        typer.echo(f"accuracy {trained.training_accuracy:.3f} on the {len(data):,} messages it was trained on")
        typer.echo("saved " + " and ".join(map(shown, paths)))
    return partial(record, lambda: tracking.track_notebook(trained, data, paths))
