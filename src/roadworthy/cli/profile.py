"""`roadworthy profile`."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import Debug, Json, TextColumn, shown, stderr, stdout
from roadworthy.errors import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    What is kept are shares, and of pairs also letters that were mistyped, some with the letters beside them: of a
    word at most half of its letters, or two.
    """
    from roadworthy.errors import DataError, OutputError
    from roadworthy.output import require_apart

    if pairs and clean is not None:
        raise DataError("--clean goes with messages, not with --pairs", mend="leave one of them out")
    if out.suffix.lower() != ".json":
        raise OutputError("a profile is JSON", where=out, mend="give --out a name that ends in .json")
    require_apart(out, messages, clean)
    learn = _of_pairs if pairs else _of_messages
    found, sent, before = learn(messages, clean, text, out.stem)
    found.save(out)
    if as_json:
        typer.echo(json.dumps(_document(found, out, _shares(found, sent, before)), ensure_ascii=False))
    else:
        _print(found, out, _shares(found, sent, before))
    return 0


_Learned = tuple["Profile", "Sequence[str]", "Sequence[str]"]


def _of_pairs(messages: Path, clean: Path | None, text: str | None, name: str) -> _Learned:
    """The profile, the messages that it was learned from, and the clean ones beside them."""
    from roadworthy.perturbations.likeness import learn_and_judge_pairs
    from roadworthy.perturbations.pairs import read_pairs
    from roadworthy.perturbations.profile import require_enough

    pairs = read_pairs(messages, text=text)
    require_enough(pairs, "pair", where=messages)
    return learn_and_judge_pairs(pairs, name=name), [sent for _, sent in pairs], [meant for meant, _ in pairs]


def _of_messages(messages: Path, clean: Path | None, text: str | None, name: str) -> _Learned:
    from roadworthy.data import read_dataset, read_messages
    from roadworthy.perturbations.evidence import Source
    from roadworthy.perturbations.likeness import learn_and_judge
    from roadworthy.perturbations.profile import Profile, require_enough

    data, blank = read_messages(messages, text=text)
    if blank:
        stderr().print(f"{counted(blank, 'blank message')} left out.")
    sent = data.texts
    require_enough(sent, "message", where=messages)
    if clean is None:
        return (
            Profile.learn(sent, name=name).seen_at(Source(file=str(messages), text=text, sha256=data.sha256)),
            sent,
            (),
        )
    before = read_dataset(clean, text=text, needs_label=False).texts
    require_enough(before, "clean message", where=clean)
    return learn_and_judge(sent, clean=before, name=name), sent, before


def _shares(found: Profile, sent: Sequence[str], clean: Sequence[str]) -> dict[str, Seen]:
    """Who writes in which way how often."""
    from roadworthy.perturbations.surface import surface

    users = {"your users": surface(sent, known=clean)}
    if not clean:
        return users
    return users | {"clean": surface(clean, known=clean), "simulated": surface(found(clean), known=clean)}


def _document(found: Profile, out: Path, shares: dict[str, Seen]) -> dict[str, Any]:
    likeness = _likeness(found)
    return {
        "out": str(out),
        **found.model_dump(mode="json", include={"name", "description", "steps"}),
        "shares": {who: asdict(share) for who, share in shares.items()},
        **({} if likeness is None else {"likeness": likeness.model_dump(mode="json")}),
    }


def _print(found: Profile, out: Path, shares: dict[str, Seen]) -> None:
    _print_shares(shares)
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
        return (
            "how like your users it writes, inspect measures, with the messages that it starts from (or --clean FILE "
            "does it now)"
        )
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
