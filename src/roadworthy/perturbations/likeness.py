"""How like its users a learned profile writes: whether a classifier can tell their messages from simulated ones."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import compress
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from roadworthy.perturbations.evidence import Evidence, Likeness, Told
from roadworthy.perturbations.profile import FEWEST, Profile
from roadworthy.perturbations.surface import Seen, shown_by

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

Row = TypeVar("Row")

_LETTER = re.compile(r"[^\W_]")
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
        As `Profile.learn_pairs`.
    """
    pairs = list(pairs)
    found = Profile.learn_pairs(pairs, name=name)
    half, rest = found, pairs
    if held_out := len(pairs) >= HALVED_FROM:
        seen, rest = _halves(pairs)
        half = Profile.learn_pairs(seen, name=name)
    sent, meant = _halves(rest)
    likeness = _likeness(half, [typed for _, typed in sent], [clean for clean, _ in meant], held_out=held_out)
    every = [typed for _, typed in pairs]
    return _with(found, Evidence.of(every, clean=[clean for clean, _ in pairs], likeness=likeness))


def tell_apart(messages: Sequence[str], others: Sequence[str]) -> Told:
    """How well a classifier tells n messages from m others, under 5-fold cross-validation.

    A logistic regression on TF-IDF over 3 to 5 characters and on the ways of writing of `surface.Seen`; white space is
    made alike. A message that both sides have, but for casing and punctuation, is in one fold: what it says tells
    nothing. The interval of the area under the curve is that of Hanley and McNeil (Radiology 143, 1982).

    Examples
    --------
    >>> questions = [f"Where is parcel {number}?" for number in range(20)]
    >>> tell_apart(questions, [text.upper() for text in questions]).value
    1.0
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    texts = [_spaced(text) for text in (*messages, *others)]
    theirs = np.arange(len(texts)) < len(messages)
    scores = cross_val_predict(_classifier(), texts, theirs, cv=_folds(texts, theirs), method="predict_proba")[:, 1]
    return _told(float(roc_auc_score(theirs, scores)), len(messages), len(others))


def _folds(texts: Sequence[str], theirs: NDArray[np.bool_]) -> list[tuple[Any, Any]]:
    """Rows to learn from and rows to judge; what both sides say is in one fold."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    said = ["".join(_LETTER.findall(text)).casefold() for text in texts]
    both = set(compress(said, theirs)) & set(compress(said, ~theirs))
    groups = [one if one in both else f"{row} {one}" for row, one in enumerate(said)]
    numbers = np.unique(groups, return_inverse=True)[1]
    if both and numbers.max() + 1 >= _FOLDS:
        folds = list(StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0).split(texts, theirs, numbers))
        # Of few messages that are mostly the same, a fold can hold all of one side.
        if all(0 < theirs[learned].sum() < len(learned) for learned, _ in folds):
            return folds
    return list(StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(texts, theirs))


def _classifier() -> Pipeline:
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    pieces = TfidfVectorizer(analyzer="char", ngram_range=(3, 5), lowercase=False, sublinear_tf=True)
    ways = CountVectorizer(analyzer=shown_by, vocabulary=Seen.names())
    # On so few messages the default solver spends most of its time on handing work to threads.
    judge = LogisticRegression(C=10, solver="liblinear")
    return make_pipeline(make_union(pieces, ways), judge)


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
