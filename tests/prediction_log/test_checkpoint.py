"""Checkpoints beside the writer."""

import time
from pathlib import Path

import pytest

from roadworthy.prediction_log import checkpoint
from roadworthy.prediction_log.checkpoint import Checkpointer

from .conftest import OpenLog, prediction


@pytest.mark.parametrize("restart", [10_000, 10**9])
def test_the_write_ahead_log_goes_into_the_database(
    open_log: OpenLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, restart: int
) -> None:
    monkeypatch.setattr(checkpoint, "CHECK_SECONDS", 0.02)
    monkeypatch.setattr(checkpoint, "CHECKPOINT_BYTES", 10_000)
    monkeypatch.setattr(checkpoint, "RESTART_BYTES", restart)
    kept = open_log()
    file = tmp_path / "predictions.db"
    before = file.stat().st_size
    deadline = time.monotonic() + 20
    while file.stat().st_size < before + 20_000:
        assert kept.add(*[prediction() for _ in range(20)]) is None
        assert time.monotonic() < deadline


def test_a_database_that_is_away_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "CHECK_SECONDS", 0.01)
    checkpointer = Checkpointer(tmp_path / "predictions.db")
    checkpointer.start()
    time.sleep(0.1)
    assert checkpointer._thread.is_alive()
    checkpointer.close()
    assert not checkpointer._thread.is_alive()


def test_a_small_log_waits_and_a_large_one_is_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bool] = []
    monkeypatch.setattr(checkpoint, "checkpoint", lambda file, *, restart: made.append(restart))
    monkeypatch.setattr(checkpoint, "CHECKPOINT_BYTES", 100)
    monkeypatch.setattr(checkpoint, "RESTART_BYTES", 300)
    checkpointer = Checkpointer(tmp_path / "predictions.db")
    done = 0
    for size in (99, 100, 100, 200, 300):
        (tmp_path / "predictions.db-wal").write_bytes(bytes(size))
        done = checkpointer._round(done)
    assert made == [False, False, True]
