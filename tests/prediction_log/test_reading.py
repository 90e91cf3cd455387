"""Reading the log, exporting it, and pruning it."""

import csv
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadworthy.errors import MissingExtraError, OutputError
from roadworthy.prediction_log import (
    LogError,
    count_predictions,
    export,
    export_predictions,
    has_prediction,
    open_engine,
    prune,
    pruning,
    read_predictions,
    stream_predictions,
)
from roadworthy.prediction_log.reading import COLUMNS

from .conftest import NOW, feedback, prediction

Fill = Callable[..., str]


def days_ago(days: float, **fields: Any) -> Any:
    return prediction(time=datetime.now(UTC) - timedelta(days=days), **fields)


def test_rows_come_oldest_first_with_the_feedback_told_last(filled: Fill) -> None:
    late, early = prediction(), prediction(time=NOW - timedelta(hours=1), confidence=None, sent=None)
    told = [feedback(late, "lost", minutes=9), feedback(late, "refund", minutes=3)]
    frame = read_predictions(filled(late, early, *told))
    assert tuple(frame.columns) == COLUMNS
    assert frame["id"].tolist() == [early.id, late.id]
    assert frame["time"].tolist() == [early.time, late.time]
    assert pd.isna(frame["confidence"][0])
    assert frame["sent"].tolist() == [None, "order"]
    assert frame["true_label"].tolist() == [None, "lost"]
    assert frame["feedback_time"][1] == told[0].time


def test_an_empty_log_is_an_empty_table(filled: Fill) -> None:
    frame = read_predictions(filled(prediction()), since=NOW + timedelta(days=1))
    assert len(frame) == 0
    assert tuple(frame.columns) == COLUMNS
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"


def test_a_span_takes_its_beginning_and_not_its_end(filled: Fill) -> None:
    rows = [prediction(time=NOW + timedelta(minutes=n), verdict="flagged" if n % 2 else "trusted") for n in range(5)]
    url = filled(*rows)

    def found(**options: Any) -> list[str]:
        return list(read_predictions(url, **options)["id"])

    ids = [row.id for row in rows]
    assert found(since=rows[1].time, until=rows[3].time) == ids[1:3]
    assert found(verdict="flagged") == ids[1::2]
    assert found(limit=2) == ids[:2]
    assert found(limit=0) == []
    assert count_predictions(url, since=rows[1].time, verdict="trusted") == 2
    with pytest.raises(LogError, match="use one of trusted, flagged"):
        found(verdict="wrong")


def test_chunks_hold_every_row_once_also_those_of_the_same_time(filled: Fill) -> None:
    rows = [prediction(time=NOW + timedelta(microseconds=n // 4)) for n in range(22)]
    url = filled(*reversed(rows))
    chunks = list(stream_predictions(url, chunk=3))
    assert [len(chunk) for chunk in chunks] == [3] * 7 + [1]
    found = [row[0] for chunk in chunks for row in chunk]
    assert sorted(found) == sorted(row.id for row in rows)
    assert [len(chunk) for chunk in stream_predictions(url, chunk=3, limit=5)] == [3, 2]


def test_a_prediction_is_found_by_its_id(filled: Fill) -> None:
    row = prediction()
    url = filled(row)
    assert has_prediction(url, row.id)
    assert not has_prediction(open_engine(url), "another")


def test_a_log_that_is_locked_away_is_said(filled: Fill, tmp_path: Path) -> None:
    url = filled(prediction())
    engine = open_engine(url)
    (tmp_path / "predictions.db").unlink()
    (tmp_path / "predictions.db").mkdir()
    with pytest.raises(LogError, match="out of reach .*; try again later"):
        has_prediction(engine, "any")


def objects(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def cells(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl", "JSONL"])
def test_an_export_holds_what_reading_gives(
    filled: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow", reason="the extra 'arrow' is not installed")
    monkeypatch.setattr(export, "CHUNK_ROWS", 2)
    rows = [prediction(time=NOW + timedelta(seconds=n), confidence=None if n else 0.25) for n in range(5)]
    url = filled(*rows, feedback(rows[0], "refund"))
    out = tmp_path / "new" / f"log.{suffix}"
    seen: list[int] = []
    assert export_predictions(url, out, progress=seen.append) == 5
    assert seen == [2, 4, 5]
    if suffix == "parquet":
        found = pd.read_parquet(out)
        read = read_predictions(url)
        assert [*found] == [*read]
        for name in found:
            assert found[name].dropna().tolist() == read[name].dropna().tolist()
        assert str(found["time"].dtype) == "datetime64[us, UTC]"
        return
    lines = cells(out) if suffix == "csv" else objects(out)
    assert [row["id"] for row in lines] == [row.id for row in rows]
    assert (lines[0]["true_label"], float(lines[0]["confidence"])) == ("refund", 0.25)
    assert lines[1]["confidence"] in ("", None)
    assert lines[0]["time"] == "2026-03-02T12:00:30+00:00"
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_nothing_found_is_a_file_without_rows(filled: Fill, tmp_path: Path, suffix: str) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow", reason="the extra 'arrow' is not installed")
    out = tmp_path / f"log.{suffix}"
    assert export_predictions(filled(prediction()), out, until=NOW) == 0
    assert out.is_file()


def test_what_a_spreadsheet_would_run_it_only_shows(filled: Fill, tmp_path: Path) -> None:
    texts = ["=1+1", "+4", "-x", "@sum", "\tx", "\x1b[31m", "a=b"]
    url = filled(*[prediction(time=NOW + timedelta(seconds=n), text=text) for n, text in enumerate(texts)])
    export_predictions(url, tmp_path / "log.csv")
    shown = [row["text"] for row in cells(tmp_path / "log.csv")]
    assert shown == ["'=1+1", "'+4", "'-x", "'@sum", "'\tx", "[31m", "a=b"]
    export_predictions(url, tmp_path / "log.jsonl")
    assert [row["text"] for row in objects(tmp_path / "log.jsonl")] == texts


def test_an_export_that_fails_leaves_the_old_file(
    filled: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = filled(prediction())
    out = tmp_path / "out" / "log.csv"
    out.parent.mkdir()
    out.write_text("old")

    def full(path: Path, chunks: object) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(export._FORMATS, ".csv", full)
    with pytest.raises(OutputError, match="No space left on device"):
        export_predictions(url, out)
    assert out.read_text() == "old"
    assert list(out.parent.iterdir()) == [out]


def test_a_format_that_cannot_be_written_is_refused_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match=r"ends in one of \.parquet, \.csv, \.jsonl"):
        export_predictions("sqlite:///none.db", tmp_path / "log.xlsx")
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="arrow"):
        export_predictions("sqlite:///none.db", tmp_path / "log.parquet")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ages=st.lists(st.floats(0, 20), max_size=12), days=st.integers(0, 20), batch=st.integers(1, 4))
def test_pruning_takes_what_is_older_and_nothing_else(tmp_path_factory: Any, ages: Any, days: int, batch: int) -> None:
    from roadworthy.prediction_log import PredictionLog

    folder = tmp_path_factory.mktemp("log")
    url = f"sqlite:///{folder}/predictions.db"
    before = NOW - timedelta(days=days)
    rows = [prediction(time=NOW - timedelta(days=age)) for age in ages]
    log = PredictionLog(url, folder / "spool", text="none")
    log.append([*rows, *[feedback(row, "refund") for row in rows]], lambda error: None)
    log.start()
    log.close(10)
    old = [row for row in rows if row.time < before]
    assert prune(url, before=before, batch=batch) == len(old)
    left = read_predictions(url)
    assert sorted(left["id"]) == sorted(row.id for row in rows if row.time >= before)
    assert left["true_label"].notna().all()
    with closing(sqlite3.connect(folder / "predictions.db")) as connection:
        assert connection.execute("SELECT count(*) FROM feedback").fetchone() == (len(rows) - len(old),)


def test_feedback_that_has_lost_its_prediction_goes_by_its_own_age(filled: Fill, tmp_path: Path) -> None:
    gone = days_ago(30)
    url = filled(feedback(gone, "old"), feedback(gone, "new", minutes=25 * 24 * 60))
    assert prune(url, days=10) == 0
    with closing(sqlite3.connect(tmp_path / "predictions.db")) as connection:
        assert connection.execute("SELECT label FROM feedback").fetchall() == [("new",)]


def test_pruning_gives_the_space_back(filled: Fill, tmp_path: Path) -> None:
    file = tmp_path / "predictions.db"
    url = filled(*[days_ago(9, text="long " * 200) for _ in range(2000)], days_ago(1))
    before = file.stat().st_size
    assert prune(url, days=5) == 2000
    assert file.stat().st_size < before / 10


def test_a_busy_database_is_pruned_and_shrinks_another_time(
    filled: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(file: Path) -> None:
        raise sqlite3.OperationalError("database is locked")

    url = filled(days_ago(9))
    monkeypatch.setattr(pruning, "_shrink", busy)
    assert prune(url, days=5) == 1


@pytest.mark.parametrize("given", [{}, {"days": 1, "before": NOW}])
def test_what_to_keep_must_be_said_once(filled: Fill, given: Any) -> None:
    with pytest.raises(LogError, match="either days or before"):
        prune(filled(prediction()), **given)


def test_a_number_of_days_that_is_none_is_refused(filled: Fill) -> None:
    url = filled(prediction())
    for days in (-1.0, float("nan")):
        with pytest.raises(LogError, match="give 0 or more"):
            prune(url, days=days)
    assert prune(url, days=1e9) == 0


def test_pruning_lets_the_service_write(filled: Fill, open_log: Any) -> None:
    url = filled(*[days_ago(9) for _ in range(3000)])
    kept = open_log()
    started = time.monotonic()
    assert prune(url, days=5, batch=100) == 3000
    assert kept.add(prediction()) is None
    assert kept.log.state == "ok"
    assert time.monotonic() - started < 20
