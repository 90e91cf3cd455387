"""Familiarity: how much a message is like those that a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from math import nan, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from roadworthy.compiled_features import CompiledFeatures
from roadworthy.features import text_features, vocabulary_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.compiled_features import Features

PROTOTYPES = 16
# From how many messages of a class at most its prototypes are picked.
_CANDIDATES = 1_000


class Parts(NamedTuple):
    """What familiarity is made of, each between 0 and 1; NaN for what is not known.

    Parameters
    ----------
    similarity
        Cosine of the n-grams of the message and of the nearest prototype, of the class that was answered or of any,
        times the share of the message's n-grams that is known.
    meaning
        Cosine of their embeddings.
    certainty
        How sure the model is.
    """

    similarity: float
    meaning: float
    certainty: float

    @property
    def familiarity(self) -> float:
        """The mean of how near the message is and of how sure the model is, where that is known.

        Near by meaning where there is one: beside it, cross-validation found n-grams to add nothing
        (benchmarks/choices.py).

        Examples
        --------
        >>> Parts(similarity=0.5, meaning=float("nan"), certainty=1.0).familiarity
        0.75
        >>> Parts(similarity=0.5, meaning=0.9, certainty=float("nan")).familiarity
        0.9
        """
        near = self.meaning if self.meaning == self.meaning else self.similarity
        return (near + self.certainty) / 2 if self.certainty == self.certainty else near


class Familiarity:
    """Compares a message, and the label that a model gave it, with training messages.

    Parameters
    ----------
    features
        Fitted features of a message.
    labels
        The classes of the training messages, shape (k,).
    prototypes
        Messages that stand for each class, by their n-grams.
    meanings
        The same by their embeddings, where the features hold one.

    Examples
    --------
    >>> known = Familiarity.fit(["where is my order", "a refund please"], ["order", "refund"])
    >>> near = known.parts("where is my ordr", "order", 0.9)
    >>> far = known.parts("what is the meaning of life", "order", 0.9)
    >>> near.familiarity > far.familiarity
    True
    """

    def __init__(
        self, features: Any, labels: Sequence[str], prototypes: Prototypes, meanings: Prototypes | None = None
    ) -> None:
        self.features = features
        self.labels = tuple(labels)
        self.prototypes = prototypes
        self.meanings = meanings
        self.compiled = CompiledFeatures(self.features)
        self._vocabulary = vocabulary_of(features)
        self._code = {label: code for code, label in enumerate(self.labels)}
        self._require_fit()

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        labels: Sequence[str],
        *,
        features: Any = None,
        encoder: Any = None,
        cap: int = PROTOTYPES,
        seed: int = 0,
    ) -> Familiarity:
        """Learn from n labelled messages; features that are fitted on them already can be given."""
        if features is None:
            features = text_features(len(texts), encoder=encoder).fit(texts)
        known, codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
        matrix = features.transform(texts).tocsr()
        ngrams = CompiledFeatures(features).ngrams
        pick = partial(Prototypes.pick, codes=codes, cap=cap, seed=seed)
        meanings = pick(matrix[:, ngrams:]) if matrix.shape[1] > ngrams else None
        return cls(features, known.tolist(), pick(matrix[:, :ngrams]), meanings)

    def parts(
        self, text: str, label: str, certainty: float, features: Features | None = None, *, any_class: bool = False
    ) -> Parts:
        """What makes one message familiar; its features, if they are there already, are used.

        The message is compared with the class that was answered, or with all of them. A label that no training message
        has is similar to nothing.
        """
        if features is None:
            features = self.compiled.of([text])[0]
        if label not in self._code:
            return Parts(0.0, nan if self.meanings is None else 0.0, certainty)
        code = None if any_class else self._code[label]
        similarity = self.prototypes.similarity(features.columns, features.values, code) * features.known
        if self.meanings is None or features.meaning is None:
            return Parts(similarity, nan, certainty)
        meaning = self.meanings.similarity(self._every_column, features.meaning, code)
        return Parts(similarity, max(0.0, meaning), certainty)

    def _tokens(self, text: str, features: Features | None = None) -> tuple[str, ...]:
        return self.compiled.read(text) if features is None else features.words

    def _require_fit(self) -> None:
        """Refuse prototypes of other features or classes."""
        expected = [(self.prototypes, self.compiled.ngrams), (self.meanings, self.compiled.dimension)]
        for prototypes, size in expected:
            classes, columns = (len(self.labels), 0) if prototypes is None else (len(prototypes), prototypes.size)
            if classes != len(self.labels) or columns != size:
                raise ValueError("the prototypes are those of other features or classes")
        self._every_column = np.arange(self.compiled.dimension)

    @property
    def words(self) -> list[str]:
        """The words that training messages hold."""
        return [word for word in self._vocabulary if " " not in word]

    def known_words(self, text: str, features: Features | None = None) -> float:
        """The share of its words that the training messages hold; 0 for a message without any."""
        tokens = self._tokens(text, features)
        return sum(map(self._vocabulary.__contains__, tokens)) / len(tokens) if tokens else 0.0

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """The words that no training message holds, in their order, each once."""
        return tuple(dict.fromkeys(token for token in self._tokens(text) if token not in self._vocabulary))


class Prototypes:
    """For each class at most so many of its messages, picked so that every other one is near one of them.

    However many messages there are, a message is compared with the prototypes of one class only.

    Parameters
    ----------
    rows
        The features of the prototypes, sparse, shape (p, m); each row has length 1.
    starts
        Where the prototypes of each class start in `rows`, and the end, shape (k + 1,).

    Examples
    --------
    >>> from scipy.sparse import csr_matrix
    >>> found = Prototypes.pick(csr_matrix([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]]), np.array([0, 0, 1]), cap=1, seed=0)
    >>> found.rows.toarray()
    array([[1., 0.],
           [0., 1.]])
    """

    def __init__(self, rows: Any, starts: NDArray[np.intp]) -> None:
        self.rows = rows
        self.starts = starts
        self._of_class = [self._between(*ends) for ends in pairwise(starts)]
        self._of_all = self._between(0, starts[-1])
        self._spare: list[NDArray[np.float64]] = []

    @classmethod
    def pick(cls, matrix: Any, codes: NDArray[np.intp], *, cap: int, seed: int) -> Prototypes:
        """Pick at most `cap` rows a class out of a sparse matrix (n, m), whose classes are coded 0 to k - 1."""
        from scipy.sparse import vstack
        from sklearn.preprocessing import normalize

        rng = np.random.default_rng(seed)
        unit = normalize(matrix)
        picked = []
        for code in range(int(codes.max()) + 1):
            rows = np.flatnonzero(codes == code)
            if len(rows) > _CANDIDATES:
                rows = np.sort(rng.choice(rows, _CANDIDATES, replace=False))
            picked.append(rows[_spread(unit[rows], cap)])
        starts = np.cumsum([0, *map(len, picked)])
        return cls(vstack([unit[rows] for rows in picked], format="csr"), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def size(self) -> int:
        """How many features there are, m."""
        return int(self.rows.shape[1])

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """All that they are, by name."""
        rows = self.rows
        found = {"data": rows.data, "columns": rows.indices, "pointers": rows.indptr, "shape": np.array(rows.shape)}
        return {f"{prefix}_{name}": array for name, array in {**found, "starts": self.starts}.items()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Prototypes:
        """The prototypes of which these are the arrays."""
        from scipy.sparse import csr_matrix

        data, columns, pointers, shape, starts = (
            arrays[f"{prefix}_{name}"] for name in ("data", "columns", "pointers", "shape", "starts")
        )
        rows = csr_matrix((data, columns, pointers), shape=tuple(shape.tolist()))
        rows.check_format()
        if starts[0] != 0 or starts[-1] != rows.shape[0] or (np.diff(starts) < 1).any():
            raise ValueError("the starts of the classes do not fit the prototypes")
        return cls(rows, starts)

    def similarity(self, columns: NDArray[np.intp], values: NDArray[np.float64], code: int | None) -> float:
        """Cosine of some features and the nearest prototype of a class, or of any; 0 where all features are 0.

        Parameters
        ----------
        columns, values
            The features that are not 0, each of shape (j,).
        """
        length = float(values.dot(values))
        data, own_columns, starts = self._of_all if code is None else self._of_class[code]
        if not length or not len(starts):
            return 0.0
        # Threads may ask at once: each takes a vector of zeros of its own, and gives it back as it was.
        dense = self._spare.pop() if self._spare else np.zeros(self.size)
        dense[columns] = values
        products = dense.take(own_columns)
        products *= data
        dense[columns] = 0.0
        self._spare.append(dense)
        return float(np.maximum.reduce(np.add.reduceat(products, starts))) / sqrt(length)

    def _between(self, first: int, end: int) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
        """The values of some prototypes, the columns of these, and where those of each prototype start."""
        pointers = self.rows.indptr[first : end + 1].astype(np.intp)
        inside = slice(pointers[0], pointers[-1])
        starts = pointers[:-1][np.diff(pointers) > 0] - pointers[0]
        return self.rows.data[inside], self.rows.indices[inside].astype(np.intp), starts


def _spread(rows: Any, cap: int) -> NDArray[np.intp]:
    """Greedy facility location: each pick is the one that brings all rows nearest to their nearest pick."""
    if rows.shape[0] <= cap:
        return np.arange(rows.shape[0])
    similar = (rows @ rows.T).toarray()
    nearest = np.zeros(len(similar))
    picked: list[int] = []
    for _ in range(cap):
        gain = np.maximum(similar, nearest).sum(axis=1)
        gain[picked] = -1.0
        picked.append(int(gain.argmax()))
        nearest = np.maximum(nearest, similar[picked[-1]])
    return np.sort(np.array(picked, dtype=np.intp))
