"""What limits the figures of an inspection: each is said, and none lets a model pass in silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from roadworthy.errors import counted
from roadworthy.inspection.judge import LEAST_CHANGED
from roadworthy.inspection.summary import Figure, Finding, Group, Slice
from roadworthy.metrics import smallest_drop_shown

if TYPE_CHECKING:
    from roadworthy.data import Dataset
    from roadworthy.inspection.measure import Asked
    from roadworthy.models.ask import Unanswered

_HALF, _HALF_WIDTH = 0.5, 0.1
_REPEATED = 0.05


def find_all(
    asked: Asked,
    groups: Sequence[Group],
    clean: Dataset,
    real: Dataset | None,
    train: Dataset | None,
    *,
    oos_label: str | None,
    sampled_from: Sequence[int],
    slices: Sequence[Slice] = (),
    unanswered: Sequence[Unanswered] = (),
) -> tuple[Finding, ...]:
    """Every finding, the gravest first."""
    found = [
        *(Finding(level="fail", code=code, message=sentence) for code, _, sentence in unanswered),
        *_model(asked),
        *_oos_label(asked, oos_label),
        *_trusted(groups),
        *_tested(groups),
        *_overlaps(clean, real, train),
        *_data(groups, clean, real, sampled_from),
        *_confidence(groups),
        *_weak(slices),
    ]
    order = {"fail": 0, "advisory": 1, "note": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.level]))


def _model(asked: Asked) -> list[Finding]:
    found = []
    answered = set(asked.predicted.tolist())
    if len(answered) == 1:
        label = asked.names[answered.pop()]
        found.append(
            Finding(
                level="fail",
                code="constant_model",
                message=f"The model answered {label!r} to every message: it does not classify.",
            )
        )
    if not asked.flagged.any():
        found.append(
            Finding(
                level="note",
                code="no_guard",
                message="The model flags nothing: every answer counts as trusted, so every wrong one is a silent "
                "failure.",
            )
        )
    return found


def _oos_label(asked: Asked, oos_label: str | None) -> list[Finding]:
    if oos_label is None or oos_label in asked.names:
        return []
    return [
        Finding(
            level="advisory",
            code="oos_label_unknown",
            message=f"No message has the out-of-scope label {oos_label!r}, and the model never answers it: check its "
            "spelling.",
        )
    ]


def _trusted(groups: Sequence[Group]) -> list[Finding]:
    """Messages of which the model flags every one, although they belong to its classes: that too is no use to anybody.

    Where all are out of scope, or they are so few that it may be chance, there is nothing to say.
    """
    whole = [group for group in groups if group.kind == "clean" or (group.kind == "real" and group.name == "all")]
    return [
        Finding(
            level="fail",
            code="nothing_trusted",
            message=f"Each of the {counted(group.n, f'{group.kind} message')} was flagged: the model gives no answer "
            "that could be trusted.",
        )
        for group in whole
        if group.n > group.out_of_scope and group.coverage.value == 0 and (group.coverage.high or 0) < _HALF
    ]


def _tested(groups: Sequence[Group]) -> list[Finding]:
    found = []
    perturbed = [group for group in groups if group.kind == "perturbed"]
    idle = [group for group in perturbed if group.n and any(r.startswith("not tested") for r in group.reasons)]
    absent = sorted({group.name for group in perturbed if group.n < LEAST_CHANGED * (group.n + group.not_applicable)})
    if idle:
        shares = ", ".join(f"{group.key} {_percent(group.changed)}" for group in idle)
        found.append(
            Finding(
                level="advisory",
                code="too_few_changed",
                message=f"These changed too few messages to test anything (share changed): {shares}.",
            )
        )
    if absent:
        found.append(
            Finding(
                level="advisory",
                code="not_applicable",
                message=f"Too few messages are in a language that these cover: {', '.join(absent)}.",
            )
        )
    if len(idle) + sum(group.n == 0 for group in perturbed) == len(perturbed):
        found.append(
            Finding(
                level="fail",
                code="nothing_tested",
                message="No perturbation changed the messages: the model was not tested against user noise.",
            )
        )
    return found


def _percent(figure: Figure | None) -> str:
    return "–" if figure is None or figure.value is None else f"{figure.value:.0%}"


def _overlaps(clean: Dataset, real: Dataset | None, train: Dataset | None) -> list[Finding]:
    found = []
    if train is None:
        found.append(
            Finding(
                level="note",
                code="held_out_unknown",
                message="Whether the clean messages were held out from training is not known; give the training "
                "messages (--train) to be sure.",
            )
        )
    if train is not None and (count := clean.overlap(train)):
        found.append(
            Finding(
                level="advisory",
                code="clean_in_training",
                message=f"{_shared(count, clean, 'clean')}: the clean "
                "accuracy is not held out, and says little about new messages.",
            )
        )
    if real is not None and train is not None and (count := real.overlap(train)):
        found.append(
            Finding(
                level="note",
                code="real_in_training",
                message=f"{_shared(count, real, 'real')}.",
            )
        )
    return found


def _shared(count: int, data: Dataset, kind: str) -> str:
    what = "is a training message" if count == 1 else "are training messages"
    return f"{count:,} of the {counted(len(data), f'{kind} message')} {what} as well"


def _data(groups: Sequence[Group], clean: Dataset, real: Dataset | None, sampled_from: Sequence[int]) -> list[Finding]:
    found = []
    if real is not None and real.labels is None:
        found.append(
            Finding(
                level="advisory",
                code="real_unlabelled",
                message="The real messages have no labels: confidence and unseen words are measured, accuracy is not.",
            )
        )
    repeated = len(clean) - len(set(clean.texts))
    if repeated > _REPEATED * len(clean):
        found.append(
            Finding(
                level="advisory",
                code="repeated_messages",
                message=f"{repeated:,} of the {counted(len(clean), 'clean message')} "
                f"{'repeats' if repeated == 1 else 'repeat'} others: the intervals take them for "
                "independent ones, and are too narrow.",
            )
        )
    conflicting = _conflicting(clean)
    if conflicting:
        found.append(
            Finding(
                level="advisory",
                code="conflicting_labels",
                message=f"{counted(conflicting, 'clean text occurs', 'clean texts occur')} more than once, with "
                "different labels.",
            )
        )
    found += _few(groups)
    taken = [("clean", len(clean), sampled_from[0])]
    if real is not None:
        taken.append(("real", len(real), sampled_from[1]))
    parts = [f"{n:,} of the {counted(whole, f'{kind} message')}" for kind, n, whole in taken if n < whole]
    if parts:
        found.append(Finding(level="note", code="sampled", message=f"Inspected on a sample: {' and '.join(parts)}."))
    return found


def _few(groups: Sequence[Group]) -> list[Finding]:
    """What so few messages cannot show."""
    found = []
    accuracy = groups[0].accuracy
    if accuracy.low is not None and accuracy.high is not None and accuracy.high - accuracy.low > 2 * _HALF_WIDTH:
        shown = smallest_drop_shown(accuracy.n)
        found.append(
            Finding(
                level="advisory",
                code="few_messages",
                message=f"{counted(accuracy.n, 'clean message is', 'clean messages are')} few: accuracy is known to "
                f"{accuracy.low:.0%} to "
                f"{accuracy.high:.0%}, and a drop of less than {100 * shown:.0f} points would probably not show.",
            )
        )
    small = [
        (group, smallest_drop_shown(group.difference.n))
        for group in groups
        if group.kind == "perturbed" and 0 < group.difference.n < groups[0].accuracy.n / 2
    ]
    unsure = [(group, drop) for group, drop in small if drop > _HALF_WIDTH]
    if unsure:
        told = ", ".join(f"{group.key} {group.difference.n:,} ({100 * drop:.0f} points)" for group, drop in unsure)
        found.append(
            Finding(
                level="note",
                code="few_changed_messages",
                message=f"These changed few messages; the smallest drop that they would probably show: {told}.",
            )
        )
    return found


def _weak(slices: Sequence[Slice]) -> list[Finding]:
    weak = sorted((part for part in slices if part.weak), key=lambda part: part.difference.value or 0.0)
    if not weak:
        return []
    worst = weak[0]
    where = f"{worst.messages} messages with {worst.by} {worst.value!r}"
    accuracy, points = worst.accuracy, abs(worst.difference.value or 0.0) * 100
    more = f" {len(weak) - 1:,} more slices are weak." if len(weak) > 1 else ""
    return [
        Finding(
            level="advisory",
            code="weak_slices",
            message=f"The model is weakest on {where}: accuracy {accuracy.value or 0.0:.0%} (n={accuracy.n:,}), "
            f"{points:.0f} points below the others.{more}",
        )
    ]


def _conflicting(data: Dataset) -> int:
    labels: dict[str, set[str]] = {}
    for text, label in zip(data.texts, data.labels or (), strict=True):
        labels.setdefault(text, set()).add(label)
    return sum(len(found) > 1 for found in labels.values())


def _confidence(groups: Sequence[Group]) -> list[Finding]:
    if groups[0].mean_confidence.value is not None:
        return []
    return [
        Finding(
            level="note",
            code="no_confidence",
            message="The model states no confidence: calibration cannot be measured.",
        )
    ]
