"""The connection that groups are committed through: dropped on any failure, opened again for the next group."""

import sqlite3
import subprocess
import sys

import pytest

from roadworthy.prediction_log import has_prediction, insert, open_engine
from roadworthy.prediction_log.insert import Inserter
from roadworthy.prediction_log.rows import Group, stored_group

from .conftest import prediction


@pytest.fixture
def inserter(url: str):
    made = Inserter(open_engine(url))
    yield made
    made.close()


def test_after_a_failure_the_next_group_gets_a_new_connection(inserter: Inserter, url: str) -> None:
    first, last = prediction(), prediction()
    good = stored_group([first], "raw")
    torn = Group([*good.predictions, ("too", "short")], [])
    with pytest.raises(sqlite3.Error):
        inserter.insert(torn)
    assert inserter._open is None
    assert not has_prediction(url, first.id)
    inserter.insert(stored_group([last], "raw"))
    assert has_prediction(url, last.id)


def test_a_connection_that_cannot_be_set_up_is_dropped(inserter: Inserter, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, connection: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(insert._SQLite, "connected", broken)
        with pytest.raises(sqlite3.OperationalError, match="disk I/O"):
            inserter.connect()
    assert inserter._open is None
    inserter.connect()
    assert inserter._open is not None


def test_the_driver_is_not_loaded_with_the_package() -> None:
    heavy = {"sqlalchemy", "alembic", "pandas", "psycopg"}
    code = f"import sys, roadworthy.prediction_log; print(*{heavy} & {{*sys.modules}})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
