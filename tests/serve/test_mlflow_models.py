"""A local MLflow store is asked what a spec names; what it says is downloaded once."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roadworthy.errors import ModelError, TrackingError
from roadworthy.models.artifact import Artifact
from roadworthy.serve import ours
from roadworthy.serve.model_cache import ModelCache

mlflow = pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")

from roadworthy.mlflow_store import quietly  # noqa: E402
from roadworthy.serve.mlflow_models import Store, opened_store  # noqa: E402
from roadworthy.tracking import save_mlflow_model  # noqa: E402

CHAMPION = "models:/desk@champion"


@pytest.fixture(scope="module")
def registered(artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a store in which version 1 of `desk` is champion, and version 2 no longer has its files."""
    folder = tmp_path_factory.mktemp("registered")
    uri = f"sqlite:///{folder}/mlflow.db"
    save_mlflow_model(artifact, folder / "model", example=["where is it"])
    with quietly():
        client = mlflow.MlflowClient(tracking_uri=uri)
        experiment = client.create_experiment("desk", artifact_location=(folder / "runs").as_uri())
        run = client.create_run(experiment)
        client.create_registered_model("desk")
        client.create_model_version("desk", str(folder / "model"), run_id=run.info.run_id)
        client.create_model_version("desk", str(folder / "gone"))
        client.set_registered_model_alias("desk", "champion", "1")
        tags = {
            "roadworthy.kind": "inspection",
            "roadworthy.registered_model": "desk",
            "roadworthy.model_version": "1",
            "roadworthy.verdict": "pass",
            "roadworthy.gate": "pass",
        }
        inspected = client.create_run(experiment, tags=tags).info.run_id
        client.log_param(inspected, "clean", "test.csv")
        client.log_param(inspected, "clean_messages", 240)
        client.set_terminated(inspected)
    return uri


@pytest.fixture
def store(registered: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registered)
    with opened_store(ModelCache(tmp_path / "cache")) as opened:
        yield opened


def client(store: Store) -> Any:
    return mlflow.MlflowClient(tracking_uri=store.uri)


def test_an_alias_names_a_version_with_its_run_and_its_inspection(store: Store) -> None:
    found = store.find(CHAMPION, None)
    assert found is not None
    assert (found.name, found.version) == ("desk", "1")
    assert (found.folder / "roadworthy" / "roadworthy.json").is_file()
    assert found.run == client(store).get_model_version("desk", "1").run_id
    assert found.inspection is not None
    assert {**found.inspection, "run": "", "time": ""} == {
        "run": "",
        "verdict": "pass",
        "gate": "pass",
        "time": "",
        "messages": "test.csv",
        "n": 240,
    }
    assert found.inspection["time"].startswith("20")


def test_what_has_not_changed_is_what_was_found_before(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    found = store.find(CHAMPION, None)
    assert found is not None
    with monkeypatch.context() as patch:
        patch.setattr(store, "_version", lambda *_: pytest.fail("it was asked for again"))
        assert store.find(CHAMPION, found) is found
    again = store.find(CHAMPION, found.model_copy(update={"folder": found.folder / "nowhere"}))
    assert again == found


def test_a_version_is_downloaded_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow.artifacts

    found = store.find("models:/desk/1", None)
    monkeypatch.setattr(mlflow.artifacts, "download_artifacts", lambda **_: pytest.fail("it was downloaded again"))
    assert store.find(CHAMPION, None) == store.find("models:/desk/1", None) == found
    assert store.find("models:/desk/1", found) is found


def test_what_is_not_registered_bears_its_spec_as_its_name(store: Store, tmp_path: Path) -> None:
    logged = client(store)
    experiment = logged.get_experiment_by_name("desk").experiment_id
    run = logged.create_run(experiment).info.run_id
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("run_id: null\n")
    logged.log_artifacts(run, str(tmp_path / "model"), "model")
    found = store.find(f"runs:/{run}/model", None)
    assert found is not None
    assert (found.name, found.version, found.run) == (f"runs:/{run}/model", None, None)
    assert (found.folder / "MLmodel").is_file()


@pytest.mark.parametrize("spec", ["models:/desk@nobody", "models:/nobody@champion", "models:/desk/99"])
def test_what_the_store_does_not_have_is_none(store: Store, spec: str) -> None:
    assert store.find(spec, None) is None


def test_files_that_are_gone_are_told(store: Store) -> None:
    with pytest.raises(ModelError, match=r"^models:/desk/2: cannot be downloaded \(.*; look at the store") as caught:
        store.find("models:/desk/2", None)
    assert "\n" not in str(caught.value)


def test_an_inspection_that_cannot_be_asked_for_keeps_nobody_waiting(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr("roadworthy.serve.mlflow_models.newest_inspection", away)
    found = store.find(CHAMPION, None)
    assert found is not None
    assert found.inspection is None


def test_a_version_without_an_inspection_has_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadworthy.serve.mlflow_models.newest_inspection", lambda *_: None)
    found = store.find(CHAMPION, None)
    assert found is not None
    assert found.inspection is None


def test_a_store_that_does_not_answer_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://jo:secret@127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with opened_store(ModelCache(tmp_path)) as store, pytest.raises(TrackingError) as caught:
        store.find(CHAMPION, None)
    assert str(caught.value).startswith("MLflow's store does not answer (")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_settings_are_afterwards_what_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    with opened_store(ModelCache(tmp_path)) as store:
        assert os.environ["MLFLOW_TRACKING_URI"] == store.uri == f"sqlite:///{tmp_path}/mlflow.db"
    assert "MLFLOW_TRACKING_URI" not in os.environ


def test_packages_are_left_out_for_as_long_as_it_takes() -> None:
    with ours.left_out("no_such_package", "json"):
        with pytest.raises(ImportError):
            __import__("no_such_package")
        assert sys.modules["json"] is not None
    assert "no_such_package" not in sys.modules
