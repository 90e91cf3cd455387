"""Typos: slips of the fingers and of spelling.

The weights follow what people leave in when they cannot correct their typing (NoiseQA, Ravichander et al., 2021, by
our count of its edit types): mostly dropped letters, then neighbouring keys and stray letters, joined words, repeated
and swapped letters. The first letter of a word stays, as it nearly always does, and so does every number.
"""

from __future__ import annotations

import re
from itertools import compress, count
from operator import add, and_

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.keyboard import neighbour
from roadworthy.perturbations.registry import LATIN_SCRIPT, perturbation
from roadworthy.perturbations.words import SHARE, change_words, is_negation, like, parts
from roadworthy.remembered import Remembered


def _long(word: str) -> bool:
    return len(word) >= 4


@perturbation("typos", languages=[LATIN_SCRIPT], weight=13)
def neighbouring_key(text: str, severity: int, draw: Draw) -> str:
    """A letter becomes one of its neighbours on the keyboard."""
    return change_words(text, severity, draw, _with_neighbour, _long)


def _with_neighbour(word: str, draw: Draw) -> str:
    i = 1 + draw.below(len(word) - 1)
    return word[:i] + neighbour(word[i], draw) + word[i + 1 :]


@perturbation("typos", languages=[LATIN_SCRIPT], weight=8)
def stray_letter(text: str, severity: int, draw: Draw) -> str:
    """A neighbouring key is hit along with the right one."""
    return change_words(text, severity, draw, _with_stray, _long)


def _with_stray(word: str, draw: Draw) -> str:
    i = 1 + draw.below(len(word) - 1)
    return word[:i] + neighbour(word[i], draw) + word[i:]


@perturbation("typos", languages=[LATIN_SCRIPT], weight=30)
def dropped_letter(text: str, severity: int, draw: Draw) -> str:
    """A letter after the first is left out, one of a doubled pair first of all."""
    return change_words(text, severity, draw, _without_letter, _long)


def _without_letter(word: str, draw: Draw) -> str:
    doubled = _DOUBLED[word]
    i = draw.pick(doubled) if doubled and draw.chance(0.5) else 1 + draw.below(len(word) - 1)
    return word[:i] + word[i + 1 :]


def _doubled(word: str) -> list[int]:
    return [i for i in range(1, len(word)) if word[i].lower() == word[i - 1].lower()]


@perturbation("typos", languages=[LATIN_SCRIPT], weight=7)
def doubled_letter(text: str, severity: int, draw: Draw) -> str:
    """A letter is hit twice."""
    return change_words(text, severity, draw, _with_double, _long)


def _with_double(word: str, draw: Draw) -> str:
    i = 1 + draw.below(len(word) - 1)
    return word[: i + 1] + word[i:]


@perturbation("typos", languages=[LATIN_SCRIPT], weight=6)
def swapped_letters(text: str, severity: int, draw: Draw) -> str:
    """Two letters after the first change places."""
    return change_words(text, severity, draw, _with_swap, _long)


def _with_swap(word: str, draw: Draw) -> str:
    places = _UNLIKE[word]
    if not places:
        return word
    i = draw.pick(places)
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def _unlike(word: str) -> list[int]:
    return [i for i in range(1, len(word) - 1) if word[i] != word[i + 1]]


# Where letters stand twice, and where the next one is another.
_DOUBLED, _UNLIKE = Remembered(_doubled), Remembered(_unlike)


@perturbation("typos", weight=14)
def misspelling(text: str, severity: int, draw: Draw) -> str:
    """A word is spelt as it sounds, or as many people believe it is spelt."""
    return change_words(text, severity, draw, _misspelt, _can_misspell)


def _misspelt(word: str, draw: Draw) -> str:
    known = lexicon.alternatives("misspellings.tsv").get(word.lower())
    return like(word, draw.pick_early(known)) if known else respell(word, draw)


def _can_misspell(word: str) -> bool:
    return word.lower() in lexicon.alternatives("misspellings.tsv") or bool(_RESPELLINGS[word])


# Spellings that sound alike to many writers; where one occurs after the first letter, it may become the other.
_SOUND_ALIKE = {
    "ei": "ie", "ie": "ei", "ea": "ee", "ee": "ea", "ance": "ence", "ence": "ance", "able": "ible", "tion": "sion",
    "ph": "f", "ck": "k", "qu": "kw", "ou": "u", "ce": "se", "ci": "si", "ll": "l", "ss": "s", "tt": "t",
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
    places = _RESPELLINGS[word]
    if not places:
        return word
    i, old, new = draw.pick_early(places)
    return word[:i] + like(old, new) + word[i + len(old) :]


def _respellings(word: str) -> list[tuple[int, str, str]]:
    """Where a word could be spelt otherwise, what stands there, and what could."""
    if len(word) < 4:
        return []
    places = [(m.start(), m.group(), _SOUND_ALIKE[m.group().lower()]) for m in _SOUND.finditer(word, 1)]
    if len(word) >= 6:
        places += [(m.start(), m.group(), _UNSTRESSED[m.group().lower()]) for m in _VOWEL.finditer(word, 3)]
    return places


_RESPELLINGS = Remembered(_respellings)


@perturbation("typos", weight=4)
def dropped_apostrophe(text: str, severity: int, draw: Draw) -> str:
    """Apostrophes are left out: dont, im, whats."""
    if "'" not in text and "’" not in text:
        return text
    found = [match for match in _APOSTROPHE.finditer(text) if _may_drop(match.group())]
    if not found:
        return text
    pieces, done = [], 0
    for i in draw.rows(len(found), max(0.5, SHARE[severity])):
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
    pairs = map(and_, map(_CAN_LEAD.__getitem__, tokens), map(_CAN_FOLLOW.__getitem__, tokens[1:]))
    places = list(compress(count(), pairs))
    if not places:
        return text
    ends = [" "] * len(tokens)
    for i in draw.rows(len(places), SHARE[severity] / 2):
        place = places[i]
        if ends[place - 1] and not is_negation(parts(tokens[place])[1] + parts(tokens[place + 1])[1]):
            ends[place] = ""
    return "".join(map(add, tokens, ends))[:-1]


def _can_lead(token: str) -> bool:
    _, word, after = parts(token)
    return bool(word) and not after and not is_negation(word)


def _can_follow(token: str) -> bool:
    before, word, _ = parts(token)
    return bool(word) and not before and not is_negation(word)


_CAN_LEAD, _CAN_FOLLOW = Remembered(_can_lead), Remembered(_can_follow)
