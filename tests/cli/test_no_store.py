"""A command that only reads finds no MLflow store: it says so in one line, and makes none."""

from pathlib import Path

import pytest

from .conftest import Run

pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")

RUN = "0123456789abcdef0123456789abcdef"
READS = [
    ("inspect", "models:/nope@champion", "clean.csv", "--gate"),
    ("inspect", "models:/nope/1", "clean.csv"),
    ("inspect", f"runs:/{RUN}/model", "clean.csv"),
    ("inspect", "models:/m-0123456789abcdef0123456789abcdef", "clean.csv", "--no-track"),
    ("predict", "models:/nope@champion", "-m", "where is it"),
    ("wrap", "models:/nope@champion", "clean.csv", "--out", "wrapped"),
    ("compare", RUN, "models:/nope@champion", "clean.csv"),
    ("promote", "nope", "1"),
    ("promote", "nope", "1", "--force", "--reason", "because"),
    ("rollback", "nope"),
    ("deployed", "nope"),
    ("deployed", "nope", "--history"),
    ("deployed", "nope", "--at", "yesterday"),
    ("reproduce", RUN),
    ("serve", "models:/nope@champion", "--port", "0"),
    ("serve", f"runs:/{RUN}/model", "--port", "0"),
    ("serve", "models:/nope/1", "--port", "0"),
]


@pytest.fixture
def empty(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter a folder that holds messages, and nothing else."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    (folder / "empty").mkdir()
    monkeypatch.chdir(folder / "empty")
    Path("clean.csv").write_bytes((folder / "clean.csv").read_bytes())
    return folder / "empty"


def left(folder: Path) -> set[str]:
    """What stands there; the report that a gate leaves behind says why nothing was inspected, and is wanted."""
    return {path.name for path in folder.iterdir()} - {"roadworthy-report"}


@pytest.mark.parametrize("command", READS, ids=" ".join)
def test_nothing_is_left_behind(run: Run, empty: Path, command: tuple[str, ...]) -> None:
    ended = run(*command)
    assert ended.code == 2
    said = ended.err.removeprefix("roadworthy: ")
    assert "there is no MLflow store; name the right one with MLFLOW_TRACKING_URI, or run this in the folder" in said
    assert f"sqlite:///{empty / 'mlflow.db'}: " in said
    assert said.count("\n") == 1
    assert left(empty) == {"clean.csv"}


@pytest.mark.parametrize("where", ["file:there", "there", "there/mlruns"])
def test_a_store_of_files_is_not_made_either(
    run: Run, empty: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", where)
    ended = run("deployed", "nope")
    assert (ended.code, ended.err.count(f"{where}: there is no MLflow store; ")) == (2, 1)
    assert left(empty) == {"clean.csv"}


def test_a_database_of_something_else_stays_what_it_is(run: Run, empty: Path) -> None:
    Path("mlflow.db").touch()
    assert "there is no MLflow store" in run("deployed", "nope").err
    assert Path("mlflow.db").read_bytes() == b""
