"""Drawn-out words: sooo, pleaseee, loooong, ughhh.

A letter comes two to six times. Only words that people draw out are: some small ones, and those that end in a sound
that can be held; 10, 20, 35, 50 or 70 % of these words in a message, and at least one.
"""

from __future__ import annotations

import re
from functools import cache, partial

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.mood import is_greeting, is_upset
from roadworthy.perturbations.registry import LATIN_SCRIPT, perturbation
from roadworthy.perturbations.words import change_words
from roadworthy.perturbations.wrapping import opened

# The most letters that are added.
_MOST = {1: 2, 2: 2, 3: 3, 4: 4, 5: 5}
_VOWEL = re.compile(r"[aeiouy]+(?=.)", re.IGNORECASE)
_DOUBLE = re.compile(r"oo|ee")
_HELD = frozenset("aeiouywhrmnl")
# These letters are one sound, which cannot be held.
_CLIPPED = ("ch", "gh", "ph", "sh", "th")
_LONGEST_DOUBLE = 5
# A single letter more in the middle or at the end of any word looks like a slip.
_FEWEST = 2
_SHORTEST = 3
_MARKS = (".", "!", "?")
_EVERY_SENTENCE_FROM = 3


@cache
def _drawn_out() -> frozenset[str]:
    return frozenset(lexicon.grouped("lengthening.tsv")["word"])


@cache
def _long_vowels() -> frozenset[str]:
    return frozenset(lexicon.grouped("lengthening.tsv")["vowel"])


def _drawn(word: str, i: int, severity: int, draw: Draw, fewest: int = 1) -> str:
    return word[: i + 1] + word[i] * (fewest + draw.below(_MOST[severity])) + word[i + 1 :]


@perturbation("lengthening", weight=3)
def drawn_out_words(text: str, severity: int, draw: Draw) -> str:
    """The last letter of words that people draw out: sooo, whyyy, pleaseee."""
    return change_words(text, severity, draw, partial(_ending, severity=severity), _is_drawn_out)


def _is_drawn_out(word: str) -> bool:
    return word.lower() in _drawn_out()


@perturbation("lengthening", languages=[LATIN_SCRIPT], weight=2)
def drawn_out_endings(text: str, severity: int, draw: Draw) -> str:
    """The last letter of the last word, from severity 3 on of every sentence: where is my orderrr."""
    tokens = text.split(" ")
    ends = [i for i, token in enumerate(tokens) if i == len(tokens) - 1 or token[-1:] in _MARKS]
    for i in ends if severity >= _EVERY_SENTENCE_FROM else ends[-1:]:
        edit = partial(_ending, severity=severity, fewest=_FEWEST)
        tokens[i] = change_words(tokens[i], severity, draw, edit, _can_be_held)
    return " ".join(tokens)


def _ending(word: str, draw: Draw, severity: int, fewest: int = 1) -> str:
    return _drawn(word, len(word) - 1, severity, draw, fewest)


def _can_be_held(word: str) -> bool:
    lowered = word.lower()
    return len(word) >= _SHORTEST and lowered[-1] in _HELD and not lowered.endswith(_CLIPPED)


@perturbation("lengthening", languages=[LATIN_SCRIPT], weight=2)
def drawn_out_vowels(text: str, severity: int, draw: Draw) -> str:
    """The vowel of words that people draw out, or that is written double in a short one: looong, waaay, neeeed."""
    return change_words(text, severity, draw, partial(_vowel, severity=severity), _has_long_vowel)


def _has_long_vowel(word: str) -> bool:
    if word.lower() in _long_vowels():
        return True
    return len(word) <= _LONGEST_DOUBLE and _DOUBLE.search(word) is not None


def _vowel(word: str, draw: Draw, severity: int) -> str:
    found = _DOUBLE.search(word) or _VOWEL.search(word)
    return word if found is None else _drawn(word, found.end() - 1, severity, draw)


@perturbation("lengthening", weight=2)
def drawn_out_opener(text: str, severity: int, draw: Draw) -> str:
    """A drawn-out word before the message, at every severity: ughhh where is it; the longer the heavier."""
    if not any(map(str.isalnum, text)):
        return text
    said = lexicon.grouped("lengthening.tsv")
    openers = said["opener_upset" if is_upset(text) else "opener_plain"]
    openers += () if is_greeting(text) else said["opener_greeting"]
    opener = draw.pick((*said["opener"], *openers))
    drawn = f"{opener}{opener[-1] * (1 + draw.below(_MOST[severity]))}"
    return opened(text, drawn, "")
