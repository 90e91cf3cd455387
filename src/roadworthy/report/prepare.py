"""An inspection made ready for every renderer: hostile characters are shown, and messages are called what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadworthy.report.inert import all_visible
from roadworthy.report.wording import REAL, adjective, restated

if TYPE_CHECKING:
    from roadworthy.inspection.summary import Inspection


def prepared(inspection: Inspection) -> Inspection:
    """Make every string `visible`; where the messages only imitate users, no sentence of ours calls them real."""
    found = all_visible(inspection)
    real = adjective(found)
    return found if real == REAL else _restated(found, real)


def _restated(found: Inspection, real: str) -> Inspection:
    def say(sentence: str) -> str:
        return restated(sentence, real)

    bounds = [
        bound.model_copy(update={"name": say(bound.name), "sentence": say(bound.sentence)}) for bound in found.bounds
    ]
    checks = [
        check.model_copy(update={"bound": say(check.bound), "sentence": say(check.sentence)}) for check in found.checks
    ]
    groups = [group.model_copy(update={"reasons": tuple(map(say, group.reasons))}) for group in found.groups]
    findings = [finding.model_copy(update={"message": say(finding.message)}) for finding in found.findings]
    return found.model_copy(
        update={
            "bounds": tuple(bounds),
            "checks": tuple(checks),
            "groups": tuple(groups),
            "findings": tuple(findings),
        }
    )
