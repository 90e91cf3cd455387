"""SQLite's checkpoints, made beside the writer so that no acknowledgement waits for one."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

CHECK_SECONDS = 1.0
CHECKPOINT_BYTES = 4 * 1024 * 1024
RESTART_BYTES = 32 * 1024 * 1024
# The writers wait as long where a reader stands in the way of a restart.
PATIENCE_SECONDS = 0.2


class Checkpointer:
    """Copies the write-ahead log into the database whenever it has grown.

    A passive checkpoint stands in nobody's way, but under steady load it never gets to the log's end, and the log
    grows. Once it is large, what little the passive one has left is copied with the writers waiting, which is a
    matter of milliseconds, and the log starts anew.

    Parameters
    ----------
    file
        The database.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._wal = file.with_name(f"{file.name}-wal")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-log-checkpoint", daemon=True)

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking, once a checkpoint that is under way is done."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        done = 0
        while not self._stop.wait(CHECK_SECONDS):
            # A database that is away or busy is the writer's to tell of; the next round tries again.
            with suppress(OSError, sqlite3.Error):
                done = self._round(done)

    def _round(self, done: int) -> int:
        size = self._wal.stat().st_size
        if size < CHECKPOINT_BYTES or size == done:
            return size
        checkpoint(self._file, restart=size >= RESTART_BYTES)
        return size


def checkpoint(file: Path, *, restart: bool) -> None:
    """Copy the write-ahead log into the database, and with `restart` let it start anew.

    Raises
    ------
    sqlite3.Error
        The database cannot be opened or is busy.
    """
    with closing(sqlite3.connect(file, timeout=PATIENCE_SECONDS)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        if restart:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
