"""What the log keeps: a row a prediction, a row a true label that came later, and the form in which both are stored."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from random import getrandbits
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic_core import to_json

from roadworthy.redaction import redact

TextMode = Literal["redacted", "none", "raw"]
Stored: TypeAlias = tuple[Any, ...]


class Prediction(NamedTuple):
    """One answer, or one label that the shadow model would have given.

    Parameters
    ----------
    id
        From `new_id`: a row that is written twice is kept once.
    time
        When it was answered, with its time zone.
    request_id
        The request that it belongs to.
    role
        served; page (asked on the service's own page); or shadow (never sent).
    model, version
        What answered.
    text
        The message; the log itself redacts it. None where it is not kept.
    label
        What the model answered.
    confidence, familiarity
        Between 0 and 1; NaN or None where the model or the guard gives none.
    verdict
        trusted or flagged.
    reasons
        Why it was flagged, joined by ;
    sent
        The label that left: the model's own or the fallback; None where none did.
    latency_ms
        How long the answer took, in milliseconds.
    """

    id: str
    time: datetime
    request_id: str
    role: str
    model: str
    version: str
    text: str | None
    label: str
    confidence: float | None
    familiarity: float | None
    verdict: str
    reasons: str
    sent: str | None
    latency_ms: float


class Feedback(NamedTuple):
    """The true label of a prediction, told afterwards; of several the latest counts."""

    id: str
    prediction_id: str
    label: str
    time: datetime


class Group(NamedTuple):
    """Rows as they are stored, those that are written together."""

    predictions: list[Stored]
    feedback: list[Stored]

    def __len__(self) -> int:
        return len(self.predictions) + len(self.feedback)


_TEXT: dict[str, Callable[[str], str | None]] = {
    "redacted": lambda text: _storable(redact(text)),
    "none": lambda text: None,
    "raw": lambda text: _storable(text),
}
TEXT_MODES = tuple(_TEXT)


def new_id() -> str:
    """A new id that sorts by the time it was made at: UUID version 7 (RFC 9562), good to a quarter of a microsecond.

    Examples
    --------
    >>> first, second = new_id(), new_id()
    >>> len(first), first[14], first < second or first[:18] == second[:18]
    (36, '7', True)
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    value = milliseconds << 80 | 7 << 76 | (rest * 4096 // 1_000_000) << 64 | 1 << 63 | getrandbits(62)
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def stored_group(rows: Iterable[Prediction | Feedback], text: TextMode) -> Group:
    """Rows as the database takes them: texts redacted, NaN as None, times as text in UTC.

    A label that somebody sends later may hold anything, so it is redacted like a text.
    """
    keep = _TEXT[text]
    shown = _storable if text == "raw" else _TEXT["redacted"]
    group = Group([], [])
    for row in rows:
        if isinstance(row, Prediction):
            group.predictions.append(_stored_prediction(row, keep))
        else:
            group.feedback.append(
                (_storable(row.id), _storable(row.prediction_id), shown(row.label), stored_time(row.time))
            )
    return group


def _stored_prediction(row: Prediction, keep: Callable[[str], str | None]) -> Stored:
    id_, time_, request_id, role, model, version, text, label, confidence, familiarity, verdict, reasons, sent, ms = row
    names = (id_, request_id, role, model, version, label, verdict, reasons)
    if not _is_plain("".join(names)):
        id_, request_id, role, model, version, label, verdict, reasons = map(_storable, names)
    return (
        id_,
        stored_time(time_),
        request_id,
        role,
        model,
        version,
        None if text is None else keep(text),
        label,
        _number(confidence),
        _number(familiarity),
        verdict,
        reasons,
        None if sent is None else _storable(sent),
        float(ms),
    )


def _is_plain(text: str) -> bool:
    return text.isascii() and "\0" not in text


def _storable(text: str) -> str:
    """A text that every database takes: half surrogate pairs and NUL become the replacement character."""
    if _is_plain(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")


def _number(value: float | None) -> float | None:
    return None if value is None or value != value else float(value)


def stored_time(time: datetime) -> str:
    """A time as text in UTC, to the microsecond; one without a zone is taken as UTC.

    Examples
    --------
    >>> stored_time(datetime.fromisoformat("2026-01-02T04:00:00+01:00"))
    '2026-01-02 03:00:00.000000'
    """
    if time.tzinfo is not UTC and time.tzinfo is not None:
        time = time.astimezone(UTC)
    return time.isoformat(" ", "microseconds")[:26]


def to_lines(group: Group) -> bytes:
    """A group as JSON, one line a row: its values in their order."""
    return b"".join([to_json(row) + b"\n" for row in (*group.predictions, *group.feedback)])


def from_lines(lines: bytes) -> tuple[Group, int]:
    """What `to_lines` wrote, and how many of the lines cannot be read."""
    group, unreadable = Group([], []), 0
    rows_of = {len(Prediction._fields): group.predictions, len(Feedback._fields): group.feedback}
    for line in lines.removesuffix(b"\n").split(b"\n"):
        try:
            row = json.loads(line)
            kind = rows_of.get(len(row)) if isinstance(row, list) else None
        except ValueError:
            kind = None
        if kind is None:
            unreadable += 1
        else:
            kind.append(tuple(row))
    return group, unreadable
