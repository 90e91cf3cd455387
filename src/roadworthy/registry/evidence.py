"""What a promotion is decided on: the newest inspection of the version that MLflow knows of."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from roadworthy.mlflow_store import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient

WORSE = "worse"
_PARENT = "mlflow.parentRunId"
_PAGE = 50


class Evidence(NamedTuple):
    """An inspection, as the tags of its run tell it.

    Parameters
    ----------
    run
        The MLflow run.
    gate
        How the gate decided: pass, fail, not enough data; empty where no gate was asked.
    reason
        What the gate said.
    champion
        The version that it was compared with; empty where there was none.
    comparison
        What the comparison found: better, worse, no difference shown; empty where nothing is said.
    """

    run: str
    gate: str
    reason: str
    champion: str
    comparison: str


def newest_inspection(client: MlflowClient, name: str, version: str) -> Evidence | None:
    """Find the newest finished inspection of a version, in whatever experiment it is.

    One by the gate is preferred to a newer one without; a family's run, nested in that of its inspection, is none.
    """
    without: Evidence | None = None
    for found in _inspections(client, name, version):
        if found.gate:
            return found
        without = without or found
    return without


def objection(found: Evidence | None, champion: str | None) -> str | None:
    """Say why a version may not become the champion, or None where it may.

    Examples
    --------
    >>> objection(None, "3")
    'it was not inspected'
    >>> objection(Evidence("a", "pass", "", "2", ""), "3")
    'it was compared with version 2, and the champion is version 3'
    >>> objection(Evidence("a", "pass", "", "3", "better"), "3")
    """
    if found is None:
        return "it was not inspected"
    if found.gate != "pass":
        return _gate_objection(found)
    if found.champion != (champion or ""):
        compared = f"compared with version {found.champion}" if found.champion else "compared with no champion"
        today = f"the champion is version {champion}" if champion else "there is no champion"
        return f"it was {compared}, and {today}"
    if found.comparison == WORSE:
        return f"it is worse than the champion, version {champion}"
    return None


def remedy(found: Evidence | None, model: str) -> str:
    """Say what to do about an objection.

    Examples
    --------
    >>> remedy(None, "models:/intent/2")
    'inspect it: roadworthy inspect models:/intent/2 CLEAN --gate'
    """
    command = f"roadworthy inspect {shlex.quote(model)} CLEAN --gate"
    if found is None:
        return f"inspect it: {command}"
    if found.gate == "fail" or found.comparison == WORSE:
        return f"the report is in run {found.run}"
    if found.gate == "not enough data":
        return f"inspect it on more messages: {command}"
    return f"inspect it again: {command}"


def _gate_objection(found: Evidence) -> str:
    if not found.gate:
        return "it was inspected without the gate"
    said = f": {shortened(found.reason)}" if found.reason else ""
    return {"fail": "the gate failed", "not enough data": "the gate had not enough data"}.get(
        found.gate, f"the gate said {found.gate!r}"
    ) + said


def _inspections(client: MlflowClient, name: str, version: str) -> Iterator[Evidence]:
    """The finished inspections of a version, newest first."""
    experiments = [str(found.experiment_id) for found in client.search_experiments()]
    # The name is compared here: a filter cannot hold every name that a registered model may have.
    asked = (
        "tags.`roadworthy.kind` = 'inspection' and attributes.status = 'FINISHED' "
        f"and tags.`roadworthy.model_version` = '{version}'"
    )
    token: str | None = None
    while True:
        page = client.search_runs(
            experiments, asked, max_results=_PAGE, order_by=["attributes.start_time DESC"], page_token=token
        )
        for run in page:
            if run.data.tags.get("roadworthy.registered_model") == name and _PARENT not in run.data.tags:
                yield _evidence(run)
        token = page.token
        if not token:
            return


def _evidence(run: Any) -> Evidence:
    tags = run.data.tags
    return Evidence(
        run=str(run.info.run_id),
        gate=tags.get("roadworthy.gate", ""),
        reason=tags.get("roadworthy.gate_reason", ""),
        champion=tags.get("roadworthy.champion_version", ""),
        comparison=tags.get("roadworthy.comparison", ""),
    )
