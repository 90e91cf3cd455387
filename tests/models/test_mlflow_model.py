"""A spec of MLflow's store names one version, which comes as a folder; what does not says why in one line."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roadworthy.errors import MissingExtraError, ModelError, TrackingError
from roadworthy.mlflow_store import open_client, quietly
from roadworthy.models import load_model, mlflow_model
from roadworthy.models.artifact import Artifact
from roadworthy.models.guarded import GuardedModel
from roadworthy.models.mlflow_model import (
    Registered,
    champion_of,
    download,
    find_registered,
    is_in_store,
    resolved,
    versions_of,
)

pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")


@pytest.fixture(scope="module")
def store(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A store with two versions of a registered model: its address, and the run that made the first."""

    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch, quietly():
        import mlflow

        uri = f"sqlite:///{folder}/mlflow.db"
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        with mlflow.start_run() as run:
            mlflow.log_artifacts(str(saved), "model/roadworthy")
        client = mlflow.MlflowClient()
        client.create_registered_model("desk")
        source = f"{run.info.artifact_uri}/model"
        client.create_model_version("desk", source, run_id=run.info.run_id)
        client.create_model_version("desk", source)
        client.set_registered_model_alias("desk", "champion", "1")
        yield uri, run.info.run_id


@pytest.fixture
def run(store: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store[0])
    return store[1]


def test_an_alias_a_version_and_the_latest_name_a_version(run: str) -> None:
    assert find_registered("models:/desk@champion") == Registered("desk", "1", run)
    assert find_registered("models:/desk/1") == Registered("desk", "1", run)
    assert find_registered("models:/desk/2") == find_registered("models:/desk/latest") == Registered("desk", "2", None)
    assert resolved("models:/desk@champion") == "models:/desk/1"


def test_a_registered_model_may_have_a_champion(run: str, store: tuple[str, str]) -> None:
    assert champion_of("desk") == Registered("desk", "1", run)
    with quietly():
        open_client(store[0]).create_registered_model("alone")
    assert champion_of("alone") is None
    with pytest.raises(TrackingError, match="models:/nobody@champion: is not in the store"):
        champion_of("nobody")


def test_what_mlflow_has_loaded_is_known_by_its_run_or_its_logged_model(run: str, store: tuple[str, str]) -> None:
    assert versions_of(None, None) == versions_of("m-" + "0" * 32, None) == versions_of(None, "0" * 32) == []
    assert versions_of(None, run) == versions_of("m-" + "0" * 32, run) == [Registered("desk", "1", run)]
    with quietly():
        client = open_client(store[0])
        logged = client.create_logged_model(experiment_id="0", source_run_id=run).model_id
        client.create_registered_model("logged")
        client.create_model_version("logged", f"models:/{logged}", run_id=run)
        client.set_logged_model_tags(logged, {"mlflow.modelVersions": '[{"name": "told", "version": 3}]'})
    assert versions_of(logged, None) == [Registered("told", "3", None)]
    assert {version.spec for version in versions_of(logged, run)} == {
        *("models:/told/3", "models:/logged/1", "models:/desk/1")
    }
    assert versions_of("m-" + "0" * 32, run) == [Registered("desk", "1", run)]


@pytest.mark.parametrize("spec", ["model.skops", "runs:/0123abc/model", "models:/m-0123abc", "mlflow-artifacts:/a"])
def test_what_is_not_registered_is_none_and_asks_no_store(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_model, "open_client", None)
    assert find_registered(spec) is resolved(spec) is None
    assert is_in_store(spec) == (spec != "model.skops")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("models:/desk@nobody", "models:/desk@nobody: is not in the store sqlite:///"),
        ("models:/desk/9", "models:/desk/9: is not in the store"),
        ("models:/nobody/latest", "models:/nobody/latest: is not in the store"),
        ("models:/nobody@champion", "check the name, the version or alias, and MLFLOW_TRACKING_URI"),
        ("models:/m-0123abc", "models:/m-0123abc: is not in the store"),
        ("models:/desk", "names no version of a registered model; write models:/desk@champion, or models:/desk/1"),
        ("models:/", "names no version of a registered model; write models:/NAME@champion, or models:/NAME/1"),
        ("runs:/0123abc", "names no model of the run; write runs:/0123abc/model"),
        ("runs:/0123abc/model", "runs:/0123abc/model: is not in the store"),
        ("models:/desk/1/nothing/here", "models:/desk/1/nothing/here: "),
    ],
)
def test_what_is_not_there_says_so(run: str, spec: str, said: str, tmp_path: Path) -> None:
    for ask in (load_model, lambda spec: download(spec, tmp_path)):
        with pytest.raises(TrackingError) as caught:
            ask(spec)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_store_that_is_away_says_so_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://jo:secret@127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(
        TrackingError, match=r"the store http://127.0.0.1:1 did not give it .*; check MLFLOW_TR"
    ) as caught:
        find_registered("models:/desk@champion")
    assert "secret" not in str(caught.value)


def test_without_mlflow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadworthy.mlflow_store.is_available", lambda: False)
    with pytest.raises(MissingExtraError, match=r"roadworthy\[mlflow\]"):
        load_model("models:/desk@champion")


@pytest.mark.parametrize("spec", ["models:/desk@champion", "models:/desk/1", "runs:/{run}/model"])
def test_the_folder_of_a_model_is_copied(run: str, spec: str, tmp_path: Path) -> None:
    place = download(spec.format(run=run), tmp_path / "here")
    assert place.is_relative_to(tmp_path / "here")
    assert (place / "roadworthy" / "roadworthy.json").is_file()


def test_a_model_bears_its_version_and_keeps_its_files_for_as_long_as_it_lives(
    run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Artifact
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = load_model("models:/desk@champion")
    assert isinstance(model, GuardedModel)
    assert model.name == "models:/desk/1"
    assert model.answer(["my refund"]).labels == trained.model.answer(["my refund"]).labels
    assert len(list(tmp_path.iterdir())) == 1
    del model
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_what_does_not_load_leaves_nothing_behind(run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ModelError, match=f"runs:/{run}/model/roadworthy/guard.npz: holds no roadworthy.json"):
        load_model(f"runs:/{run}/model/roadworthy/guard.npz")
    assert not list(tmp_path.iterdir())


def test_asking_where_a_file_would_do_imports_no_mlflow() -> None:
    code = "import sys, roadworthy.models as m; m.mlflow_model.resolved('a.skops'); sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_name_of_a_version_is_a_spec(run: str) -> None:
    found: Any = find_registered("models:/desk@champion")
    assert find_registered(found.spec) == found
