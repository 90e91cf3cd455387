"""One file of the spool: lines appended and made durable by one process, read back by whoever holds its lock."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

CHUNK_BYTES = 256 * 1024


class Segment:
    """A file of lines, locked as long as it is open.

    Only whole lines count, up to `durable`: what stands behind was never acknowledged.

    Parameters
    ----------
    path
        The file.
    descriptor
        The file opened for reading and writing, and locked.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.durable = 0
        self.rows = 0
        self.torn = 0
        self.unreadable = 0
        self._read = 0
        self._descriptor = descriptor
        self._measure()

    @classmethod
    def create(cls, path: Path) -> Segment:
        """Make an empty one; until it is locked it bears a name that nobody takes over.

        Raises
        ------
        OSError
            It cannot be made.
        """
        hidden = path.with_name(f".{path.name}")
        descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            lock(descriptor)
            hidden.rename(path)
            _sync_folder(path.parent)
        except BaseException:
            hidden.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    @classmethod
    def take_over(cls, path: Path) -> Segment | None:
        """Open the file of a process that has ended; None where it lives, or another took the file over first."""
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            if lock(descriptor) and os.path.samestat(os.fstat(descriptor), path.stat()):
                return cls(path, descriptor)
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def append(self, lines: bytes, rows: int, *, sync: bool = True) -> None:
        """Write whole lines and make them durable; without `sync` they outlive the process, but no loss of power.

        Raises
        ------
        OSError
            They are not durable: the disk is full, say. Once `sync` was asked for, the segment must not be written to
            again.
        """
        try:
            written = 0
            while written < len(lines):
                written += os.pwrite(self._descriptor, lines[written:], self.durable + written)
            if sync:
                os.fsync(self._descriptor)
        except OSError:
            self._cut()
            raise
        self.durable += len(lines)
        self.rows += rows

    def clear(self) -> None:
        """Start anew: all of it is in the database.

        Raises
        ------
        OSError
            The file cannot be cut; nothing is changed.
        """
        os.ftruncate(self._descriptor, 0)
        self.durable = self.rows = 0

    def next_lines(self) -> bytes:
        """The next whole lines that are not `passed` yet; none at the end."""
        size = CHUNK_BYTES
        while True:
            size = min(size, self.durable - self._read)
            chunk = os.pread(self._descriptor, size, self._read)
            end = chunk.rfind(b"\n") + 1
            if end or self._read + size >= self.durable:
                return chunk[:end]
            size *= 2

    def passed(self, lines: bytes, unreadable: int = 0) -> None:
        """Note that lines from `next_lines` are in the database now, or cannot be read."""
        self._read += len(lines)
        self.rows -= lines.count(b"\n")
        self.unreadable += unreadable

    @property
    def is_replayed(self) -> bool:
        """Whether all of it has been `passed`."""
        return self._read >= self.durable

    def close(self) -> None:
        """Close the file, and with it the lock; another process may take it over."""
        os.close(self._descriptor)

    def finish(self) -> None:
        """Remove the file, all of whose rows are in the database; lines that cannot be read are kept aside."""
        with suppress(OSError):
            if self.unreadable:
                self.path.rename(self.path.with_suffix(".unreadable"))
            else:
                self.path.unlink()
        self.close()

    def _cut(self) -> None:
        """Take back what is not durable, so that nothing is replayed that was refused; as far as the disk lets us."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, self.durable)

    def _measure(self) -> None:
        offset = 0
        while chunk := os.pread(self._descriptor, CHUNK_BYTES, offset):
            self.rows += chunk.count(b"\n")
            end = chunk.rfind(b"\n") + 1
            self.durable = offset + end if end else self.durable
            offset += len(chunk)
        self.torn = offset - self.durable


def lock(descriptor: int) -> bool:
    """Lock an open file without waiting; whether that went well. The lock ends with the process, however that ends."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
