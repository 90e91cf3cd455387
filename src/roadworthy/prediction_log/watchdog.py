"""Cutting the connection to a server that has stopped answering, so that its rows go to the spool."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

CHECK_SECONDS = 1.0
ANSWER_SECONDS = 10.0


class Watchdog:
    """Shuts a connection's socket when an answer takes too long; whoever waits for it then gets an error.

    A server's own time limits end what is merely slow. This is for one that hangs: a stopped process, a stuck disk.
    """

    def __init__(self) -> None:
        self._watched: tuple[float, Any] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-log-watchdog", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    @contextmanager
    def watching(self, connection: Any) -> Iterator[None]:
        """Expect an answer on a connection, psycopg's own, before the time is up."""
        self._watched = time.monotonic() + ANSWER_SECONDS, connection
        try:
            yield
        finally:
            self._watched = None

    def _run(self) -> None:
        while not self._stop.wait(CHECK_SECONDS):
            watched = self._watched
            if watched is not None and time.monotonic() > watched[0]:
                # It may have been closed just now.
                with suppress(Exception):
                    _cut(watched[1].fileno())


def _cut(descriptor: int) -> None:
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.shutdown(socket.SHUT_RDWR)
