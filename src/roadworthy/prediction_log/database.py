"""The log's database: which ones there are, how it is opened, and what is said where that fails."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roadworthy.errors import MissingExtraError, RoadworthyError, named

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

BUSY_SECONDS = 5.0
SYNCHRONOUS = ("normal", "full")

# A server that is gone without a word is noticed within seconds, not after the kernel's quarter of an hour.
_PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "application_name": "roadworthy",
}
_USE = "use sqlite:///FILE or postgresql://USER@HOST/DATABASE"


class LogError(RoadworthyError):
    """A prediction log that cannot be opened, read or written."""


def open_engine(url: str, *, synchronous: str = "normal") -> Engine:
    """An engine for the log at a URL; nothing is connected to yet.

    Raises
    ------
    LogError
        The URL is none, or of a database that the log cannot be kept in, or its driver is not installed.
    MissingExtraError
        SQLAlchemy is not installed.
    """
    try:
        import sqlalchemy
    except ImportError:
        raise MissingExtraError("the prediction log", extra="serve") from None
    parsed = _parsed(url)
    if synchronous not in SYNCHRONOUS:
        raise LogError(f"no such way to write: {synchronous!r}", mend=f"use one of {', '.join(SYNCHRONOUS)}")
    arguments: dict[str, Any] = {"timeout": BUSY_SECONDS, "check_same_thread": False, "isolation_level": None}
    if parsed.get_backend_name() == "postgresql":
        arguments = {name: value for name, value in _PATIENCE.items() if name not in parsed.query}
    try:
        engine = sqlalchemy.create_engine(parsed, poolclass=sqlalchemy.NullPool, connect_args=arguments)
    except ImportError:
        raise LogError(
            "PostgreSQL's driver is not installed",
            where=shown_url(parsed),
            mend='install it with: pip install "roadworthy[postgres]"',
        ) from None
    if engine.dialect.name == "sqlite":
        _prepare_connections(engine, synchronous)
    return engine


def _parsed(url: str) -> URL:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise LogError("the log's URL cannot be read", mend=_USE) from None
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise LogError(f"the log cannot be kept in {parsed.drivername!r}", where=shown_url(parsed), mend=_USE)
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise LogError("a log in memory keeps nothing", where=shown_url(parsed), mend=_USE)
    return parsed


def _prepare_connections(engine: Engine, synchronous: str) -> None:
    """Let SQLAlchemy begin transactions itself, so that a migration is all or nothing in SQLite too."""
    from sqlalchemy import event

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA synchronous = {synchronous}")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))


def sqlite_file(engine: Engine) -> Path | None:
    """The file of an SQLite database; None for a server."""
    return Path(str(engine.url.database)) if engine.dialect.name == "sqlite" else None


def shown_url(url: URL) -> str:
    """A URL without its password."""
    return url.render_as_string(hide_password=True)


def is_away(error: BaseException) -> bool:
    """Whether a database may come back by itself: a server out of reach, a file locked, a full or failing disk."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_AWAY
    return any(kind.__name__ in ("OperationalError", "InterfaceError") for kind in type(cause).__mro__)


_SQLITE_AWAY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def said(error: BaseException) -> str:
    """A database's error in a few words, without SQLAlchemy's own beside them."""
    return named(getattr(error, "orig", None) or error)
