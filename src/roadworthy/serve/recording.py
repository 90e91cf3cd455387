"""Rows into the prediction log: those of one turn of the event loop go together, and each request waits for its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from roadworthy.prediction_log import LogError

if TYPE_CHECKING:
    from roadworthy.prediction_log import Feedback, Prediction, PredictionLog

# Rows that came in a burst are in the database so much later, and for whoever reads it; durable they are before.
SETTLE_SECONDS = 0.01
_Waiting = tuple[Sequence["Prediction | Feedback"], "asyncio.Future[None]"]


class Recorder:
    """Waits until rows are durable.

    Parameters
    ----------
    log
        The prediction log.
    """

    def __init__(self, log: PredictionLog) -> None:
        self._log = log
        self._gathered: list[_Waiting] = []
        self._settles = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def record(self, rows: Sequence[Prediction | Feedback], *, alone: bool = False) -> None:
        """Return once the rows are in the log, or in its spool.

        Where nobody else asks just now there is no group to wait for.

        Raises
        ------
        LogError
            They can be kept nowhere.
        """
        self._loop = asyncio.get_running_loop()
        if alone and not self._gathered and self._log.commit(rows):
            self._settle_soon(self._loop)
            return
        recorded: asyncio.Future[None] = self._loop.create_future()
        self._gathered.append((rows, recorded))
        if len(self._gathered) == 1:
            self._loop.call_soon(self._flush, self._loop)
        await recorded

    def acknowledge(self, callbacks: list[Callable[[], None]]) -> None:
        """Called by the log's thread: back to the loop that the requests wait in, once for a whole group."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_call_all, callbacks)

    def _settle_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._log.has_unsettled and not self._settles:
            self._settles = True
            loop.call_later(SETTLE_SECONDS, self._settle)

    def _settle(self) -> None:
        self._settles = False
        self._log.settle()

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        gathered, self._gathered = self._gathered, []
        committed = False
        try:
            committed = self._log.commit([row for rows, _ in gathered for row in rows])
            self._settle_soon(loop)
        finally:
            # Whatever happened, nobody is left waiting.
            for rows, recorded in gathered:
                if committed:
                    _settle(recorded, None)
                else:
                    self._log.append(rows, partial(_settle, recorded))


def _settle(recorded: asyncio.Future[None], error: LogError | None) -> None:
    if recorded.done():
        return
    if error is None:
        recorded.set_result(None)
    else:
        recorded.set_exception(error)


def _call_all(callbacks: list[Callable[[], None]]) -> None:
    for callback in callbacks:
        callback()
