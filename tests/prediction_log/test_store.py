"""The law of the store: whatever is acknowledged is in the database exactly once, whatever befalls."""

import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from roadworthy.prediction_log.database import LogError
from roadworthy.prediction_log.rows import Group, stored_group
from roadworthy.prediction_log.spool import Spool
from roadworthy.prediction_log.store import LONGEST_PAUSE, Store

from .conftest import Events, prediction


class Killed(BaseException):
    """The process ends here."""


class Database:
    """Stands in for the inserter: a table with a primary key that may be away, refuse, or lose its answer."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}
        self.is_away = False
        self.refuses = False
        self.loses_answer = False
        self.kills = False
        self.foreign = False

    def connect(self) -> None:
        if self.foreign:
            raise LogError("a database that is no prediction log")
        if self.is_away:
            raise ConnectionError("away")

    def insert(self, group: Group) -> None:
        self.connect()
        if self.refuses:
            self.refuses = False
            raise ConnectionError("went while it was asked")
        for row in (*group.predictions, *group.feedback):
            self.rows.setdefault(row[0], row)
        if self.kills:
            self.kills = False
            raise Killed
        if self.loses_answer:
            self.loses_answer = False
            raise TimeoutError("the answer to COMMIT was lost")

    def close(self) -> None:
        pass


class Disk:
    """Lets so many bytes be written, then is full."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.free: int | None = None
        self._pwrite = os.pwrite
        patch.setattr(os, "pwrite", self._write)
        patch.setattr(os, "write", lambda fd, data: self._write(fd, data, 0))
        patch.setattr(os, "fsync", lambda fd: None)

    def _write(self, fd: int, data: bytes, offset: int) -> int:
        if self.free is None:
            return self._pwrite(fd, data, offset)
        if self.free <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._pwrite(fd, data[: min(self.free, 300)], offset)
        self.free -= written
        return written


class Law(RuleBasedStateMachine):
    """Random sequences of the database away, the disk full, and the process killed."""

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.folder = Path(tempfile.mkdtemp())
        self.disk = Disk(self.patch)
        self.database: Any = Database()
        self.acknowledged: set[str] = set()
        self.now = 0.0
        self.events: Events = []
        self.store = self.opened()

    def opened(self) -> Store:
        def tell(*event: Any) -> None:
            self.events.append(event)

        self.spool = Spool(self.folder, tell)
        store = Store(self.database, self.spool, tell, clock=lambda: self.now)
        store.open()
        return store

    @rule(n=st.integers(1, 4))
    def keep(self, n: int) -> None:
        group = stored_group([prediction() for _ in range(n)], "raw")
        try:
            self.store.keep(group)
        except LogError:
            assert self.store.state == "failing"
        else:
            self.acknowledged |= {row[0] for row in group.predictions}

    @rule(away=st.booleans())
    def database_goes_or_comes(self, away: bool) -> None:
        self.database.is_away = away

    @rule()
    def next_insert_fails(self) -> None:
        self.database.refuses = True

    @rule()
    def answer_is_lost(self) -> None:
        self.database.loses_answer = True

    @rule(free=st.none() | st.integers(0, 2000))
    def disk_fills_or_empties(self, free: int | None) -> None:
        self.disk.free = free

    @rule(seconds=st.floats(0, 12))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.store.recover()

    @precondition(lambda self: self.disk.free is None)
    @rule(torn=st.binary(max_size=20).filter(lambda tail: b"\n" not in tail))
    def process_is_killed(self, torn: bytes) -> None:
        self.restart(torn)

    @precondition(lambda self: self.disk.free is None)
    @rule()
    def process_is_killed_after_a_commit_while_it_replays(self) -> None:
        self.database.kills = True
        try:
            self.store.recover(now=True)
        except Killed:
            self.restart(b"")
        self.database.kills = False

    def restart(self, torn: bytes) -> None:
        for segment in self.spool._segments():
            os.close(segment._descriptor)
            with segment.path.open("ab") as file:
                file.write(torn)
        self.store = self.opened()

    @rule()
    def process_ends(self) -> None:
        free, self.disk.free = self.disk.free, None
        self.store.close()
        self.store = self.opened()
        self.disk.free = free

    @invariant()
    def every_acknowledged_row_is_somewhere(self) -> None:
        if hasattr(self, "store") and self.store.state == "ok":
            assert self.acknowledged <= self.database.rows.keys()

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        try:
            self.database.is_away = False
            self.disk.free = None
            for _ in range(200):
                self.now += LONGEST_PAUSE + 1
                self.store.recover()
            assert self.store.state == "ok"
            assert self.store.spooled == 0
            assert self.store.seconds_to_retry() is None
            assert self.acknowledged <= self.database.rows.keys()
            self.store.close()
            assert [path for path in self.folder.iterdir() if path.suffix != ".unreadable"] == []
        finally:
            self.patch.undo()
            shutil.rmtree(self.folder)


TestLaw = Law.TestCase
TestLaw.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)


@pytest.fixture
def database() -> Any:
    return Database()


@pytest.fixture
def events() -> Events:
    return []


@pytest.fixture
def store(tmp_path: Path, database: Any, events: Events) -> Store:
    def tell(*event: Any) -> None:
        events.append(event)

    return Store(database, Spool(tmp_path, tell), tell, clock=lambda: store_clock[0])


store_clock = [0.0]


def group() -> Group:
    return stored_group([prediction()], "raw")


def test_pauses_grow_to_ten_seconds_and_shrink_again(store: Store, database: Any, events: Events) -> None:
    store_clock[0] = 0.0
    store.open()
    assert store.seconds_to_retry() is None
    assert not store.recover()
    database.is_away = True
    store.keep(group())
    pauses = []
    for _ in range(6):
        pause = store.seconds_to_retry()
        assert pause is not None
        pauses.append(pause)
        assert not store.recover()
        store_clock[0] += pause
        store.recover()
    assert pauses == [1, 2, 4, 8, 10, 10]
    database.is_away = False
    assert not store.recover(now=True)
    assert store.state == "ok"
    assert [name for name, _ in events] == ["log_away", "spool_replayed", "log_back"]
    assert events[1][1] == {"rows": 1}
    assert events[2][1] == {"seconds": 35.0}


def test_rows_that_come_without_a_break_do_not_keep_it_spooling(store: Store, database: Any) -> None:
    store_clock[0] = 0.0
    store.open()
    database.is_away = True
    store.keep(group())
    database.is_away = False
    store_clock[0] += 1
    store.keep(group())
    store.recover()
    assert store.state == "ok"
    assert len(database.rows) == 2


def test_nothing_can_be_kept_until_the_disk_has_room(
    store: Store, database: Any, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_clock[0] = 0.0
    database.is_away = True
    store.open()
    with monkeypatch.context() as patch:
        Disk(patch).free = 0
        for _ in range(2):
            with pytest.raises(LogError, match="nothing can be logged: .*No space left on device.*; free space"):
                store.keep(group())
        store_clock[0] += 20
        store.recover()
        assert store.state == "failing"
    store.recover(now=True)
    assert store.state == "spooling"
    assert [name for name, _ in events] == ["log_away", "log_failing"]


def test_the_database_may_be_back_before_the_disk_has_room(
    store: Store, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_clock[0] = 0.0
    database.is_away = True
    store.open()
    Disk(monkeypatch).free = 0
    database.is_away = False
    store_clock[0] += 20
    store.keep(group())
    assert len(database.rows) == 1
    store.recover()
    assert store.state == "ok"


def test_where_neither_takes_anything_the_database_is_asked_again_at_intervals(
    store: Store, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_clock[0] = 0.0
    database.is_away = True
    store.open()
    Disk(monkeypatch).free = 0
    asked: list[float] = []
    insert = database.insert
    monkeypatch.setattr(database, "insert", lambda rows: (asked.append(store_clock[0]), insert(rows)))
    for _ in range(8):
        with pytest.raises(LogError, match="nothing can be logged"):
            store.keep(group())
        store_clock[0] += 0.5
    assert asked == [1.0, 3.0]


def test_a_database_that_is_none_of_ours_is_refused_at_the_start(store: Store, database: Any) -> None:
    database.foreign = True
    with pytest.raises(LogError, match="no prediction log"):
        store.open()
