import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from roadworthy import support_desk
from roadworthy.data import Dataset
from roadworthy.inspection import Suite, inspect


@pytest.fixture(scope="module")
def pipeline():
    train = support_desk.load_train()
    return make_pipeline(CountVectorizer(), LogisticRegression(max_iter=200)).fit(train.texts, train.labels)


@pytest.fixture(scope="module")
def inspection(pipeline):
    suite = Suite("two", ("typos", "texting"), (3, 5))
    real = support_desk.load_real_style()
    return inspect(pipeline, support_desk.load_clean_test(), real=real, suite=suite, oos_label=support_desk.OOS_LABEL)


def test_ten_examples_half_of_them_real(inspection):
    kinds = [example.group.split("/")[0] for example in inspection.examples]
    assert len(kinds) == 10
    assert kinds.count("real") == 5


def test_every_example_is_a_wrong_answer_that_nobody_was_told_of(inspection):
    for example in inspection.examples:
        assert example.predicted != example.label
        assert not example.flagged
        assert example.confidence is not None


def test_perturbed_examples_are_of_the_judged_severity_and_show_their_clean_copy(inspection):
    perturbed = [example for example in inspection.examples if "/" in example.group and "real" not in example.group]
    assert {example.group for example in perturbed} <= {"typos/3", "texting/3"}
    assert all(example.clean_text and example.clean_confidence for example in perturbed)
    assert all(example.clean_text is None for example in inspection.examples if example not in perturbed)


def test_no_message_comes_twice(inspection):
    originals = [example.clean_text or example.text for example in inspection.examples]
    assert len(set(originals)) == len(originals)


def test_unseen_words_are_words_of_the_message(inspection):
    assert any(example.unseen_words for example in inspection.examples)
    for example in inspection.examples:
        assert all(word in example.text.lower() for word in example.unseen_words)


def test_personal_data_do_not_show(pipeline):
    data = Dataset.of(["where is the bqzx of jo@example.org", "the zzz is broken"], ["promo_code", "promo_code"])
    clean = support_desk.load_clean_test().take(range(0, 240, 12))
    inspection = inspect(pipeline, clean, real=data, suite=Suite("s", ("casing",), (3,)))
    (shown,) = [example for example in inspection.examples if "bqzx" in example.text]
    assert "[email]" in shown.text
    assert "jo@example.org" not in inspection.to_json()
    assert shown.unseen_words == ("bqzx",)


def test_without_real_messages_all_examples_are_perturbed(pipeline):
    inspection = inspect(pipeline, support_desk.load_clean_test(), suite="quick")
    assert len(inspection.examples) == 10
    assert not any(example.group.startswith("real") for example in inspection.examples)


def test_real_messages_without_kinds_are_one_group(pipeline):
    real = support_desk.load_real_style().take(range(200))
    plain = Dataset.of(real.texts, real.labels)
    inspection = inspect(pipeline, support_desk.load_clean_test(), real=plain, suite="quick", oos_label="out_of_scope")
    assert {example.group for example in inspection.examples if "real" in example.group} == {"real"}


def test_confusions_are_counted_per_kind(inspection):
    kinds = {confusion.kind for confusion in inspection.confusions}
    assert kinds == {"clean", "perturbed", "real"}
    for kind in kinds:
        counts = [confusion.count for confusion in inspection.confusions if confusion.kind == kind]
        assert counts == sorted(counts, reverse=True)
        assert len(counts) <= 10
    real = [confusion for confusion in inspection.confusions if confusion.kind == "real"]
    assert all(confusion.of == (240 if confusion.label == "out_of_scope" else 86) for confusion in real)


def test_histograms_count_every_labelled_message_once(inspection):
    counts = {histogram.kind: sum(histogram.right) + sum(histogram.wrong) for histogram in inspection.histograms}
    assert counts == {"clean": 240, "perturbed": 480, "real": 1100}


def test_a_kind_called_clean_is_not_counted_twice(keyword, clean, small_suite):
    real = Dataset.of(["my parcel", "my money"], ["order", "refund"], ["clean", "all"])
    inspection = inspect(keyword, clean, real=real, suite=small_suite)
    assert {h.kind: sum(h.right) + sum(h.wrong) for h in inspection.histograms}["real"] == 2
    assert [held.group for held in inspection.checks if held.bound == "silent failures"] == ["real"]
    assert [group.key for group in inspection.of_kind("real")] == ["real", "real/clean", "real/kind all"]


def test_a_model_without_confidence_has_no_histograms(clean, small_suite):
    assert inspect(lambda texts: ["order"] * len(texts), clean, suite=small_suite).histograms == ()


def test_a_message_that_several_families_break_alike_counts_once():
    def answers(texts):
        return ["refund" if text.startswith("Money") else "order" for text in texts]

    texts = [f"Where is parcel number {n}?" for n in range(20)] + [f"Money for parcel number {n}?" for n in range(20)]
    data = Dataset.of(texts, ["order"] * 20 + ["refund"] * 20)
    suite = Suite("cases", ("all_lowercase", "caps_lock"), (3,))
    (confusion,) = (one for one in inspect(answers, data, suite=suite).confusions if one.kind == "perturbed")
    assert (confusion.label, confusion.predicted, confusion.count, confusion.of) == ("refund", "order", 20, 20)
