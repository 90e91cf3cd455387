"""The prediction log as the service writes it: rows are handed over, and acknowledged once they are durable."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from roadworthy.errors import named
from roadworthy.prediction_log.database import LogError, open_engine, sqlite_file
from roadworthy.prediction_log.immediate import Immediate
from roadworthy.prediction_log.insert import Inserter
from roadworthy.prediction_log.rows import TEXT_MODES, Feedback, Group, Prediction, TextMode, stored_group
from roadworthy.prediction_log.spool import Spool
from roadworthy.prediction_log.store import State, Store

Row: TypeAlias = Prediction | Feedback
Done: TypeAlias = Callable[[LogError | None], None]
Acknowledge: TypeAlias = Callable[[list[Callable[[], None]]], None]
OnEvent: TypeAlias = Callable[[str, dict[str, Any]], None]

GROUP_ROWS = 512

_Handed: TypeAlias = tuple[Sequence[Row], Done]


class PredictionLog:
    """Group commit: a thread writes whatever has gathered in one commit, then acknowledges it.

    Parameters
    ----------
    url
        sqlite:///FILE or postgresql://USER@HOST/DATABASE; the tables are made where they are not there.
    spool
        A folder in which rows wait while the database is away; several processes may share it.
    text
        What is kept of the messages: redacted; none; or raw, as they came.
    synchronous
        For SQLite: normal outlives the end of the process at any moment; full outlives power loss too.
    acknowledge
        Called by the writing thread once a group, with the callbacks to run; it may hand them to an event loop. By
        default the writing thread runs them.
    on_event
        Called by the writing thread with the name and the fields of an event: log_away, log_failing, log_back,
        spool_replayed, spool_torn.

    Raises
    ------
    LogError
        The URL cannot be used, the database is no log or one of a newer roadworthy, or the spool cannot be written
        to. A server that is away is no error: rows are spooled until it is back.
    """

    def __init__(
        self,
        url: str,
        spool: Path,
        *,
        text: TextMode = "redacted",
        synchronous: str = "normal",
        acknowledge: Acknowledge | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        if text not in TEXT_MODES:
            raise LogError(f"no such way to keep texts: {text!r}", mend=f"use one of {', '.join(TEXT_MODES)}")
        engine = open_engine(url, synchronous=synchronous)
        self._text = text
        self._acknowledge = acknowledge or _run_each
        self._on_event = on_event
        self._store = Store(Inserter(engine), Spool(spool, self._tell), self._tell)
        self._store.open()
        file = sqlite_file(engine)
        self._immediate = Immediate(engine, file, text, spool) if file is not None and synchronous == "normal" else None
        self._handed: SimpleQueue[_Handed | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._closed = False
        self._came = 0
        self._went = 0
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)

    @property
    def state(self) -> State:
        """What is ok, spooling (the database is away, rows wait on disk) or failing (nothing can be kept)."""
        return self._store.state

    @property
    def spooled(self) -> int:
        """How many rows wait in the spool."""
        return self._store.spooled

    @property
    def waiting(self) -> int:
        """How many rows were handed over and are not acknowledged yet."""
        return self._came - self._went

    def start(self) -> None:
        """Start writing."""
        self._store.start()
        self._thread.start()

    def commit(self, rows: Sequence[Row]) -> bool:
        """Make rows durable here and now, if that is a matter of microseconds; else they are to be handed over.

        Only one thread may call this.

        Returns
        -------
        Whether they are durable.
        """
        if self._immediate is None or self._closed or self._store.state != "ok" or self.waiting:
            return False
        with self._guard:
            return not self._closed and self._immediate.commit(rows)

    @property
    def has_unsettled(self) -> bool:
        """Whether rows that are durable wait to be settled."""
        return self._immediate is not None and self._immediate.has_unsettled

    def settle(self) -> None:
        """Bring into the database what `commit` made durable beside it; to be called soon after, not at once."""
        with self._guard:
            if not self._closed:
                self._settle()

    def append(self, rows: Sequence[Row], done: Done) -> None:
        """Hand rows over; returns at once.

        Parameters
        ----------
        rows
            What to keep.
        done
            Called once, through `acknowledge`: with None when the rows are durable, or with the error.
        """
        with self._guard:
            if not self._closed:
                self._put(rows, done)
                return
        self._run_callbacks([partial(done, LogError("the prediction log is closed", mend="start the service again"))])

    def close(self, timeout: float) -> None:
        """Write what was handed over, try to replay the spool once more, and stop.

        Parameters
        ----------
        timeout
            Seconds after which the caller no longer waits.
        """
        with self._guard:
            if self._closed:
                return
            self._settle()
            if self._immediate is not None:
                self._immediate.close()
            self._closed = True
            self._deadline = time.monotonic() + timeout
            self._handed.put(None)
        if self._thread.ident is None:
            self._store.close()
        else:
            self._thread.join(timeout)

    def _put(self, rows: Sequence[Row], done: Done) -> None:
        self._came += len(rows)
        self._handed.put((rows, done))

    def _settle(self) -> None:
        """As `settle`; what SQLite does not take now is the writing thread's, and stays in its journal until then."""
        left = None if self._immediate is None else self._immediate.settle()
        if left is not None:
            rows, journal = left
            self._put(rows, lambda error: journal.finish() if error is None else journal.close())

    def _run(self) -> None:
        is_open = True
        while is_open:
            handed, is_open = self._gather()
            if handed:
                self._write(handed)
            if self._store.state != "ok":
                self._catch_up(sum(len(rows) for rows, _ in handed))
        while self._store.recover(now=True) and time.monotonic() < self._deadline:
            pass
        self._store.close()

    def _catch_up(self, came: int) -> None:
        """Replay at least as many rows as have just come: the spool must not grow for ever under load."""
        enough = self._store.spooled - came
        while self._store.recover() and self._store.spooled > enough:
            pass

    def _gather(self) -> tuple[list[_Handed], bool]:
        """Wait for rows, or until the spool is to be replayed; then take all that is there, up to a full group."""
        try:
            first = self._handed.get(timeout=self._store.seconds_to_retry())
        except Empty:
            return [], True
        if first is None:
            return [], False
        handed, rows = [first], len(first[0])
        # Nobody else takes from the queue, so what it holds now can be had without waiting.
        for _ in range(self._handed.qsize()):
            if rows >= GROUP_ROWS:
                break
            following = self._handed.get()
            if following is None:
                return handed, False
            handed.append(following)
            rows += len(following[0])
        return handed, True

    def _write(self, handed: list[_Handed]) -> None:
        group, errors = self._group(handed)
        try:
            self._store.keep(group)
        except LogError as refused:
            errors = [refused] * len(handed)
        self._run_callbacks([partial(done, error) for (_, done), error in zip(handed, errors, strict=True)])
        self._went += sum(len(rows) for rows, _ in handed)

    def _group(self, handed: list[_Handed]) -> tuple[Group, list[LogError | None]]:
        """All rows in one group; those that a bug of ours keeps out of it do not take the others with them."""
        group = Group([], [])
        errors: list[LogError | None] = []
        for rows, _ in handed:
            try:
                part = stored_group(rows, self._text)
            except Exception as bug:  # noqa: BLE001, RUF100 (whatever it is, the thread goes on)
                errors.append(LogError(f"a row cannot be stored ({named(bug)})", mend="report this"))
            else:
                group.predictions.extend(part.predictions)
                group.feedback.extend(part.feedback)
                errors.append(None)
        return group, errors

    def _run_callbacks(self, callbacks: list[Callable[[], None]]) -> None:
        # An event loop that has ended takes no more callbacks; the rows are durable all the same.
        with suppress(Exception):
            self._acknowledge(callbacks)

    def _tell(self, event: str, fields: dict[str, Any]) -> None:
        if self._on_event is not None:
            with suppress(Exception):
                self._on_event(event, fields)


def _run_each(callbacks: list[Callable[[], None]]) -> None:
    for callback in callbacks:
        with suppress(Exception):
            callback()
