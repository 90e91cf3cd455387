"""Whatever a model returns, read in one place: labels, (label, confidence) pairs, dicts, or a matrix."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.columns import label_text
from roadworthy.data import Predictions
from roadworthy.errors import ModelError
from roadworthy.redaction import redact

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LABEL_KEYS = ("label", "intent", "class", "category", "prediction")
_CONFIDENCE_KEYS = ("confidence", "score", "probability")
_TOLERANCE = 1e-3


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
    if not np.isfinite(values).all():
        rows = int((~np.isfinite(values)).any(axis=1).sum())
        raise ModelError(
            f"NaN or infinite probabilities for {rows} of {n} messages", where=where, mend="mend the model"
        )
    if values.min() < -_TOLERANCE or np.abs(values.sum(axis=1) - 1).max() > _TOLERANCE:
        raise ModelError(
            "the probabilities of a message do not add up to 1",
            where=where,
            mend="return those of classes that exclude each other (several labels a message are not supported)",
        )
    best = values.argmax(axis=1)
    return Predictions(np.asarray(classes, dtype=object)[best], np.clip(values[np.arange(n), best], 0.0, 1.0))


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
            f"{len(answered.labels)} labels, {len(answered.confidence)} confidences and {len(answered.flagged)} "
            f"flags to {n} messages",
            where=where,
            mend="return one of each a message",
        )
    read = read_answers(pairs, n, where)
    flagged = np.asarray(answered.flagged, dtype=bool)
    return Predictions(read.labels, read.confidence, flagged, answered.familiarity, answered.reasons)


def _shape(n: int, classes: Sequence[str]) -> str:
    return f"give one row for each of the {n} messages and one column for each of the {len(classes)} classes"


def read_answers(answers: Any, n: int, where: str, classes: Sequence[str] = ()) -> Predictions:
    """One answer a message, in any of the usual forms.

    Parameters
    ----------
    answers
        A sequence of n labels, of (label, confidence) pairs, of dicts (``{"label": ..., "confidence": ...}``, or
        labels with their probabilities), or a matrix of shape (n, k) where the classes are known.

    Raises
    ------
    ModelError
        Another number of answers, an answer in none of these forms, or a confidence that is no probability.

    Examples
    --------
    >>> read_answers([("refund", 0.9), ("order", 0.4)], 2, "model").labels.tolist()
    ['refund', 'order']
    """
    if _is_matrix(answers):
        if not classes:
            raise ModelError(
                "a matrix, but the classes are unknown",
                where=where,
                mend="give the function an attribute `classes`",
            )
        return read_probabilities(answers, n, classes, where)
    rows = _rows(answers, where)
    if len(rows) != n:
        raise ModelError(f"{len(rows)} answers to {n} messages", where=where, mend="return one answer a message")
    pairs = [_pair(row, where) for row in rows]
    confidence = np.array([score for _, score in pairs], dtype=np.float64)
    if np.any((confidence < 0) | (confidence > 1)):
        raise ModelError("a confidence outside 0 to 1", where=where, mend="return probabilities")
    labels = np.empty(n, dtype=object)
    labels[:] = [label for label, _ in pairs]
    return Predictions(labels, confidence)


def _rows(answers: Any, where: str) -> list[Any]:
    unordered = isinstance(answers, (str, bytes, Mapping, Set)) or hasattr(answers, "columns")
    if unordered or not hasattr(answers, "__len__") or not hasattr(answers, "__iter__"):
        raise ModelError(
            f"gave {type(answers).__name__}, not a list of answers",
            where=where,
            mend="return one answer a message",
        )
    return list(answers.tolist() if isinstance(answers, np.ndarray) else answers)


def _is_matrix(answers: Any) -> bool:
    """An array of numbers in two dimensions, or a list of lists of floats; a (label, confidence) pair is a tuple."""
    if isinstance(answers, np.ndarray):
        return answers.ndim == 2 and np.issubdtype(answers.dtype, np.number)
    if not isinstance(answers, list) or not answers or not isinstance(answers[0], (list, np.ndarray)):
        return False
    return len(answers[0]) > 0 and all(isinstance(value, (float, np.floating)) for value in answers[0])


def _pair(answer: Any, where: str) -> tuple[str, float]:
    if isinstance(answer, Mapping):
        return _from_mapping(answer, where)
    if isinstance(answer, (tuple, list)) and len(answer) == 2:
        return _label(answer[0], where), _confidence(answer[1], where)
    return _label(answer, where), float("nan")


def _from_mapping(answer: Mapping[Any, Any], where: str) -> tuple[str, float]:
    label = next((answer[key] for key in _LABEL_KEYS if key in answer), None)
    if label is not None:
        score = next((answer[key] for key in _CONFIDENCE_KEYS if key in answer), float("nan"))
        return _label(label, where), _confidence(score, where)
    scores = {_label(key, where): _confidence(value, where) for key, value in answer.items()}
    if not scores or any(map(math.isnan, scores.values())):
        raise ModelError(
            f"an answer without a score for each label ({shortened(dict(answer))})",
            where=where,
            mend='return {"label": ..., "confidence": ...}',
        )
    best = max(scores, key=scores.__getitem__)
    return best, scores[best]


def shortened(value: Any) -> str:
    """What a model answered, for an error line: a few words, without personal data."""
    return redact(reprlib.repr(value))


def _label(value: Any, where: str) -> str:
    is_missing = value is None or (isinstance(value, float) and math.isnan(value))
    if is_missing or not np.isscalar(value) or not label_text(value):
        raise ModelError(
            f"an answer that is not a label ({shortened(value)})", where=where, mend="return one label a message"
        )
    return label_text(value)


def _confidence(value: Any, where: str) -> float:
    """The number, or NaN for None: none was stated."""
    try:
        return float("nan") if value is None else float(value)
    except (TypeError, ValueError):
        raise ModelError(
            f"a confidence that is not a number ({shortened(value)})", where=where, mend="return a number"
        ) from None
