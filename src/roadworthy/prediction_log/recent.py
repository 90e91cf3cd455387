"""What the service answered in the last minutes: counts, reasons, and the latest flagged messages."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from roadworthy.prediction_log.reading import connected, opened
from roadworthy.prediction_log.rows import Prediction

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Engine

LATEST_ROWS = 20


class Minute(NamedTuple):
    """The answers of one minute.

    Parameters
    ----------
    start
        When it began, in UTC.
    trusted, flagged
        How many messages the guard trusted and flagged.
    refused
        How many of them got no label at all.
    """

    start: datetime
    trusted: int
    flagged: int
    refused: int


class Traffic(NamedTuple):
    """The answers of the last minutes; questions from the service's own page and shadow answers are left out.

    Parameters
    ----------
    minutes
        Every minute of the span, the oldest first, also those without an answer.
    reasons
        How many flagged messages had each reason, the most frequent first; a message may have several.
    latest
        The latest flagged messages, the newest first.
    """

    minutes: tuple[Minute, ...]
    reasons: dict[str, int]
    latest: tuple[Prediction, ...]


def traffic(log: str | Engine, *, minutes: int = 60, now: datetime | None = None, latest: int = LATEST_ROWS) -> Traffic:
    """Summarise the last minutes, the current one included.

    Parameters
    ----------
    log
        The log's URL, or an engine from `open_engine`.
    minutes
        How many.
    now
        The end of the span; by default the present.
    latest
        How many flagged messages to show.

    Raises
    ------
    LogError
        There is no log, or it cannot be read.
    """
    now = datetime.now(UTC) if now is None else now.astimezone(UTC)
    first = now.replace(second=0, microsecond=0) - timedelta(minutes=minutes - 1)
    with connected(opened(log)) as connection:
        counts = _counts(connection, first, now)
        rows = _latest(connection, first, now, latest)
    starts = [first + timedelta(minutes=n) for n in range(minutes)]
    return Traffic(tuple(_minute(start, counts) for start in starts), _reasons(counts), rows)


# minute, verdict, whether no label left, reasons, how many
_Count = tuple[str, str, bool, str, int]


def _counts(connection: Connection, first: datetime, now: datetime) -> list[_Count]:
    from sqlalchemy import func, select

    from roadworthy.prediction_log.schema import PREDICTIONS

    c = PREDICTIONS.c
    if connection.dialect.name == "sqlite":
        minute: ColumnElement[Any] = func.substr(c.time, 1, 16, type_=None)
    else:
        minute = func.to_char(func.timezone("UTC", c.time), "YYYY-MM-DD HH24:MI")
    group = (minute, c.verdict, c.sent.is_(None), c.reasons)
    found = connection.execute(select(*group, func.count()).where(*_served(first, now)).group_by(*group))
    return [(str(m), verdict, bool(refused), reasons, n) for m, verdict, refused, reasons, n in found]


def _latest(connection: Connection, first: datetime, now: datetime, limit: int) -> tuple[Prediction, ...]:
    from sqlalchemy import select

    from roadworthy.prediction_log.schema import PREDICTIONS

    c = PREDICTIONS.c
    wanted = select(*c).where(*_served(first, now), c.verdict == "flagged").order_by(c.time.desc(), c.id.desc())
    return tuple(Prediction(*row) for row in connection.execute(wanted.limit(limit)))


def _served(first: datetime, now: datetime) -> list[ColumnElement[bool]]:
    from roadworthy.prediction_log.schema import PREDICTIONS

    return [PREDICTIONS.c.time >= first, PREDICTIONS.c.time <= now, PREDICTIONS.c.role == "served"]


def _minute(start: datetime, counts: list[_Count]) -> Minute:
    name = start.isoformat(" ", "minutes")[:16]
    here = [(verdict, refused, n) for minute, verdict, refused, _, n in counts if minute == name]
    return Minute(
        start,
        sum(n for verdict, _, n in here if verdict == "trusted"),
        sum(n for verdict, _, n in here if verdict == "flagged"),
        sum(n for _, refused, n in here if refused),
    )


def _reasons(counts: list[_Count]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for _, verdict, _, reasons, n in counts:
        if verdict == "flagged":
            for reason in filter(None, reasons.split(";")):
                found[reason] += n
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
