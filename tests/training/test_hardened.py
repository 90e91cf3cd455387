"""The hardened recipe: what it is told is in the artifact, and what it measures was held out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from roadworthy import support_desk
from roadworthy.data import Dataset, Predictions
from roadworthy.errors import DataError
from roadworthy.guard import OUT_OF_SCOPE
from roadworthy.models import choosing
from roadworthy.models.adapt import SklearnClassifier
from roadworthy.models.artifact import Artifact, messages_card
from roadworthy.models.compiled import CompiledModel, fuzzed
from roadworthy.models.hardened import HardenedClassifier
from roadworthy.training import hardened
from roadworthy.training.hardened import held_out_answers, held_out_figures, require_oos, train_hardened

OOS = support_desk.OOS_LABEL
DESK = support_desk.load_train()
CHOSEN = DESK.classes[:4]
FEW = DESK.take([row for row, label in enumerate(DESK.labels or ()) if label in CHOSEN][::5])
NEW = DESK.take([row for row, label in enumerate(DESK.labels or ()) if label in CHOSEN][1::5])
STYLE = support_desk.load_real_style()
STRANGE = [text for text, label in zip(STYLE.texts, STYLE.labels or (), strict=True) if label == OOS]
WITH_OOS = Dataset.of([*FEW.texts, *STRANGE[:30]], [*(FEW.labels or ()), *[OOS] * 30], name="with oos")


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A single penalty and weight, tried once: trying all of them is slow, and shown elsewhere."""
    try_few(monkeypatch)


def try_few(patch: pytest.MonkeyPatch) -> None:
    for name, value in (("PENALTIES", (1.0,)), ("WORD_WEIGHTS", (0.7,)), ("REPEATS", 1)):
        patch.setattr(choosing, name, value)


def trained_once(data: Dataset, **options: Any) -> Artifact:
    with pytest.MonkeyPatch.context() as patch:
        try_few(patch)
        return train_hardened(data, **options)


@pytest.fixture(scope="module")
def plain() -> Artifact:
    return trained_once(FEW)


@pytest.fixture(scope="module")
def scoped() -> Artifact:
    return trained_once(WITH_OOS, oos_label=OOS)


# What it gives


def test_the_artifact_says_what_was_told_and_chosen(plain: Artifact) -> None:
    assert (plain.recipe, plain.reference, plain.data) == ("hardened", None, messages_card(FEW))
    estimator = plain.model.estimator
    assert plain.parameters == {
        **estimator.parameters_,
        "temperature": estimator.temperature_,
        "flag_rate": 0.1,
        "seed": 0,
    }
    assert plain.model.name == "hardened"
    assert tuple(plain.model.classes) == FEW.classes == plain.model.guard.familiarity_.labels
    assert isinstance(plain.model.model, CompiledModel)
    assert plain.model.guard.calibrated_on_ == len(FEW)


def test_training_is_repeatable(plain: Artifact) -> None:
    again, other = train_hardened(FEW), train_hardened(FEW, seed=1)
    found, same, different = (artifact.model.answer(NEW.texts) for artifact in (plain, again, other))
    assert np.array_equal(found.confidence, same.confidence)
    assert np.array_equal(found.familiarity, same.familiarity)
    assert found.reasons == same.reasons
    assert dict(plain.figures) == dict(again.figures)
    assert plain.parameters == again.parameters
    assert other.parameters["seed"] == other.model.estimator.random_state == 1
    assert not np.array_equal(found.confidence, different.confidence)


def test_figures_are_those_of_held_out_messages(plain: Artifact) -> None:
    assert set(plain.figures) == {"held_out_accuracy", "held_out_calibration_error"}
    for figure in plain.figures.values():
        assert set(figure) == {"value", "low", "high", "n"}
        assert figure["n"] == len(FEW)
        assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
    accuracy = plain.figures["held_out_accuracy"]
    answers = held_out_answers(plain.model.estimator)
    assert accuracy["value"] == (answers.labels == np.array(FEW.labels, dtype=object)).mean()
    # On its own messages the model is right nearly always; on new ones it is as good as it says.
    assert (plain.model.answer(FEW.texts).labels == np.array(FEW.labels)).mean() > accuracy["value"] + 0.05
    assert accuracy["low"] - 0.1 < (plain.model.answer(NEW.texts).labels == np.array(NEW.labels)).mean()


def test_a_single_message_of_a_class_is_in_no_figure() -> None:
    data = Dataset.of([*FEW.texts, "what colour is it"], [*(FEW.labels or ()), "colour"])
    made = train_hardened(data)
    assert {figure["n"] for figure in made.figures.values()} == {len(FEW)}
    assert made.model.guard.calibrated_on_ == len(FEW)
    assert np.isnan(held_out_answers(made.model.estimator).confidence).tolist() == [False] * len(FEW) + [True]
    assert made.model.answer_one("what colour is it").label == "colour"


def test_figures_leave_out_what_was_never_held_out() -> None:
    answers = Predictions(np.array(["a", "b", "a", "b"], dtype=object), np.array([0.9, 0.8, np.nan, 0.6]))
    found = held_out_figures(answers, ["a", "b", "b", "a"], np.array([0, 1, -1, 0]))
    assert found["held_out_accuracy"]["value"] == pytest.approx(2 / 3)
    assert {figure["n"] for figure in found.values()} == {3}


def test_it_is_compared_with_scikit_learn_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refused(estimator: HardenedClassifier, *, name: str, proof: Sequence[str]) -> None:
        asked.extend(proof)
        assert name == "hardened"

    monkeypatch.setattr(hardened, "compile_model", refused)
    made = train_hardened(FEW)
    n = len(FEW)
    assert asked[:n] == list(FEW.texts)
    assert len(asked) == 2 * n + 250
    assert asked[n : 2 * n] != asked[:n]
    assert asked[2 * n :] == fuzzed(250)
    # What cannot be compiled still answers.
    assert isinstance(made.model.model, SklearnClassifier)
    assert made.model.model.name == "hardened"
    assert set(made.model.answer(NEW.texts).labels) <= set(CHOSEN)


# The flag rate


def test_new_messages_are_flagged_about_as_often_as_was_told(plain: Artifact) -> None:
    # One in ten of 45; in 99 of 100 such draws at most 10 are.
    assert len(NEW) == 45
    assert plain.model.answer(NEW.texts).flagged.sum() <= 10


def test_a_higher_rate_flags_more(plain: Artifact) -> None:
    often = train_hardened(FEW, flag_rate=0.5)
    assert often.parameters["flag_rate"] == often.model.guard.flag_rate == 0.5
    flagged = [made.model.answer(NEW.texts).flagged for made in (plain, often)]
    assert flagged[0].sum() < flagged[1].sum()
    # Whatever is flagged at the lower rate is flagged at the higher one.
    assert flagged[1][flagged[0]].all()


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, 2.0, float("nan")])
def test_what_is_no_rate_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch, rate: float) -> None:
    monkeypatch.setattr(hardened, "HardenedClassifier", None)
    with pytest.raises(DataError, match=r"a flag rate of .*; give a share between 0 and 1, such as 0.1"):
        train_hardened(FEW, flag_rate=rate)


def test_too_few_messages_for_the_rate_are_refused() -> None:
    with pytest.raises(DataError, match=r"8 messages are too few for a flag rate of 10%; give at least 9 messages"):
        train_hardened(Dataset.of([*FEW.texts[:4], *NEW.texts[:4]], ["a"] * 4 + ["b"] * 4))


# Out-of-scope messages as a class


def test_out_of_scope_messages_are_a_class_of_their_own(scoped: Artifact) -> None:
    assert OOS in scoped.model.classes
    assert scoped.model.guard.oos_label == OOS
    found = scoped.model.answer([*STRANGE[30:90], *NEW.texts])
    answered = found.labels == OOS
    assert answered[:60].mean() > 0.3
    assert all(OUT_OF_SCOPE in reasons for reasons, is_oos in zip(found.reasons, answered, strict=True) if is_oos)
    assert found.flagged[answered].all()
    assert not found.flagged[~answered].all()


def test_the_guard_is_calibrated_on_what_is_in_scope(scoped: Artifact) -> None:
    assert scoped.model.guard.calibrated_on_ == len(FEW)
    assert {figure["n"] for figure in scoped.figures.values()} == {len(WITH_OOS)}


def test_it_flags_more_of_what_is_out_of_scope_than_without(scoped: Artifact, plain: Artifact) -> None:
    asked = STRANGE[30:90]
    assert scoped.model.answer(asked).flagged.mean() > 0.5
    assert scoped.model.answer(asked).flagged.mean() >= plain.model.answer(asked).flagged.mean() - 0.1


def test_without_the_label_it_is_a_class_like_any_other() -> None:
    made = train_hardened(WITH_OOS)
    assert made.model.guard.oos_label is None
    assert made.model.guard.calibrated_on_ == len(WITH_OOS)
    found = made.model.answer(STRANGE[:30])
    assert (found.labels == OOS).mean() > 0.9
    assert not found.flagged.all()


@pytest.mark.parametrize(
    ("labels", "oos", "said"),
    [
        (["a", "b", "c"], "no", "these: no message is labelled 'no'; leave --oos-label out, or mend it"),
        (["a", "b", "a"], "b", "these: a single class in scope; give messages of at least two classes in scope"),
        (["a", "b", "c"], "", "these: no message is labelled ''"),
    ],
)
def test_a_label_of_out_of_scope_messages_must_be_one_of_several(labels: list[str], oos: str, said: str) -> None:
    data = Dataset.of(["x", "y", "z"], labels, name="these")
    for refused in (require_oos, lambda data, oos: train_hardened(data, oos_label=oos)):
        with pytest.raises(DataError) as caught:
            refused(data, oos)
        assert str(caught.value).startswith(said)


def test_a_label_that_fits_or_none_is_fine() -> None:
    require_oos(WITH_OOS, OOS)
    require_oos(FEW, None)


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
def test_what_cannot_be_learned_from_is_refused(data: Dataset, said: str) -> None:
    with pytest.raises(DataError) as caught:
        train_hardened(data)
    assert str(caught.value).startswith(said)


def test_a_single_message_of_each_class_is_refused() -> None:
    with pytest.raises(DataError):
        train_hardened(Dataset.of(["where is it", "a refund", "open today"], ["order", "refund", "hours"]))


# Encoders


class Lengths:
    """An encoder by the length of a message."""

    name, dimension = "lengths", 4

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.array([[1.0, len(text) / 50, len(text.split()) / 10, text.count("e") / 10] for text in texts])
        rows = rows.reshape(-1, self.dimension)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_an_encoder_is_loaded_by_its_spec_and_used_by_model_and_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    encoder = Lengths()
    monkeypatch.setattr(hardened, "load_encoder", lambda spec: asked.append(spec) or encoder)
    made = train_hardened(FEW, encoder="someone/tiny")
    assert asked == ["someone/tiny"]
    assert made.model.estimator.encoder is made.model.guard.encoder is encoder
    assert isinstance(made.model.model, CompiledModel)
    assert made.model.model.features.encoder is encoder
    found = made.model.answer(NEW.texts)
    expected = made.model.estimator.predict_proba(NEW.texts)
    assert np.allclose(found.confidence, expected.max(axis=1), rtol=0, atol=1e-9)


def test_without_an_encoder_there_is_none(plain: Artifact) -> None:
    assert plain.model.guard.encoder is plain.model.estimator.encoder is None
