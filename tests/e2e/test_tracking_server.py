"""A real MLflow server, started by the command that `roadworthy ui` runs, takes runs and shows them."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from roadworthy import tracking
from roadworthy.data import Dataset
from roadworthy.errors import TrackingError
from roadworthy.inspection import Cost, DataCard, Figure, Group, Inspection, ModelCard, Settings

pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")

pytestmark = pytest.mark.e2e

DATA = Dataset.of(["where is my order", "refund please"] * 5, ["order", "refund"] * 5, name="clean.csv")


def make_inspection() -> Inspection:
    figure = Figure(value=0.5, low=0.2, high=0.8, n=10)
    same = dict.fromkeys(
        (
            "accuracy",
            "accuracy_all",
            "difference",
            "flip_rate",
            "mean_confidence",
            "calibration_error",
            "oov_rate",
            "silent_failure_rate",
            "coverage",
        ),
        figure,
    )
    return Inspection(
        roadworthy_version="0.1.0",
        created=datetime(2026, 1, 2, tzinfo=UTC),
        model=ModelCard(name="model", type="Pipeline", classes=DATA.classes),
        clean=DataCard(name=DATA.name, n=10, sha256=DATA.sha256, labelled=True, classes=2),
        settings=Settings(suite="quick", families=("typos",), severities=(1, 3), judged_severity=3, seed=7),
        cost=Cost(asked=30, predicted=30, cpu_seconds_per_1000=0.02, memory_mb=1.5, memory_batch=10),
        verdict="fail",
        groups=(
            Group(kind="clean", name="all", n=10, recall={}, verdict="pass", **same),
            Group(kind="perturbed", name="typos", severity=1, n=10, recall={}, verdict="pass", **same),
            Group(kind="perturbed", name="typos", severity=3, n=10, recall={}, verdict="fail", **same),
        ),
        checks=(),
        bounds=(),
        findings=(),
        examples=(),
        confusions=(),
        histograms=(),
    )


def fetch(url: str, body: dict[str, Any] | None = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return bytes(response.read())


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        try:
            fetch(f"{address}/health")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
        else:
            return
    pytest.fail("the server did not come up")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("my project")
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.chdir(folder)
        (folder / "report.html").write_text("<h1>report</h1>", encoding="utf-8")
        (folder / "inspection.json").write_text(make_inspection().to_json(), encoding="utf-8")
        yield folder


@pytest.fixture(scope="module")
def local_run(project: Path) -> tracking.TrackedRun:
    return tracking.upload(project)


@pytest.fixture(scope="module")
def server(project: Path, local_run: tracking.TrackedRun) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (project / "server.log").open("wb") as log:
        started = subprocess.Popen(
            tracking.ui_command(port=port), env=tracking.ui_environment(), stdout=log, stderr=log
        )
        try:
            wait_for(f"http://127.0.0.1:{port}", started)
            yield f"http://127.0.0.1:{port}", started
        finally:
            started.terminate()
            started.wait(30)


@pytest.fixture
def address(server: tuple[str, subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server[0])
    return server[0]


def pipeline() -> Any:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(CountVectorizer(), LogisticRegression()).fit(DATA.texts, DATA.labels)


@pytest.mark.slow
def test_the_ui_shows_the_runs_of_the_local_store(
    server: tuple[str, subprocess.Popen[bytes]], local_run: tracking.TrackedRun
) -> None:
    address = server[0]
    assert b"<html" in fetch(f"{address}/")
    found = json.loads(fetch(f"{address}/api/2.0/mlflow/experiments/search", {"max_results": 10}))
    assert "roadworthy" in {experiment["name"] for experiment in found["experiments"]}
    run = f"run_id={local_run.run_id}"
    logged = json.loads(fetch(f"{address}/api/2.0/mlflow/runs/get?{run}"))["run"]
    assert logged["info"]["status"] == "FINISHED"
    assert fetch(f"{address}/get-artifact?{run}&path=report.html") == b"<h1>report</h1>"


@pytest.mark.slow
def test_an_inspection_goes_up_to_a_server_with_its_model(
    address: str, project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import mlflow

    run = tracking.track_inspection(make_inspection(), project, estimator=pipeline(), clean=DATA)
    assert capfd.readouterr() == ("", "")
    assert run.url == f"{address}/#/experiments/{run.experiment_id}/runs/{run.run_id}"
    client = mlflow.MlflowClient(tracking_uri=address)
    logged = client.get_run(run.run_id)
    assert logged.data.metrics["clean/accuracy_low"] == 0.2
    assert [metric.step for metric in client.get_metric_history(run.run_id, "typos/accuracy")] == [1, 3]
    model = client.get_logged_model(logged.outputs.model_outputs[0].model_id)
    loaded = mlflow.pyfunc.load_model(model.artifact_location)
    assert list(loaded.predict(np.array(["refund please"]))) == ["refund"]
    assert fetch(f"{address}/get-artifact?run_id={run.run_id}&path=messages/clean.jsonl")


def test_a_training_goes_up_to_a_server(address: str) -> None:
    figure = Figure(value=0.5, low=0.2, high=0.8, n=10)
    run = tracking.track_training(
        recipe="notebook", estimator=pipeline(), data=DATA, params={}, metrics={"accuracy": figure}
    )
    listed = fetch(f"{address}/get-artifact?run_id={run.run_id}&path=environment.txt").decode()
    assert "scikit-learn==" in listed


def test_a_release_finds_on_a_server_what_was_inspected_of_a_version(address: str, project: Path) -> None:
    import mlflow

    from roadworthy.models.mlflow_model import Registered
    from roadworthy.registry.evidence import newest_inspection

    trained = tracking.track_training(recipe="notebook", estimator=pipeline(), data=DATA, params={}, metrics={})
    client = mlflow.MlflowClient(tracking_uri=address)
    client.create_registered_model("intent")
    uri = str(trained.model_uri)
    version = client.create_model_version("intent", uri, run_id=trained.run_id, model_id=uri.removeprefix("models:/"))
    asked = Registered("intent", str(version.version), trained.run_id)
    run = tracking.track_inspection(make_inspection(), project, registered=asked, clean=DATA)
    assert run.model_uri == trained.model_uri
    assert not client.get_run(run.run_id).outputs.model_outputs
    found = newest_inspection(client, "intent", asked.version)
    assert found is not None
    assert (found.run, found.champion, found.gate) == (run.run_id, "", "")
    children = client.search_runs([run.experiment_id], f"tags.`mlflow.parentRunId` = '{run.run_id}'")
    assert [child.info.run_name for child in children] == ["typos"]


# The last of the file: it ends the server that the others need.
def test_a_server_that_dies_midway_is_said_within_seconds(
    server: tuple[str, subprocess.Popen[bytes]],
    address: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_: object) -> None:
        server[1].terminate()
        server[1].wait(30)

    monkeypatch.setattr(tracking.log, "stage", die)
    started = time.monotonic()
    with pytest.raises(TrackingError, match="roadworthy track") as caught:
        tracking.track_inspection(make_inspection(), project)
    assert "\n" not in str(caught.value)
    assert time.monotonic() - started < 20
