"""A model and its guard as one: every answer comes with a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from roadworthy.data import Predictions
from roadworthy.models.ask import predict
from roadworthy.models.choosing import both
from roadworthy.models.compiled import CompiledModel
from roadworthy.models.hardened import certainty_of

if TYPE_CHECKING:
    from roadworthy.compiled_features import Features
    from roadworthy.guard import Guard
    from roadworthy.models.adapt import Model


class Answer(NamedTuple):
    """The answer to one message; it is trusted when there is no reason against it."""

    label: str
    confidence: float
    familiarity: float
    reasons: tuple[str, ...]

    @property
    def flagged(self) -> bool:
        """Whether the guard withholds its trust."""
        return bool(self.reasons)

    @property
    def verdict(self) -> str:
        """Either trusted or flagged."""
        return "flagged" if self.reasons else "trusted"


class GuardedModel:
    """A classifier whose answers come with the guard's verdict.

    Parameters
    ----------
    model
        The classifier. A compiled one shares its features with the guard: they are computed once for both.
    guard
        A fitted guard.
    name
        What to call it in messages.
    estimator
        The scikit-learn estimator behind the model, where there is one.
    """

    def __init__(self, model: Model, guard: Guard, *, name: str, estimator: Any = None) -> None:
        self.model = model
        self.guard = guard
        self.name = name
        self.estimator = getattr(model, "estimator", None) if estimator is None else estimator
        self.classes: Sequence[str] = tuple(getattr(model, "classes", ())) or guard.familiarity_.labels
        compiled = model if isinstance(model, CompiledModel) else getattr(model, "compiled", None)
        self._linear = compiled if isinstance(compiled, CompiledModel) else None
        # Features of a hardened model are those of its guard as well: they are computed once for both.
        self._shares_features = self._linear is not None and self._linear is model
        if self._linear is not None and self._shares_features:
            guard.familiarity_.compiled = self._linear.features

    def to_serve(self) -> GuardedModel:
        """A copy that only answers: a compiled model needs neither the estimator nor the features it was made from."""
        if self._linear is None:
            return self
        other, guard = copy(self), copy(self.guard)
        guard.familiarity_ = copy(guard.familiarity_)
        guard.familiarity_.features = None
        other.guard, other.model, other.estimator = guard, self._linear, None
        return other

    @property
    def is_compiled(self) -> bool:
        """Whether one message is answered without scikit-learn."""
        return self._linear is not None

    def answer(self, texts: Sequence[str]) -> Predictions:
        """One answer a message, with familiarity, flag and reasons."""
        answers = self.answers(texts)
        return Predictions(
            np.array([answer.label for answer in answers], dtype=object),
            np.array([answer.confidence for answer in answers], dtype=float),
            np.array([answer.flagged for answer in answers], dtype=bool),
            np.array([answer.familiarity for answer in answers], dtype=float),
            tuple(answer.reasons for answer in answers),
        )

    def answers(self, texts: Sequence[str]) -> list[Answer]:
        """One answer a message, in their order."""
        if self._linear is None:
            return self._answers_of_any(texts)
        features = self.guard.familiarity_.compiled.of(texts)
        return [self._answer(self._linear, *asked) for asked in zip(texts, features, strict=True)]

    def answer_one(self, text: str) -> Answer:
        """The answer to one message."""
        return self.answers([text])[0]

    def _answer(self, linear: CompiledModel, text: str, features: Features) -> Answer:
        best, confidence, score = linear.best(features) if self._shares_features else linear.best_of(text)
        label = linear.classes[best]
        certainty = certainty_of(score) if self.guard.uses_certainty_ else None
        return self._judged(text, label, confidence, certainty, features)

    def _answers_of_any(self, texts: Sequence[str]) -> list[Answer]:
        if not texts:
            return []
        found = predict(self.model, texts)
        certainty = self._certainty(texts)
        features = self.guard.familiarity_.compiled.of(texts)
        rows = zip(texts, found.labels, found.confidence, certainty, features, strict=True)
        return [self._judged(text, str(label), float(sure), any_class, of) for text, label, sure, any_class, of in rows]

    def _certainty(self, texts: Sequence[str]) -> list[float | None]:
        """How sure a hardened model that is not compiled is; None for a model that does not say."""
        if not self.guard.uses_certainty_ or self.estimator is None:
            return [None] * len(texts)
        found: list[float | None] = certainty_of(both(self.estimator.decision_function(texts)).max(axis=1)).tolist()
        return found

    def _judged(self, text: str, label: str, confidence: float, certainty: float | None, features: Features) -> Answer:
        familiarity, reasons = self.guard.judge_one(text, label, confidence, certainty, features)
        return Answer(label, confidence, familiarity, reasons)
