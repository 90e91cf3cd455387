"""Journey: the story's messages asked of the story's API and of the guarded service; then a day of its operator."""

import contextlib
import csv
import itertools
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from roadworthy import load_model, support_desk

REASONS = {"unfamiliar_words", "out_of_scope", "low_confidence", "empty", "too_long", "unknown_language"}
GARBAGE = [
    {"text": ""},
    {"text": "   \n"},
    {"text": "\u200b\u2060"},
    {"text": 5},
    {"text": None},
    {"text": ["where is it"]},
    {"text": "x" * 1_000_000},
    {"texts": []},
    {"texts": ["fine", ""]},
    {"text": "fine", "txt": "fine"},
    {},
]


@pytest.fixture(scope="module")
def service(serve, models, tmp_path_factory):
    started = serve(tmp_path_factory.mktemp("served"), models / "hardened")
    yield started
    assert started.stop() == 0


# The story


def test_the_same_wrong_answers_are_now_flagged_and_garbage_is_refused(serve, models, service, tmp_path):
    naive = subprocess_naive(models, tmp_path)
    real = support_desk.load_real_style()
    rows = list(zip(real.texts, real.labels, strict=True))[::11]
    try:
        url = naive.url
        with httpx.Client(base_url=url, trust_env=False) as story, service.client() as ours:
            said = [story.post("/predict", json={"text": text}) for text, _ in rows]
            found = [ours.post("/v1/predict", json={"text": text}) for text, _ in rows]
            assert {answer.status_code for answer in [*said, *found]} == {200}
            silent = sum(answer.json()["label"] != label for answer, (_, label) in zip(said, rows, strict=True))
            ours_silent = sum(
                answer.json()["trusted"] and answer.json()["label"] != label
                for answer, (_, label) in zip(found, rows, strict=True)
            )
            assert ours_silent < silent / 1.8
            for answer in (answer.json() for answer in found):
                assert answer["trusted"] == (answer["verdict"] == "trusted") == (not answer["reasons"])
                assert set(answer["reasons"]) <= REASONS
            for body in GARBAGE:
                refused = ours.post("/v1/predict", json=body)
                assert refused.status_code in {413, 422}
                assert refused.headers["content-type"] == "application/problem+json"
                assert "label" not in refused.json()
            assert story.post("/predict", json={"text": ""}).json()["label"]
    finally:
        naive.kill()


def subprocess_naive(models, cwd):
    """The story's API in a process of its own."""

    class Naive:
        def __init__(self):
            command = [sys.executable, "-m", "roadworthy", "serve", models / "naive", "--naive", "--allow-pickle"]
            self.process = subprocess.Popen([*command, "--port", "0"], cwd=cwd, stderr=subprocess.PIPE, text=True)
            for line in self.process.stderr:
                if found := re.search(r"http://[\d.]+:\d+", line):
                    self.url = found[0]
                    break
            threading.Thread(target=self.process.stderr.read, daemon=True).start()

        def kill(self):
            self.process.kill()
            self.process.wait(10)
            self.process.stderr.close()

    return Naive()


def test_an_answer_names_the_model_and_is_in_the_log_before_it_is_here(service):
    before = Counter(logged(service, "id"))
    answer = service.predict("where is my order", headers={"X-Request-ID": "checkout-17"})
    [(request_id, label, verdict, version)] = [
        row[1:] for row in logged(service, "id, request_id, label, verdict, version") if row[0] == answer.json()["id"]
    ]
    assert (request_id, answer.headers["x-request-id"]) == ("checkout-17", "checkout-17")
    assert (label, verdict) == (answer.json()["label"], answer.json()["verdict"])
    assert version == answer.json()["model"]["version"] == service.get("/version").json()["model"]["version"]
    assert sum(Counter(logged(service, "id")).values()) == sum(before.values()) + 1


def logged(service, columns):
    with sqlite3.connect(service.cwd / "predictions.db") as log:
        return log.execute(f"SELECT {columns} FROM predictions").fetchall()


def test_the_service_answers_what_the_library_answers(service, models):
    texts = support_desk.load_real_style().texts[:60]
    with service.client() as client:
        found = client.post("/v1/predict", json={"texts": list(texts)}).json()["predictions"]
    expected = load_model(models / "hardened").answers(texts)
    assert [one["label"] for one in found] == [one.label for one in expected]
    assert [one["reasons"] for one in found] == [[*one.reasons] for one in expected]
    assert [one["confidence"] for one in found] == pytest.approx([one.confidence for one in expected])


def test_nothing_that_was_asked_stands_in_the_services_own_log(service):
    service.predict("zanzibar quixotic marmalade")
    service.predict("")
    assert "zanzibar" not in service.log.read_text(encoding="utf-8")
    refused = service.wait_for("refused")[-1]
    assert (refused["kind"], refused["status"]) == ("empty-message", 422)
    assert refused["request_id"]


# The operator


def test_a_key_is_needed_for_feedback_and_reload_and_beyond_this_machine_for_all(serve, models, run, tmp_path):
    finished = run("serve", models / "hardened", "--host", "0.0.0.0", cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.count("\n") == 1
    assert "roadworthy key" in finished.stderr
    keys = {scope: run("key", scope, "--scope", scope, cwd=tmp_path).stdout.strip() for scope in ("feedback", "admin")}
    assert not any(key in (tmp_path / "keys.json").read_text() for key in keys.values())
    service = serve(tmp_path, models / "hardened", "--keys", "keys.json")
    with service.client() as client:
        assert client.post("/v1/predict", json={"text": "where is it"}).status_code == 401
        bearer = {scope: {"Authorization": f"Bearer {key}"} for scope, key in keys.items()}
        assert client.post("/v1/admin/reload", headers=bearer["feedback"]).status_code == 403
        assert client.post("/v1/admin/reload", headers=bearer["admin"]).status_code == 200
        unknown = client.post("/v1/feedback", json={"id": "no such id", "label": "a"}, headers=bearer["feedback"])
        assert unknown.status_code == 404
    assert service.stop() == 0


def test_a_day_of_an_operator(serve, models, run, tmp_path):
    (tmp_path / "current").symlink_to(models / "hardened")
    key = run(
        "key", "ops", "--scope", "admin", "--scope", "feedback", "--scope", "predict", cwd=tmp_path
    ).stdout.strip()
    with_key = {"Authorization": f"Bearer {key}"}
    service = serve(tmp_path, "current", "--keys", "keys.json", "--access-log", "--shadow", models / "other")
    with service.client(headers=with_key) as client:
        assert client.get("/readyz").json()["status"] == "ready"
        before = client.get("/version").json()["model"]["version"]
        answers = ask_until(service, with_key, lambda: reload_to(service, tmp_path, models / "other"))
        after = client.get("/version").json()["model"]["version"]
        assert {status for status, _ in answers} == {200}
        assert {answer["model"]["version"] for _, answer in answers} == {before, after}
        labels = {before: models / "hardened", after: models / "other"}
        check_versions(answers, {version: load_model(path) for version, path in labels.items()})
        stored = client.post("/v1/feedback", json={"id": answers[0][1]["id"], "label": "cancel_order"})
        assert stored.json() == {"id": answers[0][1]["id"], "stored": True}
        metrics = client.get("/metrics").text
    assert 'roadworthy_reloads_total{outcome="done"} 1.0' in metrics
    assert service.stop() == 0
    assert service.events()[-1]["event"] == "stopped"
    requests = service.events("request")
    assert all(event["request_id"] and event["ms"] >= 0 for event in requests)
    check_log(run, tmp_path, answers)


TEXTS = ["wher is my ordr", "refund pls", "qwrtz yxcvb", "cancel it NOW!!", "how do I change my adress", "hola amigo"]


def ask_until(service, headers, act):
    """Ask from four threads while something is done, and a little longer; every status and answer."""
    found, stop = [], threading.Event()

    def ask(texts):
        with service.client(headers=headers) as client:
            while not stop.is_set():
                reply = client.post("/v1/predict", json={"text": next(texts)})
                found.append((reply.status_code, {**reply.json(), "text": json.loads(reply.request.content)["text"]}))

    threads = [threading.Thread(target=ask, args=(itertools.cycle(TEXTS),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    try:
        act()
        time.sleep(0.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return found


def reload_to(service, folder, model):
    (folder / "next").symlink_to(model)
    (folder / "next").rename(folder / "current")
    service.signal(signal.SIGHUP)
    service.wait_for("reloaded")


def check_versions(answers, models):
    for _, answer in answers:
        expected = models[answer["model"]["version"]].answer_one(answer["text"])
        assert (answer["label"], tuple(answer["reasons"])) == (expected.label, expected.reasons)
        assert answer["confidence"] == pytest.approx(expected.confidence)


def check_log(run, folder, answers):
    """Every answer is in the export, once, with its verdict; the shadow's answers are beside them."""
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    exported = run(
        "log", "export", "--log", "sqlite:///predictions.db", "--since", since, "--out", "log.csv", cwd=folder
    )
    assert exported.returncode == 0, exported.stderr
    with (folder / "log.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    served = {row["id"]: row for row in rows if row["role"] == "served"}
    assert len(served) == sum(row["role"] == "served" for row in rows) == len(answers)
    for _, answer in answers:
        assert served[answer["id"]]["verdict"] == answer["verdict"]
        assert served[answer["id"]]["text"] == answer["text"]
    assert served[answers[0][1]["id"]]["true_label"] == "cancel_order"
    assert sum(row["role"] == "shadow" for row in rows) > 0
    flagged = [row for row in served.values() if row["verdict"] == "flagged"]
    assert len(flagged) == sum(answer["verdict"] == "flagged" for _, answer in answers) > 0


def test_yesterdays_flagged_messages_are_a_query_away(serve, models, run, tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    service = serve(tmp_path, models / "hardened")
    for text in TEXTS:
        assert service.predict(text).status_code == 200
    assert service.stop() == 0
    with sqlite3.connect(tmp_path / "predictions.db") as log:
        log.execute("UPDATE predictions SET time = datetime(time, '-1 day')")
    finished = run("log", "export", "--since", "yesterday", "--verdict", "flagged", "--out", "y.parquet", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    found = pandas.read_parquet(tmp_path / "y.parquet")
    assert len(found) > 0
    assert set(found["verdict"]) == {"flagged"}
    assert set(found["text"]) <= set(TEXTS)


@pytest.mark.slow
def test_several_workers_share_a_log_and_their_counts(serve, models, tmp_path):
    (tmp_path / "model").symlink_to(models / "hardened")
    service = serve(tmp_path, "model", "--workers", "2")
    service.wait_for("ready", count=2)
    before = service.predict("where is it").json()["model"]["version"]
    # A connection of its own for each, so that both workers get some.
    replies = [service.predict("where is my order") for _ in range(40)]
    assert {reply.status_code for reply in replies} == {200}
    assert len(logged(service, "id")) == 41
    counted = service.get("/metrics").text
    lines = [line for line in counted.splitlines() if line.startswith("roadworthy_predictions_total")]
    assert sum(float(line.rpartition(" ")[2]) for line in lines) == 41
    (tmp_path / "next").symlink_to(models / "other")
    (tmp_path / "next").rename(tmp_path / "model")
    service.signal(signal.SIGHUP)
    service.wait_for("reloaded", count=2)
    after = {service.predict("where is it").json()["model"]["version"] for _ in range(20)}
    assert len(after) == 1
    assert before not in after
    assert service.stop() == 0


@pytest.mark.slow
def test_workers_end_with_a_supervisor_that_was_killed(serve, models, tmp_path):
    service = serve(tmp_path, str(models / "hardened"), "--workers", "2")
    service.wait_for("ready", count=2)
    service.server.kill()
    service.process.wait(10)
    end = time.monotonic() + 60
    while len(service.events("supervisor_died")) < 2 or is_up(service):
        assert time.monotonic() < end, service.log.read_text(encoding="utf-8")
        time.sleep(0.1)


def is_up(service):
    with contextlib.suppress(httpx.TransportError):
        return service.get("/healthz").is_success
    return False


def test_what_was_accepted_is_finished_when_told_to_stop(serve, tmp_path):
    (tmp_path / "slow.py").write_text(
        "import pathlib\nimport time\n\n\ndef classify(texts):\n"
        "    pathlib.Path('asked').touch()\n    time.sleep(1.5)\n    return ['late' for _ in texts]\n"
    )
    service = serve(tmp_path, "python:slow:classify")
    replies = []
    thread = threading.Thread(target=lambda: replies.append(service.predict("where is it")))
    thread.start()
    end = time.monotonic() + 60
    while not (tmp_path / "asked").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert service.stop() == 0
    thread.join()
    assert [reply.status_code for reply in replies] == [200]
    assert len(logged(service, "id")) == 1
    assert service.events("no_guard: every answer counts as trusted; roadworthy wrap gives the model a guard")


@pytest.fixture
def prometheus(tmp_path):
    """Starts a real Prometheus that asks one service every second; gives what queries its answers."""
    started = []

    def start(service):
        folder = tmp_path / "prometheus"
        folder.mkdir()
        target = service.url.removeprefix("http://")
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\n"
            f"scrape_configs: [{{job_name: roadworthy, static_configs: [{{targets: ['{target}']}}]}}]\n"
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        options = (f"--web.listen-address={address}", "--config.file=prometheus.yml", "--storage.tsdb.path=data")
        with (folder / "log").open("wb") as log:
            started.append(subprocess.Popen([prometheus_program(), *options], cwd=folder, stdout=log, stderr=log))
        return lambda query: ask_prometheus(address, query)

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


def prometheus_program():
    found = shutil.which("prometheus")
    if found is None:
        reason = "prometheus is not installed"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found


def ask_prometheus(address, query):
    """The values that a query has by now, by their labels."""
    reply = httpx.get(f"http://{address}/api/v1/query", params={"query": query}, trust_env=False)
    reply.raise_for_status()
    return [(series["metric"], float(series["value"][1])) for series in reply.json()["data"]["result"]]


def test_a_started_prometheus_sees_what_the_service_does(serve, models, prometheus, tmp_path):
    service = serve(tmp_path, models / "hardened")
    query = prometheus(service)
    for text in [*TEXTS, ""]:
        service.predict(text)
    end = time.monotonic() + 30
    counted = []
    while sum(value for _, value in counted) < len(TEXTS):
        assert time.monotonic() < end, counted
        time.sleep(0.3)
        with contextlib.suppress(httpx.TransportError, httpx.HTTPStatusError):
            counted = query("roadworthy_predictions_total")
    assert sum(value for _, value in counted) == len(TEXTS)
    assert {metric["verdict"] for metric, _ in counted} == {"trusted", "flagged"}
    assert query('up{job="roadworthy"}')[0][1] == 1
    assert query('roadworthy_requests_total{path="/v1/predict",status="422"}')[0][1] == 1
    assert query('roadworthy_log_state{state="ok"}')[0][1] == 1
    [(model, _)] = query("roadworthy_model_info == 1")
    assert model["version"] == service.get("/version").json()["model"]["version"]
    assert query("histogram_quantile(0.99, roadworthy_latency_seconds_bucket{path='/v1/predict'})")[0][1] < 1


def test_the_page_of_the_started_service_says_what_is_wrong(service, browser):
    page = browser.new_page()
    page.goto(service.url)
    page.get_by_role("textbox").fill("qwrtz yxcvb")
    page.get_by_role("button", name="Ask").click()
    shown = page.locator("body").inner_text()
    assert "FLAGGED" in shown.upper()
    assert "out of scope" in shown
    assert page.locator("mark").all_inner_texts() == ["qwrtz", "yxcvb"]
    page.get_by_role("textbox").fill("   ")
    page.get_by_role("button", name="Ask").click()
    assert "says nothing" in page.locator("body").inner_text()
    page.close()
    assert [row[0] for row in logged(service, "role") if row[0] == "page"] == ["page"]
