"""What every address has in common: an id, what browsers are told, counters, a line in the log, and no surprise."""

import asyncio
import json
import multiprocessing
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount

from roadworthy.models.record import note_inspection, note_run
from roadworthy.prediction_log import LogError
from roadworthy.serve import app as application
from roadworthy.serve.app import create_app
from roadworthy.serve.settings import read_settings

from .conftest import FAMILIAR, PROBLEM, Client, FakeLog, Serve, scripted

SECURITY = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
GETS = ("/healthz", "/ping", "/readyz", "/metrics", "/version", "/openapi.json")
POSTS = ("/v1/predict", "/invocations", "/v1/feedback", "/v1/admin/reload")


@pytest.fixture
def client(serve: Serve) -> Client:
    return serve(log=FakeLog())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", path, 200) for path in GETS),
        ("POST", "/v1/predict", 415),
        ("POST", "/v1/feedback", 401),
        ("GET", "/nowhere", 404),
        ("POST", "/nowhere", 404),
        ("GET", "/v1/predict/", 404),
        ("DELETE", "/v1/predict", 405),
    ],
)
def test_every_answer_has_an_id_and_tells_browsers_what_they_may_not_do(
    client: Client, method: str, path: str, status: int
) -> None:
    response = client.ask(method, path, headers={"x-request-id": "r7"})
    assert response.status_code == status
    assert {name: response.headers[name] for name in SECURITY} == SECURITY
    assert response.headers.get_list("x-request-id") == ["r7"]
    made = client.ask(method, path, headers={"x-request-id": "not a name"}).headers["x-request-id"]
    assert made.isascii()
    assert made not in ("r7", "not a name", "")


def test_the_page_has_a_policy_of_its_own_and_an_id(client: Client) -> None:
    response = client.get("/", x_request_id="r7")
    assert response.status_code == 200
    assert len(response.headers.get_list("content-security-policy")) == 1
    assert "form-action 'self'" in response.headers["content-security-policy"]
    assert response.headers["x-request-id"] == "r7"


@pytest.mark.parametrize("path", ["/nowhere", "/docs", "/redoc", "/v1", "/v1/predict/", "//healthz", "/static/x.js"])
def test_what_is_not_there_is_told_as_a_problem(client: Client, path: str) -> None:
    response = client.ask("GET", f"http://127.0.0.1{path}", headers={"x-request-id": "r7"})
    assert (response.status_code, response.headers["content-type"]) == (404, PROBLEM)
    assert response.json() == {
        "type": "urn:roadworthy:problem:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "there is nothing here; see /openapi.json",
        "instance": "urn:roadworthy:request:r7",
    }


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        *(("GET", path, {"POST"}) for path in POSTS),
        *(("POST", path, {"GET"}) for path in GETS),
        ("PUT", "/v1/predict", {"POST"}),
    ],
)
def test_another_method_is_told_which_are_allowed(client: Client, method: str, path: str, allowed: set[str]) -> None:
    response = client.ask(method, path)
    assert (response.status_code, response.headers["content-type"]) == (405, PROBLEM)
    assert {*response.headers["allow"].replace(" ", "").split(",")} - {"HEAD"} == allowed
    assert response.json()["type"] == "urn:roadworthy:problem:method-not-allowed"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.text(st.characters(codec="utf-8", exclude_characters="?#"), max_size=20))
def test_what_clients_make_up_does_not_become_a_counter(client: Client, path: str) -> None:
    import urllib.parse

    client.get("/made-up/" + urllib.parse.quote(path))
    counted = {
        sample.labels["path"]
        for metric in client.service.counters.registry.collect()
        if metric.name == "roadworthy_requests"
        for sample in metric.samples
    }
    assert counted == {"other"}


def test_requests_are_counted_by_the_path_that_was_declared(client: Client) -> None:
    for path in ("/healthz", "/version", "/nowhere", "/"):
        client.get(path)
    client.predict(FAMILIAR)
    client.get("/v1/predict")
    counted = [
        ("/healthz", 200),
        ("/version", 200),
        ("other", 404),
        ("/", 200),
        ("/v1/predict", 200),
        ("/v1/predict", 405),
    ]
    for path, status in counted:
        assert client.metric("requests_total", path=path, status=str(status)) == 1, path
        assert client.metric("latency_seconds_count", path=path) >= 1


# How it is.


def test_the_process_is_alive_whatever_the_log_is(serve: Serve) -> None:
    client = serve(log=FakeLog("failing"))
    assert (client.get("/healthz").status_code, client.get("/healthz").json()) == (200, {"status": "alive"})


@pytest.mark.parametrize(
    ("state", "status", "said"),
    [("ok", 200, "ready"), ("spooling", 200, "degraded"), ("failing", 503, "not ready")],
)
def test_it_is_ready_while_answers_can_be_logged(serve: Serve, state: str, status: int, said: str) -> None:
    client = serve(log=FakeLog(state, spooled=7))
    response = client.get("/readyz")
    assert response.status_code == status
    assert response.json() == {
        "status": said,
        "log": state,
        "spooled_rows": 7,
        "model": {"name": "desk", "version": client.service.served.version, "run": None},
    }


def test_the_version_says_which_model_it_is_and_how_it_was_inspected(serve: Serve, desk: Path, place: Path) -> None:
    import shutil
    from importlib.metadata import version

    own = Path(shutil.copytree(desk, place / "own"))
    note_run(own, "run7")
    note_inspection(own, verdict="pass", messages="test.csv", n=240)
    found = serve(own).get("/version").json()
    assert (found["roadworthy"], found["model"]["name"], found["model"]["run"]) == (
        version("roadworthy"),
        "own",
        "run7",
    )
    assert (found["inspection"]["verdict"], found["inspection"]["n"]) == ("pass", 240)


def test_the_metrics_are_what_prometheus_reads(serve: Serve) -> None:
    client = serve(log=FakeLog("spooling", spooled=7))
    client.predict(FAMILIAR)
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    lines = response.text.splitlines()
    version = client.service.served.version
    assert 'roadworthy_log_state{state="spooling"} 1.0' in lines
    assert "roadworthy_log_spooled_rows 7.0" in lines
    assert 'roadworthy_predictions_total{label="refund_status",verdict="trusted"} 1.0' in lines
    assert f'roadworthy_model_info{{name="desk",run="",version="{version}"}} 1.0' in lines


# What fails.


def test_an_error_of_ours_is_told_as_a_problem_on_every_address(
    client: Client, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Any:
        raise KeyError("inner")

    monkeypatch.setattr(client.service, "readiness", fails)
    response = client.get("/readyz", x_request_id="r7")
    assert (response.status_code, response.headers["content-type"]) == (500, PROBLEM)
    assert response.json()["type"] == "urn:roadworthy:problem:internal-error"
    assert "inner" not in response.text
    assert response.headers["x-request-id"] == "r7"
    failed = next(json.loads(line) for line in lines if '"failed"' in line)
    assert (failed["request_id"], failed["path"]) == ("r7", "/readyz")
    assert client.metric("requests_total", path="/readyz", status="500") == 1


def test_nothing_of_a_message_is_in_the_log_of_the_service(serve: Serve, lines: list[str]) -> None:
    words = "zebrafish quokka"

    def fails(texts: Any) -> Any:
        raise ValueError(f"cannot say {texts[0]}")

    client = serve(log=FakeLog(), access_log=True)
    client.predict(words)
    client.predict(words, words, content_type="application/json")
    client.post("/v1/predict", {"text": words, words: 1})
    client.post("/v1/predict", content=f'{{"text": "{words}'.encode(), content_type="application/json")
    client.post("/v1/predict", {"text": words * 1_000})
    client.post("/", content=b"text=zebrafish+quokka", content_type="application/x-www-form-urlencoded")
    client.service.log.error = LogError("the disk is full")
    assert client.predict(words).status_code == 503
    client.service.log.error = None
    client.service.models.served = scripted(fails)
    assert client.predict(words).status_code == 500
    assert len(lines) >= 8
    assert not [line for line in lines if "zebrafish" in line]


def test_the_access_log_has_a_line_a_request(serve: Serve, lines: list[str]) -> None:
    client = serve(log=FakeLog(), access_log=True)
    client.predict(FAMILIAR, x_request_id="r7")
    client.get("/healthz", x_request_id="r8")
    told = [json.loads(line) for line in lines if '"event": "request"' in line]
    assert [(one["request_id"], one["method"], one["path"], one["status"]) for one in told] == [
        ("r7", "POST", "/v1/predict", 200),
        ("r8", "GET", "/healthz", 200),
    ]


def test_without_an_access_log_an_answer_leaves_no_line(client: Client, lines: list[str]) -> None:
    client.predict(FAMILIAR)
    client.get("/healthz")
    assert lines == []


# Inside of another application, where its addresses are reached by its routes.


def mounted(client: Client, method: str, path: str, **options: Any) -> httpx.Response:
    outer = Starlette(routes=[Mount("/desk", app=client.app)])

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=outer)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as asking:
            return await asking.request(method, f"/desk{path}", **options)

    return client.portal.call(ask)


def test_inside_of_another_application_it_answers_the_same(client: Client) -> None:
    own = client.predict(FAMILIAR).json()
    found = mounted(client, "POST", "/v1/predict", json={"text": FAMILIAR})
    assert found.status_code == 200
    assert {**found.json(), "id": ""} == {**own, "id": ""}
    refused = mounted(client, "POST", "/v1/predict", json={"text": ""}, headers={"x-request-id": "r7"})
    assert (refused.status_code, refused.headers["content-type"]) == (422, PROBLEM)
    assert refused.json()["instance"] == "urn:roadworthy:request:r7"
    large = mounted(client, "POST", "/v1/predict", json={"text": "x" * 300_000})
    assert (large.status_code, large.headers["connection"]) == (413, "close")
    assert {name: found.headers[name] for name in SECURITY} == SECURITY


# Signals.


def test_sighup_loads_the_model_anew(desk: Path, place: Path, lines: list[str]) -> None:
    app = create_app(read_settings(model=str(desk)))

    async def scene() -> None:
        async with app.router.lifespan_context(app):
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: app.service.counters.registry.get_sample_value(DONE, {"outcome": "done"}) == 1)
            app.service.models.settings = app.service.settings.model_copy(update={"model": "nowhere"})
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: app.service.counters.registry.get_sample_value(DONE, {"outcome": "failed"}) == 1)

    anyio.run(scene)
    assert [json.loads(line)["event"] for line in lines] == ["ready", "reloaded", "reload_failed"]
    assert app.service.served.name == "desk"


DONE = "roadworthy_reloads_total"


async def until(condition: Any) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("parent", [None, os.getppid()])
def test_a_worker_has_the_others_load_it_too(
    serve: Serve, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch, parent: int | None
) -> None:
    sent: list[Any] = []
    above = None if parent is None else SimpleNamespace(pid=parent)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: above)
    monkeypatch.setattr(os, "kill", lambda *signalled: sent.append(signalled))
    client = serve(keys="keys.json")
    assert client.post("/v1/admin/reload", x_api_key=secrets["admin"]).status_code == 200
    assert sent == ([] if parent is None else [(os.getppid(), signal.SIGHUP)])
    # The signal comes back from above; this worker has loaded the model already.
    assert client.app.has_reloaded == (parent is not None)


def test_a_worker_whose_supervisor_was_killed_ends(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    raised: list[int] = []
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: SimpleNamespace(pid=1))
    monkeypatch.setattr(application, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(signal, "raise_signal", raised.append)
    client = serve()
    client.portal.call(until, lambda: raised)
    assert raised == [signal.SIGTERM]
    assert '"event": "supervisor_died", "pid": 1' in lines[-1]


def test_a_web_socket_is_closed(client: Client) -> None:
    sent: list[Any] = []

    async def ask() -> None:
        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "websocket", "path": "/v1/predict", "headers": [], "query_string": b"", "scheme": "ws"}
        await client.app({**scope, "root_path": "", "subprotocols": []}, receive, send)

    client.portal.call(ask)
    assert [message["type"] for message in sent] == ["websocket.close"]
