"""`roadworthy train`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import Debug, Json, LabelColumn, TextColumn, Track, shown, stderr, wants_tracking

if TYPE_CHECKING:
    from roadworthy.data import Dataset
    from roadworthy.training.notebook import NotebookModel


def train(
    data: Annotated[Path, typer.Argument(help="Labelled messages.")],
    recipe: Annotated[str, typer.Option(help="notebook: the naive pipeline, as teams build it.")] = "notebook",
    out: Annotated[Path, typer.Option(help="Folder for the model.")] = Path("model"),
    text: TextColumn = None,
    label: LabelColumn = None,
    track: Track = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Train a model by a recipe.

    notebook writes vectorizer.pkl and model.pkl, as in the story.
    """
    from roadworthy.data import read_labelled
    from roadworthy.errors import ModelError
    from roadworthy.training.notebook import save_pickles, train_notebook

    if recipe != "notebook":
        raise ModelError(f"no recipe {recipe!r}", mend="use --recipe notebook")
    messages = read_labelled(data, text=text, label=label)
    tracked = wants_tracking(track)
    trained = train_notebook(messages)
    paths = save_pickles(trained, out)
    if as_json:
        typer.echo(json.dumps({"training_accuracy": trained.training_accuracy, "files": list(map(str, paths))}))
    else:
        typer.echo(f"accuracy {trained.training_accuracy:.3f} on the {len(messages):,} messages it was trained on")
        typer.echo("saved " + " and ".join(map(shown, paths)))
    if tracked:
        _track(trained, messages, paths)
    return 0


def _track(trained: NotebookModel, data: Dataset, paths: tuple[Path, Path]) -> None:
    from roadworthy import tracking

    with stderr().status("recording the run in MLflow"):
        run = tracking.track_notebook(trained, data, paths)
    stderr().print(f"MLflow: {run}", soft_wrap=True, markup=False)
