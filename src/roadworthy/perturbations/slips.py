"""Typing slips as they really are: learned from pairs of what was meant and what was typed, and made in other messages.

Of the pairs nothing is kept but how often slips happen, and what each was made of: the letters that changed, one letter
on either side of them, and the length of the word.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from math import sqrt
from typing import Any

from roadworthy.errors import PerturbationError
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.slip_counts import TOKEN, SlipCount
from roadworthy.perturbations.slip_templates import LONGEST, Slip, Template, make
from roadworthy.perturbations.words import is_negation, negations

_TRIES = 80


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
    'whee is teh pacel'
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
        # Those that a word of some length may follow, each as often as its weight says.
        self._near = [self._of_length(length) for length in range(1, LONGEST + 1)]
        self.joined = joined
        self.split = split
        self.signs = dict(signs or {})
        self.spread = spread

    @classmethod
    def learn(cls, pairs: Iterable[tuple[str, str]]) -> Slips:
        """Learn from pairs of messages: as they were meant, and as they were typed.

        Raises
        ------
        PerturbationError
            No pair differs by a slip.
        """
        count = SlipCount()
        for clean, typed in pairs:
            count.add(clean, typed)
        if not count.templates:
            raise PerturbationError("no pair differs by a typing slip", mend="give pairs of which some were mistyped")
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

    def change(self, text: str, draw: Draw, *, times: float = 1.0) -> str:
        """A message as it might be typed; `times` makes slips so many times as frequent.

        Numbers and negations stay as they are.
        """
        # Half of the messages are typed with more care, half with less.
        times *= 1 + sqrt(self.spread) * (1 if draw.chance(0.5) else -1)
        pieces: list[str] = []
        end = 0
        found = list(TOKEN.finditer(text))
        joins = False
        for at, match in enumerate(found):
            token = match.group()
            gap = text[end : match.start()]
            pieces.append("" if joins else gap)
            end = match.end()
            following = found[at + 1].group() if at + 1 < len(found) else ""
            new, joins = self._token(token, following, draw, times)
            pieces.append(new)
        typed = "".join([*pieces, text[end:]]).strip()
        # What stands beside a word can make a negation of it: n'o.
        return typed if typed and len(negations(typed)) == len(negations(text)) else text

    def _token(self, token: str, following: str, draw: Draw, times: float) -> tuple[str, bool]:
        """What becomes of a token, and whether the space after it is left out."""
        if not token[0].isalpha():
            return ("" if draw.chance(min(1.0, self.signs.get(token, 0.0) * times)) else token), False
        if is_negation(token) or any(map(str.isdigit, token)):
            return token, False
        if following.isalpha() and draw.chance(self.joined * times):
            return token, not (is_negation(following) or is_negation(token + following))
        if len(token) > 3 and draw.chance(self.split * times):
            cut = 1 + draw.below(len(token) - 1)
            return self._kept(token, f"{token[:cut]} {token[cut:]}"), False
        if draw.chance(min(1.0, self.words[min(len(token), LONGEST) - 1] * times)):
            return self._kept(token, self._mistyped(token, draw)), False
        return token, False

    def _kept(self, token: str, changed: str) -> str:
        return token if any(map(is_negation, changed.split())) else changed

    def _of_length(self, length: int) -> tuple[list[Template], list[int]]:
        near = [template for template in self.templates if template.is_near(length)]
        return near, list(accumulate(template.weight for template in near))

    def _mistyped(self, word: str, draw: Draw) -> str:
        templates, ends = self._near[min(len(word), LONGEST) - 1]
        for _ in range(_TRIES if templates else 0):
            template = templates[bisect(ends, draw.below(ends[-1]))]
            changed = make(word, template, draw)
            if changed is not None and changed != word:
                return changed
        return word
