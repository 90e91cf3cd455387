import pytest

from roadworthy.comparison import compare_models
from roadworthy.data import Dataset
from roadworthy.errors import DataError

from .conftest import Keyword, messages


def test_a_label_that_broke_is_found(whole, half, suite):
    found = compare_models(whole, half, messages(80), suite=suite)
    by_label = {part.value: part for part in found.slices if part.by == "label"}
    assert by_label["refund"].difference.value == -0.5
    assert by_label["refund"].outcome == "worse"
    assert (by_label["refund"].broken, by_label["refund"].n) == (20, 40)
    assert by_label["order"].outcome == "no difference shown"
    assert {part.messages for part in found.slices} == {"clean"}


def test_slices_that_are_too_small_or_nearly_everything_are_left_out(whole, half, suite):
    found = compare_models(whole, half, messages(80), suite=suite)
    assert {part.by for part in found.slices} == {"label"}


def test_real_messages_are_sliced_by_kind(whole, half, clean, suite):
    data = messages(40)
    real = Dataset.of(data.texts, data.labels, ["slang", "short"] * 20, name="real")
    found = compare_models(whole, half, clean, real=real, suite=suite)
    kinds = {part.value: part.difference.value for part in found.slices if part.by == "kind"}
    assert kinds == {"slang": 0.0, "short": -0.5}


def test_unlabelled_messages_have_no_slices(whole, half, clean, suite):
    real = Dataset.of(messages(40).texts, name="real")
    found = compare_models(whole, Keyword("money"), clean, real=real, suite=suite)
    assert {part.messages for part in found.slices} == {"clean"}


def test_a_column_of_the_users_own_is_a_slice(whole, half, suite):
    data = messages(40)
    clean = Dataset.of(data.texts, data.labels, columns={"channel": ["mail", "chat"] * 20})
    found = compare_models(whole, half, clean, suite=suite, slices=("channel",))
    assert {part.value: part.broken for part in found.slices if part.by == "channel"} == {"mail": 0, "chat": 10}


def test_a_column_that_is_not_there_is_refused(whole, half, clean, suite):
    with pytest.raises(DataError, match="no messages have a column 'channel'"):
        compare_models(whole, half, clean, suite=suite, slices=("channel",))


def test_a_column_that_only_one_file_has_slices_that_one(whole, half, suite):
    data = messages(40)
    clean = Dataset.of(data.texts, data.labels, columns={"channel": ["mail", "chat"] * 20})
    found = compare_models(whole, half, clean, real=messages(40, "real"), suite=suite, slices=("channel",))
    assert {part.messages for part in found.slices if part.by == "channel"} == {"clean"}
