"""Journey: a started service follows the aliases of a started MLflow server, and nobody who asks it notices."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import httpx
import pytest

from roadworthy import load_model, support_desk
from roadworthy.models.artifact import load_artifact

pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")

TEXTS = ["wher is my ordr", "refund pls", "qwrtz yxcvb", "cancel it NOW!!", "how do I change my adress", "hola amigo"]


class Registry:
    """An MLflow server of the tests' own, which can be stopped and started again at the same address."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db", "--workers", "1"]
        command += ["--artifacts-destination", str(self.folder / "artifacts")]
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        end = time.monotonic() + 120
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.uri}/health", trust_env=False).status_code == 200:
                    return self
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < end, "the server did not come up"
            time.sleep(0.2)

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    @property
    def client(self):
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri)

    def register(self, name, folder):
        """Log an artifact and make it the next version; the version."""
        from roadworthy.registry import register
        from roadworthy.tracking import track_artifact

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MLFLOW_TRACKING_URI", self.uri)
            run = track_artifact(load_artifact(folder), support_desk.load_train(), folder)
            return register(name, run.run_id)

    def point(self, name, alias, version):
        self.client.set_registered_model_alias(name, alias, version)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    registry = Registry(tmp_path_factory.mktemp("registry")).start()
    yield registry
    registry.stop()


@pytest.fixture
def name(server, models):
    """A registered model of its own for each test: version 1 is `hardened` and champion, 2 is `other`."""
    name = f"desk {uuid.uuid4().hex[:6]}"
    first = server.register(name, models / "hardened").version
    server.point(name, "champion", first)
    server.register(name, models / "other")
    server.client.delete_registered_model_alias(name, "challenger")
    return name


@pytest.fixture
def follow(serve, server):
    """Starts services that ask the store five times a second."""
    started = []

    def start(cwd, *arguments, seconds="0.2", **environment):
        environment = {"MLFLOW_TRACKING_URI": server.uri, **environment}
        started.append(serve(cwd, *arguments, "--follow-seconds", seconds, **environment))
        return started[-1]

    yield start
    for service in started:
        service.kill()


def version_of(service):
    return service.get("/version").json()["model"]["version"]


def metric(service, name):
    lines = service.get("/metrics").text.splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"roadworthy_{name} "))


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident(pid):
    """Kilobytes."""
    found = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(found.split()[1])


def ask_until(service, act):
    """Ask from four threads while something is done, and a little longer; every status and answer."""
    found, stop = [], threading.Event()

    def ask(texts):
        with service.client() as client:
            while not stop.is_set():
                reply = client.post("/v1/predict", json={"text": next(texts)})
                found.append((reply.status_code, {**reply.json(), "text": json.loads(reply.request.content)["text"]}))

    threads = [threading.Thread(target=ask, args=(itertools.cycle(TEXTS),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.5)
        act()
        time.sleep(0.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return found


@pytest.mark.slow
def test_an_alias_that_moves_back_and_forth_costs_no_request(follow, server, name, models, tmp_path):
    service = follow(tmp_path, f"models:/{name}@champion")
    moves = ["2", "1", "2", "1"]

    def move():
        for count, version in enumerate(moves, start=1):
            moved = time.monotonic()
            server.point(name, "champion", version)
            service.wait_for("model_changed", count=count)
            assert time.monotonic() - moved < 15
            assert version_of(service) == version

    answers = ask_until(service, move)
    assert {status for status, _ in answers} == {200}
    assert len(answers) > 200
    known = {version: load_model(models / folder) for version, folder in {"1": "hardened", "2": "other"}.items()}
    assert {answer["model"]["version"] for _, answer in answers} == {*known}
    assert {answer["model"]["name"] for _, answer in answers} == {name}
    differ = 0
    for _, answer in answers:
        expected = known[answer["model"]["version"]].answer_one(answer["text"])
        assert (answer["label"], tuple(answer["reasons"])) == (expected.label, expected.reasons)
        assert answer["confidence"] == pytest.approx(expected.confidence)
        differ += any(
            abs(model.answer_one(answer["text"]).confidence - answer["confidence"]) > 1e-3 for model in known.values()
        )
    assert differ > 0
    with sqlite3.connect(tmp_path / "predictions.db") as log:
        logged = log.execute("SELECT id, model, version FROM predictions WHERE role = 'served'").fetchall()
    assert {row[0]: row[1:] for row in logged} == {
        answer["id"]: (name, answer["model"]["version"]) for _, answer in answers
    }
    changed = [(event["before"]["version"], event["now"]["version"]) for event in service.events("model_changed")]
    assert changed == [*itertools.pairwise(["1", *moves])]
    assert metric(service, 'model_changes_total{outcome="done"}') == len(moves)
    assert service.stop() == 0


@pytest.mark.slow
def test_what_is_served_says_its_run_and_its_inspection_and_is_as_lean_as_a_folder(
    follow, serve, server, name, models, tmp_path
):
    version = server.client.get_model_version(name, "1")
    experiment = server.client.get_run(version.run_id).info.experiment_id
    tags = {
        "roadworthy.kind": "inspection",
        "roadworthy.registered_model": name,
        "roadworthy.model_version": "1",
        "roadworthy.gate": "pass",
        "roadworthy.verdict": "advisory",
    }
    inspected = server.client.create_run(experiment, tags=tags)
    server.client.log_param(inspected.info.run_id, "clean_messages", 240)
    server.client.set_terminated(inspected.info.run_id)
    (tmp_path / "followed").mkdir()
    (tmp_path / "folder").mkdir()
    followed = follow(tmp_path / "followed", f"models:/{name}@champion")
    about = followed.get("/version").json()
    assert about["model"] == {"name": name, "version": "1", "run": version.run_id}
    inspection = about["inspection"]
    assert (inspection["verdict"], inspection["gate"], inspection["n"]) == ("advisory", "pass", 240)
    assert inspection["run"] == inspected.info.run_id
    plain = serve(tmp_path / "folder", models / "hardened")
    for service in (followed, plain):
        for text in TEXTS * 5:
            assert service.predict(text).status_code == 200
    [follower] = children(followed.process.pid)
    assert children(plain.process.pid) == []
    assert resident(followed.process.pid) < 1.1 * resident(plain.process.pid)
    assert b"roadworthy.serve.follower" in Path(f"/proc/{follower}/cmdline").read_bytes()
    assert [service.stop() for service in (followed, plain)] == [0, 0]
    until(lambda: not Path(f"/proc/{follower}").exists())


@pytest.mark.slow
def test_the_challenger_is_asked_in_shadow_for_as_long_as_there_is_one(follow, server, name, tmp_path):
    service = follow(tmp_path, f"models:/{name}@champion", "--shadow", f"models:/{name}@challenger")

    def shadows():
        with sqlite3.connect(tmp_path / "predictions.db") as log:
            return {row[0] for row in log.execute("SELECT version FROM predictions WHERE role = 'shadow'")}

    assert service.predict(TEXTS[0]).status_code == 200
    server.point(name, "challenger", "2")
    service.wait_for("model_changed")
    assert service.predict(TEXTS[0]).json()["model"]["version"] == "1"
    until(lambda: shadows() == {"2"})
    server.client.delete_registered_model_alias(name, "challenger")
    assert service.wait_for("model_changed", count=2)[-1]["now"] is None
    assert service.predict(TEXTS[0]).status_code == 200
    assert service.get("/readyz").json()["status"] == "ready"
    assert service.stop() == 0


@pytest.mark.slow
def test_a_champion_that_does_not_load_leaves_the_one_before(follow, server, name, models, tmp_path):
    service = follow(tmp_path, f"models:/{name}@champion")
    before = {*server.folder.rglob("model.skops")}
    broken = server.register(name, models / "other").version
    [damaged] = {*server.folder.rglob("model.skops")} - before
    damaged.write_bytes(b"damaged")
    answers = ask_until(
        service,
        lambda: (server.point(name, "champion", broken), service.wait_for("model_change_failed")),
    )
    assert {(status, answer["model"]["version"]) for status, answer in answers} == {(200, "1")}
    [failed] = service.events("model_change_failed")
    assert (failed["wanted"]["version"], failed["still"]["version"]) == (broken, "1")
    assert "model.skops is not the file that was written" in failed["error"]
    ready = service.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["not_loaded"] == {"name": name, "version": broken}
    assert metric(service, 'model_changes_total{outcome="failed"}') == 1
    server.point(name, "champion", "2")
    until(lambda: version_of(service) == "2")
    assert service.get("/readyz").json()["status"] == "ready"
    assert service.stop() == 0


@pytest.mark.slow
def test_several_workers_share_one_follower_and_a_signal_asks_at_once(follow, server, name, tmp_path):
    service = follow(tmp_path, f"models:/{name}@champion", "--workers", "2", seconds="3600")
    followers = [
        child
        for child in children(service.process.pid)
        if b"roadworthy.serve.follower" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    assert len(followers) == 1
    assert {service.predict(text).json()["model"]["version"] for text in TEXTS} == {"1"}
    server.point(name, "champion", "2")
    answers = ask_until(service, lambda: (service.signal(signal.SIGHUP), service.wait_for("reloaded", count=2)))
    assert {status for status, _ in answers} == {200}
    assert {service.predict(text).json()["model"]["version"] for text in TEXTS * 3} == {"2"}
    # One that dies is replaced, and asks first of all.
    server.point(name, "champion", "1")
    time.sleep(5)
    os.kill(followers[0], signal.SIGKILL)
    service.wait_for("follower_died")
    service.wait_for("model_changed", count=2)
    assert {service.predict(text).json()["model"]["version"] for text in TEXTS * 3} == {"1"}
    assert service.stop() == 0


@pytest.mark.slow
def test_a_store_that_goes_away_is_told_and_does_no_harm(serve, run, models, tmp_path, tmp_path_factory):
    registry = Registry(tmp_path_factory.mktemp("registry")).start()
    try:
        for folder in ("hardened", "other"):
            registry.register("desk", models / folder)
        registry.point("desk", "champion", "1")
        options = ("--follow-seconds", "0.2")
        service = serve(tmp_path, "models:/desk@champion", *options, MLFLOW_TRACKING_URI=registry.uri)
        assert service.get("/readyz").json()["registry"] == "ok"
        assert metric(service, "registry_up") == 1
        answers = ask_until(service, lambda: (registry.stop(), service.wait_for("registry_away")))
        assert {status for status, _ in answers} == {200}
        ready = service.get("/readyz")
        assert (ready.status_code, ready.json()["registry"], ready.json()["status"]) == (200, "away", "degraded")
        assert metric(service, "registry_up") == 0
        # One that is started meanwhile serves what was named last; what was never named here it cannot.
        other = serve(tmp_path, "models:/desk@champion", *options, MLFLOW_TRACKING_URI=registry.uri)
        assert (version_of(other), other.get("/readyz").json()["registry"]) == ("1", "away")
        ended = run("serve", "models:/desk@challenger", "--port", "0", cwd=tmp_path, MLFLOW_TRACKING_URI=registry.uri)
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
        assert "MLflow's store does not answer" in ended.stderr
        registry.start()
        registry.point("desk", "champion", "2")
        for started in (service, other):
            started.wait_for("registry_back")
            until(lambda started=started: version_of(started) == "2")
            assert started.get("/readyz").json()["registry"] == "ok"
            assert started.stop() == 0
    finally:
        registry.stop()


def test_a_model_that_the_store_does_not_have_is_told_in_one_line(run, empty_store, tmp_path):
    shutil.copy(empty_store, tmp_path)
    ended = run("serve", "models:/nothing@champion", "--port", "0", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert "models:/nothing@champion: the store has no such model; check name and alias" in ended.stderr


@pytest.mark.slow
def test_mlflow_is_never_imported_into_the_service(server, name, tmp_path):
    code = (
        "import sys; from roadworthy.serve.app import create_app; from roadworthy.serve.settings import read_settings;"
        f"app = create_app(read_settings(model='models:/{name}@champion')); app.service.close();"
        "assert app.service.served.about['version'] == '1';"
        "assert not {'mlflow', 'roadworthy.serve.mlflow_models'} & {*sys.modules}"
    )
    environment = {**os.environ, "MLFLOW_TRACKING_URI": server.uri}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=environment)
