"""Messages that come in pieces: sent line by line, or with pauses between."""

from __future__ import annotations

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.words import SHARE, is_number
from roadworthy.perturbations.wrapping import is_said

_BEGINS_A_PIECE = frozenset(
    ["and", "but", "because", "so", "or", "if", "when", "while", "since", "please", "which", "where", "why", "how"]
)
# A piece hardly ends with a word that leans on the next one, and hardly begins with one that leans on the last.
_LEANING = (
    "a an the my your our his her their this that these those i you we they he she it is are was were am be been do "
    "does did has have had can could will would should to of in on at for from with by about and or but if what how "
    "which who very so too more please let"
)
_OFTEN_BEFORE = frozenset(["in", "on", "at", "for", "from", "with", "by", "about", "after", "before", "until"])
_LEANS_ON_NEXT = frozenset(_LEANING.split(" "))
_LEANS_ON_LAST = frozenset(["me", "it", "them", "us", "him", "you", "of", "up", "out", "off", "is", "are", "was", "be"])
_PAUSES = ("...", " ..", " -", " /")
_SHORTEST = 4


def breaks(tokens: list[str]) -> list[int]:
    """Before which words a piece may begin: after a mark, or before a word that often begins one."""
    places = [
        i
        for i in range(1, len(tokens))
        if tokens[i - 1][-1:] in (",", ".", "!", "?", ";", ":")
        or (tokens[i].lower() in _BEGINS_A_PIECE and tokens[i - 1].lower() not in _LEANS_ON_NEXT)
    ]
    return [i for i in places if not (is_number(tokens[i - 1]) and is_number(tokens[i]))]


def _middle(tokens: list[str]) -> list[int]:
    """The place nearest to the middle where a piece may well end, rather before a preposition, if there is one."""
    middle = len(tokens) // 2
    places = [i for i in range(2, len(tokens) - 1) if tokens[i] and _may_part(tokens[i - 1], tokens[i])]
    near = sorted(places, key=lambda i: (tokens[i].lower() not in _OFTEN_BEFORE, abs(i - middle), i))
    return near[:1]


def _may_part(before: str, after: str) -> bool:
    if is_number(before) or is_number(after):
        return False
    return before.lower() not in _LEANS_ON_NEXT and after.lower() not in _LEANS_ON_LAST


def _broken(text: str, severity: int, draw: Draw, *, with_pauses: bool) -> str:
    tokens = text.split(" ")
    if len(tokens) < _SHORTEST or not is_said(text):
        return text
    places = breaks(tokens) or _middle(tokens)
    if not places:
        return text
    for i in draw.rows(len(places), SHARE[severity]):
        before, place = tokens[places[i] - 1].rstrip(",.") or tokens[places[i] - 1], places[i]
        tokens[place - 1] = before + draw.pick_early(_PAUSES) if with_pauses else before
        tokens[place] = tokens[place] if with_pauses else "\n" + tokens[place]
    return " ".join(tokens).replace(" \n", "\n")


@perturbation("fragments", weight=2)
def several_lines(text: str, severity: int, draw: Draw) -> str:
    """A message sent in pieces, a line each: cut at 10, 20, 35, 50 or 70 % of the places where it could be."""
    return _broken(text, severity, draw, with_pauses=False)


@perturbation("fragments", weight=1)
def halting(text: str, severity: int, draw: Draw) -> str:
    """Pauses at 10, 20, 35, 50 or 70 % of those places: so... my order .. where is it."""
    return _broken(text, severity, draw, with_pauses=True)
