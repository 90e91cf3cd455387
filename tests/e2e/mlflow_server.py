"""A started MLflow server on a PostgreSQL store, as a team has it."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from roadworthy.mlflow_store import ui_environment

from .postgresql import PostgreSQL


@contextmanager
def serving(postgres: PostgreSQL, folder: Path) -> Iterator[str]:
    """Start it, with its artifacts in a folder; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = postgres.url(postgres.new_database()).replace("postgresql://", "postgresql+psycopg://")
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store),
        *("--artifacts-destination", str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "2"),
    ]
    with (folder / "server.log").open("wb") as log:
        started = subprocess.Popen(command, env=ui_environment(), stdout=log, stderr=log, cwd=folder)
        try:
            _wait_for(f"http://127.0.0.1:{port}", started, folder / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            started.terminate()
            started.wait(30)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text(encoding="utf-8")
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail("the server did not come up")
