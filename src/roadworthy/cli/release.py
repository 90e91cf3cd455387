"""`roadworthy promote`, `roadworthy rollback` and `roadworthy deployed`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import Debug, Json, fail, stderr

if TYPE_CHECKING:
    from datetime import datetime

    from roadworthy.registry import Asked, Deployment, Entry

Name = Annotated[str, typer.Argument(help="The registered model.")]


def promote(
    name: Name,
    version: Annotated[str, typer.Argument(help="Its number, or an alias such as challenger.")],
    force: Annotated[bool, typer.Option("--force", help="Whatever the inspection says; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why it is forced; the journal keeps it.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Make a version the champion, if its newest inspection passed the gate.

    What counts is what roadworthy inspect models:/NAME@challenger CLEAN --gate recorded: the gate passed, in comparison
    with today's champion, and after the last time that the version was rolled back. A refused inspection counts as much
    as one that failed. The alias champion moves by one call, and the journal keeps who moved it and on what grounds.
    """
    from roadworthy import registry
    from roadworthy.errors import RefusedError, ReleaseError

    if force != (reason is not None):
        given, missing = ("--force", "--reason") if force else ("--reason", "--force")
        raise ReleaseError(f"{given} needs {missing}", mend="give both, or neither")
    try:
        entry, changed = registry.try_promotion(name, version, force_reason=reason, tell=_tell)
    except RefusedError as error:
        if as_json:
            typer.echo(json.dumps({"name": name, "promoted": False, "refusal": str(error)}))
        fail(str(error), code=1)
    if changed or as_json:
        _print_move(name, entry, as_json, promoted=True, changed=changed)
    else:
        typer.echo(f"{name}: version {entry.version} is the champion already; nothing changed")
    return 0


def rollback(
    name: Name,
    reason: Annotated[str | None, typer.Option(help="Why; the journal keeps it.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Make the version before the champion again; once more, and it is the one before that."""
    from roadworthy import registry

    _print_move(name, registry.rollback(name, reason=reason, tell=_tell), as_json)
    return 0


def deployed(
    name: Name,
    at: Annotated[
        str | None,
        typer.Option(
            help="When: 2026-03-01, 2026-03-01T10:30Z, yesterday, 'last Tuesday', '3 days ago' (default: now)."
        ),
    ] = None,
    whole: Annotated[bool, typer.Option("--history", help="The whole journal instead, rejections too.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Say which version was deployed, who promoted it, and on which inspection.

    Of a whole day it is the version that was deployed at its end, and what was changed during it.
    """
    from datetime import datetime

    from roadworthy import registry
    from roadworthy.errors import ReleaseError

    if whole and at is not None:
        raise ReleaseError("--history and --at are two questions", mend="ask one of them")
    if whole:
        return _print_history(name, registry.history(name, tell=_tell), as_json)
    now = datetime.now().astimezone()
    asked = registry.asked_time(at, now=now) if at is not None else None
    found = registry.deployed(name, asked.last(now) if asked else None, tell=_tell)
    changes = _changes(name, asked)
    if as_json:
        document = None if found is None else found.model_dump(mode="json")
        typer.echo(json.dumps({"deployed": document, "changes": [_document(entry) for entry in changes]}))
    else:
        _print_deployed(name, found, asked, changes)
    return 0 if found is not None or changes else 1


def _tell(line: str) -> None:
    stderr().print(f"roadworthy: {line}", soft_wrap=True, markup=False)


def _print_move(name: str, entry: Entry, as_json: bool, **known: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"name": name, **known, **_document(entry)}))
        return
    before = f"; before: version {entry.before}" if entry.before else ""
    typer.echo(f"{name}: version {entry.version} is the champion, since {_local(entry.since)}{before}")
    for line in _grounds(entry):
        typer.echo(f"  {line}")


def _print_deployed(name: str, found: Deployment | None, asked: Asked | None, changes: list[Entry]) -> None:
    when = "now" if asked is None else _when(asked, changes)
    if found is None:
        typer.echo(f"{name}: nothing was deployed {when}" if asked else f"{name}: nothing is deployed")
    else:
        until = f", until {_local(found.until)}" if found.until else ""
        typer.echo(f"{name}: version {found.version} {'was' if asked else 'is'} deployed {when}")
        typer.echo(f"  since {_local(found.since)}{until}")
        for line in [_decided(found.entry), *_grounds(found.entry)]:
            typer.echo(f"  {line}")
        if found.run is not None:
            typer.echo(f"  trained by run {found.run}")
        if found.ended is not None:
            typer.echo(f"  then {_decided(found.ended)}")
    for entry in changes:
        typer.echo(f"that day, {_local(entry.since)}: {_decided(entry)}")


def _when(asked: Asked, changes: list[Entry]) -> str:
    """The moment that was asked for, or the day; its end, where something else was deployed before."""
    if asked.until is None:
        return f"on {_local(asked.at)}"
    return f"{'at the end of' if changes else 'on'} {asked.at:%a %Y-%m-%d}"


def _print_history(name: str, entries: tuple[Entry, ...], as_json: bool) -> int:
    if as_json:
        typer.echo(json.dumps({"name": name, "history": [_document(entry) for entry in entries]}))
        return 0
    for entry in entries:
        state = "" if entry.state == "done" else f" ({entry.state})"
        typer.echo(f"{_local(entry.since)}  {_decided(entry)}{state}")
        for line in _grounds(entry):
            typer.echo(f"  {line}")
    if not entries:
        typer.echo(f"{name}: the journal is empty")
    return 0


def _changes(name: str, asked: Asked | None) -> list[Entry]:
    """What moved the champion during the day that was asked for."""
    from roadworthy import registry

    if asked is None or asked.until is None:
        return []
    return [entry for entry in registry.history(name) if entry.moved and asked.at <= entry.since < asked.until]


def _decided(entry: Entry) -> str:
    from roadworthy.registry.settle import in_words

    return in_words(entry)


def _grounds(entry: Entry) -> list[str]:
    """On what it was decided, a line each."""
    said = {"inspection": entry.inspection and f"run {entry.inspection}", "although": entry.despite}
    said["because" if entry.kind == "reject" else "reason"] = entry.reason
    lines = [f"{name}: {value}" for name, value in said.items() if value]
    return [*lines, f"judged by {entry.bounds}"] if entry.bounds else lines


def _document(entry: Entry) -> dict[str, Any]:
    return entry.model_dump(mode="json") | {"forced": entry.forced}


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%a %Y-%m-%d %H:%M:%S %z")
