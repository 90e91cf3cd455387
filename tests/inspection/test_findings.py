"""Each finding, found once, and only where it is the case."""

import numpy as np
import pytest

from roadworthy.data import Dataset
from roadworthy.inspection import Suite, inspect

CASING = Suite("casing", ("casing",), (3,))


@pytest.fixture
def found(many):
    def find(model, data=many, suite=CASING, **options):
        return {finding.code: finding for finding in inspect(model, data, suite=suite, **options).findings}

    return find


def test_a_guarded_model_on_enough_messages_leaves_nothing_to_say(found, keyword):
    class Wary:
        def answer(self, texts):
            answered = keyword.answer(texts)
            answered.flagged[0] = True
            return answered

    assert set(found(Wary())) == {"held_out_unknown"}
    assert found(Wary(), train=Dataset.of(["another one"], ["order"])) == {}


class Afraid:
    """Flags every message, or every one that is written in capitals."""

    def __init__(self, model, *, of_capitals=False):
        self.model, self.of_capitals = model, of_capitals

    def answer(self, texts):
        answered = self.model.answer(texts)
        answered.flagged[:] = [text.isupper() or not self.of_capitals for text in texts]
        return answered


def test_who_flags_everything_is_no_use(found, keyword, many):
    finding = found(Afraid(keyword))["nothing_trusted"]
    assert finding.level == "fail"
    assert finding.message.startswith(f"Each of the {len(many)} clean messages was flagged")
    assert inspect(Afraid(keyword), many, suite=CASING).verdict == "fail"


def test_who_flags_all_that_is_real_is_no_use(found, keyword, many):
    wary = Afraid(keyword, of_capitals=True)
    shouted = Dataset.of([text.upper() for text in many.texts], many.labels)
    assert "real messages was flagged" in found(wary, real=shouted)["nothing_trusted"].message
    assert "nothing_trusted" in found(wary, real=Dataset.of(shouted.texts))
    few = Dataset.of(shouted.texts[:2], shouted.labels[:2])
    beyond = Dataset.of(shouted.texts, ["none of these"] * len(many))
    assert "nothing_trusted" not in found(wary, real=few)
    assert "nothing_trusted" not in found(wary, real=beyond, oos_label="none of these")


def test_no_guard(found, keyword):
    assert found(keyword)["no_guard"].level == "note"


def test_a_constant_model_fails(found):
    finding = found(lambda texts: ["order" for _ in texts])["constant_model"]
    assert finding.level == "fail"
    assert "'order'" in finding.message


def test_too_few_changed_and_nothing_tested(found, keyword, many):
    data = Dataset.of([text.lower() for text in many.texts], many.labels)
    codes = found(keyword, data, suite=Suite("s", ("all_lowercase",), (3,)))
    assert codes["too_few_changed"].message.endswith("(share changed): all_lowercase/3 0%.")
    assert codes["nothing_tested"].level == "fail"
    codes = found(keyword, data, suite=Suite("s", ("all_lowercase", "caps_lock"), (3,)))
    assert "too_few_changed" in codes
    assert "nothing_tested" not in codes


def test_not_applicable(found, keyword):
    data = Dataset.of([f"где мой заказ {n}" for n in range(20)], ["order", "refund"] * 10)
    codes = found(keyword, data, suite=Suite("s", ("shorthand", "casing"), (3,)))
    assert codes["not_applicable"].message == "Too few messages are in a language that these cover: shorthand."
    assert "nothing_tested" not in codes
    codes = found(keyword, data, suite=Suite("s", ("shorthand",), (3,)))
    assert {"not_applicable", "nothing_tested"} <= set(codes)


def test_a_family_that_changed_few_messages_says_what_they_can_show(found, keyword, many):
    texts = [text.capitalize() if row < 30 else text for row, text in enumerate(many.texts)]
    codes = found(keyword, Dataset.of(texts, many.labels), suite=Suite("s", ("all_lowercase",), (3,)))
    finding = codes["few_changed_messages"]
    assert finding.level == "note"
    assert finding.message.endswith("all_lowercase/3 30 (24 points).")


def test_an_out_of_scope_label_that_nobody_knows(found, keyword):
    assert "oos_label_unknown" not in found(keyword)
    assert found(keyword, oos_label="OOS")["oos_label_unknown"].level == "advisory"


def test_repeated_messages(found, keyword, many):
    assert "repeated_messages" not in found(keyword, many)
    twice = Dataset.of(many.texts * 2, many.labels * 2)
    assert found(keyword, twice)["repeated_messages"].message.startswith("400 of the 800 clean messages repeat")


def test_overlaps(found, keyword, many):
    codes = found(keyword, train=many.take(range(3)), real=Dataset.of([many.texts[0].upper(), "other"]))
    assert codes["clean_in_training"].message.startswith("3 of the 400 clean messages")
    assert codes["real_in_training"].message.startswith("1 of the 2 real messages")
    assert not {"clean_in_training", "real_in_training"} & set(found(keyword, train=Dataset.of(["x"], ["y"])))


def test_unlabelled_real_messages(found, keyword):
    assert found(keyword, real=Dataset.of(["parcel", "money"]))["real_unlabelled"].level == "advisory"
    assert "real_unlabelled" not in found(keyword, real=Dataset.of(["parcel"], ["order"]))


def test_conflicting_labels(found, keyword, many):
    data = Dataset.of([*many.texts, "parcel", "parcel"], [*many.labels, "order", "refund"])
    assert found(keyword, data)["conflicting_labels"].message.startswith("1 clean text occurs more than once")


def test_few_messages(found, keyword, many):
    data = Dataset.of(many.texts[:30], [*many.labels[:20], *(["order"] * 10)])
    assert "a drop of less than 24 points would probably not show" in found(keyword, data)["few_messages"].message


def test_samples(found, keyword, many):
    real = many.take(range(30))
    assert found(keyword, sample=20, real=real)["sampled"].message.endswith(
        "20 of the 400 clean messages and 20 of the 30 real messages."
    )
    assert found(keyword, sample=20)["sampled"].message.endswith("20 of the 400 clean messages.")
    assert "sampled" not in found(keyword, sample=400)


def test_no_confidence(found):
    codes = found(lambda texts: ["refund" if "money" in text.lower() else "order" for text in texts])
    assert codes["no_confidence"].level == "note"


def test_the_gravest_come_first_and_each_code_once():
    data = Dataset.of(["parcel", "parcel", "money"], ["order", "refund", "refund"])
    inspection = inspect(
        lambda texts: ["order" for _ in texts], data, suite=CASING, real=Dataset.of(["hi"]), train=data
    )
    levels = [{"fail": 0, "advisory": 1, "note": 2}[finding.level] for finding in inspection.findings]
    codes = [finding.code for finding in inspection.findings]
    assert levels == sorted(levels)
    assert len(set(codes)) == len(codes) >= 6


@pytest.mark.parametrize("code", ["few_messages", "no_confidence"])
def test_a_sure_model_on_many_messages_has_neither(found, keyword, many, code):
    assert code not in found(keyword)
    assert np.isfinite(inspect(keyword, many, suite=CASING).group("clean").accuracy.low)
