"""`roadworthy log export` and `roadworthy log prune`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import Debug, Json, progress_bar, shown
from roadworthy.errors import counted

if TYPE_CHECKING:
    from datetime import datetime

log_commands = typer.Typer(help="The prediction log: export it, or prune it.", rich_markup_mode=None)

Log = Annotated[
    str, typer.Option("--log", envvar="ROADWORTHY_LOG", help="sqlite:///FILE or postgresql://USER@HOST/DATABASE.")
]
TIMES = "2026-03-01, 2026-03-01T10:30Z, yesterday, or how long ago: 7d"


@log_commands.command()
def export(
    out: Annotated[Path, typer.Option(help="The file: .parquet, .csv or .jsonl.")],
    log: Log = "sqlite:///predictions.db",
    since: Annotated[str | None, typer.Option(help=f"From this time on: {TIMES}.")] = None,
    until: Annotated[str | None, typer.Option(help="Only before this time.")] = None,
    verdict: Annotated[str | None, typer.Option(help="trusted or flagged only.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Write predictions to a file, oldest first, each with the true label that was told last.

    In CSV a text that starts like a formula gets an apostrophe before it, so that a spreadsheet only shows it.
    """
    from roadworthy.prediction_log import count_predictions, export_predictions

    span = {"since": _moment(since), "until": _moment(until)}
    total = count_predictions(log, verdict=verdict, **span)
    with progress_bar() as progress:
        rows = export_predictions(
            log,
            out,
            verdict=verdict,
            progress=lambda done: progress("exporting", done, max(done, total)),
            **span,
        )
    if as_json:
        typer.echo(json.dumps({"rows": rows, "out": str(out)}))
    else:
        typer.echo(f"wrote {counted(rows, 'prediction')} to {shown(out)}")
    return 0


@log_commands.command()
def prune(
    days: Annotated[float, typer.Option(min=0, help="Keep the predictions of the last so many days.")],
    log: Log = "sqlite:///predictions.db",
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Delete older predictions and the feedback on them; the service may go on writing meanwhile."""
    from roadworthy.cli.options import stderr
    from roadworthy.prediction_log import prune as prune_log

    with stderr().status("pruning the prediction log"):
        rows = prune_log(log, days=days)
    if as_json:
        typer.echo(json.dumps({"rows": rows, "days": days}))
    else:
        typer.echo(f"deleted {counted(rows, 'prediction')} older than {days:g} days")
    return 0


def _moment(given: str | None) -> datetime | None:
    from datetime import datetime

    from roadworthy.prediction_log import moment

    return None if given is None else moment(given, now=datetime.now().astimezone())
