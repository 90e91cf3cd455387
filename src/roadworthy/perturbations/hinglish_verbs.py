"""English verbs and auxiliaries, and their Hindi forms: infinitive, past, and the endings of persons."""

from __future__ import annotations

from enum import StrEnum, auto
from functools import cache

from roadworthy import lexicon
from roadworthy.perturbations.hinglish_order import infinitive, infinitives
from roadworthy.remembered import Remembered


class Tense(StrEnum):
    """What an auxiliary makes of a verb."""

    DO = auto()
    BE = auto()
    WAS = auto()
    HAVE = auto()
    DID = auto()
    CAN = auto()
    WILL = auto()
    SHOULD = auto()
    MAY = auto()


# What tense an auxiliary stands for; those of NEGATED negate as well.
TENSES = {
    **dict.fromkeys(("am", "is", "are"), Tense.BE),
    **dict.fromkeys(("was", "were"), Tense.WAS),
    **dict.fromkeys(("have", "has"), Tense.HAVE),
    **dict.fromkeys(("do", "does"), Tense.DO),
    "did": Tense.DID,
    **dict.fromkeys(("can", "could", "would"), Tense.CAN),
    "will": Tense.WILL,
    "should": Tense.SHOULD,
    Tense.MAY: Tense.MAY,
}
NEGATED = {
    **dict.fromkeys(("isn't", "aren't"), Tense.BE),
    **dict.fromkeys(("wasn't", "weren't"), Tense.WAS),
    **dict.fromkeys(("haven't", "hasn't"), Tense.HAVE),
    **dict.fromkeys(("don't", "doesn't", "dont", "doesnt"), Tense.DO),
    **dict.fromkeys(("didn't", "didnt"), Tense.DID),
    **dict.fromkeys(("can't", "cannot", "cant", "couldn't"), Tense.CAN),
    "won't": Tense.WILL,
}
# Forms of third persons that are no nouns.
THIRD = frozenset(
    [
        "asks",
        "comes",
        "gets",
        "gives",
        "goes",
        "has",
        "keeps",
        "leaks",
        "lets",
        "looks",
        "makes",
        "needs",
        "says",
        "seems",
        "stops",
        "takes",
        "tells",
        "wants",
        "works",
    ]
)
# Endings that hang on the word before them.
_HANGING = frozenset(["ta", "te", "ti", "unga", "enge", "oge", "ega", "egi", "u", "e", "o"])


def is_finite(word: str) -> bool:
    """Whether a word makes a clause of what stands around it.

    Examples
    --------
    >>> is_finite("doesn't"), is_finite("ordered"), is_finite("order")
    (True, True, False)
    """
    return IS_FINITE[word]


def is_auxiliary(word: str) -> bool:
    """Whether a word is an auxiliary.

    Examples
    --------
    >>> is_auxiliary("Can"), is_auxiliary("don't"), is_auxiliary("cancel")
    (True, True, False)
    """
    return _IS_AUXILIARY[word]


def hung(stem: list[str], ends: list[str]) -> list[str]:
    """Endings, of which the first is a word or hangs on the stem."""
    if not stem or ends[0] not in _HANGING:
        return [*stem, *ends]
    last, end = stem[-1], ends[0]
    if last in ("le", "de") and end[0] in "uoe":
        last = last[0]
    elif last[-1] in "ao" and end[0] == "e" and last != "ho":
        end = "y" + end
    elif last == "ho" and end[0] == "e":
        end = end[1:]
    return [*stem[:-1], last + end, *ends[1:]]


def base_of(word: str) -> str:
    """The verb of a word that ends in -ing."""
    for base in (word[:-3], f"{word[:-3]}e", word[:-4], word):
        if base in infinitives():
            return base
    return ""


def _past_verb(word: str) -> str:
    """The verb of a past form; nothing where it is none."""
    irregular = lexicon.alternatives("english_past.tsv").get(word)
    if irregular:
        return irregular[0]
    *first, rest = word.split(" ", 1)
    if first:
        base = past_of(first[0])
        return f"{base} {rest}" if f"{base} {rest}" in infinitives() else ""
    if not word.endswith("ed"):
        return ""
    for base in (word[:-1], word[:-2], word[:-3], f"{word[:-3]}y"):
        if base in infinitives():
            return base
    return ""


def past_of(word: str) -> str:
    """The verb of a past form, in the infinitive; nothing where it is none."""
    return _PAST[word.lower()]


def past_form(verb: str) -> str:
    """A verb in the Hindi past; nothing where it is not known.

    Examples
    --------
    >>> past_form("buy"), past_form("cancel")
    ('kharida', 'cancel kiya')
    """
    if verb in _pasts():
        return _pasts()[verb][1]
    return f"{infinitive(verb)[:-2].removesuffix('kar')}kiya" if verb and infinitive(verb).endswith("karne") else ""


def past_alone(verb: str) -> str:
    """A verb in the past of what does nothing to something else; nothing where it is not known.

    Examples
    --------
    >>> past_alone("break"), past_alone("open"), past_alone("buy")
    ('toot gaya', 'open hua', '')
    """
    if verb in _pasts():
        return _pasts()[verb][2].removeprefix("-")
    return f"{past_form(verb)[:-5]} hua" if past_form(verb) else ""


def case_of(verb: str) -> str:
    """How the subject of a verb stands beside its past: with ne, with ko, or as it is."""
    return _pasts()[verb][0] if verb in _pasts() else "ne"


@cache
def _pasts() -> dict[str, tuple[str, str, str]]:
    """Verbs, how their subject stands beside their past, and the past: with something it is done to, and without."""
    return {verb: (case, past, alone) for verb, case, past, alone in lexicon.rows("hinglish_past.tsv")}


def _may_be_finite(word: str) -> bool:
    lowered = word.lower().replace("’", "'")
    return lowered in TENSES or lowered in NEGATED or lowered == "had" or lowered in THIRD or bool(past_of(lowered))


IS_FINITE = Remembered(_may_be_finite)
_IS_AUXILIARY = Remembered(lambda word: (word := word.lower().replace("’", "'")) in TENSES or word in NEGATED)
_PAST = Remembered(_past_verb)
