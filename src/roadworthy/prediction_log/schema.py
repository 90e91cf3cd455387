"""The tables of the log, and the one way in which they come to be and change: Alembic's migrations."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, DateTime, Double, Index, MetaData, String, Table, Text, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

from roadworthy.prediction_log.database import LogError, is_away, said, shown_url, sqlite_file

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Dialect, Engine
    from sqlalchemy.types import TypeEngine

HEAD = "1"
VERSION_TABLE = "roadworthy_log_version"

_MIGRATIONS = Path(__file__).parent / "migrations"
# "roadwlog" as a number: what PostgreSQL's advisory lock is known by.
_LOCK = 0x726F6164776C6F67
_MIGRATION_SECONDS = 10.0


class UtcTime(TypeDecorator["datetime"]):
    """A time with its zone; SQLite, which knows none, keeps it as text in UTC that sorts by time."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text for SQLite, a time with its zone for any other."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """A time as the database takes it."""
        from roadworthy.prediction_log.rows import stored_time

        return value if value is None or dialect.name != "sqlite" else stored_time(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """A time as the database gives it, in UTC."""
        from datetime import UTC, datetime

        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        return value.astimezone(UTC)  # type: ignore[no-any-return]


TABLES = MetaData()
PREDICTIONS = Table(
    "predictions",
    TABLES,
    Column("id", Text, primary_key=True),
    Column("time", UtcTime, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("text", Text),
    Column("label", Text, nullable=False),
    Column("confidence", Double),
    Column("familiarity", Double),
    Column("verdict", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("sent", Text),
    Column("latency_ms", Double, nullable=False),
    Index("predictions_time", "time", "id"),
    # The id sorts by time, so rows are appended; and a commit touches one page less than with row ids.
    sqlite_with_rowid=False,
)
FEEDBACK = Table(
    "feedback",
    TABLES,
    Column("id", Text, primary_key=True),
    # No foreign key: feedback may arrive while its prediction waits in the spool.
    Column("prediction_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("time", UtcTime, nullable=False),
    Index("feedback_prediction", "prediction_id", "time"),
    sqlite_with_rowid=False,
)


def prepare(engine: Engine) -> None:
    """Make the tables, or bring them to this version; safe where several processes do so at once.

    Raises
    ------
    LogError
        The database is not a log, or one that a newer roadworthy wrote, or cannot be opened.
    sqlalchemy.exc.DBAPIError
        The database is away, and may come back by itself (`database.is_away`).
    """
    file = sqlite_file(engine)
    deadline = time.monotonic() + _MIGRATION_SECONDS
    while True:
        try:
            if file is not None:
                _prepare_file(engine, file)
            with engine.begin() as connection:
                _upgrade(connection)
        except (DBAPIError, sqlite3.Error) as error:
            if not is_away(error):
                raise _not_opened(engine, error) from None
            if file is None or time.monotonic() > deadline:
                raise
            # Another process is about to do the same, and SQLite does not wait for every kind of lock.
            time.sleep(0.05)
        else:
            return


def _prepare_file(engine: Engine, file: Path) -> None:
    """Set what a file of SQLite's keeps for good: a write-ahead log, and that pruned rows give their space back."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_opened(engine, error) from None
    with engine.connect() as connection:
        if _require_ours(connection) is not None:
            return
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        # A commit writes whole pages: small ones cost less, and most rows still fit into one.
        cursor.execute("PRAGMA page_size = 2048")
        cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
        cursor.execute("PRAGMA journal_mode = WAL")
    finally:
        raw.close()


def _not_opened(engine: Engine, error: BaseException) -> LogError:
    return LogError(
        f"the prediction log cannot be opened ({said(error)})", where=shown_url(engine.url), mend="check its URL"
    )


def _upgrade(connection: Connection) -> None:
    if _require_ours(connection) == HEAD:
        return
    if connection.dialect.name == "sqlite":
        # A second process waits here until the first is done.
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    version = _require_ours(connection)
    if version is None:
        _create(connection)
    elif version != HEAD:
        _migrate(connection)


def _create(connection: Connection) -> None:
    """Make in one step what the migrations make one after the other; Alembic is not even imported."""
    TABLES.create_all(connection)
    made = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))
    made.create(connection, checkfirst=True)
    connection.execute(made.insert().values(version_num=HEAD))


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")


def _require_ours(connection: Connection) -> str | None:
    """The schema's version; None for an empty database."""
    where = shown_url(connection.engine.url)
    tables = inspect(connection).get_table_names()
    version = _version(connection) if VERSION_TABLE in tables else None
    if version is None and set(tables) - {VERSION_TABLE}:
        raise LogError("a database that is no prediction log", where=where, mend="name one of its own for the log")
    if version is not None and int(version) > int(HEAD):
        raise LogError(
            f"the log's schema {version} is newer than this roadworthy knows ({HEAD})",
            where=where,
            mend="upgrade roadworthy",
        )
    return version


def _version(connection: Connection) -> str | None:
    table = Table(VERSION_TABLE, MetaData(), Column("version_num", Text))
    found = connection.execute(select(table.c.version_num)).scalar()
    return None if found is None else str(found)


def require_log(engine: Engine) -> None:
    """Make sure, before it is read, that a log is there; make none.

    Raises
    ------
    LogError
        There is no log at the engine's URL, or it cannot be opened.
    """
    file = sqlite_file(engine)
    where = shown_url(engine.url)
    if file is not None and not file.is_file():
        raise LogError("no such prediction log", where=where, mend="check its URL")
    try:
        with engine.connect() as connection:
            version = _require_ours(connection)
        if version is None:
            raise LogError("an empty database, no prediction log", where=where, mend="check its URL")
        if version != HEAD:
            prepare(engine)
    except DBAPIError as error:
        raise _not_opened(engine, error) from None
