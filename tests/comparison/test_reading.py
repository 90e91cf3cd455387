from roadworthy.comparison import compare_models
from roadworthy.comparison.reading import KEPT
from roadworthy.data import Dataset

from .conftest import Keyword, messages


def test_each_judged_group_shows_three_messages_first(whole, half, real, suite):
    found = compare_models(whole, half, messages(200), real=real, suite=suite, oos_label="oos")
    groups = [message.group for message in found.broken]
    assert groups[:5] == ["clean", "clean", "clean", "real", "real"]
    assert groups.count("casing/3") >= 3
    assert len(found.broken) == KEPT
    assert found.broken_messages == 52


def test_a_perturbed_message_stands_beside_its_clean_copy(whole, half, clean, suite):
    found = compare_models(whole, half, clean, suite=suite)
    perturbed = [message for message in found.broken if message.group == "casing/3"]
    assert all(message.clean_text.lower() == message.text.lower() for message in perturbed)
    assert all(message.clean_text is None for message in found.broken if message.group == "clean")


def test_silent_answers_come_before_flagged_ones(whole, suite):
    wary = Keyword("money", name="wary", flags=("number 3", "number 7", "number 11"))
    found = compare_models(whole, wary, messages(), suite=suite)
    clean = [message.flagged_b for message in found.broken if message.group == "clean"]
    assert clean == sorted(clean)
    assert any(clean)


def test_no_message_of_a_group_comes_twice(whole, half, suite):
    data = messages(8)
    twice = Dataset.of(data.texts * 4, data.labels * 4)
    shown = [(message.group, message.text) for message in compare_models(whole, half, twice, suite=suite).broken]
    assert len(set(shown)) == len(shown)


def test_personal_data_is_redacted(whole, half, suite):
    data = Dataset.of(["send cash to jo@example.com", "where is my parcel"], ["refund", "order"])
    [message] = [shown for shown in compare_models(whole, half, data, suite=suite).broken if shown.group == "clean"]
    assert message.text == "send cash to [email]"
