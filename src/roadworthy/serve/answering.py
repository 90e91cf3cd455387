"""Asking the model: at once where it takes microseconds, otherwise in batches on a thread of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roadworthy.models.guarded import Answer
    from roadworthy.serve.served import Served

# So many characters are answered at once; more of them would keep every other request waiting.
_AT_ONCE = 2_000
_BATCH = 64
_QUICK_SECONDS = 0.002

_Asked = tuple["Served", Sequence[str], "asyncio.Future[list[Answer]]"]


class Answering:
    """Answers messages without keeping the event loop waiting.

    While the thread is busy, what is asked gathers; it is then answered as one batch, for most models take hardly
    longer for many messages than for one.
    """

    def __init__(self) -> None:
        self._quick: Served | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="answering")
        self._gathered: deque[_Asked] = deque()
        self._busy = False

    async def answers(self, served: Served, texts: Sequence[str], *, alone: bool = False) -> list[Answer]:
        """One answer a message, by this very model.

        Who asks alone has nobody to share a batch with: a model that was quick the last time is asked at once.
        """
        if (served.is_fast or (alone and served is self._quick)) and sum(map(len, texts)) <= _AT_ONCE:
            return served.answers(texts)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Answer]] = loop.create_future()
        self._gathered.append((served, texts, future))
        if not self._busy:
            self._busy = True
            loop.run_in_executor(self._thread, self._work, loop)
        return await future

    def close(self) -> None:
        """End the thread once it has answered what it was asked."""
        self._thread.shutdown(wait=True)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, began = self._next(), perf_counter()
        results = _in_one(batch)
        self._quick = batch[0][0] if perf_counter() - began < _QUICK_SECONDS else None
        loop.call_soon_threadsafe(self._hand_out, loop, batch, results)

    def _hand_out(
        self, loop: asyncio.AbstractEventLoop, batch: list[_Asked], results: list[list[Answer] | Exception]
    ) -> None:
        for (_, _, future), found in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(found, Exception):
                future.set_exception(found)
            else:
                future.set_result(found)
        self._busy = bool(self._gathered)
        if self._busy:
            loop.run_in_executor(self._thread, self._work, loop)

    def _next(self) -> list[_Asked]:
        """The next requests, all for the same model, up to so many messages."""
        batch = [self._gathered.popleft()]
        messages = len(batch[0][1])
        while self._gathered and self._gathered[0][0] is batch[0][0]:
            messages += len(self._gathered[0][1])
            if messages > _BATCH:
                break
            batch.append(self._gathered.popleft())
        return batch


def _in_one(batch: list[_Asked]) -> list[list[Answer] | Exception]:
    """The answers to each request; where the model fails on the batch, each is asked alone."""
    served = batch[0][0]
    if len(batch) > 1:
        try:
            found = iter(served.answers([text for _, texts, _ in batch for text in texts]))
            return [[next(found) for _ in texts] for _, texts, _ in batch]
        except Exception:  # noqa: S110 (asked again below, one by one)
            pass
    return [_alone(served, texts) for _, texts, _ in batch]


def _alone(served: Served, texts: Sequence[str]) -> list[Answer] | Exception:
    try:
        return served.answers(texts)
    except Exception as error:
        return error
