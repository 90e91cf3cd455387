"""A comparison made readable: what both models answer, which messages broke, and what changed between their runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from roadworthy.comparison.wording import in_points, in_q, points
from roadworthy.errors import counted
from roadworthy.report.inert import clipped, visible
from roadworthy.report.wording import DASH, listed

if TYPE_CHECKING:
    from roadworthy.comparison import Answered, Compared, ComparedSlice, Comparison
    from roadworthy.comparison.changes import Change, Changes, VocabularyChange, Word
    from roadworthy.comparison.runs import RunFacts
    from roadworthy.inspection import Figure

SAID = {"better": "BETTER", "worse": "WORSE", "no difference shown": "NO DIFFERENCE SHOWN"}
SIGNS = {"better": "pass", "worse": "fail", "no difference shown": "note"}
LONGEST_MESSAGE = 160
SLICES = 10
LINES = 12
_HASH = 12
_LONG_NUMBER = re.compile(r"-?\d+\.\d{5,}")
_WORDS = 12


@dataclass(frozen=True)
class Row:
    """The messages of one group or slice as the cells of a table."""

    name: str
    n: str
    a: str
    b: str
    difference: str
    interval: str
    silent: str
    q: str
    outcome: str


@dataclass(frozen=True)
class Message:
    """A message that only one of the two answers rightly."""

    on: str
    text: str
    label: str
    a: str
    b: str


@dataclass(frozen=True)
class View:
    """A comparison, ready to be laid out; nothing in it can steer a terminal."""

    title: str
    verdict: str
    sign: str
    headline: str
    reasons: tuple[str, ...]
    findings: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    others: tuple[Row, ...]
    slices: tuple[Row, ...]
    broken: tuple[Message, ...]
    mended: tuple[Message, ...]
    broken_title: str
    mended_title: str
    changes: tuple[tuple[str, tuple[str, ...]], ...]
    facts: tuple[tuple[str, str], ...]
    version: str


def view_of(comparison: Comparison, changes: Changes | None = None) -> View:
    """Summarise a comparison, and what changed between the runs of its models where that is known."""
    authentic = comparison.real is None or comparison.real.authentic
    shown = [part for part in comparison.slices if part.outcome != "no difference shown"]
    shown.sort(key=lambda part: part.difference.value or 0.0)
    a, b = visible(comparison.a), visible(comparison.b)
    return View(
        title=f"{b} against {a}",
        verdict=SAID[comparison.verdict],
        sign=SIGNS[comparison.verdict],
        headline=_headline(comparison, a, b),
        reasons=tuple(f"{visible(reason[:1].upper())}{visible(reason[1:])}." for reason in comparison.reasons),
        findings=tuple((finding.level, visible(finding.message)) for finding in comparison.findings),
        rows=tuple(_group_row(group, authentic) for group in comparison.groups if group.judged),
        others=tuple(_group_row(group, authentic) for group in comparison.groups if not group.judged),
        slices=tuple(map(_slice_row, shown[:SLICES])),
        broken=tuple(map(_message, comparison.broken)),
        mended=tuple(map(_message, comparison.mended)),
        broken_title=f"Only {a} answers these rightly",
        mended_title=f"Only {b} answers these rightly",
        changes=() if changes is None else tuple(_sections(changes)),
        facts=tuple(_facts(comparison, a, b)),
        version=comparison.roadworthy_version,
    )


def _headline(comparison: Comparison, a: str, b: str) -> str:
    clean = comparison.groups[0]
    told = f"{b} answers {_percent(clean.accuracy_b)} of {counted(clean.accuracy_b.n, 'clean message')} rightly, {a} "
    told += f"{_percent(clean.accuracy_a)}: {in_points(clean.difference)}."
    broken, mended = comparison.broken_messages, comparison.mended_messages
    return f"{told} Of the messages as they were written, {b} breaks {broken:,} and mends {mended:,}."


def _percent(figure: Figure) -> str:
    return DASH if figure.value is None else f"{_share(figure)} %"


def _share(figure: Figure) -> str:
    return DASH if figure.value is None else f"{100 * figure.value:.1f}"


def _group_row(group: Compared, authentic: bool) -> Row:
    silent = group.silent_failure_difference.value
    return _row(group, _title(group, authentic), DASH if silent is None else points(silent), _least_q(group))


def _title(group: Compared, authentic: bool) -> str:
    if group.kind == "perturbed":
        return f"{group.name.replace('_', ' ')}, {group.severity}"
    real = "real" if authentic else "real-user-style"
    return "clean" if group.kind == "clean" else real if group.key == "real" else f"{real}, {group.name}"


def _least_q(group: Compared) -> float | None:
    known = [q for q in (group.q_value, group.silent_failure_q_value) if q is not None]
    return min(known, default=None)


def _slice_row(part: ComparedSlice) -> Row:
    return _row(part, f"{part.messages}, {part.by} {part.value}", DASH, part.q_value)


def _row(found: Compared | ComparedSlice, name: str, silent: str, q: float | None) -> Row:
    known = found.difference.value is not None
    return Row(
        name=visible(name),
        n=f"{found.n:,}",
        a=_share(found.accuracy_a),
        b=_share(found.accuracy_b),
        difference=points(found.difference.value or 0.0) if known else DASH,
        interval=f"{points(found.difference.low or 0.0)} to {points(found.difference.high or 0.0)}" if known else DASH,
        silent=silent,
        q=DASH if q is None else in_q(q),
        outcome=found.outcome,
    )


def _message(answered: Answered) -> Message:
    return Message(
        on=visible(answered.group),
        text=clipped(visible(answered.text), LONGEST_MESSAGE),
        label=visible(answered.label),
        a=_answer(answered.a, answered.confidence_a, answered.flagged_a),
        b=_answer(answered.b, answered.confidence_b, answered.flagged_b),
    )


def _answer(label: str, confidence: float | None, flagged: bool) -> str:
    said = visible(label)
    if confidence is not None:
        said += f", {100 * confidence:.0f} %"
    return f"{said}, flagged" if flagged else said


def _facts(comparison: Comparison, a: str, b: str) -> Iterable[tuple[str, str]]:
    yield "Model a", a
    yield "Model b", b
    yield "Clean messages", f"{visible(comparison.clean.name)}, {comparison.clean.n:,}"
    if comparison.real is not None:
        yield "Real messages", f"{visible(comparison.real.name)}, {comparison.real.n:,}"
    settings = comparison.settings
    yield "Suite", f"{visible(settings.suite)}, seed {settings.seed}, judged at severity {settings.judged_severity}"


def _sections(changes: Changes) -> Iterable[tuple[str, tuple[str, ...]]]:
    """What changed, a title and lines each; a part that did not change says so."""
    yield "Runs", (f"a: {_run(changes.a)}", f"b: {_run(changes.b)}")
    yield "Training messages", (*_relabelled(changes), *_lines(changes.data)) or ("the same",)
    yield "Parameters", tuple(_lines(changes.parameters)) or ("the same",)
    yield "Environment", tuple(_lines(changes.environment)) or ("the same",)
    yield "Code", tuple(_lines(changes.code)) or _same_code(changes)
    if changes.vocabulary is not None:
        yield "Vocabulary", tuple(_vocabulary(changes.vocabulary))


def _run(run: RunFacts) -> str:
    started = run.started.strftime("%Y-%m-%d %H:%M UTC")
    by = f" by {visible(run.user)}" if run.user else ""
    return f"{visible(run.name)}, {run.run_id}, {started}{by}"


def _same_code(changes: Changes) -> tuple[str, ...]:
    if not changes.a.commit:
        return ("not known: trained outside a git repository",)
    return ("the same commit, but files beside it had changed both times",) if changes.a.dirty else ("the same",)


def _lines(found: Sequence[Change]) -> Iterable[str]:
    for change in found[:LINES]:
        yield f"{visible(change.what)}: {_side(change, change.a)} → {_side(change, change.b)}"
    if len(found) > LINES:
        yield f"and {len(found) - LINES:,} more"


def _side(change: Change, value: str | None) -> str:
    if value is None:
        return "(none)"
    if change.what in ("sha256", "commit"):
        return value[:_HASH]
    return f"{float(value):.4g}" if _LONG_NUMBER.fullmatch(value) else clipped(visible(value), 80)


def _relabelled(changes: Changes) -> Iterable[str]:
    found = changes.messages
    if found is None:
        return
    yield f"{found.relabelled:,} relabelled, {found.only_a:,} gone, {found.only_b:,} new"
    for example in found.examples:
        yield f"“{clipped(visible(example.text), 80)}”: {visible(example.a)} → {visible(example.b)}"


def _vocabulary(found: VocabularyChange) -> Iterable[str]:
    if not found.gained and not found.lost:
        yield f"the same {found.size_a:,} words"
        return
    yield f"{found.size_a:,} → {found.size_b:,} words; {found.gained:,} gained, {found.lost:,} lost"
    for title, words in (("gained", found.gained_words), ("lost", found.lost_words)):
        used = [word for word in words if word.count]
        if used:
            yield f"{title}, and used in these messages: {_words(used)}"


def _words(used: Sequence[Word]) -> str:
    more = [f"{len(used) - _WORDS:,} more"] if len(used) > _WORDS else []
    return listed([*(f"{visible(word.word)} ({word.count:,})" for word in used[:_WORDS]), *more])


def render_markdown(comparison: Comparison, changes: Changes | None = None) -> str:
    """Lay out one document of GitHub-flavoured Markdown."""
    from roadworthy.report.markdown import _templates

    template = _templates().get_template("comparison.md.j2")
    return template.render(view=view_of(comparison, changes))


def render_page(comparison: Comparison, changes: Changes | None = None) -> str:
    """Lay out one self-contained page, which fetches nothing and runs no script."""
    from roadworthy.report.layout import environment

    return environment().get_template("comparison.html.j2").render(view=view_of(comparison, changes))


def documents(comparison: Comparison, changes: Changes | None = None) -> dict[str, str]:
    """Everything that a comparison is kept as, by the name of its file."""
    kept: dict[str, Any] = {
        "comparison.html": render_page(comparison, changes),
        "comparison.md": render_markdown(comparison, changes),
        "comparison.json": comparison.to_json() + "\n",
    }
    return kept if changes is None else kept | {"changes.json": changes.to_json() + "\n"}
