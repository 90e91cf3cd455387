"""What a promotion is decided on: the newest inspection of the version that MLflow knows of."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from roadworthy.mlflow_store import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient

    from roadworthy.registry.journal import Entry

WORSE = "worse"
_PARENT = "mlflow.parentRunId"
_PAGE = 50


class Evidence(NamedTuple):
    """An inspection, as the tags of its run tell it.

    Parameters
    ----------
    run
        The MLflow run.
    at
        When that was begun; the inspection is written down where it ends.
    gate
        How the gate decided: pass, fail, not enough data, or refused where nothing could be inspected; empty where no
        gate was asked.
    reason
        What the gate said.
    champion
        The version that it was compared with; empty where there was none.
    comparison
        What the comparison found: better, worse, no difference shown; empty where nothing is said.
    bounds
        The bounds by which it was judged that differ from the defaults, in words; empty where none does.
    """

    run: str
    at: datetime
    gate: str
    reason: str
    champion: str
    comparison: str
    bounds: str = ""


def newest_inspection(client: MlflowClient, name: str, version: str) -> Evidence | None:
    """Find the newest inspection of a version, in whatever experiment it is.

    One by the gate is preferred to a newer one without; a family's run, nested in that of its inspection, is none. What
    the gate let through counts once its run has ended well, what it did not let through counts at once.
    """
    without: Evidence | None = None
    for found in _inspections(client, name, version):
        if found.gate:
            return found
        without = without or found
    return without


def objection(found: Evidence | None, champion: str | None, rolled_back: Entry | None = None) -> str | None:
    """Say why a version may not become the champion, or None where it may.

    Parameters
    ----------
    found
        Its newest inspection.
    champion
        The version that is the champion now.
    rolled_back
        The last time that the version was rolled back: what was inspected before that says nothing any more.

    Examples
    --------
    >>> at = datetime(2026, 3, 1, tzinfo=UTC)
    >>> objection(None, "3")
    'it was not inspected'
    >>> objection(Evidence("a", at, "pass", "", "2", ""), "3")
    'it was compared with version 2, and the champion is version 3'
    >>> objection(Evidence("a", at, "pass", "", "3", "better"), "3")
    """
    if found is None:
        return "it was not inspected"
    if found.gate != "pass":
        return _gate_objection(found)
    if rolled_back is not None and _is_stale(found, rolled_back):
        return f"it was rolled back after its newest inspection, {_rollback_in_words(rolled_back)}"
    if found.champion != (champion or ""):
        compared = f"compared with version {found.champion}" if found.champion else "compared with no champion"
        today = f"the champion is version {champion}" if champion else "there is no champion"
        return f"it was {compared}, and {today}"
    if found.comparison == WORSE:
        return f"it is worse than the champion, version {champion}"
    return None


def remedy(found: Evidence | None, model: str, rolled_back: Entry | None = None) -> str:
    """Say what to do about an objection.

    Examples
    --------
    >>> remedy(None, "models:/intent/2")
    'inspect it: roadworthy inspect models:/intent/2 CLEAN --gate'
    """
    command = f"roadworthy inspect {shlex.quote(model)} CLEAN --gate"
    if found is None:
        return f"inspect it: {command}"
    is_worse = found.comparison == WORSE and not _is_stale(found, rolled_back)
    if found.gate == "fail" or is_worse:
        return f"the report is in run {found.run}"
    if found.gate == "not enough data":
        return f"inspect it on more messages: {command}"
    return f"inspect it again: {command}"


def _gate_objection(found: Evidence) -> str:
    if not found.gate:
        return "it was inspected without the gate"
    said = f": {shortened(found.reason)}" if found.reason else ""
    told = {
        "fail": "the gate failed",
        "not enough data": "the gate had not enough data",
        "refused": "the gate refused it, for it could not be inspected",
    }
    return told.get(found.gate, f"the gate said {found.gate!r}") + said


def _is_stale(found: Evidence, rolled_back: Entry | None) -> bool:
    return rolled_back is not None and found.at <= rolled_back.since


def _rollback_in_words(entry: Entry) -> str:
    when = entry.since.isoformat(timespec="seconds")
    why = f": {shortened(entry.reason)}" if entry.reason else ""
    return f"on {when} by {entry.by}, back to version {entry.version}{why}"


def _inspections(client: MlflowClient, name: str, version: str) -> Iterator[Evidence]:
    """The inspections of a version that count, newest first."""
    experiments = [str(found.experiment_id) for found in client.search_experiments()]
    # The name is compared here: a filter cannot hold every name that a registered model may have.
    asked = f"tags.`roadworthy.kind` = 'inspection' and tags.`roadworthy.model_version` = '{version}'"
    token: str | None = None
    while True:
        page = client.search_runs(
            experiments, asked, max_results=_PAGE, order_by=["attributes.start_time DESC"], page_token=token
        )
        for run in page:
            if run.data.tags.get("roadworthy.registered_model") == name and _counts(run):
                yield _evidence(run)
        token = page.token
        if not token:
            return


def _counts(run: Any) -> bool:
    """Whether it is an inspection of its own, and one that passed was written down to its end."""
    is_ended = run.info.status == "FINISHED" or run.data.tags.get("roadworthy.gate", "pass") != "pass"
    return is_ended and _PARENT not in run.data.tags


def _evidence(run: Any) -> Evidence:
    tags = run.data.tags
    return Evidence(
        run=str(run.info.run_id),
        at=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        gate=tags.get("roadworthy.gate", ""),
        reason=tags.get("roadworthy.gate_reason", ""),
        champion=tags.get("roadworthy.champion_version", ""),
        comparison=tags.get("roadworthy.comparison", ""),
        bounds=tags.get("roadworthy.gate_bounds", ""),
    )
