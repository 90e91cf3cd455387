"""The guard: can the answer to this message be trusted, and if not, why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor, inf, nan
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from roadworthy.data import Predictions
from roadworthy.errors import DataError, counted
from roadworthy.familiarity import Familiarity, Parts, Prototypes
from roadworthy.features import embed_once, with_encoder
from roadworthy.language import UNKNOWN, guess_language, language_of
from roadworthy.tokens import says_nothing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.compiled_features import Features

EMPTY, TOO_LONG, UNKNOWN_LANGUAGE = "empty", "too_long", "unknown_language"
OUT_OF_SCOPE, LOW_CONFIDENCE, UNFAMILIAR_WORDS = "out_of_scope", "low_confidence", "unfamiliar_words"
REASONS = (EMPTY, TOO_LONG, UNKNOWN_LANGUAGE, OUT_OF_SCOPE, LOW_CONFIDENCE, UNFAMILIAR_WORDS)
FLAG_RATE = 0.10
_TIMES_THE_LONGEST = 4
_LEAST_SHARE_OF_A_LANGUAGE = 0.005


class Verdict(NamedTuple):
    """What the guard says of one answer; it is trusted when there is no reason against it."""

    familiarity: float
    reasons: tuple[str, ...]

    @property
    def flagged(self) -> bool:
        """Whether trust is withheld."""
        return bool(self.reasons)


class Low(NamedTuple):
    """Values below which something is as low as in the stated share of ordinary messages; NaN where it is unknown."""

    similarity: float
    meaning: float
    confidence: float
    words: float


class _HeldOut(NamedTuple):
    familiarity: float
    low: Low


class Guard:
    """Says of each answer of a classifier whether it can be trusted.

    Familiarity is a mean: how near the message is to the nearest prototype of the class that was answered, by its
    embedding or, without an encoder, by its n-grams, and how sure the model is. A message is flagged when it is less
    familiar than all but a stated share of ordinary messages. The threshold is cross-conformal: it comes from messages
    that neither the prototypes nor the model behind the answers had seen (Vovk, "Cross-conformal predictors", 2015). A
    message that is empty, far longer than any training message, or in a language that these are not in, is flagged
    whatever its familiarity.

    Parameters
    ----------
    flag_rate
        The share of ordinary in-scope messages that may be flagged, between 0 and 1.
    oos_label
        The label of out-of-scope messages, where the training messages hold some: being answered so is being flagged.
    uses_confidence
        Whether the model's confidence counts. It may not where it is unknown, or where the model was trained on the
        very messages that the guard learns from.
    uses_label
        Whether the message is compared with the class that was answered, or with all classes. It has to be with all
        where nobody knows what the model would answer to messages that are new to it.
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
        uses_label: bool = True,
        encoder: Any = None,
    ) -> None:
        self.flag_rate = require_flag_rate(flag_rate)
        self.oos_label = oos_label
        self.uses_confidence = uses_confidence
        self.uses_label = uses_label
        self.encoder = encoder

    def fit(
        self,
        texts: Sequence[str],
        labels: Sequence[str],
        answers: Predictions,
        folds: NDArray[np.intp],
        *,
        features: Any = None,
        certainty: NDArray[np.float64] | None = None,
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
        certainty
            How sure that model is, shape (n,), 0 to 1, where there is a better measure than its confidence.

        Raises
        ------
        DataError
            There are too few messages for the flag rate.
        """
        self.uses_certainty_ = certainty is not None
        sure = answers.confidence if certainty is None else certainty
        self.longest_ = _TIMES_THE_LONGEST * max(map(len, texts))
        self.languages_ = _languages(texts)
        encoder = embed_once(self.encoder)
        held_out = [
            row
            for fold in range(int(folds.max(initial=-1)) + 1)
            for row in self._held_out(texts, labels, answers, sure, folds == fold, encoder)
        ]
        self._calibrate(held_out)
        known = Familiarity.fit(texts, labels, features=features, encoder=encoder)
        own = with_encoder(known.features, self.encoder)
        self.familiarity_ = Familiarity(own, known.labels, known.prototypes, known.meanings)
        return self

    def judge(self, texts: Sequence[str], labels: Sequence[str], confidence: Sequence[float]) -> list[Verdict]:
        """The verdicts on n answers."""
        rows = zip(texts, labels, confidence, self.familiarity_.compiled.of(texts), strict=True)
        return [self.judge_one(text, label, sure, features=features) for text, label, sure, features in rows]

    def judge_one(
        self,
        text: str,
        label: str,
        confidence: float,
        certainty: float | None = None,
        features: Features | None = None,
    ) -> Verdict:
        """The verdict on one answer; a better measure than confidence, and features, are used where they are given."""
        broken = self._rules(text, label)
        if EMPTY in broken:
            return Verdict(0.0, broken)
        sure = confidence if certainty is None else certainty
        sure = sure if self.uses_confidence else nan
        parts = self.familiarity_.parts(text, label, sure, features, any_class=not self.uses_label)
        familiarity = parts.familiarity
        if familiarity < self.threshold_:
            low = self._low(text, parts, confidence, features)
            broken += tuple([reason for reason in low if reason not in broken])
        return Verdict(familiarity, broken)

    def settings(self) -> dict[str, Any]:
        """What the guard was told, and what it learned apart from its arrays, as JSON can hold it."""
        return {
            "flag_rate": self.flag_rate,
            "oos_label": self.oos_label,
            "uses_confidence": self.uses_confidence,
            "uses_label": self.uses_label,
            "uses_certainty": self.uses_certainty_,
            "languages": list(self.languages_),
            "longest": self.longest_,
            "calibrated_on": self.calibrated_on_,
            "labels": list(self.familiarity_.labels),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it learned in numbers, by name; with the settings and the features that is all that the guard is."""
        meanings = self.familiarity_.meanings
        return {
            "threshold": np.array(self.threshold_),
            "low": np.array(self.low_),
            **self.familiarity_.prototypes.arrays("prototype"),
            **({} if meanings is None else meanings.arrays("meaning")),
        }

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], features: Any) -> Guard:
        """The guard of which these are the settings, arrays and fitted features.

        Raises
        ------
        KeyError, ValueError
            Something is missing, or does not fit the rest.
        """
        told = ("flag_rate", "oos_label", "uses_confidence", "uses_label")
        guard = cls(**{name: settings[name] for name in told})
        guard.uses_certainty_ = settings["uses_certainty"]
        guard.longest_ = settings["longest"]
        guard.languages_ = tuple(settings["languages"])
        guard.calibrated_on_ = settings["calibrated_on"]
        guard.threshold_ = float(arrays["threshold"])
        guard.low_ = Low(*arrays["low"].tolist())
        prototypes = Prototypes.of_arrays(arrays, "prototype")
        meanings = Prototypes.of_arrays(arrays, "meaning") if "meaning_starts" in arrays else None
        guard.familiarity_ = Familiarity(features, settings["labels"], prototypes, meanings)
        return guard

    def _held_out(
        self,
        texts: Sequence[str],
        labels: Sequence[str],
        answers: Predictions,
        sure: NDArray[np.float64],
        held_out: NDArray[np.bool_],
        encoder: Any,
    ) -> Iterator[_HeldOut]:
        """What is found of each in-scope message of one part, by prototypes of the other parts."""
        seen = np.flatnonzero(~held_out).tolist()
        known = Familiarity.fit([texts[i] for i in seen], [labels[i] for i in seen], encoder=encoder)
        asked = [row for row in np.flatnonzero(held_out).tolist() if labels[row] != self.oos_label]
        for row, features in zip(asked, known.compiled.of([texts[i] for i in asked]), strict=True):
            text, label = texts[row], str(answers.labels[row] if self.uses_label else labels[row])
            certainty, confidence = (
                (float(sure[row]), float(answers.confidence[row])) if self.uses_confidence else (nan, nan)
            )
            parts = known.parts(text, label, certainty, features, any_class=not self.uses_label)
            familiarity = -inf if self._rules(text, label) else parts.familiarity
            words = known.known_words(text, features)
            yield _HeldOut(familiarity, Low(parts.similarity, parts.meaning, confidence, words))

    def _calibrate(self, held_out: Sequence[_HeldOut]) -> None:
        self.calibrated_on_ = len(held_out)
        self.threshold_ = _threshold([row.familiarity for row in held_out], self.flag_rate)
        self.low_ = Low(
            *(_threshold(column, self.flag_rate) for column in zip(*(row.low for row in held_out), strict=True))
        )

    def _rules(self, text: str, label: str) -> tuple[str, ...]:
        """What makes a message untrustworthy whatever its familiarity."""
        if says_nothing(text):
            return (EMPTY,)
        broken = []
        if len(text) > self.longest_:
            broken.append(TOO_LONG)
        language = language_of(text)[0]
        if language not in self.languages_ and language != UNKNOWN:
            broken.append(UNKNOWN_LANGUAGE)
        if label == self.oos_label:
            broken.append(OUT_OF_SCOPE)
        return tuple(broken)

    def _low(self, text: str, parts: Parts, confidence: float, features: Features | None) -> list[str]:
        """Why a message is unfamiliar: what is unusually low; where nothing is by itself, no class fits it well."""
        low = self.low_
        strange = parts.similarity < low.similarity or parts.meaning < low.meaning
        unsure = self.uses_confidence and confidence < low.confidence
        new_words = self.familiarity_.known_words(text, features) < low.words
        found = ((strange, OUT_OF_SCOPE), (unsure, LOW_CONFIDENCE), (new_words, UNFAMILIAR_WORDS))
        return [reason for is_low, reason in found if is_low] or [OUT_OF_SCOPE]


def require_flag_rate(flag_rate: float) -> float:
    """Refuse what is no share of messages that could be flagged."""
    if not 0 < flag_rate < 1:
        raise DataError(f"a flag rate of {flag_rate:g}", mend="give a share between 0 and 1, such as 0.1")
    return float(flag_rate)


def _threshold(values: Sequence[float], rate: float) -> float:
    """The value below which a new one falls with at most that probability: the conformal quantile of n values."""
    k = min(floor(rate * (len(values) + 1) + 1e-9), len(values))
    if k < 1:
        raise DataError(
            f"{counted(len(values), 'message is', 'messages are')} too few for a flag rate of {100 * rate:g}%",
            mend=f"give at least {ceil(1 / rate - 1e-9) - 1} messages of classes that have two, or a higher flag rate",
        )
    return float(np.sort(values)[k - 1])


def _languages(texts: Sequence[str]) -> tuple[str, ...]:
    counts = Counter(guess_language(text)[0] for text in texts)
    return tuple(sorted(name for name, n in counts.items() if n >= _LEAST_SHARE_OF_A_LANGUAGE * len(texts)))
