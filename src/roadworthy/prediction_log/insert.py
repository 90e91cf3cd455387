"""One connection, kept open, that groups of rows are committed through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from roadworthy.prediction_log.checkpoint import Checkpointer
from roadworthy.prediction_log.database import BUSY_SECONDS, sqlite_file
from roadworthy.prediction_log.rows import Feedback, Group, Prediction
from roadworthy.prediction_log.watchdog import Watchdog

if TYPE_CHECKING:
    from sqlalchemy import Engine, PoolProxiedConnection


class Driver(Protocol):
    """How one kind of database is written to; `start` and `close` are of the thread that works beside the writer."""

    def start(self) -> None:
        """Start it."""

    def close(self) -> None:
        """End it."""

    def connected(self, connection: Any) -> None:
        """Set up a new connection of the driver's."""

    def insert(self, connection: Any, statements: tuple[str, ...], group: Group) -> None:
        """Commit a group."""


class Inserter:
    """Commits groups of rows; a row that is there already is left as it is.

    The driver is used directly: SQLAlchemy's layer would cost more than the insert itself. Whatever fails, the
    connection is dropped, and the next group gets a new one.

    Parameters
    ----------
    engine
        From `open_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        file = sqlite_file(engine)
        self._engine = engine
        self._driver: Driver = _PostgreSQL() if file is None else _SQLite(file)
        self._statements = tuple(statement(engine, kind) for kind in (Prediction, Feedback))
        self._open: PoolProxiedConnection | None = None
        self._prepared = False

    def start(self) -> None:
        """Start what works beside the writer: SQLite's checkpoints, or the watch over PostgreSQL."""
        self._driver.start()

    def connect(self) -> None:
        """Open the connection, the tables made or brought to this version first.

        Raises
        ------
        LogError
            The database is none that the log can be kept in.
        Exception
            The driver's error: the database is away.
        """
        from roadworthy.prediction_log.schema import prepare

        if not self._prepared:
            prepare(self._engine)
            self._prepared = True
        if self._open is None:
            self._open = self._engine.raw_connection()
            try:
                self._driver.connected(self._open.driver_connection)
            except BaseException:
                self._drop()
                raise

    def insert(self, group: Group) -> None:
        """Commit a group; whatever is raised, the outcome is unknown and the group must be given again.

        Raises
        ------
        Exception
            The driver's error.
        """
        if self._open is None:
            self.connect()
        assert self._open is not None
        try:
            self._driver.insert(self._open.driver_connection, self._statements, group)
        except BaseException:
            self._drop()
            raise

    def close(self) -> None:
        """Close the connection, and end what works beside the writer."""
        self._driver.close()
        self._drop()

    def _drop(self) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            connection.invalidate()
            connection.close()


class _SQLite(Checkpointer):
    def connected(self, connection: Any) -> None:
        # The checkpointer makes them, so that no commit waits for one.
        connection.execute("PRAGMA wal_autocheckpoint = 0")

    def insert(self, connection: Any, statements: tuple[str, ...], group: Group) -> None:
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        for statement, rows in zip(statements, group, strict=True):
            if rows:
                cursor.executemany(statement, rows)
        cursor.execute("COMMIT")


class _PostgreSQL(Watchdog):
    def connected(self, connection: Any) -> None:
        with self.watching(connection):
            connection.execute(f"SET statement_timeout = '{BUSY_SECONDS:g}s'")
            connection.commit()

    def insert(self, connection: Any, statements: tuple[str, ...], group: Group) -> None:
        with self.watching(connection), connection.transaction(), connection.cursor() as cursor:
            for statement, rows in zip(statements, group, strict=True):
                if rows:
                    cursor.executemany(statement, rows)


def statement(engine: Engine, kind: type[Prediction] | type[Feedback]) -> str:
    """The insertion of rows of one kind; those that are there already are left as they are."""
    table = "predictions" if kind is Prediction else "feedback"
    if engine.dialect.name == "sqlite":
        marks = ["?"] * len(kind._fields)
    else:
        marks = ["%s::timestamp AT TIME ZONE 'UTC'" if name == "time" else "%s" for name in kind._fields]
    columns = ", ".join(kind._fields)
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(marks)}) ON CONFLICT DO NOTHING"  # noqa: S608
