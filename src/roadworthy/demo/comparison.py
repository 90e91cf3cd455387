"""The broken model beside the hardened one, on the same messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from roadworthy.report.wording import cell, name_words, percent
from roadworthy.support_desk import OOS_LABEL

if TYPE_CHECKING:
    from rich.table import Table

    from roadworthy.demo.story import Guarded, Story
    from roadworthy.inspection import Inspection

_LONGEST = 40
_SHOWN = 4


def both_models(story: Story) -> Table:
    """Accuracy, silent failures and coverage of both, each with its interval."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False, header_style="dim")
    n = story.inspection.group("real").n
    table.add_column("")
    for title in ("the notebook's", "hardened, with a guard"):
        table.add_column(title, justify="right")
    for name, figures in _rows(story.inspection, story.hardened, n):
        table.add_row(name, *figures)
    return table


def _rows(broken: Inspection, hardened: Inspection, n: int) -> Iterable[tuple[str, tuple[str, str]]]:
    wanted = (
        ("clean accuracy", "clean", "accuracy"),
        ("real-user style, in scope", "real", "accuracy"),
        (f"silent failures, of all {n:,}", "real", "silent_failure_rate"),
    )
    yield "verdict", (f"[red]{broken.verdict.upper()}[/]", f"[green]{hardened.verdict.upper()}[/]")
    for name, group, figure in wanted:
        before, after = _cells(broken, hardened, group, figure)
        yield name, (f"[red]{before}[/]", f"[green]{after}[/]")
    yield "answered and trusted (coverage)", _cells(broken, hardened, "real", "coverage")


def _cells(broken: Inspection, hardened: Inspection, group: str, figure: str) -> tuple[str, str]:
    before, after = (str(cell(getattr(found.group(group), figure))) for found in (broken, hardened))
    return before, after


def second_thoughts(story: Story) -> Table:
    """Messages that the notebook's model answered wrongly and surely, and what is said of them now."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("Answered wrongly before", no_wrap=True, overflow="ellipsis", width=_LONGEST)
    table.add_column("answer", no_wrap=True, min_width=14)
    table.add_column("sure", justify="right", no_wrap=True, min_width=4)
    table.add_column("verdict now", no_wrap=True)
    for found in changed_answers(story):
        colour = "yellow" if found.reasons else "green"
        said = Text(f"⚑ {' + '.join(map(name_words, found.reasons[:2]))}" if found.reasons else "✓ right", style=colour)
        table.add_row(Text(found.text), Text(found.predicted), percent(found.confidence), said)
    return table


def changed_answers(story: Story) -> list[Guarded]:
    """Of the messages that were answered wrongly: some that are right now, and for each reason one that is flagged."""
    wrong = {reply.text: reply.confidence for reply in story.real_style if not reply.is_right}
    now = [found for found in story.guarded if found.text in wrong and 12 < len(found.text) <= _LONGEST]
    now.sort(key=lambda found: -wrong[found.text])
    right = [found for found in now if found.is_right and not found.reasons][: _SHOWN // 2]
    flagged: dict[tuple[str, ...], Guarded] = {}
    for found in now:
        if found.reasons and (found.label == OOS_LABEL or not found.is_right):
            flagged.setdefault(found.reasons[:1], found)
    return [*right, *list(flagged.values())[:_SHOWN]]
