"""The evaluator is found by its entry point, and evaluates in a local store and on a server alike."""

import json
import os
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roadworthy import tracking

pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")

pytestmark = pytest.mark.e2e

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
SCRIPT = """
import json, warnings
warnings.simplefilter("ignore")
import mlflow
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from roadworthy import support_desk

train, test = support_desk.load_train(), support_desk.load_clean_test()
pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(train.texts, train.labels)
frame = pd.DataFrame({"text": test.texts, "label": test.labels})
mlflow.set_experiment("intent")
with mlflow.start_run() as run:
    model = mlflow.sklearn.log_model(pipeline, name="model", pip_requirements=["scikit-learn"])
    found = mlflow.models.evaluate(
        model.model_uri, frame, targets="label", model_type="classifier", evaluators=["roadworthy"],
        evaluator_config={"roadworthy": {"suite": "quick", "gate": {"min_accuracy": 0.5, "max_drop": 0.9}}},
    )
print(json.dumps({"run": run.info.run_id, "model": model.model_id, "metrics": found.metrics}))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the entry points of this package, as an installation of it has them."""
    folder = tmp_path_factory.mktemp("evaluations")
    points = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["entry-points"]["mlflow.model_evaluator"]
    about = folder / "site" / "roadworthy_entry_points-0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: roadworthy-entry-points\nVersion: 0\n")
    lines = "".join(f"{name} = {place}\n" for name, place in points.items())
    (about / "entry_points.txt").write_text(f"[mlflow.model_evaluator]\n{lines}")
    return folder


def evaluate(project: Path, uri: str) -> dict[str, Any]:
    environment = tracking.ui_environment() | {
        "MLFLOW_TRACKING_URI": uri,
        "PYTHONPATH": os.pathsep.join([str(project / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "OMP_NUM_THREADS": "1",
    }
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=project, env=environment, capture_output=True, text=True, timeout=240
    )
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout.strip().splitlines()[-1]))


def check(uri: str, found: dict[str, Any]) -> None:
    """Look at what the store holds of an evaluation."""
    from roadworthy.mlflow_store import quietly

    with quietly():
        import mlflow

        client = mlflow.MlflowClient(tracking_uri=uri)
        run = client.get_run(found["run"])
        children = client.search_runs([run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{found['run']}'")
        files = {file.path for file in client.list_artifacts(found["run"], "roadworthy")}
        model = client.get_logged_model(found["model"])
    assert found["metrics"]["gate/passed"] == 1.0
    assert run.data.metrics["clean/accuracy"] == found["metrics"]["clean/accuracy"]
    assert run.data.tags["roadworthy.gate"] == "pass"
    assert {"typos", "texting"} <= {child.info.run_name for child in children}
    assert {"roadworthy/report.html", "roadworthy/inspection.json", "roadworthy/decision.json"} <= files
    assert "typos/3/accuracy" in {metric.key for metric in model.metrics}


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch, (project / "server.log").open("wb") as log:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project}/server.db")
        started = subprocess.Popen(
            tracking.ui_command(port=port), env=tracking.ui_environment(), stdout=log, stderr=log, cwd=project
        )
    try:
        _wait(f"http://127.0.0.1:{port}", started)
        yield f"http://127.0.0.1:{port}"
    finally:
        started.terminate()
        started.wait(30)


def _wait(address: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(f"{address}/health", timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
        else:
            return
    pytest.fail("the server did not come up")


@pytest.mark.slow
def test_an_evaluation_in_a_local_store(project: Path) -> None:
    uri = f"sqlite:///{project}/local.db"
    check(uri, evaluate(project, uri))


@pytest.mark.slow
def test_an_evaluation_on_a_server(project: Path, server: str) -> None:
    check(server, evaluate(project, server))
