"""What is known of a word is worked out once: most words of a message were met before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

# Longer pieces are no words, and would fill the memory.
LONGEST_WORD = 40
# Longer numbers hardly come again.
_LONGEST_NUMBER = 2
_MOST = 1 << 13


class Remembered(dict[str, Value]):
    """A function of words that remembers what it said; `known[word]` asks it.

    It holds nothing that is longer than a word, and no number of more than two digits, as these hardly come again; when
    it is full it forgets everything. What it takes of memory is bounded, whatever messages come.

    Parameters
    ----------
    of
        A pure function.

    Examples
    --------
    >>> lengths = Remembered(len)
    >>> list(map(lengths.__getitem__, ["where", "is", "it", "12", "123", "x" * 50])), len(lengths)
    ([5, 2, 2, 2, 3, 50], 4)
    """

    __slots__ = ("_of",)

    def __init__(self, of: Callable[[str], Value]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, word: str) -> Value:
        value = self._of(word)
        if len(word) <= (_LONGEST_NUMBER if word[-1:].isdecimal() else LONGEST_WORD):
            if len(self) >= _MOST:
                self.clear()
            self[word] = value
        return value
