"""Which URLs a log can have, and what is said of the others."""

import builtins
import sqlite3
import sys

import pytest

from roadworthy.errors import MissingExtraError
from roadworthy.prediction_log.database import LogError, is_away, open_engine, shown_url, sqlite_file


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("predictions.db", "cannot be read; use sqlite:///"),
        ("postgresql://host:port/x", "cannot be read"),
        ("mysql://jo:secret@db.example/x", "mysql://jo:***@db.example/x: the log cannot be kept in 'mysql'"),
        ("postgresql+pg8000://db.example/x", "cannot be kept in 'postgresql+pg8000'"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_in_one_line(url: str, said: str) -> None:
    with pytest.raises(LogError) as caught:
        open_engine(url)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_through_psycopg(scheme: str) -> None:
    engine = open_engine(f"{scheme}://jo:secret@db.example/log?connect_timeout=1")
    assert engine.driver == "psycopg"
    assert sqlite_file(engine) is None
    assert shown_url(engine.url) == "postgresql+psycopg://jo:***@db.example/log?connect_timeout=1"


def test_an_unknown_way_to_write_is_refused(url: str) -> None:
    with pytest.raises(LogError, match="use one of normal, full"):
        open_engine(url, synchronous="off")


@pytest.mark.parametrize(("synchronous", "number"), [("normal", 1), ("full", 2)])
def test_sqlite_is_told_how_to_write(url: str, synchronous: str, number: int) -> None:
    with open_engine(url, synchronous=synchronous).connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == number


def test_a_missing_driver_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(LogError, match=r"roadworthy\[postgres\]"):
        open_engine("postgresql://db.example/log")


def test_missing_sqlalchemy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    importing = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == "sqlalchemy":
            raise ImportError
        return importing(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match="the prediction log needs the extra"):
        open_engine("sqlite:///x.db")


def test_a_lock_passes_and_a_missing_table_does_not() -> None:
    with sqlite3.connect(":memory:") as connection, pytest.raises(sqlite3.Error) as caught:
        connection.execute("SELECT * FROM nothing")
    connection.close()
    assert not is_away(caught.value)
    locked = sqlite3.OperationalError("database is locked")
    locked.sqlite_errorcode = sqlite3.SQLITE_BUSY_SNAPSHOT
    assert is_away(locked)
