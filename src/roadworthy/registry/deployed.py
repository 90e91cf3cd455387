"""What was deployed when, and who decided it on what grounds."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from roadworthy.registry.journal import Entry, Journal
from roadworthy.registry.lease import identity, lease
from roadworthy.registry.settle import settle, unsettled
from roadworthy.registry.store import Registry, State, explained, opened_registry, whoami

if TYPE_CHECKING:
    from roadworthy.registry.store import Tell


class Deployment(BaseModel):
    """A version that was deployed at the moment that was asked for.

    Parameters
    ----------
    version
        The version, and the MLflow run that made it, where that is known.
    since, until
        From when to when it was deployed; until is None where it still is.
    entry, ended
        The entries of the journal that put it in place and that put another one there.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    run: str | None
    since: datetime
    until: datetime | None
    entry: Entry
    ended: Entry | None = None


def deployed(name: str, at: datetime | None = None, *, tell: Tell | None = None) -> Deployment | None:
    """Find which version was the champion at a moment; by default now.

    Parameters
    ----------
    name
        The registered model.
    at
        The moment, with its zone.
    tell
        Is called with what else there is to say, such as that an interrupted promotion was finished.

    Returns
    -------
    Deployment or None
        None where there was no champion then.

    Raises
    ------
    ReleaseError
        No such model.
    TrackingError
        The store cannot be reached, or refuses.
    """
    with opened_registry() as registry:
        journal = _settled(registry, name, tell).journal
        entry = next(reversed(journal.moves), None) if at is None else journal.at(at)
        if entry is None or entry.version is None:
            return None
        run = registry.training_run(name, entry.version)
    return _deployment(name, journal, entry, run)


def history(name: str, *, tell: Tell | None = None) -> tuple[Entry, ...]:
    """Give the whole journal of a registered model, oldest first: rejections and what was undone too.

    Raises
    ------
    ReleaseError
        No such model.
    TrackingError
        The store cannot be reached, or refuses.
    """
    with opened_registry() as registry:
        return _settled(registry, name, tell).journal.entries


def _deployment(name: str, journal: Journal, entry: Entry, run: str | None) -> Deployment:
    assert entry.version is not None
    ended = journal.after(entry)
    return Deployment(
        name=name,
        version=entry.version,
        run=run,
        since=entry.since,
        until=ended.since if ended else None,
        entry=entry,
        ended=ended,
    )


def _settled(registry: Registry, name: str, tell: Tell | None) -> State:
    """Read the model, and first finish or undo what is open; whoever may only read, reads it as it is."""
    said = tell or (lambda _: None)
    state = registry.read(name)
    if not unsettled(state):
        return state
    try:
        with lease(registry, name, identity(whoami()), said, patience=0) as held:
            return settle(registry, held.state, said)
    except Exception as error:
        said(f"{name}: the journal is read as it is, for something is open in it: {explained(error)}")
    return registry.read(name)
