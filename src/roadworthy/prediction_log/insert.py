"""One connection, kept open, that groups of rows are committed through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roadworthy.prediction_log.rows import Feedback, Group, Prediction

if TYPE_CHECKING:
    from sqlalchemy import Engine, PoolProxiedConnection


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
        self._engine = engine
        self._insert = _insert_sqlite if engine.dialect.name == "sqlite" else _insert_postgresql
        self._statements = tuple(_statement(engine, kind) for kind in (Prediction, Feedback))
        self._open: PoolProxiedConnection | None = None
        self._prepared = False

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
            if self._engine.dialect.name == "sqlite":
                # Checkpoints are made elsewhere (checkpoint.py), so that no commit waits for one.
                self._open.driver_connection.execute("PRAGMA wal_autocheckpoint = 0")  # type: ignore[union-attr]

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
            self._insert(self._open.driver_connection, self._statements, group)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next insert opens another."""
        connection, self._open = self._open, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def _insert_sqlite(connection: Any, statements: tuple[str, ...], group: Group) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement, rows in zip(statements, group, strict=True):
        if rows:
            connection.executemany(statement, rows)
    connection.execute("COMMIT")


def _insert_postgresql(connection: Any, statements: tuple[str, ...], group: Group) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        for statement, rows in zip(statements, group, strict=True):
            if rows:
                cursor.executemany(statement, rows)


def _statement(engine: Engine, kind: type[Prediction] | type[Feedback]) -> str:
    table = "predictions" if kind is Prediction else "feedback"
    if engine.dialect.name == "sqlite":
        marks = ["?"] * len(kind._fields)
    else:
        marks = ["%s::timestamp AT TIME ZONE 'UTC'" if name == "time" else "%s" for name in kind._fields]
    columns = ", ".join(kind._fields)
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(marks)}) ON CONFLICT DO NOTHING"  # noqa: S608
