"""`roadworthy profile`."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import Debug, Json, TextColumn, shown, stdout

if TYPE_CHECKING:
    from roadworthy.perturbations.evidence import Likeness
    from roadworthy.perturbations.profile import Profile
    from roadworthy.perturbations.surface import Seen


def profile(
    messages: Annotated[Path, typer.Argument(help="A file of messages that users sent; no labels are needed.")],
    out: Annotated[Path, typer.Option(help="Write the profile there, as JSON.")],
    pairs: Annotated[
        bool,
        typer.Option("--pairs", help="The file has a column clean beside the messages: what was meant, row by row."),
    ] = False,
    clean: Annotated[
        Path | None, typer.Option(help="A file of clean messages to compare with: the training messages, say.")
    ] = None,
    text: TextColumn = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Learn from messages how your users write, for inspect --profile and perturb --profile.

    What is kept are shares, and of pairs also letters that were mistyped; no words of the messages.
    """
    from roadworthy.errors import DataError

    if pairs and clean is not None:
        raise DataError("--clean goes with messages, not with --pairs", mend="leave one of them out")
    learn = _of_pairs if pairs else _of_messages
    return learn(messages, out, clean, text, as_json)


def _of_pairs(messages: Path, out: Path, clean: Path | None, text: str | None, as_json: bool) -> int:
    from roadworthy.perturbations.likeness import learn_and_judge_pairs
    from roadworthy.perturbations.pairs import read_pairs

    found = learn_and_judge_pairs(read_pairs(messages, text=text), name=out.stem)
    _save(found, out, None, as_json)
    return 0


def _of_messages(messages: Path, out: Path, clean: Path | None, text: str | None, as_json: bool) -> int:
    from roadworthy.data import read_dataset
    from roadworthy.perturbations.likeness import learn_and_judge
    from roadworthy.perturbations.profile import Profile
    from roadworthy.perturbations.surface import surface

    sent = read_dataset(messages, text=text).texts
    before = () if clean is None else read_dataset(clean, text=text, needs_label=False).texts
    found = learn_and_judge(sent, clean=before, name=out.stem) if before else Profile.learn(sent, name=out.stem)
    seen = {"your users": surface(sent, known=before)}
    if before:
        seen |= {"clean": surface(before, known=before), "simulated": surface(found(before), known=before)}
    _save(found, out, seen, as_json)
    return 0


def _save(found: Profile, out: Path, seen: dict[str, Seen] | None, as_json: bool) -> None:
    found.save(out)
    if as_json:
        document = {"out": str(out), **found.model_dump(mode="json", include={"name", "description", "steps"})}
        shares = {} if seen is None else {"shares": {who: asdict(share) for who, share in seen.items()}}
        told = {} if (likeness := _likeness(found)) is None else {"likeness": likeness.model_dump(mode="json")}
        typer.echo(json.dumps(document | shares | told, ensure_ascii=False))
        return
    if seen is not None:
        _print_shares(seen)
    typer.echo(_told(_likeness(found)))
    place = shlex.quote(shown(out))
    typer.echo(f"{found.description}\nsaved {shown(out)}")
    typer.echo(f"next: roadworthy inspect MODEL CLEAN --profile {place}")
    typer.echo(f"      roadworthy perturb MESSAGES --profile {place} --out FILE")


def _likeness(found: Profile) -> Likeness | None:
    return None if found.evidence is None else found.evidence.likeness


def _told(likeness: Likeness | None) -> str:
    """How well a classifier tells the messages from simulated ones, or why that is not known."""
    if likeness is None:
        return "how like your users it writes is not measured: that takes clean messages to start from (--clean FILE)"
    how = (
        "learned on one half of them, judged on the other"
        if likeness.held_out
        else ("judged on what it was learned from, as the messages are few: expect more of others")
    )
    return (
        f"a classifier tells your users' messages from simulated ones with an AUC of {likeness.simulated}, from clean "
        f"ones with {likeness.clean};\n0.5 means that it cannot "
        f"({likeness.messages:,} messages, {likeness.others:,} others; {how})"
    )


def _print_shares(seen: dict[str, Seen]) -> None:
    from rich.table import Table

    from roadworthy.perturbations.surface import Seen

    table = Table("share of messages", box=None, pad_edge=False)
    for who in seen:
        table.add_column(who, justify="right")
    for name in Seen().names():
        shares = [f"{100 * getattr(share, name):.1f} %" for share in seen.values()]
        table.add_row(name.replace("_", " "), *shares)
    stdout(width=100).print(table)
