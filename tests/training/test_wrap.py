"""Wrapping gives a model its guard, and finds out by itself whether the messages are those it was trained on."""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from roadworthy import support_desk
from roadworthy.data import Dataset
from roadworthy.errors import DataError, ModelError
from roadworthy.guard import EMPTY, LOW_CONFIDENCE, OUT_OF_SCOPE, Guard
from roadworthy.models import as_model
from roadworthy.models.artifact import messages_card
from roadworthy.models.choosing import splits
from roadworthy.models.compiled import CompiledModel
from roadworthy.models.guarded import GuardedModel
from roadworthy.training import wrap as module
from roadworthy.training.wrap import Wrapped, wrap

DESK = support_desk.load_train()
CHOSEN = DESK.classes[:4]
ROWS = [row for row, label in enumerate(DESK.labels or ()) if label in CHOSEN]
# What the models below are trained on, what they are wrapped with, and what neither has seen.
SEEN, HELD_OUT, NEW = (DESK.take(ROWS[start::4]) for start in range(3))
OOS = support_desk.OOS_LABEL
STYLE = support_desk.load_real_style()
STRANGE = [text for text, label in zip(STYLE.texts, STYLE.labels or (), strict=True) if label == OOS][:40]


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return make_pipeline(CountVectorizer(), LogisticRegression(C=100.0, max_iter=2_000)).fit(SEEN.texts, SEEN.labels)


@pytest.fixture(scope="module")
def machine() -> Pipeline:
    return make_pipeline(TfidfVectorizer(), LinearSVC()).fit(SEEN.texts, SEEN.labels)


@pytest.fixture(scope="module")
def held_out(pipeline: Pipeline) -> Wrapped:
    return wrap(pipeline, HELD_OUT)


@pytest.fixture(scope="module")
def seen(pipeline: Pipeline) -> Wrapped:
    return wrap(pipeline, SEEN)


def accuracy(model: Pipeline, data: Dataset) -> float:
    return float((model.predict(data.texts) == np.array(data.labels)).mean())


# Seen, or held out


def test_messages_that_a_model_was_trained_on_are_recognised(pipeline: Pipeline, seen: Wrapped) -> None:
    assert seen.seen
    assert seen.accuracy == accuracy(pipeline, SEEN) > 0.95
    assert seen.learnable < 0.95
    artifact = seen.artifact
    assert artifact.parameters == {
        "model": "Pipeline",
        "seen": True,
        "refitted": True,
        "uses_confidence": True,
        "flag_rate": 0.1,
        "seed": 0,
    }
    # How good a model is cannot be said on its own messages, but copies of it can be held out from some of them.
    assert artifact.figures["held_out_accuracy"]["value"] < 0.95
    assert artifact.model.guard.uses_confidence
    assert artifact.model.guard.uses_label


def test_messages_that_are_new_to_a_model_are_recognised(pipeline: Pipeline, held_out: Wrapped) -> None:
    assert not held_out.seen
    assert held_out.accuracy == accuracy(pipeline, HELD_OUT)
    artifact = held_out.artifact
    assert artifact.parameters["uses_confidence"]
    assert artifact.model.guard.uses_confidence
    assert artifact.figures["held_out_accuracy"]["value"] == held_out.accuracy
    assert {figure["n"] for figure in artifact.figures.values()} == {len(HELD_OUT)}
    assert (artifact.recipe, artifact.reference, artifact.data) == ("wrap", None, messages_card(HELD_OUT))


@pytest.mark.parametrize(("data", "told"), [(SEEN, False), (HELD_OUT, True)], ids=["seen", "held out"])
def test_what_is_told_counts_more_than_what_it_looks_like(pipeline: Pipeline, data: Dataset, told: bool) -> None:
    found = wrap(pipeline, data, seen=told)
    assert found.seen is told
    assert found.artifact.parameters["refitted"] is told


@pytest.mark.parametrize(
    ("accuracy", "learnable", "expected"),
    [
        (1.0, 0.7, True),
        (0.96, 0.7, True),
        (0.95, 0.7, False),
        (0.9, 0.1, False),
        (1.0, 0.94, True),
        (1.0, 0.95, False),
        (0.99, 0.97, False),
    ],
)
def test_a_model_has_seen_what_it_is_too_good_on(
    monkeypatch: pytest.MonkeyPatch, accuracy: float, learnable: float, expected: bool
) -> None:
    texts = [f"message {'ab'[row % 2]} number {row}" for row in range(100)]
    data = Dataset.of(texts, ["ab"[row % 2] for row in range(100)])

    def right(share: float) -> np.ndarray:
        labels = np.array(data.labels, dtype=object)
        wrong = np.arange(100) >= round(share * 100)
        labels[wrong] = np.where(labels[wrong] == "a", "b", "a")
        return labels

    monkeypatch.setattr(module, "_plain_answers", lambda data, folds: right(learnable))
    found = wrap(lambda asked: [(right(accuracy)[texts.index(text)], 0.8) for text in asked], data)
    assert (found.accuracy, found.learnable, found.seen) == (
        pytest.approx(accuracy),
        pytest.approx(learnable),
        expected,
    )


@pytest.mark.parametrize(("data", "is_seen"), [(SEEN, True), (HELD_OUT, False)], ids=["seen", "held out"])
def test_the_guard_learns_from_answers_to_messages_that_were_new(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, data: Dataset, is_seen: bool
) -> None:
    given: list[tuple[list[str], np.ndarray]] = []
    right = Guard.fit

    def fit(self: Guard, texts: Any, labels: Any, answers: Any, folds: np.ndarray, **options: Any) -> Guard:
        given.append((answers.labels.tolist(), folds))
        return right(self, texts, labels, answers, folds, **options)

    monkeypatch.setattr(Guard, "fit", fit)
    wrap(pipeline, data, seen=is_seen)
    [(answered, folds)] = given
    own = pipeline.predict(data.texts).tolist()
    anew = list(own)
    for train, test in splits(folds):
        part = clone(pipeline).fit(data.take(train).texts, data.take(train).labels)
        for row, label in zip(test, part.predict(data.take(test).texts), strict=True):
            anew[row] = label
    assert own != anew
    assert answered == (anew if is_seen else own)


class Stubborn(LogisticRegression):
    """Once fitted it stays as it is: training it anew changes nothing."""

    memory: dict[str, str] = {}  # noqa: RUF012

    def fit(self, texts: Any, labels: Any) -> "Stubborn":
        self.classes_ = np.array(CHOSEN)
        return self

    def predict_proba(self, texts: Any) -> np.ndarray:
        found = [self.memory.get(text, CHOSEN[0]) for text in texts]
        return np.array([[0.91 if label == known else 0.03 for label in CHOSEN] for known in found])


class Unfit(Stubborn):
    def fit(self, texts: Any, labels: Any) -> "Unfit":
        raise ValueError("only where it was built")


@pytest.mark.parametrize("kind", [Stubborn, Unfit, None], ids=["remembers", "cannot be trained", "a function"])
def test_where_nobody_knows_what_it_would_answer_to_new_messages_only_the_messages_count(kind: Any) -> None:
    memory = dict(zip(SEEN.texts, SEEN.labels or (), strict=True))
    if kind is None:
        model: Any = lambda texts: [(memory.get(text, CHOSEN[0]), 0.9) for text in texts]  # noqa: E731
    else:
        kind.memory = memory
        model = kind()
        model.classes_ = np.array(CHOSEN)
    artifact = wrap(model, SEEN).artifact
    guard = artifact.model.guard
    assert (artifact.parameters["seen"], artifact.parameters["refitted"], artifact.figures) == (True, False, {})
    assert not guard.uses_confidence
    assert not guard.uses_label
    near, other = (guard.judge([text] * 4, CHOSEN, [0.9] * 4) for text in (SEEN.texts[0], "qwrtz zxcv"))
    assert len({verdict.familiarity for verdict in near}) == 1
    assert not any(verdict.flagged for verdict in near)
    assert all(verdict.flagged for verdict in other)
    assert guard.judge_one(SEEN.texts[0], "a label of none of them", 0.9).flagged


def test_what_a_plain_model_answers_is_held_out() -> None:
    folds = np.arange(len(SEEN)) % 4
    folds[:2] = -1
    found = module._plain_answers(SEEN, folds)
    assert found.tolist()[:2] == list(SEEN.labels or ())[:2]
    right = (found == np.array(SEEN.labels, dtype=object))[2:]
    assert 0.4 < right.mean() < 0.95
    again = module._plain_answers(SEEN, folds)
    assert found.tolist() == again.tolist()


# What it gives


def test_a_wrapped_model_answers_as_before(pipeline: Pipeline, held_out: Wrapped) -> None:
    found = held_out.artifact.model.answer(NEW.texts)
    assert found.labels.tolist() == pipeline.predict(NEW.texts).tolist()
    assert np.allclose(found.confidence, pipeline.predict_proba(NEW.texts).max(axis=1), rtol=0, atol=1e-9)
    assert held_out.artifact.model.classes == CHOSEN
    assert held_out.artifact.model.estimator is pipeline


def test_about_as_many_as_was_told_are_flagged(held_out: Wrapped) -> None:
    flagged = held_out.artifact.model.answer(NEW.texts).flagged
    assert flagged.mean() < 0.25
    assert held_out.artifact.model.answer(STRANGE).flagged.mean() > flagged.mean() + 0.2


def test_the_flag_rate_is_that_of_the_guard(pipeline: Pipeline, held_out: Wrapped) -> None:
    often = wrap(pipeline, HELD_OUT, flag_rate=0.4).artifact
    assert often.parameters["flag_rate"] == often.model.guard.flag_rate == 0.4
    assert often.model.answer(NEW.texts).flagged.sum() > held_out.artifact.model.answer(NEW.texts).flagged.sum()


def test_wrapping_is_repeatable(pipeline: Pipeline, held_out: Wrapped) -> None:
    again = wrap(pipeline, HELD_OUT)
    assert (again.seen, again.accuracy, again.learnable) == (held_out.seen, held_out.accuracy, held_out.learnable)
    one, two = (found.artifact.model.answer(NEW.texts) for found in (held_out, again))
    assert np.array_equal(one.familiarity, two.familiarity)
    assert one.reasons == two.reasons


def test_the_model_is_not_trained_again(pipeline: Pipeline) -> None:
    before = pickle.dumps(pipeline)
    wrap(pipeline, HELD_OUT)
    assert pickle.dumps(pipeline) == before


# Any model


def test_a_model_of_labels_only_is_guarded_without_confidence(machine: Pipeline) -> None:
    found = wrap(machine, SEEN)
    assert found.seen
    assert not found.artifact.model.guard.uses_confidence
    answers = found.artifact.model.answer(NEW.texts)
    assert answers.labels.tolist() == machine.predict(NEW.texts).tolist()
    assert np.isnan(answers.confidence).all()
    assert not any(LOW_CONFIDENCE in reasons for reasons in answers.reasons)


def test_a_model_of_labels_only_is_guarded_on_held_out_messages_too(machine: Pipeline) -> None:
    found = wrap(machine, HELD_OUT, seen=False)
    assert not found.artifact.model.guard.uses_confidence
    assert found.artifact.figures["held_out_accuracy"]["value"] == found.accuracy
    # Of a confidence that nobody stated no calibration is measured.
    calibration = found.artifact.figures.get("held_out_calibration_error", {"value": None})["value"]
    assert calibration is None or np.isnan(calibration)


def answer(texts: list[str]) -> list[str]:
    return ["cancel_order" if "cancel" in text else "app_problem" for text in texts]


def test_a_function_of_labels_only_is_guarded() -> None:
    assert wrap(answer, HELD_OUT).artifact.model.answer_one("").reasons == (EMPTY,)


def test_a_function_of_pairs_is_guarded_with_its_confidence() -> None:
    found = wrap(lambda texts: [(label, 0.5 + len(label) / 40) for label in answer(texts)], HELD_OUT)
    assert found.artifact.model.guard.uses_confidence
    assert found.artifact.model.estimator is None
    assert found.artifact.model.classes == CHOSEN
    assert found.artifact.model.answer_one("").reasons == (EMPTY,)


def test_a_spec_is_loaded(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, (_, step) in zip(("v.pkl", "m.pkl"), pipeline.steps, strict=True):
        Path(name).write_bytes(pickle.dumps(step))
    skops.io.dump(pipeline, "model.skops")
    with pytest.raises(ModelError, match="--allow-pickle"):
        wrap("pickles:v.pkl,m.pkl", HELD_OUT)
    for spec, options in (("pickles:v.pkl,m.pkl", {"allow_pickle": True}), (Path("model.skops"), {})):
        found = wrap(spec, HELD_OUT, **options)
        assert found.artifact.parameters["model"] == str(spec)
        assert found.artifact.reference is None
        assert isinstance(found.artifact.model.model.compiled, CompiledModel)
        assert found.artifact.model.answer(NEW.texts).labels.tolist() == pipeline.predict(NEW.texts).tolist()


def test_code_and_weights_are_referred_to(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = as_model(lambda texts: [(label, 0.7) for label in answer(texts)], name="ours")
    monkeypatch.setattr(module, "load_model", lambda spec, allow_pickle: ours)
    for spec in ("python:ours:answer", "hf:someone/model"):
        assert wrap(spec, HELD_OUT).artifact.reference == spec


def test_a_guarded_model_is_not_guarded_twice(held_out: Wrapped) -> None:
    assert isinstance(held_out.artifact.model, GuardedModel)
    with pytest.raises(ModelError, match=r"Pipeline: has a guard already; wrap the model itself, or train it again"):
        wrap(held_out.artifact.model, HELD_OUT)


# Out-of-scope messages


def test_the_label_of_out_of_scope_messages_may_be_the_models_own() -> None:
    def scoped(texts: list[str]) -> list[tuple[str, float]]:
        return [
            (OOS, 0.9) if "weather" in text else (label, 0.8) for text, label in zip(texts, answer(texts), strict=True)
        ]

    found = wrap(scoped, HELD_OUT, oos_label=OOS).artifact.model
    assert found.guard.calibrated_on_ == len(HELD_OUT)
    assert OUT_OF_SCOPE in found.answer_one("how is the weather").reasons


def test_out_of_scope_messages_are_no_measure_of_what_is_familiar(pipeline: Pipeline) -> None:
    data = Dataset.of([*HELD_OUT.texts, *STRANGE], [*(HELD_OUT.labels or ()), *[OOS] * len(STRANGE)])
    found = wrap(pipeline, data, oos_label=OOS)
    assert found.artifact.model.guard.calibrated_on_ == len(HELD_OUT)
    assert found.artifact.figures["held_out_accuracy"]["n"] == len(data)


def test_one_class_in_scope_is_too_few(pipeline: Pipeline) -> None:
    data = Dataset.of(["a", "b", "c"], [CHOSEN[0], CHOSEN[0], OOS], name="these")
    with pytest.raises(DataError, match="these: a single class in scope"):
        wrap(pipeline, data, oos_label=OOS)


# Bad input


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (Dataset.of(["a", "b"], name="these"), "these: no labels; give one label a message"),
        (
            Dataset.of(["a", "b"], ["x", "x"], name="these"),
            "these: a single class ('x'); give messages of at least two",
        ),
    ],
)
def test_what_cannot_be_learned_from_is_refused(pipeline: Pipeline, data: Dataset, said: str) -> None:
    with pytest.raises(DataError) as caught:
        wrap(pipeline, data)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("rate", [0, 1, -1, float("nan")])
def test_what_is_no_rate_is_refused(pipeline: Pipeline, rate: float) -> None:
    with pytest.raises(DataError, match="a flag rate of"):
        wrap(pipeline, HELD_OUT, flag_rate=rate)


def test_too_few_messages_for_the_rate_are_refused(pipeline: Pipeline) -> None:
    with pytest.raises(DataError, match=r"messages are too few for a flag rate of 10%; give at least 9"):
        wrap(pipeline, HELD_OUT.take([0, 1, 20, 21]))


def test_a_single_message_of_each_class_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(DataError, match="a single message in every class"):
        wrap(pipeline, HELD_OUT.take([0, 20, 40]))


def test_labels_that_the_model_never_answers_are_refused(pipeline: Pipeline) -> None:
    data = Dataset.of(HELD_OUT.texts, [f"L{label}" for label in HELD_OUT.labels or ()], name="these")
    with pytest.raises(ModelError) as caught:
        wrap(pipeline, data)
    said = [", ".join(map(repr, names)) for names in (CHOSEN[:3], [f"L{label}" for label in CHOSEN[:3]])]
    assert (
        str(caught.value)
        == f"Pipeline: answers {said[0]}, the messages are labelled {said[1]}; give the model's own labels"
    )


def test_one_label_in_common_is_enough(pipeline: Pipeline) -> None:
    labels = [label if label == CHOSEN[0] else f"L{label}" for label in HELD_OUT.labels or ()]
    assert wrap(pipeline, Dataset.of(HELD_OUT.texts, labels)).accuracy < 0.5


def test_a_model_that_breaks_says_so() -> None:
    def broken(texts: list[str]) -> list[str]:
        raise ValueError("no")

    with pytest.raises(ModelError, match="raised ValueError: no"):
        wrap(broken, HELD_OUT)
    with pytest.raises(ModelError, match="is not a classifier"):
        wrap(5, HELD_OUT)


# Encoders


class Lengths:
    """An encoder by the length of a message."""

    name, dimension = "lengths", 2

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.array([[1.0, len(text) / 50] for text in texts]).reshape(-1, 2)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_an_encoder_is_loaded_by_its_spec_for_the_guard(
    pipeline: Pipeline, held_out: Wrapped, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    encoder = Lengths()
    monkeypatch.setattr(module, "load_encoder", lambda spec: asked.append(spec) or encoder)
    found = wrap(pipeline, HELD_OUT, encoder="someone/tiny").artifact.model
    assert asked == ["someone/tiny"]
    assert found.guard.encoder is encoder
    assert held_out.artifact.model.guard.encoder is None
    with_it, without = (model.answer(NEW.texts) for model in (found, held_out.artifact.model))
    assert with_it.labels.tolist() == without.labels.tolist()
    assert not np.array_equal(with_it.familiarity, without.familiarity)
