"""A gate's decision in a terminal, as text, in Markdown and as JUnit: what stopped the model, and what shows it."""

from __future__ import annotations

import io
import textwrap
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.errors import counted
from roadworthy.output import write_text
from roadworthy.report.inert import clipped, visible
from roadworthy.report.markdown import as_text
from roadworthy.report.wording import DASH, NBSP, apart, cell, listed, percent, quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

    from roadworthy.gate import Decision, Evidence, Result
    from roadworthy.report.wording import Unit

WIDTH = 100
NARROW = 80
LONGEST_MESSAGE = 160
EXPLAINED = 4
NAMES = {"json": "decision.json", "summary": "summary.md", "junit": "junit.xml"}
SAID = {"pass": "PASSED", "fail": "REJECTED", "not enough data": "NOT ENOUGH DATA"}
SIGNS = {"pass": "✓", "fail": "✗", "not enough data": "?"}
STYLES = {"pass": "green", "fail": "bold red", "not enough data": "yellow"}
BOUNDS = {
    "min_accuracy": "accuracy",
    "max_drop": "drop",
    "max_drop_on_real": "drop",
    "max_silent_failure_rate": "silent failures",
    "min_coverage": "coverage",
    "max_calibration_error": "calibration",
    "max_oov_rate": "unseen words",
    "min_worst_class": "worst class",
    "max_regression": "vs champion",
}
UNITS: dict[str, Unit] = {
    "difference": "points",
    "regression": "points",
    "silent_regression": "points",
    "calibration_error": "decimal",
}


@dataclass(frozen=True)
class Row:
    """One result as the cells of a table; hostile characters in it are shown, not acted on."""

    outcome: str
    style: str
    bound: str
    on: str
    value: str
    interval: str
    n: str
    limit: str


def row_of(result: Result) -> Row:
    """Format one result."""
    unit = UNITS.get(result.metric, "percent")
    shown = cell(result.figure, unit)
    value, limit = shown.value, quantity(result.limit, unit)
    if result.figure.value is not None:
        value, limit = apart(result.figure.value, result.limit, unit)
    side = "≤" if result.at_most else "≥"
    return Row(
        outcome=_outcome(result, unit),
        style=STYLES[result.outcome] if result.stops or result.outcome == "pass" else "dim",
        bound=BOUNDS.get(result.bound, result.bound),
        on=visible(result.on),
        value=value,
        interval=shown.interval.partition(NBSP)[0] or DASH,
        n=shown.n,
        limit=f"{side}{NBSP}{limit}",
    )


def _outcome(result: Result, unit: Unit) -> str:
    by = ""
    if result.short_by is not None:
        short = quantity(result.short_by, "points" if unit != "decimal" else unit).lstrip("+")
        by = f" by {'<' + NBSP + '1' + NBSP + 'pp' if short.startswith('0' + NBSP) else short}"
    if result.outcome != "pass" and not result.stops:
        return f"– {result.outcome}{by}"
    return f"{SIGNS[result.outcome]} {result.outcome}{by}"


def headline(decision: Decision) -> str:
    """How many bounds stopped the model, and which; or that none did."""
    stopping = decision.stopped_by
    if not stopping:
        kept = sum(result.outcome == "pass" for result in decision.results)
        every = f"{kept:,} of {counted(len(decision.results), 'bound')} kept"
        return f"{every}, and none of the others stops the model." if kept < len(decision.results) else f"{every}."
    parts = []
    for outcome, said in (("fail", "failed"), ("not enough data", "without enough data")):
        chosen = [result for result in stopping if result.outcome == outcome]
        if chosen:
            parts.append(f"{len(chosen):,} {said}: {listed(list(_named(chosen)))}")
    return f"Of {counted(len(decision.results), 'bound')}, {'; '.join(parts)}."


def _named(results: list[Result]) -> Iterator[str]:
    """Each bound once, with all that it was broken on."""
    groups: dict[str, list[str]] = {}
    for result in results:
        groups.setdefault(BOUNDS.get(result.bound, result.bound), []).append(visible(result.on))
    yield from (f"{bound} ({', '.join(on)})" for bound, on in groups.items())


def decision_text(decision: Decision, width: int = WIDTH, *, source: str | None = None) -> str:
    """The decision as plain text, as pytest and logs show it; `source` as for `print_decision`."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, force_terminal=False)
    print_decision(decision, console, source=source)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def print_decision(decision: Decision, console: Console, *, source: str | None = None) -> None:
    """Print the decision: the outcome, every bound, then for what stops the model the messages that show it.

    Parameters
    ----------
    source
        Where the gate was found, for the title.
    """
    from rich.panel import Panel
    from rich.text import Text

    width = min(WIDTH, console.width)
    style = STYLES[decision.outcome]
    told = Text.assemble(
        (f"{SIGNS[decision.outcome]} {SAID[decision.outcome]}", f"bold {style}"), f"  {_subject(decision)}"
    )
    for refusal in decision.refusals:
        told.append(f"\n{SIGNS['fail']} {visible(refusal.message)}")
    if decision.results:
        told.append(f"\n{headline(decision)}")
    title = "Gate" if source is None else f"Gate: {visible(source)}"
    console.print(Panel(told, title=Text(title), title_align="left", border_style=style, width=width))
    if decision.results:
        console.print(_table(decision, width), width=width)
    for note in caption(decision):
        console.print(Text(note, style="dim"), width=width)
    seen: set[Evidence] = set()
    for result in _explained(decision):
        _explain(result, console, width, [example for example in result.examples if example not in seen])
        seen.update(result.examples)
    rest = len(decision.stopped_by) - EXPLAINED
    if rest > 0:
        console.print(Text(f"\nand {counted(rest, 'more bound')} that the table above names", "dim"), width=width)


def _explained(decision: Decision) -> list[Result]:
    """Some of what stops the model: the gravest of each bound, then the others."""
    first = {result.bound: result for result in reversed(decision.stopped_by)}
    ranked = sorted(decision.stopped_by, key=lambda result: first[result.bound] is not result)
    return ranked[:EXPLAINED]


def _subject(decision: Decision) -> str:
    against = f", against {visible(decision.champion)}" if decision.champion else ""
    n = f" on {counted(decision.messages, 'message')}" if decision.messages else ""
    return f"{visible(decision.model)}{n}{against}"


def _table(decision: Decision, width: int) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    roomy, whole = int(width >= WIDTH), width >= NARROW
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, roomy, 0, 0), show_edge=False)
    for column in ("Outcome", "Bound", "On", "Figure", "Interval", "Limit"):
        table.add_column(Text(column), justify="right" if column in ("Figure", "Limit") else "left", overflow="fold")
    for result in decision.results:
        row = row_of(result)
        plain = (row.value, row.interval, row.limit)
        table.add_row(
            Text(row.outcome, style=row.style, no_wrap=whole),
            Text(row.bound, no_wrap=whole),
            Text(row.on),
            *(Text(text, no_wrap=whole) for text in plain),
        )
    return table


def caption(decision: Decision) -> list[str]:
    """What the table leaves unsaid: the severity, what was not asked, and what informs only."""
    notes = []
    severities = {result.group.rpartition("/")[2] for result in decision.results if result.bound == "max_drop"}
    if severities:
        notes.append(f"Families at severity {', '.join(sorted(severities))}, over the messages that they changed.")
    if decision.unasked:
        told = ", ".join(f"{unasked.bound} ({unasked.reason})" for unasked in decision.unasked)
        notes.append(f"Not asked: {told}.")
    return notes


def _explain(result: Result, console: Console, width: int, examples: list[Evidence]) -> None:
    """The bound, the figure and by how much, then the messages that no bound before it showed."""
    from rich.padding import Padding
    from rich.text import Text

    console.print()
    mark = f"{SIGNS[result.outcome]} {result.bound}"
    # Rich would break a line at the narrow space before a per cent sign.
    told = Text(textwrap.fill(f"{mark}  {_told(result.sentence)}", width, break_on_hyphens=False))
    told.stylize(f"bold {STYLES[result.outcome]}", 0, len(mark))
    console.print(told, width=width)
    for example in examples:
        told = Text(_message(example))
        told.append(f"\n→ {_answer(example)}", "dim")
        console.print(Padding(told, (0, 0, 0, 4), expand=False), width=width)
    if above := len(result.examples) - len(examples):
        note = f"and {above:,} of the messages above" if examples else "the messages above"
        console.print(Text(f"    ({note})", "dim"), width=width)


def _told(sentence: str) -> str:
    return visible(sentence).replace(" %", f"{NBSP}%")


def _message(example: Evidence) -> str:
    return clipped(visible(example.text), LONGEST_MESSAGE)


def _answer(example: Evidence) -> str:
    sure = "" if example.confidence is None else f", {percent(example.confidence)} confident"
    return f"{visible(example.predicted)}{sure}; meant: {visible(example.label)}"


def decision_markdown(decision: Decision, *, source: str | None = None) -> str:
    """The decision for a pull request or a step summary; no message in it can form markup, a link or a mention."""
    by = f" by the gate in {_code(source)}" if source else ""
    lines = [f"## {SIGNS[decision.outcome]} {SAID[decision.outcome]}{by}: {_code(_subject(decision))}", ""]
    if decision.refusals:
        lines += [*(f"- {SIGNS['fail']} {_plain(refusal.message)}" for refusal in decision.refusals), ""]
    if decision.results:
        lines += [_plain(headline(decision)), "", *_markdown_table(decision)]
    for note in caption(decision):
        lines += ["", _plain(note)]
    for result in decision.stopped_by:
        lines += ["", f"### {SIGNS[result.outcome]} {_code(result.bound)}", "", _plain(_told(result.sentence))]
        if result.examples:
            lines += ["", "| Message | Meant | Answered |", "| --- | --- | --- |"]
            lines += [
                f"| {_code(_message(example))} | {_code(example.label)} | {_code(example.predicted)} |"
                for example in result.examples
            ]
    return "\n".join(lines) + "\n"


def _markdown_table(decision: Decision) -> Iterator[str]:
    yield "| Outcome | Bound | On | Figure | Interval | n | Limit |"
    yield "| --- | --- | --- | ---: | --- | ---: | ---: |"
    for result in decision.results:
        row = row_of(result)
        figures = " | ".join(map(_plain, (row.value, row.interval, row.n, row.limit)))
        yield f"| {_plain(row.outcome)} | {_code(result.bound)} | {_plain(row.on)} | {figures} |"


def _plain(text: str) -> str:
    return as_text(visible(text))


def _code(text: str) -> str:
    return f"<code>{_plain(text)}</code>"


def decision_junit(decision: Decision, inspection_junit: str | None = None) -> str:
    """JUnit XML in which only the gate fails: a bound that stops the model is a test that failed.

    Parameters
    ----------
    inspection_junit
        What `roadworthy.report.to_junit` wrote of the inspection. Its cases follow; where its own bounds failed that is
        told in them and does not fail them, as the gate is what was asked.
    """
    suite = ET.Element("testsuite", name="gate")
    for refusal in decision.refusals:
        _case(suite, "gate", refusal.code, failure=refusal.message)
    for result in decision.results:
        told = visible(result.sentence)
        shown = "".join(f"\n  {_message(e)}\n    → {_answer(e)}" for e in result.examples)
        _case(
            suite,
            f"gate.{visible(result.on)}",
            result.bound,
            failure=told + shown if result.stops else None,
            kind=result.outcome,
            said=f"{result.outcome}: {told}",
        )
    for unasked in decision.unasked:
        _case(suite, "gate", unasked.bound, skipped=unasked.reason)
    root = ET.Element("testsuites", name=f"roadworthy: {visible(decision.model)}")
    root.append(suite)
    root.extend(_softened(inspection_junit))
    _count(root, f"{decision.created:%Y-%m-%dT%H:%M:%S}")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(
    suite: ET.Element,
    group: str,
    name: str,
    *,
    failure: str | None = None,
    kind: str = "fail",
    said: str = "",
    skipped: str | None = None,
) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"roadworthy.{group}", name=name, time="0")
    if failure is not None:
        first = visible(failure.splitlines()[0])
        ET.SubElement(case, "failure", message=first, type=kind).text = failure
    elif skipped is not None:
        ET.SubElement(case, "skipped", message=visible(skipped))
    else:
        ET.SubElement(case, "system-out").text = said


def _softened(document: str | None) -> list[ET.Element]:
    """The suites of an inspection, a failure in them told instead."""
    if document is None:
        return []
    suites = list(ET.fromstring(document))  # noqa: S314 - our own document, written a moment ago
    for suite in suites:
        for case in suite.iter("testcase"):
            for failure in case.findall("failure"):
                case.remove(failure)
                ET.SubElement(case, "system-out").text = f"fail: {failure.get('message', '')}"
    return suites


def _count(root: ET.Element, stamp: str) -> None:
    for suite in [root, *root]:
        for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
            suite.set(attribute, str(sum(1 for _ in suite.iter(tag))))
        suite.set("errors", "0")
        suite.set("timestamp", stamp)


def write_decision(
    decision: Decision, directory: str | Path, *, inspection_junit: str | None = None, source: str | None = None
) -> dict[str, Path]:
    """Write decision.json, summary.md and junit.xml (which takes the place of the inspection's) into a folder.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    documents = {
        "json": decision.to_json() + "\n",
        "summary": decision_markdown(decision, source=source),
        "junit": decision_junit(decision, inspection_junit),
    }
    files = {kind: Path(directory) / NAMES[kind] for kind in documents}
    for kind, file in files.items():
        write_text(file, documents[kind])
    return files
