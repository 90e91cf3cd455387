"""Journey: one model, from a folder, a started MLflow server, a started service and a file of its answers."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from roadworthy import support_desk
from roadworthy.mlflow_store import quietly, ui_environment
from roadworthy.models.artifact import load_artifact
from roadworthy.tracking import save_mlflow_model

pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")

pytestmark = pytest.mark.slow

FIGURES = ("accuracy", "accuracy_all", "difference", "flip_rate", "mean_confidence", "silent_failure_rate", "coverage")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A started MLflow server, which keeps the artifacts itself: its address."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "kept")]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=ui_environment(), stdout=log, stderr=log, cwd=folder)
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 180
        while not is_up(url):
            assert process.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < end, "the server did not come up"
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def is_up(url):
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture(scope="module")
def folder(models, tmp_path_factory):
    """A working directory with the messages that everything is inspected on."""
    place = tmp_path_factory.mktemp("adapters")
    clean = support_desk.load_clean_test().sample(60)
    rows = [json.dumps({"text": text, "label": label}) for text, label in zip(clean.texts, clean.labels, strict=True)]
    (place / "clean.jsonl").write_text("\n".join(rows))
    return place


@pytest.fixture(scope="module")
def registered(server, models, folder):
    """The model in the server's registry, as its champion: the run that logged it."""
    with pytest.MonkeyPatch.context() as patch, quietly():
        import mlflow

        patch.setenv("MLFLOW_TRACKING_URI", server)
        artifact = load_artifact(models / "hardened")
        save_mlflow_model(artifact, folder / "logged", example=["where is my order"])
        with mlflow.start_run() as run:
            mlflow.log_artifacts(str(folder / "logged"), "model")
        client = mlflow.MlflowClient()
        client.create_registered_model("desk")
        client.create_model_version("desk", f"{run.info.artifact_uri}/model", run_id=run.info.run_id)
        client.set_registered_model_alias("desk", "champion", "1")
        return run.info


@pytest.fixture(scope="module")
def inspected(run, server, folder):
    """Inspect what a spec names by the command; its figures by group."""

    def inspect(spec):
        found = run(
            *("inspect", spec, "clean.jsonl", "--suite", "quick", "--json", "--no-track"),
            *("--out", "report"),
            cwd=folder,
            MLFLOW_TRACKING_URI=server,
            NO_PROXY="127.0.0.1",
        )
        assert found.returncode in (0, 1), found.stderr
        result = json.loads(found.stdout)
        return {
            (group["kind"], group["name"], group["severity"], name, part): group[name][part]
            for group in result["groups"]
            for name in FIGURES
            for part in ("value", "low", "high", "n")
        }

    return inspect


@pytest.fixture(scope="module")
def expected(inspected, models):
    return inspected(models / "hardened")


@pytest.mark.parametrize("spec", ["models:/desk@champion", "models:/desk/1", "runs:/{run_id}/model", "{uri}/model"])
def test_from_a_started_mlflow_server(spec, registered, inspected, expected):
    spec = spec.format(run_id=registered.run_id, uri=registered.artifact_uri)
    assert spec.startswith(("models:/", "runs:/", "mlflow-artifacts:/"))
    assert inspected(spec) == pytest.approx(expected, abs=1e-6)


def test_from_a_started_service(serve, models, inspected, expected, folder):
    pytest.importorskip("tenacity", reason="the extra 'http' is not installed")
    service = serve(models, models / "hardened")
    try:
        assert inspected(f"{service.url}/v1/predict") == pytest.approx(expected, abs=1e-5)
    finally:
        service.stop()


def test_from_a_file_of_its_answers(run, models, inspected, expected, folder):
    written = run(
        *("inspect", models / "hardened", "clean.jsonl", "--suite", "quick", "--write-messages", "messages.csv"),
        cwd=folder,
    )
    assert written.returncode == 0, written.stderr
    answered = run("predict", models / "hardened", "messages.csv", "--out", "answers.csv", cwd=folder)
    assert answered.returncode == 0, answered.stderr
    assert inspected("predictions:answers.csv") == pytest.approx(expected, abs=1e-5)


def test_what_is_not_in_the_store_is_one_line(run, server, folder, registered):
    found = run("inspect", "models:/desk@nobody", "clean.jsonl", cwd=folder, MLFLOW_TRACKING_URI=server)
    assert found.returncode == 2
    assert "models:/desk@nobody: is not in the store" in found.stderr
    assert "Traceback" not in found.stderr
    assert os.linesep not in found.stderr.strip()
