"""Taking old predictions out of the log, a little at a time, so that the service goes on writing meanwhile."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.prediction_log.checkpoint import checkpoint
from roadworthy.prediction_log.database import BUSY_SECONDS, LogError, sqlite_file
from roadworthy.prediction_log.reading import connected, opened

if TYPE_CHECKING:
    from sqlalchemy import Engine

BATCH_ROWS = 1000
# SQLite's locks are not fair: between two batches the service gets its turn.
_REST_SECONDS = 0.01
_VACUUM_PAGES = 1000


def prune(
    log: str | Engine, *, days: float | None = None, before: datetime | None = None, batch: int = BATCH_ROWS
) -> int:
    """Delete predictions that are older, and the feedback on them; return how many predictions.

    The space is given back: SQLite's file shrinks, PostgreSQL's autovacuum sees to its own.

    Parameters
    ----------
    log
        The log's URL, or an engine from `open_engine`.
    days
        Keep those of the last so many days.
    before
        In place of days: keep those from this time on.

    Raises
    ------
    LogError
        There is no log, it cannot be written to, or neither or both of days and before are given.
    """
    engine = opened(log)
    before = _bound(days, before)
    pruned = 0
    while deleted := _delete_batch(engine, before, batch):
        pruned += deleted
        time.sleep(_REST_SECONDS)
    _delete_stray_feedback(engine, before)
    file = sqlite_file(engine)
    if file is not None and pruned:
        # What a busy database does not give back today it gives back after the next pruning.
        with suppress(sqlite3.Error):
            _shrink(file)
    return pruned


def _bound(days: float | None, before: datetime | None) -> datetime:
    if (days is None) == (before is None):
        raise LogError("what to keep is not said", mend="give either days or before")
    if before is not None:
        return before
    assert days is not None
    if not days >= 0:
        raise LogError(f"{days:g} days cannot be kept", mend="give 0 or more")
    try:
        return datetime.now(UTC) - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _delete_batch(engine: Engine, before: datetime, batch: int) -> int:
    from sqlalchemy import delete, select

    from roadworthy.prediction_log.schema import FEEDBACK, PREDICTIONS

    old = select(PREDICTIONS.c.id).where(PREDICTIONS.c.time < before).order_by(PREDICTIONS.c.time).limit(batch)
    with connected(engine) as connection:
        ids = list(connection.execute(old).scalars())
    if ids:
        with connected(engine) as connection:
            connection.execute(delete(FEEDBACK).where(FEEDBACK.c.prediction_id.in_(ids)))
            connection.execute(delete(PREDICTIONS).where(PREDICTIONS.c.id.in_(ids)))
    return len(ids)


def _delete_stray_feedback(engine: Engine, before: datetime) -> None:
    """Feedback that came after its prediction was pruned goes by its own age."""
    from sqlalchemy import delete, exists

    from roadworthy.prediction_log.schema import FEEDBACK, PREDICTIONS

    known = exists().where(PREDICTIONS.c.id == FEEDBACK.c.prediction_id)
    with connected(engine) as connection:
        connection.execute(delete(FEEDBACK).where(FEEDBACK.c.time < before, ~known))


def _shrink(file: Path) -> None:
    with closing(sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        while connection.execute("PRAGMA freelist_count").fetchone()[0]:
            # Each page is a step of the statement, and execute would take the first one only.
            connection.executescript(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})")
            time.sleep(_REST_SECONDS)
    checkpoint(file, restart=True)
