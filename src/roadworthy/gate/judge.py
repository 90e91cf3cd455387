"""Each bound of a gate, held against the groups of messages that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from roadworthy import metrics
from roadworthy.gate.decision import Evidence, Outcome, Result, Unasked
from roadworthy.gate.sentences import adjective, group_title, group_words, sentence
from roadworthy.inspection import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from roadworthy.comparison import Compared, Comparison
    from roadworthy.gate.bounds import Gate
    from roadworthy.inspection import Group, Inspection

EVIDENCE = 3
AT_MOST = ("silent_failure_rate", "calibration_error", "oov_rate", "silent_regression")
# Bounds that hold one figure of the clean messages, or of clean and real ones, against the limit as it is.
ON_CLEAN = {"min_accuracy": "accuracy", "min_coverage": "coverage"}
ON_CLEAN_AND_REAL = {
    "max_silent_failure_rate": "silent_failure_rate",
    "max_calibration_error": "calibration_error",
    "max_oov_rate": "oov_rate",
}
NEEDS_NO_LABELS = ("oov_rate", "coverage")


@dataclass(frozen=True)
class Ask:
    """One bound and the figure that it is held against."""

    bound: str
    group: str
    on: str
    words: str
    metric: str
    figure: Figure
    limit: float
    label: str | None = None


def hold(figure: Figure, limit: float, *, at_most: bool) -> Outcome:
    """Pass where the whole interval keeps the limit, fail where none of it does; else there is not enough data.

    Examples
    --------
    >>> hold(Figure(value=0.7, low=0.65, high=0.75, n=300), 0.8, at_most=False)
    'fail'
    >>> hold(Figure(value=0.82, low=0.76, high=0.88, n=150), 0.8, at_most=False)
    'not enough data'
    """
    if figure.low is None or figure.high is None:
        return "not enough data"
    low, high, limit = (-figure.high, -figure.low, -limit) if at_most else (figure.low, figure.high, limit)
    return "pass" if low >= limit else "fail" if high < limit else "not enough data"


def asks_of(inspection: Inspection, gate: Gate) -> Iterator[Ask]:
    """Every bound that the inspection alone answers, with every group that it is about."""
    real = adjective(inspection)
    clean = inspection.of_kind("clean")
    users = [group for group in inspection.of_kind("real") if group.name == "all"]
    for bound, metric in {**ON_CLEAN, **ON_CLEAN_AND_REAL}.items():
        limit: float | None = getattr(gate, bound)
        if limit is None:
            continue
        groups = clean if bound in ON_CLEAN else (*clean, *_told_by(users, metric))
        yield from (_ask(bound, group, metric, limit, real) for group in groups)
    for group in inspection.of_kind("perturbed"):
        drop = gate.limit_of_drop(group.name)
        if drop is not None and group.severity == inspection.settings.judged_severity and group.n:
            yield _ask("max_drop", group, "difference", -drop, real)
    if gate.max_drop_on_real is not None:
        yield from (_ask("max_drop_on_real", g, "difference", -gate.max_drop_on_real, real) for g in labelled(users))
    if gate.min_worst_class is not None:
        yield from (_worst_class(group, gate.min_worst_class) for group in clean if group.recall)


def _told_by(groups: Sequence[Group], metric: str) -> Sequence[Group]:
    return groups if metric in NEEDS_NO_LABELS else labelled(groups)


def labelled(groups: Sequence[Group]) -> Sequence[Group]:
    """Those groups whose messages have labels."""
    return [group for group in groups if group.recall]


def _ask(bound: str, group: Group, metric: str, limit: float, real: str) -> Ask:
    figure: Figure = getattr(group, metric)
    return Ask(bound, group.key, group_title(group, real), group_words(group, real), metric, figure, limit)


def _worst_class(group: Group, limit: float) -> Ask:
    """The class that is furthest below the limit for sure, or else the one that might be, or the least recalled one.

    Its interval is that of the worst of k classes: each is taken at a level of 1 - 0.05 / k (Bonferroni).
    """
    level = 1 - (1 - metrics.CONFIDENCE_LEVEL) / len(group.recall)
    wide = {label: _again(figure, level) for label, figure in group.recall.items()}

    def standing(label: str) -> tuple[float, ...]:
        figure = wide[label]
        return (*(min(end or 0.0, limit) for end in (figure.high, figure.low)), figure.value or 0.0)

    label = min(wide, key=standing)
    words = f"the class {label!r} of the clean messages"
    return Ask("min_worst_class", group.key, label, words, "recall", wide[label], limit, label)


def _again(figure: Figure, level: float) -> Figure:
    hits = round((figure.value or 0.0) * figure.n)
    return Figure.of(metrics.proportion(hits, figure.n, level=level), figure.n)


def result_of(ask: Ask, gate: Gate, examples: tuple[Evidence, ...]) -> Result:
    """Judge one bound."""
    outcome = hold(ask.figure, ask.limit, at_most=ask.metric in AT_MOST)
    short_by = abs((ask.figure.value or 0.0) - ask.limit) if outcome == "fail" else None
    return _result(ask, gate, outcome, short_by, examples)


def _result(
    ask: Ask,
    gate: Gate,
    outcome: Outcome,
    short_by: float | None,
    examples: tuple[Evidence, ...],
) -> Result:
    lenient = outcome == "not enough data" and ask.bound in gate.may_lack_data
    return Result(
        bound=ask.bound,
        group=ask.group,
        on=ask.on,
        metric=ask.metric,
        figure=ask.figure,
        limit=ask.limit,
        at_most=ask.metric in AT_MOST,
        outcome=outcome,
        short_by=short_by,
        stops=outcome != "pass" and ask.bound not in gate.advisory and not lenient,
        sentence=sentence(ask.words, ask.metric, ask.figure, ask.limit, outcome=outcome, short_by=short_by),
        examples=examples if outcome == "fail" else (),
    )


def regressions(inspection: Inspection, gate: Gate, comparison: Comparison | None) -> Iterator[Result]:
    """The model against the champion: on clean and real messages, and on families where it is shown to be worse.

    Families tell nothing new where the clean messages show it to be worse already.
    """
    if comparison is None or gate.max_regression is None:
        return
    judged = inspection.settings.judged_severity
    groups = {group.key: group for group in inspection.groups}
    clean_fails = False
    for compared in comparison.groups:
        group = groups.get(compared.key)
        if group is None or not (compared.key in ("clean", "real") or group.severity == judged):
            continue
        if group.kind == "perturbed" and clean_fails:
            continue
        found = list(_against_champion(group, compared, gate, comparison, adjective(inspection)))
        clean_fails = clean_fails or (group.kind == "clean" and any(result.outcome == "fail" for result in found))
        yield from found


def _against_champion(
    group: Group, compared: Compared, gate: Gate, comparison: Comparison, real: str
) -> Iterator[Result]:
    title, words = group_title(group, real), group_words(group, real)
    shown = broken_messages(comparison, group.key)
    for metric, figure, limit in _against(compared, gate.max_regression or 0.0):
        ask = Ask("max_regression", group.key, title, words, metric, figure, limit)
        yield _result(ask, gate, *hold_against_champion(metric, figure, limit), shown)


def _against(compared: Compared, limit: float) -> Iterator[tuple[str, Figure, float]]:
    """The differences to judge on a group; those beside the accuracy on clean and real messages only if they are shown.

    Where many groups are tested something is bound to look worse, so the comparison corrects for their number.
    """
    is_worse = compared.outcome == "worse"
    always = compared.kind != "perturbed" and compared.difference.value is not None
    if always or (is_worse and _is_below(compared.difference)):
        yield "regression", compared.difference, -limit
    rise = compared.silent_failure_difference
    if is_worse and not _is_below(compared.difference) and rise.low is not None and rise.low > 0:
        yield "silent_regression", rise, 0.0


def _is_below(difference: Figure) -> bool:
    return difference.high is not None and difference.high < 0


def hold_against_champion(metric: str, figure: Figure, limit: float) -> tuple[Outcome, float | None]:
    """What is shown to be worse fails, however little; what might be worse by more than the limit is not known.

    Examples
    --------
    >>> hold_against_champion("regression", Figure(value=-0.02, low=-0.03, high=-0.01, n=4000), -0.05)
    ('fail', 0.02)
    >>> hold_against_champion("regression", Figure(value=0.0, low=-0.063, high=0.063, n=60), -0.05)
    ('not enough data', None)
    """
    if metric == "silent_regression" or _is_below(figure):
        return "fail", abs(figure.value or 0.0)
    return hold(figure, limit, at_most=False), None


def evidence_for(ask: Ask, inspection: Inspection) -> tuple[Evidence, ...]:
    """The first messages of the inspection that show what a bound is about."""
    found = []
    for example in dict.fromkeys((*inspection.evidence, *inspection.examples)):
        kind = "real" if example.group.startswith("real/") else example.group
        if kind != ask.group or (ask.label is not None and example.label != ask.label):
            continue
        if ask.metric == "silent_failure_rate" and example.flagged:
            continue
        found.append(
            Evidence(
                text=example.text,
                clean_text=example.clean_text,
                label=example.label,
                predicted=example.predicted,
                confidence=example.confidence,
            )
        )
    return tuple(found[:EVIDENCE])


def broken_messages(comparison: Comparison, group: str) -> tuple[Evidence, ...]:
    """Messages of a group that the champion answers rightly and the model does not."""
    own = [message for message in comparison.broken if message.group == group]
    return tuple(
        Evidence(
            text=message.text,
            clean_text=message.clean_text,
            label=message.label,
            predicted=message.b,
            confidence=message.confidence_b,
        )
        for message in own[:EVIDENCE]
    )


def unasked(inspection: Inspection, gate: Gate, *, champion: bool) -> Iterator[Unasked]:
    """The bounds that nothing was held against, and why."""
    users = [group for group in inspection.of_kind("real") if group.name == "all"]
    missing = "no real messages" if not users else None if labelled(users) else "the real messages have no labels"
    for bound in ("min_accuracy", "max_drop", "max_silent_failure_rate", "min_coverage", "min_worst_class"):
        if getattr(gate, bound) is None:
            yield Unasked(bound=bound, reason="switched off")
    for bound, reason in (("max_drop_on_real", missing), ("max_regression", None if champion else "no champion")):
        if getattr(gate, bound) is None or reason is not None:
            yield Unasked(bound=bound, reason="switched off" if getattr(gate, bound) is None else reason or "")
