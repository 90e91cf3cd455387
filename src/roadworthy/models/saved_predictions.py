"""Predictions that were made elsewhere, and saved to a file: a model that is asked by looking its answers up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.columns import is_missing
from roadworthy.data import Predictions, text_column
from roadworthy.errors import DataError, ModelError, counted
from roadworthy.models.answers import LABEL_KEYS, PREDICTED_KEYS, read_answers
from roadworthy.output import short_name
from roadworthy.tables import read_frame

if TYPE_CHECKING:
    import pandas as pd

KIND = "predictions:"
_MISSING = (
    "write all messages with: roadworthy inspect … --write-messages FILE, have them predicted, and add the answers"
)


class SavedPredictions:
    """Answers by text.

    Parameters
    ----------
    texts
        The n messages that were predicted.
    predictions
        What was answered to them.
    name
        What to call it in messages.

    Raises
    ------
    ModelError
        A text has two different answers.

    Examples
    --------
    >>> saved = SavedPredictions(["my money back"], read_answers([("refund", 0.9)], 1, "a.csv"), "a.csv")
    >>> saved.answer(["my money back"] * 2).labels.tolist()
    ['refund', 'refund']
    """

    classes: Sequence[str] = ()

    def __init__(self, texts: Sequence[str], predictions: Predictions, name: str) -> None:
        self.predictions = predictions
        self.name = name
        self._rows = _rows_by_text(texts, predictions, name)

    def answer(self, texts: Sequence[str]) -> Predictions:
        """One answer a message.

        Raises
        ------
        ModelError
            Some have none.
        """
        self.require(texts)
        return self.predictions.take(np.array([self._rows[_plain(text)] for text in texts], dtype=np.intp))

    def require(self, texts: Sequence[str]) -> None:
        """Make sure that every message has an answer.

        Raises
        ------
        ModelError
            Some have none; it says how many.
        """
        missing = len({text for text in texts if _plain(text) not in self._rows})
        if missing:
            what = f"no prediction for {missing:,} of {counted(len(set(texts)), 'message')}"
            raise ModelError(what, where=self.name, mend=_MISSING)


def load_predictions(spec: str) -> SavedPredictions:
    """Load ``predictions:FILE``, a table of any format: text, label, and what else there is of an answer.

    That is a confidence, a verdict, reasons and a familiarity, as ``roadworthy predict`` writes them; or, in place of
    a label, a column of probabilities for each class. Rows without a text are left out.

    Raises
    ------
    ModelError
        It holds no answers, or two for the same text.
    DataError
        It is missing, cannot be read, or has no column of texts.
    """
    path = Path(spec.removeprefix(KIND))
    frame = read_frame(path)
    column = text_column(frame, None, path)
    frame = frame[[not is_missing(text) for text in frame[column]]]
    if frame.empty:
        raise DataError("no rows", where=path, mend="give a file with at least one prediction")
    name = f"{KIND}{short_name(path)}"
    texts = [str(text) for text in frame[column]]
    answers = read_answers(_answer_columns(frame.drop(columns=column), name), len(frame), name)
    return SavedPredictions(texts, answers, name)


def _answer_columns(frame: pd.DataFrame, name: str) -> Mapping[str, list[Any]]:
    """The columns that hold answers, and not what was known of the messages before."""
    columns = {str(column).strip().lower(): frame[column].tolist() for column in frame.columns}
    if not columns:
        raise ModelError("no column of answers beside the texts", where=name, mend="add one, and call it label")
    predicted = [key for key in PREDICTED_KEYS if key in columns]
    labels = [key for key in LABEL_KEYS if key in columns]
    # Where there is a verdict, `roadworthy predict` wrote the file: it keeps what was there under other names.
    chosen = predicted or (["label"] if {"label", "verdict"} <= set(columns) else labels)
    if len(chosen) > 1:
        raise ModelError(
            f"the columns {' and '.join(map(repr, chosen))} may both be the answers",
            where=name,
            mend="call that of the answers prediction",
        )
    if not chosen:
        return {key: _numbers(values) for key, values in columns.items()}
    unanswered = sum(map(is_missing, columns[chosen[0]]))
    if unanswered:
        raise ModelError(f"messages without an answer: {unanswered:,}", where=name, mend="predict them, or drop them")
    return {key: values for key, values in columns.items() if key in chosen or key not in {*labels, *predicted}}


def _numbers(values: list[Any]) -> list[Any]:
    """A file of text spells its numbers; a column of anything else stays as it is."""
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError):
        return values


def _rows_by_text(texts: Sequence[str], predictions: Predictions, name: str) -> dict[str, int]:
    rows: dict[str, int] = {}
    for row, text in enumerate(map(_plain, texts)):
        first = rows.setdefault(text, row)
        if predictions.labels[first] != predictions.labels[row]:
            raise ModelError(
                f"two answers to the same text ({predictions.labels[first]!r} and {predictions.labels[row]!r})",
                where=name,
                mend="keep one row a text",
            )
    return rows


def _plain(text: str) -> str:
    """A text as it is once a file was written and read: no more than the line breaks change."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
