"""The guard: can the answer to this message be trusted, and if not, why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import floor, inf, nan
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from roadworthy.data import Predictions
from roadworthy.errors import DataError
from roadworthy.familiarity import Familiarity, Parts, Prototypes
from roadworthy.features import embed_once, tokenise, with_encoder
from roadworthy.language import UNKNOWN, guess_language

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.compiled_features import Features

EMPTY, TOO_LONG, UNKNOWN_LANGUAGE = "empty", "too_long", "unknown_language"
OUT_OF_SCOPE, LOW_CONFIDENCE, UNFAMILIAR_WORDS = "out_of_scope", "low_confidence", "unfamiliar_words"
REASONS = (EMPTY, TOO_LONG, UNKNOWN_LANGUAGE, OUT_OF_SCOPE, LOW_CONFIDENCE, UNFAMILIAR_WORDS)
FLAG_RATE = 0.10
# The reason that each part of familiarity gives when it is low.
_REASON_OF = (OUT_OF_SCOPE, LOW_CONFIDENCE, UNFAMILIAR_WORDS)
_TIMES_THE_LONGEST = 4
_LEAST_SHARE_OF_A_LANGUAGE = 0.005
_QUANTILES = np.linspace(0, 1, 201)


class Verdict(NamedTuple):
    """What the guard says of one answer; it is trusted when there is no reason against it."""

    familiarity: float
    reasons: tuple[str, ...]

    @property
    def flagged(self) -> bool:
        """Whether trust is withheld."""
        return bool(self.reasons)


class Guard:
    """Says of each answer of a classifier whether it can be trusted.

    Familiarity is a mean of three shares: how near the message is to the nearest prototype of the class that was
    answered (cosine of their features, unknown n-grams counted in the length), how confident the model is, and how
    many words are known. A message is flagged when it is less familiar than all but a stated share of ordinary
    messages. The threshold is cross-conformal: it comes from messages that neither the prototypes nor the model
    behind the answers had seen (Vovk, "Cross-conformal predictors", 2015). A message that is empty, far longer than any
    training message, or in a language that these are not in, is flagged whatever its familiarity.

    Parameters
    ----------
    flag_rate
        The share of ordinary in-scope messages that may be flagged, between 0 and 1.
    oos_label
        The label of out-of-scope messages, where the training messages hold some: being answered so is being flagged.
    uses_confidence
        Whether the model's confidence counts. It may not where it is unknown, or where the model was trained on the
        very messages that the guard learns from.
    encoder
        What turns messages into sentence embeddings, or None.

    Examples
    --------
    >>> texts = ["where is my order", "track my order", "order status", "i want a refund", "refund me", "my refund"]
    >>> labels = ["order"] * 3 + ["refund"] * 3
    >>> answers = Predictions(np.array(labels, dtype=object), np.full(6, 0.9))
    >>> guard = Guard(flag_rate=0.2).fit(texts, labels, answers, np.array([0, 1, 2, 0, 1, 2]))
    >>> guard.judge_one("", "order", 0.9).reasons
    ('empty',)
    """

    def __init__(
        self,
        flag_rate: float = FLAG_RATE,
        *,
        oos_label: str | None = None,
        uses_confidence: bool = True,
        encoder: Any = None,
    ) -> None:
        self.flag_rate = require_flag_rate(flag_rate)
        self.oos_label = oos_label
        self.uses_confidence = uses_confidence
        self.encoder = encoder

    def fit(
        self,
        texts: Sequence[str],
        labels: Sequence[str],
        answers: Predictions,
        folds: NDArray[np.intp],
        features: Any = None,
    ) -> Guard:
        """Learn what is familiar, and from where on it is too little.

        Parameters
        ----------
        texts, labels
            n training messages with their true labels.
        answers
            For each of them the answer of a model that was not trained on it.
        folds
            The part in which each message is held out from the prototypes, shape (n,); -1 for never.
        features
            Features that are fitted on all the messages already, where there are some.

        Raises
        ------
        DataError
            There are too few messages for the flag rate.
        """
        self.longest_ = _TIMES_THE_LONGEST * max(map(len, texts))
        self.languages_ = _languages(texts)
        encoder = embed_once(texts, self.encoder)
        self._calibrate(texts, labels, self._held_out_parts(texts, labels, answers, folds, encoder), answers)
        known = Familiarity.fit(texts, labels, features=features, encoder=encoder)
        self.familiarity_ = Familiarity(with_encoder(known.features, self.encoder), known.labels, known.prototypes)
        return self

    def judge(self, texts: Sequence[str], labels: Sequence[str], confidence: Sequence[float]) -> list[Verdict]:
        """The verdicts on n answers."""
        features = self.familiarity_.compiled.of(texts)
        return [self.judge_one(*answer) for answer in zip(texts, labels, confidence, features, strict=True)]

    def judge_one(self, text: str, label: str, confidence: float, features: Features | None = None) -> Verdict:
        """The verdict on one answer; the features of the message, if they are there already, are used."""
        parts = self._parts(self.familiarity_, text, label, confidence, features)
        familiarity = parts.familiarity
        reasons = self._rules(text, label)
        if EMPTY in reasons:
            return Verdict(0.0, (EMPTY,))
        if familiarity < self.threshold_:
            reasons += tuple(reason for reason in self._low(parts) if reason not in reasons)
        return Verdict(familiarity, reasons)

    def settings(self) -> dict[str, Any]:
        """What the guard was told, and what it learned apart from its arrays, as JSON can hold it."""
        return {
            "flag_rate": self.flag_rate,
            "oos_label": self.oos_label,
            "uses_confidence": self.uses_confidence,
            "languages": list(self.languages_),
            "longest": self.longest_,
            "calibrated_on": self.calibrated_on_,
            "labels": list(self.familiarity_.labels),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it learned in numbers, by name; with the settings and the features that is all that the guard is."""
        return {
            "threshold": np.array(self.threshold_),
            "low": np.array(self.low_),
            "quantiles": self.quantiles_,
            **self.familiarity_.prototypes.arrays(),
        }

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], features: Any) -> Guard:
        """The guard of which these are the settings, arrays and fitted features.

        Raises
        ------
        KeyError, ValueError
            Something is missing, or does not fit the rest.
        """
        told = {name: settings[name] for name in ("flag_rate", "oos_label", "uses_confidence")}
        guard = cls(**told)
        guard.longest_ = settings["longest"]
        guard.languages_ = tuple(settings["languages"])
        guard.calibrated_on_ = settings["calibrated_on"]
        guard.threshold_ = float(arrays["threshold"])
        guard.low_ = arrays["low"].tolist()
        guard.quantiles_ = arrays["quantiles"]
        guard.familiarity_ = Familiarity(features, settings["labels"], Prototypes.of_arrays(arrays))
        return guard

    def _parts(self, known: Familiarity, text: str, label: str, confidence: float, features: Features | None) -> Parts:
        return known.parts(text, label, confidence if self.uses_confidence else nan, features)

    def _held_out_parts(
        self,
        texts: Sequence[str],
        labels: Sequence[str],
        answers: Predictions,
        folds: NDArray[np.intp],
        encoder: Any,
    ) -> dict[int, Parts]:
        """The parts of familiarity of each held-out in-scope message, by its row."""
        found = {}
        for fold in range(int(folds.max(initial=-1)) + 1):
            seen = np.flatnonzero(folds != fold).tolist()
            known = Familiarity.fit([texts[i] for i in seen], [labels[i] for i in seen], encoder=encoder)
            asked = [row for row in np.flatnonzero(folds == fold).tolist() if labels[row] != self.oos_label]
            for row, features in zip(asked, known.compiled.of([texts[i] for i in asked]), strict=True):
                answer = str(answers.labels[row]), float(answers.confidence[row])
                found[row] = self._parts(known, texts[row], *answer, features)
        return found

    def _calibrate(
        self, texts: Sequence[str], labels: Sequence[str], parts: dict[int, Parts], answers: Predictions
    ) -> None:
        broken = [bool(self._rules(texts[row], str(answers.labels[row]))) for row in parts]
        familiarity = [-inf if rule else part.familiarity for part, rule in zip(parts.values(), broken, strict=True)]
        self.calibrated_on_ = len(parts)
        self.threshold_ = _threshold(familiarity, self.flag_rate)
        columns = np.array([*parts.values()], dtype=float).T
        self.low_ = [_threshold(column, self.flag_rate) for column in columns]
        self.quantiles_ = np.quantile(columns, _QUANTILES, axis=1).T

    def _rules(self, text: str, label: str) -> tuple[str, ...]:
        """What makes a message untrustworthy whatever its familiarity."""
        if not tokenise(text):
            return (EMPTY,)
        broken = []
        if len(text) > self.longest_:
            broken.append(TOO_LONG)
        language = guess_language(text)[0]
        if language not in self.languages_ and language != UNKNOWN:
            broken.append(UNKNOWN_LANGUAGE)
        if label == self.oos_label:
            broken.append(OUT_OF_SCOPE)
        return tuple(broken)

    def _low(self, parts: Parts) -> list[str]:
        """The reasons of the parts that are unusually low; where none is, of the one that is lowest for its kind."""
        low = [reason for reason, part, least in zip(_REASON_OF, parts, self.low_, strict=True) if part < least]
        if low:
            return low
        ranks = [
            int(np.searchsorted(quantiles, part)) if part == part else len(quantiles)
            for part, quantiles in zip(parts, self.quantiles_, strict=True)
        ]
        return [_REASON_OF[ranks.index(min(ranks))]]


def require_flag_rate(flag_rate: float) -> float:
    """Refuse what is no share of messages that could be flagged."""
    if not 0 < flag_rate < 1:
        raise DataError(f"a flag rate of {flag_rate:g}", mend="give a share between 0 and 1, such as 0.1")
    return float(flag_rate)


def _threshold(values: Sequence[float] | NDArray[np.float64], rate: float) -> float:
    """The value below which a new one falls with at most that probability: the conformal quantile of n values."""
    k = floor(rate * (len(values) + 1) + 1e-9)
    if k < 1:
        least = int(np.ceil(1 / rate - 1e-9)) - 1
        raise DataError(
            f"{len(values)} messages are too few for a flag rate of {rate:.0%}",
            mend=f"give at least {least} messages of classes that have two, or a higher flag rate",
        )
    return float(np.sort(values)[k - 1])


def _languages(texts: Sequence[str]) -> tuple[str, ...]:
    counts = Counter(guess_language(text)[0] for text in texts)
    return tuple(sorted(name for name, n in counts.items() if n >= _LEAST_SHARE_OF_A_LANGUAGE * len(texts)))
