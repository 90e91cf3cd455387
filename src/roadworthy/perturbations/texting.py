"""Slang and texting shorthand: u, pls, idk, gonna, and the tone that comes with them."""

from __future__ import annotations

import re
from functools import cache

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.fitting import RULES
from roadworthy.perturbations.mood import is_greeting, tone
from roadworthy.perturbations.phrases import replace_phrases
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.words import SHARE, change_words, like, negations

_GREETINGS = ("hey", "hi", "yo", "heya")
_OPENERS = ("ok so", "so", "um")
_OPENERS_OF_QUESTIONS = (*_OPENERS, "quick q")
_CLOSERS = ("tbh", "ngl")
_CLOSERS_OF_COMPLAINTS = ("tbh", "ngl", "smh", "sort it pls", "pls help asap")
_CLOSERS_OF_REQUESTS = ("thx", "pls", "cheers", "ta")
_SAID = re.compile(r"\b(?:please|pls|plz|help|thank\w*|thx|cheers|ta)\b")
_INNER_VOWEL = re.compile(r"[aeiou]", re.IGNORECASE)


@cache
def same_negation(name: str) -> lexicon.Entries:
    """The entries of a lexicon that neither lose nor add a negation."""
    kept = lexicon.Entries()
    for key, values in lexicon.alternatives(name).items():
        alike = tuple(value for value in values if len(negations(value)) == len(negations(key)))
        if alike:
            kept[key] = alike
    return kept


@perturbation("texting", weight=6)
def shorthand(text: str, severity: int, draw: Draw) -> str:
    """Words and phrases become texting shorthand, in lower case from severity 2 on."""
    short = replace_phrases(text, severity, draw, same_negation("texting.tsv"), RULES)
    return short.lower() if severity >= 2 else short


@perturbation("texting", weight=2)
def informal_words(text: str, severity: int, draw: Draw) -> str:
    """Ordinary words become informal ones of the same meaning."""
    return replace_phrases(text, severity, draw, same_negation("slang.tsv"), RULES)


@perturbation("texting", weight=2)
def clipped_words(text: str, severity: int, draw: Draw) -> str:
    """The g of -ing is left out, and vowels of words that people clip: goin, dlvry; names keep theirs."""
    return change_words(text, severity, draw, _clip, _can_clip)


def _clip(word: str, draw: Draw) -> str:
    forms = _clipped().get(word.lower())
    return like(word, draw.pick_early(forms)) if forms else word[:-1]


@cache
def _clipped() -> dict[str, tuple[str, ...]]:
    """What people write of words that they clip; participles are left out."""
    rows = lexicon.rows("texter.tsv")
    return {word: tuple(forms.split("|")) for kind, word, forms in rows if kind == "clipped" and word[-2:] != "ed"}


def _is_spoken_ing(word: str) -> bool:
    """Whether -ing is an ending: of going and missing, not of thing and bring."""
    return word.lower().endswith("ing") and bool(_INNER_VOWEL.search(word[:-3]))


def _can_clip(word: str) -> bool:
    if not word.isalpha() or (word[0].isupper() and not word.isupper()):
        return False
    return word.lower() in _clipped() or _is_spoken_ing(word)


@perturbation("texting", weight=2)
def chat_tone(text: str, severity: int, draw: Draw) -> str:
    """Small talk around the message, lower case, no full stop: hey ... lol."""
    core = text.rstrip(" .").lower()
    if not core:
        return text
    chance = 0.3 + SHARE[severity] / 2
    opened, closed = draw.chance(chance), draw.chance(chance)
    closing = f" {draw.pick(_closers(core))}" if closed else ""
    openers = _openers(core) if opened else ()
    return (f"{draw.pick(openers)} " if openers else "") + core + closing


def _openers(text: str) -> tuple[str, ...]:
    if is_greeting(text):
        return ()
    return _GREETINGS + (_OPENERS_OF_QUESTIONS if text.endswith("?") else _OPENERS)


def _closers(text: str) -> tuple[str, ...]:
    """What may be said after it: what suits its mood, and nothing that it says already."""
    if text.endswith("?"):
        return ("lol", *_CLOSERS_OF_REQUESTS) if _SAID.search(text) is None else ("lol",)
    heard = tone(text)
    if heard == "praise":
        return _CLOSERS
    if heard == "upset":
        return _CLOSERS_OF_COMPLAINTS if _SAID.search(text) is None else ("tbh", "ngl", "smh")
    return ("lol", *_CLOSERS_OF_REQUESTS) if _SAID.search(text) is None else ("lol",)
