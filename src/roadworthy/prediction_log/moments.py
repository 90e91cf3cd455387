"""Times as people write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from roadworthy.prediction_log.database import LogError

_AGO = re.compile(r"(\d{1,9}(?:\.\d+)?)\s*(s|min|h|d|w)")
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(given: str, *, now: datetime) -> datetime:
    """Read a time: ISO 8601, a plain date, now, today, yesterday, or how long ago: 30min, 12h, 7d, 2w.

    Parameters
    ----------
    given
        What was written. A time without a zone is in that of `now`, and a day begins there at midnight.
    now
        The present, with its zone.

    Raises
    ------
    LogError
        It is none of these.

    Examples
    --------
    >>> now = datetime.fromisoformat("2026-03-02T15:00+01:00")
    >>> for given in ("7d", "yesterday", "2026-03-01", "2026-03-01T10:30Z"):
    ...     print(moment(given, now=now).isoformat())
    2026-02-23T15:00:00+01:00
    2026-03-01T00:00:00+01:00
    2026-03-01T00:00:00+01:00
    2026-03-01T10:30:00+00:00
    """
    word = given.strip().lower()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1)}
    try:
        if word in days:
            return days[word]
        if ago := _AGO.fullmatch(word):
            return now - timedelta(**{_UNITS[ago[2]]: float(ago[1])})
        found = datetime.fromisoformat(word.upper())
    except (ValueError, OverflowError):
        raise LogError(f"{given!r} is no time", mend="write 2026-03-01, 2026-03-01T10:30Z, yesterday or 7d") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=now.tzinfo)
