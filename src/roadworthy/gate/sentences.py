"""What a gate says of a bound: the figure, the limit, and by how much it is missed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from roadworthy.inspection import Figure

if TYPE_CHECKING:
    from roadworthy.inspection import Group, Inspection

# What a metric is called, what it says, and what its limit asks for; the figures go where the braces are.
_WORDS = {
    "accuracy": ("accuracy", "accuracy is {}", "at least {} is asked for"),
    "difference": ("the change in accuracy", "accuracy changes by {}", "it may drop by at most {}"),
    "silent_failure_rate": (
        "the silent failure rate",
        "{} are answered wrongly without a warning",
        "at most {} may be",
    ),
    "coverage": ("coverage", "{} are answered without being flagged", "at least {} must be"),
    "calibration_error": ("the calibration error", "the calibration error is {}", "at most {} is allowed"),
    "oov_rate": ("the share of unseen words", "{} of the words were never seen in training", "at most {} may be"),
    "recall": ("recall", "{} of its messages are answered rightly", "at least {} must be"),
    "regression": (
        "the difference to the champion",
        "accuracy differs from the champion's by {}",
        "it must not be worse, and more than {} must be ruled out",
    ),
    "silent_regression": (
        "the difference to the champion",
        "silent failures rise by {} against the champion's",
        "they must not rise",
    ),
}
_POINTS = ("difference", "regression", "silent_regression")
_WHY_UNKNOWN = {
    "calibration_error": "the model states no confidence",
    "oov_rate": "the model has no vocabulary",
}
_MANY_TIMES = 100


def sentence(on: str, metric: str, figure: Figure, limit: float, *, outcome: str, short_by: float | None) -> str:
    """One bound held against one group, in words.

    Examples
    --------
    >>> figure = Figure(value=-0.39, low=-0.45, high=-0.33, n=231)
    >>> print(sentence("messages with typos", "difference", figure, -0.1, outcome="fail", short_by=0.29))
    Messages with typos: accuracy changes by −39 points (−45 to −33, n=231); it may drop by at most 10 points: failed
    by 29 points
    """
    name, what, asked = _WORDS[metric]
    on = on[:1].upper() + on[1:]
    if figure.value is None:
        why = _WHY_UNKNOWN.get(metric, "no message tells it")
        return f"{on}: {name} is unknown, as {why}; {asked.format(amount(abs(limit), metric))}"
    value, interval = _measured(figure, metric, limit)
    ending = _ending(figure, metric, limit, outcome, short_by)
    return f"{on}: {what.format(value)} ({interval}); {asked.format(amount(abs(limit), metric))}: {ending}"


def _ending(figure: Figure, metric: str, limit: float, outcome: str, short_by: float | None) -> str:
    if outcome == "pass":
        return "kept"
    if short_by is not None:
        return f"failed by {amount(short_by, 'calibration_error' if metric == 'calibration_error' else 'difference')}"
    enough = messages_needed(figure, limit)
    told = f"{figure.n:,} message{'' if figure.n == 1 else 's'} cannot tell"
    return told if enough is None else f"{told}, about {enough:,} would"


def messages_needed(figure: Figure, limit: float) -> int | None:
    """About how many messages would tell on which side of its limit a figure is, should it stay what it is.

    An interval narrows with the square root of n. None where no number can be given, or no sensible one.

    Examples
    --------
    >>> messages_needed(Figure(value=0.85, low=0.75, high=0.91, n=60), 0.8)
    240
    >>> messages_needed(Figure(value=0.8, low=0.7, high=0.88, n=60), 0.8) is None
    True
    """
    if figure.value is None or figure.low is None or figure.high is None or figure.value == limit:
        return None
    half = figure.value - figure.low if figure.value > limit else figure.high - figure.value
    needed = figure.n * (half / (figure.value - limit)) ** 2
    if not figure.n < needed <= _MANY_TIMES * figure.n:
        return None
    step: int = 10 ** max(0, math.floor(math.log10(needed)) - 1)
    return math.ceil(round(needed / step, 6)) * step


def amount(value: float, metric: str) -> str:
    """A number in the unit of its metric, with a decimal where it is less than one.

    Examples
    --------
    >>> amount(0.29, "difference"), amount(0.004, "difference"), amount(0.8, "accuracy")
    ('29 points', '0.4 points', '80 %')
    """
    if metric == "calibration_error":
        return f"{value:.2f}"
    unit = " points" if metric in _POINTS else " %"
    said = f"{_number(value)}{unit}"
    return said.removesuffix("s") if said in {"1 points", "−1 points"} else said


def _measured(figure: Figure, metric: str, limit: float) -> tuple[str, str]:
    """The value, which never reads as a limit that it is not, and its interval with the number of messages."""
    value = figure.value or 0.0
    if metric == "calibration_error":
        return f"{value:.2f}", _interval(figure, [f"{end:.2f}" for end in (figure.low, figure.high) if end is not None])
    fine = value != limit and _number(value) == _number(limit)
    unit = " points" if metric in _POINTS else " %"
    ends = [_number(end) for end in (figure.low, figure.high) if end is not None]
    return f"{_number(value, 1 if fine else None)}{unit}", _interval(figure, ends)


def _interval(figure: Figure, ends: list[str]) -> str:
    return f"{' to '.join(ends)}, n={figure.n:,}" if len(ends) == 2 else f"n={figure.n:,}"


def _number(value: float, decimals: int | None = None) -> str:
    hundredths = value * 100
    if decimals is None:
        decimals = 1 if 0 < abs(hundredths) < 0.95 and round(hundredths, 6) != round(hundredths) else 0
    said = f"{hundredths:.{decimals}f}".replace("-", "−")
    return "0" if said in {"−0", "−0.0", "0.0"} else said


def adjective(inspection: Inspection) -> str:
    """What messages of the kind real are called: real only if users sent them."""
    return "real" if inspection.real is None or inspection.real.authentic else "real-user-style"


def group_words(group: Group, real: str) -> str:
    """Which messages a group holds, at the start of a sentence."""
    if group.kind == "clean":
        return "clean messages"
    if group.kind == "perturbed":
        return f"messages with {group.name.replace('_', ' ')} at severity {group.severity}"
    return f"{real} messages"


def group_title(group: Group, real: str) -> str:
    """Which messages a group holds, in the cell of a table."""
    if group.kind == "perturbed":
        return group.name.replace("_", " ")
    return real if group.kind == "real" else "clean"
