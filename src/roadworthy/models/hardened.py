"""The hardened classifier: a linear model on words and pieces of words, whose choices are made by cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from roadworthy.columns import checked_column, checked_texts, listed
from roadworthy.errors import DataError
from roadworthy.features import embed_once, with_encoder
from roadworthy.models import choosing
from roadworthy.models.choosing import (
    COPY_SEVERITY,
    TrainingMessages,
    both,
    held_out_folds,
    parts_of,
    splits,
    strings,
    written_by_users,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.models.choosing import Choice


class HardenedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A text classifier for short messages of real users.

    Words, pairs of words and pieces of words go into a linear support vector machine, text normalisation included.
    Its settings, and whether it trains on perturbed copies of the messages too, are chosen by cross-validation on the
    training messages; a temperature fitted on held-out scores turns scores into probabilities (Guo et al., "On
    Calibration of Modern Neural Networks", 2017).

    Parameters
    ----------
    encoder
        What turns messages into sentence embeddings, from `load_encoder`; None does without.
    random_state
        Seed of the folds and of the perturbed copies.

    Attributes
    ----------
    classes_
        The labels, sorted, shape (k,).
    parameters_
        The settings that were chosen, by name.
    tried_
        Every setting that was tried, with the accuracies that it reached on held-out training messages.
    temperature_
        What scores are multiplied by before the softmax.
    held_out_scores_
        For every training message the scores of a model that was not trained on it, shape (n, k); NaN for the only
        message of a class, which is never held out.
    held_out_folds_
        The part that each training message was held out in, shape (n,); -1 for none.

    Examples
    --------
    >>> texts = ["where is my order", "track my parcel", "order status please", "where is the parcel",
    ...          "I want a refund", "refund my money", "give me my money back", "money back please"]
    >>> model = HardenedClassifier().fit(texts, ["order"] * 4 + ["refund"] * 4)
    >>> model.predict(["WHERE is my parcl???"]).tolist()
    ['order']
    """

    def __init__(self, encoder: Any = None, random_state: int = 0) -> None:
        self.encoder = encoder
        self.random_state = random_state

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> HardenedClassifier:
        """Train on n labelled messages.

        Raises
        ------
        DataError
            An empty or non-string message, columns of different lengths, a single class, or no class with two
            messages.
        """
        messages = self._messages(texts, labels)
        tried = choosing.choose(messages, self.random_state)
        choice = tried[0].choice
        scores = self._held_out_scores(messages, choice)
        known = self.held_out_folds_ >= 0
        self.temperature_ = fit_temperature(scores[known], messages.codes[known])
        self.held_out_scores_ = scores
        self.parameters_ = asdict(choice)
        self.tried_ = [setting.summary() for setting in tried]
        self.features_, self.linear_ = choosing.fit(messages, choice)
        self.features_ = with_encoder(self.features_, self.encoder)
        return self

    def decision_function(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Scores, shape (n, k); for two classes shape (n,), as scikit-learn has it."""
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        if isinstance(texts, str):
            raise DataError("a single text", mend="give a list of texts")
        scores: NDArray[np.float64] = self.linear_.decision_function(self.features_.transform(list(texts)))
        return scores

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Calibrated probabilities, shape (n, k)."""
        return softmax(both(self.decision_function(texts)) * self.temperature_)

    def predict(self, texts: Sequence[str]) -> NDArray[Any]:
        """The most probable label of each message, shape (n,)."""
        best = both(self.decision_function(texts)).argmax(axis=1)
        found: NDArray[Any] = self.classes_[best]
        return found

    def with_encoder(self, encoder: Any) -> HardenedClassifier:
        """A copy that embeds by this encoder; by None, a copy that can be saved without one."""
        other: HardenedClassifier = copy(self)
        other.encoder = encoder
        other.features_ = with_encoder(self.features_, encoder)
        return other

    def without_leftovers(self) -> HardenedClassifier:
        """A copy to save: without the encoder, and without what was only needed while it was trained."""
        other = self.with_encoder(None)
        for name in ("held_out_scores_", "held_out_folds_"):
            other.__dict__.pop(name, None)
        return other

    def _messages(self, texts: Sequence[str], labels: Sequence[str]) -> TrainingMessages:
        checked = checked_texts(listed(texts, "text", "messages"), "messages")
        column = listed(labels, "label", "messages")
        checked_column(column, len(checked), "label", "messages")
        self.classes_, codes = np.unique(np.asarray(column), return_inverse=True)
        if len(self.classes_) < 2:
            mend = "give messages of at least two classes"
            raise DataError(f"a single class ({str(self.classes_[0])!r})", where="labels", mend=mend)
        require_two(codes)
        copies = written_by_users(checked, severity=COPY_SEVERITY, seed=self.random_state)
        return TrainingMessages(strings(checked), strings(copies), codes, embed_once(self.encoder))

    def _held_out_scores(self, messages: TrainingMessages, choice: Choice) -> NDArray[np.float64]:
        n = len(messages.codes)
        self.held_out_folds_ = held_out_folds(messages.codes, self.random_state, parts=parts_of(n))
        scores = np.full((n, len(self.classes_)), np.nan)
        for train, test in splits(self.held_out_folds_):
            features, linear = choosing.fit(messages.take(train), choice)
            scores[test] = both(linear.decision_function(features.transform(messages.texts[test])))
        return scores

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def require_two(codes: NDArray[np.intp]) -> None:
    """Refuse messages of which none can be held out, because each is the only one of its class."""
    if np.bincount(codes).max() < 2:
        raise DataError("a single message in every class", where="labels", mend="give two messages a class or more")


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores as probabilities, row by row, shape (n, k).

    Examples
    --------
    >>> softmax(np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    powers: NDArray[np.float64] = np.exp(scores - scores.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def certainty_of(score: Any) -> Any:
    """How sure a support vector machine is of the class with the highest score: 0 at -1, 1 from +1.

    Unlike a probability it does not say which class is the likeliest, but whether any of them is likely.

    Examples
    --------
    >>> certainty_of(0.5), certainty_of(-3.0)
    (0.75, 0.0)
    """
    if isinstance(score, float):
        return min(1.0, max(0.0, (1.0 + score) / 2.0))
    return np.clip((1.0 + score) / 2.0, 0.0, 1.0)


def fit_temperature(scores: NDArray[np.float64], codes: NDArray[np.intp]) -> float:
    """The factor on scores (n, k) that makes the true classes (n,) most likely, between 0.1 and 100.

    Examples
    --------
    >>> round(fit_temperature(np.array([[1.0, 0.0]] * 4), np.array([0, 0, 0, 1])), 3)
    1.099
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    rows = np.arange(len(codes))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(scores * np.exp(log_temperature), axis=1)[rows, codes].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.1), np.log(100.0)), method="bounded").x))
