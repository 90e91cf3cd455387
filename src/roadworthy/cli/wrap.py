"""`roadworthy wrap`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import (
    AllowPickle,
    Debug,
    Encoder,
    FlagRate,
    Json,
    LabelColumn,
    OosLabel,
    Seed,
    TextColumn,
    Track,
    artifact_document,
    given,
    origin_of,
    print_saved,
    record_artifact,
    stderr,
    wants_tracking,
)

if TYPE_CHECKING:
    from roadworthy.training.wrap import Wrapped


def wrap(
    context: typer.Context,
    model: Annotated[
        str,
        typer.Argument(
            help="pickles:VECTORIZER,MODEL; a .skops, .joblib or .pkl file; hf:DIRECTORY; or python:MODULE:FUNCTION."
        ),
    ],
    data: Annotated[Path, typer.Argument(help="Clean labelled messages.")],
    out: Annotated[Path, typer.Option(help="Folder for the model with its guard.")] = Path("wrapped"),
    text: TextColumn = None,
    label: LabelColumn = None,
    oos_label: OosLabel = None,
    flag_rate: FlagRate = None,
    encoder: Encoder = None,
    seen: Annotated[
        bool | None,
        typer.Option(
            "--seen/--held-out",
            help="Whether the model was trained on these messages (default: judged by its accuracy on them).",
        ),
    ] = None,
    seed: Seed = 0,
    allow_pickle: AllowPickle = False,
    track: Track = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Give a model that is there already a guard; the model stays as it is."""
    from roadworthy.data import read_labelled
    from roadworthy.models.artifact import require_place
    from roadworthy.training import wrap as wrapping

    messages = read_labelled(data, text=text, label=label)
    tracked = wants_tracking(track)
    require_place(out)
    options = given(oos_label=oos_label, flag_rate=flag_rate, encoder=encoder)
    with stderr().status("asking the model, fitting its guard"):
        wrapped = wrapping.wrap(model, messages, seen=seen, allow_pickle=allow_pickle, seed=seed, **options)
    wrapped.artifact.save(out)
    if as_json:
        about = {"seen": wrapped.seen, "accuracy": wrapped.accuracy, "learnable": wrapped.learnable}
        typer.echo(json.dumps({**artifact_document(wrapped.artifact, out), **about}))
    else:
        _print(wrapped, judged=seen is None)
        print_saved(wrapped.artifact, out)
    if tracked:
        origin = origin_of(context, training=data)
        record_artifact(wrapped.artifact, messages, out, wanted=track is True, origin=origin)
    return 0


def _print(wrapped: Wrapped, *, judged: bool) -> None:
    from roadworthy.inspection import Figure

    found = wrapped.artifact.figures.get("held_out_accuracy")
    measured = "" if found is None else str(Figure.model_validate(found))
    accuracy = f"{wrapped.accuracy:.3f}" if wrapped.seen else measured
    typer.echo(f"accuracy {accuracy} on the messages; of a plain model in cross-validation {wrapped.learnable:.3f}")
    if judged:
        whether = "trained on (if it was not: --held-out)" if wrapped.seen else "not trained on (if it was: --seen)"
        typer.echo(f"they are taken for messages that the model was {whether}")
    if wrapped.artifact.parameters["refitted"]:
        typer.echo(f"so the guard learned from copies of the model, trained on parts of them: {measured} on the others")
    elif wrapped.seen:
        typer.echo("its answers to them say nothing about new messages: the guard compares the messages alone")
    elif not wrapped.artifact.parameters["uses_confidence"]:
        typer.echo("the model states no confidence: the guard does without")
