import json
import re

import numpy as np
import pytest

from roadworthy.comparison import Comparison, compare_models
from roadworthy.data import Dataset
from roadworthy.errors import DataError, ModelError
from roadworthy.inspection import inspect
from roadworthy.models.ask import NO_ANSWER

from .conftest import Keyword, messages


def test_the_same_model_shows_no_difference(half, clean, suite):
    found = compare_models(half, Keyword("money", name="half"), clean, suite=suite)
    assert found.verdict == "no difference shown"
    assert (found.a, found.b) == ("half (a)", "half (b)")
    assert found.broken_messages == found.mended_messages == 0
    assert [group.difference.value for group in found.groups] == [0] * len(found.groups)
    assert "same_answers" in [finding.code for finding in found.findings]


def test_what_a_knows_and_b_does_not_is_broken(whole, half, clean, suite):
    found = compare_models(whole, half, clean, suite=suite)
    group = found.group("clean")
    assert (group.accuracy_a.value, group.accuracy_b.value) == (1.0, 0.75)
    assert group.difference.value == -0.25
    assert (group.broken, group.mended) == (10, 0) == (found.broken_messages, found.mended_messages)
    assert found.verdict == "worse"
    assert found.broken
    assert all(message.label == message.a == "refund" for message in found.broken)
    assert all(message.b == "order" for message in found.broken)
    assert found.reasons[0].startswith("clean messages: accuracy −25.0 points")


def test_the_other_way_round_it_is_better(whole, half, clean, suite):
    found = compare_models(half, whole, clean, suite=suite)
    assert (found.verdict, found.mended_messages, len(found.broken)) == ("better", 10, 0)
    assert found.group("clean").difference.value == 0.25


def test_groups_are_those_of_an_inspection(whole, half, clean, real, suite):
    settings = {"real": real, "suite": suite, "seed": 3, "oos_label": "oos"}
    found = compare_models(whole, half, clean, **settings)
    for model, side in ((whole, "a"), (half, "b")):
        inspection = inspect(model, clean, **settings)
        assert [group.key for group in found.groups] == [group.key for group in inspection.groups]
        for group in inspection.groups:
            compared = found.group(group.key)
            assert getattr(compared, f"accuracy_{side}") == group.accuracy
            assert getattr(compared, f"silent_failure_{side}") == group.silent_failure_rate
    assert found.clean == inspection.clean
    assert found.real == inspection.real


def test_each_text_is_asked_about_once(whole, half, clean, suite):
    compare_models(whole, half, clean, suite=suite)
    assert whole.asked == half.asked
    assert len(set(whole.asked)) == len(whole.asked)


def test_a_guard_that_flags_shows_in_silent_failures_alone(half, clean, suite):
    guarded = Keyword("money", name="guarded", flags=("cash", "CASH", "Cash"))
    found = compare_models(half, guarded, clean, suite=suite)
    group = found.group("clean")
    assert group.difference.value == 0
    assert group.silent_failure_difference.value == -0.25
    assert found.verdict == "better"
    assert "silent failures −25.0 points" in found.reasons[0]


def test_the_judged_groups_are_whole_files_and_the_judged_severity(whole, half, clean, real, suite):
    found = compare_models(whole, half, clean, real=real, suite=suite, oos_label="oos")
    assert [group.key for group in found.groups if group.judged] == ["clean", "casing/3", "clipped_words/3", "real"]


def test_a_worse_group_outweighs_better_ones(clean, suite):
    left, right = Keyword("money", name="left"), Keyword("cash", name="right")
    found = compare_models(left, right, clean, suite=suite)
    assert found.verdict == "no difference shown"
    assert (found.broken_messages, found.mended_messages) == (10, 10)


def test_unlabelled_real_messages_show_where_the_models_disagree(whole, half, clean, suite):
    real = Dataset.of(["cash back pls", "wheres my parcel"], name="real")
    group = compare_models(whole, half, clean, real=real, suite=suite).group("real")
    assert group.disagreement.value == 0.5
    assert group.difference.value is group.p_value is group.could_show is None
    assert group.broken == 0


def test_a_comparison_survives_a_round_trip(whole, half, clean, real, suite):
    found = compare_models(whole, half, clean, real=real, suite=suite, oos_label="oos")
    assert Comparison.from_json(found.to_json()) == found
    assert json.loads(found.to_json())["verdict"] == found.verdict


def test_names_are_taken_as_given(whole, half, clean, suite):
    found = compare_models(whole, half, clean, suite=suite, names=("yesterday", "today"))
    assert repr(found) == str(found) == "<Comparison of yesterday (a) and today (b): worse>"


def test_labels_that_neither_model_knows_are_refused(whole, half, suite):
    clean = Dataset.of(["one", "two", "three"], ["order", "spam", "ham"])
    with pytest.raises(DataError, match=r"neither model knows the label 'ham', 'spam'; name an out-of-scope"):
        compare_models(whole, half, clean, suite=suite)


def test_many_unknown_labels_are_counted(whole, half, suite):
    clean = Dataset.of([f"text {i}" for i in range(9)], [f"label {i}" for i in range(9)])
    with pytest.raises(DataError, match="and 4 more"):
        compare_models(whole, half, clean, suite=suite)


def test_a_label_that_only_one_model_knows_is_told(whole, suite):
    clean = Dataset.of([*messages(8).texts, "hello there"], [*messages(8).labels, "greeting"])
    newer = Keyword("money", "cash", name="newer", classes=("order", "refund", "greeting"))
    found = compare_models(whole, newer, clean, suite=suite)
    [note] = [finding for finding in found.findings if finding.code == "label_unknown"]
    assert note.message == "whole does not know 'greeting': it is wrong on 1 message of messages anyway."


def test_a_single_class_is_refused(whole, half, clean, suite):
    with pytest.raises(DataError, match="a single class"):
        compare_models(whole, half, clean.take([0]), suite=suite)


def test_models_that_answer_other_labels_are_refused(clean, suite):
    def other(texts):
        return ["LABEL_0"] * len(texts)

    with pytest.raises(DataError, match="the models answer 'LABEL_0', the data are labelled 'order', 'refund'; map"):
        compare_models(other, other, clean, suite=suite)


def test_a_model_that_answers_in_no_form_is_refused(whole, clean, suite):
    with pytest.raises(ModelError):
        compare_models(whole, lambda texts: ["order"], clean, suite=suite)


def test_a_function_without_classes_is_compared(whole, clean, suite):
    found = compare_models(whole, lambda texts: ["order"] * len(texts), clean, suite=suite)
    assert found.verdict == "worse"
    assert found.broken[0].confidence_b is None


def test_progress_names_both_models(whole, half, clean, suite):
    told = []
    compare_models(whole, half, clean, suite=suite, progress=lambda what, done, total: told.append(what))
    assert list(dict.fromkeys(told)) == ["perturbing", "asking whole", "asking half"]


def test_what_a_model_counts_itself_fails_the_comparison(whole, clean, suite):
    class Counting(Keyword):
        def answer(self, texts):
            found = super().answer(texts)
            found.labels[[text == clean.texts[0] for text in texts]] = NO_ANSWER
            return found

        def notes(self):
            return [("model_errors", 1, "The endpoint refused 1 message.")]

    found = compare_models(whole, Counting("money", name="endpoint"), clean, suite=suite)
    assert next((finding.level, finding.message) for finding in found.findings) == (
        "fail",
        "endpoint: The endpoint refused 1 message.",
    )
    assert sum(finding.level == "fail" for finding in found.findings) == 1


def test_a_model_that_raises_on_some_messages_fails_the_comparison(whole, clean, suite):
    class Raising(Keyword):
        def answer(self, texts):
            if any("number 7" in text.lower() for text in texts):
                raise ValueError("no sevens")
            return super().answer(texts)

    found = compare_models(whole, Raising("money", "cash", name="raising"), clean, suite=suite)
    assert (found.findings[0].level, found.findings[0].code) == ("fail", "model_errors")
    assert found.group("clean").broken == 1


def test_few_messages_say_what_they_cannot_show(whole, half, suite):
    found = compare_models(whole, half, messages(12), suite=suite)
    [note] = [finding for finding in found.findings if finding.code == "few_messages"]
    assert re.fullmatch(
        r"So few messages are not likely to show differences of accuracy below \d\d points on 12 clean messages\.",
        note.message,
    )
    assert found.group("clean").could_show > 0.3


def test_many_messages_do_not(whole, half):
    found = compare_models(whole, whole, messages(3000), suite="quick")
    assert "few_messages" not in [finding.code for finding in found.findings]
    assert np.isclose(found.group("clean").could_show, 0.003, atol=0.002)


def test_an_unknown_group_is_a_key_error(whole, half, clean, suite):
    found = compare_models(whole, half, clean, suite=suite)
    with pytest.raises(KeyError, match="there are clean, casing/1"):
        found.group("spelling/3")
