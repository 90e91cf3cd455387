"""Randomness as an argument: one small generator a message, the same on every platform and Python version."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
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
        key = f"{name}\x1f{severity}\x1f{seed}\x1f{text}".encode("utf-8", "surrogatepass")
        self._state = int.from_bytes(blake2b(key, digest_size=8).digest(), "little")

    def _bits(self) -> int:
        self._state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        return self._state >> 33

    def uniform(self) -> float:
        """A number from 0 (included) to 1 (excluded)."""
        return self._bits() * _SCALE

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._bits() * _SCALE < probability

    def below(self, n: int) -> int:
        """An integer from 0 (included) to n (excluded)."""
        return self._bits() * n >> 31

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, each as likely as the other."""
        return items[self._bits() * len(items) >> 31]

    def pick_early(self, items: Sequence[Item]) -> Item:
        """One of the items, an earlier one likelier: lexicons list the commonest form first."""
        return items[int(len(items) * self.uniform() ** 2)]

    def sample(self, n: int, k: int) -> list[int]:
        """Draw k distinct integers below n, ascending (all of them where k is larger)."""
        rows = list(range(n))
        for i in range(min(k, n)):
            j = i + self.below(n - i)
            rows[i], rows[j] = rows[j], rows[i]
        return sorted(rows[:k])

    def count(self, n: int, share: float) -> int:
        """How many of n to change for a share of them: at least one, rounded up or down by chance."""
        wanted = n * share
        whole = int(wanted)
        return min(n, max(1, whole + self.chance(wanted - whole)))

    def weighted_order(self, weights: Sequence[float]) -> list[int]:
        """All indices, in an order in which the heavier ones tend to come first (Efraimidis and Spirakis, 2006)."""
        keys = [(self.uniform() + 1e-12) ** (1 / weight) for weight in weights]
        return sorted(range(len(keys)), key=lambda i: -keys[i])
