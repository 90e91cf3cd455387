"""The log as the service uses it, on SQLite."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from roadworthy.prediction_log import (
    LogError,
    Prediction,
    PredictionLog,
    database,
    has_prediction,
    log,
    new_id,
    segment,
    spool,
)
from roadworthy.prediction_log import store as stores

from .conftest import OpenLog, feedback, prediction


def ask(tmp_path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(tmp_path / "predictions.db", timeout=5)) as connection:
        return connection.execute(statement).fetchall()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.01)


def test_what_is_acknowledged_is_in_the_log(open_log: OpenLog, tmp_path: Path) -> None:
    kept = open_log()
    row = prediction(text="ring 020 7946 0958", confidence=float("nan"))
    assert kept.add(row, feedback(row, "refund")) is None
    assert ask(tmp_path, "SELECT id, text, confidence FROM predictions") == [(row.id, "ring [phone]", None)]
    assert ask(tmp_path, "SELECT prediction_id, label FROM feedback") == [(row.id, "refund")]
    assert (kept.log.state, kept.log.spooled, kept.log.waiting, kept.events) == ("ok", 0, 0, [])


def test_one_commit_serves_many(open_log: OpenLog, tmp_path: Path) -> None:
    groups: list[int] = []
    came = threading.Semaphore(0)

    def acknowledge(callbacks: list[Callable[[], None]]) -> None:
        groups.append(len(callbacks))
        for callback in callbacks:
            callback()

    kept = open_log(acknowledge=acknowledge)
    with closing(sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(100):
            kept.log.append([prediction()], lambda error: came.release())
        until(lambda: kept.log.waiting == 100)
        assert groups == []
        other.execute("COMMIT")
    for _ in range(100):
        assert came.acquire(timeout=20)
    assert len(groups) <= 3
    assert sum(groups) == 100


def test_a_group_is_bounded(open_log: OpenLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "GROUP_ROWS", 3)
    kept = open_log()
    assert kept.add(*[prediction() for _ in range(5)]) is None
    came = threading.Semaphore(0)
    for _ in range(50):
        kept.log.append([prediction(), prediction()], lambda error: came.release())
    assert all(came.acquire(timeout=20) for _ in range(50))


def test_rows_are_kept_once(open_log: OpenLog, tmp_path: Path) -> None:
    kept = open_log()
    row = prediction()
    assert kept.add(row, row) is None
    assert kept.add(row._replace(label="other")) is None
    assert ask(tmp_path, "SELECT label FROM predictions") == [("order",)]


def test_a_locked_database_is_bridged_by_the_spool(
    open_log: OpenLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(stores, "FIRST_PAUSE", 0.05)
    kept = open_log()
    rows = [prediction() for _ in range(3)]
    with closing(sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for row in rows:
            assert kept.add(row, feedback(row, "refund")) is None
        assert (kept.log.state, kept.log.spooled) == ("spooling", 6)
        other.execute("COMMIT")
    until(lambda: kept.log.state == "ok")
    assert kept.log.spooled == 0
    assert sorted(ask(tmp_path, "SELECT id FROM predictions")) == sorted((row.id,) for row in rows)
    assert ask(tmp_path, "SELECT count(*) FROM feedback") == [(3,)]
    assert [name for name, _ in kept.events] == ["log_away", "spool_replayed", "log_back"]
    assert "locked" in kept.events[0][1]["error"]


def test_more_is_replayed_than_comes(open_log: OpenLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(stores, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(segment, "CHUNK_BYTES", 5_000)
    kept = open_log()

    def more(error: LogError | None = None) -> None:
        """As clients under load do: as soon as one answer is there, they ask again."""
        if error is None:
            kept.log.append([prediction() for _ in range(50)], more)

    with closing(sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        more()
        more()
        until(lambda: kept.log.spooled >= 100)
        other.execute("COMMIT")
    until(lambda: kept.log.state == "ok")


def test_closing_writes_what_was_handed_over_and_replays(
    open_log: OpenLog, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    kept = open_log()
    with closing(sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        first = prediction()
        assert kept.add(first) is None
        other.execute("COMMIT")
    last = prediction()
    kept.log.append([last], lambda error: None)
    kept.log.close(10)
    kept.log.close(10)
    assert has_prediction(url, first.id)
    assert has_prediction(url, last.id)
    assert list((tmp_path / "spool").iterdir()) == []


def test_what_one_process_left_in_the_spool_the_next_replays(
    open_log: OpenLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    kept = open_log()
    row = prediction()
    with closing(sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert kept.add(row) is None
        kept.log.close(10)
        assert len(list((tmp_path / "spool").iterdir())) == 1
        other.execute("ROLLBACK")
    later = open_log()
    until(lambda: later.log.state == "ok")
    assert ask(tmp_path, "SELECT id FROM predictions") == [(row.id,)]
    assert later.events == [("spool_replayed", {"rows": 1})]


def test_a_closed_log_refuses(open_log: OpenLog) -> None:
    kept = open_log()
    kept.log.close(10)
    error = kept.add(prediction())
    assert str(error) == "the prediction log is closed; start the service again"


def test_a_log_that_never_started_closes(url: str, tmp_path: Path) -> None:
    never = PredictionLog(url, tmp_path / "spool")
    never.close(1)
    assert never.state == "ok"


def test_neither_a_broken_row_nor_a_broken_callback_ends_the_writer(open_log: OpenLog, tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the event loop is closed")

    kept = open_log()
    said: list[LogError | None] = []
    wrong: Any = 5
    with closing(sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        kept.log.append([prediction()], broken)
        kept.log.append([prediction(text=wrong)], said.append)
        kept.log.append([prediction()], said.append)
        other.execute("COMMIT")
    assert kept.add(prediction()) is None
    assert "a row cannot be stored (TypeError" in str(said[0])
    assert said[1] is None
    assert ask(tmp_path, "SELECT count(*) FROM predictions") == [(3,)]


def test_where_nothing_can_be_kept_that_is_said(
    open_log: OpenLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(database, "BUSY_SECONDS", 0.0)
    kept = open_log()
    with closing(sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with monkeypatch.context() as patch:
            patch.setattr(spool.Spool, "append", full)
            error = kept.add(prediction())
        other.execute("COMMIT")
    assert "nothing can be logged" in str(error)
    until(lambda: kept.log.state == "ok")
    assert kept.log.waiting == 0
    assert ask(tmp_path, "SELECT count(*) FROM predictions") == [(0,)]
    assert [name for name, _ in kept.events] == ["log_away", "log_failing", "log_back"]


def test_a_broken_acknowledgement_or_listener_is_survived(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the event loop is closed")

    monkeypatch.setattr(database, "BUSY_SECONDS", 0.0)
    kept = PredictionLog(url, tmp_path / "spool", acknowledge=broken, on_event=broken)
    kept.start()
    with closing(sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        kept.append([prediction()], lambda error: None)
        until(lambda: kept.spooled == 1)
        other.execute("ROLLBACK")
    kept.close(10)
    assert ask(tmp_path, "SELECT count(*) FROM predictions") == [(1,)]


def test_an_event_without_a_listener_is_no_error(url: str, tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "a.jsonl").write_text("torn")
    PredictionLog(url, tmp_path / "spool").close(1)


def test_an_unknown_way_to_keep_texts_is_refused(url: str, tmp_path: Path) -> None:
    wrong: Any = "all"
    with pytest.raises(LogError, match="use one of redacted, none, raw"):
        PredictionLog(url, tmp_path / "spool", text=wrong)


def test_many_threads_may_append(open_log: OpenLog, tmp_path: Path) -> None:
    kept = open_log(text="none")
    rows: list[list[Prediction]] = [[prediction(id=new_id()) for _ in range(5)] for _ in range(20)]
    threads = [threading.Thread(target=lambda part=part: [kept.add(row) for row in part]) for part in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert ask(tmp_path, "SELECT count(DISTINCT id) FROM predictions") == [(100,)]
    assert kept.log.waiting == 0
