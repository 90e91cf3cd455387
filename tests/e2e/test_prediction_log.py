"""What the log acknowledged survives: the writing process killed, and its PostgreSQL stopped, at any moment."""

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from roadworthy.prediction_log import (
    Feedback,
    LogError,
    Prediction,
    PredictionLog,
    has_prediction,
    new_id,
    prune,
    read_predictions,
    traffic,
)

from .postgresql import PostgreSQL, running

# Appends from four threads, at most 50 rows of each unacknowledged, and prints each acknowledged id.
CHILD = """
import os, sys, threading
from datetime import UTC, datetime
from pathlib import Path
from roadworthy.prediction_log import Prediction, PredictionLog, new_id

log = PredictionLog(sys.argv[1], Path(sys.argv[2]), text="none")
log.start()

def append():
    room = threading.Semaphore(50)
    def done(error, id):
        if error is None:
            os.write(1, f"{id}\\n".encode())
        room.release()
    while True:
        room.acquire()
        id = new_id()
        now = datetime.now(UTC)
        row = Prediction(id, now, "r", "served", "m", "1", "hello", "a", 0.5, None, "trusted", "", "a", 1.0)
        log.append([row], lambda error, id=id: done(error, id))

for _ in range(4):
    threading.Thread(target=append, daemon=True).start()
threading.Event().wait()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with running() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'predictions.db'}"
    started: PostgreSQL = request.getfixturevalue("server")
    return started.url(started.new_database())


def prediction(**fields: Any) -> Prediction:
    usual = Prediction(
        new_id(), datetime.now(UTC), "r", "served", "m", "1", "hello", "a", 0.5, None, "trusted", "", "a", 1.0
    )
    return usual._replace(**fields)


def killed_after(seconds: float, url: str, spool: Path) -> list[str]:
    """Let a child append until it is killed; the ids that it was told are safe."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, url, str(spool)], stdout=subprocess.PIPE)
    lines: list[bytes] = []
    assert child.stdout is not None
    stream = child.stdout
    reader = threading.Thread(target=lambda: lines.extend(stream))
    reader.start()
    deadline = time.monotonic() + 60
    while not lines and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(seconds)
    child.kill()
    child.wait(30)
    reader.join(30)
    child.stdout.close()
    return [line.decode().strip() for line in lines if line.endswith(b"\n")]


def ids_in(url: str) -> list[str]:
    return list(read_predictions(url)["id"])


def replay(url: str, spool: Path) -> None:
    """What the service does when it starts again."""
    log = PredictionLog(url, spool)
    log.start()
    log.close(60)
    assert log.spooled == 0


def assert_kept(acknowledged: list[str], url: str, spool: Path) -> None:
    replay(url, spool)
    assert [path for path in spool.iterdir() if path.suffix == ".jsonl"] == []
    found = ids_in(url)
    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found)


def kill_rounds(rounds: int, url: str, spool: Path) -> None:
    chance = random.Random(rounds)
    acknowledged: list[str] = []
    for _ in range(rounds):
        acknowledged += killed_after(chance.uniform(0.0, 0.4), url, spool)
    assert len(acknowledged) > rounds
    assert len(set(acknowledged)) == len(acknowledged)
    assert_kept(acknowledged, url, spool)


def test_what_was_acknowledged_survives_being_killed(url: str, tmp_path: Path) -> None:
    kill_rounds(2, url, tmp_path / "spool")


@pytest.mark.slow
def test_what_was_acknowledged_survives_being_killed_twenty_times(url: str, tmp_path: Path) -> None:
    kill_rounds(20, url, tmp_path / "spool")


@pytest.mark.slow
def test_what_was_acknowledged_survives_being_killed_while_the_database_is_locked(tmp_path: Path) -> None:
    file, spool = tmp_path / "predictions.db", tmp_path / "spool"
    url = f"sqlite:///{file}"
    replay(url, spool)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        acknowledged = killed_after(0.5, url, spool)
        assert ids_in(url) == []
    assert acknowledged
    assert_kept(acknowledged, url, spool)


class Load:
    """A thread that appends without pause, a hundred rows unacknowledged at most."""

    def __init__(self, log: PredictionLog) -> None:
        self.acknowledged: list[str] = []
        self.refused: list[LogError] = []
        self._log = log
        self._room = threading.Semaphore(100)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._room.acquire()
            row = prediction()
            self._log.append([row], lambda error, name=row.id: self._done(error, name))
            time.sleep(0.001)

    def _done(self, error: LogError | None, name: str) -> None:
        if error is None:
            self.acknowledged.append(name)
        else:
            self.refused.append(error)
        self._room.release()

    def more(self, rows: int = 100) -> None:
        """Wait until that many more are acknowledged."""
        wanted = len(self.acknowledged) + rows
        wait_until(lambda: len(self.acknowledged) >= wanted)

    def end(self) -> None:
        self._stop.set()
        self._thread.join(30)


def wait_until(condition: Any, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.02)


def started_log(url: str, spool: Path, events: list[tuple[str, dict[str, Any]]]) -> PredictionLog:
    log = PredictionLog(url, spool, text="none", on_event=lambda *event: events.append(event))
    log.start()
    return log


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_stops_under_load_loses_nothing(server: PostgreSQL, tmp_path: Path, mode: str) -> None:
    url = server.url(server.new_database())
    events: list[tuple[str, dict[str, Any]]] = []
    log = started_log(url, tmp_path / "spool", events)
    load = Load(log)
    try:
        load.more()
        server.stop(mode)
        try:
            wait_until(lambda: log.state == "spooling")
            load.more()
            assert log.spooled > 0
        finally:
            server.start()
        wait_until(lambda: log.state == "ok")
        load.more()
    finally:
        load.end()
        log.close(30)
    assert load.refused == []
    assert [name for name, _ in events] == ["log_away", "spool_replayed", "log_back"]
    assert sorted(ids_in(url)) == sorted(load.acknowledged)
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_server_that_is_away_at_the_start_is_waited_for(server: PostgreSQL, tmp_path: Path) -> None:
    url = server.url(server.new_database())
    server.stop()
    try:
        log = started_log(url, tmp_path / "spool", [])
        load = Load(log)
        load.more()
        assert log.state == "spooling"
    finally:
        server.start()
    wait_until(lambda: log.state == "ok")
    load.end()
    log.close(30)
    assert sorted(ids_in(url)) == sorted(load.acknowledged)


def test_a_locked_table_is_bridged(server: PostgreSQL, tmp_path: Path) -> None:
    name = server.new_database()
    log = started_log(server.url(name), tmp_path / "spool", [])
    load = Load(log)
    load.more()
    with server.connect(name) as connection, connection.transaction():
        connection.execute("LOCK TABLE predictions")
        wait_until(lambda: log.state == "spooling")
        load.more()
    wait_until(lambda: log.state == "ok")
    load.end()
    log.close(30)
    assert sorted(ids_in(server.url(name))) == sorted(load.acknowledged)


@pytest.mark.slow
def test_a_server_that_hangs_is_bridged(server: PostgreSQL, tmp_path: Path) -> None:
    url = server.url(server.new_database())
    log = started_log(url, tmp_path / "spool", [])
    load = Load(log)
    load.more()
    stopped = server.signal_backends(signal.SIGSTOP)
    try:
        wait_until(lambda: log.state == "spooling")
        load.more()
    finally:
        server.signal_backends(signal.SIGCONT, stopped)
    wait_until(lambda: log.state == "ok")
    load.end()
    log.close(30)
    assert sorted(ids_in(url)) == sorted(load.acknowledged)


def test_both_databases_are_read_pruned_and_counted_alike(url: str, tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(second=30)
    old = prediction(time=now - timedelta(days=10), text="half \ud800 and \0", confidence=float("nan"))
    flagged = prediction(time=now, verdict="flagged", reasons="empty;out_of_scope", sent=None)
    log = PredictionLog(url, tmp_path / "spool", text="raw")
    log.start()
    rows = [old, flagged, *(Feedback(new_id(), old.id, label, now) for label in ("b", "c"))]
    came = threading.Event()
    log.append(rows, lambda error: came.set())
    assert came.wait(20)
    log.close(10)
    frame = read_predictions(url)
    assert frame["id"].tolist() == [old.id, flagged.id]
    assert frame["time"].tolist() == [old.time, flagged.time]
    assert frame["true_label"].tolist()[0] == "c"
    assert frame["text"].tolist()[0] == "half \ufffd and \ufffd"
    assert read_predictions(url, since=now, verdict="flagged")["id"].tolist() == [flagged.id]
    summary = traffic(url, minutes=3, now=now)
    assert [tuple(minute)[1:] for minute in summary.minutes] == [(0, 0, 0), (0, 0, 0), (0, 1, 1)]
    assert summary.reasons == {"empty": 1, "out_of_scope": 1}
    assert [row.id for row in summary.latest] == [flagged.id]
    assert prune(url, days=5) == 1
    assert not has_prediction(url, old.id)
    assert has_prediction(url, flagged.id)
    assert ids_in(url) == [flagged.id]


def test_several_processes_may_start_at_once(url: str, tmp_path: Path) -> None:
    code = "import sys; from roadworthy.prediction_log.schema import prepare; "
    code += "from roadworthy.prediction_log import open_engine; prepare(open_engine(sys.argv[1]))"
    children = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert ids_in(url) == []


def test_a_database_of_others_is_refused(server: PostgreSQL, tmp_path: Path) -> None:
    name = server.new_database()
    with server.connect(name) as connection:
        connection.execute("CREATE TABLE runs (id TEXT)")
    with pytest.raises(LogError, match="a database that is no prediction log"):
        PredictionLog(server.url(name), tmp_path / "spool")


def test_a_role_that_may_not_make_tables_is_refused(server: PostgreSQL, tmp_path: Path) -> None:
    name = server.new_database()
    with server.connect(name) as connection:
        connection.execute("CREATE ROLE guest LOGIN")
    with pytest.raises(LogError, match="cannot be opened .*permission denied"):
        PredictionLog(server.url(name).replace("roadworthy@", "guest@"), tmp_path / "spool")


def test_a_log_out_of_reach_is_said_when_it_is_read(server: PostgreSQL) -> None:
    with pytest.raises(LogError, match="nothing.*does not exist") as caught:
        read_predictions(server.url("nothing"))
    assert "\n" not in str(caught.value)
