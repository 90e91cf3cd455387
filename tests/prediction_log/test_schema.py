"""The tables come to be, once, whoever starts; and no other database is touched."""

import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from roadworthy.prediction_log import schema
from roadworthy.prediction_log.database import LogError, open_engine
from roadworthy.prediction_log.schema import HEAD, TABLES, prepare, require_log


def ask(file: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new folder 100%" / "predictions.db"


@pytest.fixture
def engine(file: Path) -> Any:
    return open_engine(f"sqlite:///{file}")


def test_the_tables_are_those_that_are_written_and_read(file: Path, engine: Any, capfd: Any) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    before = list(logging.getLogger().handlers)
    prepare(engine)
    prepare(engine)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().handlers == before
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, *_: name != schema.VERSION_TABLE, "compare_type": True},
        )
        assert compare_metadata(context, TABLES) == []
    assert ask(file, "SELECT version_num FROM roadworthy_log_version") == [(HEAD,)]
    assert ask(file, "PRAGMA journal_mode") == [("wal",)]
    assert ask(file, "PRAGMA auto_vacuum") == [(2,)]
    assert ask(file, "PRAGMA page_size") == [(2048,)]


def test_the_head_is_that_of_the_migrations(engine: Any) -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(schema._MIGRATIONS).get_current_head() == HEAD


def test_a_migration_can_be_taken_back(file: Path, engine: Any) -> None:
    from alembic import command
    from alembic.config import Config

    prepare(engine)
    config = Config()
    config.set_main_option("script_location", str(schema._MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert ask(file, "SELECT name FROM sqlite_master WHERE type = 'table'") == [("roadworthy_log_version",)]
    prepare(engine)
    require_log(engine)


def test_looking_at_the_migrations_runs_none() -> None:
    import runpy

    assert "migrate" in runpy.run_path(str(schema._MIGRATIONS / "env.py"))


PREPARE = """
import sys, time
from pathlib import Path
from roadworthy.prediction_log.database import open_engine
from roadworthy.prediction_log.schema import prepare

Path(sys.argv[2]).touch()
while len(list(Path(sys.argv[2]).parent.glob("ready-*"))) < 4:
    time.sleep(0.001)
prepare(open_engine(sys.argv[1]))
"""


def test_several_processes_may_start_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'predictions.db'}"
    processes = [subprocess.Popen([sys.executable, "-c", PREPARE, url, tmp_path / f"ready-{n}"]) for n in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    require_log(open_engine(url))


def test_what_is_made_at_once_is_what_the_migrations_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(name: str) -> list[tuple[Any, ...]]:
        file = tmp_path / name
        prepare(open_engine(f"sqlite:///{file}"))
        found = ask(file, "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
        version = ask(file, "SELECT * FROM roadworthy_log_version")
        return [*((kind, name, "".join(sql.split())) for kind, name, sql in found), *version]

    at_once = made("one.db")
    monkeypatch.setattr(schema, "_create", schema._migrate)
    # Alembic names the key of its own table.
    assert [row for row in made("two.db") if "version" not in str(row)] == [
        row for row in at_once if "version" not in str(row)
    ]
    assert at_once[-1] == (schema.HEAD,)


def test_another_database_is_refused_and_left_as_it_is(url: str, tmp_path: Path) -> None:
    file = tmp_path / "predictions.db"
    ask(file, "CREATE TABLE runs (id TEXT)")
    before = file.read_bytes()
    for open_it in (prepare, require_log):
        with pytest.raises(LogError, match="a database that is no prediction log; name one"):
            open_it(open_engine(url))
    assert file.read_bytes() == before


def test_a_newer_schema_is_refused(url: str, tmp_path: Path) -> None:
    prepare(open_engine(url))
    ask(tmp_path / "predictions.db", "UPDATE roadworthy_log_version SET version_num = '2'")
    for open_it in (prepare, require_log):
        with pytest.raises(LogError, match=r"schema 2 is newer than this roadworthy knows \(1\); upgrade"):
            open_it(open_engine(url))


def test_an_older_log_is_brought_to_this_version_before_it_is_read(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(open_engine(url))
    monkeypatch.setattr(schema, "HEAD", "2")
    upgraded: list[object] = []
    monkeypatch.setattr(schema, "_migrate", upgraded.append)
    require_log(open_engine(url))
    assert len(upgraded) == 1


def test_a_file_that_is_no_database_is_refused(url: str, tmp_path: Path) -> None:
    (tmp_path / "predictions.db").write_text("id,label\n" * 200)
    for open_it in (prepare, require_log):
        with pytest.raises(LogError, match="cannot be opened .*not a database"):
            open_it(open_engine(url))


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LogError, match="cannot be opened"):
        prepare(open_engine(f"sqlite:///{tmp_path}/file/predictions.db"))


def test_reading_makes_no_log(url: str, tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no such prediction log"):
        require_log(open_engine(url))
    (tmp_path / "predictions.db").touch()
    with pytest.raises(LogError, match="an empty database"):
        require_log(open_engine(url))


def test_a_file_that_stays_locked_is_away(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    from roadworthy.prediction_log import database

    monkeypatch.setattr(database, "BUSY_SECONDS", 0.0)
    monkeypatch.setattr(schema, "_MIGRATION_SECONDS", 0.2)
    with closing(sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises((OperationalError, sqlite3.OperationalError), match="locked"):
            prepare(open_engine(url))
