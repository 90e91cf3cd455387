"""A compiled model answers what scikit-learn answers, to the ninth digit, or it is not used."""

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import SVC, LinearSVC

from roadworthy import support_desk
from roadworthy.data import BlackBox, Classifier
from roadworthy.models import as_model, ask, choosing
from roadworthy.models.adapt import FunctionModel, LabelOnly, SklearnClassifier
from roadworthy.models.artifact import Artifact
from roadworthy.models.choosing import written_by_users
from roadworthy.models.compiled import (
    PROBES,
    TOLERANCE,
    CompiledModel,
    CompiledVectorizers,
    as_fast_model,
    compile_model,
    compile_vectorizers,
    fuzzed,
    largest_difference,
)
from roadworthy.models.hardened import HardenedClassifier

DATA = support_desk.load_train().sample(80)
TEXTS, LABELS = list(DATA.texts), list(DATA.labels or ())
TWO = ["order" if "order" in label else "other" for label in LABELS]
NUMBERS = [DATA.classes.index(label) for label in LABELS]
ASKED = [*TEXTS, *written_by_users(TEXTS, severity=3, seed=0), *fuzzed(60)]


def logistic(**options: Any) -> LogisticRegression:
    return LogisticRegression(max_iter=2_000, **options)


def words_and_pieces(**weights: float) -> FeatureUnion:
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3))
    return FeatureUnion([("w", TfidfVectorizer()), ("c", pieces)], transformer_weights=weights or None)


PIPELINES: dict[str, tuple[Any, Any, list[Any]]] = {
    "counts, two": (CountVectorizer(), logistic(), TWO),
    "counts, many": (CountVectorizer(), logistic(), LABELS),
    "counts, numbers": (CountVectorizer(), logistic(), NUMBERS),
    "tf-idf, two": (TfidfVectorizer(), logistic(), TWO),
    "tf-idf, many": (TfidfVectorizer(), logistic(), LABELS),
    "tf-idf, numbers": (TfidfVectorizer(), logistic(), NUMBERS),
    "balanced": (TfidfVectorizer(), logistic(class_weight="balanced"), LABELS),
    "weighted": (CountVectorizer(), logistic(class_weight={"order": 5.0, "other": 1.0}), TWO),
    "liblinear": (TfidfVectorizer(), logistic(solver="liblinear"), TWO),
    "newton-cg": (TfidfVectorizer(), logistic(solver="newton-cg"), LABELS),
    "saga": (TfidfVectorizer(), logistic(solver="saga", tol=0.1), LABELS),
    "no intercept": (TfidfVectorizer(), logistic(fit_intercept=False), LABELS),
    "binary": (CountVectorizer(binary=True, ngram_range=(1, 2)), logistic(), LABELS),
    "sublinear": (TfidfVectorizer(sublinear_tf=True, min_df=2), logistic(), LABELS),
    "pieces": (TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), max_features=500), logistic(), LABELS),
    "sum of one": (TfidfVectorizer(norm="l1"), logistic(), LABELS),
    "any length": (TfidfVectorizer(norm=None, use_idf=False, smooth_idf=False), logistic(), LABELS),
    "accents": (CountVectorizer(strip_accents="unicode", stop_words="english"), logistic(), LABELS),
    "case": (CountVectorizer(lowercase=False, token_pattern=r"\S+"), logistic(), LABELS),
    "given words": (CountVectorizer(vocabulary=["order", "refund", "app"]), logistic(), LABELS),
    "union": (words_and_pieces(), logistic(), LABELS),
    "weighted union": (words_and_pieces(w=0.5, c=2.0), logistic(), TWO),
}


@pytest.fixture(scope="module")
def fitted() -> dict[str, Pipeline]:
    return {
        name: make_pipeline(features, linear).fit(TEXTS, labels)
        for name, (features, linear, labels) in PIPELINES.items()
    }


def try_few(patch: pytest.MonkeyPatch) -> None:
    """A single penalty and weight, tried once: what these tests show holds for any, and trying all of them is slow."""
    for name, value in (("PENALTIES", (1.0,)), ("WORD_WEIGHTS", (0.7,)), ("REPEATS", 1)):
        patch.setattr(choosing, name, value)


@pytest.fixture(scope="module")
def hardened_two() -> HardenedClassifier:
    with pytest.MonkeyPatch.context() as patch:
        try_few(patch)
        return HardenedClassifier().fit(TEXTS[:40], TWO[:40])


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_is_compiled_and_answers_alike(fitted: dict[str, Pipeline], name: str) -> None:
    compiled = compile_model(fitted[name], name="fast", proof=TEXTS[:5])
    assert compiled is not None
    assert compiled.name == "fast"
    assert compiled.classes == tuple(str(label) for label in sorted(set(PIPELINES[name][2])))
    assert largest_difference(compiled, fitted[name], ASKED) <= TOLERANCE


@pytest.mark.parametrize("name", PIPELINES)
def test_words_that_come_again_count_as_often_as_they_do(fitted: dict[str, Pipeline], name: str) -> None:
    compiled = compile_model(fitted[name])
    assert compiled is not None
    for text in [f"{text} {text} order order refund" for text in TEXTS[:9]]:
        confidence = fitted[name].predict_proba([text]).max()
        assert np.allclose(compiled.best_of(text)[1], confidence, rtol=0, atol=1e-9)


def test_a_hardened_model_of_many_classes_answers_alike(trained: Artifact) -> None:
    compiled = compile_model(trained.model.estimator)
    assert compiled is not None
    assert largest_difference(compiled, trained.model.estimator, ASKED) <= TOLERANCE


def test_a_hardened_model_of_two_classes_answers_alike(hardened_two: HardenedClassifier) -> None:
    compiled = compile_model(hardened_two)
    assert compiled is not None
    assert compiled.classes == ("order", "other")
    assert largest_difference(compiled, hardened_two, ASKED) <= TOLERANCE


@settings(max_examples=30)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_any_text_is_answered_alike(
    fitted: dict[str, Pipeline], hardened_two: HardenedClassifier, trained: Artifact, texts: list[str]
) -> None:
    models = [fitted[name] for name in ("counts, two", "tf-idf, many", "pieces", "accents", "case", "union")]
    for model in (*models, hardened_two, trained.model.estimator):
        compiled = KNOWN.setdefault(id(model), compile_model(model))
        assert compiled is not None
        assert largest_difference(compiled, model, texts) <= TOLERANCE
        found = compiled.predict_proba(texts)
        assert np.allclose(found.sum(axis=1), 1, rtol=0, atol=1e-12)
        assert found.min() >= 0
        for text, features in zip(texts, compiled.features.of(texts), strict=True):
            assert np.allclose(compiled.best_of(text)[1:], compiled.best(features)[1:], rtol=0, atol=1e-12)


# What was compiled already in the test above, by the model: these live as long as the module.
KNOWN: dict[int, CompiledModel | None] = {}


def test_a_hardened_model_with_an_encoder_answers_alike(letters: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        try_few(patch)
        model = HardenedClassifier(letters).fit(TEXTS[:40], TWO[:40])
    compiled = compile_model(model)
    assert compiled is not None
    assert largest_difference(compiled, model, ASKED) <= TOLERANCE
    assert largest_difference(compiled, model.with_encoder(Shifted(letters)), ASKED) > 0.01


class Shifted:
    """Another encoder of the same size."""

    def __init__(self, other: Any) -> None:
        self.other, self.dimension = other, other.dimension

    def encode(self, texts: list[str]) -> np.ndarray:
        return np.roll(self.other.encode(texts), 1, axis=1)


def test_the_highest_score_is_that_of_scikit_learn(trained: Artifact, hardened_two: HardenedClassifier) -> None:
    for model in (trained.model.estimator, hardened_two):
        compiled = compile_model(model)
        assert compiled is not None
        scores = choosing.both(model.decision_function(ASKED[:90])).max(axis=1)
        found = [compiled.best(features)[2] for features in compiled.features.of(ASKED[:90])]
        assert np.allclose(found, scores, rtol=0, atol=1e-9)


def test_no_messages_have_no_probabilities(fitted: dict[str, Pipeline]) -> None:
    compiled = compile_model(fitted["tf-idf, many"])
    assert compiled is not None
    assert compiled.predict_proba([]).shape == (0, 10)


def test_it_can_be_sent_to_another_process(fitted: dict[str, Pipeline], trained: Artifact) -> None:
    for model in (*fitted.values(), trained.model.estimator):
        compiled = compile_model(model)
        again = pickle.loads(pickle.dumps(compiled))
        assert np.array_equal(again.predict_proba(ASKED[:20]), compiled.predict_proba(ASKED[:20]))


def test_it_is_a_classifier_like_any_other(fitted: dict[str, Pipeline]) -> None:
    compiled = compile_model(fitted["tf-idf, many"])
    assert isinstance(compiled, Classifier)
    assert not isinstance(compiled, BlackBox)
    assert as_model(compiled) is compiled
    asked = ask(compiled, TEXTS).predictions
    assert asked.labels.tolist() == fitted["tf-idf, many"].predict(TEXTS).tolist()


# What is not compiled


class OwnVectorizer(CountVectorizer):
    """Its words are not those that scikit-learn would find."""

    def build_analyzer(self) -> Any:
        return lambda text: text.split("e")


class OwnRegression(LogisticRegression):
    """Its probabilities are not those of a logistic regression."""

    def predict_proba(self, matrix: Any) -> np.ndarray:
        return super().predict_proba(matrix)[:, ::-1]


def kept(texts: list[str]) -> list[str]:
    return texts


@pytest.mark.parametrize(
    "steps",
    [
        (CountVectorizer(), SVC()),
        (CountVectorizer(), LinearSVC()),
        (CountVectorizer(), RandomForestClassifier(n_estimators=2)),
        (HashingVectorizer(n_features=64), logistic()),
        (CountVectorizer(), TfidfTransformer(), logistic()),
        (OwnVectorizer(), logistic()),
        (CountVectorizer(), OwnRegression(max_iter=2_000)),
        (CountVectorizer(dtype=np.float32), logistic()),
        (FeatureUnion([("w", CountVectorizer()), ("none", "drop")]), logistic()),
        (FeatureUnion([("w", CountVectorizer()), ("h", HashingVectorizer(n_features=8))]), logistic()),
    ],
    ids=lambda steps: "+".join(type(step).__name__ for step in steps),
)
def test_what_is_not_linear_on_words_is_not_compiled(steps: tuple[Any, ...]) -> None:
    assert compile_model(make_pipeline(*steps).fit(TEXTS, LABELS)) is None


@pytest.mark.parametrize(
    "model",
    [
        None,
        len,
        "model",
        LogisticRegression(),
        make_pipeline(CountVectorizer(), LogisticRegression()),
        HardenedClassifier(),
        make_pipeline(LogisticRegression()),
    ],
    ids=lambda model: repr(model)[:30],
)
def test_what_is_not_fitted_or_no_model_is_not_compiled(model: Any) -> None:
    assert compile_model(model) is None


def test_a_vectorizer_of_files_is_not_compiled(tmp_path: Any) -> None:
    files = [tmp_path / f"{row}.txt" for row in range(4)]
    for file, text in zip(files, TEXTS, strict=False):
        file.write_text(text)
    pipeline = make_pipeline(CountVectorizer(input="filename"), LogisticRegression()).fit(files, ["a", "a", "b", "b"])
    assert compile_model(pipeline) is None


@pytest.mark.parametrize(
    "change", [lambda found: found + 1e-8, lambda found: found * np.nan, lambda found: found[:, 1:]]
)
def test_what_answers_otherwise_is_not_used(
    fitted: dict[str, Pipeline], monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    right = CompiledModel.predict_proba
    monkeypatch.setattr(CompiledModel, "predict_proba", lambda self, texts: change(right(self, texts)))
    assert compile_model(fitted["counts, two"]) is None


def test_a_difference_too_small_to_matter_is_none(fitted: dict[str, Pipeline], monkeypatch: pytest.MonkeyPatch) -> None:
    right = CompiledModel.predict_proba
    monkeypatch.setattr(CompiledModel, "predict_proba", lambda self, texts: right(self, texts) + 1e-10)
    assert compile_model(fitted["counts, two"]) is not None


@pytest.mark.parametrize("odd", ["", "?!", "only in the proof"])
def test_it_is_compared_on_probes_and_on_the_proof(
    fitted: dict[str, Pipeline], monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    right = CompiledModel.predict_proba

    def sometimes(self: CompiledModel, texts: Any) -> np.ndarray:
        return right(self, texts) + np.array([[0.1 * (text == odd)] for text in texts])

    monkeypatch.setattr(CompiledModel, "predict_proba", sometimes)
    assert (compile_model(fitted["counts, two"]) is None) is (odd in PROBES)
    assert compile_model(fitted["counts, two"], proof=["only in the proof"]) is None


# Where it is used


def test_a_model_is_fast_where_it_can_be(fitted: dict[str, Pipeline], monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = fitted["tf-idf, many"]
    expected = pipeline.predict_proba(ASKED)
    model = as_fast_model(pipeline, "shop")
    assert isinstance(model, SklearnClassifier)
    assert isinstance(model.compiled, CompiledModel)
    assert (model.name, model.compiled.name, model.classes) == ("shop", "shop", model.compiled.classes)
    monkeypatch.delattr(LogisticRegression, "predict_proba")
    assert np.allclose(model.predict_proba(ASKED), expected, rtol=0, atol=TOLERANCE)


def test_a_pair_is_fast_too(fitted: dict[str, Pipeline]) -> None:
    model = as_fast_model(tuple(step for _, step in fitted["counts, numbers"].steps), "pair")
    assert isinstance(model.compiled, CompiledModel)
    assert model.classes == tuple(map(str, range(10)))


def test_what_cannot_be_compiled_answers_by_itself() -> None:
    forest = make_pipeline(TfidfVectorizer(), RandomForestClassifier(n_estimators=3, random_state=0)).fit(TEXTS, LABELS)
    model = as_fast_model(forest, "forest")
    assert isinstance(model, SklearnClassifier)
    assert model.compiled is None
    assert np.array_equal(model.predict_proba(ASKED), forest.predict_proba(ASKED))
    assert isinstance(as_fast_model(make_pipeline(CountVectorizer(), LinearSVC()).fit(TEXTS, LABELS), "svm"), LabelOnly)
    assert isinstance(as_fast_model(kept, "kept"), FunctionModel)


COUNTED = {
    "bayes": make_pipeline(CountVectorizer(), MultinomialNB()),
    "forest": make_pipeline(
        CountVectorizer(ngram_range=(1, 2)), RandomForestClassifier(n_estimators=3, random_state=0)
    ),
    "pieces": make_pipeline(CountVectorizer(analyzer="char_wb", ngram_range=(2, 3), binary=True), ComplementNB()),
}


@pytest.mark.parametrize("name", COUNTED)
def test_of_any_classifier_on_counts_the_vectorizers_are_compiled(name: str) -> None:
    pipeline = clone(COUNTED[name]).fit(TEXTS, LABELS)
    model = as_fast_model(pipeline, name)
    assert isinstance(model.compiled, CompiledVectorizers)
    assert model.compiled.classes == model.classes
    alone = np.concatenate([model.predict_proba([text]) for text in ASKED])
    assert np.array_equal(alone, pipeline.predict_proba(ASKED))
    assert np.array_equal(model.predict_proba(ASKED), alone)


def test_vectorizers_are_not_compiled_where_the_classifier_would_not_take_it() -> None:
    class Strange(MultinomialNB):
        def predict_proba(self, matrix: Any) -> Any:
            if matrix.shape[0] == 1:
                raise ValueError("one is too few")
            return super().predict_proba(matrix)

    assert compile_vectorizers(make_pipeline(CountVectorizer(), Strange()).fit(TEXTS, LABELS)) is None
    assert compile_vectorizers(MultinomialNB().fit([[1], [2]], ["a", "b"])) is None
    weighted = FeatureUnion([("w", CountVectorizer())], transformer_weights={"w": 0.5})
    assert compile_vectorizers(make_pipeline(weighted, MultinomialNB()).fit(TEXTS, LABELS)) is None


# Strings that nobody would write


@settings(max_examples=30)
@given(st.integers(0, 20), st.integers(0, 5))
def test_fuzzed_strings_are_repeatable(n: int, seed: int) -> None:
    found = fuzzed(n, seed=seed)
    assert found == fuzzed(n, seed=seed)
    assert len(found) == n
    assert all(len(text) < 60 for text in found)
    assert not any("\ud800" <= character <= "\udfff" for text in found for character in text)
    # More of them begin with the same ones.
    assert fuzzed(n + 3, seed=seed)[:n] == found


def test_fuzzed_strings_are_of_many_scripts_and_lengths() -> None:
    found = fuzzed(200)
    assert found != fuzzed(200, seed=1)
    assert {min(map(len, found)), max(map(len, found))} == {0, 59}
    assert len({len(text) for text in found}) > 40
    letters = {ord(character) for text in found for character in text}
    for low, high in ((32, 127), (0x900, 0x980), (0x1F600, 0x1F640)):
        assert any(low <= letter < high for letter in letters)
