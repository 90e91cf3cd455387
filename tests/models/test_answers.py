"""Answers in any usual form are read; anything else is refused in one line."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.data import Predictions
from roadworthy.errors import ModelError
from roadworthy.models.answers import read_answers, read_probabilities, require_predictions

PAIRS = [("a", 0.9), ("b", 0.4)]


@pytest.mark.parametrize(
    "answers",
    [
        PAIRS,
        tuple(PAIRS),
        [list(pair) for pair in PAIRS],
        np.array(PAIRS, dtype=object),
        np.array(PAIRS),
        [{"label": "a", "confidence": 0.9}, {"label": "b", "confidence": "0.4"}],
        [{"intent": "a", "score": 0.9}, {"class": "b", "probability": np.float32(0.4)}],
        [{"a": 0.9, "b": 0.1}, {"a": 0.2, "b": 0.4}],
        pd.Series(PAIRS),
        np.array([[0.9, 0.1], [0.6, 0.4]])[:, ::1],
        [[0.9, 0.1], [0.6, 0.4]],
        [np.array([0.9, 0.1]), np.array([0.6, 0.4])],
        {"predictions": PAIRS},
        {"label": ["a", "b"], "confidence": np.array([0.9, 0.4])},
        {"Labels": ("a", "b"), " scores ": ["0.9", "0.4"]},
        pd.DataFrame({"prediction": ["a", "b"], "probability": [0.9, 0.4], "text": ["x", "y"]}, index=[7, 7]),
        pd.DataFrame(PAIRS),
        [[{"label": "b", "score": 0.1}, {"label": "a", "score": 0.9}], [{"label": "b", "score": 0.4}]],
    ],
)
def test_labels_and_confidences_are_read_in_any_usual_form(answers: Any) -> None:
    is_matrix = isinstance(answers, (list, np.ndarray)) and not isinstance(answers[0], (tuple, dict))
    is_matrix = is_matrix and isinstance(answers[0][0], (float, np.floating))
    found = read_answers(answers, 2, "m", ("a", "b"))
    assert found.labels.tolist() == (["a", "a"] if is_matrix else ["a", "b"])
    assert found.confidence.tolist() == pytest.approx([0.9, 0.6] if is_matrix else [0.9, 0.4])
    assert not found.flagged.any()


@pytest.mark.parametrize(
    "answers",
    [
        ["3", "b"],
        [3, "b"],
        np.array(["3", "b"]),
        pd.Series(["3", "b"], index=[5, 9]),
        [("3", None), ("b", math.nan)],
        [{"label": 3}, {"label": "b", "confidence": None}],
        {"label": ["3", "b"], "confidence": ["", None]},
        {"predictions": ["3", "b"]},
        pd.DataFrame({"label": [3, "b"]}),
        pd.DataFrame({"answered": ["3", "b"]}),
        pd.DataFrame(["3", "b"]),
        np.array([["3"], ["b"]]),
    ],
)
def test_labels_without_a_confidence_have_none(answers: Any) -> None:
    found = read_answers(answers, 2, "m")
    assert found.labels.tolist() == ["3", "b"]
    assert np.isnan(found.confidence).all()


def test_a_column_a_class_names_the_classes() -> None:
    found = read_answers(pd.DataFrame({3: [0.1, 0.6], "b": [0.9, 0.4]}), 2, "m", ("x", "y"))
    assert found.labels.tolist() == ["b", "3"]
    assert found.confidence.tolist() == [0.9, 0.6]


def test_numbers_in_an_array_of_one_column_are_labels() -> None:
    assert read_answers(np.array([[3], [4]]), 2, "m").labels.tolist() == ["3", "4"]


@pytest.mark.parametrize("form", [pd.DataFrame, dict, lambda columns: pd.DataFrame(columns).to_dict("records")])
def test_what_stands_beside_a_label_is_kept(form: Any) -> None:
    columns = {
        "label": list("abc"),
        "verdict": ["Flagged ", "trusted", None],
        "reasons": ["empty;too_long", "", ["out_of_scope"]],
        "familiarity": [0.25, None, ""],
    }
    found = read_answers(form(columns), 3, "m")
    assert found.flagged.tolist() == [True, False, False]
    assert found.reasons == (("empty", "too_long"), (), ("out_of_scope",))
    assert found.familiarity.tolist() == pytest.approx([0.25, math.nan, math.nan], nan_ok=True)
    assert np.isnan(found.confidence).all()


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["a"], "1 answer to 2 messages; return one answer a message"),
        (["a", "b", "c"], "3 answers to 2 messages"),
        ("ab", "gave str, not a list of answers"),
        ({"a": 1, "b": 2}, "gave dict, not a list of answers"),
        ({"a", "b"}, "gave set, not a list of answers"),
        ({}, "gave dict, not a list of answers"),
        (pd.DataFrame([[0.3, 0.7], [0.3, 0.7]]), "a matrix, but the classes are unknown"),
        (pd.DataFrame({"a": [0.1, 0.2], "b": [0.9, 0.9]}), "the probabilities of a message do not add up to 1"),
        (pd.DataFrame({"text": ["x", "y"], "no": ["a", "b"]}), "no column of labels, and not one of probabilities for"),
        (pd.DataFrame({"label": ["a"], "score": [1.0]}), "1 answer to 2 messages"),
        ({"label": ["a", "b"], "score": [1.0]}, "1 answer to 2 messages"),
        ({"label": ["a", "b"], "score": [[0.1], [0.2]]}, "a confidence that is not a number ([0.1])"),
        ({"label": ["a", "b"], "verdict": ["trusted", "perhaps"]}, "a verdict that is neither ('perhaps'); answer tr"),
        ({"predictions": "ab"}, "gave str, not a list of answers"),
        (np.array([[0.3], [0.7]]), "a matrix, but the classes are unknown"),
        (None, "gave NoneType, not a list of answers"),
        ((label for label in "ab"), "gave generator, not a list of answers"),
        (["a", None], "an answer that is not a label (None); return one label a message"),
        (["a", math.nan], "an answer that is not a label (nan)"),
        (["a", " "], "an answer that is not a label (' ')"),
        (["a", {"b"}], "an answer that is not a label ({'b'})"),
        (["a", ["b", "c", "d"]], "an answer that is not a label (['b', 'c', 'd'])"),
        (["a", ["b", "c"]], "a confidence that is not a number ('c'); return a number"),
        (["a", ("b", [1])], "a confidence that is not a number ([1])"),
        (["a", ("b", 1.2)], "a confidence outside 0 to 1; return probabilities"),
        (["a", ("b", -0.2)], "a confidence outside 0 to 1"),
        (["a", ("b", math.inf)], "a confidence outside 0 to 1"),
        (["a", {}], "an answer without a score for each label ({})"),
        (["a", {"a": math.nan, "b": 0.9}], "an answer without a score for each label"),
        (np.eye(2), "a matrix, but the classes are unknown; give the function an attribute `classes`"),
        ([[0.3, 0.7], [0.3, 0.7]], "a matrix, but the classes are unknown"),
        ([["x" * 10_000, *"abc"], "a"], "an answer that is not a label (['xxx"),
    ],
)
def test_what_is_no_answer_is_refused(answers: Any, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_answers(answers, 2, "m")
    assert f"m: {said}" in str(caught.value)
    assert len(str(caught.value)) < 250


@given(st.lists(st.lists(st.floats(0.001, 1), min_size=3, max_size=3), min_size=1, max_size=20))
def test_the_most_probable_class_is_the_answer(rows: list[list[float]]) -> None:
    matrix = np.array(rows) / np.sum(rows, axis=1, keepdims=True)
    found = read_probabilities(matrix, len(rows), ("a", "b", "c"), "m")
    assert found.labels.tolist() == ["abc"[row.argmax()] for row in matrix]
    assert found.confidence == pytest.approx(matrix.max(axis=1))


def test_probabilities_in_single_precision_pass() -> None:
    matrix = np.array([[1.0000001, 0.0]], dtype=np.float32)
    assert read_probabilities(matrix, 1, ("a", "b"), "m").confidence.tolist() == [1.0]


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (np.full((2, 3), 1 / 3), "predict_proba gave shape (2, 3); give 2 rows, one a message, and 2 columns, one a"),
        (np.full((3, 2), 0.5), "predict_proba gave shape (3, 2)"),
        (np.array([0.5, 0.5]), "predict_proba gave shape (2,)"),
        ([np.full((2, 2), 0.5)] * 2, "predict_proba gave shape (2, 2, 2)"),
        ([[0.5, 0.5], [1]], "predict_proba gave no matrix of numbers"),
        ([["x", "y"]] * 2, "predict_proba gave no matrix of numbers"),
        (None, "predict_proba gave"),
        (np.array([[0.5, 0.5], [math.nan, 1]]), "NaN or infinite probabilities for 1 of 2 messages"),
        (np.array([[0.5, math.inf], [math.nan, 1]]), "NaN or infinite probabilities for 2 of 2 messages"),
        (np.array([[0.9, 0.9], [0.5, 0.5]]), "the probabilities of a message do not add up to 1"),
        (np.array([[-0.5, 1.5], [0.5, 0.5]]), "the probabilities of a message do not add up to 1"),
    ],
)
def test_what_is_no_matrix_of_probabilities_is_refused(matrix: Any, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_probabilities(matrix, 2, ["a", "b"], "m")
    assert f"m: {said}" in str(caught.value)


def test_a_model_without_classes_is_refused() -> None:
    with pytest.raises(ModelError, match=r"shape \(2, 0\)"):
        read_probabilities(np.empty((2, 0)), 2, (), "m")


def test_predictions_of_a_black_box_keep_their_flags() -> None:
    labels = np.array(["a ", 3], dtype=object)
    found = require_predictions(Predictions(labels, np.array([0.5, math.nan]), np.array([1, 0])), 2, "m")
    assert found.labels.tolist() == ["a", "3"]
    assert found.flagged.tolist() == [True, False]
    assert found.flagged.dtype == bool


@pytest.mark.parametrize(
    ("labels", "confidence", "flagged", "said"),
    [
        (["a"], [0.5], [False], "1 label, 1 confidence and 1 flag to 2 messages"),
        (["a", "b"], [0.5], [False, True], "2 labels, 1 confidence and 2 flags"),
        (["a", "b"], [0.5, 0.5], [True], "2 labels, 2 confidences and 1 flag"),
        (["a", None], [0.5, 0.5], [True, True], "an answer that is not a label"),
        (["a", "b"], [0.5, 7], [True, True], "a confidence outside 0 to 1"),
    ],
)
def test_predictions_of_a_black_box_are_checked(labels: Any, confidence: Any, flagged: Any, said: str) -> None:
    answered = Predictions(np.array(labels, dtype=object), np.array(confidence), np.array(flagged))
    with pytest.raises(ModelError, match=said):
        require_predictions(answered, 2, "m")


def test_a_black_box_may_answer_in_any_other_form() -> None:
    assert require_predictions(["a"], 1, "m").labels.tolist() == ["a"]
