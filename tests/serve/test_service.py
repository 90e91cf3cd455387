"""The service behind its addresses: what is logged, what is loaded anew, and what the shadow model may not disturb."""

import pickle
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from roadworthy.data import Dataset
from roadworthy.errors import ModelError, RoadworthyError, SettingsError
from roadworthy.models.guarded import Answer
from roadworthy.models.record import note_run
from roadworthy.prediction_log import LogError, Prediction, new_id
from roadworthy.serve import service as service_module
from roadworthy.serve import shadow as shadow_module
from roadworthy.serve.keys import add_key
from roadworthy.serve.service import Service
from roadworthy.serve.settings import read_settings
from roadworthy.serve.shadow import Shadow
from roadworthy.training.hardened import train_hardened
from roadworthy.training.notebook import train_notebook

from .conftest import FAMILIAR, STRANGE, Client, FakeLog, Serve, scripted, trusted


def wait_for(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + 10
    while not (found := condition()):
        assert time.monotonic() < end, "never happened"
        time.sleep(0.005)
    return found


# What is logged.


@pytest.mark.parametrize(
    ("mode", "kept"), [("redacted", "ring [phone]"), ("raw", "ring 020 7946 0958"), ("none", None)]
)
def test_messages_are_logged_as_the_settings_have_it(serve: Serve, mode: str, kept: str | None) -> None:
    client = serve(log_text=mode)
    client.predict("ring 020 7946 0958")
    (row,) = client.rows()
    assert (row["text"] if isinstance(row["text"], str) else None) == kept


def test_an_answer_is_on_disk_before_it_leaves(serve: Serve, place: Path) -> None:
    id_ = serve().predict(FAMILIAR).json()["id"]
    with sqlite3.connect(place / "predictions.db") as other:
        assert other.execute("SELECT id FROM predictions").fetchall() == [(id_,)]
    other.close()


def test_the_time_an_answer_took_is_shared_among_its_messages(serve: Serve) -> None:
    def slow(texts: Any) -> list[Answer]:
        time.sleep(0.05)
        return [trusted("order") for _ in texts]

    client = serve(log=(log := FakeLog()), served=scripted(slow))
    client.predict("a", "b", "c", "d", "e")
    assert [10 <= row.latency_ms < 40 for row in log.rows] == [True] * 5


def test_a_model_that_answers_too_few_answers_nothing(serve: Serve) -> None:
    client = serve(log=(log := FakeLog()), served=scripted(lambda texts: [trusted("order")]))
    response = client.predict("a", "b")
    assert (response.status_code, log.rows) == (500, [])


def test_while_the_log_is_away_answers_wait_on_disk_and_are_logged_once_it_is_back(
    serve: Serve, place: Path, lines: list[str]
) -> None:
    client = serve()
    with sqlite3.connect(place / "predictions.db") as other:
        other.execute("ALTER TABLE predictions RENAME TO away")
    first = client.predict(FAMILIAR)
    assert (first.status_code, client.get("/readyz").json()["status"]) == (200, "degraded")
    wait_for(lambda: client.metric("log_spooled_rows") == 1)
    other.execute("ALTER TABLE away RENAME TO predictions")
    other.close()
    wait_for(lambda: client.get("/readyz").json()["status"] == "ready")
    assert [row["id"] for row in client.rows()] == [first.json()["id"]]
    assert [event for event in ("log_away", "spool_replayed", "log_back") if any(event in line for line in lines)] == [
        "log_away",
        "spool_replayed",
        "log_back",
    ]
    assert not [line for line in lines if FAMILIAR in line]


# Feedback.


@pytest.fixture
def feed(serve: Serve, secrets: dict[str, str]) -> Callable[..., tuple[Client, Any]]:
    """Start a service, and give the true label of a prediction that it does not know."""

    def start(**options: Any) -> tuple[Client, Any]:
        client = serve(keys="keys.json", **options)
        body = {"id": "019ab4c2-7d40-7b1e-9a70-3f2a51c0d9e4", "label": "order"}
        return client, lambda: client.post("/v1/feedback", body, x_api_key=secrets["feedback"])

    return start


def test_feedback_on_a_prediction_that_may_wait_in_the_spool_is_stored(feed: Any) -> None:
    _, give = feed(log=(log := FakeLog("spooling")))
    assert give().json()["stored"] is True
    (row,) = log.rows
    assert (row.prediction_id, row.label) == ("019ab4c2-7d40-7b1e-9a70-3f2a51c0d9e4", "order")
    assert (row.id != row.prediction_id, datetime.now(UTC) - row.time < timedelta(minutes=1)) == (True, True)


def test_feedback_that_cannot_be_logged_is_refused(feed: Any) -> None:
    client, give = feed(log=FakeLog("failing", error=LogError("the disk is full")))
    response = give()
    assert (response.status_code, response.json()["type"]) == (503, "urn:roadworthy:problem:not-logged")
    assert "answer" not in response.json()["detail"]
    assert client.metric("log_failures_total") == 1


def test_feedback_is_stored_also_when_nobody_has_noticed_yet_that_the_log_is_away(
    feed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> bool:
        raise LogError("the prediction log is out of reach")

    _, give = feed(log=(log := FakeLog("ok")))
    monkeypatch.setattr(service_module, "has_prediction", away)
    assert (give().status_code, len(log.rows)) == (200, 1)


@pytest.mark.parametrize(("workers", "status"), [(1, 404), (2, 200)])
def test_feedback_waits_for_what_another_worker_has_answered_just_now(
    feed: Any, monkeypatch: pytest.MonkeyPatch, workers: int, status: int
) -> None:
    _, give = feed(log=FakeLog("ok"), workers=workers)
    known = iter([False, True])
    monkeypatch.setattr(service_module, "has_prediction", lambda *_: next(known))
    assert give().status_code == status


# From start to end.


def test_what_was_accepted_is_in_the_log_when_the_service_has_stopped(desk: Path, place: Path) -> None:
    async def scene() -> list[Prediction]:
        service = Service(read_settings(model=str(desk)))
        await service.start()
        found: list[Prediction] = []

        async def ask(n: int) -> None:
            found.extend((await service.answer([f"where is order {n}"], str(n)))[1])

        async with anyio.create_task_group() as tasks:
            for n in range(20):
                tasks.start_soon(ask, n)
        await service.stop()
        return found

    found = anyio.run(scene)
    with sqlite3.connect(place / "predictions.db") as log:
        assert {id_ for (id_,) in log.execute("SELECT id FROM predictions")} == {row.id for row in found}
    log.close()


def test_a_service_that_was_never_started_stops(desk: Path, place: Path) -> None:
    service = Service(read_settings(model=str(desk)))
    anyio.run(service.stop)


def test_a_log_or_keys_that_cannot_be_used_are_told_at_the_start(desk: Path, place: Path) -> None:
    with pytest.raises(RoadworthyError, match="the log cannot be kept in 'mysql'"):
        Service(read_settings(model=str(desk), log="mysql://a/b"))
    with pytest.raises(SettingsError, match="none.json: cannot be read"):
        Service(read_settings(model=str(desk), keys="none.json"))
    with pytest.raises(ModelError):
        Service(read_settings(model=str(desk), shadow="nowhere"))


# What is too old.


def test_what_is_too_old_is_deleted(serve: Serve, lines: list[str]) -> None:
    first = serve()
    now = datetime.now(UTC)
    old = Prediction(
        new_id(), now - timedelta(days=8), "1", "served", "desk", "1", "a", "b", 1, 1, "trusted", "", "b", 1
    )
    done = threading.Event()
    first.service.log._acknowledge = lambda callbacks: [callback() for callback in callbacks]
    first.service.log.append([old, old._replace(id=new_id(), time=now)], lambda error: done.set())
    assert done.wait(10)
    client = serve(retention_days=7)
    wait_for(lambda: [line for line in lines if '"event": "pruned", "rows": 1, "older_than_days": 7' in line])
    assert len(client.rows()) == 1


def test_a_log_that_cannot_be_pruned_is_told_and_the_service_goes_on(
    serve: Serve, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> int:
        raise LogError("the prediction log is out of reach")

    monkeypatch.setattr(service_module, "prune", away)
    client = serve(retention_days=7)
    wait_for(lambda: [line for line in lines if "prune_failed" in line and "out of reach" in line])
    assert client.predict(FAMILIAR).status_code == 200


def test_the_state_of_the_log_is_noted_every_second(serve: Serve) -> None:
    client = serve(log=(log := FakeLog("ok")))
    wait_for(lambda: client.metric("log_state", state="ok") == 1)
    log.state, log.spooled, log.waiting = "spooling", 5, 2
    wait_for(lambda: client.metric("log_state", state="spooling") == 1)
    assert (client.metric("log_spooled_rows"), client.metric("log_waiting_rows")) == (5, 2)


# Traffic.


def test_the_log_is_asked_once_however_many_look(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client, asked = serve(), []
    real = service_module.traffic
    monkeypatch.setattr(service_module, "traffic", lambda engine: asked.append(1) or real(engine))

    async def look() -> Any:
        return await client.service.traffic()

    assert client.portal.call(look) is client.portal.call(look) is not None
    assert asked == [1]
    client.service._counted_at -= 60
    client.predict(STRANGE)
    found = client.portal.call(look)
    assert (asked, found.latest[0].text, sum(minute.flagged for minute in found.minutes)) == ([1, 1], STRANGE, 1)


def test_a_log_that_cannot_be_read_has_no_traffic(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(engine: Any) -> Any:
        raise LogError("the prediction log is out of reach")

    client = serve(log=FakeLog())
    monkeypatch.setattr(service_module, "traffic", away)
    assert client.portal.call(client.service.traffic) is None


# Loading anew.


@pytest.fixture
def own(desk: Path, place: Path) -> Path:
    return Path(shutil.copytree(desk, place / "own"))


def reload(client: Client, secrets: dict[str, str]) -> Any:
    return client.post("/v1/admin/reload", x_api_key=secrets["admin"])


def ask(client: Client, secrets: dict[str, str], text: str = FAMILIAR) -> Any:
    return client.predict(text, x_api_key=secrets["predict"]).json()


def test_a_new_model_answers_after_a_reload(
    serve: Serve, own: Path, secrets: dict[str, str], lines: list[str], messages: Dataset
) -> None:
    client = serve(own, keys="keys.json")
    before = ask(client, secrets)
    shutil.rmtree(own)
    other = Dataset.of(messages.texts, [f"new {label}" for label in messages.labels])
    train_hardened(other).save(own)
    assert ask(client, secrets)["model"] == before["model"]
    response = reload(client, secrets)
    after = ask(client, secrets)
    assert after["label"] == f"new {before['label']}"
    assert response.json()["before"]["version"] == before["model"]["version"] != after["model"]["version"]
    assert response.json()["model"]["version"] == after["model"]["version"]
    assert [row["version"] for row in client.rows()][::2] == [before["model"]["version"], after["model"]["version"]]
    infos = [client.metric("model_info", **found["model"], run="") for found in (before, after)]
    assert (infos, client.metric("reloads_total", outcome="done")) == ([0, 1], 1)
    assert any('"event": "reloaded"' in line for line in lines)


def test_a_model_that_does_not_load_leaves_the_one_before(
    serve: Serve, own: Path, secrets: dict[str, str], lines: list[str]
) -> None:
    client = serve(own, keys="keys.json")
    before = ask(client, secrets)
    (own / "roadworthy.json").write_text("{")
    response = reload(client, secrets)
    assert (response.status_code, response.json()["type"]) == (409, "urn:roadworthy:problem:reload-failed")
    assert "so the one before goes on" in response.json()["detail"]
    after = ask(client, secrets)
    assert (after["label"], after["model"]) == (before["label"], before["model"])
    assert client.metric("reloads_total", outcome="failed") == 1
    assert client.metric("model_info", **before["model"], run="") == 1
    assert any('"event": "reload_failed"' in line for line in lines)


def test_keys_are_read_anew_and_a_file_that_cannot_be_read_leaves_those_before(
    serve: Serve, place: Path, secrets: dict[str, str]
) -> None:
    client = serve(keys="keys.json")
    added = add_key(place / "keys.json", "new", ["predict"])
    assert client.predict(FAMILIAR, x_api_key=added).status_code == 401
    assert reload(client, secrets).status_code == 200
    assert client.predict(FAMILIAR, x_api_key=added).status_code == 200
    (place / "keys.json").write_text("{")
    assert reload(client, secrets).status_code == 409
    assert client.predict(FAMILIAR, x_api_key=added).status_code == 200


def test_a_run_that_was_noted_since_is_shown_and_nothing_else_beside_it(
    serve: Serve, own: Path, secrets: dict[str, str]
) -> None:
    client = serve(own, keys="keys.json")
    version = client.service.served.version
    note_run(own, "run7")
    assert reload(client, secrets).json()["model"]["run"] == "run7"
    assert client.metric("model_info", name="own", version=version, run="run7") == 1
    assert client.metric("model_info", name="own", version=version, run="") == 0


def test_a_request_that_has_begun_is_answered_by_the_model_that_it_began_with(
    serve: Serve, secrets: dict[str, str]
) -> None:
    asked, go = threading.Event(), threading.Event()

    def held(texts: Any) -> list[Answer]:
        asked.set()
        assert go.wait(10)
        return [trusted("of the one before") for _ in texts]

    client = serve(keys="keys.json", log=FakeLog(), served=scripted(held))
    found: list[Any] = []
    asking = threading.Thread(target=lambda: found.append(ask(client, secrets)))
    asking.start()
    assert asked.wait(10)
    assert reload(client, secrets).json()["model"]["name"] == "desk"
    go.set()
    asking.join(10)
    assert (found[0]["label"], found[0]["model"]["name"]) == ("of the one before", "scripted")
    assert ask(client, secrets)["model"]["name"] == "desk"


# The shadow model.


@pytest.fixture
def shadow(place: Path) -> str:
    """A pipeline without a guard, that agrees on nothing."""
    other = train_notebook(Dataset.of(["one two", "three four"] * 2, ["never", "ever"] * 2))
    (place / "other.pkl").write_bytes(pickle.dumps(other.pipeline))
    return "other.pkl"


def logged(place: Path, role: str) -> list[Any]:
    with sqlite3.connect(place / "predictions.db") as log:
        rows = log.execute("SELECT request_id, text, label, sent, version FROM predictions WHERE role = ?", (role,))
        found = rows.fetchall()
    log.close()
    return found


def test_the_answers_of_the_shadow_model_are_logged_and_never_sent(serve: Serve, place: Path, shadow: str) -> None:
    client = serve(shadow=shadow, allow_pickle=True)
    assert client.predict(FAMILIAR, x_request_id="r7").json()["label"] == "refund_status"
    client.predict("where is my order", STRANGE)
    rows = wait_for(lambda: found if len(found := logged(place, "shadow")) == 3 else None)
    version = client.service.shadow.served.version
    first = next(row for row in rows if row[0] == "r7")
    assert (first[1], first[2] in {"never", "ever"}, first[3], first[4]) == (FAMILIAR, True, None, version)
    assert client.metric("shadow_total", agrees="false") == 3
    assert len(logged(place, "served")) == 3


def test_a_shadow_that_agrees_is_counted_as_such(serve: Serve, desk: Path) -> None:
    client = serve(shadow=str(desk))
    client.predict(FAMILIAR, STRANGE)
    wait_for(lambda: client.metric("shadow_total", agrees="true") == 2)
    assert client.metric("shadow_total", agrees="false") is None


def test_the_shadow_is_not_asked_what_is_asked_on_the_page(serve: Serve, desk: Path) -> None:
    client = serve(shadow=str(desk), log=(log := FakeLog()))
    client.post("/", content=b"text=where+is+it", content_type="application/x-www-form-urlencoded")
    client.predict(FAMILIAR)
    wait_for(lambda: client.metric("shadow_total", agrees="true") == 1)
    assert [row.role for row in log.rows] == ["page", "served", "shadow"]


def started_with(serve: Serve, answering: Callable[[Any], list[Answer]]) -> tuple[Client, FakeLog]:
    client = serve(log=(log := FakeLog()))
    client.service.models.shadow = Shadow(replace(scripted(answering), name="shadow"))
    return client, log


@pytest.mark.parametrize("found", [[], ["raises"]])
def test_a_shadow_that_fails_harms_nothing_and_is_told(serve: Serve, lines: list[str], found: list[str]) -> None:
    def fails(texts: Any) -> list[Answer]:
        if found:
            raise ValueError(f"cannot say {texts[0]}")
        return []

    client, log = started_with(serve, fails)
    for _ in range(3):
        assert client.predict("zebrafish").status_code == 200
    wait_for(lambda: len([line for line in lines if "shadow_failed" in line]) == 3)
    assert [row.role for row in log.rows] == ["served"] * 3
    assert (client.metric("shadow_total", agrees="true"), client.metric("shadow_total", agrees="false")) == (None, None)
    assert not [line for line in lines if "zebrafish" in line]


def test_what_the_shadow_is_too_slow_for_is_dropped_and_counted(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    monkeypatch.setattr(shadow_module, "_WAITING", 1)

    def slow(texts: Any) -> list[Answer]:
        assert go.wait(10)
        return [trusted("order") for _ in texts]

    client, log = started_with(serve, slow)
    assert client.predict("a", "b").status_code == 200
    assert client.predict("c", "d", "e").status_code == 200
    assert client.metric("shadow_dropped_total") == 3
    go.set()
    wait_for(lambda: len([row for row in log.rows if row.role == "shadow"]) == 2)


def test_a_shadow_whose_answers_cannot_be_logged_harms_nothing(serve: Serve) -> None:
    client, log = started_with(serve, lambda texts: [trusted("order") for _ in texts])
    assert client.predict("a").status_code == 200
    wait_for(lambda: client.metric("shadow_total", agrees="false") == 1)
    shadow_rows: list[Any] = []
    plain = log.append

    def append(rows: Any, done: Any) -> None:
        if rows[0].role != "shadow":
            return plain(rows, done)
        shadow_rows.extend(rows)
        return done(LogError("the disk is full"))

    log.append = append
    assert client.predict("b").status_code == 200
    wait_for(lambda: shadow_rows)


def test_a_reload_loads_the_shadow_anew_and_lets_go_of_the_one_before(
    serve: Serve, own: Path, secrets: dict[str, str]
) -> None:
    client = serve(keys="keys.json", shadow=str(own))
    before = client.service.shadow
    assert reload(client, secrets).status_code == 200
    assert client.service.shadow is not before
    with pytest.raises(RuntimeError):
        before._thread.submit(print)
    shutil.rmtree(own)
    now = client.service.shadow
    assert reload(client, secrets).status_code == 409
    assert client.service.shadow is now
    assert client.predict(FAMILIAR, x_api_key=secrets["predict"]).status_code == 200
    wait_for(lambda: client.metric("shadow_total", agrees="true") == 1)
