"""A run says which command made it, from which files, and at which commit."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from roadworthy import tracking
from roadworthy.tracking import Origin, origin

from .samples import CLEAN, client, files, make_inspection, make_pipeline


def train(**options: object) -> tracking.TrackedRun:
    return tracking.track_training(
        recipe="notebook", estimator=make_pipeline(), data=CLEAN, params={}, metrics={}, **options
    )


def test_a_training_says_by_which_command_and_options_it_was_made(project: Path) -> None:
    (project / "clean.csv").write_text("text,label\n", encoding="utf-8")
    command = shlex.join(["roadworthy", "train", "clean.csv", "--oos-label", "none of these"])
    made_by = Origin(command, {"oos_label": "none of these"}, {"training": Path("clean.csv")})
    logged = client().get_run(train(origin=made_by).run_id)
    assert logged.data.tags["roadworthy.command"] == command
    assert logged.data.tags["mlflow.source.name"] == "roadworthy train"
    assert logged.data.tags["roadworthy.data_sha256"] == CLEAN.sha256
    assert logged.data.params["option.oos_label"] == "none of these"
    source = json.loads(logged.inputs.dataset_inputs[0].dataset.source)
    assert source == {"uri": (project / "clean.csv").as_uri()}


def test_the_source_can_be_read_through_mlflow(project: Path) -> None:
    import mlflow.data

    file = project / "my data" / "clean.csv"
    file.parent.mkdir()
    file.write_text("text,label\n", encoding="utf-8")
    logged = client().get_run(train(origin=Origin(files={"training": file})).run_id)
    source = mlflow.data.get_source(logged.inputs.dataset_inputs[0].dataset)
    assert Path(source.load()).read_text("utf-8") == "text,label\n"


def test_what_the_messages_are_is_kept_with_a_training(project: Path) -> None:
    found = json.loads(files(train().run_id)["data.json"].read_text("utf-8"))
    assert found == {
        "name": "clean.csv",
        "n": 12,
        "sha256": CLEAN.sha256,
        "labels": {"call": 4, "order": 4, "refund": 4},
    }


def test_an_inspection_keeps_its_options_and_the_source_of_each_of_its_files(report: Path) -> None:
    real = report.parent / "elsewhere" / "real.csv"
    real.parent.mkdir()
    real.write_text("text\n", encoding="utf-8")
    made_by = Origin("roadworthy inspect m clean.csv", {"seed": 3}, {"clean": "s3://bucket/clean.csv", "real": real})
    logged = client().get_run(tracking.track_inspection(make_inspection(), report, origin=made_by).run_id)
    found = {entry.tags[0].value: entry.dataset for entry in logged.inputs.dataset_inputs}
    assert (found["clean"].source_type, json.loads(found["clean"].source)) == ("s3", {"uri": "s3://bucket/clean.csv"})
    assert json.loads(found["real"].source) == {"uri": real.as_uri()}
    assert logged.data.params["option.seed"] == "3"


@pytest.mark.parametrize(
    ("given", "kind", "description"),
    [
        ("https://example.org/a.csv", "http", {"url": "https://example.org/a.csv"}),
        ("file:///data/a.csv", "local", {"uri": "file:///data/a.csv"}),
        (Path("gone/a.csv"), "local", {"uri": "a.csv"}),
        (None, "local", {"uri": "a.csv"}),
    ],
)
def test_a_source_is_described_as_mlflow_does(
    given: object, kind: str, description: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = Origin(files={} if given is None else {"clean": given})  # type: ignore[dict-item]
    found, described = named.source("clean", "a.csv")
    assert (found, json.loads(described)) == (kind, description)


def test_a_file_of_that_name_in_the_working_directory_is_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").touch()
    assert json.loads(Origin().source("clean", "a.csv")[1]) == {"uri": (tmp_path / "a.csv").as_uri()}


def test_a_very_long_command_is_cut() -> None:
    tags = Origin("roadworthy train " + "x" * 10_000).tags
    assert len(tags["roadworthy.command"]) == origin.LONGEST_COMMAND


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "a.txt").write_text("a", encoding="utf-8")
    who = ("-c", "user.name=jo", "-c", "user.email=jo@example.org")
    for command in (("init", "-q", "-b", "work"), ("add", "a.txt"), (*who, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *command], check=True)
    return folder


def test_commit_and_branch_and_whether_files_changed_are_what_git_says(repository: Path) -> None:
    asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    clean = origin.code_tags()
    assert clean["mlflow.source.git.commit"] == asked.stdout.strip()
    assert clean["mlflow.source.git.branch"] == "work"
    (repository / "new.txt").touch()
    assert origin.code_tags()["mlflow.source.git.dirty"] == clean["mlflow.source.git.dirty"] == "false"
    (repository / "a.txt").write_text("b", encoding="utf-8")
    assert origin.code_tags()["mlflow.source.git.dirty"] == "true"
    subprocess.run(["git", "checkout", "-q", "--detach"], check=True)
    assert "mlflow.source.git.branch" not in origin.code_tags()


def test_outside_a_repository_and_without_git_nothing_is_said_of_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert not {name for name in origin.code_tags() if "git" in name}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not {name for name in origin.code_tags() if "git" in name}


def test_where_git_answers_only_in_part_the_commit_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "_git", lambda *asked: "1a2b" if asked[0] == "rev-parse" else None)
    monkeypatch.setattr(origin.getpass, "getuser", lambda: "jo")
    assert origin.code_tags() == {"mlflow.user": "jo", "mlflow.source.git.commit": "1a2b"}
