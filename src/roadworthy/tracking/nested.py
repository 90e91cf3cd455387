"""One nested run a family, in which MLflow compares families as it compares runs."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from roadworthy.tracking.figures import family_metrics

if TYPE_CHECKING:
    from roadworthy.inspection import Inspection
    from roadworthy.tracking.run import OpenRun

_WORST_LAST = ("pass", "advisory", "fail")


def log_families(run: OpenRun, inspection: Inspection) -> None:
    """Log one run a family, nested in that of the inspection.

    Its name is the family's; its metrics are those of the inspection without the family in their names, and their
    step is the severity. So the compare view puts families side by side, and charts each over its severities.
    """
    # MLflow lists the newest run first: made backwards, they stand in the order of the suite.
    for family in reversed(dict.fromkeys(group.name for group in inspection.of_kind("perturbed"))):
        _log_family(run, inspection, family)


def _log_family(run: OpenRun, inspection: Inspection, family: str) -> None:
    settings = inspection.settings
    tags = {
        "mlflow.parentRunId": run.run_id,
        "mlflow.source.name": "roadworthy",
        "mlflow.source.type": "LOCAL",
        "roadworthy.kind": "family",
        "roadworthy.family": family,
        "roadworthy.model": inspection.model.name,
        "mlflow.note.content": f"Messages with {family}; the step of a metric is the severity. The verdict is about "
        f"severity {settings.judged_severity}, whose figures stand under judged/.",
    }
    verdict = _verdict(inspection, family)
    if verdict is not None:
        tags["roadworthy.verdict"] = verdict
    params = {
        "family": family,
        "model": inspection.model.name,
        "clean": inspection.clean.name,
        "judged_severity": settings.judged_severity,
        "seed": settings.seed,
    }
    child = run.child(family, tags)
    try:
        child.log_values(family_metrics(inspection, family), params)
    except BaseException:
        with suppress(Exception):
            child.end("FAILED")
        raise
    child.end("FINISHED")


def _verdict(inspection: Inspection, family: str) -> str | None:
    """The worst verdict on a family; None where no bound applies to it."""
    found = [group.verdict for group in inspection.of_kind("perturbed") if group.name == family and group.verdict]
    return max(found, key=_WORST_LAST.index) if found else None
