"""Linear text models without scikit-learn's overhead: a dictionary, a matrix, and the same probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.columns import label_text
from roadworthy.compiled_features import CompiledFeatures
from roadworthy.models.adapt import SklearnClassifier, as_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.compiled_features import Features
    from roadworthy.models.adapt import Model

TOLERANCE = 1e-9
# What a compiled model is compared on where there are no messages to compare it on: every sort of character.
PROBES = (
    "where is my order",
    "WHERE IS MY ORDER???",
    "i want my money back, pls!!",
    "it doesn't work",
    "wheres my ordr",
    "soooo late :(",
    "order #12345 — 2 days late",
    "dónde está mi pedido",
    "मेरा ऑर्डर कहाँ है",
    "😡😡 refund",
    "a",
    "?!",
    "",
)


class CompiledModel:
    """A linear text model that answers one message in microseconds.

    Parameters
    ----------
    features
        The features of a message, m of them.
    weights, intercept
        Of each class, shape (m, k) and (k,).
    classes
        The k labels.
    temperature
        What scores are multiplied by before the softmax.
    name
        What to call it in messages.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> texts, labels = ["where is it", "track it", "a refund", "refund me"], ["order", "order", "refund", "refund"]
    >>> pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, labels)
    >>> compiled = compile_model(pipeline)
    >>> largest_difference(compiled, pipeline, texts) < 1e-12
    True
    """

    def __init__(
        self,
        features: CompiledFeatures,
        weights: NDArray[np.float64],
        intercept: NDArray[np.float64],
        classes: Sequence[str],
        *,
        temperature: float = 1.0,
        name: str = "compiled",
    ) -> None:
        self.features = features
        self._sums = features.are_counts
        self.weights = np.ascontiguousarray(weights, dtype=np.float64) * temperature
        self.intercept = np.asarray(intercept, dtype=np.float64) * temperature
        self.temperature = temperature
        self.classes = tuple(classes)
        self.name = name

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities, shape (n, k)."""
        rows = [self.probabilities(features) for features in self.features.of(texts)]
        return np.array(rows).reshape(-1, len(self.classes))

    def probabilities(self, features: Features) -> NDArray[np.float64]:
        """The probabilities of the classes for one message, shape (k,)."""
        powers, _, _ = self._powers(self._scores(features))
        powers /= np.add.reduce(powers)
        return powers

    def best(self, features: Features) -> tuple[int, float, float]:
        """The likeliest class for one message: its number, its probability, and its score."""
        return self._best(self._scores(features))

    def best_of(self, text: str) -> tuple[int, float, float]:
        """As `best`, for a message whose features are of no further use; where they are counts they are not made."""
        if not self._sums:
            return self.best(self.features.of([text])[0])
        return self._best(np.add.reduce(self.weights.take(self.features.occurrences(text), axis=0)))

    def _best(self, scores: NDArray[np.float64]) -> tuple[int, float, float]:
        powers, best, highest = self._powers(scores)
        return best, 1.0 / float(np.add.reduce(powers)), highest / self.temperature

    def _scores(self, features: Features) -> NDArray[np.float64]:
        """The score of each class, without its intercept, shape (k,)."""
        scores: NDArray[np.float64] = features.values.dot(self.weights.take(features.columns, axis=0))
        if features.meaning is not None:
            scores += features.meaning @ self.weights[self.features.ngrams :]
        return scores

    def _powers(self, scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], int, float]:
        """Of each class e to the power of its score less the highest one, shape (k,); whose that is, and itself."""
        scores += self.intercept
        best = int(scores.argmax())
        highest = float(scores[best])
        scores -= highest
        return np.exp(scores, out=scores), best, highest


def compile_model(estimator: Any, *, name: str = "compiled", proof: Sequence[str] = ()) -> CompiledModel | None:
    """Compile a fitted linear text model, or give None where that is not possible.

    A hardened classifier, and a pipeline of vectorizers and a logistic regression, can be compiled. What comes out is
    compared with scikit-learn, and dropped if a probability differs by more than 1e-9.

    Parameters
    ----------
    estimator
        A fitted scikit-learn estimator that takes texts.
    proof
        Messages to compare on, besides a few that are always tried.
    """
    try:
        compiled = _compile(estimator, name)
    except (AttributeError, TypeError, ValueError):
        return None
    return compiled if largest_difference(compiled, estimator, [*PROBES, *proof]) <= TOLERANCE else None


class CompiledVectorizers:
    """A pipeline whose vectorizers are compiled and whose classifier is scikit-learn's.

    One message goes around the vectorizers, which are made for batches; several go through the pipeline as it is. So
    that both give the same to the last bit, whatever the classifier is, its features have to be counts.

    Parameters
    ----------
    pipeline
        A fitted pipeline of vectorizers and a classifier with ``predict_proba``.

    Raises
    ------
    TypeError
        It is none, or its vectorizers are not compiled or give no counts.
    """

    def __init__(self, pipeline: Any) -> None:
        (_, transformer), (_, self._classifier) = pipeline.steps
        self._pipeline = pipeline
        self._features = CompiledFeatures(transformer)
        if not self._features.are_counts:
            raise TypeError("what is divided differs in the last bit")
        self.classes = tuple(map(label_text, pipeline.classes_))

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities, shape (n, k)."""
        if len(texts) != 1:
            return self._pipeline.predict_proba(list(texts))  # type: ignore[no-any-return]
        from scipy.sparse import csr_matrix

        found = self._features.of_one(texts[0])
        order = found.columns.argsort()
        ends = np.array([0, len(order)], dtype=np.int32)
        entries = found.values[order], found.columns[order].astype(np.int32), ends
        row = csr_matrix(entries, shape=(1, self._features.ngrams), copy=False)
        return self._classifier.predict_proba(row)  # type: ignore[no-any-return]


def compile_vectorizers(estimator: Any) -> CompiledVectorizers | None:
    """Compile the vectorizers of a fitted pipeline, or give None where that is not possible.

    What comes out is compared with scikit-learn on a few messages, and dropped if anything differs.
    """
    try:
        compiled = CompiledVectorizers(estimator)
        found = np.concatenate([compiled.predict_proba([text]) for text in PROBES])
        expected = np.asarray(estimator.predict_proba([*PROBES]))
    except Exception:  # noqa: BLE001, RUF100 (a classifier may raise whatever it likes; then it is asked as it is)
        return None
    return compiled if np.array_equal(found, expected) else None


def as_fast_model(loaded: Any, name: str) -> Model:
    """As `as_model`, and compiled where it is a linear model on n-grams, or in part where it works on their counts."""
    model = as_model(loaded, name=name)
    if isinstance(model, SklearnClassifier):
        model.compiled = compile_model(model.estimator, name=name) or compile_vectorizers(model.estimator)
    return model


def fuzzed(n: int, *, seed: int = 0) -> list[str]:
    """Strings that nobody would write: n draws of up to 60 characters of any script.

    Examples
    --------
    >>> len(fuzzed(3)), fuzzed(3) == fuzzed(3)
    (3, True)
    """
    rng = np.random.default_rng(seed)
    planes = ((32, 127), (160, 0x250), (0x900, 0x980), (0x2000, 0x2070), (0x4E00, 0x4F00), (0x1F600, 0x1F640))
    drawn = [[rng.integers(*planes[rng.integers(len(planes))]) for _ in range(rng.integers(60))] for _ in range(n)]
    return ["".join(map(chr, characters)) for characters in drawn]


def largest_difference(compiled: CompiledModel, estimator: Any, texts: Iterable[str]) -> float:
    """The largest difference between the probabilities of the two on n texts; infinite for other shapes."""
    asked = list(texts)
    expected = np.asarray(estimator.predict_proba(asked))
    found = compiled.predict_proba(asked)
    if found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found - expected).max(initial=0.0))


def _compile(estimator: Any, name: str) -> CompiledModel:
    steps = [step for _, step in getattr(estimator, "steps", ())]
    if steps:
        features, linear, temperature = _pipeline(steps)
    else:
        features, linear, temperature = estimator.features_, estimator.linear_, float(estimator.temperature_)
    weights, intercept = linear.coef_.T, linear.intercept_
    if weights.shape[1] == 1:
        # Two classes: a single column of scores. A logistic regression's is the difference of both.
        half = 0.5 if steps else 1.0
        weights, intercept = np.hstack((-weights, weights)) * half, np.concatenate((-intercept, intercept)) * half
    classes = tuple(map(label_text, estimator.classes_))
    return CompiledModel(CompiledFeatures(features), weights, intercept, classes, temperature=temperature, name=name)


def _pipeline(steps: Sequence[Any]) -> tuple[Any, Any, float]:
    from sklearn.linear_model import LogisticRegression

    if len(steps) != 2 or type(steps[1]) is not LogisticRegression:
        raise TypeError("only vectorizers and a logistic regression are compiled")
    return steps[0], steps[1], 1.0
