"""The hardened recipe: a classifier chosen by cross-validation, and the guard that was calibrated beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from roadworthy import metrics
from roadworthy.data import Dataset, Predictions, require_classes
from roadworthy.errors import DataError
from roadworthy.guard import FLAG_RATE, Guard, require_flag_rate
from roadworthy.models.adapt import as_model
from roadworthy.models.artifact import Artifact, messages_card
from roadworthy.models.choosing import COPY_SEVERITY, written_by_users
from roadworthy.models.compiled import compile_model, fuzzed
from roadworthy.models.encoder import load_encoder
from roadworthy.models.guarded import GuardedModel
from roadworthy.models.hardened import HardenedClassifier, certainty_of, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "hardened"
_PROOF = 1_000


def train_hardened(
    data: Dataset,
    *,
    flag_rate: float = FLAG_RATE,
    encoder: str | None = None,
    oos_label: str | None = None,
    seed: int = 0,
) -> Artifact:
    """Train a hardened classifier and its guard.

    Parameters
    ----------
    data
        n labelled messages of at least two classes, one of which may be that of out-of-scope messages.
    flag_rate
        The share of ordinary in-scope messages that may be flagged.
    encoder
        Directory or hub name of a sentence encoder; None does without.
    oos_label
        The label of out-of-scope messages, where `data` holds some.

    Raises
    ------
    DataError
        No labels, fewer than two classes, no message with that out-of-scope label, or too few messages.

    Examples
    --------
    >>> from roadworthy import support_desk
    >>> trained = train_hardened(support_desk.load_train().sample(150))
    >>> trained.model.answer_one("qwrtz zxcv").verdict
    'flagged'
    """
    require_classes(data)
    require_flag_rate(flag_rate)
    require_oos(data, oos_label)
    loaded = None if encoder is None else load_encoder(encoder)
    labels = list(data.labels or ())
    estimator = HardenedClassifier(encoder=loaded, random_state=seed).fit(data.texts, labels)
    answers, folds = held_out_answers(estimator), estimator.held_out_folds_
    guard = Guard(flag_rate, oos_label=oos_label, encoder=loaded)
    certainty = certainty_of(estimator.held_out_scores_.max(axis=1))
    guard.fit(data.texts, labels, answers, folds, features=estimator.features_, certainty=certainty)
    model = compile_model(estimator, name=NAME, proof=_proof(data, seed)) or as_model(estimator, name=NAME)
    guarded = GuardedModel(model, guard, name=NAME, estimator=estimator)
    parameters = {**estimator.parameters_, "temperature": estimator.temperature_, "flag_rate": flag_rate, "seed": seed}
    return Artifact(guarded, NAME, messages_card(data), parameters, held_out_figures(answers, labels, folds))


def _proof(data: Dataset, seed: int) -> list[str]:
    """What the compiled model is compared on: training messages, as they are and perturbed, and fuzzed strings."""
    texts = data.sample(_PROOF, seed=seed).texts
    return [*texts, *written_by_users(texts, severity=COPY_SEVERITY, seed=seed), *fuzzed(_PROOF // 4, seed=seed)]


def held_out_answers(estimator: HardenedClassifier) -> Predictions:
    """For every training message the answer of a model that was not trained on it; NaN confidence where none was."""
    probabilities = softmax(estimator.held_out_scores_ * estimator.temperature_)
    best = np.nan_to_num(probabilities, nan=-1.0).argmax(axis=1)
    confidence = probabilities[np.arange(len(best)), best]
    return Predictions(np.asarray(estimator.classes_, dtype=object)[best], confidence)


def held_out_figures(
    answers: Predictions, labels: list[str], folds: NDArray[np.intp]
) -> dict[str, dict[str, float | int | None]]:
    """Accuracy, and calibration error where there is a confidence, on held-out messages, with interval and n."""
    rows = np.flatnonzero(folds >= 0)
    right = answers.labels[rows] == np.array(labels, dtype=object)[rows]
    confidence = answers.confidence[rows]
    found = {"held_out_accuracy": metrics.proportion(int(right.sum()), len(rows))}
    if not np.isnan(confidence).any():
        found["held_out_calibration_error"] = metrics.calibration_error_interval(confidence, right)
    return {
        name: {"value": interval.value, "low": interval.low, "high": interval.high, "n": len(rows)}
        for name, interval in found.items()
    }


def require_oos(data: Dataset, oos_label: str | None) -> None:
    """Refuse an out-of-scope label that no message bears, and messages with nothing but one class beside it."""
    if oos_label is None:
        return
    if oos_label not in data.classes:
        raise DataError(
            f"no message is labelled {oos_label!r}", where=data.name, mend="leave --oos-label out, or mend it"
        )
    if len(data.classes) < 3:
        raise DataError(
            "a single class in scope", where=data.name, mend="give messages of at least two classes in scope"
        )
