"""Rows of one turn go into the log together; each request waits for its own, and none waits for ever."""

import asyncio
from typing import Any

import anyio
import pytest

from roadworthy.prediction_log import LogError
from roadworthy.serve.recording import SETTLE_SECONDS, Recorder


class Log:
    """A log that commits at once or not, and keeps who is to be told."""

    def __init__(self, *, commits: bool) -> None:
        self.commits = commits
        self.together: list[list[Any]] = []
        self.handed: list[Any] = []
        self.has_unsettled = False
        self.settled = 0

    def settle(self) -> None:
        self.has_unsettled = False
        self.settled += 1

    def commit(self, rows: Any) -> bool:
        self.together.append([*rows])
        return self.commits

    def append(self, rows: Any, done: Any) -> None:
        self.handed.append((rows, done))


async def _started(*waiting: Any) -> list[Any]:
    tasks = [asyncio.ensure_future(one) for one in waiting]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


def test_a_row_alone_is_committed_at_once() -> None:
    log = Log(commits=True)
    anyio.run(lambda: Recorder(log).record(["a"], alone=True))
    assert (log.together, log.handed) == ([["a"]], [])


def test_rows_of_one_turn_are_committed_together() -> None:
    log = Log(commits=True)
    recorder = Recorder(log)

    async def scene() -> None:
        await asyncio.gather(*(recorder.record([row], alone=row == "c") for row in "abc"))
        await recorder.record(["d"])

    anyio.run(scene)
    assert log.together == [["a", "b", "c"], ["d"]]


def test_what_is_not_in_the_database_yet_is_settled_soon_and_once() -> None:
    log = Log(commits=True)
    recorder = Recorder(log)

    async def scene() -> None:
        for alone in (True, True, False):
            log.has_unsettled = True
            await recorder.record(["a"], alone=alone)
        assert log.settled == 0
        await asyncio.sleep(3 * SETTLE_SECONDS)
        assert log.settled == 1
        await recorder.record(["a"], alone=True)
        await asyncio.sleep(3 * SETTLE_SECONDS)
        assert log.settled == 1

    anyio.run(scene)


def test_what_cannot_be_committed_at_once_is_handed_over_and_waited_for_each_by_itself() -> None:
    log = Log(commits=False)
    recorder = Recorder(log)

    async def scene() -> None:
        tasks = await _started(recorder.record(["a"], alone=True), recorder.record(["b"]), recorder.record(["c"]))
        assert [rows for rows, _ in log.handed] == [["a"], ["b"], ["c"]]
        assert not any(task.done() for task in tasks)
        tasks[2].cancel()
        await asyncio.sleep(0)
        errors = (None, LogError("the disk is full"), None)
        callbacks = [
            lambda done=done, error=error: done(error) for (_, done), error in zip(log.handed, errors, strict=True)
        ]
        await asyncio.to_thread(recorder.acknowledge, callbacks)
        await tasks[0]
        with pytest.raises(LogError, match="the disk is full"):
            await tasks[1]
        assert tasks[2].cancelled()

    anyio.run(scene)


def test_an_acknowledgement_that_nobody_waits_for_disturbs_nobody() -> None:
    recorder = Recorder(Log(commits=True))
    recorder.acknowledge([lambda: None])
    anyio.run(recorder.record, ["a"])
    recorder.acknowledge([lambda: None])


def test_a_log_that_raises_lets_nobody_wait_for_ever() -> None:
    log = Log(commits=False)

    def raises(rows: Any) -> bool:
        raise ValueError

    log.commit = raises
    recorder = Recorder(log)

    async def scene() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        tasks = await _started(recorder.record(["a"]), recorder.record(["b"]))
        assert all(task.done() or log.handed for task in tasks)
        for task in tasks:
            task.cancel()

    anyio.run(scene)
