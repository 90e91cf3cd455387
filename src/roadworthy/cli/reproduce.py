"""`roadworthy reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import Debug, Json, shown, stderr
from roadworthy.errors import counted

if TYPE_CHECKING:
    from roadworthy.reproduce import Reproduction


def reproduce(
    run: Annotated[str, typer.Argument(help="The id of a training run in MLflow, or a model that remembers its run.")],
    data: Annotated[
        Path | None, typer.Option(help="The training messages (default: where the run found them).")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the new model and its environment.")] = Path("reproduced"),
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Do a training run again, elsewhere or later, and prove that it gives the same model.

    The messages are verified by the run's hash of them, and the environment is rebuilt unless this one is the same in
    what matters. Exits 0 if the models are equal (labels and verdicts the same, probabilities within a millionth), else
    1, and says what differs.
    """
    from roadworthy.output import require_writable, write_text
    from roadworthy.reproduce import reproduce as do_again
    from roadworthy.reproduce.run import FILE

    require_writable(out)
    found = do_again(run, out, data=data, tell=_tell)
    write_text(out / FILE, found.to_json() + "\n")
    if as_json:
        typer.echo(found.to_json())
    else:
        _print(found)
    return 0 if found.outcome == "equal" else 1


def _tell(line: str) -> None:
    stderr().print(line, soft_wrap=True, markup=False)


def _print(found: Reproduction) -> None:
    if found.outcome == "other messages":
        typer.echo(f"not reproduced: {found.data} does not hold the messages of run {found.run_id}")
        _print_changes(found)
        return
    largest = "unknown: the classes differ" if found.largest_difference is None else f"{found.largest_difference:.1g}"
    said = "equal" if found.outcome == "equal" else "not equal"
    typer.echo(f"{said}: run {found.run_id} and the model trained now, asked about {counted(found.asked, 'message')}")
    typer.echo(f"  labels that differ: {found.labels_differ:,}")
    typer.echo(f"  verdicts that differ: {found.verdicts_differ:,}")
    typer.echo(f"  largest difference of a probability: {largest}")
    typer.echo(f"  model: {shown(Path(str(found.model)))}")


def _print_changes(found: Reproduction) -> None:
    for change in found.messages:
        a, b = ((value or "none")[:12] for value in (change.a, change.b))
        typer.echo(f"  {change.what}: {a} in the run, {b} here")
    if len(found.messages) == 1:
        typer.echo("  There are as many of them: their order, a text or a label is another one.")
