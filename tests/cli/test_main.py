"""The command as a whole: help, version, exit codes, and what stands on which stream."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from types import SimpleNamespace

import pytest
import typer

from roadworthy import cli
from roadworthy.errors import DataError

from .conftest import Run

# More than a pipe holds, printed after its reader has gone.
BROKEN = """
import sys, time
from roadworthy import cli
def app(arguments, **options):
    time.sleep(0.3)
    print("x" * 1_000_000, flush=True)
cli.app = app
cli.main([])
"""
COMMANDS = ("demo", "inspect", "perturb", "train", "serve", "track", "ui")


def failing(error: BaseException) -> Callable[..., None]:
    def app(arguments: list[str], **options: object) -> None:
        raise error

    return app


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_names_every_command(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert (ended.code, ended.err) == (0, "")
    assert all(f" {command} " in ended.out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    ended = run(command, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert "--debug" in ended.out


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version").out == f"roadworthy {version('roadworthy')}\n"


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (DataError("no\x1b[31m rows", mend="add\u202e one"), 2, "roadworthy: no[31m rows; add one\n"),
        (
            ZeroDivisionError("by\nzero"),
            2,
            "roadworthy: internal error (ZeroDivisionError: by zero); run it again with --debug and report the "
            "traceback\n",
        ),
        (KeyboardInterrupt(), 130, "roadworthy: interrupted\n"),
        (typer.Abort(), 130, "roadworthy: interrupted\n"),
    ],
)
def test_an_error_is_one_harmless_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, line: str
) -> None:
    monkeypatch.setattr(cli, "app", failing(error))
    ended = run()
    assert (ended.code, ended.out, ended.err) == (code, "", line)


def test_debug_shows_the_error_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    error = DataError("no rows")
    monkeypatch.setattr(cli, "app", failing(error))
    with pytest.raises(DataError) as caught:
        cli.main(["--debug"])
    assert caught.value is error


def test_a_reader_that_has_had_enough_is_no_error() -> None:
    done = subprocess.run(
        ["bash", "-c", '"$@" | true; echo ${PIPESTATUS[0]}', "-", sys.executable, "-c", BROKEN],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("141\n", "")


def test_what_is_left_to_print_goes_nowhere_once_the_reader_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    redirected: list[int] = []

    def redirect(source: int, target: int) -> None:
        os.close(source)
        redirected.append(target)

    with monkeypatch.context() as patched:
        patched.setattr(cli, "app", failing(BrokenPipeError()))
        patched.setattr(os, "dup2", redirect)
        patched.setattr(sys, "stdout", SimpleNamespace(fileno=lambda: 77))
        with pytest.raises(SystemExit) as ended:
            cli.main([])
    assert (ended.value.code, redirected) == (141, [77])


def test_arguments_come_from_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["roadworthy", "--version"])
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().out.startswith("roadworthy ")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from roadworthy.cli import main\n"
        "try: main(['inspect', '--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('numpy', 'pandas', 'sklearn', 'mlflow', 'altair') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
