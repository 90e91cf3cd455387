"""A model and its guard as one: whatever the model is, every answer comes with a verdict, in its place."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from roadworthy import support_desk
from roadworthy.data import BlackBox, Classifier, Dataset, Predictions
from roadworthy.errors import ModelError
from roadworthy.guard import EMPTY, REASONS, TOO_LONG, UNFAMILIAR_WORDS, UNKNOWN_LANGUAGE
from roadworthy.inspection import inspect
from roadworthy.models import as_model, ask
from roadworthy.models.artifact import Artifact
from roadworthy.models.compiled import CompiledModel, fuzzed
from roadworthy.models.guarded import Answer, GuardedModel

REAL = support_desk.load_real_style().sample(60, seed=1)
ASKED = [
    *REAL.texts,
    *fuzzed(20),
    "",
    "?!",
    "where is my order",
    "qwrtz zxcv",
    "o" * 900,
    "¿dónde está mi pedido, por favor?",
]
KINDS = ("compiled", "pipeline", "labels only", "function", "pairs", "matrix", "own", "no classes")


class Own:
    """A classifier of the user's own."""

    classes = ("order_status", "refund_status")

    def predict_proba(self, texts: list[str]) -> np.ndarray:
        return np.array([[0.7, 0.3] if "order" in text else [0.2, 0.8] for text in texts])


def labels(texts: list[str]) -> list[str]:
    return ["order_status" if "order" in text else "refund_status" for text in texts]


def pairs(texts: list[str]) -> list[tuple[str, float]]:
    return [(label, 0.5 + len(text) % 5 / 10) for label, text in zip(labels(texts), texts, strict=True)]


def matrix(texts: list[str]) -> np.ndarray:
    return Own().predict_proba(texts)


matrix.classes = Own.classes  # type: ignore[attr-defined]


class Answering:
    """A black box that does not say which classes it knows, and flags by itself."""

    name = "answering"

    def answer(self, texts: list[str]) -> Predictions:
        return Predictions(
            np.array(labels(texts), dtype=object), np.full(len(texts), 0.9), np.ones(len(texts), dtype=bool)
        )


@pytest.fixture(scope="module")
def models(trained: Artifact, messages: Dataset) -> dict[str, GuardedModel]:
    regression = make_pipeline(CountVectorizer(), LogisticRegression()).fit(messages.texts, messages.labels)
    machine = make_pipeline(TfidfVectorizer(), LinearSVC()).fit(messages.texts, messages.labels)
    kinds = (regression, machine, labels, pairs, matrix, Own(), Answering())
    guard = trained.model.guard
    rest = {name: GuardedModel(as_model(kind), guard, name=name) for name, kind in zip(KINDS[1:], kinds, strict=True)}
    return {"compiled": trained.model, **rest}


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, models: dict[str, GuardedModel]) -> GuardedModel:
    return models[request.param]


def same(first: Predictions, second: Predictions) -> bool:
    return (
        first.labels.tolist() == second.labels.tolist()
        and np.allclose(first.confidence, second.confidence, rtol=0, atol=1e-12, equal_nan=True)
        and np.allclose(first.familiarity, second.familiarity, rtol=0, atol=1e-12, equal_nan=True)
        and first.flagged.tolist() == second.flagged.tolist()
        and first.reasons == second.reasons
    )


# One verdict a message


def test_many_answers_are_those_of_one_message_after_the_other(model: GuardedModel) -> None:
    many, table = model.answers(ASKED), model.answer(ASKED)
    assert len(many) == len(table) == len(ASKED)
    for row, (text, answer) in enumerate(zip(ASKED, many, strict=True)):
        alone = model.answer_one(text)
        assert (alone.label, alone.reasons) == (answer.label, answer.reasons)
        assert alone[1:3] == pytest.approx(answer[1:3], rel=0, abs=1e-12, nan_ok=True)
        assert (table.labels[row], table.flagged[row], table.reasons[row]) == (
            answer.label,
            answer.flagged,
            answer.reasons,
        )
        assert (table.confidence[row], table.familiarity[row]) == pytest.approx(answer[1:3], nan_ok=True)


def test_answers_keep_the_order_of_the_messages(model: GuardedModel) -> None:
    order = np.random.default_rng(0).permutation(len(ASKED))
    assert same(model.answer([ASKED[row] for row in order]), model.answer(ASKED).take(order))


def test_flagged_are_those_with_a_reason(model: GuardedModel) -> None:
    answers = model.answers(ASKED)
    assert all(answer.flagged is bool(answer.reasons) for answer in answers)
    assert [answer.verdict for answer in answers] == ["flagged" if answer.reasons else "trusted" for answer in answers]
    assert {reason for answer in answers for reason in answer.reasons} <= set(REASONS)
    assert all(len(set(answer.reasons)) == len(answer.reasons) for answer in answers)
    assert all(0 <= answer.familiarity <= 1 for answer in answers)
    assert len({answer.flagged for answer in answers}) == 2


def test_the_label_and_the_confidence_are_those_of_the_model(model: GuardedModel) -> None:
    found = model.answer(ASKED)
    if isinstance(model.model, Classifier):
        probabilities = model.model.predict_proba(ASKED)
        expected = [model.model.classes[best] for best in probabilities.argmax(axis=1)]
        assert np.allclose(found.confidence, probabilities.max(axis=1), rtol=0, atol=1e-12)
    else:
        own = model.model.answer(ASKED)
        expected = own.labels.tolist()
        assert np.array_equal(found.confidence, own.confidence, equal_nan=True)
    assert found.labels.tolist() == expected


def test_a_model_that_states_no_confidence_has_none(models: dict[str, GuardedModel]) -> None:
    for kind in ("labels only", "function"):
        found = models[kind].answer(ASKED)
        assert np.isnan(found.confidence).all()
        assert np.isfinite(found.familiarity).all()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", EMPTY),
        (" \n", EMPTY),
        ("where is my order " * 60, TOO_LONG),
        ("¿dónde está mi pedido, por favor? todavía no ha llegado", UNKNOWN_LANGUAGE),
    ],
)
def test_what_cannot_be_trusted_says_why(model: GuardedModel, text: str, reason: str) -> None:
    answer = model.answer_one(text)
    assert reason in answer.reasons
    assert (answer.flagged, answer.verdict) == (True, "flagged")
    if reason == EMPTY:
        assert (answer.reasons, answer.familiarity) == ((EMPTY,), 0.0)


def test_words_that_nobody_knows_are_flagged(models: dict[str, GuardedModel]) -> None:
    # A model that is sure of everything needs a guard that was fitted on its own answers.
    for kind in ("compiled", "labels only", "function"):
        assert UNFAMILIAR_WORDS in models[kind].answer_one("qwrtz zxcv plomf").reasons


def test_most_messages_of_the_training_set_are_trusted(trained: Artifact, messages: Dataset) -> None:
    assert trained.model.answer(messages.texts).flagged.mean() < 0.1


@settings(max_examples=80)
@given(st.lists(st.text(max_size=200), max_size=4))
def test_any_text_gets_a_verdict(trained: Artifact, texts: list[str]) -> None:
    found = trained.model.answer(texts)
    assert len(found) == len(texts) == len(found.reasons)
    assert set(found.labels) <= set(trained.model.classes)
    assert ((found.familiarity >= 0) & (found.familiarity <= 1)).all()
    assert found.flagged.tolist() == [bool(reasons) for reasons in found.reasons]


@pytest.mark.parametrize(
    "kind",
    ["compiled", "function", "pipeline", "labels only", "own"],
)
def test_no_messages_have_no_answers(models: dict[str, GuardedModel], kind: str) -> None:
    assert models[kind].answers([]) == []
    assert len(models[kind].answer([])) == 0


@pytest.mark.parametrize("verdict", ["trusted", "flagged"])
def test_an_answer_is_trusted_without_a_reason(verdict: str) -> None:
    answer = Answer("order", 0.9, 0.5, () if verdict == "trusted" else (EMPTY,))
    assert (answer.verdict, answer.flagged) == (verdict, verdict == "flagged")


# What is shared, and what is known


def test_the_features_of_a_compiled_model_are_the_guards_too(trained: Artifact) -> None:
    assert isinstance(trained.model.model, CompiledModel)
    assert trained.model.guard.familiarity_.compiled is trained.model.model.features


def test_the_features_are_computed_once_for_both(trained: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, asked = type(trained.model.model.features), []
    right = kind.of_one
    monkeypatch.setattr(kind, "of_one", lambda self, text: asked.append(text) or right(self, text))
    trained.model.answers(ASKED[:5])
    assert asked == ASKED[:5]


def test_the_classes_are_the_models_or_else_the_guards(models: dict[str, GuardedModel], messages: Dataset) -> None:
    assert models["own"].classes == models["matrix"].classes == Own.classes
    assert models["compiled"].classes == models["labels only"].classes == messages.classes
    assert models["no classes"].classes == models["function"].classes == messages.classes


def test_a_model_that_raises_says_so(trained: Artifact) -> None:
    def broken(texts: list[str]) -> list[str]:
        raise ValueError("no")

    with pytest.raises(ModelError, match="raised ValueError: no on a batch of 2 messages"):
        GuardedModel(as_model(broken), trained.model.guard, name="broken").answer(["a", "b"])


def test_a_hardened_model_is_judged_alike_compiled_or_not(trained: Artifact) -> None:
    slow = GuardedModel(as_model(trained.model.estimator), trained.model.guard, name="slow")
    assert same(slow.answer(ASKED), trained.model.answer(ASKED))


# Wherever a model goes


def test_it_is_a_black_box(model: GuardedModel) -> None:
    assert isinstance(model, BlackBox)
    assert not isinstance(model, Classifier)
    assert as_model(model) is model


def test_it_can_be_asked_in_batches(model: GuardedModel) -> None:
    asked = ask(model, ASKED, batch_size=7).predictions
    found = model.answer(ASKED)
    assert asked.labels.tolist() == found.labels.tolist()
    assert asked.flagged.tolist() == found.flagged.tolist()
    assert np.array_equal(asked.confidence, found.confidence, equal_nan=True)


def test_asking_in_batches_loses_neither_familiarity_nor_reasons(trained: Artifact) -> None:
    assert same(ask(trained.model, ASKED, batch_size=7).predictions, trained.model.answer(ASKED))


def test_other_processes_give_the_same_answers(trained: Artifact) -> None:
    here, there = (
        ask(trained.model, ASKED, batch_size=30, engine=engine).predictions for engine in ("local", "processes")
    )
    assert same(here, there)


def test_a_copy_answers_alike(models: dict[str, GuardedModel]) -> None:
    for kind in ("compiled", "pipeline", "labels only", "function"):
        again = pickle.loads(pickle.dumps(models[kind]))
        assert same(again.answer(ASKED), models[kind].answer(ASKED))


def test_threads_may_ask_at_once(trained: Artifact) -> None:
    expected = trained.model.answer(ASKED)
    with ThreadPoolExecutor(4) as pool:
        assert all(same(found, expected) for found in pool.map(trained.model.answer, [ASKED] * 8))


@pytest.fixture(scope="module")
def inspections(models: dict[str, GuardedModel]) -> dict[str, Any]:
    clean = support_desk.load_clean_test().sample(40)
    return {
        name: inspect(model, clean, real=REAL, oos_label=support_desk.OOS_LABEL, suite="quick")
        for name, model in (("guarded", models["compiled"]), ("bare", as_model(models["compiled"].estimator)))
    }


def test_an_inspection_knows_of_the_guard(inspections: dict[str, Any]) -> None:
    assert inspections["guarded"].model.guarded
    assert not inspections["bare"].model.guarded


def test_flags_show_in_coverage_and_silent_failures(inspections: dict[str, Any], trained: Artifact) -> None:
    found = trained.model.answer(REAL.texts)
    real = inspections["guarded"].group("real")
    assert real.coverage.value == pytest.approx(1 - found.flagged.mean())
    silent = (found.labels != np.array(REAL.labels, dtype=object)) & ~found.flagged
    assert real.silent_failure_rate.value == pytest.approx(silent.mean())
    bare = inspections["bare"].group("real")
    assert bare.coverage.value == 1
    assert bare.silent_failure_rate.value > real.silent_failure_rate.value
    assert bare.accuracy.value == real.accuracy.value


def test_a_guard_lets_fewer_failures_pass_in_silence_than_it_costs_coverage(inspections: dict[str, Any]) -> None:
    guarded, bare = (inspections[name].group("real") for name in ("guarded", "bare"))
    trusted_wrong = guarded.silent_failure_rate.value / guarded.coverage.value
    assert trusted_wrong < bare.silent_failure_rate.value
