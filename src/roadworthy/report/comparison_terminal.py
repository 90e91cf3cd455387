"""A comparison in a terminal: the verdict first, then the groups, the messages that broke, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadworthy.report.comparison import view_of
from roadworthy.report.wording import DASH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from roadworthy.comparison import Comparison
    from roadworthy.comparison.changes import Changes
    from roadworthy.report.comparison import Message, Row, View

WIDTH = 100
MESSAGES = 5
STYLES = {"better": "green", "worse": "bold red", "no difference shown": ""}
MARKS = {"pass": ("✓", "green"), "fail": ("✗", "bold red"), "note": ("=", "cyan")}
LEVELS = {"fail": "bold red", "advisory": "yellow", "note": "cyan"}


def print_comparison(comparison: Comparison, console: Console, changes: Changes | None = None) -> None:
    """Print it; nothing in a message is taken for markup."""
    view = view_of(comparison, changes)
    width = min(WIDTH, console.width)
    _print_verdict(view, console, width)
    console.print(_table("Messages", view.rows), width=width)
    if view.slices:
        _heading("Slices that differ", console)
        console.print(_table("Slice", view.slices), width=width)
    for title, messages in ((view.broken_title, view.broken), (view.mended_title, view.mended)):
        _print_messages(title, messages, console, width)
    for title, lines in view.changes:
        _heading(title, console)
        for line in lines:
            _item("", line, console, width, indent=1)
    if view.findings:
        _heading("Before you trust this", console)
    for level, message in view.findings:
        _item(level, message, console, width, style=LEVELS[level])


def _print_verdict(view: View, console: Console, width: int) -> None:
    from rich.panel import Panel
    from rich.text import Text

    mark, style = MARKS[view.sign]
    told = Text.assemble((f"{mark} {view.verdict}", f"bold {style}"), "\n", view.headline)
    console.print(Panel(told, title=Text(view.title), title_align="left", border_style=style, width=width))


def _table(first: str, rows: Sequence[Row]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    silent = any(row.silent != DASH for row in rows)
    titles = (first, "n", "a", "b", "Change", "Interval", *(("Silent",) if silent else ()), "q", "")
    for index, title in enumerate(titles):
        table.add_column(Text(title), justify="left" if index in (0, len(titles) - 1) else "right", overflow="fold")
    told = "silent: change of silent failures, in points; " if silent else ""
    table.caption = Text(
        f"Accuracy in scope, %; change in points, b minus a, paired; {told}q: p-value, corrected.", style="dim"
    )
    table.caption_justify = "left"
    for row in rows:
        cells = [row.n, row.a, row.b, row.difference, row.interval, *((row.silent,) if silent else ()), row.q]
        said = DASH if row.outcome == "no difference shown" else row.outcome
        table.add_row(
            Text(row.name), *[Text(value, no_wrap=True) for value in cells], Text(said, style=STYLES[row.outcome])
        )
    return table


def _print_messages(title: str, messages: Sequence[Message], console: Console, width: int) -> None:
    from rich.text import Text

    if not messages:
        return
    _heading(title, console)
    for number, message in enumerate(messages[:MESSAGES], 1):
        told = Text(message.text)
        told.append(f"\n→ a: {message.a}; b: {message.b}; meant: {message.label} ({message.on})", "dim")
        _item(f"{number}.", told, console, width, indent=2)


def _heading(title: str, console: Console) -> None:
    from rich.text import Text

    console.print()
    console.print(Text(title, style="bold underline"))


def _item(mark: str, text: object, console: Console, width: int, *, style: str = "", indent: int = 9) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=indent, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark, style=style), Text(text) if isinstance(text, str) else text)  # type: ignore[arg-type]
    console.print(grid, width=width)
