"""Datasets check what they are given, and keep it exactly."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy import data
from roadworthy.columns import label_text
from roadworthy.data import (
    BlackBox,
    Classifier,
    Codes,
    Dataset,
    Predictions,
    read_dataset,
    read_labelled,
    read_messages,
)
from roadworthy.errors import DataError

messages = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: bool(text.strip()))


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["a", "b"], ["x", "y"]),
        (("a", "b"), ("x", "y")),
        (np.array(["a", "b"]), np.array(["x", "y"])),
        (np.array(["a", "b"], dtype=object), np.array(["x", "y"], dtype=object)),
        (pd.Series(["a", "b"], index=[7, 3]), pd.Series(["x", "y"], index=[1, 1])),
        (pd.Series(["a", "b"], dtype="string"), pd.Series(["x", "y"], dtype="category")),
        (iter(["a", "b"]), (label for label in [" x", "y "])),
    ],
)
def test_any_column_makes_the_same_dataset(texts: Any, labels: Any) -> None:
    assert Dataset.of(texts, labels) == Dataset(("a", "b"), ("x", "y"))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.array([0, 1]), ("0", "1")),
        ([np.int8(0), np.int64(1)], ("0", "1")),
        (np.array([True, False]), ("True", "False")),
        (np.array([0.5, 2.0]), ("0.5", "2.0")),
        (pd.Series([0, 1], dtype="Int64"), ("0", "1")),
        (["[other]", "(none)"], ("[other]", "(none)")),
    ],
)
def test_labels_are_compared_as_text(labels: Any, expected: tuple[str, ...]) -> None:
    assert Dataset.of(["a", "b"], labels).labels == expected


def test_an_integer_label_is_the_same_in_every_type() -> None:
    assert {label_text(value) for value in (3, "3", " 3", np.int16(3), np.uint64(3), np.str_("3"))} == {"3"}


@pytest.mark.parametrize(
    ("texts", "labels", "said"),
    [
        ([], None, "no messages; give at least one"),
        (["a", ""], None, "row 2: the text is empty; drop or fill these rows"),
        (["a", " \t\n"], None, "row 2: the text is empty"),
        ([None, "a", float("nan"), pd.NA, pd.NaT], None, "rows 1, 3, 4 and 1 more: the text is empty"),
        (["a", 5], None, "row 2: the text is not a string (int); give texts as strings"),
        ([b"a", ["a"]], None, "rows 1, 2: the text is not a string (bytes)"),
        ([np.array(["a"]), "b"], None, "row 1: the text is not a string (ndarray)"),
        (["a", "\ud83d"], None, "row 2: the text holds half a surrogate pair"),
        (["a", "b"], ["x"], "2 texts but 1 labels; give one label a message"),
        (["a", "b"], ["x", None], "row 2: the label is empty"),
        (["a", "b"], pd.Series([1, None], dtype="Int64"), "row 2: the label is empty"),
        (["a", "b"], [np.float32("nan"), " "], "rows 1, 2: the label is empty"),
        (["a", "b"], ["x", "\udc00"], "row 2: the label holds half a surrogate pair"),
        (["a", "b"], ["x", ["x", "y"]], "row 2: several labels for one message; give one label a message (multi-label"),
        (["a", "b"], np.array([[0, 1], [1, 0]]), "rows 1, 2: several labels"),
        (["a", "b", "c", "d"], ["['x', 'y']", '["x"]', "[x, y]", "[]"], "rows 1, 2, 3 and 1 more: several labels"),
        ("hello", None, "a str in place of a column of texts; give a list or a Series"),
        (b"hello", None, "a bytes in place of a column of texts"),
        ({"a": 1}, None, "a dict in place of a column of texts"),
        ({"a"}, None, "a set in place of a column of texts"),
        (pd.DataFrame({"text": ["a"]}), None, "a DataFrame in place of a column of texts"),
        (["a", "b"], "xy", "a str in place of a column of labels"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_rows(texts: Any, labels: Any, said: str) -> None:
    with pytest.raises(DataError) as caught:
        Dataset.of(texts, labels, name="these")
    assert str(caught.value).startswith("these: ")
    assert said in str(caught.value)


def test_columns_of_other_lengths_are_refused_however_a_dataset_is_made() -> None:
    for columns in ({"labels": ("x", "y")}, {"kinds": ("slang", "slang")}):
        with pytest.raises(DataError, match="these: 1 texts but 2 (labels|kinds)"):
            Dataset(("a",), name="these", **columns)


def test_kinds_are_checked_like_labels() -> None:
    assert Dataset.of(["a"], kinds=["slang"]).kinds == ("slang",)
    with pytest.raises(DataError, match="row 1: the kind is empty"):
        Dataset.of(["a"], kinds=[""])


@given(st.lists(st.tuples(messages, messages), min_size=1, max_size=20), st.integers(1, 25), st.integers(0, 9))
def test_a_sample_keeps_file_order_and_is_repeatable(rows: list[tuple[str, str]], n: int, seed: int) -> None:
    whole = Dataset.of([f"{i} {text}" for i, (text, _) in enumerate(rows)], range(len(rows)), range(len(rows)))
    sample = whole.sample(n, seed=seed)
    places = [whole.texts.index(text) for text in sample.texts]
    assert len(sample) == min(n, len(whole))
    assert places == sorted(set(places))
    assert sample == whole.take(places) == whole.sample(n, seed=seed)
    assert whole.sample(None) is whole


def test_a_sample_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="a sample of 0 messages; sample at least 1"):
        Dataset.of(["a"]).sample(0)


def test_rows_of_unlabelled_messages_can_be_taken() -> None:
    taken = Dataset.of(["a", "b"]).take(np.array([1, 0]))
    assert (taken.texts, taken.labels, taken.kinds, taken.classes) == (("b", "a"), None, None, ())


def test_the_fingerprint_depends_on_texts_labels_and_order() -> None:
    sets = [
        Dataset.of(["a", "b"]),
        Dataset.of(["b", "a"]),
        Dataset.of(["a", "b"], ["x", "y"]),
        Dataset.of(["a", "b"], ["y", "x"]),
        Dataset.of(["ab"]),
    ]
    assert len({each.sha256 for each in sets}) == len(sets)
    assert Dataset.of(["a", "b"], name="copy").sha256 == sets[0].sha256


def test_an_overlap_looks_past_case_and_spaces() -> None:
    assert Dataset.of(["Where  IS it\n", "new", "where is it"]).overlap(Dataset.of(["where is it"])) == 2


@given(st.lists(st.text(), max_size=30))
def test_codes_number_strings_in_their_order(strings: list[str]) -> None:
    codes = Codes()
    numbers = codes.of(strings)
    assert [list(codes)[number] for number in numbers] == strings
    assert list(codes.values()) == list(range(len(codes)))


def test_predictions_are_unflagged_unless_told_otherwise() -> None:
    first = Predictions(np.array(["a", "b"], dtype=object), np.array([0.5, 0.6]))
    second = Predictions(np.array(["c"], dtype=object), np.array([0.7]), np.array([True]))
    joined = Predictions.concatenate([first, second])
    assert len(joined) == 3
    assert joined.flagged.tolist() == [False, False, True]
    taken = joined.take(np.array([2, 0]))
    assert (taken.labels.tolist(), taken.confidence.tolist(), taken.flagged.tolist()) == (
        ["c", "a"],
        [0.7, 0.5],
        [True, False],
    )


def test_predictions_without_a_guard_know_neither_familiarity_nor_reasons() -> None:
    found = Predictions(np.array(["a", "b"], dtype=object), np.array([0.5, 0.6]))
    assert np.isnan(found.familiarity).tolist() == [True, True]
    assert found.reasons == ((), ())
    assert len(Predictions(np.array([], dtype=object), np.zeros(0)).reasons) == 0


reasons = st.lists(st.sampled_from(["empty", "too_long", "out_of_scope"]), max_size=2, unique=True).map(tuple)
answers = st.tuples(st.sampled_from("abc"), st.floats(0, 1), st.floats(0, 1), reasons)


def predictions(rows: list[tuple[str, float, float, tuple[str, ...]]]) -> Predictions:
    labels, confidence, familiarity, why = zip(*rows, strict=True) if rows else ((), (), (), ())
    flagged = np.array([bool(reasons) for reasons in why], dtype=bool)
    return Predictions(np.array(labels, dtype=object), np.array(confidence), flagged, np.array(familiarity), why)


def rows_of(found: Predictions) -> list[tuple[Any, ...]]:
    columns = (found.labels, found.confidence, found.familiarity, found.reasons, found.flagged)
    return list(zip(*columns, strict=True))


@given(st.lists(st.lists(answers, max_size=5), min_size=1, max_size=4))
def test_batches_are_joined_in_their_order(batches: list[list[Any]]) -> None:
    joined = Predictions.concatenate([predictions(batch) for batch in batches])
    whole = [row for batch in batches for row in batch]
    assert rows_of(joined) == rows_of(predictions(whole))
    assert isinstance(joined.reasons, tuple)


@given(st.lists(answers, min_size=1, max_size=8), st.data())
def test_rows_are_taken_with_all_that_is_known_of_them(rows: list[Any], data: st.DataObject) -> None:
    found = predictions(rows)
    picked = data.draw(st.lists(st.integers(-len(rows), len(rows) - 1), max_size=10))
    assert rows_of(found.take(np.array(picked, dtype=np.intp))) == [rows_of(found)[row] for row in picked]
    start, stop = data.draw(st.integers(0, 8)), data.draw(st.integers(0, 8))
    assert rows_of(found.take(slice(start, stop))) == rows_of(found)[start:stop]
    chosen = np.array([row % 2 == 0 for row in range(len(rows))])
    assert rows_of(found.take(chosen)) == rows_of(found)[::2]


def test_the_protocols_tell_models_apart() -> None:
    class Full:
        classes = ("a",)

        def predict_proba(self, texts: list[str]) -> None: ...

    class Labels:
        def answer(self, texts: list[str]) -> None: ...

    assert (isinstance(Full(), Classifier), isinstance(Full(), BlackBox)) == (True, False)
    assert (isinstance(Labels(), Classifier), isinstance(Labels(), BlackBox)) == (False, True)


@pytest.mark.parametrize(
    "header", ["text,label,kind", "Message,INTENT,Kind", " query , class ,kind", "x,category,kind"]
)
def test_columns_are_found_by_their_usual_names(tmp_path: Path, header: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"{header}\nhello there,greet,slang\n")
    found = read_dataset(file, text="X" if header.startswith("x") else None)
    assert found == Dataset(("hello there",), ("greet",), ("slang",), "a.csv")


def test_the_first_of_equal_columns_counts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Text,text\nfirst,second\n")
    assert read_dataset(tmp_path / "a.csv").texts == ("first",)


def test_columns_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,said,topic,sort\nno,hello,greet,slang\n")
    found = read_dataset(tmp_path / "a.csv", text="said", label="topic", kind="sort")
    assert (found.texts, found.labels, found.kinds) == (("hello",), ("greet",), ("slang",))


def test_texts_and_integer_labels_survive_parquet(tmp_path: Path) -> None:
    texts = ["NA", "null", "1e5", "007", 'a "quote"', "two\nlines", " x"]
    pd.DataFrame({"text": texts, "label": range(7)}).to_parquet(tmp_path / "a.parquet")
    found = read_dataset(tmp_path / "a.parquet")
    assert found.texts == tuple(texts)
    assert found.labels == ("0", "1", "2", "3", "4", "5", "6")


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("foo,bar\nx,y\n", {}, "no text column among: 'foo', 'bar'; name it with --text"),
        ("text;label\nx;y\n", {}, "no text column among: 'text;label'; separate columns by commas, or by tabs in"),
        ("text\nx\n", {"label": "topic"}, "no column 'topic' among: 'text'; name it with --label"),
        ("text\nx\n", {"kind": "sort"}, "no column 'sort' among: 'text'; name it with --kind"),
        ("text,label\n", {}, "no rows; give a file with at least one message"),
        (",".join(f"c{i}" for i in range(50)) + "\nx\n", {}, "'c19', and 30 more; name it"),
    ],
)
def test_a_missing_column_is_named_beside_those_seen(
    tmp_path: Path, content: str, options: dict[str, str], said: str
) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataError) as caught:
        read_dataset(tmp_path / "a.csv", **options)
    assert said in str(caught.value)


def test_labelled_messages_must_bear_labels_of_two_classes(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text,label\nx,a\ny,b\n")
    assert read_labelled(file).classes == ("a", "b")
    file.write_text("text,tag\nx,a\n")
    with pytest.raises(DataError, match="no label column among: 'text', 'tag'; name it with --label"):
        read_labelled(file)
    file.write_text("text,label\nx,a\ny,a\n")
    with pytest.raises(DataError, match=r"a single class \('a'\); give messages of at least two classes"):
        read_labelled(file)
    with pytest.raises(DataError, match="no labels; give one label a message"):
        data.require_classes(Dataset.of(["a"]))


def test_messages_of_users_are_read_without_those_that_say_nothing(tmp_path):
    file = tmp_path / "sent.csv"
    file.write_text('id,text\n1,hello\n2,\n3," \t"\n4,bye\n')
    found, blank = read_messages(file)
    assert (found.texts, found.labels, blank) == (("hello", "bye"), None, 2)
    file.write_text("text\n \n")
    with pytest.raises(DataError, match=r"sent\.csv: no messages; give a file with at least one"):
        read_messages(file)
