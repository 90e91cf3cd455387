"""Typing slips as they really are: learned from pairs of what was meant and what was typed, and made in other messages.

Of the pairs nothing is kept but how often slips happen, and what each was made of: the letters that changed, one letter
on either side of them, and the length of the word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from math import sqrt
from typing import Any, NamedTuple

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.slip_counts import TOKEN, SlipCount
from roadworthy.perturbations.slip_templates import LONGEST, Slip, Template, make
from roadworthy.perturbations.words import is_negation, keeps
from roadworthy.remembered import LONGEST_WORD, Remembered

_TOKEN_OR_GAP = re.compile(rf"\s+|{TOKEN.pattern}")
# What may happen to a word, in this order; else it is mistyped.
_JOINED, _SPLIT = 0, 1
# How many templates are tried before those that fit a word are looked for.
_TRIES = 10
# Nothing happens to a number, nor to the space after it.
_KEPT_NUMBER = (1.0, 1.0)


class Slips:
    """How somebody types: made of counts by `learn`, and applied to a message.

    Parameters
    ----------
    words
        The share of words of 1, 2, … 12 or more letters that are mistyped.
    templates
        What mistyped words look like; one is drawn for each word that is to be mistyped.
    joined, split
        The shares of words that are joined with the next one, or fall into two.
    signs
        For each punctuation mark the share of times that it is left out.
    spread
        How much the careless differ from the careful, 0 to 1: the variance of messages' rates of slips over its square.

    Examples
    --------
    >>> pairs = [("where is my order", "where is my oder"), ("what is the status", "what is teh status")]
    >>> learned = Slips.learn(pairs * 20)
    >>> learned.change("where is the parcel", Draw("slips", 3, 7, ""), times=4)
    'were is teh pacel'
    """

    def __init__(
        self,
        *,
        words: Sequence[float],
        templates: Sequence[Template],
        joined: float = 0.0,
        split: float = 0.0,
        signs: dict[str, float] | None = None,
        spread: float = 0.0,
    ) -> None:
        self.words = tuple(words)
        self.templates = tuple(templates)
        self._near = [self._of_length(length) for length in range(1, LONGEST + 1)]
        self.joined = joined
        self.split = split
        self.signs = dict(signs or {})
        self.spread = spread
        self._kept = lru_cache(maxsize=16)(self._kept_at)
        self._fitting = Remembered(self._that_fit)

    @classmethod
    def learn(cls, pairs: Iterable[tuple[str, str]]) -> Slips:
        """Learn from pairs of messages: as they were meant, and as they were typed.

        Where no pair differs by a slip, there are no templates, and nothing is changed.
        """
        count = SlipCount()
        for clean, typed in pairs:
            count.add(clean, typed)
        return cls(
            words=count.rates(),
            templates=count.weighted(),
            joined=count.share("joined"),
            split=count.share("split"),
            signs={sign: n / count.signs[sign] for sign, n in sorted(count.lost.items())},
            spread=count.spread(),
        )

    def as_dict(self) -> dict[str, Any]:
        """What it is made of, as JSON can hold it."""
        return {
            "words": list(self.words),
            "joined": self.joined,
            "split": self.split,
            "signs": self.signs,
            "spread": self.spread,
            "templates": [[one.length, one.weight, [list(slip) for slip in one.slips]] for one in self.templates],
        }

    @classmethod
    def of_dict(cls, values: Mapping[str, Any]) -> Slips:
        """What `as_dict` gave."""
        templates = [
            Template(length, tuple(Slip(*slip) for slip in slips), weight)
            for length, weight, slips in values["templates"]
        ]
        return cls(**{**values, "templates": templates})

    def __reduce__(self) -> tuple[Any, ...]:
        # What is remembered of words stays behind.
        return Slips.of_dict, (self.as_dict(),)

    def change(self, text: str, draw: Draw, *, times: float = 1.0) -> str:
        """A message as it might be typed; `times` makes slips so many times as frequent.

        Numbers and negations stay as they are.
        """
        if self.spread:
            # Half of the messages are typed with more care, half with less.
            times *= 1 + sqrt(self.spread) * (1 if draw.chance(0.5) else -1)
        pieces = text.split(" ")
        tokens: list[str] = []
        for place in draw.losses(list(chain.from_iterable(map(self._kept(times).__getitem__, pieces)))):
            tokens = tokens or list(chain.from_iterable(map(_TOKENS.__getitem__, pieces)))
            self._slip(tokens, place, draw)
        if not tokens:
            return text
        typed = "".join(tokens).strip()
        # What stands beside a word can make a negation of it: n'o.
        return typed if keeps(text, typed) else text

    def _kept_at(self, times: float) -> Remembered[tuple[float, ...]]:
        """Of every piece of a text how likely each of its tokens stays as it is."""

        def kept(piece: str) -> tuple[float, ...]:
            if piece.isdecimal():
                return _KEPT_NUMBER
            return tuple([max(0.0, 1 - self._chance(token) * times) for token in _TOKENS[piece]])

        return Remembered(kept)

    def _chance(self, token: str) -> float:
        """How likely anything happens to a token."""
        if not token[0].isalpha():
            return self.signs.get(token, 0.0)
        if is_negation(token) or any(map(str.isdigit, token)) or len(token) > LONGEST_WORD:
            return 0.0
        return self._ends(token)[-1]

    def _ends(self, word: str) -> tuple[float, float, float]:
        """How likely a word is joined with the next one; that, or falls into two; any of these, or is mistyped."""
        parted = self.joined + (self.split if len(word) > 3 else 0.0)
        return self.joined, parted, parted + self.words[min(len(word), LONGEST) - 1]

    def _slip(self, tokens: list[str], place: int, draw: Draw) -> None:
        """Something happens to a token."""
        token = tokens[place]
        if not token[0].isalpha():
            tokens[place] = ""
            return
        what = draw.weighted(self._ends(token))
        if what == _JOINED:
            _join(tokens, place)
            return
        new = _in_two(token, draw) if what == _SPLIT else self._mistyped(token, draw)
        if not any(map(is_negation, new.split())):
            tokens[place] = new

    def _of_length(self, length: int) -> _Templates:
        """Those that a word of some length may follow; what they share with templates of other lengths stands once."""
        weights: dict[tuple[Slip, ...], int] = {}
        for template in self.templates:
            if template.is_near(length):
                weights[template.slips] = weights.get(template.slips, 0) + template.weight
        return _Templates.of([Template(length, slips, weight) for slips, weight in weights.items()])

    def _mistyped(self, word: str, draw: Draw) -> str:
        """A word with the slips of a template that is drawn by its weight from those that fit it."""
        near = self._near[min(len(word), LONGEST) - 1]
        at_random = near.made(word, draw, _TRIES) if len(near.templates) > _TRIES else None
        return at_random or self._fitting[word].made(word, draw, _TRIES) or word

    def _that_fit(self, word: str) -> _Templates:
        near = self._near[min(len(word), LONGEST) - 1].templates
        draw = Draw("slips", 0, 0, word)
        return _Templates.of([template for template in near if make(word, template, draw) not in (None, word)])


class _Templates(NamedTuple):
    """Templates, and the sums of their weights up to each."""

    templates: tuple[Template, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, templates: Sequence[Template]) -> _Templates:
        return cls(tuple(templates), tuple(accumulate(template.weight for template in templates)))

    def made(self, word: str, draw: Draw, tries: int) -> str | None:
        """The word with the slips of one of them; None where none of those that were tried fits it."""
        for _ in range(tries if self.templates else 0):
            changed = make(word, self.templates[draw.weighted(self.ends)], draw)
            if changed is not None and changed != word:
                return changed
        return None


def _tokens(piece: str) -> tuple[str, ...]:
    """The tokens of what stands between two spaces, other white space among them, and the space after it."""
    whole = piece.isalpha() or piece.isdecimal()
    return (piece, " ") if whole else (*_TOKEN_OR_GAP.findall(piece), " ")


_TOKENS = Remembered(_tokens)


def _join(tokens: list[str], place: int) -> None:
    """The gap before the next word is left out, where a word follows and no negation is lost or comes about."""
    token, gap, following = (*tokens[place : place + 3], "", "")[:3]
    if gap.isspace() and following.isalpha() and not (is_negation(following) or is_negation(token + following)):
        tokens[place + 1] = ""


def _in_two(token: str, draw: Draw) -> str:
    cut = 1 + draw.below(len(token) - 1)
    return f"{token[:cut]} {token[cut:]}"
