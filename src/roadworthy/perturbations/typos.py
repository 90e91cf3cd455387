"""Typos: slips of the fingers and of spelling.

The weights follow what people leave in when they cannot correct their typing (NoiseQA, Ravichander et al., 2021, by
our count of its edit types): mostly dropped letters, then neighbouring keys and stray letters, joined words, repeated
and swapped letters. The first letter of a word stays, as it nearly always does, and so does every number.
"""

from __future__ import annotations

import re
from functools import lru_cache

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.keyboard import neighbour
from roadworthy.perturbations.registry import LATIN_SCRIPT, perturbation
from roadworthy.perturbations.words import SHARE, change_words, is_negation, like, parts


def _long(word: str) -> bool:
    return len(word) >= 4


@perturbation("typos", languages=[LATIN_SCRIPT], weight=13)
def neighbouring_key(text: str, severity: int, draw: Draw) -> str:
    """A letter becomes one of its neighbours on the keyboard."""

    def edit(word: str, draw: Draw) -> str:
        i = 1 + draw.below(len(word) - 1)
        return word[:i] + neighbour(word[i], draw) + word[i + 1 :]

    return change_words(text, severity, draw, edit, _long)


@perturbation("typos", languages=[LATIN_SCRIPT], weight=8)
def stray_letter(text: str, severity: int, draw: Draw) -> str:
    """A neighbouring key is hit along with the right one."""

    def edit(word: str, draw: Draw) -> str:
        i = 1 + draw.below(len(word) - 1)
        return word[:i] + neighbour(word[i], draw) + word[i:]

    return change_words(text, severity, draw, edit, _long)


@perturbation("typos", languages=[LATIN_SCRIPT], weight=30)
def dropped_letter(text: str, severity: int, draw: Draw) -> str:
    """A letter after the first is left out, one of a doubled pair first of all."""

    def edit(word: str, draw: Draw) -> str:
        doubled = [i for i in range(1, len(word)) if word[i].lower() == word[i - 1].lower()]
        i = draw.pick(doubled) if doubled and draw.chance(0.5) else 1 + draw.below(len(word) - 1)
        return word[:i] + word[i + 1 :]

    return change_words(text, severity, draw, edit, _long)


@perturbation("typos", languages=[LATIN_SCRIPT], weight=7)
def doubled_letter(text: str, severity: int, draw: Draw) -> str:
    """A letter is hit twice."""

    def edit(word: str, draw: Draw) -> str:
        i = 1 + draw.below(len(word) - 1)
        return word[: i + 1] + word[i:]

    return change_words(text, severity, draw, edit, _long)


@perturbation("typos", languages=[LATIN_SCRIPT], weight=6)
def swapped_letters(text: str, severity: int, draw: Draw) -> str:
    """Two letters after the first change places."""

    def edit(word: str, draw: Draw) -> str:
        places = [i for i in range(1, len(word) - 1) if word[i] != word[i + 1]]
        if not places:
            return word
        i = draw.pick(places)
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]

    return change_words(text, severity, draw, edit, _long)


@perturbation("typos", weight=14)
def misspelling(text: str, severity: int, draw: Draw) -> str:
    """A word is spelt as it sounds, or as many people believe it is spelt."""
    known = lexicon.alternatives("misspellings.tsv")

    def edit(word: str, draw: Draw) -> str:
        return like(word, draw.pick_early(known[word.lower()])) if word.lower() in known else respell(word, draw)

    return change_words(text, severity, draw, edit, lambda word: word.lower() in known or bool(_respellings(word)))


# Spellings that sound alike to many writers; where one occurs after the first letter, it may become the other.
_SOUND_ALIKE = {
    "ei": "ie", "ie": "ei", "ea": "ee", "ee": "ea", "ance": "ence", "ence": "ance", "able": "ible", "tion": "shun",
    "ph": "f", "ck": "k", "qu": "kw", "ai": "ay", "ou": "u", "ce": "se", "ci": "si", "ll": "l", "ss": "s", "tt": "t",
}  # fmt: skip
# Vowels that nobody hears: only in long words, after the first syllable and before the last two letters.
_UNSTRESSED = {"er": "ur", "ar": "er", "or": "er", "i": "e", "e": "i", "a": "e", "o": "u"}
_SOUND = re.compile("|".join(_SOUND_ALIKE), re.IGNORECASE)
_VOWEL = re.compile(r"[eao]r|[ieao](?=..)", re.IGNORECASE)


def respell(word: str, draw: Draw) -> str:
    """One sound of a word in another spelling.

    Examples
    --------
    >>> respell("treat", Draw("x", 1, 0, "")), respell("number", Draw("x", 1, 0, ""))
    ('treet', 'numbur')
    """
    places = _respellings(word)
    if not places:
        return word
    i, old, new = draw.pick_early(places)
    return word[:i] + like(old, new) + word[i + len(old) :]


@lru_cache(maxsize=4096)
def _respellings(word: str) -> list[tuple[int, str, str]]:
    """Where a word could be spelt otherwise, what stands there, and what could."""
    if len(word) < 4:
        return []
    places = [(m.start(), m.group(), _SOUND_ALIKE[m.group().lower()]) for m in _SOUND.finditer(word, 1)]
    if len(word) >= 6:
        places += [(m.start(), m.group(), _UNSTRESSED[m.group().lower()]) for m in _VOWEL.finditer(word, 3)]
    return places


@perturbation("typos", weight=4)
def dropped_apostrophe(text: str, severity: int, draw: Draw) -> str:
    """Apostrophes are left out: dont, im, whats."""
    found = [match for match in _APOSTROPHE.finditer(text) if _may_drop(match.group())]
    if not found:
        return text
    pieces, done = [], 0
    for i in draw.sample(len(found), draw.count(len(found), max(0.5, SHARE[severity]))):
        pieces += [text[done : found[i].start()], _bare(found[i].group())]
        done = found[i].end()
    return "".join(pieces) + text[done:]


_APOSTROPHE = re.compile(r"(?<![^\W\d_])[^\W\d_]++(?:['’][^\W\d_]++)+")


def _bare(word: str) -> str:
    return word.replace("'", "").replace("’", "")


def _may_drop(word: str) -> bool:
    return is_negation(word) == is_negation(_bare(word))


@perturbation("typos", languages=[LATIN_SCRIPT], weight=7)
def run_on(text: str, severity: int, draw: Draw) -> str:
    """The space between two words is left out, never twice in a row."""
    tokens = text.split(" ")
    split = [parts(token) for token in tokens]
    places = [i for i in range(len(tokens) - 1) if _joins(split[i], split[i + 1])]
    if not places:
        return text
    chosen = {places[i] for i in draw.sample(len(places), draw.count(len(places), SHARE[severity] / 2))}
    glued = [i in chosen and i - 1 not in chosen for i in range(len(tokens))]
    return "".join(token if glued[i] else f"{token} " for i, token in enumerate(tokens))[:-1]


def _joins(left: tuple[str, str, str], right: tuple[str, str, str]) -> bool:
    if not (left[1] and right[1]) or left[2] or right[0]:
        return False
    return not any(map(is_negation, (left[1], right[1], left[1] + right[1])))
