"""Where rows wait while the database is away: a folder of segments, each of one process."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from roadworthy.prediction_log.database import LogError
from roadworthy.prediction_log.rows import Group, from_lines, new_id, to_lines
from roadworthy.prediction_log.segment import Segment

Tell = Callable[[str, dict[str, Any]], None]

SEGMENT_BYTES = 64 * 1024 * 1024
SWEPT_AFTER_SECONDS = 3600.0


class Spool:
    """Rows on disk, in the order in which they came, until they are in the database.

    Parameters
    ----------
    folder
        Made where it is not there. Several processes may share it: each writes segments of its own, and takes over
        those of processes that have ended.
    tell
        Called with the name and the fields of an event: `spool_torn`.

    Raises
    ------
    LogError
        The folder cannot be made, or the system has no file locks.
    """

    def __init__(self, folder: Path, tell: Tell) -> None:
        if importlib.util.find_spec("fcntl") is None:  # pragma: no cover
            raise LogError("the spool needs the file locks of a POSIX system", mend="serve on Linux or macOS")
        self.folder = folder
        self._tell = tell
        self._active: Segment | None = None
        self._full: list[Segment] = []
        self._batch: tuple[Segment, bytes, int] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.probe()
        except OSError as error:
            raise LogError(
                f"the spool cannot be written to ({error.strerror or error})", where=folder, mend="name another folder"
            ) from None

    @property
    def rows(self) -> int:
        """How many rows wait."""
        return sum(segment.rows for segment in self._segments())

    @property
    def empty(self) -> bool:
        """Whether nothing is left to replay, or to be cleared away."""
        return self._active is None and not self._full

    def take_over(self) -> None:
        """Take over the segments of processes that have ended."""
        self._sweep()
        held = {segment.path for segment in self._segments()}
        for path in sorted(self.folder.glob("*.jsonl")):
            segment = None if path in held else Segment.take_over(path)
            if segment is not None:
                self._full.append(segment)
                if segment.torn:
                    self._tell("spool_torn", {"segment": path.name, "bytes": segment.torn})

    def append(self, group: Group) -> None:
        """Keep a group; when this returns it is durable.

        Raises
        ------
        OSError
            It is not.
        """
        if self._active is None:
            self._active = Segment.create(self.folder / f"{new_id()}.jsonl")
        try:
            self._active.append(to_lines(group), len(group))
        except OSError:
            self._retire()
            raise
        if self._active.durable > SEGMENT_BYTES:
            self._retire()

    def next_batch(self) -> Group | None:
        """Some of the rows that wait, the oldest segment first; None where none do."""
        for segment in self._segments():
            lines = segment.next_lines()
            if lines:
                group, unreadable = from_lines(lines)
                self._batch = segment, lines, unreadable
                return group
            self._finish(segment)
        return None

    def batch_is_kept(self) -> None:
        """Note that the last batch is in the database, and clear away a segment that is done with."""
        assert self._batch is not None
        segment, lines, unreadable = self._batch
        self._batch = None
        segment.passed(lines, unreadable)
        if unreadable:
            self._tell("spool_torn", {"segment": segment.path.name, "lines": unreadable})
        if segment.is_replayed:
            self._finish(segment)

    def probe(self) -> None:
        """Try whether something can be kept, and leave no trace of it.

        Raises
        ------
        OSError
            Nothing can.
        """
        path = self.folder / f".{new_id()}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, bytes(4096))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            path.unlink()

    def close(self) -> None:
        """Let go of every segment; what waits in them stays for whoever comes next."""
        for segment in self._segments():
            if segment.durable:
                segment.close()
            else:
                segment.finish()
        self._active, self._full = None, []

    def _sweep(self) -> None:
        """Remove what a process had begun to make when it was killed."""
        for path in self.folder.glob(".*"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > SWEPT_AFTER_SECONDS:
                    path.unlink()

    def _segments(self) -> list[Segment]:
        return self._full if self._active is None else [*self._full, self._active]

    def _retire(self) -> None:
        """Write no more into the active segment; it is replayed like the others."""
        assert self._active is not None
        self._full = [*self._full, self._active]
        self._active = None

    def _finish(self, segment: Segment) -> None:
        segment.finish()
        if segment is self._active:
            self._active = None
        self._full = [other for other in self._full if other is not segment]
