"""Reading the log: predictions, oldest first, each with the true label that was told last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from roadworthy.prediction_log.database import LogError, open_engine, said, shown_url
from roadworthy.prediction_log.rows import Prediction

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import ColumnElement, Connection, Engine, Select

COLUMNS = (*Prediction._fields, "true_label", "feedback_time")
VERDICTS = ("trusted", "flagged")
CHUNK_ROWS = 5000

Rows: TypeAlias = list[tuple[Any, ...]]


def read_predictions(
    log: str | Engine,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    verdict: str | None = None,
    limit: int | None = None,
) -> pd.DataFrame:
    """Predictions as a table, oldest first.

    Parameters
    ----------
    log
        The log's URL, or an engine from `open_engine`.
    since, until
        From this time on, and before that one.
    verdict
        trusted or flagged only.
    limit
        At most that many, the oldest.

    Returns
    -------
    pandas.DataFrame
        The fields of `Prediction`, then true_label and feedback_time: the feedback told last, empty where there is
        none.

    Raises
    ------
    LogError
        There is no log, or it cannot be read.
    """
    import pandas as pd

    rows = [
        row
        for chunk in stream_predictions(log, since=since, until=until, verdict=verdict, limit=limit)
        for row in chunk
    ]
    columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(COLUMNS, ())
    kinds = {name: _kind(name) for name in COLUMNS}
    return pd.DataFrame({name: pd.Series(list(columns[name]), dtype=kinds[name]) for name in COLUMNS})


def _kind(column: str) -> str:
    if column in ("time", "feedback_time"):
        return "datetime64[us, UTC]"
    return "float64" if column in ("confidence", "familiarity", "latency_ms") else "object"


def stream_predictions(
    log: str | Engine,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    verdict: str | None = None,
    limit: int | None = None,
    chunk: int = CHUNK_ROWS,
) -> Iterator[Rows]:
    """The same rows as `read_predictions`, as tuples in the order of `COLUMNS`, a chunk at a time.

    Each chunk is a short query of its own: however long the reading takes, it stands in no writer's way.
    """
    from sqlalchemy import and_, or_

    from roadworthy.prediction_log.schema import PREDICTIONS

    engine = opened(log)
    within = _within(since, until, verdict)
    last: tuple[Any, ...] | None = None
    left = limit
    while left is None or left > 0:
        page = _page(chunk if left is None else min(chunk, left)).where(*within)
        if last is not None:
            time, id_ = last[COLUMNS.index("time")], last[COLUMNS.index("id")]
            c = PREDICTIONS.c
            page = page.where(c.time >= time, or_(c.time > time, and_(c.time == time, c.id > id_)))
        with connected(engine) as connection:
            rows = [tuple(row) for row in connection.execute(page)]
        if not rows:
            return
        yield rows
        last = rows[-1]
        left = None if left is None else left - len(rows)


def count_predictions(
    log: str | Engine, *, since: datetime | None = None, until: datetime | None = None, verdict: str | None = None
) -> int:
    """How many predictions `read_predictions` would give."""
    from sqlalchemy import func, select

    from roadworthy.prediction_log.schema import PREDICTIONS

    wanted = select(func.count()).select_from(PREDICTIONS).where(*_within(since, until, verdict))
    with connected(opened(log)) as connection:
        return int(connection.execute(wanted).scalar_one())


def has_prediction(log: str | Engine, id: str) -> bool:  # noqa: A002 (the column's name)
    """Whether the log holds a prediction; one that waits in the spool it does not hold yet."""
    from sqlalchemy import select

    from roadworthy.prediction_log.schema import PREDICTIONS

    with connected(opened(log)) as connection:
        return connection.execute(select(PREDICTIONS.c.id).where(PREDICTIONS.c.id == id)).first() is not None


def opened(log: str | Engine) -> Engine:
    """An engine as it is; for a URL one, once it is sure that a log is there.

    Raises
    ------
    LogError
        There is no log at the URL.
    """
    from roadworthy.prediction_log.schema import require_log

    if not isinstance(log, str):
        return log
    engine = open_engine(log)
    require_log(engine)
    return engine


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction; what the database says of an error is said in one line.

    Raises
    ------
    LogError
        The database is away, or refuses.
    """
    from sqlalchemy.exc import DBAPIError

    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise LogError(
            f"the prediction log is out of reach ({said(error)})", where=shown_url(engine.url), mend="try again later"
        ) from None


def _within(since: datetime | None, until: datetime | None, verdict: str | None) -> list[ColumnElement[bool]]:
    from roadworthy.prediction_log.schema import PREDICTIONS

    if verdict is not None and verdict not in VERDICTS:
        raise LogError(f"no verdict {verdict!r}", mend=f"use one of {', '.join(VERDICTS)}")
    conditions = []
    if since is not None:
        conditions.append(PREDICTIONS.c.time >= since)
    if until is not None:
        conditions.append(PREDICTIONS.c.time < until)
    if verdict is not None:
        conditions.append(PREDICTIONS.c.verdict == verdict)
    return conditions


def _page(size: int) -> Select[Any]:
    from sqlalchemy import select

    from roadworthy.prediction_log.schema import FEEDBACK, PREDICTIONS

    told = FEEDBACK.alias()
    latest = (
        select(told.c.id)
        .where(told.c.prediction_id == PREDICTIONS.c.id)
        .order_by(told.c.time.desc(), told.c.id.desc())
        .limit(1)
        .correlate(PREDICTIONS)
        .scalar_subquery()
    )
    return (
        select(*PREDICTIONS.c, FEEDBACK.c.label.label("true_label"), FEEDBACK.c.time.label("feedback_time"))
        .select_from(PREDICTIONS.outerjoin(FEEDBACK, FEEDBACK.c.id == latest))
        .order_by(PREDICTIONS.c.time, PREDICTIONS.c.id)
        .limit(size)
    )
