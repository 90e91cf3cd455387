"""How well simulated noise passes for real noise: 0.5, 0.5 and 0 are perfect.

Two-sample tests: a classifier that is told which messages are real and which are simulated, under five-fold
cross-validation. The area under its ROC curve is the chance that it tells one of each apart the right way round.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from roadworthy import lexicon
from roadworthy.perturbations.keyboard import NEIGHBOURS

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

Pair = tuple[str, str]

FOLDS = 5
FEWEST_EDITS, MOST_EDITS = 60, 1_500
_APOSTROPHE, _SIGN, _SPACE = re.compile(r"\s*['’]\s*"), re.compile(r"([^\w\s'])"), re.compile(r"\s+")
_VOWELS = re.compile(r"[aeiou]")
_RUN = re.compile(r"(.)\1{2,}")


def spaced(text: str) -> str:
    """A text with one space around every sign, so that both sides of a comparison are spaced alike.

    Examples
    --------
    >>> spaced("what's this?")
    "what's this ?"
    """
    return _SPACE.sub(" ", _SIGN.sub(r" \1 ", _APOSTROPHE.sub("'", text))).strip()


def text_auc(real: Sequence[str], simulated: Sequence[str], *, seed: int = 0) -> float:
    """How well whole messages can be told apart, by their pieces of 3 to 5 characters."""
    judge = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(3, 5), min_df=2, sublinear_tf=True),
        LogisticRegression(C=10, max_iter=300, solver="liblinear"),
    )
    return _auc(judge, list(real), list(simulated), seed)


def edit_auc(real: Sequence[Pair], simulated: Sequence[Pair], *, seed: int = 0) -> float:
    """How well single edits can be told apart by their shape; NaN for fewer than 60 of either.

    It is blind to how many edits there are: their rate belongs beside it.
    """
    n = min(len(real), len(simulated), MOST_EDITS)
    if n < FEWEST_EDITS:
        return float("nan")
    rng = np.random.default_rng(seed)
    drawn = [[shape(*pairs[i]) for i in rng.choice(len(pairs), n, replace=False)] for pairs in (real, simulated)]
    judge = make_pipeline(
        TfidfVectorizer(
            token_pattern=r"\S+",  # noqa: S106 (a pattern)
            binary=True,
            use_idf=False,
            min_df=2,
            lowercase=False,
        ),
        LogisticRegression(C=3, max_iter=300, solver="liblinear"),
    )
    return _auc(judge, *drawn, seed)


def _auc(judge: BaseEstimator, real: list[str], simulated: list[str], seed: int) -> float:
    sides = np.r_[np.ones(len(real)), np.zeros(len(simulated))]
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    scores = cross_val_predict(judge, [*real, *simulated], sides, cv=folds, method="decision_function")
    return float(roc_auc_score(sides, scores))


def edits(clean: str, noisy: str) -> list[Pair]:
    """Where two spaced texts differ: the words of each.

    Examples
    --------
    >>> edits("where is my order", "were is ordr")
    [('where', 'were'), ('my order', 'ordr')]
    """
    meant, came = clean.split(), noisy.split()
    if len(meant) == len(came):
        return [(one, other) for one, other in zip(meant, came, strict=True) if one != other]
    found = SequenceMatcher(None, meant, came, autojunk=False).get_opcodes()
    return [(" ".join(meant[i:j]), " ".join(came[k:m])) for tag, i, j, k, m in found if tag != "equal"]


def shape(clean: str, noisy: str) -> str:
    """What an edit is made of, as words for a vectorizer: its operations, their places, the lengths."""
    found = []
    for tag, i, j, k, m in SequenceMatcher(None, clean, noisy, autojunk=False).get_opcodes():
        if tag != "equal":
            place = "first" if i == 0 else "last" if j == len(clean) else "middle"
            found += [f"{tag}@{place}", f"{tag}:{clean[i:j][:3]}>{noisy[k:m][:3]}".replace(" ", "_")]
    lengths = [f"longer:{len(noisy) - len(clean)}", f"operations:{len(found)}", f"length:{min(len(clean), 12)}"]
    return " ".join([*found, *lengths])


def edits_per_100(pairs: Sequence[Pair]) -> float:
    """Edits a hundred tokens of the clean side."""
    return 100 * sum(len(edits(*pair)) for pair in pairs) / sum(len(clean.split()) for clean, _ in pairs)


def type_distance(one: Counter[str], other: Counter[str]) -> float:
    """Total variation between two distributions of edit types; NaN where one is empty.

    Examples
    --------
    >>> type_distance(Counter(swap=1, drop=1), Counter(drop=4))
    0.5
    """
    totals = one.total(), other.total()
    if not all(totals):
        return float("nan")
    return sum(abs(one[name] / totals[0] - other[name] / totals[1]) for name in {*one, *other}) / 2


ACRONYM, HOMOPHONE, APOSTROPHE = "acronym (lol, idk)", "number/letter homophone (u, 2, gr8)", "apostrophe drop"
ABBREVIATION, VOWEL_DROP, G_DROP = "abbreviation (ppl, tmrw)", "vowel drop", "g-drop (doin)"
SLANG, CONTRACTION = "slang/lexical replacement", "contraction/slang multiword (gonna, wanna, im)"
TWO_EDITS, PHONETIC, SPLIT_JOIN = "multi-edit typo (2 edits)", "phonetic respelling (luv, wuz)", "token split/join"
TRUNCATION, REPETITION = "truncation (pic, prob)", "letter repetition (soooo)"
DELETION, INSERTION = "single deletion (consonant)", "single insertion"
VOWEL, KEYBOARD, OTHER = "vowel substitution", "keyboard-adjacent substitution", "other single substitution"
DOUBLED, TRANSPOSITION = "doubled letter dropped", "transposition"
_SOUNDS = frozenset("urybcnkmdxw")
# Where nothing was meant they count as acronyms: the normalisation of tweets writes them out.
_ADDED = frozenset(["lol", "omg", "smh", "tbh", "btw", "ikr"])


def edit_type(clean: str, noisy: str) -> str | None:
    """The type of an edit, under the names of edit_types.csv; None for one of case or punctuation alone.

    The classes are told apart by rules, the first that fits counts, and some edits could stand in several.

    Examples
    --------
    >>> [edit_type(*pair) for pair in (("you", "u"), ("people", "ppl"), ("doing", "doin"), ("order", "odrer"))]
    ['number/letter homophone (u, 2, gr8)', 'vowel drop', 'g-drop (doin)', 'transposition']
    """
    meant, came = clean.lower().strip(), noisy.lower().strip()
    if not meant and came in _ADDED:
        return ACRONYM
    if not re.sub(r"\W", "", meant) or not re.sub(r"\W", "", came) or meant == came:
        return None
    if meant.replace(" ", "") == came.replace(" ", ""):
        return SPLIT_JOIN
    if " " in meant or " " in came:
        return _of_phrases(meant, came)
    return _of_words(meant, came)


def _of_phrases(meant: str, came: str) -> str:
    words = meant.split()
    if len(words) > 1 and came == "".join(word[0] for word in words):
        return ACRONYM
    if " " not in came and came.replace("'", "")[:1] == meant[:1]:
        return CONTRACTION
    return SLANG


def _of_words(meant: str, came: str) -> str:
    if meant.replace("'", "") == came:
        return APOSTROPHE
    if came in _SOUNDS or (any(map(str.isdigit, came)) and not any(map(str.isdigit, meant))):
        return HOMOPHONE
    if meant.endswith("ing") and came in (meant[:-1], f"{meant[:-1]}'"):
        return G_DROP
    if came != meant and _RUN.sub(r"\1", came) in (meant, _RUN.sub(r"\1", meant)):
        return REPETITION
    return _slip(meant, came) or _shortened(meant, came) or _respelt(meant, came)


def _slip(meant: str, came: str) -> str | None:
    """The type of a single slip of the fingers."""
    found = [op for op in SequenceMatcher(None, meant, came, autojunk=False).get_opcodes() if op[0] != "equal"]
    differing = [i for i, (a, b) in enumerate(zip(meant, came, strict=False)) if a != b]
    if (
        len(meant) == len(came)
        and len(differing) == 2
        and sorted(meant) == sorted(came)
        and differing[1] - differing[0] == 1
    ):
        return TRANSPOSITION
    if len(found) != 1:
        return None
    tag, i, j, k, m = found[0]
    old, new = meant[i:j], came[k:m]
    if tag == "delete" and len(old) == 1:
        if old in (meant[i - 1 : i], meant[j : j + 1]):
            return DOUBLED
        return VOWEL_DROP if old in "aeiou" else DELETION
    if tag == "insert" and len(new) == 1:
        return REPETITION if new in (meant[i - 1 : i], meant[i : i + 1]) else INSERTION
    if tag == "replace" and len(old) == len(new) == 1:
        if old in "aeiou" and new in "aeiou":
            return VOWEL
        return KEYBOARD if new in NEIGHBOURS.get(old, "") else OTHER
    return None


def _shortened(meant: str, came: str) -> str | None:
    if len(came) >= len(meant):
        return None
    if _VOWELS.sub("", meant) == _VOWELS.sub("", came):
        return VOWEL_DROP
    if meant.startswith(came):
        return TRUNCATION
    letters = iter(meant)
    is_within = all(letter in letters for letter in came)
    return ABBREVIATION if is_within and len(came) >= 2 and len(meant) - len(came) >= 2 else None


def _respelt(meant: str, came: str) -> str:
    steps = sum(max(j - i, m - k) for tag, i, j, k, m in _operations(meant, came) if tag != "equal")
    known = {form for forms in lexicon.alternatives("misspellings.tsv").values() for form in forms}
    if came in known or (steps <= 3 and _sound(meant) == _sound(came)):
        return PHONETIC
    return TWO_EDITS if steps <= 2 else SLANG


def _operations(meant: str, came: str) -> list[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, meant, came, autojunk=False).get_opcodes()


def _sound(word: str) -> str:
    """What is left of a word's sound without its vowels, in a rough spelling."""
    for old, new in (("ph", "f"), ("gh", ""), ("ck", "k"), ("th", "d"), ("c", "k"), ("z", "s"), ("q", "k")):
        word = word.replace(old, new)
    return re.sub(r"(.)\1+", r"\1", _VOWELS.sub("", word).replace("y", "").replace("h", "").replace("w", ""))
