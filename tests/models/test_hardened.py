"""The hardened classifier keeps scikit-learn's contract, repeats itself, and is as sure as it is right."""

import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.utils import estimator_checks

from roadworthy import metrics, support_desk
from roadworthy.data import Dataset
from roadworthy.errors import DataError
from roadworthy.models import choosing
from roadworthy.models.artifact import Artifact
from roadworthy.models.choosing import PENALTIES, WORD_WEIGHTS
from roadworthy.models.hardened import HardenedClassifier, certainty_of, fit_temperature, softmax

ORDER = ["where is my order", "track my parcel", "order status please", "where is the parcel"]
REFUND = ["i want a refund", "refund my money", "give me my money back", "money back please"]
HOURS = ["when are you open", "opening hours", "are you open today", "when do you close"]
TEXTS, LABELS = [*ORDER, *REFUND], ["order"] * 4 + ["refund"] * 4
ASKED = [*TEXTS, "WHERE is my parcl???", "", "¿dónde está?", "money", "\ud83d"]
# scikit-learn's own checks that give no numbers as messages; those that do are written anew below, by their names.
CHECKS = (
    "check_do_not_raise_errors_in_init_or_set_param",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
)


def try_few(patch: pytest.MonkeyPatch) -> None:
    """A single penalty and weight, tried once: what these tests show holds for any, and trying all of them is slow."""
    for name, value in (("PENALTIES", (1.0,)), ("WORD_WEIGHTS", (0.7,)), ("REPEATS", 1)):
        patch.setattr(choosing, name, value)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    try_few(monkeypatch)


def quickly(texts: Sequence[str], labels: Sequence[str], encoder: Any = None) -> HardenedClassifier:
    with pytest.MonkeyPatch.context() as patch:
        try_few(patch)
        return HardenedClassifier(encoder).fit(texts, labels)


@pytest.fixture(scope="module")
def two() -> HardenedClassifier:
    return quickly(TEXTS, LABELS)


@pytest.fixture(scope="module")
def four() -> HardenedClassifier:
    return quickly([*TEXTS, *HOURS, "complain"], [*LABELS, *["hours"] * 4, "only one"])


@pytest.fixture(scope="module")
def embedding(letters: Any) -> HardenedClassifier:
    return quickly(TEXTS, LABELS, letters)


@pytest.fixture(params=["two", "four", "embedding"])
def model(request: pytest.FixtureRequest) -> HardenedClassifier:
    return request.getfixturevalue(request.param)


# scikit-learn's contract


@pytest.mark.parametrize("check", [name for name in CHECKS if hasattr(estimator_checks, name)])
def test_it_passes_the_checks_of_scikit_learn(check: str) -> None:
    getattr(estimator_checks, check)("HardenedClassifier", HardenedClassifier())


def test_it_says_that_it_takes_strings() -> None:
    tags = HardenedClassifier().__sklearn_tags__()
    assert (tags.input_tags.string, tags.input_tags.two_d_array, tags.estimator_type) == (True, False, "classifier")
    assert tags.target_tags.required


def test_fit_gives_back_the_estimator_and_sets_only_what_it_learns() -> None:
    model = HardenedClassifier(random_state=3)
    assert model.fit(TEXTS, LABELS) is model
    learned = set(vars(model)) - {"encoder", "random_state"}
    assert all(name.endswith("_") and not name.startswith("_") for name in learned)
    assert model.get_params() == {"encoder": None, "random_state": 3}


def test_what_is_documented_is_learned(trained: Artifact, messages: Dataset) -> None:
    model = trained.model.estimator
    assert tuple(model.classes_) == messages.classes
    assert set(model.parameters_) == {"penalty", "word_weight", "balanced", "copies"}
    assert model.parameters_["penalty"] in PENALTIES
    assert model.parameters_["word_weight"] in WORD_WEIGHTS
    assert model.tried_[0]["choice"] == model.parameters_
    assert len(model.tried_) == len(PENALTIES) * len(WORD_WEIGHTS) + 2
    assert 0.1 <= model.temperature_ <= 100
    assert model.held_out_scores_.shape == (150, 10)
    assert set(model.held_out_folds_) == set(range(10))


def test_an_only_message_is_never_held_out(four: HardenedClassifier) -> None:
    assert four.held_out_folds_[-1] == -1
    assert (four.held_out_folds_[:-1] >= 0).all()
    assert np.isnan(four.held_out_scores_[-1]).all()
    assert np.isfinite(four.held_out_scores_[:-1]).all()
    assert four.predict(["complain"]).tolist() == ["only one"]


@pytest.mark.parametrize(
    "method",
    [
        "predict_proba",
        "decision_function",
        "predict",
    ],
)
def test_before_it_is_fitted_it_says_so(method: str) -> None:
    with pytest.raises(NotFittedError):
        getattr(HardenedClassifier(), method)(["a"])


def test_fitting_again_forgets_what_was_learned_before(two: HardenedClassifier) -> None:
    model = HardenedClassifier().fit([*TEXTS, *HOURS], [*LABELS, *["hours"] * 4]).fit(TEXTS, LABELS)
    assert model.classes_.tolist() == ["order", "refund"]
    assert np.array_equal(model.predict_proba(ASKED), two.predict_proba(ASKED))


def test_asking_changes_nothing(model: HardenedClassifier) -> None:
    before = pickle.dumps(model)
    for method in (model.predict, model.predict_proba, model.decision_function):
        method(ASKED)
    assert pickle.dumps(model) == before


def test_a_pickle_answers_alike(model: HardenedClassifier) -> None:
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(ASKED), model.predict_proba(ASKED))


def test_a_clone_learns_the_same(embedding: HardenedClassifier) -> None:
    again = clone(embedding)
    assert not hasattr(again, "classes_")
    assert np.array_equal(again.fit(TEXTS, LABELS).predict_proba(ASKED), embedding.predict_proba(ASKED))


def test_the_order_and_the_number_of_messages_do_not_matter(model: HardenedClassifier) -> None:
    whole = model.predict_proba(ASKED)
    assert np.array_equal(model.predict_proba(ASKED[::-1])[::-1], whole)
    alone = np.vstack([model.predict_proba([text]) for text in ASKED])
    assert np.allclose(alone, whole, rtol=0, atol=1e-12)


def test_scores_probabilities_and_labels_agree(model: HardenedClassifier) -> None:
    scores, probabilities = model.decision_function(ASKED), model.predict_proba(ASKED)
    assert scores.shape == ((len(ASKED),) if len(model.classes_) == 2 else (len(ASKED), len(model.classes_)))
    best = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
    assert probabilities.argmax(axis=1).tolist() == best.tolist()
    assert model.predict(ASKED).tolist() == model.classes_[best].tolist()
    assert model.score(TEXTS, LABELS) == 1.0


def test_the_empty_message_is_answered_too(model: HardenedClassifier) -> None:
    assert np.isclose(model.predict_proba([""]).sum(), 1)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        ([1] * 4 + [0] * 4, "i"),
        (np.repeat([7, -1], 4), "i"),
        (np.repeat([True, False], 4), "b"),
        (np.repeat([0.5, 1.5], 4), "f"),
        (np.repeat(["order", "refund"], 4), "U"),
        (np.repeat(np.array(["order", "refund"], dtype=object), 4), "U"),
        ([np.str_("order")] * 4 + [np.str_("refund")] * 4, "U"),
        (pd.Series(LABELS, index=range(10, 18)), "U"),
        (pd.Series(LABELS, dtype="category"), "U"),
        (tuple(LABELS), "U"),
    ],
)
def test_labels_of_any_type_are_answered_in_that_type(labels: Any, kind: str, two: HardenedClassifier) -> None:
    model = HardenedClassifier().fit(TEXTS, labels)
    assert model.classes_.dtype.kind == kind
    assert model.predict(TEXTS).tolist() == list(labels)
    # The same two classes by whatever name: the same probabilities, in the order of the names.
    first = model.classes_.tolist().index(next(iter(labels)))
    assert np.allclose(model.predict_proba(ASKED)[:, first], two.predict_proba(ASKED)[:, 0], atol=1e-3)


@pytest.mark.parametrize(
    "texts",
    [
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        pd.Series(TEXTS, index=range(8, 0, -1)),
        pd.Series(TEXTS, dtype="string"),
    ],
    ids=["tuple", "array", "objects", "series", "strings"],
)
def test_texts_of_any_sequence_are_the_same_messages(texts: Any, two: HardenedClassifier) -> None:
    model = HardenedClassifier().fit(texts, LABELS)
    assert np.array_equal(model.predict_proba(texts), two.predict_proba(TEXTS))
    assert two.predict(texts).tolist() == LABELS


def test_it_works_inside_what_scikit_learn_offers(two: HardenedClassifier) -> None:
    pipeline = Pipeline([("model", HardenedClassifier())]).fit(TEXTS, LABELS)
    assert np.array_equal(pipeline.predict_proba(ASKED), two.predict_proba(ASKED))
    assert len(cross_val_score(HardenedClassifier(), TEXTS, LABELS, cv=2)) == 2
    search = GridSearchCV(HardenedClassifier(), {"random_state": [0, 1]}, cv=2).fit(np.array(TEXTS), np.array(LABELS))
    assert search.best_params_["random_state"] in (0, 1)
    assert search.predict(ORDER).tolist() == ["order"] * 4


# Bad input


@pytest.mark.parametrize(
    ("texts", "labels", "said"),
    [
        ([], [], "messages: no messages; give at least one"),
        (["a", ""], ["x", "y"], "messages: row 2: the text is empty"),
        (["a", None], ["x", "y"], "messages: row 2: the text is empty"),
        (["a", 5], ["x", "y"], "messages: row 2: the text is not a string (int)"),
        ([["a"], ["b"]], ["x", "y"], "messages: rows 1, 2: the text is not a string (list)"),
        (np.eye(2), ["x", "y"], "messages: rows 1, 2: the text is not a string (ndarray)"),
        ("ab", ["x", "y"], "messages: a str in place of a column of texts"),
        (pd.DataFrame({"text": ["a", "b"]}), ["x", "y"], "messages: a DataFrame in place of a column of texts"),
        (["a", "b"], ["x"], "messages: 2 texts but 1 labels; give one label a message"),
        (["a", "b"], ["x", None], "messages: row 2: the label is empty"),
        (["a", "b"], [["x"], ["y"]], "several labels for one message"),
        (["a", "b"], np.array([["x"], ["y"]]), "several labels for one message"),
        (["a", "b"], "xy", "messages: a str in place of a column of labels"),
        (["a", "b"], ["x", "x"], "labels: a single class ('x'); give messages of at least two classes"),
        (["a", "b"], [1, 1], "labels: a single class ('1')"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(texts: Any, labels: Any, said: str) -> None:
    with pytest.raises(DataError) as caught:
        HardenedClassifier().fit(texts, labels)
    assert said in str(caught.value)


def test_a_single_message_of_each_class_is_refused_as_documented() -> None:
    with pytest.raises(DataError, match="a single message in every class"):
        HardenedClassifier().fit(["where is it", "a refund", "open today"], ["order", "refund", "hours"])


def test_a_string_in_place_of_messages_is_refused(two: HardenedClassifier) -> None:
    with pytest.raises((DataError, ValueError)):
        two.predict("refund")


# It repeats itself


@pytest.mark.parametrize("embeds", [False, True])
def test_two_fits_are_the_same_bit_for_bit(letters: Any, embeds: bool) -> None:
    encoder = letters if embeds else None
    first, second = (HardenedClassifier(encoder).fit([*TEXTS, *HOURS], [*LABELS, *["hours"] * 4]) for _ in range(2))
    assert np.array_equal(first.predict_proba(ASKED), second.predict_proba(ASKED))
    assert np.array_equal(first.held_out_scores_, second.held_out_scores_)
    assert (first.parameters_, first.tried_, first.temperature_) == (
        second.parameters_,
        second.tried_,
        second.temperature_,
    )


def test_the_state_of_numpy_is_neither_used_nor_changed(two: HardenedClassifier) -> None:
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    assert np.array_equal(HardenedClassifier().fit(TEXTS, LABELS).predict_proba(ASKED), two.predict_proba(ASKED))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_the_seed_of_hashes_does_not_matter(two: HardenedClassifier) -> None:
    script = (
        "import sys\n"
        "from roadworthy.models import choosing\n"
        "from roadworthy.models.hardened import HardenedClassifier\n"
        "choosing.PENALTIES, choosing.WORD_WEIGHTS, choosing.REPEATS = (1.0,), (0.7,), 1\n"
        f"model = HardenedClassifier().fit({TEXTS!r}, {LABELS!r})\n"
        f"print(model.predict_proba({ASKED[:-1]!r}).tobytes().hex(), model.held_out_scores_.tobytes().hex())\n"
    )
    # Two seeds that differ from each other: that of this process, and that of another.
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    expected = two.predict_proba(ASKED[:-1]), two.held_out_scores_
    assert run.stdout.split() == [numbers.tobytes().hex() for numbers in expected]


# It is as sure as it is right


@settings(max_examples=60)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=5))
def test_any_text_gets_probabilities(trained: Artifact, texts: list[str]) -> None:
    model = trained.model.estimator
    found = model.predict_proba(texts)
    assert found.shape == (len(texts), 10)
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert np.allclose(found.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert model.classes_[found.argmax(axis=1)].tolist() == model.predict(texts).tolist()


def test_it_is_calibrated_on_messages_that_it_has_not_seen(trained: Artifact) -> None:
    # 150 messages of ten classes are few: with all 560 the error is 0.04.
    asked = support_desk.load_clean_test()
    found = trained.model.estimator.predict_proba(asked.texts)
    right = trained.model.estimator.classes_[found.argmax(axis=1)] == np.array(asked.labels)
    assert right.mean() > 0.7
    assert metrics.calibration_error(found.max(axis=1), right) < 0.13
    # Without the temperature it would be far from it.
    flat = softmax(trained.model.estimator.decision_function(asked.texts))
    assert metrics.calibration_error(flat.max(axis=1), right) > 0.3


def test_what_it_says_of_itself_holds_for_new_messages(trained: Artifact) -> None:
    asked = support_desk.load_clean_test()
    right = trained.model.estimator.predict(asked.texts) == np.array(asked.labels)
    assert trained.figures["held_out_accuracy"]["value"] <= right.mean() + 0.05


def test_a_rare_class_is_still_answered() -> None:
    texts = [f"my order number {number} is late" for number in range(99)]
    model = HardenedClassifier().fit([*texts, "give me a refund"], ["order"] * 99 + ["refund"])
    assert model.predict(["give me a refund", texts[0]]).tolist() == ["refund", "order"]


def test_nothing_warns(messages: Dataset) -> None:
    rows = [row for row, label in enumerate(messages.labels or ()) if label in messages.classes[:3]]
    some = messages.take(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = HardenedClassifier().fit([*some.texts, "one alone"], [*(some.labels or ()), "alone"])
        model.predict(["", "where is my order"])


# Encoders


def test_an_encoder_takes_part(embedding: HardenedClassifier, two: HardenedClassifier, letters: Any) -> None:
    assert embedding.encoder is letters
    assert not np.allclose(embedding.predict_proba(ASKED), two.predict_proba(ASKED))


def test_each_message_is_embedded_once(letters: Any) -> None:
    asked: list[str] = []

    class Counting(type(letters)):
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            asked.extend(texts)
            return super().encode(texts)

    model = HardenedClassifier(Counting()).fit(TEXTS, LABELS)
    assert len(asked) == len(set(asked))
    assert set(TEXTS) <= set(asked)
    assert type(model.encoder) is Counting
    # What remembers them is no part of the model: a message is embedded again when it is asked about.
    n = len(asked)
    model.predict(TEXTS)
    assert asked[n:] == TEXTS


def test_a_copy_with_another_encoder_leaves_the_first_alone(embedding: HardenedClassifier, letters: Any) -> None:
    class Reversed(type(letters)):
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            return super().encode(texts)[:, ::-1]

    before = embedding.predict_proba(ASKED)
    other = embedding.with_encoder(Reversed())
    assert not np.allclose(other.predict_proba(ASKED), before)
    assert np.array_equal(other.with_encoder(letters).predict_proba(ASKED), before)
    assert np.array_equal(embedding.predict_proba(ASKED), before)
    assert embedding.encoder is letters


def test_a_copy_to_save_holds_neither_encoder_nor_messages(embedding: HardenedClassifier, letters: Any) -> None:
    small = embedding.without_leftovers()
    assert small.encoder is None
    assert b"Letters" in pickle.dumps(embedding)
    assert b"Letters" not in pickle.dumps(small)
    assert not hasattr(small, "held_out_scores_")
    assert not hasattr(small, "held_out_folds_")
    assert hasattr(embedding, "held_out_scores_")
    assert embedding.encoder is not None
    assert np.array_equal(small.with_encoder(letters).predict_proba(ASKED), embedding.predict_proba(ASKED))
    content = pickle.dumps(embedding)
    assert not any(text.encode() in content for text in TEXTS)


def test_a_copy_to_save_may_be_made_twice(two: HardenedClassifier) -> None:
    small = two.without_leftovers().without_leftovers()
    assert np.array_equal(small.predict_proba(ASKED), two.predict_proba(ASKED))


# Its parts


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6), st.floats(-1e3, 1e3))
def test_softmax_gives_probabilities_and_only_differences_count(scores: list[float], shift: float) -> None:
    found = softmax(np.array([scores]))
    assert np.isclose(found.sum(), 1)
    assert found.min() >= 0
    assert np.allclose(softmax(np.array([scores]) + shift), found, atol=1e-6)


@settings(max_examples=30)
@given(st.floats(0.3, 5.0), st.integers(0, 50))
def test_the_temperature_undoes_a_scale(scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(200, 3))
    codes = np.array([rng.choice(3, p=row) for row in softmax(scores * 2)])
    found = fit_temperature(scores, codes)
    assert fit_temperature(scores * scale, codes) * scale == pytest.approx(found, rel=1e-3)
    assert found == pytest.approx(2, abs=1)


@pytest.mark.parametrize(("right", "bound"), [(True, 100), (False, 0.1)])
def test_the_temperature_stays_within_its_bounds(right: bool, bound: float) -> None:
    scores = np.array([[0.05, -0.05]] * 4)
    assert fit_temperature(scores, np.full(4, 0 if right else 1)) == pytest.approx(bound, rel=1e-3)
    assert 0.1 <= fit_temperature(scores, np.full(4, 0 if right else 1)) <= 100


@given(st.floats(-1e6, 1e6))
def test_certainty_grows_from_minus_one_to_one(score: float) -> None:
    found = certainty_of(score)
    assert isinstance(found, float)
    assert 0 <= found <= 1
    assert found == pytest.approx(float(certainty_of(np.array([score]))[0]))
    assert (found == 1) if score >= 1 else (found == 0) if score <= -1 else found == pytest.approx((1 + score) / 2)


def test_the_certainty_of_what_was_never_held_out_is_unknown() -> None:
    assert np.isnan(certainty_of(np.array([np.nan, 0.0]))).tolist() == [True, False]
