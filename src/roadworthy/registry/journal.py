"""The journal of a registered model: what happened to its champion, one entry a tag."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PREFIX = "roadworthy.journal."
LONGEST_TEXT = 500

Kind = Literal["promote", "rollback", "reject", "outside"]


class Entry(BaseModel):
    """One line of the journal.

    Parameters
    ----------
    id
        A UUID of version 7, the end of the tag's name.
    number
        Entries are counted, so that their order does not hang on the clocks of several machines.
    kind
        promote, rollback, reject (a promotion that was refused), or outside: the alias was found to have been moved
        by something else.
    before, version
        The champion before, and the version that the entry is about; None where there was no champion.
    at
        When it was begun, or found.
    live
        From when on the version was deployed; None where it never was.
    inspection
        The MLflow run of the inspection that was decided on.
    despite
        The objection that --force overrode.
    bounds
        The gate's bounds that differed from the defaults, in words; for a rollback those by which the version had been
        judged when it was promoted.
    reason
        What was given with --reason; for a rejection the objection.

    Examples
    --------
    >>> from datetime import UTC
    >>> entry = Entry(id="a", number=1, kind="promote", version="2", by="jo", at=datetime(2026, 3, 1, tzinfo=UTC))
    >>> Entry.read("a", entry.written()) == entry, entry.forced
    (True, False)
    >>> entry.written()
    '{"number":1,"kind":"promote","state":"started","from":null,"to":"2","by":"jo",...,"forced":false}'
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    id: str
    number: int
    kind: Kind
    state: Literal["started", "done", "undone"] = "started"
    before: str | None = Field(default=None, alias="from")
    version: str | None = Field(alias="to")
    by: str
    at: datetime
    live: datetime | None = None
    inspection: str | None = None
    despite: str | None = None
    bounds: str | None = None
    reason: str | None = None

    @property
    def forced(self) -> bool:
        """Whether an objection was overridden."""
        return self.despite is not None

    @property
    def moved(self) -> bool:
        """Whether it put a version in place."""
        return self.state == "done" and self.kind != "reject"

    @property
    def since(self) -> datetime:
        """From when on it counts."""
        return self.live or self.at

    @property
    def key(self) -> str:
        """The name of its tag."""
        return PREFIX + self.id

    @classmethod
    def read(cls, identifier: str, value: str) -> Entry:
        """Read what `written` wrote."""
        return cls.model_validate({**_parsed(value), "id": identifier})

    def written(self) -> str:
        """The value of its tag: compact JSON."""
        kept = self.model_dump(mode="json", by_alias=True, exclude={"id"})
        shown = {name: value for name, value in kept.items() if value is not None or name in ("from", "to")}
        return json.dumps(shown | {"forced": self.forced}, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Journal:
    """The entries of a registered model, oldest first, and the names of tags that could not be read."""

    entries: tuple[Entry, ...] = ()
    unreadable: tuple[str, ...] = ()

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Journal:
        """Read it from the tags of a registered model."""
        entries, unreadable = [], []
        for key, value in tags.items():
            if key.startswith(PREFIX):
                try:
                    entries.append(Entry.read(key.removeprefix(PREFIX), value))
                except (ValidationError, ValueError):
                    unreadable.append(key)
        return cls(tuple(sorted(entries, key=lambda entry: (entry.number, entry.id))), tuple(sorted(unreadable)))

    @property
    def open(self) -> tuple[Entry, ...]:
        """What was begun and not ended."""
        return tuple(entry for entry in self.entries if entry.state == "started")

    @property
    def moves(self) -> tuple[Entry, ...]:
        """What put a version in place, oldest first."""
        return tuple(entry for entry in self.entries if entry.moved)

    @property
    def champion(self) -> str | None:
        """The version that the journal says is deployed."""
        return self.moves[-1].version if self.moves else None

    @property
    def next_number(self) -> int:
        """The number of the next entry."""
        return 1 + max((entry.number for entry in self.entries), default=0)

    def at(self, moment: datetime) -> Entry | None:
        """The entry that had put in place what was deployed at a moment; None before the first.

        Moves count in the order of the journal: one that began later overrules one that the clocks put after it.
        """
        return next((move for move in reversed(self.moves) if move.since <= moment), None)

    def after(self, entry: Entry) -> Entry | None:
        """The move that came next."""
        return next((move for move in self.moves if move.number > entry.number), None)

    def rolled_back(self, version: str) -> Entry | None:
        """The last move by which a version was rolled back."""
        moves = (move for move in reversed(self.moves) if move.kind == "rollback" and move.before == version)
        return next(moves, None)

    def bounds_of(self, version: str) -> str | None:
        """The bounds other than the defaults by which a version was judged when it was last promoted."""
        moves = (move for move in reversed(self.moves) if move.kind == "promote" and move.version == version)
        return next((move.bounds for move in moves), None)

    def earlier(self, champion: str | None) -> tuple[str, ...]:
        """The versions to roll back to, best first: the way that led to the champion, walked back.

        Examples
        --------
        >>> from datetime import UTC
        >>> def move(number: int, kind: Kind, version: str) -> Entry:
        ...     at = datetime(2026, 3, number, tzinfo=UTC)
        ...     return Entry(id="", number=number, kind=kind, state="done", version=version, by="jo", at=at)
        >>> Journal((move(1, "promote", "1"), move(2, "promote", "2"), move(3, "promote", "3"))).earlier("3")
        ('2', '1')
        >>> rolled_back = (move(1, "promote", "1"), move(2, "promote", "2"), move(3, "rollback", "1"))
        >>> Journal((*rolled_back, move(4, "promote", "3"))).earlier("3")
        ('1',)
        """
        way = _way(self.moves)
        return tuple(dict.fromkeys(version for version in reversed(way) if version != champion))


def _way(moves: Iterable[Entry]) -> list[str]:
    """The versions that led to today's: a promotion adds one, a rollback takes away those that it went back over."""
    way: list[str] = []
    for move in moves:
        if move.version is None:
            continue
        if move.kind == "rollback" and move.version in way:
            del way[len(way) - way[::-1].index(move.version) :]
        elif not way or way[-1] != move.version:
            way.append(move.version)
    return way


def _parsed(value: str) -> dict[str, Any]:
    found = json.loads(value)
    if not isinstance(found, dict):
        raise ValueError("no entry")
    return found
