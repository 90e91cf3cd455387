"""Times as people ask for them: last Tuesday, yesterday 14:00, 3 days ago."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from roadworthy.errors import ReleaseError

_DAYS = [name.lower() for name in calendar.day_name]
_WEEKDAY = re.compile(
    r"(?:on )?(?P<last>last )?(?P<name>mon|tues?|wed|thu(?:rs?)?|fri|sat|sun|{})".format("|".join(_DAYS))
)
_CLOCK = re.compile(r"(?P<day>.+?)(?: at|,)? (?P<hour>[0-2]?\d):(?P<minute>[0-5]\d)")
_AGO = re.compile(r"(?P<count>an?|\d{1,6}(?:\.\d+)?) (?P<unit>minute|hour|day|week)s? ago")
_UNITS = {"minute": "min", "hour": "h", "day": "d", "week": "w"}
_MEND = "write 2026-03-01, 2026-03-01T10:30Z, yesterday, 'last Tuesday', 'Tuesday 14:00' or '3 days ago'"


class Asked(NamedTuple):
    """A moment, and where a whole day was named the end of that day."""

    at: datetime
    until: datetime | None

    def last(self, now: datetime) -> datetime:
        """The moment to tell of: of a day its last, or the present where it is not over."""
        return self.at if self.until is None else min(self.until - timedelta(microseconds=1), now)


def asked_time(given: str, *, now: datetime) -> Asked:
    """Read a time: all that the prediction log takes, weekdays, a day with a time of day, and how long ago.

    Parameters
    ----------
    given
        What was written. "last Tuesday" is the latest one before today; "Tuesday" may be today. A day begins at
        midnight in the zone of `now`.
    now
        The present, with its zone.

    Raises
    ------
    ReleaseError
        It is none of these, or in the future.

    Examples
    --------
    >>> now = datetime.fromisoformat("2026-03-03T15:00+01:00")  # a Tuesday
    >>> for given in ("last Tuesday", "Tuesday", "yesterday 14:00", "2026-03-01T10:30Z", "2 weeks ago"):
    ...     print(asked_time(given, now=now).at.isoformat())
    2026-02-24T00:00:00+01:00
    2026-03-03T00:00:00+01:00
    2026-03-02T14:00:00+01:00
    2026-03-01T10:30:00+00:00
    2026-02-17T15:00:00+01:00
    """
    word = " ".join(given.lower().split())
    asked = _of_day(word, now) or Asked(_elapsed(word, given, now), None)
    if asked.at > now:
        raise ReleaseError(f"{given!r} is in the future", where="--at", mend="ask for a time that has been")
    return asked


def _of_day(word: str, now: datetime) -> Asked | None:
    """A day that is named by word, weekday or date, with a time of day or without; None for all else."""
    clock = _CLOCK.fullmatch(word)
    day = _named_day(clock["day"] if clock else word, now.date())
    if day is None:
        return None
    midnight = datetime.combine(day, time(), now.tzinfo)
    if clock is None:
        return Asked(midnight, midnight + timedelta(days=1))
    hour = int(clock["hour"])
    return Asked(midnight.replace(hour=hour, minute=int(clock["minute"])), None) if hour < 24 else None


def _named_day(word: str, today: date) -> date | None:
    if word in ("today", "yesterday"):
        return today - timedelta(days=word == "yesterday")
    if weekday := _WEEKDAY.fullmatch(word):
        number = next(number for number, name in enumerate(_DAYS) if name.startswith(weekday["name"]))
        back = (today.weekday() - number) % 7
        return today - timedelta(days=7 if weekday["last"] and not back else back)
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None


def _elapsed(word: str, given: str, now: datetime) -> datetime:
    """What the prediction log takes as a time, and the same in words."""
    from roadworthy.prediction_log import LogError, moment

    if ago := _AGO.fullmatch(word):
        count = "1" if ago["count"] in ("a", "an") else ago["count"]
        word = f"{count}{_UNITS[ago['unit']]}"
    try:
        return moment(word, now=now)
    except LogError:
        raise ReleaseError(f"{given!r} is no time", where="--at", mend=_MEND) from None
