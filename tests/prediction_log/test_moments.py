"""Times as people write them; the forms that are right are in the module's doctest."""

from datetime import datetime

import pytest

from roadworthy.prediction_log import LogError, moment

LATE = datetime.fromisoformat("2026-03-02T15:00+01:00")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("now", "2026-03-02T15:00:00+01:00"),
        (" Today ", "2026-03-02T00:00:00+01:00"),
        ("12h", "2026-03-02T03:00:00+01:00"),
        ("30 min", "2026-03-02T14:30:00+01:00"),
        ("1.5h", "2026-03-02T13:30:00+01:00"),
        ("2026-03-01 10:30", "2026-03-01T10:30:00+01:00"),
        ("20260301T103000Z", "2026-03-01T10:30:00+00:00"),
    ],
)
def test_a_time_is_read(given: str, meant: str) -> None:
    assert moment(given, now=LATE).isoformat() == meant


@pytest.mark.parametrize("given", ["", "soon", "7x", "01/02/2026", "2026-13-01", "99999999999d", "nat", "7"])
def test_anything_else_is_refused(given: str) -> None:
    with pytest.raises(LogError, match="is no time; write 2026-03-01"):
        moment(given, now=LATE)
