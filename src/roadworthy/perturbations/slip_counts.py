"""Slips counted over pairs of messages: as they were meant, and as they were typed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.slip_templates import Slip, Template, make, place_of

# A number is one token, with the signs inside it.
TOKEN = re.compile(r"\d+(?:[^\w\s]+\d+)+|[^\W\d_]+(?:['’][^\W\d_]+)*|\w+|[^\w\s]")
LONGEST = 12
_MOST_SLIPS = 3
# On how many words it is tried how often a template fits.
_FITTED = 60
# Beyond these a word was not mistyped: another one stands in its place.
_MOST_LETTERS = 4


class SlipCount:
    """What is counted over pairs of messages."""

    def __init__(self) -> None:
        self.templates: list[Template] = []
        self.lengths: Counter[int] = Counter()
        self.mistyped: Counter[int] = Counter()
        self.other: Counter[str] = Counter()
        self.signs: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.words: list[str] = []

    def add(self, clean: str, typed: str) -> None:
        """Count one pair."""
        meant, came = TOKEN.findall(clean), TOKEN.findall(typed)
        for token in meant:
            if token[0].isalpha():
                self.lengths[min(len(token), LONGEST)] += 1
                self.words.append(token)
            else:
                self.signs[token] += 1
        for before, after in chunks(meant, came):
            self._chunk(before, after)

    def _chunk(self, before: list[str], after: list[str]) -> None:
        shape = (len(before), len(after))
        if shape == (1, 1) and before[0][0].isalpha() and after[0][0].isalpha():
            self._word(*before, *after)
        elif shape == (1, 0) and not before[0][0].isalpha():
            self.lost[before[0]] += 1
        elif shape in ((2, 1), (1, 2)) and "".join(before) == "".join(after):
            self.other["joined" if len(before) == 2 else "split"] += 1

    def _word(self, meant: str, came: str) -> None:
        slips = slips_of(meant, came)
        if slips:
            length = min(len(meant), LONGEST)
            self.templates.append(Template(length, slips))
            self.mistyped[length] += 1

    def weighted(self) -> list[Template]:
        """The templates; those that fit few words are drawn the more often, so that the mix stays as it was."""
        draw = Draw("slips", 0, 0, "")
        words = [word for word in self.words if len(word) > 1]
        found = []
        for template in self.templates:
            near = [word for word in words if abs(min(len(word), LONGEST) - template.length) <= 1]
            tried = [draw.pick(near) for _ in range(_FITTED)] if near else []
            fits = sum(make(word, template, draw) is not None for word in tried)
            found.append(template._replace(weight=_FITTED * _FITTED // (fits + 2)))
        return found

    def rates(self) -> list[float]:
        """The share of words that are mistyped by length, each smoothed over its neighbours."""
        found = []
        for length in range(1, LONGEST + 1):
            near = range(length - 1, length + 2)
            words = sum(self.lengths[n] for n in near)
            found.append(sum(self.mistyped[n] for n in near) / words if words else 0.0)
        return found

    def share(self, what: str) -> float:
        """The share of all words that something happens to."""
        words = sum(self.lengths.values())
        return self.other[what] / words if words else 0.0


def chunks(meant: Sequence[str], came: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Where two lists of tokens differ: the tokens of each; as many on both sides are paired one by one.

    Examples
    --------
    >>> list(chunks(["where", "is", "it", "?"], ["wher", "is", "it"]))
    [(['where'], ['wher']), (['?'], [])]
    """
    for tag, i, j, k, m in SequenceMatcher(None, meant, came, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if j - i == m - k:
            yield from (([one], [other]) for one, other in zip(meant[i:j], came[k:m], strict=True))
        else:
            yield list(meant[i:j]), list(came[k:m])


def slips_of(meant: str, came: str) -> tuple[Slip, ...]:
    """The slips that make one word of another; none where they differ by more than slips.

    Examples
    --------
    >>> [slip.kind for slip in slips_of("order", "odrer")], [slip.kind for slip in slips_of("refund", "refunfd")]
    (['swapped'], ['inserted'])
    >>> slips_of("lamp", "refund")
    ()
    """
    swap = _swap(meant, came)
    if swap is not None:
        return (_slip("swapped", meant, swap, swap + 2, came[swap : swap + 2]),)
    found = [
        _slip(_KINDS[tag], meant, i, j, came[k:m])
        for tag, i, j, k, m in SequenceMatcher(None, meant, came, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
    letters = sum(max(len(slip.old), len(slip.new)) for slip in found)
    return tuple(found) if len(found) <= _MOST_SLIPS and letters <= min(_MOST_LETTERS, len(meant)) else ()


_KINDS = {"delete": "dropped", "insert": "inserted", "replace": "replaced"}


def _slip(kind: str, word: str, start: int, end: int, new: str) -> Slip:
    left = word[start - 1 : start] if start else ""
    return Slip(kind, place_of(start, end, len(word)), word[start:end], new, left, word[end : end + 1])


def _swap(meant: str, came: str) -> int | None:
    """Where two letters that follow each other changed places; None where that is not all that happened."""
    if len(meant) != len(came):
        return None
    places = [i for i, (one, other) in enumerate(zip(meant, came, strict=True)) if one != other]
    if len(places) != 2 or places[1] != places[0] + 1:
        return None
    first = places[0]
    return first if meant[first] == came[first + 1] and meant[first + 1] == came[first] else None
