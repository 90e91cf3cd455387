"""Times as people ask for them."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.errors import ReleaseError
from roadworthy.registry.times import asked_time

NOW = datetime.fromisoformat("2026-03-03T15:00+01:00")  # a Tuesday


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ("now", "2026-03-03T15:00+01:00"),
        ("today", "2026-03-03T00:00+01:00"),
        ("  Yesterday ", "2026-03-02T00:00+01:00"),
        ("yesterday at 9:30", "2026-03-02T09:30+01:00"),
        ("last tuesday", "2026-02-24T00:00+01:00"),
        ("last Tue 14:00", "2026-02-24T14:00+01:00"),
        ("Tuesday", "2026-03-03T00:00+01:00"),
        ("on wednesday", "2026-02-25T00:00+01:00"),
        ("Mon, 23:59", "2026-03-02T23:59+01:00"),
        ("2026-03-01", "2026-03-01T00:00+01:00"),
        ("2026-03-01 10:30", "2026-03-01T10:30+01:00"),
        ("2026-03-01T10:30Z", "2026-03-01T10:30+00:00"),
        ("7d", "2026-02-24T15:00+01:00"),
        ("a week ago", "2026-02-24T15:00+01:00"),
        ("2 hours ago", "2026-03-03T13:00+01:00"),
    ],
)
def test_what_is_understood(given: str, at: str) -> None:
    assert asked_time(given, now=NOW).at == datetime.fromisoformat(at)


@pytest.mark.parametrize("given", ["yesterday", "last Tuesday", "2026-03-01"])
def test_a_whole_day_has_an_end(given: str) -> None:
    asked = asked_time(given, now=NOW)
    assert asked.until == asked.at + timedelta(days=1)


@pytest.mark.parametrize(
    ("given", "last"),
    [
        ("yesterday", "2026-03-02T23:59:59.999999+01:00"),
        ("today", "2026-03-03T15:00+01:00"),
        ("yesterday 14:00", "2026-03-02T14:00+01:00"),
    ],
)
def test_of_a_day_the_last_moment_is_told_of(given: str, last: str) -> None:
    assert asked_time(given, now=NOW).last(NOW) == datetime.fromisoformat(last)


@pytest.mark.parametrize("given", ["yesterday 10:00", "3d", "2026-03-01T00:00"])
def test_a_moment_has_none(given: str) -> None:
    assert asked_time(given, now=NOW).until is None


@pytest.mark.parametrize("given", ["", "someday", "2026-02-30", "yesterday 25:00", "9999999 weeks ago", "999999999w"])
def test_what_is_no_time(given: str) -> None:
    with pytest.raises(ReleaseError, match="--at: .* is no time; write 2026-03-01"):
        asked_time(given, now=NOW)


@pytest.mark.parametrize("given", ["2026-03-04", "today 18:00", "2027-01-01T00:00Z"])
def test_what_has_not_been_yet(given: str) -> None:
    with pytest.raises(ReleaseError, match="is in the future"):
        asked_time(given, now=NOW)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_last_of_a_weekday_is_one_to_seven_days_back(now: datetime) -> None:
    here = now.astimezone()
    for day in ("Mon", "tuesday", "Thurs", "sun"):
        found = asked_time(f"last {day}", now=here)
        assert 1 <= (here.date() - found.at.date()).days <= 7
        assert f"{found.at:%A}".lower().startswith(day.lower()[:3])


@given(st.text(max_size=20))
def test_any_text_is_a_time_that_has_been_or_none(text: str) -> None:
    with suppress(ReleaseError):
        assert asked_time(text, now=NOW).at <= NOW
