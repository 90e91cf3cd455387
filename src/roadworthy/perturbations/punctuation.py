"""Punctuation: left out, repeated, or with spaces where none belong. Marks inside numbers and links stay."""

from __future__ import annotations

import re

from roadworthy.perturbations.bursts import breaks
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import ANY_LANGUAGE, perturbation
from roadworthy.perturbations.words import SHARE

_MARK = re.compile(r"(?<![.,;:!?])[.,;:!?]++(?=\s|$)")
_DOTTED = ".,;:"
_REPEATS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6}
_END = re.compile(r"[.!?,;:]\s+")
_ASKS = re.compile(r"\s*(?:who|what|when|where|why|which|how|can|could|do|does|did|is|are|will)\b", re.IGNORECASE)


@perturbation("punctuation", languages=[ANY_LANGUAGE], weight=4)
def dropped_punctuation(text: str, severity: int, draw: Draw) -> str:
    """The last mark is left out; from severity 3 on every mark that ends a word."""
    if severity < 3:
        return text.rstrip(" .,;:!?") or text
    return _MARK.sub("", text) if any(map(str.isalnum, text)) else text


@perturbation("punctuation", languages=[ANY_LANGUAGE], weight=3)
def repeated_punctuation(text: str, severity: int, draw: Draw) -> str:
    """The last mark is repeated, or some are added where there is none: why??? or please!!!"""
    bare = text.rstrip(" .,;:!?")
    ending = text[len(bare) :].strip()
    mark = ending[-1] if ending and ending[-1] in "?!" else "?" if _ASKS.match(_last_sentence(bare)) else "!"
    return bare + mark * (1 + _REPEATS[severity] + draw.below(2)) if bare else text


def _last_sentence(text: str) -> str:
    return _END.split(text)[-1]


@perturbation("punctuation", languages=[ANY_LANGUAGE], weight=1)
def spaced_punctuation(text: str, severity: int, draw: Draw) -> str:
    """A space before marks : like this ?"""
    marks = [match.start() for match in _MARK.finditer(text)]
    if not marks:
        return text
    cuts = [marks[i] for i in draw.rows(len(marks), SHARE[severity])]
    return " ".join(text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True))


@perturbation("punctuation", languages=[ANY_LANGUAGE], weight=2)
def trailing_dots(text: str, severity: int, draw: Draw) -> str:
    """Dots instead of marks, and where a piece of the message ends... like this..."""
    tokens = text.rstrip(" .").split(" ")
    places = [i - 1 for i in breaks(tokens)] + [len(tokens) - 1]
    places = [i for i in places if tokens[i].rstrip(_DOTTED)[-1:].isalpha()]
    if not places:
        return text
    for i in draw.rows(len(places), SHARE[severity]):
        tokens[places[i]] = tokens[places[i]].rstrip(_DOTTED) + "." * (2 + draw.below(3))
    return " ".join(tokens)
