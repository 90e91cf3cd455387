"""Whatever a model returns, read in one place: labels, (label, confidence) pairs, dicts, a table, or a matrix."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from roadworthy.columns import is_missing, label_text
from roadworthy.data import Predictions
from roadworthy.errors import ModelError, counted
from roadworthy.redaction import redact

if TYPE_CHECKING:
    from numpy.typing import NDArray

PREDICTED_KEYS = ("prediction", "predicted_label", "predicted")
LABEL_KEYS = ("label", "intent", "class", "category")
_LABEL_KEYS = (*LABEL_KEYS, *PREDICTED_KEYS)
_CONFIDENCE_KEYS = ("confidence", "score", "probability")
# What whole columns of answers are called besides.
_SINGULAR = {
    "labels": "label",
    "predictions": "prediction",
    "confidences": "confidence",
    "scores": "score",
    "probabilities": "probability",
}
_FLAGGED = {"flagged": True, "trusted": False}
_TOLERANCE = 1e-3
_SHOWN = 20


class NoLabelError(ModelError):
    """Some of n answers are no label at all: None, or an empty cell; the rows say which."""

    rows: tuple[int, ...] = ()
    n: int = 0


class _Row(NamedTuple):
    """One message's answer."""

    label: str
    confidence: float = math.nan
    flagged: bool = False
    familiarity: float = math.nan
    reasons: tuple[str, ...] = ()


def read_probabilities(matrix: Any, n: int, classes: Sequence[str], where: str) -> Predictions:
    """The most probable class of each row of an (n, k) matrix.

    Raises
    ------
    ModelError
        Another shape, NaN, or rows that are not probabilities.
    """
    try:
        values: NDArray[np.float64] = np.asarray(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelError("predict_proba gave no matrix of numbers", where=where, mend=_shape(n, classes)) from None
    if values.shape != (n, len(classes)) or not values.size:
        raise ModelError(f"predict_proba gave shape {values.shape}", where=where, mend=_shape(n, classes))
    # A value that is not finite makes one of both comparisons false.
    if values.min() >= -_TOLERANCE and np.abs(values.sum(axis=1) - 1).max() <= _TOLERANCE:
        names = np.asarray(classes, dtype=object)
        return Predictions(names[values.argmax(axis=1)], np.minimum(values.max(axis=1), 1.0))
    if not np.isfinite(values).all():
        rows = int((~np.isfinite(values)).any(axis=1).sum())
        raise ModelError(
            f"NaN or infinite probabilities for {rows:,} of {counted(n, 'message')}", where=where, mend="mend the model"
        )
    raise ModelError(
        "the probabilities of a message do not add up to 1",
        where=where,
        mend="return those of classes that exclude each other (several labels a message are not supported)",
    )


def require_predictions(answered: Any, n: int, where: str) -> Predictions:
    """What a BlackBox answered, once it is sure that it is n predictions; any other form of answers is read.

    Raises
    ------
    ModelError
        As in `read_answers`; or flags that are not one Boolean a message.
    """
    if not isinstance(answered, Predictions):
        return read_answers(answered, n, where)
    pairs = list(zip(answered.labels, answered.confidence, strict=False))
    if not len(answered.labels) == len(answered.confidence) == len(answered.flagged) == n:
        raise ModelError(
            f"{counted(len(answered.labels), 'label')}, {counted(len(answered.confidence), 'confidence')} and "
            f"{counted(len(answered.flagged), 'flag')} to {counted(n, 'message')}",
            where=where,
            mend="return one of each a message",
        )
    read = read_answers(pairs, n, where)
    flagged = np.asarray(answered.flagged, dtype=bool)
    return Predictions(read.labels, read.confidence, flagged, answered.familiarity, answered.reasons)


def _shape(n: int, classes: Sequence[str]) -> str:
    return f"give {counted(n, 'row')}, one a message, and {counted(len(classes), 'column')}, one a class"


def read_answers(answers: Any, n: int, where: str, classes: Sequence[str] = ()) -> Predictions:
    """One answer a message, in any of the usual forms.

    Parameters
    ----------
    answers
        A sequence of n labels, of (label, confidence) pairs, of dicts (``{"label": ..., "confidence": ...}``, or
        labels with their probabilities), or of lists of such dicts, of which the most confident counts; a DataFrame
        or a dict of n-long columns with a column of labels, or one of probabilities for each class; or a matrix of
        shape (n, k) where the classes are known. Beside a label a verdict (trusted or flagged), reasons and a
        familiarity may stand. What stands alone under the key ``predictions`` is taken from there.

    Raises
    ------
    ModelError
        Another number of answers, an answer in none of these forms, or a confidence that is no probability.

    Examples
    --------
    >>> read_answers([("refund", 0.9), ("order", 0.4)], 2, "model").labels.tolist()
    ['refund', 'order']
    >>> read_answers({"label": ["refund", "order"], "verdict": ["flagged", "trusted"]}, 2, "model").flagged.tolist()
    [True, False]
    """
    if isinstance(answers, Mapping) and list(answers) == ["predictions"]:
        answers = answers["predictions"]
    if type(getattr(answers, "columns", None)).__name__ == "RangeIndex":
        # A frame that was made of a matrix: it has numbers in place of names.
        answers = answers.to_numpy()
    table = _columns(answers)
    if table is not None:
        return _read_table(table, n, where)
    if _is_column(answers):
        answers = np.ravel(answers)
    if _is_matrix(answers):
        if not classes:
            raise ModelError(
                "a matrix, but the classes are unknown",
                where=where,
                mend="give the function an attribute `classes`, or return a DataFrame with a column a class",
            )
        return read_probabilities(answers, n, classes, where)
    rows = _rows(answers, where)
    if len(rows) != n:
        raise ModelError(
            f"{counted(len(rows), 'answer')} to {counted(n, 'message')}",
            where=where,
            mend="return one answer a message",
        )
    return _read_rows(rows, where)


def _read_rows(rows: Sequence[Any], where: str) -> Predictions:
    """One answer a row; what is said where some are no label tells which."""
    found, missing, said = [], [], None
    for number, row in enumerate(rows):
        try:
            found.append(_row(row, where))
        except NoLabelError as error:
            missing.append(number)
            said = said or error
    if said is not None:
        said.rows, said.n = tuple(missing), len(rows)
        raise said
    return _predictions(found, where)


def _predictions(rows: list[_Row], where: str) -> Predictions:
    confidence = np.array([row.confidence for row in rows], dtype=np.float64)
    if np.any((confidence < 0) | (confidence > 1)):
        raise ModelError("a confidence outside 0 to 1", where=where, mend="return probabilities")
    labels = np.empty(len(rows), dtype=object)
    labels[:] = [row.label for row in rows]
    return Predictions(
        labels,
        confidence,
        np.array([row.flagged for row in rows], dtype=bool),
        np.array([row.familiarity for row in rows], dtype=np.float64),
        tuple(row.reasons for row in rows),
    )


def _columns(answers: Any) -> dict[Any, list[Any]] | None:
    """The columns of a table that names them: a DataFrame, or a dict of columns; None for anything else."""
    if isinstance(answers, Mapping):
        are_columns = all(isinstance(values, (list, tuple, np.ndarray)) for values in answers.values())
        return {key: list(values) for key, values in answers.items()} if answers and are_columns else None
    if not hasattr(answers, "columns") or not hasattr(answers, "iloc"):
        return None
    return {name: answers.iloc[:, position].tolist() for position, name in enumerate(answers.columns)}


def _read_table(columns: dict[Any, list[Any]], n: int, where: str) -> Predictions:
    """A column of labels, with what stands beside it; or else a column of probabilities for each class."""
    named = {_SINGULAR.get(name, name): values for name, values in _plainly_named(columns)}
    lengths = {len(values) for values in columns.values()}
    if lengths - {n}:
        raise ModelError(
            f"{counted(max(lengths - {n}), 'answer')} to {counted(n, 'message')}",
            where=where,
            mend="return one answer a message",
        )
    if any(key in named for key in _LABEL_KEYS):
        rows = [dict(zip(named, row, strict=True)) for row in zip(*named.values(), strict=True)]
        return _read_rows(rows, where)
    if len(columns) == 1:
        return read_answers(next(iter(columns.values())), n, where)
    if not all(map(_is_number, (value for values in columns.values() for value in values))):
        seen = ", ".join(repr(str(name)) for name in list(columns)[:_SHOWN]) or "none"
        raise ModelError(
            f"no column of labels, and not one of probabilities for each class, among: {seen}",
            where=where,
            mend="call the column of labels label",
        )
    return read_probabilities(np.column_stack(list(columns.values())), n, [*map(label_text, columns)], where)


def _plainly_named(columns: Mapping[Any, list[Any]]) -> list[tuple[str, list[Any]]]:
    return [(str(name).strip().lower(), values) for name, values in columns.items()]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _rows(answers: Any, where: str) -> list[Any]:
    unordered = isinstance(answers, (str, bytes, Mapping, Set)) or hasattr(answers, "columns")
    if unordered or not hasattr(answers, "__len__") or not hasattr(answers, "__iter__"):
        raise ModelError(
            f"gave {type(answers).__name__}, not a list of answers",
            where=where,
            mend="return one answer a message",
        )
    return list(answers.tolist() if isinstance(answers, np.ndarray) else answers)


def _is_column(answers: Any) -> bool:
    """An array of labels that stand below each other, as a frame's values do."""
    is_column = isinstance(answers, np.ndarray) and answers.ndim == 2 and answers.shape[1] == 1
    return is_column and not np.issubdtype(answers.dtype, np.floating)


def _is_matrix(answers: Any) -> bool:
    """An array of numbers in two dimensions, or a list of lists of floats; a (label, confidence) pair is a tuple."""
    if isinstance(answers, np.ndarray):
        return answers.ndim == 2 and np.issubdtype(answers.dtype, np.number)
    if not isinstance(answers, list) or not answers or not isinstance(answers[0], (list, np.ndarray)):
        return False
    return len(answers[0]) > 0 and all(isinstance(value, (float, np.floating)) for value in answers[0])


def _row(answer: Any, where: str) -> _Row:
    if isinstance(answer, Mapping):
        return _from_mapping(answer, where)
    if isinstance(answer, list) and answer and all(isinstance(item, Mapping) for item in answer):
        # A pipeline of transformers that was asked for the scores of all labels.
        return max((_from_mapping(item, where) for item in answer), key=lambda row: row.confidence)
    if isinstance(answer, (tuple, list)) and len(answer) == 2:
        return _Row(_label(answer[0], where), _confidence(answer[1], where))
    return _Row(_label(answer, where))


def _from_mapping(answer: Mapping[Any, Any], where: str) -> _Row:
    named = next((key for key in _LABEL_KEYS if key in answer), None)
    if named is not None:
        label = answer[named]
        score = next((answer[key] for key in _CONFIDENCE_KEYS if key in answer), None)
        return _Row(
            _label(label, where),
            _confidence(score, where),
            _flagged(answer.get("verdict"), where),
            _confidence(answer.get("familiarity"), where),
            _reasons(answer.get("reasons")),
        )
    scores = {_label(key, where): _confidence(value, where) for key, value in answer.items()}
    if not scores or any(map(math.isnan, scores.values())):
        raise ModelError(
            f"an answer without a score for each label ({shortened(dict(answer))})",
            where=where,
            mend='return {"label": ..., "confidence": ...}',
        )
    best = max(scores, key=scores.__getitem__)
    return _Row(best, scores[best])


def _flagged(verdict: Any, where: str) -> bool:
    if is_missing(verdict):
        return False
    said = str(verdict).strip().lower()
    if said not in _FLAGGED:
        mend = "answer trusted or flagged, or leave it out"
        raise ModelError(f"a verdict that is neither ({shortened(verdict)})", where=where, mend=mend)
    return _FLAGGED[said]


def _reasons(given: Any) -> tuple[str, ...]:
    """A list, or as one string, joined by semicolons."""
    if isinstance(given, (list, tuple, np.ndarray)):
        return tuple(map(str, given))
    return () if is_missing(given) else tuple(str(given).split(";"))


def shortened(value: Any) -> str:
    """What a model answered, for an error line: a few words, without personal data."""
    return redact(reprlib.repr(value))


def _label(value: Any, where: str) -> str:
    is_missing = value is None or (isinstance(value, float) and math.isnan(value))
    if is_missing or not np.isscalar(value) or not label_text(value):
        kind = NoLabelError if is_missing else ModelError
        raise kind(
            f"an answer that is not a label ({shortened(value)})", where=where, mend="return one label a message"
        )
    return label_text(value)


def _confidence(value: Any, where: str) -> float:
    """The number, or NaN for None or an empty cell: none was stated."""
    try:
        return math.nan if is_missing(value) else float(value)
    except (TypeError, ValueError):
        raise ModelError(
            f"a confidence that is not a number ({shortened(value)})", where=where, mend="return a number"
        ) from None
