"""The rows of every table of the report, each made from one part of an inspection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from roadworthy.report.inert import clipped, marked
from roadworthy.report.wording import (
    DASH,
    NOTHING,
    VERDICT_RANK,
    Cell,
    adjective,
    apart,
    cell,
    group_title,
    group_words,
    kind_title,
    kind_words,
    name_words,
    percent,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from roadworthy.inspection.summary import Check, Confusion, Example, Figure, Group, Histogram, Inspection, Sink

LONGEST_MESSAGE = 280
UNKNOWN_LAST = 101.0

# The least share of the wrong answers that is worth a line.
LEAST_SINK = 0.1


@dataclass(frozen=True)
class FamilyRow:
    """One family: its accuracy at each severity, and what happened at the judged one."""

    name: str
    accuracy: tuple[Cell, ...]
    change: Cell
    flips: Cell
    said: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class GroupRow:
    """Every figure of one group; `said` is its verdict, or a dash where no bound applies to it."""

    key: str
    kind: str
    title: str
    name: str
    n: str
    accuracy: Cell
    accuracy_all: Cell
    change: Cell
    flips: Cell
    changed: Cell
    confidence: Cell
    calibration: Cell
    oov: Cell
    silent: Cell
    coverage: Cell
    sink: str
    said: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class ConfusionRow:
    """How often one label was answered as another; `width` is the share on a scale of 0 to 100."""

    kind: str
    label: str
    predicted: str
    counts: str
    share: str
    width: float


@dataclass(frozen=True)
class SinkRow:
    """The label that a group's wrong answers pile into."""

    title: str
    words: str
    label: str
    share: Cell


@dataclass(frozen=True)
class SliceRow:
    """Messages that share something and are shown to be answered worse than the others."""

    kind: str
    by: str
    value: str
    n: str
    accuracy: Cell
    change: Cell
    silent: Cell


@dataclass(frozen=True)
class ExampleRow:
    """A message to read, cut into parts that are in the model's vocabulary or not."""

    title: str
    parts: tuple[tuple[str, bool], ...]
    clean_text: str | None
    label: str
    predicted: str
    confidence: str
    clean_confidence: str
    unseen: tuple[str, ...]
    flagged: bool

    @property
    def text(self) -> str:
        """The message as it was sent."""
        return "".join(part for part, _ in self.parts)


@dataclass(frozen=True)
class CheckRow:
    """One bound held against one group."""

    group: str
    bound: str
    cell: Cell
    limit: str
    verdict: str


@dataclass(frozen=True)
class Bars:
    """Right and wrong answers by confidence, of one kind of messages."""

    kind: str
    title: str
    right: tuple[int, ...]
    wrong: tuple[int, ...]

    @property
    def rows(self) -> tuple[tuple[str, int, int], ...]:
        """Each range of confidence with its counts of right and wrong answers."""
        n = len(self.right)
        edges = [f"{i * 100 / n:.0f} to {(i + 1) * 100 / n:.0f} %" for i in range(n)]
        return tuple(zip(edges, self.right, self.wrong, strict=True))


def family_rows(found: Inspection, severities: Sequence[int], judged: int | None) -> tuple[FamilyRow, ...]:
    """Make one row a family, the least accurate at the judged severity first."""
    perturbed = [group for group in found.of_kind("perturbed") if group.profile is None]
    names = dict.fromkeys(group.name for group in perturbed)
    rows = [
        _family({group.severity: group for group in perturbed if group.name == name}, found, severities, judged)
        for name in names
    ]
    column = severities.index(judged) if judged is not None else 0
    return tuple(sorted(rows, key=lambda row: _place(row.accuracy[column : column + 1])))


def _place(cells: Sequence[Cell]) -> float:
    return next((cell.at for cell in cells if cell.at is not None), UNKNOWN_LAST)


def _family(
    own: dict[int | None, Group], found: Inspection, severities: Sequence[int], judged: int | None
) -> FamilyRow:
    at = own.get(judged)
    verdicts = [group.verdict for group in own.values() if group.verdict is not None]
    worst = max(verdicts, key=lambda verdict: VERDICT_RANK[verdict], default=None)
    tested = any(group.n for group in own.values())
    first = next(iter(own.values()))
    return FamilyRow(
        name_words(first.name),
        tuple(cell(own[severity].accuracy) if severity in own else NOTHING for severity in severities),
        cell(at.difference, "points") if at else NOTHING,
        cell(at.flip_rate) if at else NOTHING,
        worst or (DASH if tested else "not tested"),
        reasons_of(at or first, found),
    )


def reasons_of(group: Group, found: Inspection) -> tuple[str, ...]:
    """Keep the reasons that no check of the group tells already."""
    told = [check.sentence for check in found.checks if check.group == group.key]
    return tuple(reason for reason in group.reasons if not any(sentence in reason for sentence in told))


def group_row(group: Group, found: Inspection) -> GroupRow:
    """Format every figure of a group."""
    return GroupRow(
        key=group.key,
        kind=group.kind,
        title=group_title(group, adjective(found)),
        name=name_words(group.name),
        n=f"{group.n:,}",
        accuracy=cell(group.accuracy),
        accuracy_all=cell(group.accuracy_all),
        change=cell(group.difference, "points"),
        flips=cell(group.flip_rate),
        changed=cell(group.changed),
        confidence=cell(group.mean_confidence),
        calibration=cell(group.calibration_error, "decimal"),
        oov=cell(group.oov_rate),
        silent=cell(group.silent_failure_rate),
        coverage=cell(group.coverage),
        sink=f"{group.sink.label} ({cell(group.sink.share).value})" if group.sink else DASH,
        said=group.verdict or DASH,
        reasons=reasons_of(group, found),
    )


def bars_of(histogram: Histogram, real: str) -> Bars:
    """Name the bars of one kind of messages."""
    kind = histogram.kind
    return Bars(kind_words(kind, real), kind_title(kind, real), histogram.right, histogram.wrong)


def confusion_rows(found: Inspection) -> tuple[ConfusionRow, ...]:
    """Give the confusions of real messages first, then of perturbed and clean ones, each in their order."""
    order = ("real", "perturbed", "clean")
    real = adjective(found)
    return tuple(_confusion(one, real) for one in sorted(found.confusions, key=lambda one: order.index(one.kind)))


def _confusion(confusion: Confusion, real: str) -> ConfusionRow:
    share = confusion.count / confusion.of if confusion.of else 0.0
    return ConfusionRow(
        kind_words(confusion.kind, real),
        confusion.label,
        confusion.predicted,
        f"{confusion.count:,} of {confusion.of:,}",
        percent(share),
        round(share * 100, 1),
    )


def sink_rows(found: Inspection, judged: int | None) -> tuple[SinkRow, ...]:
    """Name the sinks of real messages first, then the others, the deepest first."""
    real = adjective(found)
    told = [group for group in found.groups if group.key in ("clean", "real") or _is_judged(group, judged)]
    rows = [
        (
            group.kind != "real",
            SinkRow(group_title(group, real), group_words(group, real), sink.label, cell(sink.share)),
        )
        for group in told
        if (sink := group.sink) and _is_deep(sink, len(found.model.classes))
    ]
    return tuple(row for _, row in sorted(rows, key=lambda pair: (pair[0], -(pair[1].share.at or 0.0))))


def slice_rows(found: Inspection) -> tuple[SliceRow, ...]:
    """The weak slices, the weakest first."""
    real = adjective(found)
    return tuple(
        SliceRow(
            kind_title(part.messages, real),
            part.by,
            part.value,
            f"{part.n:,}",
            cell(part.accuracy),
            cell(part.difference, unit_of("difference")),
            cell(part.silent_failure_rate),
        )
        for part in found.weak_slices
    )


def _is_deep(sink: Sink, classes: int) -> bool:
    """Whether wrong answers really pile up there: a tenth of them, and more than an even spread would put there."""
    share, even = sink.share, 1 / max(classes - 1, 1)
    return (share.value or 0.0) >= LEAST_SINK and (share.low or 0.0) > even


def _is_judged(group: Group, judged: int | None) -> bool:
    return group.kind == "perturbed" and group.severity == judged


def recall_rows(found: Inspection) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[Cell, ...]], ...]]:
    """Name the groups whose recall is known, and give it label by label, the lowest first."""
    told = [group for group in found.groups if group.key in ("clean", "real") and _measured(group.recall)]
    labels = dict.fromkeys(label for group in told for label in group.recall)
    rows = [(label, tuple(cell(group.recall.get(label)) for group in told)) for label in labels]
    ranked = sorted(rows, key=lambda row: _place(row[1][-1:]))
    real = adjective(found)
    return tuple(kind_title(group.kind, real) for group in told), tuple(ranked)


def _measured(recall: dict[str, Figure]) -> bool:
    return any(figure.value is not None for figure in recall.values())


def example_row(example: Example, found: Inspection) -> ExampleRow:
    """Clip a message, and mark the words in it that are not in the model's vocabulary."""
    clean = example.clean_text
    return ExampleRow(
        title=_title_of(example.group, found),
        parts=marked(clipped(example.text, LONGEST_MESSAGE), example.unseen_words),
        clean_text=None if clean is None else clipped(clean, LONGEST_MESSAGE),
        label=example.label,
        predicted=example.predicted,
        confidence="" if example.confidence is None else percent(example.confidence),
        clean_confidence="" if example.clean_confidence is None else percent(example.clean_confidence),
        unseen=example.unseen_words,
        flagged=example.flagged,
    )


def _title_of(key: str, found: Inspection) -> str:
    return next((group_title(group, adjective(found)) for group in found.groups if group.key == key), key)


def check_rows(found: Inspection) -> tuple[CheckRow, ...]:
    """Make one row a check, the failed ones first."""
    ranked = sorted(found.checks, key=lambda check: -VERDICT_RANK[check.verdict])
    return tuple(_check(check, found) for check in ranked)


def _check(check: Check, found: Inspection) -> CheckRow:
    bound = next((bound for bound in found.bounds if bound.name == check.bound), None)
    unit = unit_of(bound.metric if bound else check.bound)
    value = check.limit if check.figure.value is None else check.figure.value
    asked = "" if bound is None else "at most " if bound.at_most else "at least "
    return CheckRow(
        group=_title_of(check.group, found),
        bound=check.bound,
        cell=cell(check.figure, unit),
        limit=f"{asked}{apart(value, check.limit, unit)[1]}",
        verdict=check.verdict,
    )
