"""How much at a time: so many requests are worked on, so many more may wait, and the next is told to come again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

from roadworthy.serve.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

Receive: TypeAlias = "Callable[[], Awaitable[Mapping[str, Any]]]"

BODY_SECONDS = 10.0
_RETRY_SECONDS = 1


class Gate:
    """Lets so many requests in at a time.

    Parameters
    ----------
    concurrency
        How many are worked on at a time.
    queue
        How many more may wait.

    Attributes
    ----------
    inside
        How many are worked on just now.
    """

    def __init__(self, concurrency: int, queue: int) -> None:
        self._places = asyncio.Semaphore(concurrency)
        self._queue = queue
        self._waiting = 0
        self.inside = 0

    async def __aenter__(self) -> None:
        if self._places.locked():
            await self._wait()
        else:
            await self._places.acquire()
        self.inside += 1

    async def __aexit__(self, *_: object) -> None:
        self.inside -= 1
        self._places.release()

    async def _wait(self) -> None:
        if self._waiting >= self._queue:
            raise Problem(
                429,
                "too-many-requests",
                "the service is busy; try again in a moment",
                headers={"Retry-After": str(_RETRY_SECONDS)},
            )
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1


class Bodies:
    """Reads the bodies of requests, unless they are too large, or do not come.

    One timer looks after all of them: one for each would cost more than the reading.

    Parameters
    ----------
    seconds
        How long a body may take, at the least; the timer looks ten times in so long.
    """

    def __init__(self, seconds: float = BODY_SECONDS) -> None:
        self._seconds = seconds
        self._until: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._watched = False

    async def read(self, receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes:
        """The body of a request.

        Raises
        ------
        Problem
            It is larger than the limit; no more than that is read. Or it is not all there in time.
        """
        declared = headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > limit:
            raise too_large(limit)
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self._until[task] = loop.time() + self._seconds
        if not self._watched:
            self._watch(loop)
        try:
            return await _gathered(receive, limit)
        except asyncio.CancelledError:
            if task not in self._late or task.uncancel():
                raise
        finally:
            del self._until[task]
            self._late.discard(task)
        detail = f"the body was not all there within {self._seconds:.0f} seconds; send it in one go"
        raise Problem(408, "body-too-slow", detail, headers={"Connection": "close"})

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give up on bodies that are late, and look again as long as there are others."""
        now = loop.time()
        for task, until in self._until.items():
            if until <= now and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._watched = bool(self._until)
        if self._watched:
            loop.call_later(self._seconds / 10, self._watch, loop)


async def _gathered(receive: Receive, limit: int) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        gathered = bytearray(body)
        while message.get("more_body"):
            message = await receive()
            gathered += message.get("body", b"")
            if len(gathered) > limit:
                raise too_large(limit)
        body = bytes(gathered)
    if message["type"] == "http.disconnect":
        raise Problem(400, "disconnected", "the body ended early")
    if len(body) > limit:
        raise too_large(limit)
    return body


def too_large(limit: int) -> Problem:
    """The refusal of a body over the limit; the connection ends, for its rest is not read."""
    return Problem(
        413,
        "body-too-large",
        f"the body is larger than {limit:,} bytes; send fewer or shorter messages",
        headers={"Connection": "close"},
    )
