"""The watch over a server that has stopped answering."""

import socket
import time

import pytest

from roadworthy.prediction_log import watchdog
from roadworthy.prediction_log.watchdog import Watchdog


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watchdog, "CHECK_SECONDS", 0.02)
    monkeypatch.setattr(watchdog, "ANSWER_SECONDS", 0.1)
    started = Watchdog()
    started.start()
    yield started
    started.close()
    assert not started._thread.is_alive()


def test_whoever_waits_too_long_gets_an_end(watch: Watchdog) -> None:
    ours, silent = socket.socketpair()
    with ours, silent:
        ours.settimeout(20)
        with watch.watching(ours):
            assert ours.recv(1) == b""


def test_an_answer_in_time_leaves_the_connection_alone(watch: Watchdog) -> None:
    ours, server = socket.socketpair()
    with ours, server:
        with watch.watching(ours):
            pass
        time.sleep(0.3)
        server.sendall(b"x")
        assert ours.recv(1) == b"x"


def test_a_connection_that_was_closed_meanwhile_does_not_end_the_watch(watch: Watchdog) -> None:
    ours, server = socket.socketpair()
    server.close()
    with watch.watching(ours):
        ours.close()
        time.sleep(0.3)
    assert watch._thread.is_alive()


def test_a_watch_that_never_started_ends() -> None:
    Watchdog().close()
