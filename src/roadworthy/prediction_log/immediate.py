"""Rows made durable on the caller's own thread, which takes microseconds: handing them over would cost more."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

from roadworthy.prediction_log.insert import statement
from roadworthy.prediction_log.rows import Feedback, Group, Prediction, TextMode, new_id, stored_group, to_lines
from roadworthy.prediction_log.segment import Segment

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

Row: TypeAlias = Prediction | Feedback

# Longer texts are redacted by the writing thread.
MOST_CHARACTERS = 4_000
# Rows that follow each other faster than this are committed together.
BURST_SECONDS = 0.002
_MOST_GROUPS = 512


class Immediate:
    """Makes rows durable without ever waiting: in SQLite or, where they come fast, in a journal before that.

    SQLite's write-ahead log with `synchronous = normal` is written without waiting for the disk, but a transaction for
    each row would cost about as much as the answer itself. Rows that come within milliseconds of each other are
    appended to a file of the spool, which outlives the process like SQLite's log does, until `settle` commits them
    together. Whoever takes over the spool of a process that was killed finds them there.

    Where another process is writing just now, or anything fails, nothing is done here, and the writing thread takes
    the rows.

    Parameters
    ----------
    engine
        From `open_engine`; it tells the statements.
    file
        The database, its tables made already.
    text
        What is kept of the messages.
    spool
        The folder that the journal is kept in.
    clock
        Seconds that never run backwards.

    """

    def __init__(
        self, engine: Engine, file: Path, text: TextMode, spool: Path, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._unsettled: list[tuple[Sequence[Row], Group]] = []
        self._file = file
        self._text = text
        self._spool = spool
        self._clock = clock
        self._statements = tuple(statement(engine, kind) for kind in (Prediction, Feedback))
        self._open: sqlite3.Connection | None = None
        self._journal: Segment | None = None
        self._last = float("-inf")

    @property
    def has_unsettled(self) -> bool:
        """Whether rows are in the journal and not in the database."""
        return bool(self._unsettled)

    def commit(self, rows: Sequence[Row]) -> bool:
        """Make rows durable, unless that could take long; whether they are.

        Where it is False the outcome may be unknown; rows that are given to the writing thread again stay single.
        """
        if sum(len(row.text or "") for row in rows if isinstance(row, Prediction)) > MOST_CHARACTERS:
            return False
        before, self._last = self._last, self._clock()
        in_burst = self._last - before < BURST_SECONDS and len(self._unsettled) < _MOST_GROUPS
        try:
            group = stored_group(rows, self._text)
            self._append(rows, group) if in_burst else self._insert(group)
        except Exception:  # noqa: BLE001, RUF100 (whatever it is, the writing thread meets it again and tells)
            self._disconnect()
            return False
        return True

    def settle(self) -> tuple[list[Row], Segment] | None:
        """Commit what is in the journal; where that fails, give the rows and the journal, which is not used again."""
        if not self._unsettled:
            return None
        assert self._journal is not None
        try:
            self._insert(Group([], []))
        except Exception:  # noqa: BLE001, RUF100 (as above)
            self._disconnect()
            left = [row for rows, _ in self._unsettled for row in rows], self._journal
            self._unsettled, self._journal = [], None
            return left
        return None

    def close(self) -> None:
        """Close the connection and drop the journal, which is settled."""
        self._disconnect()
        if self._journal is not None:
            self._journal.finish()
            self._journal = None

    def _append(self, rows: Sequence[Row], group: Group) -> None:
        if self._journal is None:
            self._journal = Segment.create(self._spool / f"{new_id()}.jsonl")
        self._journal.append(to_lines(group), len(group), sync=False)
        self._unsettled.append((rows, group))

    def _insert(self, group: Group) -> None:
        """Commit a group, and with it what is in the journal."""
        connection = self._connection()
        if len(group.predictions) == 1 and not group.feedback and not self._unsettled:
            # A single insertion is a transaction of its own.
            connection.execute(self._statements[0], group.predictions[0])
            return
        connection.execute("BEGIN IMMEDIATE")
        groups = [*(before for _, before in self._unsettled), group]
        for into, parts in zip(self._statements, zip(*groups, strict=True), strict=True):
            connection.executemany(into, chain.from_iterable(parts))
        connection.execute("COMMIT")
        if self._unsettled and self._journal is not None:
            self._unsettled = []
            self._journal.clear()

    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            self._open = sqlite3.connect(self._file, timeout=0, isolation_level=None, check_same_thread=False)
            self._open.execute("PRAGMA synchronous = normal")
            # As for the writing thread: checkpoints are made elsewhere.
            self._open.execute("PRAGMA wal_autocheckpoint = 0")
        return self._open

    def _disconnect(self) -> None:
        """Close the connection; the next commit opens another."""
        connection, self._open = self._open, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
