"""What the page shows: an answer and why, what was asked of late, and what is served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roadworthy.serve.explain import Explanation


@dataclass(frozen=True)
class Shown:
    """One answer, as the page shows it.

    Parameters
    ----------
    label
        What the model answered; None where that is kept back.
    confidence, familiarity
        Between 0 and 1; NaN where they are unknown.
    verdict, reasons
        The guard's: trusted or flagged, and why.
    sent
        The label that the service sends for such a message; None where it sends none.
    id
        The prediction's, in the log.
    explanation
        What stands behind it.
    threshold
        The familiarity that a message needs to be trusted; None without a guard.
    model, version
        Which model answered.
    """

    label: str | None
    confidence: float
    familiarity: float
    verdict: str
    reasons: tuple[str, ...]
    sent: str | None
    id: str
    explanation: Explanation
    threshold: float | None
    model: str
    version: str


@dataclass(frozen=True)
class Refused:
    """A message that gets no answer: what the problem document says, and its status."""

    detail: str
    status: int = 422


@dataclass(frozen=True)
class Minute:
    """How many messages were asked about in one minute, by what became of them.

    Parameters
    ----------
    start
        When it began, with a time zone.
    trusted
        Answers that the guard trusts.
    flagged
        Flagged ones that were answered all the same, or with the fallback label.
    refused
        Flagged ones that were not answered.
    """

    start: datetime
    trusted: int
    flagged: int
    refused: int


@dataclass(frozen=True)
class Flagged:
    """A flagged message as it was logged: redacted, or None where text is not kept."""

    time: datetime
    text: str | None
    label: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Traffic:
    """What was asked in the last hour.

    Parameters
    ----------
    minutes
        Counts by minute; a minute without any may be left out.
    reasons
        How often each reason was given.
    latest
        The latest flagged messages, the latest first.
    log
        The state of the log: ok, spooling or failing.
    spooled
        How many predictions wait on disk for the log's database.
    """

    minutes: tuple[Minute, ...]
    reasons: dict[str, int]
    latest: tuple[Flagged, ...]
    log: str
    spooled: int


@dataclass(frozen=True)
class About:
    """What is served.

    Parameters
    ----------
    model, version, run
        Which model, and the MLflow run that made it, where that is known.
    inspection
        Its last inspection (verdict, time, messages, n), where there was one.
    flag_rate
        The share of ordinary messages that its guard may flag; None without a guard.
    policy
        What is done with a flagged message: answer, refuse or route.
    """

    model: str
    version: str
    run: str | None
    inspection: dict[str, Any] | None
    flag_rate: float | None
    policy: str
