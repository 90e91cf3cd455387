"""The one sentence below the verdict: why it is what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadworthy.errors import counted
from roadworthy.report.wording import (
    adjective,
    apart,
    cell,
    group_words,
    listed,
    metric_words,
    percent,
    unit_of,
)

if TYPE_CHECKING:
    from roadworthy.inspection.summary import Check, Inspection

_KIND_WEIGHT = {"real": 2, "perturbed": 1, "clean": 0}


def headline(inspection: Inspection) -> str:
    """Say why: the check furthest from its bound, a finding, or the figures that hold."""
    if inspection.verdict == "pass":
        return _passed(inspection)
    grave = [finding.message for finding in inspection.findings if finding.level == "fail"]
    decisive = [check for check in inspection.checks if check.verdict == inspection.verdict]
    if decisive:
        said = "failed" if inspection.verdict == "fail" else "gave cause for caution"
        share = f"{len(decisive):,} of {counted(len(inspection.checks), 'check')} {said}."
        if grave:
            return f"{grave[0]} {share}"
        return f"{share} {_told(_gravest(decisive, inspection), inspection)}"
    found = [finding.message for finding in inspection.findings if finding.level == inspection.verdict]
    judged = [group for group in inspection.groups if group.verdict == inspection.verdict]
    reasons = [reason for group in judged for reason in group.reasons]
    return next(iter(found + reasons), "No bound could be checked.")


def _passed(inspection: Inspection) -> str:
    if not inspection.checks:
        return "No bound was checked, so nothing failed."
    figures = [
        f"{percent(group.accuracy.value)} on {group_words(group, adjective(inspection))}"
        for group in inspection.groups
        if group.key in ("clean", "real") and group.accuracy.value is not None
    ]
    n = len(inspection.checks)
    share = "The only check passed" if n == 1 else f"All {counted(n, 'check')} passed"
    return f"{share}: accuracy is {listed(figures)}." if figures else f"{share}."


def _gravest(checks: list[Check], inspection: Inspection) -> Check:
    """The check whose interval goes furthest beyond its bound; real messages count before perturbed ones."""
    kinds = {group.key: group.kind for group in inspection.groups}
    most = {bound.name for bound in inspection.bounds if bound.at_most}

    def weight(check: Check) -> tuple[bool, int, float]:
        low, high = check.figure.low, check.figure.high
        known = low is not None and high is not None
        beyond = (
            0.0 if low is None or high is None else high - check.limit if check.bound in most else check.limit - low
        )
        return known, _KIND_WEIGHT.get(kinds.get(check.group, ""), 0), beyond

    return max(checks, key=weight)


def _told(check: Check, inspection: Inspection) -> str:
    bound = next((bound for bound in inspection.bounds if bound.name == check.bound), None)
    group = next((group for group in inspection.groups if group.key == check.group), None)
    if bound is None or group is None or check.figure.value is None:
        return check.sentence
    unit = unit_of(bound.metric)
    value, limit = apart(check.figure.value, check.limit, unit)
    interval = cell(check.figure, unit).interval
    figure = f"{value} (interval {interval})" if interval else value
    asked = "at most" if bound.at_most else "at least"
    words = group_words(group, adjective(inspection))
    return f"On {words}, the {metric_words(bound.metric)} is {figure}; the bound asks for {asked} {limit}."
