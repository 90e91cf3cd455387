"""`roadworthy perturb`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from roadworthy.cli.options import Debug, Json, Seed, TextColumn, stderr
from roadworthy.errors import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from roadworthy.perturbations import Perturbed
    from roadworthy.perturbations.profile import Profile


def perturb(
    messages: Annotated[str, typer.Argument(help="One message, or a file of messages.")],
    family: Annotated[
        str | None,
        typer.Option(help="A family or a single perturbation; for one message all families are shown."),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="Who the users are: a built-in profile, or a file that roadworthy profile wrote."),
    ] = None,
    severity: Annotated[int, typer.Option(help="1 (mild) to 5 (heavy).")] = 3,
    out: Annotated[Path | None, typer.Option(help="Write the perturbed file there, as CSV.")] = None,
    text: TextColumn = None,
    seed: Seed = 0,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Write messages as real users would.

    A file keeps its rows, their order and its columns; the text column is perturbed, and a column clean_text holds
    what it was.
    """
    how = _How(family, _profile_of(profile, family), severity, seed)
    if _is_file(messages):
        return _perturb_file(Path(messages), how, text, out, as_json)
    return _perturb_one(messages, how, out, as_json)


class _How(NamedTuple):
    """What was asked for: a family or a profile, and how."""

    family: str | None
    profile: Profile | None
    severity: int
    seed: int

    def one(self, message: str) -> dict[str, str]:
        """A message by the profile, by the family, or by every family."""
        from roadworthy.perturbations import families, perturb

        if self.profile is not None:
            return {self.profile.name: self.profile(message, severity=self.severity, seed=self.seed)}
        names = [self.family] if self.family else list(families())
        return {name: perturb(message, name, severity=self.severity, seed=self.seed) for name in names}

    def all(self, texts: Sequence[str], path: Path) -> Perturbed:
        """Messages by the profile or by the family."""
        from roadworthy.errors import PerturbationError
        from roadworthy.perturbations import Perturbed, families, perturb_all

        if self.profile is not None:
            found = self.profile(texts, severity=self.severity, seed=self.seed)
            changed = [one != other for one, other in zip(texts, found, strict=True)]
            covered = map(self.profile.applies_to, texts)
            return Perturbed(found, [any(one) for one in zip(changed, covered, strict=True)], changed)
        if self.family is None:
            known = ", ".join(families())
            raise PerturbationError(
                "no family", where=path, mend=f"name one with --family: {known}; or a profile with --profile"
            )
        return perturb_all(texts, self.family, severity=self.severity, seed=self.seed)


def _profile_of(spec: str | None, family: str | None) -> Profile | None:
    from roadworthy.errors import PerturbationError

    if spec is None:
        return None
    if family is not None:
        raise PerturbationError("--family and --profile exclude each other", mend="leave one of them out")
    from roadworthy.perturbations.profile import Profile

    return Profile.load(spec)


def _is_file(messages: str) -> bool:
    from roadworthy.tables import is_known_format

    return is_known_format(Path(messages)) or _is(messages, Path.is_file)


def _is(messages: str, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(Path(messages))
    except (OSError, ValueError):
        # A message longer than any file name may be, or with a character that none may have.
        return False


def _perturb_one(message: str, how: _How, out: Path | None, as_json: bool) -> int:
    from roadworthy.data import Dataset
    from roadworthy.errors import PerturbationError
    from roadworthy.redaction import inert

    if out is not None:
        raise PerturbationError("--out goes with a file of messages", mend="leave it out, or give a file")
    if not message.strip():
        raise PerturbationError("the message is empty", mend="write one, or give a file of messages")
    if _is(message, Path.is_dir):
        raise PerturbationError("a folder", where=message, mend="name a file in it, or give a message")
    Dataset.of([message], name="the message")
    found = how.one(message)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        width = max(map(len, found))
        for name, result in found.items():
            shown = inert(result) if sys.stdout.isatty() else result
            typer.echo(shown if how.family or how.profile else f"{name:{width}}  {shown}")
    if (how.family or how.profile) and message in found.values():
        applies = how.all([message], Path(message)).applicable[0]
        why = "nothing was drawn, or there is nothing to change" if applies else "not applicable"
        stderr().print(f"Unchanged ({why}).")
    return 0


def _perturb_file(
    path: Path,
    how: _How,
    text: str | None,
    out: Path | None,
    as_json: bool,
) -> int:
    from roadworthy.data import Dataset, text_column
    from roadworthy.errors import PerturbationError
    from roadworthy.output import require_apart, write_text
    from roadworthy.tables import read_frame

    if out is not None and out.suffix.lower() != ".csv":
        raise PerturbationError("what is written is CSV", where=out, mend="give --out a name that ends in .csv")
    if out is not None:
        require_apart(out, path)
    frame = read_frame(path)
    column = text_column(frame, text, path)
    data = Dataset.of(frame[column].tolist(), name=str(path))
    result = how.all(data.texts, path)
    frame = _with_texts(frame, column, data.texts, result.texts)
    if out is not None:
        write_text(out, _csv(frame))
    if out is not None and as_json:
        typer.echo(json.dumps({"out": str(out), "rows": len(frame), "changed": sum(result.changed)}))
    elif out is None:
        typer.echo(frame.to_json(orient="records", force_ascii=False) if as_json else _csv(frame).rstrip("\n"))
    changed, applicable = sum(result.changed), sum(result.applicable)
    left = f"{len(frame) - applicable:,} not applicable"
    stderr().print(f"{changed:,} of {counted(len(frame), 'message')} changed ({left}).")
    return 0


def _with_texts(frame: pd.DataFrame, column: Any, clean: Sequence[str], perturbed: Sequence[str]) -> pd.DataFrame:
    """The file with its texts perturbed; a column of its own that is called clean_text becomes input_clean_text."""
    renamed = {"clean_text": "input_clean_text"}
    frame = frame.rename(columns=renamed)
    frame[renamed.get(column, column)] = list(perturbed)
    return frame.assign(clean_text=list(clean))


def _csv(frame: pd.DataFrame) -> str:
    """CSV that reads back as it was: a lone carriage return, which needs quotes, gets none by default."""
    import csv

    plain: str = frame.to_csv(index=False)
    return frame.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC) if "\r" in plain else plain
