"""Randomness as an argument: one small generator a message, the same on every platform and Python version."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from math import prod
from typing import TypeVar

Item = TypeVar("Item")

_MASK = (1 << 64) - 1
_MULTIPLIER = 6364136223846793005
_INCREMENT = 1442695040888963407
_SCALE = 1 / (1 << 31)


class Draw:
    """A stream of draws that depends on nothing but its key.

    The key is hashed with BLAKE2b into the state of a 64-bit linear congruential generator (Knuth's MMIX
    constants), of which the upper 31 bits are used. Good enough to choose words and letters with; not for secrets.

    Examples
    --------
    >>> draw = Draw("typos", 3, 0, "where is it")
    >>> draw.below(10), draw.below(10), draw.below(10)
    (3, 1, 1)
    """

    __slots__ = ("_state",)

    def __init__(self, name: str, severity: int, seed: int, text: str) -> None:
        self._state: int = draws(name, severity, seed)(text)._state

    def _bits(self) -> int:
        """The next 31 bits; those that are asked most often do the same in line."""
        self._state = state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        return state >> 33

    def uniform(self) -> float:
        """A number from 0 (included) to 1 (excluded)."""
        return self._bits() * _SCALE

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        self._state = state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        return (state >> 33) * _SCALE < probability

    def below(self, n: int) -> int:
        """An integer from 0 (included) to n (excluded)."""
        self._state = state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        return (state >> 33) * n >> 31

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, each as likely as the other."""
        self._state = state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        return items[(state >> 33) * len(items) >> 31]

    def pick_early(self, items: Sequence[Item]) -> Item:
        """One of the items, an earlier one likelier: lexicons list the commonest form first."""
        n = len(items)
        if n == 1:
            return items[0]
        self._state = state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        return items[int(n * ((state >> 33) * _SCALE) ** 2)]

    def sample(self, n: int, k: int) -> list[int]:
        """Draw k distinct integers below n, ascending (all of them where k is larger)."""
        if k >= n:
            return list(range(n))
        return [self._bits() * n >> 31] if k == 1 else self._distinct(n, k, self._state)

    def _distinct(self, n: int, k: int, state: int) -> list[int]:
        """As `sample`, from a state, by Floyd's algorithm (Bentley and Floyd, 1987)."""
        found: set[int] = set()
        for end in range(n - k + 1, n + 1):
            state = (state * _MULTIPLIER + _INCREMENT) & _MASK
            row = (state >> 33) * end >> 31
            found.add(end - 1 if row in found else row)
        self._state = state
        return sorted(found)

    def count(self, n: int, share: float) -> int:
        """How many of n to change for a share of them: at least one, rounded up or down by chance."""
        wanted = n * share
        if wanted <= 1:
            return min(n, 1)
        whole = int(wanted)
        self._state = state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        return whole + ((state >> 33) * _SCALE < wanted - whole)

    def rows(self, n: int, share: float) -> Sequence[int]:
        """Which of n to change for a share of them, ascending: as many as `count` says, as `sample` draws them.

        Examples
        --------
        >>> Draw("x", 3, 0, "").rows(6, 0.5), list(Draw("x", 3, 0, "").rows(0, 0.5))
        ([0, 2, 4], [])
        """
        state = self._state
        wanted, k = n * share, 1
        if wanted > 1:
            k = int(wanted)
            state = (state * _MULTIPLIER + _INCREMENT) & _MASK
            k += (state >> 33) * _SCALE < wanted - k
        if k >= n:
            self._state = state
            return range(n)
        if k == 1:
            self._state = state = (state * _MULTIPLIER + _INCREMENT) & _MASK
            return ((state >> 33) * n >> 31,)
        return self._distinct(n, k, state)

    def events(self, chances: Iterable[float], *, times: float = 1.0) -> Iterator[int]:
        """Where something happens: at each place by its own chance, which is taken so many times.

        As though `chance` were asked at every place, but with one draw for an event instead of one for a place.

        Examples
        --------
        >>> list(Draw("x", 3, 0, "").events([0.0, 1.0, 0.0, 0.6], times=2))
        [1, 3]
        """
        return self.losses([max(0.0, 1 - chance * times) for chance in chances])

    def losses(self, kept: Sequence[float]) -> Iterator[int]:
        """As `events`, given for each place the chance that nothing happens there.

        Examples
        --------
        >>> list(Draw("x", 3, 0, "").losses([1.0, 0.0, 1.0, 0.0]))
        [1, 3]
        """
        self._state = state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        left, end = 1.0, (state >> 33) * _SCALE
        # In most messages nothing happens, which is quickly seen.
        if prod(kept) > end:
            return
        for place, chance in enumerate(kept):
            left *= chance
            # The chance that nothing has happened yet fell to the number drawn, or below.
            if left <= end:
                yield place
                self._state = state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
                left, end = 1.0, (state >> 33) * _SCALE

    def weighted(self, ends: Sequence[float]) -> int:
        """An index, the heavier the likelier; given are the sums of the weights up to each.

        Examples
        --------
        >>> draw = Draw("x", 3, 0, "")
        >>> [draw.weighted([1, 1, 10]) for _ in range(6)]
        [2, 0, 2, 2, 2, 2]
        """
        self._state = state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        return bisect(ends, (state >> 33) * _SCALE * ends[-1])


def draws(name: str, severity: int, seed: int) -> Callable[[str], Draw]:
    """What begins the draws of each of many messages, given what their keys share.

    Examples
    --------
    >>> draws("typos", 3, 0)("where is it").below(10) == Draw("typos", 3, 0, "where is it").below(10)
    True
    """
    begin, new, number = _begun(name, severity, seed).copy, Draw.__new__, int.from_bytes

    def of(text: str) -> Draw:
        draw, hashed = new(Draw), begin()
        hashed.update(text.encode("utf-8", "surrogatepass"))
        draw._state = number(hashed.digest(), "little")
        return draw

    return of


@lru_cache(maxsize=1 << 10)
def _begun(name: str, severity: int, seed: int) -> blake2b:
    """The hash of what many messages share."""
    return blake2b(f"{name}\x1f{severity}\x1f{seed}\x1f".encode("utf-8", "surrogatepass"), digest_size=8)
