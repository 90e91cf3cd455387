"""Release on MLflow's own local store: what the memory stands for elsewhere."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from roadworthy import tracking
from roadworthy.data import Dataset
from roadworthy.errors import RefusedError, ReleaseError, TrackingError
from roadworthy.inspection import Figure
from roadworthy.mlflow_store import open_client, quietly, store_uri
from roadworthy.registry import deployed, history, lease, promote, register, rollback
from roadworthy.registry.evidence import newest_inspection

pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")

DATA = Dataset.of(["where is my order", "refund please"] * 5, ["order", "refund"] * 5, name="clean.csv")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds a trained model; made once, as its schema takes seconds."""
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with quietly():
            open_client(store_uri(), create=True)
    return folder


@pytest.fixture
def store(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(template / "mlflow.db", tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    # A busy machine is no bug: a store that answers too slowly for a lease is tested by itself.
    monkeypatch.setattr(lease, "SECONDS", 600.0)
    return tmp_path


def trained(*, model: bool = True) -> str:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(DATA.texts, DATA.labels)
    estimator = pipeline if model else object()
    figure = Figure(value=0.5, low=0.2, high=0.8, n=10)
    return tracking.track_training(
        recipe="notebook", estimator=estimator, data=DATA, params={}, metrics={"accuracy": figure}
    ).run_id


def inspected(name: str, version: str, *, gate: str = "pass", champion: str = "", **tags: str) -> str:
    """What an inspection leaves in MLflow."""
    with quietly():
        client = open_client(store_uri())
        experiment = client.create_experiment(f"inspections of {name} {version} {gate} {champion} {tags}")
        known = {
            "roadworthy.kind": "inspection",
            "roadworthy.registered_model": name,
            "roadworthy.model_version": version,
            "roadworthy.champion_version": champion,
            "roadworthy.gate": gate,
        }
        run = client.create_run(experiment, tags=known | {k.replace("__", "."): v for k, v in tags.items()})
        client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def test_the_whole_way(store: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    first, second = trained(), trained()
    assert register("my intents", first)[:2] == ("my intents", "1")
    inspection = inspected("my intents", "1")
    assert promote("my intents", "challenger").inspection == inspection
    registered = register("my intents", f"runs:/{second}/model")
    assert (registered.version, registered.run_id) == ("2", second)
    inspected("my intents", "2", champion="1")
    promote("my intents", "2")
    rollback("my intents")
    found = deployed("my intents")
    assert found is not None
    assert (found.version, found.run) == ("1", first)
    assert [entry.kind for entry in history("my intents")] == ["promote", "promote", "rollback"]
    assert capfd.readouterr() == ("", "")
    with quietly():
        client = open_client(store_uri())
        model = client.get_registered_model("my intents")
        assert (model.aliases, len(model.tags)) == ({"champion": 1}, 3)
        assert "back to version 1" in client.get_model_version("my intents", "2").tags["roadworthy.rolled_back"]
        monkeypatch.setenv("MLFLOW_TRACKING_URI", store_uri())
        loaded = mlflow.pyfunc.load_model("models:/my intents@champion")
    assert list(loaded.predict(np.array(["refund please"]))) == ["refund"]


def test_after_a_rollback_a_new_inspection_is_asked_for(store: Path) -> None:
    for version in ("1", "2"):
        register("intent", trained())
        inspected("intent", version, champion="1" if version == "2" else "")
        promote("intent", "challenger")
    rollback("intent")
    with pytest.raises(RefusedError, match="it was rolled back after its newest inspection, on .*; inspect it again"):
        promote("intent", "2")
    again = inspected("intent", "2", champion="1", roadworthy__again="yes")
    assert promote("intent", "2").inspection == again


def test_an_alias_nobody_has_and_a_version_nobody_registered(store: Path) -> None:
    register("intent", trained())
    for given in ("champion", "9"):
        with pytest.raises(ReleaseError, match=f"intent: no version '{given}'"):
            promote("intent", given)
    with pytest.raises(ReleaseError, match="there is no version to roll back to"):
        rollback("intent")
    assert deployed("intent") is None


def test_an_mlflow_that_keeps_its_registry_elsewhere_is_asked_by_its_public_client(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow.tracking._model_registry.client", None)
    for version in ("1", "2"):
        register("intent", trained())
        promote("intent", version, force_reason="a test")
    assert rollback("intent").version == "1"


def test_a_deleted_version_is_passed_over(store: Path) -> None:
    for version in ("1", "2", "3"):
        register("intent", trained())
        promote("intent", version, force_reason="a test")
    with quietly():
        open_client(store_uri()).delete_model_version("intent", "2")
    assert rollback("intent").version == "1"


def test_inspections_are_found_by_model_version_and_end(store: Path) -> None:
    inspected("it's", "1", gate="fail")
    newest = inspected('it\'s "so"', "1")
    inspected('it\'s "so"', "2")
    inspected('it\'s "so"', "1", gate="not enough data", mlflow__parentRunId=newest)
    with quietly():
        client = open_client(store_uri())
        running = client.create_run("0", tags={"roadworthy.kind": "inspection", "roadworthy.model_version": "1"})
        found = newest_inspection(client, 'it\'s "so"', "1")
    assert running.info.status == "RUNNING"
    assert found is not None
    assert (found.run, found.gate) == (newest, "pass")


def test_a_store_that_refuses_a_run_is_one_line(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    def refuse(*_: object) -> None:
        raise mlflow.MlflowException("no\nway")

    monkeypatch.setattr(mlflow.MlflowClient, "get_run", refuse)
    with pytest.raises(TrackingError, match="no way"):
        register("intent", "run")


def test_what_cannot_be_registered(store: Path) -> None:
    with pytest.raises(ReleaseError, match="no name for a registered model; leave out / and :"):
        register("a/b", "run")
    with pytest.raises(ReleaseError, match="nothing: no such run"):
        register("intent", "nothing")
    with pytest.raises(ReleaseError, match=r"the run logged no model \(none: not a scikit-learn estimator\)"):
        register("intent", trained(model=False))
    with pytest.raises(ReleaseError, match="none: no such registered model; register one"):
        promote("none", "1")
    register("intent", trained())
    with pytest.raises(RefusedError, match="it was not inspected"):
        promote("intent", "1")
