"""Why a message was answered as it was: the words that training messages do not hold, and what else it might be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from roadworthy.data import BlackBox
from roadworthy.models.answers import read_probabilities
from roadworthy.models.guarded import GuardedModel
from roadworthy.models.vocabulary import vocabulary_of

if TYPE_CHECKING:
    from roadworthy.models.adapt import Model

ALTERNATIVES = 3

_SPACE = re.compile(r"(\s+)")
_APOSTROPHES = "'’"
_WORD, _JOINED = "word", ""

Unknown = Callable[[str], tuple[str, ...]]


class Explanation(NamedTuple):
    """What stands behind one answer.

    Parameters
    ----------
    words
        The message in pieces as they were written, in their order, each with whether it is unfamiliar. White space is
        kept: joined, the pieces are the message.
    alternatives
        Other labels with their probabilities, the likeliest first; empty for a model that gives none.
    knows_words
        Whether it is known which words the training messages hold; else no piece is marked.
    """

    words: tuple[tuple[str, bool], ...]
    alternatives: tuple[tuple[str, float], ...]
    knows_words: bool = True


def explain(model: Model, text: str) -> Explanation:
    """Explain what a model answers to one message.

    A piece is unfamiliar when the training messages hold it in no spelling that the guard takes for the same: slips of
    the finger and shorthand are mended first. Without a guard it is unfamiliar when the model's vectorizer does not
    know it; without one either, no piece is.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from roadworthy.models import as_model
    >>> vectorizer = CountVectorizer().fit(["where is it", "a refund"])
    >>> classifier = LogisticRegression().fit(vectorizer.transform(["where is it", "a refund"]), ["order", "refund"])
    >>> explain(as_model((vectorizer, classifier)), "where's my refund").words
    (("where's ", False), ('my', True), (' refund', False))
    """
    unknown = _unknown_of(model)
    words = ((text, False),) if unknown is None else _words(text, unknown)
    return Explanation(words, _alternatives(model, text), unknown is not None)


def _unknown_of(model: Model) -> Unknown | None:
    """What gives the words of a text that are unknown; None where nothing knows them."""
    if isinstance(model, GuardedModel):
        return model.guard.familiarity_.unknown_words
    vocabulary = vocabulary_of(model)
    return None if vocabulary is None else vocabulary.unseen


def _words(text: str, unknown: Unknown) -> tuple[tuple[str, bool], ...]:
    """The message in pieces, what is familiar in as few as can be."""
    joined: list[tuple[str, bool]] = []
    for chunk in filter(None, _SPACE.split(text)):
        for piece, unfamiliar in _cut(chunk, unknown):
            if joined and not unfamiliar and not joined[-1][1]:
                joined[-1] = (joined[-1][0] + piece, False)
            else:
                joined.append((piece, unfamiliar))
    return tuple(joined)


def _cut(chunk: str, unknown: Unknown) -> Iterator[tuple[str, bool]]:
    """What stands between two spaces, cut so that only what is unfamiliar in it is marked.

    Normalisation can join what looks like two pieces, or part what looks like one. Then the chunk is marked as a whole.
    """
    expected = frozenset(unknown(chunk))
    if not expected:
        yield chunk, False
        return
    pieces = list(_pieces(chunk))
    found = [frozenset(unknown(piece)) for piece in pieces]
    if frozenset().union(*found) != expected:
        yield chunk, True
        return
    yield from zip(pieces, map(bool, found), strict=True)


def _pieces(chunk: str) -> Iterator[str]:
    """The words of a chunk, each with the apostrophes in it, and its signs, each as often as it is repeated."""
    start, before = 0, _JOINED
    kinds = [*map(_kind, chunk), _JOINED]
    for place, kind in enumerate(kinds[:-1]):
        if before == _WORD == kinds[place + 1] and chunk[place] in _APOSTROPHES:
            kind = _WORD
        if before and kind not in (_JOINED, before):
            yield chunk[start:place]
            start = place
        before = kind or before
    yield chunk[start:]


def _kind(character: str) -> str:
    """A sign is of its own kind; what shows only with the character before it is joined to that."""
    category = unicodedata.category(character)
    if category[0] == "M" or category == "Cf":
        return _JOINED
    return character if category[0] in "PS" and character != "_" else _WORD


def _alternatives(model: Model, text: str) -> tuple[tuple[str, float], ...]:
    inner = model.model if isinstance(model, GuardedModel) else model
    if isinstance(inner, BlackBox):
        return ()
    matrix = inner.predict_proba([text])
    read_probabilities(matrix, 1, inner.classes, getattr(inner, "name", type(inner).__name__))
    ranked = sorted(zip(inner.classes, map(float, matrix[0]), strict=True), key=lambda pair: -pair[1])
    return tuple((label, probability) for label, probability in ranked[1 : ALTERNATIVES + 1] if probability > 0)
