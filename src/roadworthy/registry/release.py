"""Moving the champion: promotion through the gate, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from roadworthy.errors import RefusedError, ReleaseError
from roadworthy.mlflow_store import CHAMPION
from roadworthy.registry.evidence import newest_inspection, objection, remedy
from roadworthy.registry.journal import LONGEST_TEXT, Entry
from roadworthy.registry.lease import Lease, identity, lease
from roadworthy.registry.settle import finish, next_entry, settle, stamp
from roadworthy.registry.store import CHALLENGER, Registry, State, is_absent, opened_registry, whoami

if TYPE_CHECKING:
    from roadworthy.registry.store import Tell


class Promotion(NamedTuple):
    """The entry of the journal that made a version the champion, and whether that was done just now."""

    entry: Entry
    changed: bool


def promote(
    name: str, version: str, *, force_reason: str | None = None, by: str | None = None, tell: Tell | None = None
) -> Entry:
    """Make a version the champion, if its newest inspection lets it.

    No data is needed: what counts is the inspection that `roadworthy inspect models:/NAME@challenger CLEAN --gate`
    recorded. Its gate must have passed, it must have been compared with the version that is the champion now, and it
    must be newer than the last time that the version was rolled back.

    Parameters
    ----------
    name
        The registered model.
    version
        Its number, or an alias such as challenger.
    force_reason
        Why it shall be promoted whatever the inspection says; the journal keeps that.
    by
        Who decides; by default the user of the tracking server or of this machine.
    tell
        Is called with what else there is to say, such as that an interrupted promotion was finished.

    Returns
    -------
    Entry
        The entry of the journal. Where the version is the champion already, the one that made it so.

    Raises
    ------
    RefusedError
        The inspection is against it, or there is none; that is in the journal too.
    ReleaseError
        No such model or version, or another one is releasing it.
    TrackingError
        The store cannot be reached, or refuses.
    """
    return try_promotion(name, version, force_reason=force_reason, by=by, tell=tell).entry


def try_promotion(
    name: str, version: str, *, force_reason: str | None = None, by: str | None = None, tell: Tell | None = None
) -> Promotion:
    """Do what `promote` does, and say whether the champion moved."""
    reason = None if force_reason is None else _checked_reason(force_reason)
    user = by or whoami()
    with _held(name, user, tell) as (registry, held, state):
        if _is_promoted(state, version):
            return Promotion(state.journal.moves[-1], changed=False)
        number = registry.find_version(name, version)
        if number == state.champion:
            return Promotion(state.journal.moves[-1], changed=False)
        found = newest_inspection(registry.client, name, number)
        rolled_back = state.journal.rolled_back(number)
        against = objection(found, state.champion, rolled_back)
        entry = next_entry(
            state,
            kind="promote",
            version=number,
            by=user,
            inspection=found.run if found else None,
            despite=_short(against),
            bounds=_short(found.bounds or None) if found else None,
            reason=reason,
        )
        if against is None or reason is not None:
            return Promotion(_move(registry, held, state, entry), changed=True)
        _reject(registry, state, entry)
    raise RefusedError(
        f"version {number} is not promoted: {against}",
        where=name,
        mend=remedy(found, f"models:/{name}/{number}", rolled_back),
    )


def rollback(name: str, *, reason: str | None = None, by: str | None = None, tell: Tell | None = None) -> Entry:
    """Make the version before the champion again; once more, and it is the one before that.

    Parameters
    ----------
    name
        The registered model.
    reason
        Why; the journal keeps it.
    by, tell
        As for `promote`.

    Returns
    -------
    Entry
        The entry of the journal.

    Raises
    ------
    ReleaseError
        There is no version before, or another one is releasing it.
    TrackingError
        The store cannot be reached, or refuses.
    """
    why = None if reason is None else _checked_reason(reason)
    user = by or whoami()
    with _held(name, user, tell) as (registry, held, state):
        for earlier in state.journal.earlier(state.champion):
            bounds = state.journal.bounds_of(earlier)
            entry = next_entry(state, kind="rollback", version=earlier, by=user, bounds=bounds, reason=why)
            try:
                return _move(registry, held, state, entry)
            except _GoneError:
                _said(tell)(f"{name}: version {earlier} was deleted; trying the one before")
                state = registry.read(name)
    raise ReleaseError(
        "there is no version to roll back to", where=name, mend="promote one: roadworthy promote NAME VERSION"
    )


def _is_promoted(state: State, asked: str) -> bool:
    """Whether the challenger that is asked for is the champion by now: a promotion takes its alias away."""
    is_challenger = asked.strip().removeprefix("@") == CHALLENGER
    moves = state.journal.moves
    return is_challenger and CHALLENGER not in state.aliases and bool(moves) and moves[-1].kind == "promote"


class _GoneError(ReleaseError):
    """The version of a move is no longer in the store."""


@contextmanager
def _held(name: str, user: str, tell: Tell | None) -> Iterator[tuple[Registry, Lease, State]]:
    """Hold the lease, with nothing left open."""
    with opened_registry() as registry:
        registry.read(name)
        with lease(registry, name, identity(user), _said(tell)) as held:
            yield registry, held, settle(registry, held.state, _said(tell))


def _move(registry: Registry, held: Lease, state: State, entry: Entry) -> Entry:
    """Begin, move the alias by one call, end: a kill in between leaves what the next command can finish or undo."""
    assert entry.version is not None
    registry.write(state.name, entry)
    try:
        held.require_time()
        registry.point(state.name, CHAMPION, entry.version)
    except ReleaseError:
        registry.write(state.name, entry.model_copy(update={"state": "undone"}))
        raise
    except Exception as error:
        if not is_absent(error):
            raise
        registry.write(state.name, entry.model_copy(update={"state": "undone"}))
        raise _GoneError(f"version {entry.version} is no longer there", where=state.name) from None
    return finish(registry, state, entry, live=max(entry.at, datetime.now(UTC)))


def _reject(registry: Registry, state: State, entry: Entry) -> None:
    assert entry.version is not None
    rejected = entry.model_copy(
        update={"kind": "reject", "state": "done", "reason": entry.despite, "despite": None, "before": state.champion}
    )
    registry.write(state.name, rejected)
    registry.note(state.name, entry.version, "roadworthy.rejected", stamp(rejected))


def _checked_reason(reason: str) -> str:
    short = _short(reason)
    if not short:
        raise ReleaseError("the reason is empty", where="--reason", mend="say in a sentence why")
    return short


def _short(text: str | None) -> str | None:
    """On one line, and short enough for a tag."""
    line = None if text is None else " ".join(text.split())
    return line if line is None or len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def _said(tell: Tell | None) -> Tell:
    return tell if tell is not None else (lambda _: None)
