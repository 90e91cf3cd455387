"""Cross-validation on the training messages: the settings of the hardened model, and its held-out answers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.features import WORD_WEIGHT, text_features, vocabulary_of
from roadworthy.perturbations.profile import Profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

PENALTIES = (0.5, 1.0, 2.0)
WORD_WEIGHTS = (0.3, 0.5, 0.8)
# On how many messages at most, and in how many parts. Fewer messages are split anew, up to so many times: a choice by
# a single split of few messages is mostly chance.
MESSAGES, PARTS, REPEATS = 2_000, 4, 4
COPY_WEIGHT = 0.5
COPY_SEVERITY, JUDGED_SEVERITY = 2, 3


@dataclass(frozen=True)
class Choice:
    """One setting of the hardened model.

    Parameters
    ----------
    penalty
        C of the support vector machine.
    word_weight
        The weight of words beside pieces of words.
    balanced
        Whether a class weighs as the square root of its messages, not as their number: half-way to all classes alike.
    copies
        Whether the model is trained on a perturbed copy of every message, too.
    """

    penalty: float = 1.0
    word_weight: float = WORD_WEIGHT
    balanced: bool = False
    copies: bool = False


@dataclass(frozen=True)
class Tried:
    """A setting with what it reached on held-out training messages.

    Parameters
    ----------
    choice
        The setting.
    accuracy, balanced_accuracy
        On the messages as they are; balanced is the mean over classes.
    perturbed_accuracy
        On the same messages as users would write them.
    merits
        What each of n messages contributes to the mean of the three, shape (n,).
    """

    choice: Choice
    accuracy: float
    balanced_accuracy: float
    perturbed_accuracy: float
    merits: NDArray[np.float64] = field(repr=False, compare=False)

    @property
    def score(self) -> float:
        """What settings are compared by: the mean of the three."""
        return (self.accuracy + self.balanced_accuracy + self.perturbed_accuracy) / 3

    def summary(self) -> dict[str, Any]:
        """The setting and what it reached, as JSON can hold it."""
        reached = {name: getattr(self, name) for name in ("accuracy", "balanced_accuracy", "perturbed_accuracy")}
        return {"choice": asdict(self.choice), **reached}


@dataclass(frozen=True, eq=False)
class TrainingMessages:
    """What a hardened model is trained on.

    Parameters
    ----------
    texts, copies
        The messages, and a perturbed copy of each (of some it is the message itself), shape (n,).
    codes
        The classes as numbers from 0, shape (n,).
    encoder
        What turns messages into embeddings, or None.
    """

    texts: NDArray[np.object_]
    copies: NDArray[np.object_]
    codes: NDArray[np.intp]
    encoder: Any

    def take(self, rows: NDArray[np.intp]) -> TrainingMessages:
        """The messages of the given rows."""
        return replace(self, texts=self.texts[rows], copies=self.copies[rows], codes=self.codes[rows])


def written_by_users(texts: Sequence[str], *, severity: int, seed: int) -> list[str]:
    """Each message as users would write it: the profile real_users.

    Examples
    --------
    >>> written_by_users(["Where is my order?"], severity=3, seed=4)
    ['Wher is my order']
    """
    return Profile.load("real_users")(texts, severity=severity, seed=seed)


def strings(texts: Sequence[str]) -> NDArray[np.object_]:
    """Texts as an array, which can be indexed by rows, shape (n,)."""
    found: NDArray[np.object_] = np.array(texts, dtype=np.object_)
    return found


def fit(messages: TrainingMessages, choice: Choice) -> tuple[Any, Any]:
    """The features and the linear model, fitted."""
    texts, codes, weights = _with_copies(messages, choice.copies)
    features = text_features(len(messages.codes), word_weight=choice.word_weight, encoder=messages.encoder)
    matrix = features.fit_transform(texts)
    return features, _machine(choice, codes, weights, matrix)


def both(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """A column for each class also where there are two, for which scikit-learn gives a single one."""
    return scores if scores.ndim == 2 else np.column_stack((-scores, scores))


def choose(messages: TrainingMessages, seed: int) -> list[Tried]:
    """Every setting that was tried, the one to take first.

    The penalty and the weight of words are tried together, then balanced classes, then perturbed copies. A setting
    is taken instead of the usual one only where it is better by more than two standard errors: among many settings
    some look better by chance. Copies must, besides, help messages as they are *and* perturbed ones.
    """
    sample = messages.take(_sample(messages.codes, seed))
    repeats = max(1, min(REPEATS, MESSAGES // len(sample.codes)))
    folds = [held_out_folds(sample.codes, seed + repeat, parts=PARTS) for repeat in range(repeats)]
    perturbed = strings(written_by_users([*sample.texts], severity=JUDGED_SEVERITY, seed=seed + 1))

    def tried(*choices: Choice) -> list[Tried]:
        return _try(sample, perturbed, folds, choices)

    best, *found = tried(Choice(), *(Choice(c, weight) for c, weight in product(PENALTIES, WORD_WEIGHTS)))
    best = _better(best, max(found, key=_score))
    found += tried(replace(best.choice, balanced=True))
    best = _better(best, found[-1])
    found += tried(replace(best.choice, copies=True))
    best = _better(best, found[-1]) if helps(found[-1], best) else best
    return [best, *(other for other in found if other.choice != best.choice)]


def _sample(codes: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """The rows to choose on, in their order: two messages of every class, and others at random up to the limit."""
    rows = np.random.default_rng(seed).permutation(len(codes))
    order = np.argsort(codes[rows], kind="stable")
    place = np.empty(len(codes), dtype=np.intp)
    place[order] = np.arange(len(codes)) - np.searchsorted(codes[rows][order], codes[rows][order])
    first = np.argsort(place >= 2, kind="stable")
    return np.sort(rows[first][:MESSAGES])


def helps(changed: Tried, before: Tried) -> bool:
    """Whether a change makes neither clean nor perturbed messages worse, and one of them better."""
    clean, perturbed = changed.accuracy - before.accuracy, changed.perturbed_accuracy - before.perturbed_accuracy
    return min(clean, perturbed) >= 0 < max(clean, perturbed)


def _better(usual: Tried, other: Tried) -> Tried:
    """The other setting if it is better by more than two standard errors of the paired difference, else the usual."""
    gains = other.merits - usual.merits
    return other if gains.mean() > 2 * gains.std() / np.sqrt(len(gains)) else usual


def held_out_folds(codes: NDArray[np.intp], seed: int, *, parts: int) -> NDArray[np.intp]:
    """The part that each message is held out in, stratified, shape (n,); -1 for the only message of a class.

    That one stays with the training messages, so that the model of every part knows every class.
    """
    from sklearn.model_selection import StratifiedKFold

    counts = np.bincount(codes)
    several = np.flatnonzero(counts[codes] > 1)
    folds = np.full(len(codes), -1)
    if len(several) == 0:
        return folds
    with warnings.catch_warnings():
        # A class with fewer messages than parts is spread over as many parts as it has messages, as it should be.
        warnings.filterwarnings("ignore", message="The least populated class")
        split = StratifiedKFold(min(parts, int(counts.max())), shuffle=True, random_state=seed)
        for fold, (_, held_out) in enumerate(split.split(several, codes[several])):
            folds[several[held_out]] = fold
    return folds


def parts_of(n: int) -> int:
    """In how many parts n messages are held out, one after the other, to learn what new messages would be answered."""
    return 10 if n < 2_000 else 5


def splits(folds: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The rows to train on and the rows held out, part by part."""
    for fold in range(folds.max() + 1):
        yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)


def _score(tried: Tried) -> float:
    return tried.score


def _try(
    messages: TrainingMessages,
    perturbed: NDArray[np.object_],
    repeats: Sequence[NDArray[np.intp]],
    choices: Sequence[Choice],
) -> list[Tried]:
    """Try settings that agree on the copies; the features of a part are computed once for all of them."""
    held_out = np.flatnonzero(repeats[0] >= 0)
    clean = np.zeros((len(choices), len(messages.codes)))
    noisy = clean.copy()
    for train, test in (part for folds in repeats for part in splits(folds)):
        texts, codes, weights = _with_copies(messages.take(train), choices[0].copies)
        features = text_features(len(train), word_weight=1.0, encoder=messages.encoder)
        seen = features.fit_transform(texts)
        asked = features.transform(messages.texts[test]), features.transform(perturbed[test])
        words = len(vocabulary_of(features))
        for row, choice in enumerate(choices):
            machine = _machine(choice, codes, weights, _weighted(seen, words, choice))
            for right, matrix in zip((clean, noisy), asked, strict=True):
                right[row, test] += machine.predict(_weighted(matrix, words, choice)) == messages.codes[test]
    codes, n = messages.codes[held_out], len(repeats)
    return [
        _reached(choice, right, also, codes)
        for choice, right, also in zip(choices, clean[:, held_out] / n, noisy[:, held_out] / n, strict=True)
    ]


def _reached(choice: Choice, clean: NDArray[np.float64], noisy: NDArray[np.float64], codes: NDArray[np.intp]) -> Tried:
    """Means over messages; in the balanced one every class weighs the same."""
    counts = np.bincount(codes)
    balanced = clean * len(codes) / (counts[codes] * np.count_nonzero(counts))
    merits = (clean + balanced + noisy) / 3
    return Tried(choice, float(clean.mean()), float(balanced.mean()), float(noisy.mean()), merits)


def _with_copies(
    messages: TrainingMessages, copies: bool
) -> tuple[NDArray[np.object_], NDArray[np.intp], NDArray[np.float64]]:
    """Texts, codes and weights; a copy that is the message itself is left out."""
    n = len(messages.codes)
    changed = np.flatnonzero(messages.copies != messages.texts) if copies else np.empty(0, dtype=np.intp)
    return (
        np.concatenate((messages.texts, messages.copies[changed])),
        np.concatenate((messages.codes, messages.codes[changed])),
        np.concatenate((np.ones(n), np.full(len(changed), COPY_WEIGHT))),
    )


def _weighted(matrix: Any, words: int, choice: Choice) -> Any:
    weighted = matrix.tocsr(copy=True)
    weighted.data[weighted.indices < words] *= choice.word_weight
    return weighted


def _machine(choice: Choice, codes: NDArray[np.intp], weights: NDArray[np.float64], matrix: Any) -> Any:
    """A support vector machine, fitted."""
    from sklearn.svm import LinearSVC

    if choice.balanced:
        weights = weights / np.sqrt(np.bincount(codes, weights)[codes])
        weights *= len(codes) / weights.sum()
    machine = LinearSVC(C=choice.penalty, dual=True, random_state=0, max_iter=10_000)
    return machine.fit(matrix, codes, sample_weight=weights)
