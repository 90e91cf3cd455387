"""What a run says of an inspection: metrics, parameters and tags, under names that line up from run to run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from roadworthy.inspection import Figure
from roadworthy.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from roadworthy.gate import Decision
    from roadworthy.inspection import Group, Inspection
    from roadworthy.models.mlflow_model import Registered


Row = tuple[str, int, float]

# What MLflow takes in the name of a metric; the name of a kind or a label may hold anything.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_\-. :/]")
_LONGEST_REASON = 500
REFUSED = "refused"
_FEW = 10


def inspection_metrics(inspection: Inspection) -> list[Row]:
    """Give the figures of an inspection as metrics: name, step (the severity, or 0) and value."""
    rows: list[Row] = []
    for group in inspection.groups:
        prefix = f"{group.name}/" if group.kind == "perturbed" else f"{group.key}/"
        rows += figures(prefix, _group_figures(group), step=group.severity or 0)
    verdicts = [check.verdict for check in inspection.checks]
    return [
        *rows,
        ("checks/failed", 0, float(verdicts.count("fail"))),
        ("checks/advisory", 0, float(verdicts.count("advisory"))),
        ("cost/cpu_seconds_per_1000", 0, inspection.cost.cpu_seconds_per_1000),
        ("cost/memory_mb", 0, inspection.cost.memory_mb),
    ]


def judged_metrics(inspection: Inspection) -> dict[str, float]:
    """Give those figures that a verdict is about, one value a name.

    Those of perturbed messages are of the judged severity alone, and named after it: ``typos/3/accuracy``.
    """
    rows = [row for row in inspection_metrics(inspection) if row[0].partition("/")[0] not in _families(inspection)]
    for group in inspection.of_kind("perturbed"):
        if group.severity == inspection.settings.judged_severity:
            rows += figures(f"{group.key}/", _group_figures(group))
    return {name: value for name, _, value in rows}


def family_metrics(inspection: Inspection, family: str) -> list[Row]:
    """Give the figures of one family, their names without it, so that families line up with one another.

    MLflow's tables show the last step, that is the highest severity; the figures that the verdict is about are there
    as well, under `judged/`.
    """
    rows: list[Row] = []
    for group in inspection.of_kind("perturbed"):
        if group.name == family:
            rows += figures("", _group_figures(group), step=group.severity or 0)
            if group.severity == inspection.settings.judged_severity:
                rows += figures("judged/", _group_figures(group), step=group.severity)
    return rows


def gate_metrics(decision: Decision) -> list[Row]:
    """Give the gate's decision as metrics: whether it passed, and how many bounds failed or lacked data to pass."""
    stopping = [result.outcome for result in decision.stopped_by]
    return [
        ("gate/passed", 0, float(decision.passed)),
        ("gate/failed", 0, float(stopping.count("fail"))),
        ("gate/not_enough_data", 0, float(stopping.count("not enough data"))),
        ("gate/refusals", 0, float(len(decision.refusals))),
    ]


def gate_params(decision: Decision) -> dict[str, object]:
    """Give the bounds that the gate judged by, each as a parameter of its own: ``gate.min_accuracy``."""
    from roadworthy.gate.bounds import bound_text

    bounds: dict[str, Any] = dict(decision.gate)
    drops = bounds.pop("max_drop_of")
    bounds |= {f"max_drop_of.{family}": limit for family, limit in drops.items()}
    return {_NOT_IN_NAMES.sub("_", f"gate.{name}"): bound_text(value) for name, value in bounds.items()}


def inspection_params(inspection: Inspection) -> dict[str, object]:
    """Give what tells one inspection from another: model, messages and settings, as far as they are set."""
    settings, model, real = inspection.settings, inspection.model, inspection.real
    values = {
        "model": model.name,
        "model_type": model.type,
        "guarded": model.guarded,
        "vocabulary_size": model.vocabulary_size,
        "classes": len(model.classes),
        "clean": inspection.clean.name,
        "clean_messages": inspection.clean.n,
        "real": real and real.name,
        "real_messages": real and real.n,
        "suite": settings.suite,
        "families": ", ".join(settings.families),
        "severities": ", ".join(map(str, settings.severities)),
        "judged_severity": settings.judged_severity,
        "seed": settings.seed,
        "sample": settings.sample,
        "oos_label": settings.oos_label,
        "confidence_level": inspection.confidence_level,
        "roadworthy_version": inspection.roadworthy_version,
    }
    return {name: value for name, value in values.items() if value is not None}


def inspection_tags(inspection: Inspection, decision: Decision | None = None) -> dict[str, str]:
    """Give the tags that an inspection is found by, and the note that MLflow shows at the top of its run."""
    found = [f"- {check.sentence}" for check in inspection.checks if check.verdict != "pass"]
    lines = [f"Verdict: **{inspection.verdict}**. The report is among the artifacts."]
    asked = [(group.key, group.accuracy) for group in inspection.groups if group.key in ("clean", "real")]
    lines += ["", *(f"Accuracy on {key} messages: {accuracy}." for key, accuracy in asked if accuracy.n)]
    tags = {
        "roadworthy.kind": "inspection",
        "roadworthy.verdict": inspection.verdict,
        "roadworthy.model": inspection.model.name,
        "roadworthy.data_sha256": inspection.clean.sha256,
    }
    if decision is not None:
        reason = gate_reason(decision)
        tags |= {
            "roadworthy.gate": decision.outcome,
            "roadworthy.gate_reason": reason,
            "roadworthy.gate_refusals": ", ".join(refusal.code for refusal in decision.refusals),
            "roadworthy.gate_bounds": decision.gate.changed,
        }
        lines += ["", f"Gate: **{decision.outcome}**{f' ({reason})' if reason else ''}."]
    note = "\n".join([*lines, "", *found[:_FEW]])
    return tags | {"mlflow.note.content": redact(note)}


def refusal_tags(decision: Decision) -> dict[str, str]:
    """Give the tags of a run that stands for an inspection which could not be made: what is said to be, and why."""
    reason = gate_reason(decision)
    return {
        "roadworthy.kind": "inspection",
        "roadworthy.verdict": "fail",
        "roadworthy.model": decision.model,
        "roadworthy.gate": REFUSED,
        "roadworthy.gate_reason": reason,
        "roadworthy.gate_refusals": ", ".join(refusal.code for refusal in decision.refusals),
        "mlflow.note.content": f"Gate: **{REFUSED}**, for the model could not be inspected: {reason}",
    }


def gate_reason(decision: Decision) -> str:
    """Say in a line why the gate did not pass; empty where it did."""
    if decision.passed:
        return ""
    said = [refusal.message for refusal in decision.refusals]
    said += [result.sentence for result in decision.stopped_by]
    line = redact(" ".join("; ".join(said).split()))
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 1]}…"


def release_tags(registered: Registered | None, champion: Registered | None) -> dict[str, str]:
    """Give the tags by which a release finds the inspection of a version, and the champion it was compared with."""
    if registered is None:
        return {}
    return {
        "roadworthy.registered_model": registered.name,
        "roadworthy.model_version": registered.version,
        "roadworthy.champion_version": "" if champion is None else champion.version,
    }


def figures(prefix: str, named: Mapping[str, Figure], *, step: int = 0) -> list[Row]:
    """Give figures as metrics; an interval becomes NAME_low and NAME_high, and undefined ones are left out.

    Examples
    --------
    >>> figures("clean/", {"accuracy": Figure(value=0.5, low=0.25, n=4)})
    [('clean/accuracy', 0, 0.5), ('clean/accuracy_low', 0, 0.25)]
    """
    rows: list[tuple[str, float | None]] = []
    for name, figure in named.items():
        rows += [(name, figure.value), (f"{name}_low", figure.low), (f"{name}_high", figure.high)]
    return [(_NOT_IN_NAMES.sub("_", prefix + name), step, value) for name, value in rows if value is not None]


def _group_figures(group: Group) -> dict[str, Figure]:
    # Without out-of-scope messages accuracy_all repeats accuracy; clean messages differ from themselves by 0.
    skipped = {"accuracy_all": not group.out_of_scope, "difference": group.kind == "clean"}
    found = {name: figure for name, figure in group if isinstance(figure, Figure) and not skipped.get(name)}
    # MLflow's charts begin with the metric that was logged first: how much was changed is not what they are read for.
    found |= {name: found.pop(name) for name in ("changed",) if name in found}
    recall = group.recall if group.key in ("clean", "real") else {}
    return found | {f"recall/{label}": figure for label, figure in recall.items()}


def _families(inspection: Inspection) -> Sequence[str]:
    return [_NOT_IN_NAMES.sub("_", group.name) for group in inspection.of_kind("perturbed")]
