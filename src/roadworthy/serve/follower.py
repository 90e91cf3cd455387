"""Following MLflow's registry in a process of its own, so that the service never imports MLflow.

`python -m roadworthy.serve.follower STATE CACHE SECONDS ROLE=SPEC…` asks the store every so many seconds, downloads
what is new, and writes what it knows into the folder STATE. It ends with whoever started it: when its stdin does.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from roadworthy.errors import ModelError, RoadworthyError, TrackingError, named
from roadworthy.serve.model_cache import ModelCache
from roadworthy.serve.stored import SERVED, SHADOW, Known, Role, Version, alias_of

KNOWN, WAKE = "known.json", "wake"
LONGEST_WAIT = 60.0
# Beyond this a look is taken to hang; a download may take its time.
_SLACK = 120.0

Find = Callable[[str, Version | None], Version | None]


class Follower:
    """What is asked of the store time and again, and what came of it.

    Parameters
    ----------
    specs
        The specs by role.
    find
        Asks the store for the model that a spec names, and downloads it; None where there is none.
    cache
        Where models are downloaded to.
    seconds
        How often the store is asked while it answers.
    address
        The store's, which tells what was served from it from what another one names alike.
    """

    def __init__(
        self, specs: Mapping[Role, str], find: Find, cache: ModelCache, *, seconds: float, address: str
    ) -> None:
        self._specs = specs
        self._address = address
        self._find = find
        self._cache = cache
        self._seconds = seconds
        self._failures = 0
        self._versions: dict[Role, Version] = {}

    @property
    def is_fixed(self) -> bool:
        """Whether nothing can change any more: every spec names one model for good, and all are here."""
        return not any(map(alias_of, self._specs.values())) and self._versions.keys() == self._specs.keys()

    @property
    def wait(self) -> float:
        """How long to wait before the store is asked again: the longer the more often it has failed to answer."""
        return min(self._seconds * 2.0 ** min(self._failures, 30), max(self._seconds, LONGEST_WAIT))

    def look(self) -> Known:
        """Ask the store once; whatever goes wrong, what was known before is still known."""
        checked = time.monotonic()
        errors: list[Exception] = []
        gone: list[Role] = []
        for role, spec in self._specs.items():
            try:
                found = self._find(spec, self._versions.get(role))
            except Exception as error:
                errors.append(error)
                self._recall(role, spec)
            else:
                if found is None:
                    gone.append(role)
                self._keep(role, spec, found)
        self._failures = self._failures + 1 if errors else 0
        self._cache.sweep([version.folder for version in self._versions.values()])
        return Known(
            checked=checked,
            due=time.monotonic() + self.wait + _SLACK,
            registry="away" if any(isinstance(error, TrackingError) for error in errors) else "ok",
            versions=self._versions,
            gone=tuple(gone),
            said=self._said(errors, gone),
        )

    def _said(self, errors: Sequence[Exception], gone: Sequence[Role]) -> str | None:
        for error in errors:
            return str(error) if isinstance(error, RoadworthyError) else named(error)
        # A shadow may come and go, as long as it is named by an alias.
        for spec in (self._specs[role] for role in gone if role == SERVED or alias_of(self._specs[role]) is None):
            return str(ModelError("the store has no such model", where=spec, mend="check name and alias"))
        return None

    def _recall(self, role: Role, spec: str) -> None:
        """Where the store is away from the start, what was served last is better than nothing."""
        if role not in self._versions and (last := self._cache.recall(self._address, spec)):
            self._versions[role] = last

    def _keep(self, role: Role, spec: str, found: Version | None) -> None:
        """Note what was found; a shadow that is no longer named is let go, the model that answers goes on."""
        if found is None and role == SHADOW:
            self._versions.pop(role, None)
        elif found is not None and self._versions.get(role) != found:
            self._versions[role] = found
            with suppress(RoadworthyError):
                self._cache.remember(self._address, spec, version=found)


def follow(follower: Follower, state: Path, parent: int, wake: int) -> None:
    """Look, write, wait; until the parent's end of the pipe is closed, or nothing can change."""
    while True:
        follower.look().save(state / KNOWN)
        if follower.is_fixed:
            return
        ready, _, _ = select.select([parent, wake], [], [], follower.wait)
        if parent in ready:
            return
        if wake in ready:
            os.read(wake, 4096)


def main(state: str, cache: str, seconds: str, *roles: str) -> None:
    """Follow until the service ends."""
    # The service ends it, by closing its stdin: a signal to the whole group must not end it first.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    given = dict(role.split("=", 1) for role in roles)
    specs: dict[Role, str] = {role: given[role] for role in (SERVED, SHADOW) if role in given}
    place = Path(state)
    # Open for both ends, so that it does not end with the first who writes.
    wake = os.open(place / WAKE, os.O_RDWR | os.O_NONBLOCK)
    try:
        _follow(specs, ModelCache(Path(cache)), float(seconds), place, wake)
    except RoadworthyError as error:
        now = time.monotonic()
        Known(checked=now, due=now, registry="away", versions={}, said=str(error)).save(place / KNOWN)
        sys.exit(1)


def _follow(specs: Mapping[Role, str], cache: ModelCache, seconds: float, place: Path, wake: int) -> None:
    from roadworthy.serve.mlflow_models import opened_store

    with opened_store(cache) as store:
        follower = Follower(specs, store.find, cache, seconds=seconds, address=store.uri)
        follow(follower, place, sys.stdin.fileno(), wake)


if __name__ == "__main__":
    main(*sys.argv[1:])
