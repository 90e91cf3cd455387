"""What limits a comparison: labels that one model does not know, messages it did not answer, too few messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from roadworthy.errors import counted
from roadworthy.inspection import Finding

if TYPE_CHECKING:
    from roadworthy.comparison.summary import Compared
    from roadworthy.data import Dataset
    from roadworthy.models import Answers
    from roadworthy.models.adapt import Model

# Most teams would want to know of a change of this size.
_WORTH_KNOWING = 0.05


def find_notes(
    models: Sequence[Model],
    names: Sequence[str],
    answers: Sequence[Answers],
    datasets: Sequence[Dataset],
    groups: Sequence[Compared],
    *,
    oos_label: str | None,
) -> tuple[Finding, ...]:
    """Every finding, the gravest first."""
    lacking = [
        _found("fail", code, f"{name}: {sentence}")
        for found, name in zip(answers, names, strict=True)
        for code, _, sentence in found.unanswered
    ]
    unknown = [
        note
        for model, name in zip(models, names, strict=True)
        for note in _unknown_labels(model, name, datasets, oos_label)
    ]
    return (*lacking, *unknown, *_sizes(groups), *_alike(groups))


def _found(level: Literal["note", "advisory", "fail"], code: str, message: str) -> Finding:
    return Finding(level=level, code=code, message=message)


def _unknown_labels(model: Model, name: str, datasets: Sequence[Dataset], oos_label: str | None) -> list[Finding]:
    known = {*getattr(model, "classes", ()), oos_label}
    if known == {oos_label}:
        return []
    found = []
    for data in datasets:
        unknown = [label for label in data.classes if label not in known]
        if unknown:
            rows = sum(label in unknown for label in data.labels or ())
            shown = ", ".join(map(repr, unknown[:5])) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
            message = f"{name} does not know {shown}: it is wrong on {counted(rows, 'message')} of {data.name} anyway."
            found.append(_found("advisory", "label_unknown", message))
    return found


def _sizes(groups: Sequence[Compared]) -> list[Finding]:
    """How large a difference must be for so many messages to show it four times in five."""
    whole = [group for group in groups if group.judged and group.kind != "perturbed"]
    few = [
        f"below {100 * group.could_show:.0f} points on {counted(group.accuracy_a.n, f'{group.key} message')}"
        for group in whole
        if group.could_show is not None and group.could_show > _WORTH_KNOWING
    ]
    if not few:
        return []
    message = f"So few messages are not likely to show differences of accuracy {' and '.join(few)}."
    return [_found("advisory", "few_messages", message)]


def _alike(groups: Sequence[Compared]) -> list[Finding]:
    if any(group.disagreement.value for group in groups):
        return []
    return [_found("note", "same_answers", "Both models gave the same label to every message.")]
