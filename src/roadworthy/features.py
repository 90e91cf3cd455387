"""What a model sees of a message, its spelling corrected: words, pieces of words, and perhaps a meaning.

The analyzers are plain functions for scikit-learn's vectorizers, so that normalisation is part of the model.
"""

from __future__ import annotations

from copy import copy
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from roadworthy.spelling import SpellingCorrector
from roadworthy.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix
    from sklearn.pipeline import Pipeline

WORDS, CHARACTERS, MEANING = "words", "characters", "meaning"
PIECES = (2, 3, 4)
# Found by cross-validation on three training sets of chatbots: benchmarks/choices.py prints the table.
WORD_WEIGHT = 0.5
MEANING_WEIGHT = 1.5
# Above so many messages a feature must stand in two of them; below, every one of them counts.
_MANY = 5_000


def word_ngrams(text: str) -> list[str]:
    """The words of a message, and every two of them that follow each other.

    Examples
    --------
    >>> word_ngrams("Where is it")
    ['where', 'is', 'it', 'where is', 'is it']
    """
    tokens = tokenise(text)
    return [*tokens, *map(" ".join, pairwise(tokens))]


def character_ngrams(text: str) -> list[str]:
    """The pieces of 2 to 4 characters of every word, a space marking its ends.

    Examples
    --------
    >>> character_ngrams("no")
    [' n', 'no', 'o ', ' no', 'no ', ' no ']
    """
    found: list[str] = []
    for token in tokenise(text):
        found += _pieces(token) if len(token) <= LONG_WORD else pieces_of(token)
    return found


def pieces_of(token: str) -> list[str]:
    """The pieces of one word, as `character_ngrams` has them.

    Examples
    --------
    >>> pieces_of("a")
    [' a', 'a ', ' a ']
    """
    word = f" {token} "
    size = len(word)
    found: list[str] = []
    for length in PIECES:
        if size <= length:
            return [*found, word]
        found += [word[start : start + length] for start in range(size - length + 1)]
    return found


# The same words come again and again; what is longer than a word would only fill the memory.
LONG_WORD = 30
_pieces = lru_cache(maxsize=1 << 13)(pieces_of)


class SentenceEmbedding(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """An encoder as a transformer of scikit-learn: messages become the rows of a matrix.

    Parameters
    ----------
    encoder
        Anything with ``encode(texts)``, which gives one row of length 1 a message.
    """

    def __init__(self, encoder: Any = None) -> None:
        self.encoder = encoder

    def fit(self, texts: Sequence[str], labels: object = None) -> SentenceEmbedding:
        """Nothing is learned."""
        return self

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Embed n messages, shape (n, dimension)."""
        from scipy.sparse import csr_matrix

        return csr_matrix(self.encoder.encode(list(texts)).astype(float))

    def __sklearn_is_fitted__(self) -> bool:
        return True


def text_features(n: int, *, word_weight: float = WORD_WEIGHT, encoder: Any = None) -> Pipeline:
    """Unfitted features of a message: TF-IDF of word and character n-grams, and its embedding if there is an encoder.

    An n-gram counts once a message, and each of the blocks has length 1 before it is weighted.

    Parameters
    ----------
    n
        How many messages it will be fitted on; from many, n-grams that stand in a single one are left out.
    word_weight
        The weight of words beside pieces of words.
    encoder
        What turns messages into embeddings.

    Examples
    --------
    >>> text_features(2).fit_transform(["where is it", "a refund"]).shape
    (2, 54)
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion, make_pipeline

    rare = 1 if n <= _MANY else 2
    blocks: list[tuple[str, Any]] = [
        (WORDS, TfidfVectorizer(analyzer=word_ngrams, binary=True, min_df=rare)),
        (CHARACTERS, TfidfVectorizer(analyzer=character_ngrams, binary=True, min_df=rare)),
    ]
    if encoder is not None:
        blocks.append((MEANING, SentenceEmbedding(encoder)))
    weights = {WORDS: word_weight, CHARACTERS: 1.0, MEANING: MEANING_WEIGHT}
    union = FeatureUnion(blocks, transformer_weights={name: weights[name] for name, _ in blocks})
    return make_pipeline(SpellingCorrector(), union)


def vocabulary_of(features: Pipeline) -> dict[str, int]:
    """The columns of the words, and of the pairs of words, that fitted features know."""
    found: dict[str, int] = features[-1].named_transformers[WORDS].vocabulary_
    return found


def with_encoder(features: Pipeline, encoder: Any) -> Pipeline:
    """The same fitted features, embedding by another encoder; those that embed nothing stay as they are."""
    corrector, union = (step for _, step in features.steps)
    if MEANING not in union.named_transformers:
        return features
    other, new_union = copy(features), copy(union)
    blocks = [(name, block) for name, block in union.transformer_list if name != MEANING]
    new_union.transformer_list = [*blocks, (MEANING, SentenceEmbedding(encoder))]
    other.steps = [(name, step if step is corrector else new_union) for name, step in features.steps]
    return other


def embed_once(encoder: Any) -> Any:
    """An encoder that remembers what it was given, so that the same messages are not embedded again fold by fold."""
    return None if encoder is None else _Remembering(encoder)


class _Remembering:
    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self._rows: dict[str, NDArray[Any]] = {}
        self.dimension: int = encoder.dimension

    def encode(self, texts: Sequence[str]) -> NDArray[Any]:
        """One row a text, embedded now or before."""
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            self._rows.update(zip(new, self._encoder.encode(new), strict=True))
        return np.array([self._rows[text] for text in texts]).reshape(-1, self.dimension)
