import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from roadworthy.comparison.changes import changes_between, local_data, messages_change, vocabulary_change
from roadworthy.data import Dataset
from roadworthy.models import as_model

rows = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), min_size=1, max_size=12)


def whats(changes):
    return [change.what for change in changes]


def test_a_run_does_not_differ_from_itself(facts):
    found = changes_between(facts, facts)
    assert found.data == found.parameters == found.environment == found.code == ()
    assert found.messages is found.vocabulary is None
    assert type(found).model_validate_json(found.to_json()) == found


def test_messages_parameters_environment_and_code_are_told(facts):
    data = facts.data.model_copy(update={"n": 41, "sha256": "2" * 64, "labels": {"order": 20, "refund": 21}})
    other = facts.model_copy(
        update={
            "recipe": "hardened",
            "options": {"recipe": "hardened", "out": "other", "data": "train.csv", "flag_rate": "0.2"},
            "parameters": {"recipe": "hardened", "penalty": "1.0"},
            "data": data,
            "python": "3.13.0",
            "packages": {"numpy": "2.1.0", "scikit-learn": "1.6"},
            "commit": "d" * 40,
            "dirty": True,
        }
    )
    found = changes_between(facts, other)
    assert whats(found.data) == ["messages", "sha256", "label refund"]
    assert whats(found.parameters) == ["recipe", "--recipe", "--flag-rate", "vectorizer", "penalty"]
    assert [(change.what, change.a, change.b) for change in found.environment] == [
        ("Python", "3.12.1", "3.13.0"),
        ("numpy", "2.0.0", "2.1.0"),
        ("scipy", "1.14.0", None),
        ("scikit-learn", None, "1.6"),
    ]
    assert [change.b for change in found.code] == ["d" * 40, "changed files beside the commit"]


def test_labels_are_compared_only_where_both_are_known(facts):
    unknown = facts.model_copy(update={"data": facts.data.model_copy(update={"labels": None})})
    assert changes_between(facts, unknown).data == ()
    assert whats(changes_between(facts, facts.model_copy(update={"data": None})).data) == ["file", "messages", "sha256"]


def test_messages_are_compared_one_by_one_where_both_files_are_there(facts, tmp_path):
    sides = []
    for name, labels in (("a.csv", "order refund refund"), ("b.csv", "order order refund")):
        lines = [f"message {i},{label}" for i, label in enumerate(labels.split())]
        (tmp_path / name).write_text("\n".join(["text,label", *lines]), encoding="utf-8")
        data = Dataset.of([f"message {i}" for i in range(3)], labels.split())
        known = {"name": name, "sha256": data.sha256, "source": str(tmp_path / name)}
        sides.append(facts.model_copy(update={"data": facts.data.model_copy(update=known)}))
    found = changes_between(*sides).messages
    assert (found.relabelled, found.only_a, found.only_b) == (1, 0, 0)
    assert found.examples[0].model_dump() == {"text": "message 1", "a": "refund", "b": "order"}


@pytest.mark.parametrize("content", ["text,label\nother,order\n", "nothing\n", ""])
def test_a_file_that_is_not_what_it_was_says_nothing(facts, tmp_path, content):
    file = tmp_path / "train.csv"
    file.write_text(content, encoding="utf-8")
    assert local_data(facts.model_copy(update={"data": facts.data.model_copy(update={"source": str(file)})})) is None


def test_a_run_without_messages_or_source_has_none(facts):
    assert local_data(facts) is local_data(facts.model_copy(update={"data": None})) is None


@given(rows, rows)
def test_every_message_is_kept_relabelled_gone_or_new(first, second):
    a, b = (Dataset.of(*zip(*side, strict=True)) for side in (first, second))
    found = messages_change(a, b)
    assert len(a) - found.only_a == len(b) - found.only_b
    back = messages_change(b, a)
    assert (found.only_a, found.only_b, found.relabelled) == (back.only_b, back.only_a, back.relabelled)


def fitted(*texts):
    return as_model(make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, ["a", "b"]))


def test_gained_and_lost_words_come_by_use():
    found = vocabulary_change(
        fitted("old words here", "and there"),
        fitted("new words here", "and fresh"),
        ["fresh start", "new fresh", "old"],
    )
    assert (found.size_a, found.size_b, found.gained, found.lost) == (5, 5, 2, 2)
    assert [(word.word, word.count) for word in found.gained_words] == [("fresh", 2), ("new", 1)]
    assert [(word.word, word.count) for word in found.lost_words] == [("old", 1), ("there", 0)]


def test_a_model_without_a_vocabulary_has_none_to_compare():
    function = as_model(lambda texts: ["a"] * len(texts))
    assert vocabulary_change(function, fitted("one word", "two"), []) is None
    assert vocabulary_change(fitted("one word", "two"), function, []) is None
