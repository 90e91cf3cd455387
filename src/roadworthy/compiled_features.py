"""The features of one message by a dictionary and numpy, equal to what scikit-learn's vectorizers compute.

A vectorizer is made for batches: on one message it spends its time on checks and on a sparse matrix of one row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from roadworthy.features import character_ngrams, pieces_of
from roadworthy.remembered import Remembered
from roadworthy.spelling import SpellingCorrector
from roadworthy.tokens import tokenise

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
    text
        The message that they are of, its spelling corrected.
    meaning
        The weighted embedding, shape (d,), whose columns follow those of the n-grams; None without an encoder.
    """

    columns: NDArray[np.intp]
    values: NDArray[np.float64]
    known: float
    text: str
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

# The columns of a word's n-grams that are known, and the n-grams that are not.
_OfWord = tuple[tuple[int, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Block:
    """One vectorizer: its n-grams of a text, and the column of each that it knows.

    Where the n-grams of a text are those of its words, each word's are looked up once: words come again and again.
    """

    analyse: Callable[[str], Iterable[str]]
    of_word: Remembered[_OfWord] | None
    columns: dict[str, int]
    binary: bool
    sublinear: bool
    norm: str | None
    weight: float
    rarest: float

    def found(self, text: str) -> tuple[list[int], list[int] | None, int]:
        """The known columns, how often each occurs (None: once), and how many n-grams are unknown."""
        if self.of_word is not None:
            return self._found_by_word(text, self.of_word)
        get = self.columns.get
        grams = [*self.analyse(text)]
        distinct = dict.fromkeys(grams)
        if self.binary or len(distinct) == len(grams):
            columns = [column for column in map(get, distinct) if column is not None]
            return columns, None, len(distinct) - len(columns)
        counts = Counter(grams)
        known = {column: n for gram, n in counts.items() if (column := get(gram)) is not None}
        return [*known], [*known.values()], len(counts) - len(known)

    def _found_by_word(self, text: str, of_word: Remembered[_OfWord]) -> tuple[list[int], list[int] | None, int]:
        words = list(map(of_word.__getitem__, tokenise(text)))
        columns = [*dict.fromkeys(chain.from_iterable([known for known, _ in words]))]
        return columns, None, len(set().union(*[others for _, others in words if others]))

    def share(self, values: NDArray[np.float64], unknown: int) -> float:
        """The share of a message's n-grams that is known: of squared weights, not scaled yet."""
        mass = float(values.dot(values))
        total = mass + unknown * self.rarest
        return mass / total if total else 0.0

    def scale(self, values: NDArray[np.float64], counts: list[int] | None) -> None:
        """Turn the weights of the known n-grams into their values, in place."""
        if counts is not None:
            values *= np.log(counts) + 1 if self.sublinear else counts
        factor = self.weight
        if self.norm is not None:
            length = sqrt(values.dot(values)) if self.norm == "l2" else float(values.sum())
            factor = self.weight / length if length else 1.0
        if factor != 1.0:
            values *= factor


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
        self._corrector, transformer = _corrected(transformer)
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
        rows = self.encoder.encode([features.text for features in found]).astype(float) * self._embedding_weight
        return [features._replace(meaning=row) for features, row in zip(found, rows, strict=True)]

    def correct(self, text: str) -> str:
        """The message with its spelling corrected, if there is a corrector."""
        return text if self._corrector is None else str(self._corrector.correct(text))

    def of_one(self, text: str) -> Features:
        """The features of one message, without its embedding."""
        text = self.correct(text)
        found = [block.found(text) for block in self._blocks]
        listed: list[int] = []
        for own, _, _ in found:
            listed += own
        columns = np.array(listed, dtype=np.intp)
        values = self._weights[columns]
        last, start = len(listed) - len(found[-1][0]), 0
        known = self._blocks[-1].share(values[last:], found[-1][2])
        for block, (own, counts, _) in zip(self._blocks, found, strict=True):
            end = start + len(own)
            block.scale(values[start:end], counts)
            start = end
        return Features(columns, values, known, text)


def _corrected(transformer: Any) -> tuple[SpellingCorrector | None, Any]:
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
    analyse = _analyser(vectorizer)
    columns = {gram: int(column) + offset for gram, column in vectorizer.vocabulary_.items()}
    return _Block(
        analyse=analyse,
        of_word=Remembered(partial(_of_word, columns)) if analyse is character_ngrams and vectorizer.binary else None,
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


def _of_word(columns: dict[str, int], word: str) -> _OfWord:
    """The columns of a word's n-grams that are known, and those n-grams that are not."""
    pieces = dict.fromkeys(pieces_of(word))
    known = tuple([column for column in map(columns.get, pieces) if column is not None])
    return known, tuple([piece for piece in pieces if piece not in columns])


def _idf(vectorizer: Any) -> NDArray[np.float64]:
    if getattr(vectorizer, "use_idf", False):
        return np.asarray(vectorizer.idf_, dtype=float)
    return np.ones(len(vectorizer.vocabulary_))
