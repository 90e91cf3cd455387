"""Commits on the caller's own thread, where that takes microseconds: handing rows over would cost more than writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from roadworthy.prediction_log.insert import statement
from roadworthy.prediction_log.rows import Feedback, Prediction, TextMode, stored_group

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

# Longer texts are redacted by the writing thread.
MOST_CHARACTERS = 4_000


class Immediate:
    """A connection to SQLite that never waits.

    SQLite's write-ahead log with `synchronous = normal` is written without waiting for the disk. Where another
    process is writing just now, or anything fails, nothing is done here, and the writing thread takes the rows.

    Parameters
    ----------
    engine
        From `open_engine`; it tells the statements.
    file
        The database, its tables made already.
    text
        What is kept of the messages.
    """

    def __init__(self, engine: Engine, file: Path, text: TextMode) -> None:
        self._file = file
        self._text = text
        self._statements = tuple(statement(engine, kind) for kind in (Prediction, Feedback))
        self._open: sqlite3.Connection | None = None

    def commit(self, rows: Sequence[Prediction | Feedback]) -> bool:
        """Commit rows, unless that could take long; whether they are durable.

        Where it is False the outcome may be unknown; rows that are given to the writing thread again stay single.
        """
        if sum(len(row.text or "") for row in rows if isinstance(row, Prediction)) > MOST_CHARACTERS:
            return False
        try:
            self._insert(self._connection(), rows)
        except Exception:  # noqa: BLE001, RUF100 (whatever it is, the writing thread meets it again and tells)
            self.close()
            return False
        return True

    def close(self) -> None:
        """Close the connection; the next commit opens another."""
        connection, self._open = self._open, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _insert(self, connection: sqlite3.Connection, rows: Sequence[Prediction | Feedback]) -> None:
        group = stored_group(rows, self._text)
        if len(rows) == 1 and group.predictions:
            # A single insertion is a transaction of its own.
            connection.execute(self._statements[0], group.predictions[0])
            return
        connection.execute("BEGIN IMMEDIATE")
        for into, stored in zip(self._statements, group, strict=True):
            if stored:
                connection.executemany(into, stored)
        connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            self._open = sqlite3.connect(self._file, timeout=0, isolation_level=None, check_same_thread=False)
            self._open.execute("PRAGMA synchronous = normal")
            # As for the writing thread: checkpoints are made elsewhere.
            self._open.execute("PRAGMA wal_autocheckpoint = 0")
        return self._open
