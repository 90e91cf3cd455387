"""The features of one message by a dictionary and numpy, equal to what scikit-learn's vectorizers compute.

A vectorizer is made for batches: on one message it spends its time on checks and on a sparse matrix of one row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, pairwise, repeat
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from roadworthy.features import character_ngrams, pieces_of, word_ngrams
from roadworthy.remembered import Remembered
from roadworthy.spelling import SpellingCorrector
from roadworthy.tokens import tokenise, tokens_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Features(NamedTuple):
    """The features of one message that are not zero.

    Parameters
    ----------
    columns
        Which n-grams they are, shape (m,), each once.
    values
        Their values, shape (m,).
    known
        How much of the message's n-grams the vocabulary of the last vectorizer covers: a share of squared weights,
        0 to 1, where an unknown n-gram weighs as much as the rarest known one.
    words
        The words and signs of the message, its spelling corrected, where the n-grams are our own; otherwise none.
    meaning
        The weighted embedding, shape (d,), whose columns follow those of the n-grams; None without an encoder.
    """

    columns: NDArray[np.intp]
    values: NDArray[np.float64]
    known: float
    words: tuple[str, ...] = ()
    meaning: NDArray[np.float64] | None = None


# The settings on which it depends how a text is taken apart.
_OF_THE_ANALYSER = (
    "analyzer",
    "ngram_range",
    "preprocessor",
    "stop_words",
    "strip_accents",
    "token_pattern",
    "tokenizer",
)

# The columns of n-grams that are known, how often each occurs (None: once), and how many n-grams are unknown.
_Found: TypeAlias = tuple[list[int], list[int] | None, int]
_NOTHING: _Found = ([], None, 0)
_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class _Block:
    """One vectorizer: how a text is taken apart, the column of each n-gram, and what is made of both."""

    analyse: Callable[[str], Iterable[str]]
    columns: dict[str, int]
    binary: bool
    sublinear: bool
    norm: str | None
    weight: float
    rarest: float

    def found(self, text: str) -> _Found:
        """What is found of a text."""
        get = self.columns.get
        grams = [*self.analyse(text)]
        distinct = dict.fromkeys(grams)
        if self.binary or len(distinct) == len(grams):
            columns = [column for column in map(get, distinct) if column is not None]
            return columns, None, len(distinct) - len(columns)
        counts = Counter(grams)
        known = {column: n for gram, n in counts.items() if (column := get(gram)) is not None}
        return [*known], [*known.values()], len(counts) - len(known)

    def occurrences(self, text: str) -> Iterable[int | None]:
        """The column of each n-gram that counts, as often as it does; None for one that is unknown."""
        grams = self.analyse(text)
        return map(self.columns.get, dict.fromkeys(grams) if self.binary else grams)

    def weigh(self, values: NDArray[np.float64], counts: list[int] | None, unknown: int) -> float:
        """Turn the weights of the known n-grams into their values, in place; give the share of n-grams that is known.

        That is a share of squared weights, before they are scaled.
        """
        mass = float(values.dot(values))
        total = mass + unknown * self.rarest
        if counts is not None:
            values *= np.log(counts) + 1 if self.sublinear else counts
        factor = self.weight
        if self.norm is not None:
            squares = mass if counts is None else float(values.dot(values))
            length = sqrt(squares) if self.norm == "l2" else float(values.sum())
            factor = self.weight / length if length else 1.0
        if factor != 1.0:
            values *= factor
        return mass / total if total else 0.0


class _Piece(NamedTuple):
    """What stands between white space: its words, corrected, the columns that it has, and its unknown n-grams."""

    words: tuple[str, ...]
    of_words: tuple[int, ...]
    of_pieces: tuple[int, ...]
    unknown: tuple[str, ...]


class _OwnNgrams:
    """The n-grams that `text_features` makes of a message.

    All but the pairs of words are n-grams of what stands between white space, which comes again and again: it is worked
    out once.
    """

    def __init__(self, corrector: SpellingCorrector, words: _Block, pieces: _Block) -> None:
        self._corrector = corrector
        self._words = words.columns
        self._pieces = pieces.columns
        self._known = Remembered(self._piece)

    def read(self, text: str) -> tuple[str, ...]:
        """The words and signs of a message, its spelling corrected."""
        return tuple(chain.from_iterable([self._known[piece].words for piece in text.split()]))

    def found(self, text: str) -> tuple[tuple[str, ...], list[_Found]]:
        """The words and signs of a message, its spelling corrected, and what is found of either sort of n-grams."""
        known = list(map(self._known.__getitem__, text.split()))
        if not known:
            return (), [_NOTHING, _NOTHING]
        each, of_words, of_pieces, unknown = zip(*known, strict=True)
        words = tuple(chain.from_iterable(each))
        pairs = map(self._words.get, map(" ".join, pairwise(words)), repeat(_UNKNOWN))
        columns = dict.fromkeys(chain(chain.from_iterable(of_words), pairs))
        columns.pop(_UNKNOWN, None)
        pieces = dict.fromkeys(chain.from_iterable(of_pieces))
        return words, [([*columns], None, 0), ([*pieces], None, len(set().union(*unknown)))]

    def _piece(self, piece: str) -> _Piece:
        tokens = tokenise(piece)
        words = self._corrector.corrected(tokens)
        words = words if words is tokens else tokens_of(words)
        ngrams = dict.fromkeys(chain.from_iterable(map(pieces_of, dict.fromkeys(words))))
        columns = list(map(self._pieces.get, ngrams))
        return _Piece(
            words,
            tuple([column for column in map(self._words.get, words) if column is not None]),
            tuple([column for column in columns if column is not None]),
            tuple([ngram for ngram, column in zip(ngrams, columns, strict=True) if column is None]),
        )


class CompiledFeatures:
    """A fitted vectorizer, or a union of such and of an encoder, ready for one message at a time.

    Parameters
    ----------
    transformer
        A CountVectorizer, a TfidfVectorizer, or a FeatureUnion of these, perhaps with an embedding after them, or with
        a corrector of spelling before all of them.

    Raises
    ------
    TypeError
        It is something else, or set up in a way that is not compiled.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> compiled = CompiledFeatures(CountVectorizer().fit(["where is it", "a refund"]))
    >>> compiled.of(["where where"])[0].values
    array([2.])
    """

    def __init__(self, transformer: Any) -> None:
        self._corrector, transformer = _without_corrector(transformer)
        parts = _parts(transformer)
        self.encoder: Any = None
        if parts and hasattr(parts[-1][0], "encoder"):
            embedding, self._embedding_weight = parts.pop()
            self.encoder = embedding.encoder
        if not parts:
            raise TypeError("a union without n-grams is not compiled")
        self._blocks: list[_Block] = []
        weights = []
        size = 0
        for vectorizer, weight in parts:
            self._blocks.append(_block(vectorizer, weight, size))
            weights.append(_idf(vectorizer))
            size += len(weights[-1])
        self._weights = np.concatenate(weights)
        self._own = self._own_ngrams()
        self.ngrams = size
        self.dimension = 0 if self.encoder is None else int(self.encoder.dimension)

    @property
    def are_counts(self) -> bool:
        """Whether every value is a whole number: how often an n-gram occurs, or whether it does."""
        blocks = [block.norm is None and block.weight == 1.0 and not block.sublinear for block in self._blocks]
        return self.encoder is None and all(blocks) and bool((self._weights == 1.0).all())

    def of(self, texts: Sequence[str]) -> list[Features]:
        """The features of n messages; an encoder gets all of them at once."""
        found = [self.of_one(text) for text in texts]
        if self.encoder is None:
            return found
        rows = self.encoder.encode([*map(self._corrected, texts)]).astype(float) * self._embedding_weight
        return [features._replace(meaning=row) for features, row in zip(found, rows, strict=True)]

    def read(self, text: str) -> tuple[str, ...]:
        """The words and signs of a message, its spelling corrected if there is a corrector."""
        if self._own is not None:
            return self._own.read(text)
        return tokenise(self._corrected(text))

    def of_one(self, text: str) -> Features:
        """The features of one message, without its embedding."""
        words: tuple[str, ...] = ()
        if self._own is None:
            text = self._corrected(text)
            found = [block.found(text) for block in self._blocks]
        else:
            words, found = self._own.found(text)
        listed: list[int] = []
        for own, _, _ in found:
            listed += own
        columns = np.array(listed, dtype=np.intp)
        values = self._weights[columns]
        known, start = 0.0, 0
        for block, (own, counts, unknown) in zip(self._blocks, found, strict=True):
            end = start + len(own)
            known = block.weigh(values[start:end], counts, unknown)
            start = end
        return Features(columns, values, known, words)

    def occurrences(self, text: str) -> NDArray[np.intp]:
        """The columns of the n-grams of one message, each as often as it counts, where the features `are_counts`."""
        text = self._corrected(text)
        found = chain.from_iterable([block.occurrences(text) for block in self._blocks])
        return np.array([column for column in found if column is not None], dtype=np.intp)

    def _corrected(self, text: str) -> str:
        return text if self._corrector is None else self._corrector.correct(text)

    def _own_ngrams(self) -> _OwnNgrams | None:
        """The quicker way to the n-grams, where they are our own."""
        analysers = [block.analyse for block in self._blocks]
        if self._corrector is None or analysers != [word_ngrams, character_ngrams]:
            return None
        return _OwnNgrams(self._corrector, *self._blocks) if all(block.binary for block in self._blocks) else None


def _without_corrector(transformer: Any) -> tuple[SpellingCorrector | None, Any]:
    """The corrector of spelling in front of the vectorizers, if there is one, and these."""
    steps = [step for _, step in getattr(transformer, "steps", ())]
    if len(steps) == 2 and isinstance(steps[0], SpellingCorrector):
        return steps[0], steps[1]
    return None, transformer


def _parts(transformer: Any) -> list[tuple[Any, float]]:
    """The vectorizers and what follows them, each with its weight."""
    steps = getattr(transformer, "transformer_list", None)
    if steps is None:
        return [(transformer, 1.0)]
    weights = transformer.transformer_weights or {}
    return [(step, float(weights.get(name, 1.0))) for name, step in steps]


def _block(vectorizer: Any, weight: float, offset: int) -> _Block:
    from sklearn.feature_extraction.text import CountVectorizer

    if not isinstance(vectorizer, CountVectorizer) or not type(vectorizer).__module__.startswith("sklearn."):
        raise TypeError(f"{type(vectorizer).__name__} is not compiled")
    if vectorizer.input != "content" or np.dtype(vectorizer.dtype) not in (np.dtype("int64"), np.dtype("float64")):
        raise TypeError("a vectorizer of files, or of another precision, is not compiled")
    columns = {gram: int(column) + offset for gram, column in vectorizer.vocabulary_.items()}
    return _Block(
        analyse=_analyser(vectorizer),
        columns=columns,
        binary=bool(vectorizer.binary),
        sublinear=bool(getattr(vectorizer, "sublinear_tf", False)),
        norm=getattr(vectorizer, "norm", None),
        weight=weight,
        rarest=float(_idf(vectorizer).max() ** 2),
    )


def _analyser(vectorizer: Any) -> Callable[[str], Iterable[str]]:
    """What takes a text apart; for a vectorizer as scikit-learn sets it up without its layers of calls."""
    if callable(vectorizer.analyzer):
        return vectorizer.analyzer  # type: ignore[no-any-return]
    usual = type(vectorizer)()
    if any(getattr(vectorizer, name) != getattr(usual, name) for name in _OF_THE_ANALYSER):
        return vectorizer.build_analyzer()  # type: ignore[no-any-return]
    words = vectorizer.build_tokenizer()
    return partial(_lowered, words) if vectorizer.lowercase else words


def _lowered(words: Callable[[str], list[str]], text: str) -> list[str]:
    return words(text.lower())


def _idf(vectorizer: Any) -> NDArray[np.float64]:
    if getattr(vectorizer, "use_idf", False):
        return np.asarray(vectorizer.idf_, dtype=float)
    return np.ones(len(vectorizer.vocabulary_))
