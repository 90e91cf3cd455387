"""`roadworthy predict`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import AllowPickle, Debug, Json, TextColumn, progress_bar, stderr
from roadworthy.errors import counted

if TYPE_CHECKING:
    from roadworthy.data import Predictions
    from roadworthy.models.adapt import Model
    from roadworthy.models.answers_file import MessageAnswer

NONE = "(none)"


def predict(
    model: Annotated[
        str,
        typer.Argument(
            help="A folder written by train or wrap; pickles:VECTORIZER,MODEL; a .skops, .joblib or .pkl file; "
            "hf:DIRECTORY; or python:MODULE:FUNCTION."
        ),
    ],
    messages: Annotated[Path | None, typer.Argument(help="A file of messages.")] = None,
    message: Annotated[
        list[str] | None, typer.Option("--message", "-m", help="One message in place of a file.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the answers there: .csv, .tsv, .json, .jsonl or .parquet (default: CSV on stdout)."),
    ] = None,
    text: TextColumn = None,
    allow_pickle: AllowPickle = False,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Answer messages, each with a verdict: trusted, or flagged and why.

    A file keeps its rows, their order and its columns, and gets five more: label, confidence, verdict, reasons and
    familiarity. A column of its own that bears such a name becomes input_NAME.
    """
    if messages is not None and not message:
        return _predict_file(model, messages, out, text, allow_pickle, as_json)
    return _predict_one(model, _single(messages, message, out, text), allow_pickle, as_json)


def _single(messages: Path | None, message: list[str] | None, out: Path | None, text: str | None) -> str:
    """The one message, once it is sure that nothing was said that goes with a file."""
    from roadworthy.errors import DataError

    if not message:
        raise DataError("nothing to answer", mend="give a file of messages, or one message with -m")
    if len(message) > 1:
        raise DataError(f"{len(message)} messages with -m", mend="give one, or a file of messages")
    if messages is not None:
        raise DataError("a file and -m", where=messages, mend="give either a file of messages or one message")
    for option, value in (("--out", out), ("--text", text)):
        if value is not None:
            raise DataError(f"{option} goes with a file of messages", mend="leave it out, or give a file")
    return message[0]


def _predict_one(spec: str, message: str, allow_pickle: bool, as_json: bool) -> int:
    from roadworthy.models import load_model
    from roadworthy.models.answers_file import answer_message, message_texts

    message_texts([message], "the message")
    loaded = load_model(spec, allow_pickle=allow_pickle)
    answer = answer_message(loaded, message)
    if as_json:
        typer.echo(json.dumps(asdict(answer), ensure_ascii=False))
    else:
        _print(answer)
    _warn_without_guard(loaded)
    return 0


def _print(answer: MessageAnswer) -> None:
    from roadworthy.redaction import inert

    said = {
        "label": NONE if answer.label is None else answer.label,
        "confidence": NONE if answer.confidence is None else f"{answer.confidence:.3f}",
        "verdict": answer.verdict,
        "reasons": ", ".join(answer.reasons) or NONE,
        "familiarity": NONE if answer.familiarity is None else f"{answer.familiarity:.3f}",
    }
    if answer.reasons and answer.unknown_words:
        said["unknown words"] = ", ".join(answer.unknown_words)
    for name, value in said.items():
        typer.echo(f"{name:{max(map(len, said))}}  {inert(value)}")


def _predict_file(spec: str, path: Path, out: Path | None, text: str | None, allow_pickle: bool, as_json: bool) -> int:
    from roadworthy.data import text_column
    from roadworthy.models import load_model
    from roadworthy.models.answers_file import answer_all, message_texts, render, require_format, with_answers
    from roadworthy.output import require_apart, require_writable, write_bytes
    from roadworthy.tables import read_frame

    if out is not None:
        require_format(out)
        require_apart(out, path)
    frame = read_frame(path)
    texts = message_texts(frame[text_column(frame, text, path)].tolist(), str(path))
    loaded = load_model(spec, allow_pickle=allow_pickle)
    if out is not None:
        require_writable(out.parent)
    with progress_bar() as progress:
        answers = answer_all(loaded, texts, partial(progress, "predicting"))
    frame = with_answers(frame, answers)
    if out is None:
        _echo(render(frame, ".json" if as_json else ".csv"))
    else:
        write_bytes(out, render(frame, out.suffix))
    if out is not None and as_json:
        typer.echo(json.dumps({"out": str(out), **_summary(answers)}))
    _warn_without_guard(loaded)
    _tell(answers)
    return 0


def _echo(content: bytes) -> None:
    """A file on stdout byte for byte; on a terminal without what acts there."""
    from roadworthy.redaction import inert

    typer.echo(inert(content.decode()) if sys.stdout.isatty() else content, nl=False)


def _summary(answers: Predictions) -> dict[str, object]:
    from roadworthy.models.answers_file import count_reasons

    return {"rows": len(answers), "flagged": int(answers.flagged.sum()), "reasons": count_reasons(answers)}


def _tell(answers: Predictions) -> None:
    from roadworthy.models.answers_file import count_reasons

    reasons = ", ".join(f"{reason} {n:,}" for reason, n in count_reasons(answers).items())
    line = f"{answers.flagged.sum():,} of {counted(len(answers), 'message')} flagged"
    stderr().print(f"{line} ({reasons})." if reasons else f"{line}.", soft_wrap=True, markup=False)


def _warn_without_guard(model: Model) -> None:
    from roadworthy.models.guarded import GuardedModel
    from roadworthy.redaction import inert

    if not isinstance(model, GuardedModel):
        name = inert(str(getattr(model, "name", "the model")))
        line = f"roadworthy: {name} has no guard: every answer counts as trusted; roadworthy wrap gives it one"
        stderr().print(line, soft_wrap=True, markup=False)
