"""A log in a folder of its own, and rows for it."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from roadworthy.prediction_log import Feedback, LogError, Prediction, PredictionLog, new_id

NOW = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)


def prediction(**fields: Any) -> Prediction:
    """A prediction, at NOW and trusted if nothing else is said."""
    usual = {
        "id": new_id(),
        "time": NOW,
        "request_id": "r1",
        "role": "served",
        "model": "support",
        "version": "3",
        "text": "where is my order",
        "label": "order",
        "confidence": 0.9,
        "familiarity": 0.8,
        "verdict": "trusted",
        "reasons": "",
        "sent": "order",
        "latency_ms": 1.5,
    }
    return Prediction(**(usual | fields))


def feedback(row: Prediction, label: str, *, minutes: float = 1) -> Feedback:
    return Feedback(new_id(), row.id, label, row.time + timedelta(minutes=minutes))


Events = list[tuple[str, dict[str, Any]]]


class Kept:
    """A started log, what it told, and a way to wait for an acknowledgement."""

    def __init__(self, log: PredictionLog, events: Events) -> None:
        self.log = log
        self.events = events

    def add(self, *rows: Prediction | Feedback) -> LogError | None:
        """Append and wait; what the acknowledgement says."""
        said: list[LogError | None] = []
        came = threading.Event()
        self.log.append(rows, lambda error: (said.append(error), came.set()))
        assert came.wait(20), "never acknowledged"
        return said[0]


OpenLog = Callable[..., Kept]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'predictions.db'}"


@pytest.fixture
def open_log(tmp_path: Path, url: str) -> Iterator[OpenLog]:
    logs: list[PredictionLog] = []

    def start(**options: Any) -> Kept:
        events: Events = []
        log = PredictionLog(url, tmp_path / "spool", on_event=lambda *event: events.append(event), **options)
        logs.append(log)
        log.start()
        return Kept(log, events)

    yield start
    for log in logs:
        log.close(10)


@pytest.fixture
def filled(url: str, open_log: OpenLog) -> Callable[..., str]:
    """Write rows and close; the URL of the log."""

    def fill(*rows: Prediction | Feedback) -> str:
        kept = open_log()
        assert kept.add(*rows) is None
        kept.log.close(10)
        return url

    return fill
