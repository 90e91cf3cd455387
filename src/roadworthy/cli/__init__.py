"""The command line: parse, call, print. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import os
import sys

import typer

from roadworthy.cli.compare import compare
from roadworthy.cli.demo import demo
from roadworthy.cli.inspect import inspect
from roadworthy.cli.key import key
from roadworthy.cli.log import log_commands
from roadworthy.cli.options import DEBUG_FLAG, fail
from roadworthy.cli.perturb import perturb
from roadworthy.cli.predict import predict
from roadworthy.cli.profile import profile
from roadworthy.cli.release import deployed, promote, rollback
from roadworthy.cli.reproduce import reproduce
from roadworthy.cli.serve import serve
from roadworthy.cli.tracking import track, ui
from roadworthy.cli.train import train
from roadworthy.cli.wrap import wrap
from roadworthy.errors import RoadworthyError, named

app = typer.Typer(
    name="roadworthy",
    help="Will your text classifier survive real users? Inspect it before you ship it.",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done; 1 ran, and the answer is no; 2 could not run.",
)

for command in (
    demo,
    inspect,
    compare,
    perturb,
    profile,
    train,
    wrap,
    predict,
    promote,
    rollback,
    deployed,
    reproduce,
    serve,
    key,
    track,
    ui,
):
    app.command()(command)
app.add_typer(log_commands, name="log")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"roadworthy {version('roadworthy')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Will your text classifier survive real users? Inspect it before you ship it."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the answer is no, 2 could not run (one line says why)."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(given, standalone_mode=False, prog_name="roadworthy", obj=tuple(given))
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted", code=130)
    except BrokenPipeError:
        # Whoever read our output, `head` for one, has had enough; nothing is left to say, not even on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if DEBUG_FLAG in given:
            raise
        fail(_explain(error))
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: Exception) -> str:
    """One line on an error: ours as it is, one of usage with the command, a bug of ours with what to do."""
    if isinstance(error, RoadworthyError):
        return str(error)
    usage = getattr(error, "format_message", None)
    if usage is not None:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "roadworthy"
        return f"{usage().rstrip('.')}; see {command} --help"
    return f"internal error ({named(error)}); run it again with --debug and report the traceback"
