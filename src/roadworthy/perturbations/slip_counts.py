"""Slips counted over pairs of messages: as they were meant, and as they were typed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

import numpy as np

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.slip_templates import LONGEST, Slip, Template, make, place_of
from roadworthy.perturbations.surface import shorthand

# A number is one token, with the signs inside it.
TOKEN = re.compile(r"\d+(?:[^\w\s]+\d+)+|[^\W\d_]+(?:['’][^\W\d_]+)*|\w+|[^\w\s]")
_MOST_SLIPS = 3
# On how many words it is tried which templates fit, and how often their weights are adjusted.
_FITTED, _ROUNDS = 500, 20
# The weight of a usual template, and how many times that is the most.
_MEDIAN, _MOST = 100, 50
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
        self.messages: list[tuple[int, int]] = []

    def add(self, clean: str, typed: str) -> None:
        """Count one pair; a message without capitals, or of nothing else, was not mistyped at each letter."""
        if typed in (typed.lower(), typed.upper()):
            clean, typed = clean.lower(), typed.lower()
        meant, came = TOKEN.findall(clean), TOKEN.findall(typed)
        for token in meant:
            if token[0].isalpha():
                self.lengths[min(len(token), LONGEST)] += 1
                self.words.append(token)
            else:
                self.signs[token] += 1
        slips = 0
        for before, after in chunks(meant, came):
            slips += self._chunk(before, after, typed)
        self.messages.append((len(meant), slips))

    def _chunk(self, before: list[str], after: list[str], typed: str) -> int:
        """Count one place where two messages differ; how many words were mistyped there."""
        if len(before) == 1 < len(after) and "".join(after) in typed:
            # One word still: a sign was hit inside it.
            after = ["".join(after)]
        shape = (len(before), len(after))
        if shape == (1, 1) and before[0][0].isalpha() and after[0][0].isalpha():
            return self._word(*before, *after)
        if shape == (1, 0) and not before[0][0].isalpha():
            self.lost[before[0]] += 1
        elif shape in ((2, 1), (1, 2)) and "".join(before) == "".join(after):
            self.other["joined" if len(before) == 2 else "split"] += 1
        return 0

    def _word(self, meant: str, came: str) -> int:
        slips = () if came.lower() in shorthand() else slips_of(meant, came)
        if slips:
            length = min(len(meant), LONGEST)
            self.templates.append(Template(length, slips))
            self.mistyped[length] += 1
        return bool(slips)

    def weighted(self) -> list[Template]:
        """The templates with weights by which each is made as often as the others: some fit few words.

        Found by iterative proportional fitting (Deming and Stephan, 1940) over a sample of the words.
        """
        draw = Draw("slips", 0, 0, "")
        words = [word for word in self.words if len(word) > 1]
        words = [words[i] for i in draw.sample(len(words), _FITTED)]
        fits = np.array([[_fits(template, word, draw) for word in words] for template in self.templates], dtype=float)
        rates = self.rates()
        chances = np.array([rates[min(len(word), LONGEST) - 1] for word in words])
        weights = np.ones(len(self.templates))
        for _ in range(_ROUNDS if fits.any() else 0):
            shares = weights[:, None] * fits
            came = shares @ (chances / np.maximum(shares.sum(axis=0), 1e-12))
            weights = np.clip(weights * came.sum() / len(weights) / np.maximum(came, 1e-12), 1 / _MOST, _MOST)
            weights /= np.median(weights)
        whole = np.clip(np.rint(weights * _MEDIAN), 1, _MOST * _MEDIAN).astype(int).tolist()
        return [template._replace(weight=weight) for template, weight in zip(self.templates, whole, strict=True)]

    def rates(self) -> list[float]:
        """The share of words that are mistyped by length, each smoothed over its neighbours."""
        found = []
        for length in range(1, LONGEST + 1):
            near = range(length - 1, length + 2)
            words = sum(self.lengths[n] for n in near)
            found.append(sum(self.mistyped[n] for n in near) / words if words else 0.0)
        return found

    def spread(self) -> float:
        """How much the careless differ from the careful: the variance of messages' rates of slips over its square.

        Estimated by moments, as for a mixed Poisson distribution; 0 where messages differ by chance alone, at most 1.
        """
        rate = sum(slips for _, slips in self.messages) / max(1, sum(tokens for tokens, _ in self.messages))
        expected = [rate * tokens for tokens, _ in self.messages]
        square = sum(one * one for one in expected)
        if not square:
            return 0.0
        left = sum((slips - mean) ** 2 - mean for (_, slips), mean in zip(self.messages, expected, strict=True))
        return min(1.0, max(0.0, left / square))

    def share(self, what: str) -> float:
        """The share of all words that something happens to."""
        words = sum(self.lengths.values())
        return self.other[what] / words if words else 0.0


def _fits(template: Template, word: str, draw: Draw) -> bool:
    return template.is_near(len(word)) and make(word, template, draw) not in (None, word)


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
    found = _joined(_steps(meant, came))
    letters = sum(max(end - start, len(new)) for _, start, end, new in found)
    if len(found) > _MOST_SLIPS or letters > min(_MOST_LETTERS, len(meant)) or _is_row(found):
        return ()
    return tuple(_slip(kind, meant, start, end, new) for kind, start, end, new in found)


_Step = tuple[str, int, int, str]


def _steps(meant: str, came: str) -> list[_Step]:
    """The fewest slips of single letters, and swaps of two, that make one word of another.

    The optimal string alignment distance of Damerau (1964) and Wagner and Fischer (1974), walked back.
    """
    cost = _costs(meant, came)
    i, j, found = len(meant), len(came), []
    while i or j:
        kind, back, on = next(step for step in _STEPS if _leads(step, cost, meant, came, i, j))
        i, j = i - back, j - on
        if kind:
            found.append((kind, i, i + back, came[j : j + on]))
    return found[::-1]


# What may happen to letters, and how many were meant and came; of a double letter the last one is dropped or inserted.
_STEPS = (("dropped", 1, 0), ("inserted", 0, 1), ("", 1, 1), ("swapped", 2, 2), ("replaced", 1, 1))


def _leads(step: tuple[str, int, int], cost: list[list[int]], meant: str, came: str, i: int, j: int) -> bool:
    """Whether a step ends a shortest way to the first i and j letters."""
    kind, back, on = step
    if i < back or j < on or cost[i][j] != cost[i - back][j - on] + bool(kind):
        return False
    if kind == "swapped":
        return _is_swap(meant, came, i, j)
    return bool(kind) or meant[i - 1] == came[j - 1]


def _is_swap(meant: str, came: str, i: int, j: int) -> bool:
    return meant[i - 2 : i] == came[j - 2 : j][::-1]


def _costs(meant: str, came: str) -> list[list[int]]:
    """How many steps lead from the first letters of one word to the first letters of the other."""
    cost = [[i + j if not i * j else 0 for j in range(len(came) + 1)] for i in range(len(meant) + 1)]
    for i in range(1, len(meant) + 1):
        for j in range(1, len(came) + 1):
            differ = meant[i - 1] != came[j - 1]
            cost[i][j] = min(cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + differ)
            if i > 1 and j > 1 and differ and _is_swap(meant, came, i, j):
                cost[i][j] = min(cost[i][j], cost[i - 2][j - 2] + 1)
    return cost


def _is_row(steps: list[_Step]) -> bool:
    """Whether three steps stand side by side: together they would tell what was written."""
    beside = [before[2] == after[1] for before, after in pairwise(steps)]
    return any(one and other for one, other in pairwise(beside))


def _joined(steps: list[_Step]) -> list[_Step]:
    """Steps of which letters dropped, or inserted, side by side are one."""
    found: list[_Step] = []
    for kind, start, end, new in steps:
        if found and kind in ("dropped", "inserted") and found[-1][0] == kind and found[-1][2] == start:
            _, before, _, letters = found.pop()
            start, new = before, letters + new
        found.append((kind, start, end, new))
    return found


def _slip(kind: str, word: str, start: int, end: int, new: str) -> Slip:
    left = word[start - 1 : start] if start else ""
    return Slip(kind, place_of(start, end, len(word)), word[start:end], new, left, word[end : end + 1])
