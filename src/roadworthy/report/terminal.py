"""The report in a terminal: the verdict first, then what it rests on; words carry it, colours only help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadworthy.errors import counted
from roadworthy.report.inert import clipped
from roadworthy.report.view import view_of
from roadworthy.report.wording import DASH, VERDICT_SIGNS, listed

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from roadworthy.inspection.summary import Inspection
    from roadworthy.report.noise import Noise
    from roadworthy.report.rows import ExampleRow
    from roadworthy.report.view import View

WIDTH = 100
EXAMPLES = 5
CONFUSIONS = 5
SLICES = 4
STYLES = {"pass": "green", "advisory": "yellow", "not tested": "yellow", "fail": "bold red", "note": "cyan"}


def render_terminal(inspection: Inspection, console: Console) -> None:
    """Print the report; nothing in a message is taken for markup."""
    view = view_of(inspection)
    width = min(WIDTH, console.width)
    _print_verdict(view, console, width)
    severities = f"Accuracy by family, at severity {listed([str(severity) for severity in view.severities] or [DASH])}"
    _print_table(severities, _families(view), console, width)
    _print_noise(view.noise, console, width)
    _print_table(view.real_title, _real(view), console, width)
    _print_weak(view, console, width)
    _print_wrong_answers(view, console, width)
    _print_examples(view, console, width)
    _print_advice(view, console, width)


def _print_verdict(view: View, console: Console, width: int) -> None:
    from rich.panel import Panel
    from rich.text import Text

    style = STYLES[view.verdict]
    told = Text.assemble(
        (f"{VERDICT_SIGNS[view.verdict]} {view.verdict.upper()}", f"bold {style}"), "\n", view.headline
    )
    console.print(Panel(told, title=Text(view.title), title_align="left", border_style=style, width=width))
    console.print(_key_figures(view), width=width)
    if view.findings:
        _heading("Before you trust this", console)
        for level, message in view.findings:
            _item(f"{VERDICT_SIGNS[level]} {level}", message, console, width, STYLES[level])


def _key_figures(view: View) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for justify in ("left", "right", "left", "left", "left"):
        grid.add_column(justify=justify, overflow="fold")
    for figure in view.key_figures:
        shown = figure.cell
        told = [Text(text, no_wrap=True) for text in (f" {figure.label}", shown.value, shown.interval, f"n={shown.n}")]
        told[1].stylize("bold")
        grid.add_row(*told, Text(figure.note, style="dim"))
    return grid


def _heading(title: str, console: Console) -> None:
    from rich.text import Text

    console.print()
    console.print(Text(title, style="bold underline"))


def _print_table(title: str, table: Table | None, console: Console, width: int) -> None:
    if table is not None:
        _heading(title, console)
        console.print(table, width=width)


def _item(mark: str, text: str | Text, console: Console, width: int, style: str = "", *, indent: int = 11) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=indent, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark, style=style), Text(text) if isinstance(text, str) else text)
    console.print(grid, width=width)


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for index, column in enumerate(columns):
        last = index == len(columns) - 1
        table.add_column(Text(column), justify="left" if index == 0 or last else "right", overflow="fold")
    return table


def _said(verdict: str) -> Text:
    from rich.text import Text

    sign = VERDICT_SIGNS.get(verdict, "")
    return Text(f"{sign} {verdict}".strip(), style=STYLES.get(verdict, ""), no_wrap=True)


def _families(view: View) -> Table | None:
    from rich.text import Text

    if not view.families:
        return None
    severities = [f"at {severity}" for severity in view.severities]
    table = _table("Family", *severities, f"Change at {view.judged}", f"Flipped at {view.judged}", "Verdict")
    table.caption = Text("Change and flipped: over the messages that the perturbation changed.", style="dim")
    table.caption_justify = "left"
    if view.clean is not None:
        table.add_row(Text("(clean)"), *[Text(view.clean.accuracy.value)] * len(severities), "", "", "")
    for row in view.families:
        accuracy = [Text(cell.value) for cell in row.accuracy]
        table.add_row(Text(row.name), *accuracy, Text(row.change.value), Text(row.flips.value), _said(row.said))
    return table


def _print_noise(noise: Noise | None, console: Console, width: int) -> None:
    from rich.text import Text

    if noise is None:
        return
    table = _table("Severity", "Accuracy", "Interval", "Changed", "Change", "Flipped", "Silent", "Verdict")
    for severity, row in noise.rows:
        cells = (row.accuracy.value, row.accuracy.interval, row.changed.value, row.change.value, row.flips.value)
        figures = [Text(figure, no_wrap=True) for figure in (*cells, row.silent.value)]
        table.add_row(Text(severity), *figures, _said(row.said))
    _print_table(noise.title, table, console, width)
    for reason in noise.reasons:
        _item("", reason, console, width, indent=2)
    for told in noise.told:
        _item(told.cell.value, f"({told.cell.interval}) from {told.name}", console, width, indent=5)
    if noise.told_note:
        _item("", noise.told_note, console, width, "dim", indent=5)
    if noise.habits:
        _print_table("Share of messages that show it", _habits(noise), console, width)


def _habits(noise: Noise) -> Table:
    from rich.text import Text

    table = _table("Way of writing", "your users", "simulated", "clean", "")
    for row in noise.habits:
        table.add_row(Text(row.name), *[Text(cell.value) for cell in (row.users, row.simulated, row.clean)], "")
    return table


def _real(view: View) -> Table | None:
    from rich.text import Text

    if not view.real_groups:
        return None
    optional = _optional(view)
    table = _table("Kind", "n", "In scope", "Interval", "All", "Silent", *[title for title, _ in optional], "Verdict")
    for row in view.real_groups:
        figures = (row.n, row.accuracy.value, row.accuracy.interval, row.accuracy_all.value, row.silent.value)
        more = [getattr(row, name).value for _, name in optional]
        table.add_row(Text(row.name), *[Text(figure, no_wrap=True) for figure in (*figures, *more)], _said(row.said))
    return table


def _optional(view: View) -> list[tuple[str, str]]:
    columns = [("Conf.", "confidence", view.has_confidence), ("Unseen", "oov", view.has_vocabulary)]
    return [(title, name) for title, name, shown in columns if shown]


def _print_weak(view: View, console: Console, width: int) -> None:
    if not view.weak:
        return
    _heading("Weak spots", console)
    for row in view.weak[:SLICES]:
        told = f"{row.kind}, {row.by} '{row.value}' (n={row.n}): {row.change.value} against the others"
        _item(row.accuracy.value, told, console, width)
    if len(view.weak) > SLICES:
        _item("", f"and {len(view.weak) - SLICES:,} more in the report", console, width)


def _print_wrong_answers(view: View, console: Console, width: int) -> None:
    if not view.confusions and not view.sinks:
        return
    _heading("Where wrong answers pile up", console)
    for sink in view.sinks[:3]:
        _item(
            sink.share.value,
            f"of the wrong answers on {sink.words} were answered as '{sink.label}'",
            console,
            width,
        )
    for row in view.confusions[:CONFUSIONS]:
        _item(row.counts, f"{row.label} answered as {row.predicted} ({row.kind})", console, width)


def _print_examples(view: View, console: Console, width: int) -> None:
    if not view.examples:
        return
    _heading("Read these first", console)
    for number, example in enumerate(view.examples[:EXAMPLES], 1):
        _item(f"{number}.", _message(example), console, width, indent=2)
    rest = len(view.examples) - EXAMPLES
    if rest > 0:
        _item("", f"and {rest:,} more in the report", console, width, indent=2)


def _message(example: ExampleRow) -> Text:
    from rich.text import Text

    told = Text()
    for part, unseen in example.parts:
        told.append(part, "underline" if unseen else "")
    sure = f", {example.confidence} confident" if example.confidence else ""
    flagged = ", flagged" if example.flagged else ""
    told.append(f"\n→ {example.predicted}{sure}{flagged}; meant: {example.label} ({example.title})", "dim")
    if example.unseen:
        told.append(f"\n  not in its vocabulary: {clipped(', '.join(example.unseen), 120)}", "dim")
    return told


def _print_advice(view: View, console: Console, width: int) -> None:
    _heading("What to do next", console)
    for number, step in enumerate(view.advice, 1):
        _item(f"{number}.", f"{step.title}. {step.text}", console, width, indent=2)
    kept = ", ".join(f"{n:,} {verdict}" for verdict, n in view.counts)
    console.print()
    console.print(f"{counted(len(view.checks), 'check')}: {kept}. Intervals at {view.level}.", highlight=False)
