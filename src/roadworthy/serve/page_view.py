"""What the page shows, as plain data: answers and traffic put into words, shares and places in a drawing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from roadworthy.errors import counted
from roadworthy.guard import (
    EMPTY,
    LOW_CONFIDENCE,
    OUT_OF_SCOPE,
    TOO_LONG,
    UNFAMILIAR_WORDS,
    UNKNOWN_LANGUAGE,
)
from roadworthy.report.inert import clipped, visible
from roadworthy.report.wording import DASH, percent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from roadworthy.serve.shown import About, Flagged, Minute, Shown, Traffic

REASON_WORDS = {
    EMPTY: "It says nothing.",
    TOO_LONG: "It is over four times as long as the longest training message.",
    UNKNOWN_LANGUAGE: "It is in a language or script that the training messages are not in.",
    OUT_OF_SCOPE: "It is not like anything that the answered class holds.",
    LOW_CONFIDENCE: "It might as well belong to another class.",
    UNFAMILIAR_WORDS: "It is made of words that the training messages do not hold.",
}
POLICY_WORDS = {
    "answer": "answered, and marked as flagged",
    "refuse": "refused: no label is sent",
    "route": "sent on with the fallback label",
}
MINUTES = 60
HEIGHT = 120
LONGEST_TEXT = 280
_FATES = ("trusted", "flagged", "refused")
# A bar leaves a quarter of its minute free.
_BAR = 0.75


class Gauge(NamedTuple):
    """A share in words and, where it is known, its place on a scale of 0 to 100; `mark` is that of a threshold."""

    value: str
    at: float | None
    mark: float | None = None
    marked: str = ""


class AnswerView(NamedTuple):
    """One answer, ready to be laid out."""

    verdict: str
    label: str | None
    sent: str
    reasons: tuple[tuple[str, str], ...]
    words: tuple[tuple[str, bool], ...]
    unfamiliar: str
    confidence: Gauge
    familiarity: Gauge | None
    alternatives: tuple[tuple[str, Gauge], ...]
    id: str
    model: str
    version: str


class Part(NamedTuple):
    """One part of a bar: what became of the messages, and where it is drawn, in pixels from the top."""

    fate: str
    top: float
    height: float


class Bar(NamedTuple):
    """One minute: where it begins in per cent of the width, what it says, and its parts from the bottom up."""

    left: float
    says: str
    parts: tuple[Part, ...]


class LiveView(NamedTuple):
    """Traffic, ready to be laid out."""

    log: str
    spooled: str
    total: str
    mix: tuple[tuple[str, str, str], ...]
    bars: tuple[Bar, ...]
    bar_width: float
    scale: tuple[str, ...]
    times: tuple[str, ...]
    says: str
    reasons: tuple[tuple[str, str, str, float], ...]
    latest: tuple[dict[str, Any], ...]


class AboutView(NamedTuple):
    """What is served, ready to be laid out."""

    model: str
    version: str
    inspection: tuple[str, str] | None
    facts: tuple[tuple[str, str], ...]


def reason_words(reason: str) -> str:
    """Say why the guard withholds its trust.

    Examples
    --------
    >>> reason_words("low_confidence"), reason_words("something_new")
    ('It might as well belong to another class.', 'something new')
    """
    return REASON_WORDS.get(reason) or visible(reason).replace("_", " ")


def answer_view_of(shown: Shown) -> AnswerView:
    """Put one answer into words."""
    words = tuple((visible(piece), unfamiliar) for piece, unfamiliar in shown.explanation.words)
    return AnswerView(
        verdict=shown.verdict,
        label=None if shown.label is None else visible(shown.label),
        sent=_sent(shown),
        reasons=tuple((visible(reason).replace("_", " "), reason_words(reason)) for reason in shown.reasons),
        words=words,
        unfamiliar=_unfamiliar(words) if shown.explanation.knows_words else "",
        confidence=_gauge(shown.confidence),
        familiarity=_familiarity(shown),
        alternatives=tuple((visible(label), _gauge(share)) for label, share in shown.explanation.alternatives),
        id=visible(shown.id),
        model=visible(shown.model),
        version=visible(shown.version),
    )


def live_view_of(traffic: Traffic, now: datetime) -> LiveView:
    """Put the traffic of the hour before `now` into words, shares and bars."""
    last = now.astimezone(UTC).replace(second=0, microsecond=0)
    first = last - timedelta(minutes=MINUTES - 1)
    places = [(_place(minute.start, first), minute) for minute in traffic.minutes]
    minutes = [(place, minute) for place, minute in places if 0 <= place < MINUTES]
    totals = {fate: sum(getattr(minute, fate) for _, minute in minutes) for fate in _FATES}
    total = sum(totals.values())
    top = _round_up(max((_asked(minute) for _, minute in minutes), default=0))
    return LiveView(
        log=visible(traffic.log),
        spooled=counted(traffic.spooled, "prediction waits", "predictions wait"),
        total=f"{total:,}",
        mix=tuple((fate, f"{n:,}", percent(n / total) if total else DASH) for fate, n in totals.items()),
        bars=tuple(_bar(place, minute, top) for place, minute in minutes if _asked(minute)),
        bar_width=round(_BAR * 100 / MINUTES, 3),
        scale=(f"{top:,}", f"{top // 2:,}", "0"),
        times=tuple(f"{moment:%H:%M}" for moment in (first, first + timedelta(minutes=MINUTES // 2), last)),
        says=_said(total, totals, [minute for _, minute in minutes]),
        reasons=_reasons(traffic.reasons),
        latest=tuple(_latest(flagged, last) for flagged in traffic.latest),
    )


def about_view_of(about: About) -> AboutView:
    """Put what is served into words."""
    inspection = about.inspection or {}
    facts = [
        ("Version", about.version),
        ("Run", about.run or ""),
        ("Guard", _guard(about.flag_rate)),
        ("Flagged messages", POLICY_WORDS.get(about.policy, about.policy)),
    ]
    return AboutView(
        model=visible(about.model),
        version=visible(about.version),
        inspection=(visible(str(inspection["verdict"])), _inspected(inspection)) if "verdict" in inspection else None,
        facts=tuple((term, visible(text)) for term, text in facts if text),
    )


def _gauge(value: float) -> Gauge:
    if not isfinite(value):
        return Gauge(DASH, None)
    return Gauge(percent(value), round(min(max(value, 0.0), 1.0) * 100, 2))


def _familiarity(shown: Shown) -> Gauge | None:
    """Familiarity beside its threshold, rounded alike; None without a guard."""
    if shown.threshold is None or not isfinite(shown.familiarity):
        return None
    found = _gauge(shown.familiarity)._replace(value=f"{shown.familiarity:.3f}")
    if not isfinite(shown.threshold):
        return found
    return found._replace(mark=_gauge(shown.threshold).at, marked=f"{shown.threshold:.3f}")


def _sent(shown: Shown) -> str:
    """What leaves the service for a flagged message; nothing to say of a trusted one, whose label is sent."""
    if shown.sent is None:
        return "The service sends no label for it."
    if shown.sent != shown.label:
        return f"The service sends the label “{visible(shown.sent)}” instead."
    return "" if shown.verdict == "trusted" else "The service sends this label, and says that it is not to be trusted."


def _unfamiliar(words: Iterable[tuple[str, bool]]) -> str:
    n = sum(unfamiliar for _, unfamiliar in words)
    if not n:
        return "The training messages hold every word of it."
    return f"Marked: {counted(n, 'piece')} that the training messages do not hold."


def _guard(flag_rate: float | None) -> str:
    if flag_rate is None:
        return "none: every answer counts as trusted"
    return f"flags up to {percent(flag_rate)} of ordinary messages"


def _inspected(inspection: dict[str, Any]) -> str:
    """When, and on what."""
    n, messages = inspection.get("n"), inspection.get("messages")
    when = _day(inspection.get("time"))
    on = f"on {messages}" if messages else ""
    of = f"({counted(n, 'message')})" if isinstance(n, int) else ""
    return visible(" ".join(filter(None, (when, on, of))))


def _day(time: object) -> str:
    try:
        moment = time if isinstance(time, datetime) else datetime.fromisoformat(str(time))
    except ValueError:
        return ""
    return f"{moment.day} {moment:%B %Y}"


def _place(start: datetime, first: datetime) -> int:
    """Which minute it is, counted from the first."""
    return (start.astimezone(UTC) - first) // timedelta(minutes=1)


def _asked(minute: Minute) -> int:
    return minute.trusted + minute.flagged + minute.refused


def _round_up(busiest: int) -> int:
    """The top of a scale: an even digit and zeros, so that half of it is a whole number.

    Examples
    --------
    >>> [_round_up(n) for n in (0, 1, 5, 9, 11, 75, 1234)]
    [2, 2, 6, 10, 20, 80, 2000]
    """
    unit = 1
    while busiest > 10 * unit:
        unit *= 10
    return next(top * unit for top in (2, 4, 6, 8, 10) if top * unit >= busiest)


def _bar(place: int, minute: Minute, top: int) -> Bar:
    parts, level = [], 0
    for fate in _FATES:
        n = getattr(minute, fate)
        level += n
        if n:
            parts.append(Part(fate, round(HEIGHT * (1 - level / top), 2), round(HEIGHT * n / top, 2)))
    left = round((place + (1 - _BAR) / 2) * 100 / MINUTES, 3)
    return Bar(left, f"{minute.start.astimezone(UTC):%H:%M} UTC: {_counts(minute)}", tuple(parts))


def _counts(minute: Minute) -> str:
    return ", ".join(f"{getattr(minute, fate):,} {fate}" for fate in _FATES if getattr(minute, fate))


def _said(total: int, totals: dict[str, int], minutes: list[Minute]) -> str:
    """The drawing in a sentence."""
    if not total:
        return "No messages in the last hour."
    busiest = max(minutes, key=_asked)
    mix = ", ".join(f"{n:,} {fate}" for fate, n in totals.items())
    return (
        f"Messages a minute in the last hour: {total:,} in all, {mix}. "
        f"The busiest minute was {busiest.start.astimezone(UTC):%H:%M} UTC with {_asked(busiest):,}."
    )


def _reasons(counts: dict[str, int]) -> tuple[tuple[str, str, str, float], ...]:
    """Name, words, count and length of a bar, the commonest first."""
    most = max(counts.values(), default=0)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(
        (visible(reason).replace("_", " "), reason_words(reason), f"{n:,}", round(100 * n / most, 2))
        for reason, n in ranked
        if n
    )


def _latest(flagged: Flagged, now: datetime) -> dict[str, Any]:
    moment = flagged.time.astimezone(UTC)
    day = "" if moment.date() == now.date() else f"{_day(moment)}, "
    return {
        "time": f"{day}{moment:%H:%M:%S}",
        "iso": moment.isoformat(timespec="seconds"),
        "text": None if flagged.text is None else clipped(visible(flagged.text), LONGEST_TEXT),
        "label": visible(flagged.label),
        "reasons": ", ".join(visible(reason).replace("_", " ") for reason in flagged.reasons),
    }
