"""The figures of one group against numbers worked out by hand."""

import numpy as np
import pytest

from roadworthy.data import Dataset, Predictions
from roadworthy.inspection.measure import Asked, code_labels, measure, outcome_of
from roadworthy.inspection.plan import Version

ROWS = np.arange(4)


def a_version(kind="clean", name="clean", *, codes=ROWS, rows=ROWS, **more):
    return Version(kind, name, 3 if kind == "perturbed" else None, rows, codes, **more)


@pytest.fixture
def asked():
    """Eight texts, answered a or b (codes 0 and 1); the label of code 2 is out of scope."""
    return Asked(
        ["a", "b", "oos"],
        predicted=np.array([0, 0, 1, 0, 1, 0, 1, 2]),
        confidence=np.array([0.9, 0.8, 0.7, 0.6, 0.9, 0.8, 0.7, 0.6]),
        flagged=np.array([False, False, False, True, False, False, False, True]),
        unseen=np.array([0, 1, 0, 3, 2, 2, 2, 2]),
        words=np.array([4, 4, 4, 4, 4, 4, 4, 4]),
    )


TRUE = np.array([0, 0, 1, 1])


@pytest.fixture
def clean(asked):
    return outcome_of(a_version(), asked, TRUE, -2)


def test_clean_messages(asked, clean):
    group = measure(clean, asked, clean)
    assert (group.n, group.out_of_scope, group.accuracy.value, group.accuracy.n) == (4, 0, 0.75, 4)
    assert group.accuracy_all.value == 0.75
    assert group.silent_failure_rate.value == 0.0
    assert group.coverage.value == 0.75
    assert group.mean_confidence.value == pytest.approx(0.75)
    assert group.oov_rate.value == pytest.approx(4 / 16)
    assert group.calibration_error.value == pytest.approx((0.1 + 0.2 + 0.3 + 0.6) / 4)
    assert (group.difference.value, group.flip_rate.value, group.changed) == (None, None, None)
    assert {label: figure.value for label, figure in group.recall.items()} == {"a": 1.0, "b": 0.5}
    assert (group.sink.label, group.sink.share.value, group.sink.share.n) == ("a", 1.0, 1)


def test_perturbed_messages_are_paired_with_their_clean_copies(asked, clean):
    changed = np.array([True, True, True, False])
    version = a_version("perturbed", "typos", codes=np.array([4, 5, 6, 7]), changed=changed)
    group = measure(outcome_of(version, asked, TRUE, -2), asked, clean)
    assert group.accuracy.value == 0.5
    assert (group.difference.value, group.difference.n) == (pytest.approx(-1 / 3), 3)
    assert group.flip_rate.n == 3
    assert group.changed.value == 0.75
    assert group.silent_failure_rate.value == 0.25


def test_a_group_of_some_rows_is_compared_with_the_same_rows(asked, clean):
    rows = np.array([2, 3])
    version = a_version(
        "perturbed", "typos", codes=np.array([6, 7]), rows=rows, changed=np.ones(2, bool), not_applicable=2
    )
    group = measure(outcome_of(version, asked, TRUE, -2), asked, clean)
    assert (group.n, group.not_applicable, group.difference.value) == (2, 2, 0.0)


def test_real_messages_are_an_independent_sample(asked, clean):
    true = np.array([0, 0])
    version = a_version("real", "all", codes=np.array([4, 5]), rows=np.arange(2))
    group = measure(outcome_of(version, asked, true, -2), asked, clean)
    assert group.difference.value == pytest.approx(0.5 - 0.75)
    assert group.difference.n == 2
    assert group.flip_rate.value is None


def test_out_of_scope_messages_are_right_by_their_label_or_by_a_flag(asked, clean):
    """Codes 3 (flagged), 7 (the out-of-scope label), 0 and 2 (answered as if in scope); two more are in scope."""
    true = np.array([2, 2, 2, 2, 0, 0])
    version = a_version("real", "all", codes=np.array([3, 7, 0, 2, 0, 4]), rows=np.arange(6))
    outcome = outcome_of(version, asked, true, 2)
    assert outcome.right.tolist() == [True, True, False, False, True, False]
    group = measure(outcome, asked, clean)
    assert (group.n, group.out_of_scope) == (6, 4)
    assert (group.accuracy.value, group.accuracy.n) == (0.5, 2)
    assert group.accuracy_all.value == 0.5
    assert group.silent_failure_rate.value == 0.5
    assert group.calibration_error.n == 2


def test_unlabelled_messages_have_no_accuracy(asked, clean):
    version = a_version("real", "all")
    group = measure(outcome_of(version, asked, np.array([], dtype=np.intp), -2), asked, clean)
    undefined = (
        group.accuracy,
        group.accuracy_all,
        group.difference,
        group.calibration_error,
        group.silent_failure_rate,
    )
    assert all(figure.value is None and figure.n == 0 for figure in undefined)
    assert (group.recall, group.sink, group.out_of_scope) == ({}, None, 0)
    assert group.mean_confidence.value == pytest.approx(0.75)
    assert group.coverage.n == 4


def test_without_confidence_and_vocabulary_their_figures_are_undefined(asked):
    silent = Asked(asked.names, asked.predicted, np.full(8, np.nan), asked.flagged, None, None)
    outcome = outcome_of(a_version(), silent, TRUE, -2)
    group = measure(outcome, silent, outcome)
    assert (group.mean_confidence.value, group.calibration_error.value, group.oov_rate.value) == (None, None, None)


def test_where_all_is_right_there_is_no_sink(asked):
    outcome = outcome_of(a_version(codes=np.array([0, 1, 2, 2])), asked, TRUE, -2)
    assert measure(outcome, asked, outcome).sink is None


def test_every_label_gets_a_number_whether_or_not_it_is_answered():
    predictions = Predictions(np.array(["c", "a"], dtype=object), np.array([1.0, 1.0]))
    codes, predicted = code_labels(predictions, Dataset.of(["x", "y"], ["b", "a"]), None)
    assert dict(codes) == {"a": 0, "b": 1, "c": 2}
    assert predicted.tolist() == [2, 0]
