"""An inspection summarised as plain view data: formatted text, in reading order, for the renderers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from roadworthy.errors import counted
from roadworthy.report.advice import Advice, advise
from roadworthy.report.headline import headline
from roadworthy.report.noise import Noise, is_learned, noise_of
from roadworthy.report.prepare import prepared
from roadworthy.report.rows import (
    Bars,
    CheckRow,
    ConfusionRow,
    ExampleRow,
    FamilyRow,
    GroupRow,
    SinkRow,
    SliceRow,
    bars_of,
    check_rows,
    confusion_rows,
    example_row,
    family_rows,
    group_row,
    recall_rows,
    sink_rows,
    slice_rows,
)
from roadworthy.report.wording import (
    VERDICT_RANK,
    VERDICTS,
    Cell,
    adjective,
    cell,
    kind_title,
    name_words,
    percent,
)

if TYPE_CHECKING:
    from roadworthy.inspection.summary import Group, Inspection


@dataclass(frozen=True)
class KeyFigure:
    """One of the few figures at the top."""

    label: str
    cell: Cell
    note: str


@dataclass(frozen=True)
class View:
    """What the renderers print; they choose and lay out, and compute nothing."""

    verdict: str
    headline: str
    title: str
    model: str
    created: str
    real: str
    real_title: str
    real_name: str
    facts: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    cost: tuple[tuple[str, str], ...]
    key_figures: tuple[KeyFigure, ...]
    findings: tuple[tuple[str, str], ...]
    severities: tuple[int, ...]
    judged: int | None
    families: tuple[FamilyRow, ...]
    noise: Noise | None
    groups: tuple[GroupRow, ...]
    bars: tuple[Bars, ...]
    confusions: tuple[ConfusionRow, ...]
    sinks: tuple[SinkRow, ...]
    recall_of: tuple[str, ...]
    recall: tuple[tuple[str, tuple[Cell, ...]], ...]
    weak: tuple[SliceRow, ...]
    slices: int
    examples: tuple[ExampleRow, ...]
    advice: tuple[Advice, ...]
    bounds: tuple[str, ...]
    checks: tuple[CheckRow, ...]
    level: str
    has_vocabulary: bool
    has_confidence: bool

    @property
    def clean(self) -> GroupRow | None:
        """The clean messages."""
        return next((row for row in self.groups if row.kind == "clean"), None)

    @property
    def real_groups(self) -> tuple[GroupRow, ...]:
        """The real messages: all of them first, then kind by kind."""
        return tuple(row for row in self.groups if row.kind == "real")

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """How many checks had each verdict, the worst first."""
        tally = Counter(check.verdict for check in self.checks)
        return tuple((verdict, tally[verdict]) for verdict in reversed(VERDICTS))


def view_of(inspection: Inspection) -> View:
    """Summarise an inspection for its readers; hostile characters in it are made visible on the way."""
    found = prepared(inspection)
    real = adjective(found)
    severities = _severities(found)
    judged = found.settings.judged_severity if severities else None
    recall_of, recall = recall_rows(found)
    return View(
        verdict=found.verdict,
        headline=headline(found),
        title=f"Inspection of {found.model.name}",
        model=found.model.name,
        created=f"{found.created:%d %B %Y, %H:%M} {found.created.tzname() or ''}".strip(),
        real=real,
        real_title=kind_title("real", real),
        real_name=found.real.name if found.real else "",
        facts=_facts(found),
        settings=_settings(found),
        cost=_cost(found),
        key_figures=tuple(_key_figures(found, judged)),
        findings=_findings(found),
        severities=severities,
        judged=judged,
        families=family_rows(found, severities, judged),
        noise=noise_of(found),
        groups=tuple(group_row(group, found) for group in found.groups),
        bars=tuple(bars_of(one, real) for one in found.histograms if sum(one.right) + sum(one.wrong)),
        confusions=confusion_rows(found),
        sinks=sink_rows(found, judged),
        recall_of=recall_of,
        recall=recall,
        weak=slice_rows(found),
        slices=len(found.slices),
        examples=tuple(example_row(example, found) for example in found.examples),
        advice=advise(found),
        bounds=tuple(bound.sentence for bound in found.bounds),
        checks=check_rows(found),
        level=percent(found.confidence_level),
        has_vocabulary=any(group.oov_rate.value is not None for group in found.groups),
        has_confidence=any(group.mean_confidence.value is not None for group in found.groups),
    )


def _severities(found: Inspection) -> tuple[int, ...]:
    seen = {group.severity for group in found.of_kind("perturbed")}
    return tuple(sorted(severity for severity in seen if severity is not None))


def _key_figures(found: Inspection, judged: int | None) -> list[KeyFigure]:
    figures = [
        KeyFigure("Clean accuracy", cell(group.accuracy), "on unperturbed messages") for group in found.of_kind("clean")
    ]
    worst = worst_family(found, judged)
    if worst is not None:
        note = f"{name_words(worst.name)}, at severity {worst.severity}"
        figures.append(KeyFigure("Worst family", cell(worst.accuracy), note))
    figures += _profile_figure(found, judged)
    every = next((group for group in found.of_kind("real") if group.name == "all"), None)
    if every is not None:
        figures.append(_real_figure(every, adjective(found)))
    silent = next((group for group in (every, worst, *found.of_kind("clean")) if _silent(group)), None)
    if silent is not None:
        of = adjective(found) if silent is every else "these" if silent is worst else "clean"
        note = f"of {of} messages; coverage {cell(silent.coverage).value}"
        figures.append(KeyFigure("Silent failures", cell(silent.silent_failure_rate), note))
    return figures


def _profile_figure(found: Inspection, judged: int | None) -> list[KeyFigure]:
    return [
        KeyFigure(
            "Noise like your users'" if is_learned(card) else f"Profile {name_words(card.name)}",
            cell(group.accuracy),
            f"clean messages, at severity {judged}",
        )
        for group in found.of_kind("perturbed")
        if group.profile is not None and group.severity == judged and (card := found.profile) is not None
    ]


def _real_figure(group: Group, real: str) -> KeyFigure:
    if group.accuracy.value is not None:
        return KeyFigure(kind_title("real", real), cell(group.accuracy), _out_of_scope(group))
    return KeyFigure(f"Confidence on {real} messages", cell(group.mean_confidence), "no labels, so no accuracy")


def _out_of_scope(group: Group) -> str:
    if not group.out_of_scope:
        return "all in scope"
    return f"in scope; {group.out_of_scope:,} more are not"


def _silent(group: Group | None) -> bool:
    return group is not None and group.silent_failure_rate.value is not None


def worst_family(inspection: Inspection, judged: int | None) -> Group | None:
    """Find the perturbed group of the lowest accuracy at the judged severity."""
    known = [
        group
        for group in inspection.of_kind("perturbed")
        if group.severity == judged and group.profile is None and group.accuracy.value is not None
    ]
    return min(known, key=lambda group: group.accuracy.value or 0.0, default=None)


def _facts(found: Inspection) -> tuple[tuple[str, str], ...]:
    model, clean, real = found.model, found.clean, found.real
    vocabulary = "" if model.vocabulary_size is None else f", {model.vocabulary_size:,} known words"
    facts = [
        ("Model", f"{model.name} ({model.type})"),
        ("Answers", f"{counted(len(model.classes), 'class', 'classes')}{vocabulary}"),
        ("Guard", "has a guard" if model.guarded else "none: every answer counts as trusted"),
        ("Clean messages", f"{clean.name}: {counted(clean.n, 'message')}, {_classes(clean.classes)}"),
    ]
    if real is not None:
        labels = _classes(real.classes) if real.labelled else "no labels"
        facts.append((kind_title("real", adjective(found)), f"{real.name}: {counted(real.n, 'message')}, {labels}"))
    return tuple(facts)


def _classes(n: int) -> str:
    return counted(n, "class", "classes")


def _settings(found: Inspection) -> tuple[tuple[str, str], ...]:
    settings = found.settings
    pairs = [
        ("Roadworthy", found.roadworthy_version),
        ("Suite", settings.suite),
        ("Families", ", ".join(map(name_words, settings.families))),
        ("Profile", settings.profile or "none"),
        ("Severities", ", ".join(map(str, settings.severities))),
        ("Seed", str(settings.seed)),
        ("Sample", "all messages" if settings.sample is None else f"at most {counted(settings.sample, 'message')}"),
        ("Out-of-scope label", settings.oos_label or "none"),
        ("Confidence level of intervals", percent(found.confidence_level)),
        ("Clean messages, SHA-256", found.clean.sha256),
    ]
    if found.real is not None:
        pairs.append((f"{kind_title('real', adjective(found))}, SHA-256", found.real.sha256))
    return tuple(pairs)


def _cost(found: Inspection) -> tuple[tuple[str, str], ...]:
    cost = found.cost
    return (
        ("Messages asked about", f"{cost.asked:,}"),
        ("Distinct texts predicted", f"{cost.predicted:,}"),
        ("Per 1,000 predictions", f"{cost.cpu_seconds_per_1000:.3g} seconds of CPU"),
        ("Peak memory", f"{cost.memory_mb:,.1f} MB for a batch of {counted(cost.memory_batch, 'message')}"),
    )


def _findings(found: Inspection) -> tuple[tuple[str, str], ...]:
    ranked = sorted(found.findings, key=lambda finding: -VERDICT_RANK[finding.level])
    return tuple((finding.level, finding.message) for finding in ranked)
