"""What became of an artifact after it was written: the run that made it, and the last inspection of it.

It stands beside the card, in a file of its own: the artifact stays what it was.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from roadworthy.models.artifact import CARD
from roadworthy.output import write_text

FILE = "record.json"


class Inspected(BaseModel):
    """The last inspection, in short."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: str
    time: datetime
    messages: str
    n: int


class Record(BaseModel):
    """What is known of an artifact beyond its card.

    Parameters
    ----------
    card
        The SHA-256 of the card that it is about.
    run
        The MLflow run that recorded it.
    inspection
        Its last inspection.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    card: str
    run: str | None = None
    inspection: Inspected | None = None


def card_sha256(directory: Path) -> str:
    """What tells one artifact from another: the hash of its card, which holds the hashes of all its files."""
    return hashlib.sha256((directory / CARD).read_bytes()).hexdigest()


def read_record(directory: Path) -> Record:
    """The record of an artifact; an empty one where nothing is known, or where it is about another artifact."""
    card = card_sha256(directory)
    try:
        found = Record.model_validate_json((directory / FILE).read_bytes())
    except (OSError, ValidationError):
        return Record(card=card)
    return found if found.card == card else Record(card=card)


def note_run(directory: Path, run: str) -> None:
    """Keep the run that recorded an artifact.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    _write(directory, run=run)


def note_inspection(directory: Path, *, verdict: str, messages: str, n: int) -> None:
    """Keep how an inspection on n messages ended.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    time = datetime.now(UTC).replace(microsecond=0)
    _write(directory, inspection=Inspected(verdict=verdict, time=time, messages=messages, n=n))


def _write(directory: Path, **changed: Any) -> None:
    record = read_record(directory).model_copy(update=changed)
    write_text(directory / FILE, record.model_dump_json(indent=2) + "\n")
