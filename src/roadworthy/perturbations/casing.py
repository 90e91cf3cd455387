"""Casing: no capitals at all, words shouted, capitals in the wrong places."""

from __future__ import annotations

from collections.abc import Callable

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import ANY_LANGUAGE, perturbation
from roadworthy.perturbations.words import SHARE
from roadworthy.perturbations.wrapping import function_words
from roadworthy.remembered import Remembered


@perturbation("casing", languages=[ANY_LANGUAGE], weight=4)
def all_lowercase(text: str, severity: int, draw: Draw) -> str:
    """No capitals, at every severity."""
    return text.lower()


@perturbation("casing", languages=[ANY_LANGUAGE], weight=2)
def shouted_words(text: str, severity: int, draw: Draw) -> str:
    """A share of the words that carry content in capitals; at severity 5 the whole message."""
    if severity == 5:
        return text.upper()
    shouted = _recased(text, severity, draw, _shouted)
    return shouted if shouted != text else _recased(text, severity, draw, str.upper)


def _shouted(token: str) -> str:
    """In capitals, unless it is a word that nobody stresses."""
    return _SHOUTED[token]


_SHOUTED = Remembered(lambda token: token if token.strip(".,!?;:").lower() in function_words() else token.upper())


@perturbation("casing", languages=[ANY_LANGUAGE], weight=1)
def capitalised_words(text: str, severity: int, draw: Draw) -> str:
    """A Share of the Words Begins With a Capital."""
    return _recased(text, severity, draw, lambda token: token[:1].upper() + token[1:])


@perturbation("casing", languages=[ANY_LANGUAGE], weight=1)
def caps_lock(text: str, severity: int, draw: Draw) -> str:
    """Caps lock was on: every letter in the other case, at every severity."""
    return text.swapcase()


def _recased(text: str, severity: int, draw: Draw, recase: Callable[[str], str]) -> str:
    tokens = text.split(" ")
    places = [i for i, token in enumerate(tokens) if recase(token) != token]
    if not places:
        return text
    for i in draw.rows(len(places), SHARE[severity]):
        tokens[places[i]] = recase(tokens[places[i]])
    return " ".join(tokens)
