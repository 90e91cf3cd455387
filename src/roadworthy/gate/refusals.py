"""What a gate lets nothing through for, whatever the figures are: each is something that would hide a failure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from roadworthy.errors import counted
from roadworthy.gate.decision import Refusal
from roadworthy.gate.judge import labelled
from roadworthy.inspection.judge import changed_too_few

if TYPE_CHECKING:
    from roadworthy.comparison import Comparison
    from roadworthy.gate.bounds import Gate
    from roadworthy.inspection import Group, Inspection

# A model is not judged on what it was trained on: drop these rows from the clean messages.
NOT_HELD_OUT = ("clean_in_training",)


def refusals_of(
    inspection: Inspection, gate: Gate, comparison: Comparison | None, champion: str | None
) -> Iterator[Refusal]:
    """Every reason to refuse, what is wrong with the model and its messages first."""
    yield from _rows(inspection)
    yield from (
        Refusal(code=found.code, message=found.message)
        for found in inspection.findings
        if found.level == "fail" or found.code in NOT_HELD_OUT
    )
    yield from _unknown_labels(inspection)
    yield from _families(inspection, gate)
    yield from _real(inspection, gate)
    yield from _champion(inspection, gate, comparison, champion)


def _rows(inspection: Inspection) -> Iterator[Refusal]:
    """Messages that were given and not inspected; none may go missing on the way."""
    given = {"clean": inspection.clean.n, "perturbed": inspection.clean.n}
    if inspection.real is not None:
        given["real"] = inspection.real.n
    if not inspection.clean.n or not inspection.of_kind("clean"):
        yield Refusal(code="no_rows", message="There were no clean messages to inspect.")
        return
    for group in inspection.groups:
        n = given.get(group.kind, 0)
        whole = group.kind != "real" or group.name == "all"
        if whole and group.n + group.not_applicable != n:
            skipped = n - group.n - group.not_applicable
            yield Refusal(
                code="skipped_rows",
                message=f"{skipped:,} of {counted(n, f'{group.kind} message')} "
                f"{'was' if skipped == 1 else 'were'} not inspected ({group.key}).",
            )


def _unknown_labels(inspection: Inspection) -> Iterator[Refusal]:
    """Labels that a model, of which only the answers are known, never gave to anything."""
    if any(found.code == "constant_model" for found in inspection.findings):
        return
    known = {*inspection.model.classes, inspection.settings.oos_label}
    for group in labelled([g for g in inspection.groups if g.key in ("clean", "real")]):
        never = [label for label in group.recall if label not in known]
        if never:
            rows = sum(group.recall[label].n for label in never)
            shown = ", ".join(map(repr, never[:5])) + (f" and {len(never) - 5} more" if len(never) > 5 else "")
            who = counted(rows, f"{group.key} message has", f"{group.key} messages have")
            yield Refusal(code="unknown_label", message=f"{who} labels that the model never answers: {shown}.")


def _families(inspection: Inspection, gate: Gate) -> Iterator[Refusal]:
    tried = {group.name: group for group in inspection.of_kind("perturbed") if _is_judged(group, inspection)}
    if gate.max_drop is not None or gate.max_drop_of:
        idle = [
            group for group in tried.values() if gate.limit_of_drop(group.name) is not None and changed_too_few(group)
        ]
        if idle and not any(found.code == "nothing_tested" for found in inspection.findings):
            shares = ", ".join(f"{group.key} {(group.changed and group.changed.value) or 0:.0%}" for group in idle)
            yield Refusal(
                code="family_changed_too_little",
                message=f"Families that changed too few of the messages to test the model (share changed): {shares}.",
            )
    for family in gate.max_drop_of:
        group = tried.get(family)
        if group is None:
            near = difflib.get_close_matches(family, tried, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            yield Refusal(
                code="family_not_tried", message=f"max_drop_of names {family!r}, which the suite did not try{hint}"
            )
        elif not group.n and gate.max_drop_of[family] is not None:
            yield Refusal(
                code="family_not_tried",
                message=f"max_drop_of names {family!r}, which covers the language of no message.",
            )


def _is_judged(group: Group, inspection: Inspection) -> bool:
    return group.severity == inspection.settings.judged_severity


def _real(inspection: Inspection, gate: Gate) -> Iterator[Refusal]:
    if not gate.asks_for("max_drop_on_real"):
        return
    users = inspection.of_kind("real")
    if not labelled(users):
        what = "there are none; give them with --real" if not users else "those given have no labels"
        yield Refusal(
            code="no_real_messages",
            message=f"The gate asks for max_drop_on_real, which needs labelled real messages, and {what}.",
        )


def _champion(
    inspection: Inspection, gate: Gate, comparison: Comparison | None, champion: str | None
) -> Iterator[Refusal]:
    if gate.max_regression is None:
        return
    if comparison is None and champion is not None:
        yield Refusal(
            code="champion_not_compared",
            message=f"There is a champion, {champion}, and the model was not compared with it.",
        )
    if comparison is not None and comparison.clean.sha256 != inspection.clean.sha256:
        yield Refusal(
            code="compared_on_other_messages",
            message=f"The model was compared with {comparison.a} on other messages than it was inspected on.",
        )
