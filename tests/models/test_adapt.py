"""Anything that classifies texts is put behind the contract; anything else is refused."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from roadworthy.data import Predictions
from roadworthy.errors import ModelError
from roadworthy.models.adapt import FunctionModel, LabelOnly, SklearnClassifier, as_model
from roadworthy.models.ask import ask

TEXTS = ["my order is late", "where is my order", "give me a refund", "refund please now"]
LABELS = ["order", "order", "refund", "refund"]
MANY = np.array([[1, 0], [1, 1], [0, 1], [0, 1]])


def pair(labels: Any = LABELS, texts: Sequence[str] = TEXTS) -> tuple[CountVectorizer, LogisticRegression]:
    vectorizer = CountVectorizer()
    return vectorizer, LogisticRegression().fit(vectorizer.fit_transform(texts), labels)


def test_a_pipeline_and_its_parts_answer_alike() -> None:
    parts = pair()
    whole = as_model(make_pipeline(*parts))
    joined = as_model(parts, name="pickles:v,m")
    assert isinstance(whole, SklearnClassifier)
    assert isinstance(joined, SklearnClassifier)
    assert (whole.name, joined.name, joined.classes) == ("Pipeline", "pickles:v,m", ("order", "refund"))
    answers = [ask(model, TEXTS).predictions for model in (whole, joined)]
    assert answers[0].labels.tolist() == answers[1].labels.tolist() == LABELS
    assert np.array_equal(answers[0].confidence, answers[1].confidence)


def test_a_model_without_probabilities_gives_labels_only() -> None:
    model = as_model(make_pipeline(TfidfVectorizer(), LinearSVC()).fit(TEXTS, LABELS))
    assert isinstance(model, LabelOnly)
    assert model.classes == ("order", "refund")
    found = ask(model, TEXTS).predictions
    assert found.labels.tolist() == LABELS
    assert np.isnan(found.confidence).all()


def test_integer_classes_are_answered_as_text() -> None:
    model = as_model(pair([0, 0, 1, 1]))
    assert model.classes == ("0", "1")
    assert ask(model, TEXTS).predictions.labels.tolist() == ["0", "0", "1", "1"]


def test_a_function_answers_and_bears_its_name_or_the_one_given() -> None:
    def shop(texts: list[str]) -> list[str]:
        return ["order"] * len(texts)

    assert ask(as_model(shop), TEXTS).predictions.labels.tolist() == ["order"] * 4
    assert as_model(shop).name.endswith("shop")
    assert as_model(shop, name="mine").name == "mine"


def test_a_function_may_return_a_matrix_where_it_names_its_classes() -> None:
    def shop(texts: list[str]) -> np.ndarray:
        return np.tile([0.2, 0.8], (len(texts), 1))

    shop.classes = ["order", "refund"]  # type: ignore[attr-defined]
    model = as_model(shop)
    assert isinstance(model, FunctionModel)
    assert ask(model, TEXTS).predictions.labels.tolist() == ["refund"] * 4


class Own:
    """A classifier of the user's own, which can even be fitted."""

    classes: Any = ("a", "b")

    def fit(self) -> None: ...

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        return np.tile([0.25, 0.75], (len(texts), 1))


class Guarded:
    """A black box that flags everything, and has a predict of another kind."""

    name = "guarded"

    def predict(self, number: int) -> int:
        return number

    def answer(self, texts: Sequence[str]) -> Predictions:
        return Predictions(np.array(["a"] * len(texts)), np.full(len(texts), 0.5), np.ones(len(texts), dtype=bool))


def test_what_keeps_the_contract_stays_as_it_is() -> None:
    own, guarded = Own(), Guarded()
    assert as_model(own) is own
    assert ask(own, TEXTS).predictions.labels.tolist() == ["b"] * 4
    assert as_model(guarded) is guarded
    assert ask(guarded, TEXTS).predictions.flagged.all()


@pytest.mark.parametrize("classes", [np.array([0, 1]), [0, 1], np.array(["0", "1"]), ("0 ", "1")])
def test_the_classes_of_ones_own_classifier_may_be_of_any_type(classes: Any) -> None:
    own = Own()
    own.classes = classes
    model = as_model(own)
    assert isinstance(model, SklearnClassifier)
    assert (model.name, model.classes) == ("Own", ("0", "1"))
    assert ask(model, TEXTS).predictions.labels.tolist() == ["1"] * 4


class ProbabilitiesOnly:
    def predict_proba(self, texts: Sequence[str]) -> None: ...


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (LogisticRegression, "LogisticRegression: is a class, not a model; give a fitted instance"),
        (Own, "Own: is a class, not a model"),
        (CountVectorizer(), "a CountVectorizer is not a classifier; give a model, the pair of vectorizer and model"),
        (5, "a int is not a classifier"),
        (None, "a NoneType is not a classifier"),
        ((1, 2, 3), "a tuple is not a classifier"),
        (ProbabilitiesOnly(), "ProbabilitiesOnly: is not fitted, or is not a classifier; fit it first"),
        (
            pair()[::-1],
            "LogisticRegression and CountVectorizer are not a vectorizer and a model; give the vectorizer first",
        ),
        (
            (pair()[0], pair(texts=["a fine order", "an order", "the refund", "refund"])[1]),
            "the vectorizer gives 10 features, the model was trained on 5; give the two files of one training run",
        ),
        (MultiOutputClassifier(LogisticRegression()).fit(np.eye(4), MANY), "answers several labels a message"),
        (OneVsRestClassifier(LogisticRegression()).fit(np.eye(4), MANY), "answers several labels a message"),
        (
            make_pipeline(CountVectorizer(), OneVsRestClassifier(LogisticRegression())).fit(TEXTS, MANY),
            "Pipeline: answers several labels a message; give a single-label classifier",
        ),
    ],
)
def test_what_is_no_single_label_classifier_is_refused(model: Any, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        as_model(model)
    assert said in str(caught.value)


def test_a_vectorizer_without_a_vocabulary_cannot_be_checked_and_is_used() -> None:
    vectorizer = HashingVectorizer(n_features=64)
    model = LogisticRegression().fit(vectorizer.transform(TEXTS), LABELS)
    assert ask(as_model((vectorizer, model)), TEXTS).predictions.labels.tolist() == LABELS
    with pytest.raises(ModelError, match="raised ValueError: X has 32 features"):
        ask(as_model((HashingVectorizer(n_features=32), model)), TEXTS)


def test_a_model_that_was_not_fitted_says_so_when_it_is_asked() -> None:
    with pytest.raises(ModelError, match="raised NotFittedError"):
        ask(as_model(make_pipeline(HashingVectorizer(), LogisticRegression())), TEXTS)


def test_a_clustering_is_labels_without_classes() -> None:
    model = as_model(make_pipeline(CountVectorizer(), KMeans(2, n_init=1, random_state=0)).fit(TEXTS))
    assert isinstance(model, LabelOnly)
    assert set(ask(model, TEXTS).predictions.labels) == {"0", "1"}


class Halves:
    """In the place of a compiled model: equal probabilities."""

    classes = ("order", "refund")

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        return np.full((len(texts), 2), 0.5)


def test_a_compiled_model_answers_where_there_is_one() -> None:
    model = as_model(pair())
    assert isinstance(model, SklearnClassifier)
    assert model.compiled is None
    own = model.predict_proba(TEXTS)
    assert np.array_equal(own, model.estimator.predict_proba(TEXTS))
    model.compiled = Halves()
    assert model.predict_proba(TEXTS).tolist() == [[0.5, 0.5]] * 4
    assert model.classes == ("order", "refund")


def test_texts_of_any_sequence_reach_scikit_learn_as_a_list() -> None:
    model = as_model(pair())
    for texts in (tuple(TEXTS), np.array(TEXTS), np.array(TEXTS, dtype=object)):
        assert np.array_equal(model.predict_proba(texts), model.predict_proba(TEXTS))
