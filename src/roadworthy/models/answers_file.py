"""Answers as rows: what a model says of each message of a file beside the file's own columns, in any format.

An empty message is never shown to the model: it has no label, and is flagged.
"""

from __future__ import annotations

import importlib.util
import io
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.columns import checked_texts, is_missing
from roadworthy.data import Predictions
from roadworthy.errors import DataError, MissingExtraError, OutputError
from roadworthy.guard import EMPTY
from roadworthy.models.ask import BATCH_SIZE, predict
from roadworthy.models.guarded import GuardedModel

if TYPE_CHECKING:
    import pandas as pd

    from roadworthy.models.adapt import Model
    from roadworthy.parallel import Progress

COLUMNS = ("label", "confidence", "verdict", "reasons", "familiarity")
_ANY_TEXT = "x"


@dataclass(frozen=True)
class MessageAnswer:
    """What is said of one message.

    Parameters
    ----------
    label
        The answer; None for an empty message.
    confidence, familiarity
        Between 0 and 1, to six significant digits; None where the model states none, or has no guard.
    verdict
        Either trusted or flagged.
    reasons
        Why it is flagged.
    unknown_words
        The words that the guard does not know; None without a guard.
    """

    label: str | None
    confidence: float | None
    verdict: str
    reasons: tuple[str, ...]
    familiarity: float | None
    unknown_words: tuple[str, ...] | None


def answer_message(model: Model, text: str) -> MessageAnswer:
    """The answer to one message, which may be empty.

    Raises
    ------
    DataError
        The message is broken unicode.
    ModelError
        The model raised, or answered what no classifier may answer.

    Examples
    --------
    >>> from roadworthy.models import as_model
    >>> model = as_model(lambda texts: [("refund", 0.9)] * len(texts))
    >>> answer_message(model, "my money back").label, answer_message(model, "").reasons
    ('refund', ('empty',))
    """
    found = answer_all(model, message_texts([text], "the message"))
    words = model.guard.familiarity_.unknown_words(text) if isinstance(model, GuardedModel) else None
    return MessageAnswer(
        found.labels[0],
        _significant(found.confidence[0]),
        _verdict(found.flagged[0]),
        found.reasons[0],
        _significant(found.familiarity[0]),
        words,
    )


def message_texts(values: Iterable[Any], where: str) -> tuple[str, ...]:
    """The messages of a column; those that are empty, blank or missing become the empty string.

    Raises
    ------
    DataError
        There is no message, or one is no string or broken unicode.

    Examples
    --------
    >>> message_texts(["hello", None, "  "], "a.csv")
    ('hello', '', '')
    """
    cells = list(values)
    blank = [is_missing(cell) for cell in cells]
    texts = checked_texts([_ANY_TEXT if gone else cell for cell, gone in zip(cells, blank, strict=True)], where)
    return tuple("" if gone else text for text, gone in zip(texts, blank, strict=True))


def answer_all(model: Model, texts: Sequence[str], progress: Progress | None = None) -> Predictions:
    """What a model answers to many messages, in batches; an empty one has None for a label.

    Raises
    ------
    ModelError
        The model raised, or answered what no classifier may answer.
    """
    n = len(texts)
    asked = [row for row, text in enumerate(texts) if text]
    labels, confidence = np.full(n, None, dtype=object), np.full(n, np.nan)
    flagged = np.ones(n, dtype=bool)
    familiarity = np.full(n, 0.0 if isinstance(model, GuardedModel) else np.nan)
    reasons: list[tuple[str, ...]] = [(EMPTY,)] * n
    for start in range(0, len(asked), BATCH_SIZE):
        rows = asked[start : start + BATCH_SIZE]
        found = predict(model, [texts[row] for row in rows])
        labels[rows], confidence[rows] = found.labels, found.confidence
        flagged[rows], familiarity[rows] = found.flagged, found.familiarity
        for row, why in zip(rows, found.reasons, strict=True):
            reasons[row] = why
        if progress is not None:
            progress(start + len(rows), len(asked))
    return Predictions(labels, confidence, flagged, familiarity, tuple(reasons))


def count_reasons(predictions: Predictions) -> dict[str, int]:
    """How many messages are flagged for each reason, the commonest first; a message may have several.

    Examples
    --------
    >>> labels, confidence = np.array(["a", "b"], dtype=object), np.ones(2)
    >>> count_reasons(Predictions(labels, confidence, np.array([True, False]), reasons=(("too_long",), ())))
    {'too_long': 1}
    """
    return dict(Counter(reason for reasons in predictions.reasons for reason in reasons).most_common())


def with_answers(frame: pd.DataFrame, predictions: Predictions) -> pd.DataFrame:
    """The rows of a file with their answers in five more columns.

    A column of the file that bears the name of one of these becomes ``input_NAME``, or ``input_NAME_2`` where that is
    taken as well. A named index, which Parquet files may have, becomes a column.
    """
    indexed = [name for name in frame.index.names if name is not None]
    frame = frame.reset_index(level=indexed) if indexed else frame
    return frame.set_axis(_renamed(list(map(str, frame.columns))), axis="columns").assign(
        label=predictions.labels,
        confidence=_column(predictions.confidence),
        verdict=list(map(_verdict, predictions.flagged)),
        reasons=list(map(";".join, predictions.reasons)),
        familiarity=_column(predictions.familiarity),
    )


def _renamed(names: list[str]) -> list[str]:
    taken = {*names, *COLUMNS}
    found = []
    for name in names:
        new, number = name, 1
        while new in COLUMNS or (new != name and new in taken):
            new = f"input_{name}" if number == 1 else f"input_{name}_{number}"
            number += 1
        taken.add(new)
        found.append(new)
    return found


def _verdict(flagged: object) -> str:
    return "flagged" if flagged else "trusted"


def _significant(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.6g}")


def _column(values: Iterable[float]) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def require_format(file: Path) -> None:
    """Make sure, before the work starts, that answers can be written in the format that a file's suffix names.

    Raises
    ------
    OutputError
        Another suffix than .csv, .tsv, .json, .jsonl or .parquet.
    MissingExtraError
        Parquet, and pyarrow is not installed.
    """
    if file.suffix.lower() not in _FORMATS:
        raise OutputError(
            f"unknown format {file.suffix or '(no suffix)'!r}",
            where=file,
            mend=f"give --out a name that ends in one of {', '.join(_FORMATS)}",
        )
    if file.suffix.lower() == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise MissingExtraError("writing .parquet files", extra="arrow")


def render(frame: pd.DataFrame, suffix: str) -> bytes:
    """A table as a file of that suffix; every text reads back as it was.

    Raises
    ------
    DataError
        A cell is broken unicode, or a column holds what the format cannot.
    """
    try:
        return _FORMATS[suffix.lower()](frame)
    except UnicodeEncodeError:
        raise DataError(
            "a column beside the messages holds half a surrogate pair", mend="drop or mend these rows"
        ) from None


def _csv(frame: pd.DataFrame, separator: str = ",") -> bytes:
    import csv

    import pandas as pd

    # Left to infer what it holds, pandas would turn whole numbers beside missing ones into 1.0.
    nested = {
        name: pd.Series(list(map(_cell, frame[name])), frame.index, dtype=object)
        for name in frame.columns
        if pd.api.types.is_object_dtype(frame[name])
    }
    frame = frame.assign(**nested)
    plain = frame.to_csv(index=False, sep=separator)
    # A lone carriage return needs quotes, and gets none by default.
    quoted = frame.to_csv(index=False, sep=separator, quoting=csv.QUOTE_NONNUMERIC) if "\r" in plain else plain
    return quoted.encode()


def _cell(value: Any) -> Any:
    """A list or an object in a cell is written as JSON."""
    return json.dumps(_plain(value), ensure_ascii=False) if isinstance(value, (list, dict, np.ndarray)) else value


def _tsv(frame: pd.DataFrame) -> bytes:
    return _csv(frame, "\t")


def _json(frame: pd.DataFrame) -> bytes:
    return ("[\n" + ",\n".join(_objects(frame)) + "\n]\n").encode()


def _jsonl(frame: pd.DataFrame) -> bytes:
    return "".join(f"{line}\n" for line in _objects(frame)).encode()


def _objects(frame: pd.DataFrame) -> list[str]:
    """Each row as a JSON object on one line."""
    names = list(frame.columns)
    columns = [frame.iloc[:, i].tolist() for i in range(len(names))]
    rows = (dict(zip(names, map(_plain, row), strict=True)) for row in zip(*columns, strict=True))
    return [json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows]


def _plain(value: Any) -> Any:
    """A cell as JSON can hold it: numbers that are none become null, dates ISO 8601, all else what it prints as."""
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(inner) for inner in value]
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        return _plain(value.item())
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _parquet(frame: pd.DataFrame) -> bytes:
    import pyarrow as pa

    content = io.BytesIO()
    try:
        frame.to_parquet(content, index=False)
    except (pa.ArrowException, OverflowError) as error:
        raise DataError(
            f"a column that Parquet cannot hold ({' '.join(str(error).split())[:200]})",
            mend="give --out a name that ends in .jsonl",
        ) from None
    return content.getvalue()


_FORMATS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".json": _json,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
}
