"""Spelling: a word that training messages do not hold, but one letter away from a word that they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator, TransformerMixin

from roadworthy.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Iterator

# Shorter words have too many neighbours.
SHORTEST = 4
_LONGEST = 30
_REMEMBERED = 1 << 13


class SpellingCorrector(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Puts known words in the place of unknown ones that a single typing error makes of them.

    An error is a letter too many, too few, another one, or two that are swapped. Of several known words the one with
    the same first letter is taken, then the commonest. Words are found by their deletions, as in Garbe's symmetric
    delete algorithm (SymSpell, 2012), so that an unknown word costs a few look-ups.

    Attributes
    ----------
    words_
        The known words, the commonest first.

    Examples
    --------
    >>> corrector = SpellingCorrector().fit(["where is my order", "order status"])
    >>> corrector.transform(["my oder?", "wher is it"])
    ['my order ?', 'where is it']
    """

    def fit(self, texts: Sequence[str], labels: object = None) -> SpellingCorrector:
        """Learn the words of n messages."""
        counts = Counter(token for text in texts for token in tokenise(text))
        self.words_ = sorted(counts, key=lambda word: (-counts[word], word))
        self._prepare()
        return self

    def transform(self, texts: Sequence[str]) -> list[str]:
        """The messages with their words corrected; one without a correction stays as it is."""
        return [self.correct(text) for text in texts]

    def correct(self, text: str) -> str:
        """One message with its words corrected."""
        tokens = tokenise(text)
        fixed = self.corrected(tokens)
        return text if fixed is tokens else " ".join(fixed)

    def corrected(self, tokens: tuple[str, ...]) -> tuple[str, ...]:
        """Words and signs with the words corrected; the very same where there is nothing to correct."""
        rank = self._rank
        fixed = tuple([token if token in rank else self._remembered(token) for token in tokens])
        return tokens if fixed == tokens else fixed

    def _remembered(self, token: str) -> str:
        """The nearest known word; slips repeat themselves, so the last few thousand are remembered."""
        found = self._slips.get(token)
        if found is None:
            if not SHORTEST <= len(token) <= _LONGEST or not token.isalpha():
                return token
            if len(self._slips) >= _REMEMBERED:
                self._slips.clear()
            found = self._slips[token] = self._nearest(token)
        return found

    def _nearest(self, token: str) -> str:
        index, rank = self._index, self._rank
        found = {word for deletion in _deletions(token) for word in index.get(deletion, ()) if _is_slip(token, word)}
        return min(found, key=lambda word: (word[0] != token[0], rank[word]), default=token)

    def _prepare(self) -> None:
        self._slips: dict[str, str] = {}
        self._rank = {word: rank for rank, word in enumerate(self.words_)}
        self._index: dict[str, list[str]] = {}
        for word in self.words_:
            if SHORTEST <= len(word) <= _LONGEST and word.isalpha():
                for deletion in _deletions(word):
                    self._index.setdefault(deletion, []).append(word)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in {"_rank", "_index", "_slips"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "words_" in state:
            self._prepare()


def _deletions(word: str) -> Iterator[str]:
    """The word, and what is left of it without one of its letters."""
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def _is_slip(typed: str, word: str) -> bool:
    """Whether one typing error makes the typed word of another; both share a deletion."""
    if len(typed) != len(word):
        return abs(len(typed) - len(word)) == 1
    places = [place for place, (one, other) in enumerate(zip(typed, word, strict=True)) if one != other]
    if len(places) == 2:
        first, second = places
        return second == first + 1 and typed[first] == word[second] and typed[second] == word[first]
    return len(places) == 1
