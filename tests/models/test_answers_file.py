"""Answers as rows: every row and column kept, empty messages never asked about, every format read back as it was."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy import support_desk
from roadworthy.data import Predictions
from roadworthy.errors import DataError, MissingExtraError, OutputError
from roadworthy.models import answers_file, as_model
from roadworthy.models.adapt import Model
from roadworthy.models.answers_file import (
    COLUMNS,
    answer_all,
    answer_message,
    count_reasons,
    message_texts,
    render,
    require_format,
    with_answers,
)
from roadworthy.tables import read_frame
from roadworthy.training.wrap import wrap

SUFFIXES = [".csv", ".tsv", ".json", ".jsonl", ".parquet"]


def echo(texts: list[str]) -> list[tuple[str, float]]:
    """Answers each message with itself."""
    return [(text.strip(), 1 / 3) for text in texts]


@pytest.fixture(scope="module")
def guarded() -> Model:
    def answer(texts: list[str]) -> list[tuple[str, float]]:
        return [("refund_status", 0.9) if "money" in text else ("order_status", 0.4) for text in texts]

    return wrap(answer, support_desk.load_train().sample(100)).artifact.model


def answers(n: int, **columns: Any) -> Predictions:
    return Predictions(np.array(["a"] * n, dtype=object), np.full(n, 2 / 3), **columns)


def test_missing_and_blank_messages_become_empty() -> None:
    assert message_texts(["x ", "", "\t", None, float("nan"), pd.NA], "a.csv") == ("x ", "", "", "", "", "")


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["", 5], r"a\.csv: row 2: the text is not a string \(int\)"),
        (["", "\ud83d"], r"a\.csv: row 2: the text holds half a surrogate pair"),
        ([], r"a\.csv: no messages"),
    ],
)
def test_what_is_no_message_is_refused_by_its_row(cells: list[Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        message_texts(cells, "a.csv")


def test_the_model_is_asked_in_batches_and_never_about_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(answers_file, "BATCH_SIZE", 2)
    model = as_model(lambda texts: asked.append(texts) or echo(texts))
    found = answer_all(model, ["a", "", "b", "c"], lambda done, total: told.append((done, total)))
    assert asked == [["a", "b"], ["c"]]
    assert told == [(2, 3), (3, 3)]
    assert found.labels.tolist() == ["a", None, "b", "c"]
    assert found.flagged.tolist() == [False, True, False, False]
    assert found.reasons == ((), ("empty",), (), ())
    assert np.isnan(found.familiarity).all()


def test_empty_messages_alone_ask_nothing(guarded: Model) -> None:
    found = answer_all(guarded, ["", ""])
    assert (found.labels.tolist(), found.familiarity.tolist()) == ([None, None], [0, 0])
    assert count_reasons(found) == {"empty": 2}


def test_a_guarded_model_s_verdicts_come_through(guarded: Model) -> None:
    texts = [*support_desk.load_real_style().texts[:40], "qwrtz zxcv"]
    found = answer_all(guarded, texts)
    assert all(bool(reasons) == flagged for reasons, flagged in zip(found.reasons, found.flagged, strict=True))
    assert found.flagged[-1]
    assert not found.flagged.all()
    assert ((found.familiarity >= 0) & (found.familiarity <= 1)).all()


def test_one_message_names_the_words_that_the_guard_does_not_know(guarded: Model) -> None:
    found = answer_message(guarded, "my money qwrtz")
    assert (found.label, found.confidence, found.unknown_words) == ("refund_status", 0.9, ("qwrtz",))
    assert found.familiarity is not None


def test_one_message_without_a_guard_or_a_confidence() -> None:
    found = answer_message(as_model(lambda texts: ["a"] * len(texts)), "hello")
    assert (found.label, found.confidence, found.verdict, found.reasons) == ("a", None, "trusted", ())
    assert (found.familiarity, found.unknown_words) == (None, None)


def test_an_empty_message_is_flagged_and_has_no_label(guarded: Model) -> None:
    found = answer_message(guarded, " \n")
    assert (found.label, found.confidence, found.verdict, found.reasons) == (None, None, "flagged", ("empty",))
    assert (found.familiarity, found.unknown_words) == (0, ())


def test_a_file_s_own_columns_make_room() -> None:
    frame = pd.DataFrame({"input_label": ["x"], "label": ["y"], "text": ["z"], "verdict": ["w"], 7: ["v"]})
    found = with_answers(frame, answers(1, flagged=np.array([True]), reasons=(("too_long", "out_of_scope"),)))
    assert list(found) == ["input_label", "input_label_2", "text", "input_verdict", "7", *COLUMNS]
    assert found.iloc[0].tolist()[:9] == ["x", "y", "z", "w", "v", "a", 0.666667, "flagged", "too_long;out_of_scope"]


def test_a_named_index_becomes_a_column_and_another_one_does_not_matter() -> None:
    named = pd.DataFrame({"text": ["x", "y"]}, index=pd.Index([7, 3], name="id"))
    assert with_answers(named, answers(2))["id"].tolist() == [7, 3]
    unnamed = with_answers(named.rename_axis(None), answers(2))
    assert list(unnamed) == ["text", *COLUMNS]
    assert unnamed["label"].tolist() == ["a", "a"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(texts=st.lists(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip), min_size=1))
@settings(max_examples=40)
def test_every_text_reads_back_as_it_was(
    suffix: str, tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("written") / f"a{suffix}"
    frame = with_answers(pd.DataFrame({"text": texts}), answers(len(texts)))
    path.write_bytes(render(frame, suffix.upper()))
    found = read_frame(path)
    assert list(found) == ["text", *COLUMNS]
    assert found["text"].tolist() == texts
    assert [float(value) for value in found["confidence"]] == [0.666667] * len(texts)


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_cells_of_other_kinds_as_json(suffix: str) -> None:
    day, number = dt.date(2024, 2, 29), np.float32(0.5)
    cells = [
        1,
        2.5,
        float("nan"),
        float("inf"),
        None,
        True,
        pd.NaT,
        day,
        b"x",
        number,
        ["a", {"b": (1,)}],
        np.array([1]),
    ]
    frame = pd.DataFrame({"cell": pd.Series(cells, dtype=object)})
    content = render(frame, suffix).decode()
    rows = json.loads(content) if suffix == ".json" else list(map(json.loads, content.splitlines()))
    assert [row["cell"] for row in rows] == [
        1, 2.5, None, None, None, True, None, "2024-02-29", "b'x'", 0.5, ["a", {"b": [1]}], [1],
    ]  # fmt: skip


def test_nested_cells_as_csv() -> None:
    numbers = pd.Series([1, None], dtype=object)
    frame = pd.DataFrame({"tags": [["ä", None], {"b": 1}], "n": numbers, "m": pd.array([1, None], dtype="Int64")})
    assert render(frame, ".csv").decode() == 'tags,n,m\n"[""ä"", null]",1,1\n"{""b"": 1}",,\n'


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_broken_unicode_beside_the_messages_is_refused(suffix: str) -> None:
    with pytest.raises(DataError, match="beside the messages holds half a surrogate pair"):
        render(pd.DataFrame({"note": pd.Series(["\ud83d"], dtype=object)}), suffix)


@pytest.mark.parametrize("cells", [[1, "x"], [2**70, 1]])
def test_what_parquet_cannot_hold_is_said(cells: list[Any]) -> None:
    with pytest.raises(DataError, match=r"a column that Parquet cannot hold \(.*\); give --out a name that ends in"):
        render(pd.DataFrame({"mixed": pd.Series(cells, dtype=object)}), ".parquet")


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.csv.gz"])
def test_another_suffix_is_refused(name: str) -> None:
    with pytest.raises(OutputError, match=r"unknown format .*; give --out a name that ends in one of \.csv, \.tsv"):
        require_format(Path(name))


def test_parquet_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for suffix in SUFFIXES:
        require_format(Path(f"a{suffix.upper()}"))
    monkeypatch.setattr(answers_file.importlib.util, "find_spec", lambda name: None)
    require_format(Path("a.csv"))
    with pytest.raises(MissingExtraError, match=r"writing .parquet files needs the extra 'arrow'"):
        require_format(Path("a.parquet"))
