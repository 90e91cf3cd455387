"""One at a time: a lease on a registered model, kept in its tags, that runs out by itself.

Whoever wants it writes a ticket, reads all tickets, and holds the lease if no other live one is there; else the ticket
is withdrawn and the try repeated after a while. No two can hold it, for a store reads its own writes: of two tickets,
the one that was written second was written before its holder read, so that holder sees the first. A holder that was
killed leaves its ticket, which counts until it runs out. The clocks of the machines must agree to a few seconds. A
process that was halted for longer than its lease, just before it moves the champion, could still move it once; the next
command sees that and says so in the journal.
"""

from __future__ import annotations

import os
import platform
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from roadworthy.errors import ReleaseError

if TYPE_CHECKING:
    from roadworthy.registry.store import Registry, State, Tell

PREFIX = "roadworthy.lease."
SECONDS = 30.0
PATIENCE = 45.0
_PAUSES = (0.05, 0.5)


class Ticket(BaseModel):
    """A claim to the lease.

    Examples
    --------
    >>> Ticket(holder="jo", until=datetime(2026, 3, 1, tzinfo=UTC)).live(datetime(2026, 3, 2, tzinfo=UTC))
    False
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    holder: str
    until: datetime

    def live(self, now: datetime) -> bool:
        """Whether it still counts."""
        return now < self.until


class Lease:
    """A lease that is held."""

    def __init__(self, ticket: Ticket, state: State) -> None:
        self.ticket = ticket
        self.state = state

    def require_time(self) -> None:
        """Make sure that enough time is left for the one call that moves the champion.

        Raises
        ------
        ReleaseError
            More than half of the lease has gone by.
        """
        left = (self.ticket.until - datetime.now(UTC)).total_seconds()
        if left < SECONDS / 2:
            raise ReleaseError(
                "the store answers too slowly to move the champion safely", where=self.state.name, mend="try it again"
            )


@contextmanager
def lease(registry: Registry, name: str, holder: str, tell: Tell, *, patience: float | None = None) -> Iterator[Lease]:
    """Hold the lease of a registered model, and give it back whatever happens.

    Parameters
    ----------
    patience
        How many seconds to wait for another holder; by default longer than a lease lasts.

    Raises
    ------
    ReleaseError
        Another one holds it.
    """
    key, held = _taken(registry, name, holder, tell, PATIENCE if patience is None else patience)
    try:
        yield held
    finally:
        # A ticket that cannot be withdrawn runs out; it must not hide what went wrong before.
        with suppress(Exception):
            registry.client.delete_registered_model_tag(name, key)


def live_tickets(tags: Mapping[str, str]) -> list[Ticket]:
    """The tickets that count now; one that cannot be read counts for nothing."""
    now = datetime.now(UTC)
    return [ticket for ticket in _tickets(tags).values() if ticket is not None and ticket.live(now)]


def identity(user: str) -> str:
    """Who holds the lease, as others are told.

    Examples
    --------
    >>> identity("jo")
    'jo on ... (process ...)'
    """
    return f"{user} on {platform.node() or 'an unnamed machine'} (process {os.getpid()})"


def _taken(registry: Registry, name: str, holder: str, tell: Tell, patience: float) -> tuple[str, Lease]:
    """Try until it is free, or the patience is over."""
    end = time.monotonic() + patience
    told = False
    while True:
        key, ticket, state = _claim(registry, name, holder)
        others = live_tickets({other: value for other, value in state.tags.items() if other != key})
        if key in state.tags and not others:
            _remove_expired(registry, state, key)
            return key, Lease(ticket, state)
        with suppress(Exception):
            registry.client.delete_registered_model_tag(name, key)
        if time.monotonic() >= end:
            raise _busy(name, others)
        if others and not told:
            tell(f"waiting for {others[0].holder}")
            told = True
        _wait_until_free(registry, name, end)


def _claim(registry: Registry, name: str, holder: str) -> tuple[str, Ticket, State]:
    """Write a ticket, and read what is there."""
    from roadworthy.prediction_log import new_id

    ticket = Ticket(holder=holder, until=datetime.now(UTC) + timedelta(seconds=SECONDS))
    key = PREFIX + new_id()
    registry.client.set_registered_model_tag(name, key, ticket.model_dump_json())
    return key, ticket, registry.read(name)


def _wait_until_free(registry: Registry, name: str, end: float) -> None:
    """Look now and then, without a ticket: two that wait with one would keep each other waiting."""
    while True:
        time.sleep(random.uniform(*_PAUSES))
        if time.monotonic() >= end or not live_tickets(registry.read(name).tags):
            return


def _remove_expired(registry: Registry, state: State, own: str) -> None:
    for key in _tickets(state.tags):
        if key != own:
            registry.client.delete_registered_model_tag(state.name, key)


def _tickets(tags: Mapping[str, str]) -> dict[str, Ticket | None]:
    found: dict[str, Ticket | None] = {}
    for key, value in tags.items():
        if key.startswith(PREFIX):
            found[key] = None
            with suppress(ValidationError):
                found[key] = Ticket.model_validate_json(value)
    return found


def _busy(name: str, others: list[Ticket]) -> ReleaseError:
    if not others:
        return ReleaseError("too many want to release it at once", where=name, mend="try it again")
    until = max(ticket.until for ticket in others).astimezone().isoformat(sep=" ", timespec="seconds")
    return ReleaseError(
        f"{others[0].holder} is releasing it, until {until} at the latest", where=name, mend="try it again"
    )
