"""A model of ours is read in a process of its own; any other one here."""

import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from roadworthy.errors import ModelError
from roadworthy.models.record import note_run
from roadworthy.serve import loading
from roadworthy.serve.loading import load_apart
from roadworthy.serve.ours import is_ours
from roadworthy.serve.served import load_served

from .conftest import FAMILIAR, STRANGE


@pytest.fixture
def own(desk: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(desk, tmp_path / "own"))


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(subprocess, "run", started)


def test_what_comes_back_answers_as_what_was_read_here(own: Path) -> None:
    note_run(own, "run7")
    apart, here = load_apart(str(own)), load_served(str(own))
    assert apart.about == here.about
    assert apart.run == "run7"
    assert apart.is_fast
    assert apart.answers([FAMILIAR, STRANGE, ""]) == here.answers([FAMILIAR, STRANGE, ""])
    assert apart.guarded is not None
    assert apart.guarded.estimator is None
    assert apart.guarded.guard.familiarity_.features is None


def test_why_it_does_not_load_comes_back_too(own: Path) -> None:
    (own / "model.skops").write_bytes(b"broken")
    with pytest.raises(ModelError, match=r"model.skops is not the file that was written; write the artifact again"):
        load_apart(str(own))


def test_a_process_that_dies_is_told(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], -9, b""))
    with pytest.raises(ModelError, match=r"does not load \(its process ended with -9\)"):
        load_apart(str(desk))


def test_the_process_writes_what_it_read(
    desk: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "leave_out_pandas", lambda: None)
    loading.main(str(desk))
    assert pickle.loads(capsysbinary.readouterr().out).name == desk.name
    loading.main("no such folder")
    assert isinstance(pickle.loads(capsysbinary.readouterr().out), ModelError)


@pytest.mark.usefixtures("forbidden")
def test_code_of_the_users_own_is_loaded_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "apart_here.py").write_text("def model(texts):\n    return ['a' for _ in texts]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert load_apart("python:apart_here:model").name == "python:apart_here:model"


def test_ours_is_a_folder_without_code_of_the_users_own(desk: Path, tmp_path: Path) -> None:
    assert is_ours(str(desk))
    mlflow = tmp_path / "mlflow"
    mlflow.mkdir()
    (mlflow / "roadworthy").symlink_to(desk)
    assert is_ours(str(mlflow))
    other = tmp_path / "other"
    other.mkdir()
    assert not is_ours(str(other))
    for content in ("[]", "{", '{"reference": "python:ours:classify"}'):
        (other / "roadworthy.json").write_text(content)
        assert not is_ours(str(other))


LEFT_OUT = """
import sys
from roadworthy.serve.ours import leave_out_pandas

leave_out_pandas()
assert "sklearn" in sys.modules and "pandas" not in sys.modules
import pandas

leave_out_pandas()
assert pandas is sys.modules["pandas"]
"""


def test_scikit_learn_is_imported_without_pandas_which_is_there_afterwards() -> None:
    subprocess.run([sys.executable, "-c", LEFT_OUT], check=True)
