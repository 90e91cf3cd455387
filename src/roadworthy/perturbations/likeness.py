"""How like its users a learned profile writes: whether a classifier can tell their messages from simulated ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from roadworthy.perturbations.evidence import Evidence, Likeness, Told
from roadworthy.perturbations.profile import FEWEST, Profile

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Row = TypeVar("Row")

HALVED_FROM = 200
_MOST = 2_000
_FOLDS = 5
_LEVEL = 0.95


def learn_and_judge(messages: Sequence[str], *, clean: Sequence[str], name: str = "learned") -> Profile:
    """As `Profile.learn`, and how well a classifier tells these messages from those that the profile makes.

    The profile is learned from all messages. What is judged is one that was learned from half of them, on the other
    half; of fewer than 200 messages, or 60 clean ones, it is the profile itself, on the messages that it was learned
    from, and the profile says so.

    Raises
    ------
    PerturbationError
        There are too few messages.

    Examples
    --------
    >>> clean = [f"Where is order {number}, please?" for number in range(60)]
    >>> learn_and_judge([text.lower() for text in clean], clean=clean).evidence.likeness.held_out
    False
    """
    found = half = Profile.learn(messages, clean=clean, name=name)
    sent, meant, held_out = messages, clean, False
    if min(len(messages), len(clean)) >= 2 * FEWEST:
        # Opposite halves: where the files are row by row of the same messages, none is told apart from itself.
        (seen, sent), (meant, before) = _halves(messages), _halves(clean)
        if held_out := len(messages) >= HALVED_FROM:
            half = Profile.learn(seen, clean=before, name=name)
    likeness = _likeness(half, sent, meant, held_out=held_out)
    return _with(found, Evidence.of(messages, clean=clean, likeness=likeness))


def learn_and_judge_pairs(pairs: Iterable[tuple[str, str]], *, name: str = "learned") -> Profile:
    """As `Profile.learn_pairs`, judged as `learn_and_judge` does it.

    No message is told apart from a simulation of the very same one, which would be easier or harder than it is.

    Raises
    ------
    PerturbationError
        No pair differs by a typing slip.
    """
    pairs = list(pairs)
    found = Profile.learn_pairs(pairs, name=name)
    half, rest = found, pairs
    if held_out := len(pairs) >= HALVED_FROM:
        seen, rest = _halves(pairs)
        half = Profile.learn_pairs(seen, name=name)
    if len(rest) < FEWEST:
        return found
    sent, meant = _halves(rest)
    likeness = _likeness(half, [typed for _, typed in sent], [clean for clean, _ in meant], held_out=held_out)
    every = [typed for _, typed in pairs]
    return _with(found, Evidence.of(every, clean=[clean for clean, _ in pairs], likeness=likeness))


def tell_apart(messages: Sequence[str], others: Sequence[str]) -> Told:
    """How well a classifier tells n messages from m others, under 5-fold cross-validation.

    A logistic regression on TF-IDF over 3 to 5 characters; white space is made alike. The interval of the area under
    the curve is that of Hanley and McNeil (Radiology 143, 1982).

    Examples
    --------
    >>> tell_apart(["where is it"] * 20, ["WHERE IS IT"] * 20).value
    1.0
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    texts = [_spaced(text) for text in (*messages, *others)]
    theirs = np.arange(len(texts)) < len(messages)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    scores = cross_val_predict(_classifier(), texts, theirs, cv=folds, method="predict_proba")[:, 1]
    return _told(float(roc_auc_score(theirs, scores)), len(messages), len(others))


def _classifier() -> Pipeline:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pieces = TfidfVectorizer(analyzer="char", ngram_range=(3, 5), lowercase=False, sublinear_tf=True)
    # On so few messages the default solver spends most of its time on handing work to threads.
    return make_pipeline(pieces, LogisticRegression(C=10, solver="liblinear", dual=True, random_state=0))


def _spaced(text: str) -> str:
    """Single spaces, and one at each end: so a message of one character has three characters as well."""
    return f" {' '.join(text.split())} "


def _told(auc: float, n: int, m: int) -> Told:
    one, other = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = (auc * (1 - auc) + (n - 1) * (one - auc * auc) + (m - 1) * (other - auc * auc)) / (n * m)
    width = NormalDist().inv_cdf((1 + _LEVEL) / 2) * math.sqrt(max(0.0, variance))
    low, high = max(0.0, auc - width), min(1.0, auc + width)
    return Told(value=round(auc, 4), low=round(low, 4), high=round(high, 4))


def _likeness(judged: Profile, sent: Sequence[str], clean: Sequence[str], *, held_out: bool) -> Likeness:
    """How like these messages a profile makes clean ones."""
    sent, clean = sent[:_MOST], clean[:_MOST]
    return Likeness(
        simulated=tell_apart(sent, judged(clean)),
        clean=tell_apart(sent, clean),
        messages=len(sent),
        others=len(clean),
        held_out=held_out,
    )


def _with(found: Profile, evidence: Evidence) -> Profile:
    return found.model_copy(update={"evidence": evidence})


def _halves(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Two halves, drawn at random: a file may be in an order that means something."""
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    drawn = [rows[row] for row in order]
    return drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :]
