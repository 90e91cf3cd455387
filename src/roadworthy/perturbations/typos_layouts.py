"""Slips on other keyboards: QWERTZ, AZERTY, the keys of an old phone, and a thumb that misses the space bar.

10, 20, 35, 50 or 70 % of the words of four letters or more change, by one letter each; of the spaces half as many.
The first letter of a word stays, and so does every number.
"""

from __future__ import annotations

from functools import cache
from itertools import compress, count
from operator import add, and_

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import LATIN_SCRIPT, perturbation
from roadworthy.perturbations.words import SHARE, change_words, is_negation, negations
from roadworthy.remembered import Remembered

# Rows of keys, each shifted by half a key against the one above; a blank is a key that bears no letter.
_QWERTZ = ("qwertzuiopü", "asdfghjklöä", "yxcvbnm")
_AZERTY = ("azertyuiop", "qsdfghjklm", "wxcvbn")
_KEYPAD = ("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz")
# The keys above the space bar of a phone.
_ABOVE_SPACE = "bvnbcm"
_SHORTEST = 4


def _beside(rows: tuple[str, ...]) -> dict[str, str]:
    """The letters beside, above and below each letter."""
    where = {key: (x + y * 0.5, y) for y, row in enumerate(rows) for x, key in enumerate(row)}
    return {
        key: "".join(other for other, (u, v) in where.items() if other != key and abs(u - x) <= 1 and abs(v - y) <= 1)
        for key, (x, y) in where.items()
    }


@cache
def near_keys(layout: str) -> dict[str, str]:
    """Which letters are hit in place of each, by the name of the layout.

    Examples
    --------
    >>> near_keys("qwertz")["z"], near_keys("azerty")["q"], near_keys("keypad")["s"]
    ('tugh', 'azsw', 'pqr')
    """
    if layout == "keypad":
        return {letter: key.replace(letter, "") for key in _KEYPAD for letter in key}
    return _beside(_QWERTZ if layout == "qwertz" else _AZERTY)


def _mistyped(text: str, severity: int, draw: Draw, layout: str) -> str:
    near = near_keys(layout)

    def edit(word: str, draw: Draw) -> str:
        i = 1 + draw.below(len(word) - 1)
        letter = word[i]
        if letter.lower() not in near:
            return word
        new = draw.pick(near[letter.lower()])
        return word[:i] + (new.upper() if letter.isupper() else new) + word[i + 1 :]

    return change_words(text, severity, draw, edit, _is_long)


def _is_long(word: str) -> bool:
    return len(word) >= _SHORTEST


@perturbation("typos", languages=[LATIN_SCRIPT], weight=1)
def qwertz_key(text: str, severity: int, draw: Draw) -> str:
    """A neighbouring key of a German keyboard."""
    return _mistyped(text, severity, draw, "qwertz")


@perturbation("typos", languages=[LATIN_SCRIPT], weight=1)
def azerty_key(text: str, severity: int, draw: Draw) -> str:
    """A neighbouring key of a French keyboard."""
    return _mistyped(text, severity, draw, "azerty")


@perturbation("typos", languages=[LATIN_SCRIPT], weight=0.5)
def keypad_letter(text: str, severity: int, draw: Draw) -> str:
    """Another letter of the same key of an old phone: pressed once too often, or too seldom."""
    return _mistyped(text, severity, draw, "keypad")


@perturbation("typos", languages=[LATIN_SCRIPT], weight=2)
def missed_space_bar(text: str, severity: int, draw: Draw) -> str:
    """On a phone, a key above the space bar in place of 5, 10, 17, 25 or 35 % of the spaces: wherebis my order."""
    tokens = text.split(" ")
    places = list(compress(count(), map(and_, map(str.isalpha, tokens), map(_STARTS.__getitem__, tokens[1:]))))
    if not places:
        return text
    gaps = [" "] * len(tokens)
    for i in draw.rows(len(places), SHARE[severity] / 2):
        place = places[i]
        key = draw.pick(_ABOVE_SPACE)
        # Never twice in a row, or nobody could read it.
        left, right = tokens[place], tokens[place + 1]
        if gaps[place - 1] == " " and not (_NEGATES[left] or _NEGATES[right] or _holds_negation(left + key + right)):
            gaps[place] = key
    return "".join(map(add, tokens, gaps))[:-1]


def _holds_negation(token: str) -> bool:
    return is_negation(token) if token.isalpha() else bool(negations(token))


# Whether a token begins with a letter, and whether a negation stands in it.
_STARTS, _NEGATES = Remembered(lambda token: token[:1].isalpha()), Remembered(_holds_negation)
