"""The page is that of this service: it asks the same model, logs what it asks, and shows what is asked."""

import base64
from pathlib import Path

import pytest

from roadworthy.models.record import note_inspection, note_run
from roadworthy.prediction_log import LogError

from .conftest import FAMILIAR, PROBLEM, STRANGE, Client, FakeLog, Serve, scripted, trusted

FORM = "application/x-www-form-urlencoded"


def ask(client: Client, text: str, **headers: str):
    from urllib.parse import urlencode

    return client.post("/", content=urlencode({"text": text}).encode(), content_type=FORM, **headers)


def test_a_message_is_answered_explained_and_logged_as_asked_on_the_page(serve: Serve) -> None:
    client = serve(log=(log := FakeLog()))
    response = ask(client, STRANGE, x_request_id="r7")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    (row,) = log.rows
    assert (row.role, row.request_id, row.text, row.sent) == ("page", "r7", STRANGE, "order_status")
    for shown in ("order_status", "qwzx", row.id, client.service.served.version, "desk"):
        assert shown in response.text


@pytest.mark.parametrize(
    ("policy", "sent", "shows_label"),
    [({"flagged": "refuse"}, None, False), ({"flagged": "route", "fallback_label": "agent"}, "agent", True)],
)
def test_the_policy_is_that_of_the_service(
    serve: Serve, policy: dict[str, str], sent: str | None, shows_label: bool
) -> None:
    client = serve(log=(log := FakeLog()), **policy)
    response = ask(client, STRANGE)
    assert (response.status_code, log.rows[0].sent) == (200, sent)
    assert (sent in response.text) if sent else ("order_status" not in response.text)


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [("", 422, "the message says nothing"), ("x" * 5_001, 422, "5,001 characters"), ("\u200b", 422, "says nothing")],
)
def test_a_message_that_cannot_be_answered_is_refused_with_the_reason(
    serve: Serve, text: str, status: int, said: str
) -> None:
    client = serve(log=(log := FakeLog()))
    response = ask(client, text)
    assert (response.status_code, log.rows) == (status, [])
    assert said in response.text


def test_what_cannot_be_logged_is_not_shown(serve: Serve) -> None:
    client = serve(log=FakeLog("failing", error=LogError("the disk is full")))
    response = ask(client, FAMILIAR)
    assert response.status_code == 503
    assert "could not be logged" in response.text
    assert "refund_status" not in response.text


def test_a_form_is_as_large_as_a_body_may_be(serve: Serve) -> None:
    assert ask(serve(log=FakeLog(), max_body=100), "x" * 101).status_code == 413


def test_a_model_without_a_guard_has_no_threshold(serve: Serve) -> None:
    from roadworthy.models.adapt import as_model

    model = as_model(lambda texts: ["order"] * len(texts), name="own")
    client = serve(log=FakeLog())
    client.service.models.served = scripted(lambda texts: [trusted("order")])
    object.__setattr__(client.service.served, "model", model)
    response = ask(client, FAMILIAR)
    assert (response.status_code, "order" in response.text) == (200, True)


def test_the_page_says_what_is_served_and_what_was_asked(serve: Serve, desk: Path, place: Path) -> None:
    import shutil

    own = Path(shutil.copytree(desk, place / "own"))
    note_run(own, "run7")
    note_inspection(own, verdict="pass", messages="test.csv", n=240)
    client = serve(own)
    client.predict(STRANGE)
    page = client.get("/")
    assert page.status_code == 200
    for shown in ("own", client.service.served.version, "run7", "test.csv", STRANGE):
        assert shown in page.text
    live = client.get("/live")
    assert (live.status_code, STRANGE in live.text) == (200, True)


def test_what_is_shown_as_answered_and_as_refused_adds_up_to_what_was_flagged(serve: Serve) -> None:
    from roadworthy.serve import front

    client = serve(flagged="refuse")
    client.predict(FAMILIAR, STRANGE, "zzxq wvut")
    found = front._traffic(client.portal.call(client.service.traffic), client.service)
    assert [sum(getattr(minute, name) for minute in found.minutes) for name in ("trusted", "flagged", "refused")] == [
        1,
        0,
        2,
    ]
    assert (found.log, found.spooled, len(found.latest)) == ("ok", 0, 2)
    assert found.latest[0].reasons == tuple(client.rows(verdict="flagged")[-1]["reasons"].split(";"))


def test_a_log_that_cannot_be_read_leaves_the_page(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    from roadworthy.serve import service as service_module

    def away(engine: object) -> None:
        raise LogError("the prediction log is out of reach")

    monkeypatch.setattr(service_module, "traffic", away)
    assert serve(log=FakeLog()).get("/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/live"])
def test_where_a_key_is_needed_a_browser_asks_for_it(serve: Serve, secrets: dict[str, str], path: str) -> None:
    client = serve(keys="keys.json")
    response = client.get(path)
    assert (response.status_code, response.headers["content-type"]) == (401, PROBLEM)
    assert "Basic" in response.headers["www-authenticate"]
    basic = base64.b64encode(f":{secrets['predict']}".encode()).decode()
    assert client.get(path, authorization=f"Basic {basic}").status_code == 200
    wrong = base64.b64encode(f":{secrets['feedback']}".encode()).decode()
    assert client.get(path, authorization=f"Basic {wrong}").status_code == 403


def test_the_page_is_shown_under_this_machines_own_names_only(serve: Serve) -> None:
    client = serve(log=FakeLog())
    assert (client.get("/", host="localhost:8000").status_code, client.get("/", host="x.example").status_code) == (
        200,
        421,
    )
