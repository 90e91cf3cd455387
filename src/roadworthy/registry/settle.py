"""What was begun and not ended: a move whose command was killed, and an alias that something else has moved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from roadworthy.mlflow_store import CHAMPION
from roadworthy.registry.journal import Entry
from roadworthy.registry.store import CHALLENGER, Registry, State

if TYPE_CHECKING:
    from roadworthy.registry.store import Tell

_DONE = {"promote": "promoted", "reject": "rejected"}


def unsettled(state: State) -> bool:
    """Whether the journal does not agree with the alias, or has something open."""
    journal = state.journal
    return bool(journal.open) or journal.champion != state.champion


def settle(registry: Registry, state: State, tell: Tell) -> State:
    """Finish what has moved the alias, undo what has not, and note what something else has moved.

    The lease must be held: what is open then belongs to a command that is no more.
    """
    journal = state.journal
    for key in journal.unreadable:
        tell(f"{state.name}: the entry {key} of the journal cannot be read and is left out")
    if not unsettled(state):
        return state
    for entry in journal.open:
        if entry.version == state.champion and entry is journal.open[-1]:
            finish(registry, state, entry, live=entry.at)
            tell(f"{state.name}: finished what was interrupted: {in_words(entry)}")
        else:
            registry.write(state.name, entry.model_copy(update={"state": "undone"}))
            tell(f"{state.name}: undone, for it was interrupted before the champion moved: {in_words(entry)}")
    state = registry.read(state.name)
    return state if state.journal.champion == state.champion else _note_outside(registry, state, tell)


def finish(registry: Registry, state: State, entry: Entry, *, live: datetime) -> Entry:
    """Say on the versions' pages what happened, and end the entry; the same again does no harm."""
    done = entry.model_copy(update={"state": "done", "live": live})
    _note_version(registry, state, done)
    if entry.kind == "promote" and state.aliases.get(CHALLENGER) == entry.version:
        registry.client.delete_registered_model_alias(state.name, CHALLENGER)
    return registry.write(state.name, done)


def next_entry(state: State, /, **known: object) -> Entry:
    """A new entry, numbered after the last one and no earlier than it."""
    from roadworthy.prediction_log import new_id

    journal = state.journal
    now = datetime.now(UTC)
    at = max([now, *(move.since for move in journal.moves[-1:])])
    return Entry.model_validate(
        {"id": new_id(), "number": journal.next_number, "before": state.champion, "at": at, **known}
    )


def in_words(entry: Entry) -> str:
    """An entry in a few words.

    Examples
    --------
    >>> in_words(Entry(id="", number=1, kind="promote", version="2", by="jo", at=datetime(2026, 3, 1, tzinfo=UTC)))
    'version 2, promoted by jo'
    """
    if entry.kind == "outside":
        return f"version {entry.version}, moved outside roadworthy" if entry.version else "no champion any more"
    if entry.kind == "rollback":
        return f"version {entry.version} again, rolled back by {entry.by}"
    return f"version {entry.version}, {_DONE[entry.kind]} by {entry.by}{', by force' if entry.forced else ''}"


def stamp(entry: Entry) -> str:
    """When, by whom and on what, as it stands in the tag of a version.

    Examples
    --------
    >>> at = datetime(2026, 3, 1, 10, tzinfo=UTC)
    >>> stamp(Entry(id="", number=1, kind="rollback", version="2", by="jo", at=at, reason="users complain"))
    '2026-03-01T10:00:00+00:00 by jo; users complain'
    """
    said = [f"{entry.since.isoformat(timespec='seconds')} by {entry.by}"]
    if entry.inspection:
        said.append(f"inspection {entry.inspection}")
    if entry.despite:
        said.append(f"forced, although {entry.despite}")
    if entry.reason:
        said.append(entry.reason)
    return "; ".join(said)


def _note_version(registry: Registry, state: State, entry: Entry) -> None:
    if entry.kind == "promote" and entry.version is not None:
        registry.note(state.name, entry.version, "roadworthy.promoted", stamp(entry))
    elif entry.before is not None:
        said = f"{stamp(entry)}; back to version {entry.version}"
        registry.note(state.name, entry.before, "roadworthy.rolled_back", said)


def _note_outside(registry: Registry, state: State, tell: Tell) -> State:
    entry = next_entry(state, kind="outside", version=state.champion, by="unknown", state="done")
    entry = entry.model_copy(update={"before": state.journal.champion, "live": entry.at})
    registry.write(state.name, entry)
    found = f"to version {state.champion}" if state.champion else "away"
    tell(f"{state.name}: the alias {CHAMPION} was moved {found} outside roadworthy; noted in the journal")
    return registry.read(state.name)
