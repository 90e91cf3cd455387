"""How figures, groups and verdicts are put into words: the same in every renderer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from roadworthy.inspection.summary import Figure, Group, Inspection, Kind

Unit = Literal["percent", "points", "decimal"]

DASH = "–"
NBSP = "\u00a0"
REAL, IMITATED = "real", "real-user-style"
VERDICTS = ("pass", "advisory", "fail")
VERDICT_RANK = {"note": 0, **{verdict: rank for rank, verdict in enumerate(VERDICTS)}}
VERDICT_SIGNS = {"pass": "✓", "advisory": "!", "not tested": "!", "fail": "✗", "note": "i"}
METRICS: Mapping[str, tuple[str, Unit]] = {
    "accuracy": ("accuracy", "percent"),
    "accuracy_all": ("accuracy over all messages", "percent"),
    "difference": ("change in accuracy", "points"),
    "flip_rate": ("share of flipped answers", "percent"),
    "mean_confidence": ("mean confidence", "percent"),
    "calibration_error": ("calibration error", "decimal"),
    "oov_rate": ("share of unseen words", "percent"),
    "silent_failure_rate": ("silent failure rate", "percent"),
    "coverage": ("coverage", "percent"),
    "sink": ("share of wrong answers with one label", "percent"),
    "recall": ("recall", "percent"),
}


# What stands in quotation marks is a user's own text.
_REAL_MESSAGES = re.compile(r"""(?<!\w)(?P<quote>['"]).*?(?P=quote)(?!\w)|\b[Rr]eal(?=(?: [\w-]+)? messages\b)""")


@dataclass(frozen=True)
class Cell:
    """A figure ready to print; `low`, `at` and `high` lie on a scale of 0 to 100, None where undefined."""

    value: str
    interval: str
    n: str
    low: float | None = None
    at: float | None = None
    high: float | None = None

    @property
    def defined(self) -> bool:
        """There is a value to show."""
        return self.at is not None

    def __str__(self) -> str:
        return f"{self.value} ({self.interval})" if self.interval else self.value


NOTHING = Cell(DASH, "", "0")


def metric_words(metric: str) -> str:
    """Say what a metric is called in a sentence.

    Examples
    --------
    >>> metric_words("oov_rate"), metric_words("worst_recall")
    ('share of unseen words', 'worst recall')
    """
    return METRICS[metric][0] if metric in METRICS else metric.replace("_", " ")


def unit_of(metric: str) -> Unit:
    """Name the unit that a metric is printed in; an unknown one is taken for a share."""
    return METRICS[metric][1] if metric in METRICS else "percent"


def percent(value: float | None) -> str:
    """Say a share in per cent, rounded so that only 0 reads as 0 and only 1 as 100.

    Examples
    --------
    >>> [percent(x).replace(NBSP, " ") for x in (0.567, 0.004, 0.9999, 1.0, None)]
    ['57 %', '0.4 %', '> 99.9 %', '100 %', '–']
    """
    return DASH if value is None else f"{_share(value)}{NBSP}%"


def _share(value: float) -> str:
    if value < 0:
        return f"−{_share(-value)}"
    if 0 < value <= 0.0005:
        return f"<{NBSP}0.1"
    if 0.9995 <= value < 1:
        return f">{NBSP}99.9"
    near_an_end = 0 < value < 0.01 or 0.99 < value < 1
    return f"{value * 100:.1f}" if near_an_end else f"{value * 100:.0f}"


def points(value: float | None) -> str:
    """Say a change of a share in percentage points, always with its sign.

    Examples
    --------
    >>> points(-0.394).replace(NBSP, " "), points(0.02).replace(NBSP, " "), points(None)
    ('−39 pp', '+2 pp', '–')
    """
    return DASH if value is None else f"{_signed(value)}{NBSP}pp"


def _signed(value: float) -> str:
    whole = round(value * 100)
    return f"−{-whole}" if whole < 0 else f"+{whole}" if whole else "0"


def quantity(value: float | None, unit: Unit) -> str:
    """Say a number in its unit.

    Examples
    --------
    >>> quantity(0.2437, "decimal")
    '0.24'
    """
    if value is None:
        return DASH
    if unit == "decimal":
        return f"{value:.2f}"
    return points(value) if unit == "points" else percent(value)


def apart(value: float, limit: float, unit: Unit) -> tuple[str, str]:
    """Say a value and its limit, with more decimals where rounding would make them look the same.

    Examples
    --------
    >>> [x.replace(NBSP, " ") for x in apart(0.7478, 0.75, "percent")]
    ['74.8 %', '75.0 %']
    """
    said = quantity(value, unit), quantity(limit, unit)
    if said[0] != said[1] or value == limit:
        return said
    if unit == "decimal":
        return f"{value:.3f}", f"{limit:.3f}"
    suffix = f"{NBSP}%" if unit == "percent" else f"{NBSP}pp"
    exact = "+.1f" if unit == "points" else ".1f"
    return tuple(f"{x * 100:{exact}}".replace("-", "−") + suffix for x in (value, limit))  # type: ignore[return-value]


def cell(figure: Figure | None, unit: Unit = "percent") -> Cell:
    """Format a figure: its value, its interval ('50 to 63 %') and its n.

    Examples
    --------
    >>> from roadworthy.inspection.summary import Figure
    >>> shown = cell(Figure(value=0.567, low=0.503, high=0.63, n=1231))
    >>> shown.interval.replace(NBSP, " "), shown.n
    ('50 to 63 %', '1,231')
    """
    if figure is None or figure.value is None:
        return Cell(DASH, "", f"{figure.n if figure else 0:,}")
    value, n = quantity(figure.value, unit), f"{figure.n:,}"
    if figure.low is None or figure.high is None:
        return Cell(value, "", n, at=_place(figure.value))
    return Cell(
        value,
        _between(figure.low, figure.high, unit),
        n,
        _place(figure.low),
        _place(figure.value),
        _place(figure.high),
    )


def _between(low: float, high: float, unit: Unit) -> str:
    if unit == "decimal":
        return f"{low:.2f} to {high:.2f}"
    say = _share if unit == "percent" else _signed
    return f"{say(low)} to {say(high)}{NBSP}{'%' if unit == 'percent' else 'pp'}"


def _place(value: float) -> float:
    return round(min(max(value, 0.0), 1.0) * 100, 2)


def adjective(inspection: Inspection) -> str:
    """Say how the messages of kind real are called: real only if users sent them, real-user-style otherwise."""
    return REAL if inspection.real is None or inspection.real.authentic else IMITATED


def kind_words(kind: Kind, real: str) -> str:
    """Name a kind of messages on its own; `real` is the `adjective` of the inspection, here and below.

    Examples
    --------
    >>> kind_words("perturbed", REAL), kind_words("real", REAL), kind_words("real", IMITATED)
    ('perturbed', 'real', 'real-user style')
    """
    return real.replace("-style", " style") if kind == "real" else kind


def kind_title(kind: Kind, real: str) -> str:
    """Name a kind of messages as a title.

    Examples
    --------
    >>> kind_title("clean", REAL), kind_title("real", IMITATED)
    ('Clean messages', 'Real-user-style messages')
    """
    return f"{(real if kind == 'real' else kind).capitalize()} messages"


def group_words(group: Group, real: str) -> str:
    """Say which messages a group holds, for the inside of a sentence."""
    if group.kind == "clean":
        return "clean messages"
    if group.kind == "perturbed":
        noise = name_words(group.name if group.profile is None else f"the noise of the profile {group.profile}")
        return f"messages with {noise} at severity {group.severity}"
    return f"{real} messages" if group.name == "all" else f"{real} messages of the kind '{name_words(group.name)}'"


def group_title(group: Group, real: str) -> str:
    """Say which messages a group holds, for a table's first column."""
    if group.kind == "clean":
        return "clean"
    if group.kind == "perturbed":
        return f"{name_words(group.name)}, severity {group.severity}"
    return f"{kind_words('real', real)}, {name_words(group.name)}"


def restated(sentence: str, real: str) -> str:
    """Call real messages by their adjective in a sentence that the inspection wrote.

    Examples
    --------
    >>> restated("Real in-scope messages", IMITATED), restated("It answered 'real messages'", IMITATED)
    ('Real-user-style in-scope messages', "It answered 'real messages'")
    """
    return _REAL_MESSAGES.sub(lambda found: found[0] if found["quote"] else found[0][0] + real[1:], sentence)


def name_words(name: str) -> str:
    """Write a family or kind as words.

    Examples
    --------
    >>> name_words("mixed_languages")
    'mixed languages'
    """
    return name.replace("_", " ")


def listed(words: list[str]) -> str:
    """Join words as people list them.

    Examples
    --------
    >>> listed(["slang"]), listed(["slang", "emoji", "typos"])
    ('slang', 'slang, emoji and typos')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
