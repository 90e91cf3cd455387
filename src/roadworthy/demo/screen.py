"""The story on one screen of 100 columns, understood without colour."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy import metrics
from roadworthy.demo.comparison import both_models, second_thoughts
from roadworthy.inspection import Figure
from roadworthy.output import short_name
from roadworthy.report.view import view_of
from roadworthy.report.wording import cell, name_words, percent
from roadworthy.support_desk import OOS_LABEL
from roadworthy.training.notebook import MODEL_FILE, VECTORIZER_FILE

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from roadworthy.demo.story import Reply, Story
    from roadworthy.inspection import Inspection

_LONGEST = 45
_SHORTEST = 12
_SURE = 0.6
_BAR = 8
_KINDS = ("misspelt", "slang", "mixed", "several", "angry")
_BADGE = {"pass": "bold white on green", "advisory": "bold black on yellow", "fail": "bold white on red"}


def confident_and_right(replies: Sequence[Reply], n: int) -> list[Reply]:
    """The most confident right answers, one an intent."""
    found: dict[str, Reply] = {}
    for reply in sorted(replies, key=lambda reply: -reply.confidence):
        if reply.is_right and _fits(reply):
            found.setdefault(reply.label, reply)
    return list(found.values())[:n]


def _fits(reply: Reply) -> bool:
    from rich.cells import cell_len

    return cell_len(reply.text) <= _LONGEST


def worth_showing(replies: Sequence[Reply]) -> list[Reply]:
    """Wrong answers of every sort: of each kind the one with most unseen words, then the most confident ones."""
    wrong = [reply for reply in replies if not reply.is_right and len(reply.text) > _SHORTEST and _fits(reply)]
    lost = [found for kind in _KINDS for found in _most_unseen(reply for reply in wrong if reply.kind == kind)]
    by_confidence = sorted(wrong, key=lambda reply: -reply.confidence)
    outside = [reply for reply in by_confidence if reply.label == OOS_LABEL][:2]
    sure = [reply for reply in by_confidence if reply.label != OOS_LABEL and reply not in lost][:3]
    return [*lost, *outside, *sure]


def _most_unseen(replies: Iterable[Reply]) -> list[Reply]:
    return sorted(replies, key=lambda reply: (-len(reply.unseen_words), reply.confidence))[:1]


def print_story(story: Story, console: Console) -> None:
    """Print the whole story."""
    console.print("[bold]Roadworthy: will your text classifier survive real users?[/]")
    _heading(console, "1  The notebook: a model that looks perfect")
    console.print(
        f"CountVectorizer + LogisticRegression, trained on {story.training_messages} clean messages to a support desk, "
        f"{story.intents} intents.\nThe notebook prints [bold green]accuracy {story.training_accuracy:.1%}[/], on the "
        f"messages that it was trained on. Saved by hand: {VECTORIZER_FILE}, {MODEL_FILE}."
    )
    _heading(console, "2  Its API: 200 OK, whatever comes")
    asked = [*story.clean, *story.real_style]
    codes = ", ".join(
        f"[bold]{_status(code)} {n:,} times[/]" for code, n in Counter(reply.status for reply in asked).items()
    )
    console.print(f"POST {story.url} asked {len(asked):,} times; it answered {codes}.")
    console.print(_answers(confident_and_right(story.clean, 3), worth_showing(story.real_style)))
    _heading(console, "3  What the API never says")
    console.print(_figures(story))
    console.print(_by_kind(story.inspection))
    console.print(_piles(story.inspection))
    _heading(console, "4  The inspection: what one command would have said before the release")
    _print_verdict(story, console)
    _heading(console, "5  The same messages, a hardened model with a guard")
    console.print(both_models(story))
    console.print(second_thoughts(story))
    _print_places(story, console)


def _heading(console: Console, title: str) -> None:
    from rich.rule import Rule

    console.print(Rule(f"[bold]{title}", align="left", style="dim"))


def _answers(clean: Sequence[Reply], real_style: Sequence[Reply]) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("Messages like the training data", no_wrap=True, overflow="ellipsis", width=_LONGEST)
    table.add_column("", no_wrap=True)
    table.add_column("answer", no_wrap=True)
    table.add_column("sure", justify="right", no_wrap=True)
    table.add_column("truth", no_wrap=True)
    for reply in clean:
        table.add_row(*_cells(reply))
    table.add_row("[dim]Real-user style ([underline]new words[/] underlined)[/]")
    for reply in real_style:
        table.add_row(*_cells(reply))
    return table


def _cells(reply: Reply) -> tuple[str | Text, ...]:
    from rich.text import Text

    answer = Text(reply.predicted, style="green" if reply.is_right else "red")
    return _message(reply), _status(reply.status), answer, percent(reply.confidence), _truth(reply)


def _status(code: int) -> str:
    return "200 OK" if code == HTTPStatus.OK else str(code)


def _message(reply: Reply) -> Text:
    """The message, the words that are not in the model's vocabulary underlined."""
    from rich.text import Text

    text = Text(reply.text)
    text.highlight_words(reply.unseen_words, style="underline yellow", case_sensitive=False)
    return text


def _truth(reply: Reply) -> Text:
    from rich.text import Text

    if reply.is_right:
        return Text("✓ right", style="green")
    truth = "none of them" if reply.label == OOS_LABEL else reply.label
    return Text(f"✗ {truth}", style="bold red" if reply.confidence >= _SURE else "red")


def _figures(story: Story) -> Table:
    from rich.table import Table

    clean, real = story.inspection.group("clean"), story.inspection.group("real")
    in_scope = [reply for reply in story.real_style if reply.label != OOS_LABEL]
    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("")
    counts = (clean.n, real.n, real.accuracy.n)
    for title, n in zip(("clean", "real-user style", "of these in scope"), counts, strict=True):
        table.add_column(f"{title} ({n:,})", justify="right")
    table.add_row("answered 200 OK", *map(_answered, (story.clean, story.real_style, in_scope)))
    right = (clean.accuracy_all, real.accuracy_all, real.accuracy)
    table.add_row("answered correctly", *(str(cell(figure)) for figure in right))
    table.add_row("how sure, on average", cell(clean.mean_confidence).value, cell(real.mean_confidence).value)
    table.add_row("words it does not know", cell(clean.oov_rate).value, cell(real.oov_rate).value)
    return table


def _answered(replies: Sequence[Reply]) -> str:
    share = metrics.proportion(sum(reply.status == HTTPStatus.OK for reply in replies), len(replies))
    return str(cell(Figure.of(share, len(replies))))


def _by_kind(inspection: Inspection) -> Table:
    """A bar a kind of in-scope messages: the share that was answered correctly."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
    for _ in range(4):
        table.add_column(no_wrap=True, min_width=8)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, min_width=6)
    kinds = [(name_words(group.name), group.accuracy) for group in inspection.of_kind("real") if group.name != "all"]
    cells = [part for kind, figure in kinds if figure.value is not None for part in (kind, *_bar(figure.value))]
    for start in range(0, len(cells), 12):
        table.add_row(*cells[start : start + 12])
    return table


def _bar(share: float) -> tuple[str, str]:
    full = round(share * _BAR)
    return f"[red]{'━' * full}[/][dim]{'┄' * (_BAR - full)}[/]", percent(share)


def _piles(inspection: Inspection) -> str:
    """Where the messages that belong to no intent pile up: none of their answers is right."""
    outside = inspection.group(f"real/{OOS_LABEL}")
    told = f"{outside.n:,} of these messages belong to no intent. Every one was given one"
    sink = outside.sink
    return f"{told}: {percent(sink.share.value)} became [bold]{sink.label}[/]." if sink else f"{told}."


def _print_verdict(story: Story, console: Console) -> None:
    verdict = story.inspection.verdict
    console.print(f"[{_BADGE[verdict]}] {verdict.upper()} [/] {view_of(story.inspection).headline}")


def _print_places(story: Story, console: Console) -> None:
    """Where everything is, and what to type next."""
    console.print(f"Reports {story.report}", soft_wrap=True, markup=False)
    console.print(f"        {story.hardened_report}", soft_wrap=True, markup=False)
    if story.tracked:
        console.print(f"MLflow  {story.tracked}", soft_wrap=True, markup=False)
    command = _command()
    console.print(f"Yours   {command} train TRAIN.csv --out model", soft_wrap=True, markup=False)
    console.print(f"        {command} inspect model CLEAN.csv --real PRODUCTION.csv", soft_wrap=True, markup=False)


def _command() -> str:
    """How the reader can run roadworthy here, where it may not be on the path."""
    if shutil.which("roadworthy"):
        return "roadworthy"
    return short_name(Path(sys.executable).with_name("roadworthy"))
