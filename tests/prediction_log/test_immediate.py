"""The law of what is committed at once: whatever is acknowledged outlives the process, and is in the database once."""

import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from roadworthy.prediction_log import LogError, database, open_engine
from roadworthy.prediction_log.immediate import BURST_SECONDS, Immediate
from roadworthy.prediction_log.insert import Inserter
from roadworthy.prediction_log.rows import Prediction, stored_group
from roadworthy.prediction_log.schema import prepare
from roadworthy.prediction_log.segment import Segment
from roadworthy.prediction_log.spool import Spool

from .conftest import OpenLog, prediction
from .test_log import ask, until


class Process:
    """One process that commits at once, in a folder that outlives it."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        engine = open_engine(f"sqlite:///{folder / 'predictions.db'}")
        prepare(engine)
        (folder / "spool").mkdir(exist_ok=True)
        file = folder / "predictions.db"
        self.immediate = Immediate(engine, file, "redacted", folder / "spool", clock=lambda: self.now)

    def kill(self) -> None:
        """What ends with a process: its locks, and what it had in memory."""
        self.immediate._disconnect()
        if self.immediate._journal is not None:
            self.immediate._journal.close()


def journal_of(folder: Path) -> list[str]:
    return [line for path in (folder / "spool").glob("*.jsonl") for line in path.read_text().splitlines()]


def count(folder: Path) -> int:
    return int(ask(folder, "SELECT count(*) FROM predictions")[0][0])


def test_who_comes_alone_is_in_the_database_at_once(tmp_path: Path) -> None:
    process = Process(tmp_path)
    for n in range(3):
        process.now += 2 * BURST_SECONDS
        assert process.immediate.commit([prediction()])
        assert (count(tmp_path), process.immediate.has_unsettled, journal_of(tmp_path)) == (n + 1, False, [])


def test_those_who_come_at_once_are_in_the_journal_until_they_are_settled(tmp_path: Path) -> None:
    process = Process(tmp_path)
    rows = [prediction(text="ring 020 7946 0958") for _ in range(4)]
    assert all(process.immediate.commit([row]) for row in rows)
    assert (count(tmp_path), process.immediate.has_unsettled, len(journal_of(tmp_path))) == (1, True, 3)
    assert "020 7946" not in "".join(journal_of(tmp_path))
    assert process.immediate.settle() is None
    assert (count(tmp_path), process.immediate.has_unsettled, journal_of(tmp_path)) == (4, False, [])
    process.immediate.close()
    assert [*(tmp_path / "spool").iterdir()] == []


def test_who_comes_after_a_pause_settles_what_is_in_the_journal(tmp_path: Path) -> None:
    process = Process(tmp_path)
    for pause in (0.0, 0.0, BURST_SECONDS):
        process.now += pause
        assert process.immediate.commit([prediction()])
    assert (count(tmp_path), journal_of(tmp_path)) == (3, [])


def test_what_cannot_be_settled_is_handed_to_the_writing_thread(
    open_log: OpenLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.prediction_log.immediate.BURST_SECONDS", float("inf"))
    kept = open_log()
    first, *rows = (prediction() for _ in range(4))
    assert all(kept.log.commit([row]) for row in (first, *rows))
    with closing(sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        kept.log.settle()
        assert (kept.log.has_unsettled, kept.log.waiting, kept.log.commit([prediction()])) == (False, 3, False)
        assert len(journal_of(tmp_path)) == 3
        other.execute("COMMIT")
    until(lambda: kept.log.waiting == 0)
    assert sorted(ask(tmp_path, "SELECT id FROM predictions")) == sorted((row.id,) for row in (first, *rows))
    until(lambda: not journal_of(tmp_path))
    assert kept.log.state == "ok"


def test_what_nobody_can_take_stays_in_the_journal_and_comes_back_from_there(
    open_log: OpenLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.prediction_log.immediate.BURST_SECONDS", float("inf"))
    monkeypatch.setattr("roadworthy.prediction_log.store.FIRST_PAUSE", 0.05)
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    kept = open_log()
    assert all(kept.log.commit([prediction()]) for _ in range(2))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with (
        closing(sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)) as other,
        monkeypatch.context() as disk,
    ):
        other.execute("BEGIN IMMEDIATE")
        disk.setattr(Spool, "append", full)
        kept.log.settle()
        until(lambda: kept.log.waiting == 0)
        assert len(journal_of(tmp_path)) == 1
        other.execute("COMMIT")
    until(lambda: count(tmp_path) == 2)
    until(lambda: kept.log.state == "ok")
    assert journal_of(tmp_path) == []


def test_a_disk_that_takes_no_journal_is_told_and_nothing_of_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(tmp_path)
    assert process.immediate.commit([prediction()])
    assert process.immediate.commit([prediction()])

    def full(descriptor: int, data: bytes, offset: int) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("os.pwrite", full)
        assert not process.immediate.commit([prediction()])
    assert len(journal_of(tmp_path)) == 1
    assert process.immediate.commit([prediction()])
    assert process.immediate.settle() is None
    assert count(tmp_path) == 3


class Law(RuleBasedStateMachine):
    """Rows come fast or slowly, another process locks the database, the process is killed and starts again."""

    def __init__(self) -> None:
        super().__init__()
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.acknowledged: list[str] = []
        self.handed: list[tuple[list[Prediction], Segment]] = []
        self.process = Process(self.folder)
        self.other: sqlite3.Connection | None = None

    @rule(pause=st.sampled_from([0.0, 10 * BURST_SECONDS]), n=st.integers(1, 3))
    def commit(self, pause: float, n: int) -> None:
        self.process.now += pause
        rows = [prediction() for _ in range(n)]
        if self.process.immediate.commit(rows):
            self.acknowledged += [row.id for row in rows]

    @rule()
    def settle(self) -> None:
        left = self.process.immediate.settle()
        if left is not None:
            self.handed.append(left)  # type: ignore[arg-type]

    @precondition(lambda self: self.other is None)
    @rule()
    def lock(self) -> None:
        self.other = sqlite3.connect(self.folder / "predictions.db", isolation_level=None)
        self.other.execute("BEGIN IMMEDIATE")

    @precondition(lambda self: self.other is not None)
    @rule()
    def unlock(self) -> None:
        assert self.other is not None
        self.other.execute("COMMIT")
        self.other.close()
        self.other = None

    @rule()
    def write(self) -> None:
        """The writing thread: what was handed to it goes into the database, or its journal is left for later."""
        for rows, journal in self.handed:
            try:
                with closing(sqlite3.connect(self.folder / "predictions.db", timeout=0)) as connection:
                    for row in stored_group(rows, "redacted").predictions:
                        marks = ", ".join("?" * len(row))
                        connection.execute(f"INSERT OR IGNORE INTO predictions VALUES ({marks})", row)
                    connection.commit()
            except sqlite3.OperationalError:
                journal.close()
            else:
                journal.finish()
        self.handed = []

    @rule()
    def kill(self) -> None:
        self.process.kill()
        for _, journal in self.handed:
            journal.close()
        self.handed = []
        self.process = Process(self.folder) if self.other is None else self._late()

    def _late(self) -> Process:
        self.unlock()
        return Process(self.folder)

    def teardown(self) -> None:
        if self.other is not None:
            self.unlock()
        self.kill()
        spool = Spool(self.folder / "spool", lambda *_: None)
        inserter = Inserter(open_engine(f"sqlite:///{self.folder / 'predictions.db'}"))
        spool.take_over()
        while (batch := spool.next_batch()) is not None:
            inserter.insert(batch)
            spool.batch_is_kept()
        inserter.close()
        with suppress(LogError):
            spool.close()
        found = [row[0] for row in ask(self.folder, "SELECT id FROM predictions")]
        assert len(found) == len(set(found))
        assert set(self.acknowledged) <= set(found)
        assert journal_of(self.folder) == []
        self.process.kill()
        self.temporary.cleanup()


TestLaw = Law.TestCase
