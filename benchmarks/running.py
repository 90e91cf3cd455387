"""Running a server on one core: started, waited for, asked, measured and stopped."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import psutil

from servers import HOST, ORDINARY, NotServedError, Place, Reply, Server, environment_of, last_line

# Seconds: a start, an answer, an end.
_START, _ANSWER, _END = 120, 30, 15


class Running:
    """A server that runs; `answered` counts what it answered with 200 when it was asked here."""

    def __init__(self, server: Server, place: Place, process: subprocess.Popen[bytes], core: int) -> None:
        self.server = server
        self.place = place
        self.process = process
        self.core = core
        self.answered = 0

    @property
    def url(self) -> str:
        """Where messages are posted."""
        return f"http://{HOST}:{self.place.port}{self.server.path}"

    def ask(self, body: bytes) -> tuple[int, bytes]:
        """Post a body; give the status and the body that comes back."""
        connection = http.client.HTTPConnection(HOST, self.place.port, timeout=_ANSWER)
        try:
            connection.request("POST", self.server.path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.status, response.read()
        finally:
            connection.close()
        self.answered += answer[0] == http.HTTPStatus.OK
        return answer

    def reply(self, answer: bytes) -> Reply:
        """What an answer says; nothing where it is no answer of the usual form."""
        try:
            return self.server.reply(json.loads(answer))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return Reply()

    def cpu_seconds(self) -> float:
        """Of all its processes, those that have ended included."""
        times = [process.cpu_times() for process in self._tree()]
        return float(sum(t.user + t.system + t.children_user + t.children_system for t in times))

    def core_seconds(self) -> float:
        """For which its core was busy, whoever used it."""
        times = psutil.cpu_times(percpu=True)[self.core]
        return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)

    def resident_megabytes(self) -> float:
        """Of all its processes; what the smaller ones share with others is not counted twice.

        Raises
        ------
        NotServedError
            It has ended.
        """
        memories = [process.memory_full_info() for process in self._tree()]
        if not memories:
            raise NotServedError(f"{self.server.title} ended while it was asked: {self.said()}")
        largest = max(memories, key=lambda memory: int(memory.rss))
        others = sum(memory.uss for memory in memories if memory is not largest)
        return float(largest.rss + others) / 1e6

    def said(self) -> str:
        """The last line of its output."""
        return last_line((self.place.folder / "output.txt").read_text(errors="replace"))

    def stop(self) -> None:
        """End its processes, the first one first; those that stay are killed."""
        tree = self._tree()
        self.process.terminate()
        psutil.wait_procs(tree[:1], timeout=_END)
        for process in tree[1:]:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        stubborn = psutil.wait_procs(tree, timeout=_END)[1]
        for process in stubborn:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(stubborn, timeout=_END)
        self.process.wait(_END)

    def _tree(self) -> list[psutil.Process]:
        try:
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


@contextmanager
def started(server: Server, place: Place, core: int) -> Iterator[Running]:
    """Run a server on one core until the end of the block; it has answered an ordinary message before.

    Raises
    ------
    NotServedError
        It ended, or gave no label within two minutes.
    """
    with (place.folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (a command of servers.py)
            list(map(str, server.command(place))),
            cwd=place.folder,
            env=environment_of(place, server.environment(place)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(os.sched_setaffinity, 0, {core}),
        )
    running = Running(server, place, process, core)
    try:
        _wait(running)
        yield running
    finally:
        running.stop()


def _wait(running: Running) -> None:
    asked = json.dumps(running.server.body(ORDINARY)).encode()
    until = time.monotonic() + _START
    while time.monotonic() < until:
        if running.process.poll() is not None:
            raise NotServedError(f"ended at its start: {running.said()}")
        with suppress(OSError, http.client.HTTPException):
            status, answer = running.ask(asked)
            if status == http.HTTPStatus.OK and running.reply(answer).label:
                return
        time.sleep(0.2)
    raise NotServedError(f"no label within {_START} s: {running.said()}")
