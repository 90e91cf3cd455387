"""Adapters in memory: a scikit-learn estimator, a vectorizer with its model, or a function becomes a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from roadworthy.columns import label_text
from roadworthy.data import BlackBox, Classifier, Predictions
from roadworthy.errors import ModelError
from roadworthy.models.answers import read_answers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Model = Classifier | BlackBox


class SklearnClassifier:
    """A fitted scikit-learn estimator that takes texts, with `predict_proba`.

    Parameters
    ----------
    estimator
        A Pipeline, or anything else with `predict_proba` and `classes_`.
    name
        What to call it in messages.
    classes
        Its classes, where it does not keep them in `classes_`.
    """

    form: Callable[[Sequence[str]], Any] = list
    """What it is given the texts as; a model that was trained on a table needs one."""

    def __init__(self, estimator: Any, name: str, classes: Iterable[Any] | None = None) -> None:
        self.estimator = estimator
        self.name = name
        self.classes: Sequence[str] = tuple(map(label_text, estimator.classes_ if classes is None else classes))
        self.compiled: Classifier | None = None

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities, shape (n, k), by the compiled model where there is one."""
        if self.compiled is not None:
            return self.compiled.predict_proba(texts)
        probabilities: NDArray[np.float64] = self.estimator.predict_proba(self.form(texts))
        return probabilities


class LabelOnly:
    """A fitted scikit-learn estimator without `predict_proba`: labels, and no confidence."""

    form: Callable[[Sequence[str]], Any] = list
    """What it is given the texts as; a model that was trained on a table needs one."""

    def __init__(self, estimator: Any, name: str) -> None:
        self.estimator = estimator
        self.name = name
        self.classes: Sequence[str] = tuple(map(label_text, getattr(estimator, "classes_", ())))

    def answer(self, texts: Sequence[str]) -> Predictions:
        """One label a message."""
        return read_answers(self.estimator.predict(self.form(texts)), len(texts), self.name)


class FunctionModel:
    """A function from texts to answers; its attribute `classes` names the columns where it returns a matrix."""

    def __init__(self, function: Callable[[list[str]], Any], name: str) -> None:
        self.function = function
        self.name = name
        self.classes: Sequence[str] = tuple(map(label_text, getattr(function, "classes", ())))

    def answer(self, texts: Sequence[str]) -> Predictions:
        """One answer a message, in any form that `read_answers` knows."""
        return read_answers(self.function(list(texts)), len(texts), self.name, self.classes)


def as_model(model: Any, *, name: str | None = None) -> Model:
    """Put any object that classifies texts behind the contract.

    Parameters
    ----------
    model
        A Classifier or BlackBox, which stays as it is; a fitted scikit-learn estimator that takes texts; a
        (vectorizer, model) pair; or a function from a list of texts to answers.

    Raises
    ------
    ModelError
        It is none of these, is not fitted, or answers several labels a message.
    """
    called = name or str(getattr(model, "__qualname__", type(model).__name__))
    if isinstance(model, type):
        raise ModelError("is a class, not a model", where=called, mend="give a fitted instance")
    if isinstance(model, tuple) and len(model) == 2:
        return _sklearn(_joined(*model, called), called)
    if isinstance(model, BlackBox):
        return model
    if isinstance(model, Classifier) and not hasattr(model, "classes_"):
        is_plain = isinstance(model.classes, (tuple, list)) and [*map(label_text, model.classes)] == [*model.classes]
        return model if is_plain else SklearnClassifier(model, called, model.classes)
    if hasattr(model, "predict") or hasattr(model, "predict_proba"):
        return _sklearn(model, called)
    if callable(model):
        return FunctionModel(model, called)
    raise ModelError(
        f"a {type(model).__name__} is not a classifier",
        where=name,
        mend="give a model, the pair of vectorizer and model, or a function",
    )


def _sklearn(estimator: Any, name: str) -> Model:
    classes = getattr(estimator, "classes_", None)
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    if isinstance(classes, list) or getattr(last, "multilabel_", False):
        raise ModelError("answers several labels a message", where=name, mend="give a single-label classifier")
    if hasattr(estimator, "predict_proba") and classes is not None:
        return SklearnClassifier(estimator, name)
    if hasattr(estimator, "predict"):
        return LabelOnly(estimator, name)
    raise ModelError("is not fitted, or is not a classifier", where=name, mend="fit it first")


def _joined(vectorizer: Any, model: Any, name: str) -> Any:
    """The pair as one pipeline, once it is sure that the two belong together."""
    from sklearn.pipeline import make_pipeline

    if not hasattr(vectorizer, "transform") or not hasattr(model, "predict"):
        raise ModelError(
            f"{type(vectorizer).__name__} and {type(model).__name__} are not a vectorizer and a model",
            where=name,
            mend="give the vectorizer first, then the model",
        )
    given, wanted = len(getattr(vectorizer, "vocabulary_", ())), getattr(model, "n_features_in_", None)
    if given and wanted is not None and given != wanted:
        raise ModelError(
            f"the vectorizer gives {given:,} features, the model was trained on {wanted:,}",
            where=name,
            mend="give the two files of one training run",
        )
    return make_pipeline(vectorizer, model)
