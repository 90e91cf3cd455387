"""The summary of the last minutes."""

from collections.abc import Callable
from datetime import timedelta, timezone

from roadworthy.prediction_log import traffic

from .conftest import NOW, prediction

Fill = Callable[..., str]


def test_minutes_reasons_and_the_latest_flagged(filled: Fill) -> None:
    flagged = [
        prediction(time=NOW - timedelta(seconds=10 * n), verdict="flagged", reasons=reasons, sent=sent)
        for n, (reasons, sent) in enumerate([("low_confidence", "order"), ("empty;out_of_scope", None), ("empty", "x")])
    ]
    trusted = [prediction(time=NOW - timedelta(minutes=1)) for _ in range(4)]
    others = [prediction(role=role, verdict="flagged", reasons="empty") for role in ("page", "shadow")]
    outside = [prediction(time=NOW + timedelta(seconds=1)), prediction(time=NOW - timedelta(minutes=3))]
    url = filled(*flagged, *trusted, *others, *outside)
    summary = traffic(url, minutes=3, now=NOW.astimezone(timezone(timedelta(hours=5))), latest=2)
    assert [minute.start.minute for minute in summary.minutes] == [58, 59, 0]
    assert [tuple(minute)[1:] for minute in summary.minutes] == [(0, 0, 0), (4, 0, 0), (0, 3, 1)]
    assert list(summary.reasons.items()) == [("empty", 2), ("low_confidence", 1), ("out_of_scope", 1)]
    assert summary.latest == tuple(flagged[:2])


def test_no_answer_is_minutes_of_none(filled: Fill) -> None:
    summary = traffic(filled(prediction(), prediction(verdict="flagged")), minutes=2)
    assert [tuple(minute)[1:] for minute in summary.minutes] == [(0, 0, 0)] * 2
    assert (summary.reasons, summary.latest) == ({}, ())
