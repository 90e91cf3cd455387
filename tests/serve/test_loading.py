"""A model of ours is read in a process of its own; any other one here."""

import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from roadworthy.data import Dataset
from roadworthy.errors import ModelError
from roadworthy.mlflow_store import quietly
from roadworthy.models.record import note_run
from roadworthy.serve import loading
from roadworthy.serve.loading import load_apart
from roadworthy.serve.ours import is_ours
from roadworthy.serve.served import load_served

from .conftest import FAMILIAR, STRANGE, scripted


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


def test_a_service_that_ended_meanwhile_is_no_error(desk: Path) -> None:
    command = [sys.executable, "-m", "roadworthy.serve.loading", str(desk)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    assert (process.communicate(timeout=120)[1], process.returncode) == (b"", 0)


def test_what_cannot_be_handed_over_is_told(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    code = "def make():\n    print('loaded')\n    return lambda texts: ['a' for _ in texts]\n\nmodel = make()\n"
    (tmp_path / "apart_lambda.py").write_text(code)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        patch.syspath_prepend(tmp_path)
        loading.main("python:apart_lambda:model")
    written = capsysbinary.readouterr()
    assert "cannot be handed to the service" in str(pickle.loads(written.out))
    assert written.err == b"loaded\n"


@pytest.fixture
def mlflow_folder(tmp_path: Path) -> str:
    (tmp_path / "MLmodel").write_text("run_id: null\n")
    return str(tmp_path)


def test_a_folder_of_mlflows_is_read_apart_and_told_whether_pickles_may_be(
    mlflow_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    content = pickle.dumps(scripted(print))

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, content)

    monkeypatch.setattr(subprocess, "run", run)
    assert load_apart(mlflow_folder).name == "scripted"
    assert load_apart(mlflow_folder, allow_pickle=True).name == "scripted"
    assert [command[3:] for command in commands] == [[mlflow_folder], [mlflow_folder, "--allow-pickle"]]


def test_a_scikit_learn_model_that_mlflow_keeps_as_skops_is_served_without_mlflow(
    messages: Dataset, tmp_path: Path
) -> None:
    pytest.importorskip("mlflow")
    import mlflow.sklearn

    pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(messages.texts, messages.labels)
    with quietly():
        mlflow.sklearn.save_model(
            pipeline,
            str(tmp_path / "model"),
            serialization_format="skops",
            skops_trusted_types=["numpy.dtype"],
            pip_requirements=["scikit-learn"],
        )
    served = load_apart(str(tmp_path / "model"))
    assert served.guarded is None
    assert served.answers([FAMILIAR])[0].label == pipeline.predict([FAMILIAR])[0]
    assert not type(served.model).__module__.startswith("mlflow")


def test_what_needs_mlflow_to_answer_is_refused(mlflow_folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Protocol 0 names what it needs in plain text.
    content = b"cmlflow.pyfunc\nPyFuncModel\n."
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, content))
    with pytest.raises(
        ModelError, match="answers only with MLflow's help, which stays out of the service; log it with"
    ):
        load_apart(mlflow_folder)


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
