"""Journey: a model behind a started service is inspected over HTTP, killed in the middle, and goes on where it was."""

import contextlib
import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from roadworthy import support_desk
from roadworthy.mlflow_store import quietly, ui_environment
from roadworthy.models.endpoint import load_endpoint

pytest.importorskip("tenacity", reason="the extra 'http' is not installed")

pytestmark = pytest.mark.slow

ENOUGH = 10_000


@pytest.fixture(scope="module")
def service(serve, models, tmp_path_factory):
    started = serve(tmp_path_factory.mktemp("served"), models / "hardened")
    yield started
    assert started.stop() == 0


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """Messages that an inspection makes at least 10,000 of."""
    data = support_desk.load_train()
    file = tmp_path_factory.mktemp("clean") / "clean.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([("text", "label"), *zip(data.texts, data.labels, strict=True)])
    return file


def command(model, clean, out):
    options = ("--suite", "standard", "--json", "--no-track", "--out", out)
    return [sys.executable, "-m", "roadworthy", "inspect", *map(str, (model, clean, *options))]


def finished(model, clean, out):
    """An inspection that ran to its end: what it found, and what it said."""
    done = subprocess.run(
        command(model, clean, out),
        cwd=out.parent,
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout), done.stderr


def killed(model, clean, out, answers):
    """An inspection that is killed as soon as so many answers are kept."""
    journal = out / "answers.jsonl"
    with (out.parent / "killed.log").open("wb") as log:
        process = subprocess.Popen(
            command(model, clean, out),
            cwd=out.parent,
            stdout=log,
            stderr=log,
            env={**os.environ, "NO_PROXY": "127.0.0.1"},
        )
    try:
        end = time.monotonic() + 120
        while kept(journal) < answers:
            assert process.poll() is None, (out.parent / "killed.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    return kept(journal)


def kept(journal):
    if not journal.exists():
        return 0
    return sum(len(json.loads(line)) for line in journal.read_bytes().splitlines(keepends=True) if line.endswith(b"\n"))


def answered(service):
    counted = re.findall(r"^roadworthy_predictions_total\{.*\} (\S+)$", service.get("/metrics").text, re.MULTILINE)
    return int(sum(map(float, counted)))


def figures(inspection):
    names = (
        "accuracy",
        "accuracy_all",
        "difference",
        "flip_rate",
        "mean_confidence",
        "silent_failure_rate",
        "coverage",
    )
    return {
        (group["kind"], group["name"], group["severity"], name, part): group[name][part]
        for group in inspection["groups"]
        for name in names
        for part in ("value", "low", "high", "n")
    }


def test_what_was_killed_in_the_middle_goes_on_and_finds_the_same(service, clean, models, tmp_path):
    url, out = f"{service.url}/v1/predict", tmp_path / "out"
    had = killed(url, clean, out, answers=3_000)
    assert clean.read_text(encoding="utf-8").splitlines()[1].split(",")[0] not in (out / "answers.jsonl").read_text()

    before = answered(service)
    found, said = finished(url, clean, out)
    asked = answered(service) - before
    predicted = found["cost"]["predicted"]
    print(f"{predicted:,} messages; killed when {had:,} were answered; {asked:,} asked afterwards")
    assert predicted >= ENOUGH
    assert had >= 3_000
    # A few are asked about again, to see that the endpoint has not changed.
    assert predicted - had <= asked <= predicted - had + 20
    assert f"{had:,} answers were there from a run that was cut off." in said
    assert not (out / "answers.jsonl").exists()

    expected, _ = finished(models / "hardened", clean, tmp_path / "expected")
    assert figures(found) == pytest.approx(figures(expected), abs=1e-5, nan_ok=True)


def test_a_service_that_is_stopped_is_one_line(serve, models, clean, tmp_path):
    service = serve(tmp_path, models / "hardened")
    url = f"{service.url}/v1/predict"
    assert service.stop() == 0
    (tmp_path / "gone.toml").write_text(f'url = "{url}"\nattempts = 2\n', encoding="utf-8")
    done = subprocess.run(
        command("endpoint:gone.toml", clean, tmp_path / "out"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "endpoint:gone.toml: gave no answer in 2 attempts (ConnectError" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_with_keys_is_asked_with_the_key_of_the_environment(serve, run, models, clean, tmp_path):
    made = run("key", "ci", "--scope", "predict", "--keys", tmp_path / "keys.json", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    key = re.search(r"rw_\S+", made.stdout)[0]
    service = serve(tmp_path, models / "hardened", "--keys", tmp_path / "keys.json")
    (tmp_path / "ours.toml").write_text(f'url = "{service.url}/v1/predict"\nauth_env = "OUR_KEY"\n', encoding="utf-8")
    message = ("predict", "endpoint:ours.toml", "-m", "where is my order")
    try:
        let_in = run(*message, cwd=tmp_path, OUR_KEY=key)
        assert let_in.returncode == 0, let_in.stderr
        assert "order" in let_in.stdout
        refused = run(*message, cwd=tmp_path, OUR_KEY="rw_wrong")
        assert refused.returncode == 2
        assert "does not let us in (401" in refused.stderr
        assert "see that OUR_KEY holds a valid key" in refused.stderr
        assert "rw_wrong" not in refused.stdout + refused.stderr
    finally:
        service.stop()


def test_the_invocations_of_a_service_answer_alike(service, models):
    texts = list(support_desk.load_clean_test().texts[:50])
    plain, own = load_endpoint(f"{service.url}/invocations"), load_endpoint(f"{service.url}/v1/predict")
    assert plain.answer(texts).labels.tolist() == own.answer(texts).labels.tolist()


@contextlib.contextmanager
def scoring(model, cwd):
    """MLflow's scoring server: its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", model, "--env-manager", "local"]
    # It starts uvicorn by its name.
    environment = ui_environment() | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with (cwd / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*map(str, command), "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=cwd,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + 120
        while not is_up(f"http://127.0.0.1:{port}/ping"):
            assert process.poll() is None, (cwd / "server.log").read_text()
            assert time.monotonic() < end, (cwd / "server.log").read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def is_up(url):
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(url, trust_env=False).is_success
    return False


@pytest.mark.parametrize("wants_a_table", [False, True])
def test_a_scoring_server_of_mlflow_is_asked_as_its_model_wants(tmp_path, wants_a_table):
    pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")
    data, asked = support_desk.load_train(), list(support_desk.load_clean_test().texts[:30])
    first = ColumnTransformer([("text", CountVectorizer(), "text")]) if wants_a_table else CountVectorizer()
    as_given = (lambda texts: pd.DataFrame({"text": texts})) if wants_a_table else list
    pipeline = make_pipeline(first, LogisticRegression(max_iter=200)).fit(as_given(data.texts), data.labels)
    with quietly():
        import mlflow.sklearn
        from mlflow.models import infer_signature

        signature = infer_signature(as_given(asked)) if wants_a_table else None
        mlflow.sklearn.save_model(
            pipeline, tmp_path / "model", signature=signature, serialization_format="cloudpickle", pip_requirements=[]
        )
    with scoring(tmp_path / "model", tmp_path) as url:
        found = load_endpoint(f"{url}/invocations").answer(asked)
    assert found.labels.tolist() == pipeline.predict(as_given(asked)).tolist()


def test_the_benchmark_runs(tmp_path):
    script = Path(__file__).parents[2] / "benchmarks" / "http_endpoint.py"
    command = [sys.executable, str(script), "--messages", "400", "--rounds", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert "400 messages, 4 batches of 100, 4 at a time, 1 rounds" in done.stdout
    assert len(re.findall(r"\d+\.\d\d s +\d+\.\d\d", done.stdout)) == 3
