"""The follower as the service sees it: started, kept alive, asked, and read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from roadworthy.errors import MissingExtraError, TrackingError
from roadworthy.mlflow_store import is_available
from roadworthy.serve.follower import KNOWN, WAKE
from roadworthy.serve.stored import SERVED, Known, Role, Version, alias_of, is_stored

if TYPE_CHECKING:
    from roadworthy.serve.settings import ServeSettings

_GLANCE_SECONDS = 0.02
_ASK_SECONDS = 30.0
_RESTART_SECONDS = 5.0
_END_SECONDS = 5.0


class Following:
    """What a follower knows, read from the folder that it writes to.

    Parameters
    ----------
    folder
        The follower's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp: tuple[int, int] | None = None
        self.known = Known.read(folder / KNOWN)
        self.look()

    @property
    def registry(self) -> Literal["ok", "away"]:
        """Whether the store answers; a follower that hangs knows nothing of it."""
        return self.known.registry if time.monotonic() < self.known.due else "away"

    def version(self, role: Role) -> Version | None:
        """The model that a role should have; None where the store names none."""
        return self.known.versions.get(role)

    def look(self) -> bool:
        """Read what the follower knows, and say whether it has written since the last time."""
        found = (self.folder / KNOWN).stat()
        stamp = (found.st_ino, found.st_mtime_ns)
        if stamp == self._stamp:
            return False
        self.known, self._stamp = Known.read(self.folder / KNOWN), stamp
        return True

    def ask(self) -> None:
        """Have the store asked now, and wait for what it says, though not for ever."""
        asked = time.monotonic()
        self._wake()
        while self.known.checked < asked and time.monotonic() < asked + _ASK_SECONDS:
            time.sleep(_GLANCE_SECONDS)
            self.look()

    def _wake(self) -> None:
        # Without a follower, which is then being started anew, there is nobody to wake: it asks first of all.
        with suppress(OSError):
            descriptor = os.open(self.folder / WAKE, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(descriptor, b"\n")
            finally:
                os.close(descriptor)


class OwnFollower(Following):
    """A follower that was started here, and that ends with this process.

    Parameters
    ----------
    settings
        Which models to follow, and how often to ask.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    TrackingError
        The store has no such model; or it is away, and what it named last is not known here either.
    """

    def __init__(self, settings: ServeSettings) -> None:
        if not is_available():
            raise MissingExtraError("following MLflow's registry", extra="mlflow")
        self._folder = Path(tempfile.mkdtemp(prefix="roadworthy-"))
        os.mkfifo(self._folder / WAKE)
        self._command = _command(self._folder, settings)
        self._process = self._start()
        try:
            self._wait_for_the_first()
            super().__init__(self._folder)
            if any(self.version(role) is None for role in _required(settings)):
                raise TrackingError(self.known.said or "MLflow's store names no such model")
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def keep_alive(self) -> bool:
        """Start it anew if it has died, and say whether it had."""
        died = self._process.poll() not in {None, 0} and time.monotonic() > self._started + _RESTART_SECONDS
        if died:
            self._end()
            self._process = self._start()
        return died

    def close(self) -> None:
        """End it, and forget what it knew; the models that it downloaded stay."""
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        self._started = time.monotonic()
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)  # noqa: S603 (ours)

    def _end(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_for_the_first(self) -> None:
        while not (self._folder / KNOWN).exists():
            ended = self._process.poll()
            if ended is not None and not (self._folder / KNOWN).exists():
                raise TrackingError(f"the process that asks MLflow's store ended with {ended}", mend="see above")
            time.sleep(_GLANCE_SECONDS)


def start_following(settings: ServeSettings) -> OwnFollower | None:
    """Start to follow what the settings name in MLflow's store; None where they name nothing there.

    Raises
    ------
    RoadworthyError
        As `OwnFollower`.
    """
    return OwnFollower(settings) if _specs(settings) else None


def follows_alias(settings: ServeSettings) -> bool:
    """Whether one of the models may be another one later."""
    return any(map(alias_of, _specs(settings).values()))


def _specs(settings: ServeSettings) -> dict[Role, str]:
    """The specs that are for the follower, by role."""
    given: dict[Role, str | None] = {"served": settings.model, "shadow": settings.shadow}
    return {role: spec for role, spec in given.items() if spec is not None and is_stored(spec)}


def _required(settings: ServeSettings) -> list[Role]:
    """The roles that the service does not start without: all but a shadow that may come and go."""
    return [role for role, spec in _specs(settings).items() if role == SERVED or alias_of(spec) is None]


def _command(folder: Path, settings: ServeSettings) -> list[str]:
    roles = [f"{role}={spec}" for role, spec in _specs(settings).items()]
    options = [str(folder), str(settings.cache_folder), str(settings.follow_seconds)]
    return [sys.executable, "-m", "roadworthy.serve.follower", *options, *roles]
