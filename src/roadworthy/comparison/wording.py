"""A comparison in words: which messages, what changed on them, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roadworthy.comparison.summary import Compared
    from roadworthy.inspection import Figure


def reasons_for(groups: Sequence[Compared], *, authentic: bool = True) -> tuple[str, ...]:
    """One sentence for each judged group that shows a difference, those that are worse first."""
    shown = [group for group in groups if group.judged and group.outcome != "no difference shown"]
    shown.sort(key=lambda group: group.outcome != "worse")
    return tuple(f"{group_words(group, authentic=authentic)}: {_changes(group)}" for group in shown)


def group_words(group: Compared, *, authentic: bool = True) -> str:
    """Which messages a group holds, at the start of a sentence."""
    if group.kind == "clean":
        return "clean messages"
    if group.kind == "perturbed":
        return f"messages with {group.name.replace('_', ' ')} at severity {group.severity}"
    real = "real" if authentic else "real-user-style"
    return f"{real} messages" if group.key == "real" else f"{real} messages ({group.name})"


def _changes(group: Compared) -> str:
    said = []
    if group.q_value is not None and group.difference.value:
        said.append(f"accuracy {in_points(group.difference)}, q={in_q(group.q_value)}")
    if group.silent_failure_q_value is not None and group.silent_failure_difference.value:
        figure = group.silent_failure_difference
        said.append(f"silent failures {in_points(figure)}, q={in_q(group.silent_failure_q_value)}")
    return f"{'; '.join(said)}: {group.outcome}"


def in_points(difference: Figure) -> str:
    """A difference in points, with its interval and n.

    Examples
    --------
    >>> from roadworthy.inspection import Figure
    >>> in_points(Figure(value=-0.052, low=-0.081, high=-0.02, n=240))
    '−5.2 points (−8.1 to −2.0, n=240)'
    >>> in_points(Figure(n=0))
    'unknown'
    """
    if difference.value is None or difference.low is None or difference.high is None:
        return "unknown"
    low, high = points(difference.low), points(difference.high)
    return f"{points(difference.value)} points ({low} to {high}, n={difference.n:,})"


def points(share: float) -> str:
    """A difference of shares, as points with their sign.

    Examples
    --------
    >>> points(0.031), points(-0.5), points(-0.0001)
    ('+3.1', '−50.0', '0.0')
    """
    said = f"{100 * share:+.1f}".replace("-", "−")
    return "0.0" if said in {"+0.0", "−0.0"} else said


def in_q(q: float) -> str:
    """A corrected p-value, no more exactly than it deserves.

    Examples
    --------
    >>> in_q(0.0312), in_q(0.00000004)
    ('0.031', '<0.001')
    """
    return f"{q:.3f}" if q >= 0.001 else "<0.001"
