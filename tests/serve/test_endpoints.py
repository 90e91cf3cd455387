"""What each address answers: labels that can be trusted, others as the policy has it, or a problem."""

import csv
import io
import json
import sys
from math import nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadworthy.data import Dataset
from roadworthy.errors import ModelError
from roadworthy.models.artifact import Artifact
from roadworthy.models.guarded import Answer
from roadworthy.prediction_log import LogError
from roadworthy.training.notebook import MODEL_FILE, VECTORIZER_FILE, save_pickles, train_notebook

from .conftest import FAMILIAR, PROBLEM, STRANGE, FakeLog, Serve, scripted, trusted

ANSWER = {"id", "label", "confidence", "verdict", "reasons", "trusted", "model"}


def test_one_message_gets_one_answer_which_is_in_the_log(serve: Serve) -> None:
    client = serve()
    response = client.predict(FAMILIAR, x_request_id="r7")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    found = response.json()
    assert {*found} == ANSWER
    assert (found["label"], found["verdict"], found["reasons"], found["trusted"]) == (
        "refund_status",
        "trusted",
        [],
        True,
    )
    assert found["model"] == {"name": "desk", "version": client.service.served.version}
    (row,) = client.rows()
    assert (row["id"], row["label"], row["sent"], row["verdict"]) == (
        found["id"],
        "refund_status",
        "refund_status",
        "trusted",
    )
    assert (row["request_id"], row["role"], row["text"], row["version"]) == (
        "r7",
        "served",
        FAMILIAR,
        found["model"]["version"],
    )
    assert row["confidence"] == pytest.approx(found["confidence"])


def test_several_messages_get_as_many_answers_in_their_order(serve: Serve) -> None:
    client = serve()
    found = client.predict(FAMILIAR, STRANGE, "where is my order").json()["predictions"]
    assert [{*one} == ANSWER for one in found] == [True] * 3
    assert [one["trusted"] for one in found] == [True, False, True]
    kept = {row["id"]: row["text"] for row in client.rows()}
    assert [kept[one["id"]] for one in found] == [FAMILIAR, STRANGE, "where is my order"]
    assert len({one["id"] for one in found}) == 3
    assert client.metric("predictions_total", label="refund_status", verdict="trusted") == 1
    assert client.metric("unfamiliar_words_total") == 1


# What is done with a flagged message.


def test_by_default_a_flagged_message_is_answered_and_said_to_be_flagged(serve: Serve) -> None:
    client = serve()
    found = client.predict(STRANGE).json()
    assert (found["label"], found["verdict"], found["trusted"]) == ("order_status", "flagged", False)
    assert "unfamiliar_words" in found["reasons"]
    (row,) = client.rows()
    assert (row["sent"], row["reasons"]) == ("order_status", ";".join(found["reasons"]))


def test_a_flagged_message_may_be_refused_and_is_logged_all_the_same(serve: Serve) -> None:
    client = serve(flagged="refuse")
    response = client.predict(STRANGE)
    found = response.json()
    assert (response.status_code, response.headers["content-type"]) == (422, PROBLEM)
    assert found["type"] == "urn:roadworthy:problem:not-trusted"
    assert "the answer cannot be trusted: " in found["detail"]
    assert (found["verdict"], found["trusted"], "label" in found) == ("flagged", False, False)
    (row,) = client.rows()
    assert (row["id"], row["label"], row["sent"]) == (found["id"], "order_status", None)
    assert "order_status" not in response.text
    assert client.predict(FAMILIAR).json()["label"] == "refund_status"


def test_in_a_batch_only_the_flagged_message_is_refused(serve: Serve) -> None:
    client = serve(flagged="refuse")
    response = client.predict(FAMILIAR, STRANGE)
    first, second = response.json()["predictions"]
    assert (response.status_code, first["label"], second["label"]) == (200, "refund_status", None)
    assert (second["trusted"], second["verdict"]) == (False, "flagged")
    invoked = client.post("/invocations", {"inputs": [FAMILIAR, STRANGE]}).json()["predictions"]
    assert [one["label"] for one in invoked] == ["refund_status", None]
    single = client.post("/invocations", {"inputs": [STRANGE]})
    assert (single.status_code, single.json()["type"]) == (422, "urn:roadworthy:problem:not-trusted")


def test_a_flagged_message_may_be_routed_to_a_label(serve: Serve) -> None:
    client = serve(flagged="route", fallback_label="agent")
    found = client.predict(STRANGE).json()
    assert (found["label"], found["verdict"], found["trusted"]) == ("agent", "flagged", False)
    batch = client.predict(FAMILIAR, STRANGE).json()["predictions"]
    assert [one["label"] for one in batch] == ["refund_status", "agent"]
    invoked = client.post("/invocations", {"inputs": [STRANGE]}).json()["predictions"]
    assert invoked[0]["label"] == "agent"
    assert {(row["label"], row["sent"]) for row in client.rows(verdict="flagged")} == {("order_status", "agent")}


def test_without_a_guard_every_answer_counts_as_trusted_and_that_is_said(
    serve: Serve, place: Path, lines: list[str]
) -> None:
    save_pickles(train_notebook(Dataset.of(["late order", "a refund"] * 2, ["order", "refund"] * 2)), place)
    client = serve(f"pickles:{VECTORIZER_FILE},{MODEL_FILE}", allow_pickle=True, flagged="refuse")
    assert "no_guard: every answer counts as trusted; roadworthy wrap" in lines[0]
    found = client.predict(STRANGE).json()
    assert (found["verdict"], found["trusted"], found["reasons"]) == ("trusted", True, [])
    assert client.post("/invocations", {"inputs": [STRANGE]}).json()["predictions"][0]["familiarity"] is None
    assert client.rows()[0]["sent"] == found["label"]


def test_a_confidence_that_is_not_known_is_null(serve: Serve) -> None:
    client = serve(served=scripted(lambda texts: [Answer("order", nan, nan, ())]))
    assert client.predict("a").json()["confidence"] is None
    invoked = client.post("/invocations", {"inputs": ["a"]}).json()["predictions"][0]
    assert (invoked["confidence"], invoked["familiarity"]) == (None, None)


# What is refused.

JSON_TYPE = "application/json"
REFUSED: list[tuple[str, bytes, dict[str, str], int, str]] = [
    ("/v1/predict", b"{", {}, 400, "invalid-json"),
    ("/v1/predict", b'{"text": ""}', {}, 422, "empty-message"),
    ("/v1/predict", b'{"text": 5}', {}, 422, "invalid-body"),
    ("/v1/predict", b'{"text": "a", "top_k": 5}', {}, 422, "invalid-body"),
    ("/v1/predict", b'{"text": "' + b"x" * 5_001 + b'"}', {}, 422, "message-too-long"),
    ("/v1/predict", json.dumps({"texts": ["a"] * 257}).encode(), {}, 413, "batch-too-large"),
    ("/v1/predict", b'{"text": "' + b"x" * 262_144 + b'"}', {}, 413, "body-too-large"),
    ("/v1/predict", b'{"text": "a"}', {"content-type": "text/plain"}, 415, "unsupported-media-type"),
    ("/v1/predict", b'{"text": "a"}', {"content-type": ""}, 415, "unsupported-media-type"),
    ("/v1/predict", b"text\na\n", {"content-type": "text/csv"}, 415, "unsupported-media-type"),
    ("/v1/predict", b'{"text": "a"}', {"content-encoding": "gzip"}, 415, "unsupported-encoding"),
    ("/invocations", b"{", {}, 400, "invalid-json"),
    ("/invocations", b'{"inputs": [""]}', {}, 422, "empty-message"),
    ("/invocations", b"text\n\xff\n", {"content-type": "text/csv"}, 400, "invalid-csv"),
    ("/invocations", b"text\na, b\n", {"content-type": "text/csv"}, 400, "invalid-csv"),
    ("/invocations", b"a", {"content-type": "text/plain"}, 415, "unsupported-media-type"),
]


@pytest.mark.parametrize(("path", "content", "headers", "status", "kind"), REFUSED)
def test_what_is_refused_gets_a_problem_and_no_label(
    serve: Serve, path: str, content: bytes, headers: dict[str, str], status: int, kind: str
) -> None:
    client = serve(log=(log := FakeLog()))
    response = client.ask("POST", path, content=content, headers={"content-type": JSON_TYPE, **headers})
    found = response.json()
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM)
    assert (found["type"], found["status"]) == (f"urn:roadworthy:problem:{kind}", status)
    assert found["instance"] == f"urn:roadworthy:request:{response.headers['x-request-id']}"
    assert not {"label", "predictions", "confidence"} & {*found}
    assert log.rows == []
    assert client.metric("requests_total", path=path, status=str(status)) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.one_of(
        st.binary(max_size=40),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["text", "texts", "inputs", "x"]), inner, max_size=2)
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_a_body_is_answered_with_a_logged_label_for_each_message_or_not_at_all(served_once: Any, body: bytes) -> None:
    client, log = served_once
    before = len(log.rows)
    response = client.post("/v1/predict", content=body, content_type=JSON_TYPE)
    if response.status_code == 200:
        found = response.json()
        answers = found.get("predictions", [found])
        assert [one["id"] for one in answers] == [row.id for row in log.rows[before:]]
        assert all(row.text.strip() for row in log.rows[before:])
    else:
        assert response.headers["content-type"] == PROBLEM
        assert (response.status_code in (400, 413, 422), len(log.rows)) == (True, before)


@pytest.fixture
def served_once(serve: Serve) -> Any:
    log = FakeLog()
    return serve(log=log), log


def test_a_model_that_fails_is_told_and_its_error_is_not(serve: Serve, lines: list[str]) -> None:
    def fails(texts: Any) -> list[Answer]:
        raise ModelError(f"raised ValueError: {texts[0]}") from ValueError(texts[0])

    client = serve(log=(log := FakeLog()), served=scripted(fails))
    for path, body in (("/v1/predict", {"text": "my own words"}), ("/invocations", {"inputs": ["my own words"]})):
        response = client.post(path, body, x_request_id="r7")
        assert (response.status_code, response.json()["type"]) == (500, "urn:roadworthy:problem:model-failed")
        assert "ModelError" in response.json()["detail"]
        assert "my own words" not in response.text
    assert log.rows == []
    assert any('"event": "model_failed", "request_id": "r7"' in line and "traceback" in line for line in lines)
    assert not any("my own words" in line for line in lines)


def test_what_cannot_be_logged_is_not_answered(serve: Serve) -> None:
    client = serve(log=FakeLog("failing", error=LogError("the disk is full")))
    for path, body in (("/v1/predict", {"text": FAMILIAR}), ("/invocations", {"inputs": [FAMILIAR]})):
        response = client.post(path, body)
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert response.json()["type"] == "urn:roadworthy:problem:not-logged"
        assert "refund_status" not in response.text
    assert client.metric("log_failures_total") == 2
    assert client.metric("predictions_total", label="refund_status", verdict="trusted") is None


def test_a_log_that_fails_answers_no_label_whatever_the_policy(serve: Serve) -> None:
    client = serve(log=FakeLog("failing", error=LogError("the disk is full")), flagged="refuse")
    assert client.predict(STRANGE).status_code == 503


def test_more_than_may_wait_are_told_to_come_again(serve: Serve) -> None:
    import threading

    go = threading.Event()

    def waits(texts: Any) -> list[Answer]:
        assert go.wait(10)
        return [trusted("order") for _ in texts]

    client = serve(log=FakeLog(), served=scripted(waits), max_concurrency=1, max_queue=1)
    threading.Timer(0.2, go.set).start()
    found = client.together(*(("POST", "/v1/predict", {"json": {"text": "a"}}) for _ in range(4)))
    busy = [response for response in found if response.status_code == 429]
    assert sorted(response.status_code for response in found) == [200, 200, 429, 429]
    assert {response.headers["retry-after"] for response in busy} == {"1"}
    assert busy[0].json()["type"] == "urn:roadworthy:problem:too-many-requests"
    assert client.predict("a").status_code == 200


def test_each_of_many_at_once_gets_its_own_answer(serve: Serve) -> None:
    def echo(texts: Any) -> list[Answer]:
        if "bad" in texts:
            raise ValueError
        return [trusted(text) for text in texts]

    client = serve(log=FakeLog(), served=scripted(echo))
    texts = [f"message {n}" if n % 5 else "bad" for n in range(40)]
    found = client.together(*(("POST", "/v1/predict", {"json": {"text": text}}) for text in texts))
    assert [response.json().get("label", response.status_code) for response in found] == [
        500 if text == "bad" else text for text in texts
    ]


# MLflow's forms.

MESSAGES = [FAMILIAR, STRANGE, "where is my order, it's late", 'she said "no", twice', "wo ist mein Paket", "!!!"]
FORMS: dict[str, Any] = {
    "inputs": {"inputs": MESSAGES},
    "instances": {"instances": MESSAGES},
    "dataframe_split": {"dataframe_split": {"columns": ["text"], "data": [[text] for text in MESSAGES]}},
    "dataframe_records": {"dataframe_records": [{"text": text} for text in MESSAGES]},
}


@pytest.fixture(scope="module")
def mlflow_model(artifact: Artifact, messages: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")
    from roadworthy.tracking import save_mlflow_model

    path = tmp_path_factory.mktemp("mlflow") / "model"
    save_mlflow_model(artifact, path, example=messages.texts)
    return path


def csv_of(messages: list[str]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows([["text"], *([text] for text in messages)])
    return written.getvalue().encode()


def test_the_answers_are_those_of_mlflow_in_each_of_its_forms(serve: Serve, mlflow_model: Path) -> None:
    import mlflow.pyfunc
    from mlflow.pyfunc import scoring_server

    client = serve(mlflow_model)
    expected = mlflow.pyfunc.load_model(str(mlflow_model)).predict(MESSAGES).to_dict("records")
    bodies = [(json.dumps(form).encode(), JSON_TYPE) for form in FORMS.values()]
    for content, kind in [*bodies, (csv_of(MESSAGES), "text/csv; charset=utf-8")]:
        response = client.post("/invocations", content=content, content_type=kind)
        found = response.json()["predictions"]
        assert response.status_code == 200
        assert [one.pop("id") for one in found] == [
            row["id"] for row in client.rows() if row["request_id"] == response.headers["x-request-id"]
        ]
        for one, other in zip(found, expected, strict=True):
            assert one == {name: pytest.approx(value) if name in NUMBERS else value for name, value in other.items()}
    assert "roadworthy" in sys.modules
    assert {*FORMS} == scoring_server.SUPPORTED_FORMATS


NUMBERS = {"confidence", "familiarity"}


# Keys.


def test_on_this_machine_nobody_needs_a_key_to_ask(serve: Serve) -> None:
    assert serve().predict(FAMILIAR).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.8.9.1:1", "[::1]:8000"])
def test_this_machine_may_ask_by_any_of_its_own_names(serve: Serve, host: str) -> None:
    assert serve().predict(FAMILIAR, host=host).status_code == 200


@pytest.mark.parametrize(
    "host", ["shop.example", "127.0.0.1.shop.example:8000", "10.0.0.1", "", "[::]:8000", "0.0.0.0"]
)
def test_a_web_page_that_lets_its_own_name_point_here_gets_nothing(serve: Serve, host: str) -> None:
    client = serve(log=(log := FakeLog()))
    for path, body in (("/v1/predict", {"text": FAMILIAR}), ("/invocations", {"inputs": [FAMILIAR]})):
        response = client.post(path, body, host=host)
        assert (response.status_code, response.json()["type"]) == (421, "urn:roadworthy:problem:misdirected-request")
        assert response.headers["content-type"] == PROBLEM
    assert log.rows == []


def test_with_keys_the_name_that_is_asked_by_does_not_matter(serve: Serve, secrets: dict[str, str]) -> None:
    assert serve(keys="keys.json").predict(FAMILIAR, host="x.example", x_api_key=secrets["all"]).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_with_keys_each_address_takes_those_for_its_scope_alone(
    serve: Serve, secrets: dict[str, str], host: str
) -> None:
    client = serve(host=host, keys="keys.json")
    id_ = client.predict(FAMILIAR, authorization=f"Bearer {secrets['predict']}").json()["id"]
    addresses = {
        "predict": ("/v1/predict", {"text": FAMILIAR}),
        "feedback": ("/v1/feedback", {"id": id_, "label": "order"}),
        "admin": ("/v1/admin/reload", None),
    }
    for scope, (path, body) in {**addresses, "predict ": ("/invocations", {"inputs": [FAMILIAR]})}.items():
        for name, secret in secrets.items():
            response = client.post(path, body, authorization=f"Bearer {secret}")
            assert response.status_code == (200 if name in (scope.strip(), "all") else 403), (path, name)
            if response.status_code == 403:
                assert response.json()["type"] == "urn:roadworthy:problem:key-not-allowed"
                assert secret not in response.text


def test_a_key_is_shown_in_any_of_three_ways(serve: Serve, secrets: dict[str, str]) -> None:
    import base64

    client = serve(keys="keys.json")
    basic = base64.b64encode(f"me:{secrets['predict']}".encode()).decode()
    for headers in (
        {"authorization": f"Bearer {secrets['predict']}"},
        {"authorization": f"Basic {basic}"},
        {"x_api_key": secrets["predict"]},
    ):
        assert client.predict(FAMILIAR, **headers).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer rw_other"}, {"x_api_key": "é"}, {"x_api_key": " "}])
def test_without_a_key_of_ours_a_key_is_asked_for(
    serve: Serve, secrets: dict[str, str], headers: dict[str, str]
) -> None:
    client = serve(keys="keys.json", log=(log := FakeLog()))
    for path in ("/v1/predict", "/invocations", "/v1/feedback", "/v1/admin/reload"):
        encoded = [(name.replace("_", "-"), value.encode()) for name, value in headers.items()]
        response = client.ask("POST", path, json={"text": FAMILIAR}, headers=encoded)
        assert (response.status_code, response.json()["type"]) == (401, "urn:roadworthy:problem:key-needed")
        assert "Bearer" in response.headers["www-authenticate"]
        assert "Basic" in response.headers["www-authenticate"]
    assert log.rows == []


def test_feedback_and_reload_need_a_key_also_where_asking_needs_none(serve: Serve) -> None:
    client = serve()
    for path in ("/v1/feedback", "/v1/admin/reload"):
        response = client.post(path, {"id": "7", "label": "a"}, authorization="Bearer rw_any")
        assert response.status_code == 401
        assert response.json()["detail"].startswith("no key is set up: make one with roadworthy key")


def test_a_key_is_asked_for_before_the_body_is_read(serve: Serve, secrets: dict[str, str]) -> None:
    client = serve(keys="keys.json")
    assert client.post("/v1/predict", content=b"{", content_type="text/plain").status_code == 401


# Feedback and reload by their addresses.


def test_a_true_label_is_stored_with_its_prediction(serve: Serve, secrets: dict[str, str]) -> None:
    client = serve(keys="keys.json")
    id_ = client.predict(FAMILIAR, x_api_key=secrets["predict"]).json()["id"]
    for label in ("order", "refund"):
        response = client.post("/v1/feedback", {"id": id_, "label": label}, x_api_key=secrets["feedback"])
        assert (response.status_code, response.json()) == (200, {"id": id_, "stored": True})
    assert client.rows()[0]["true_label"] == "refund"
    written = client.post("/v1/feedback", {"id": id_, "label": "jo@example.org"}, x_api_key=secrets["feedback"])
    assert written.status_code == 200
    assert client.rows()[0]["true_label"] == "[email]"


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        (b'{"id": "7", "label": "order"}', 404, "no-such-prediction"),
        (b'{"id": "7"}', 422, "invalid-body"),
        (b'{"id": "7", "label": " \\u200b "}', 422, "empty-label"),
        (b"{", 400, "invalid-json"),
    ],
)
def test_feedback_that_is_about_nothing_is_refused(
    serve: Serve, secrets: dict[str, str], content: bytes, status: int, kind: str
) -> None:
    client = serve(keys="keys.json")
    response = client.post("/v1/feedback", content=content, content_type=JSON_TYPE, x_api_key=secrets["all"])
    assert (response.status_code, response.json()["type"]) == (status, f"urn:roadworthy:problem:{kind}")
    assert response.headers["content-type"] == PROBLEM


def test_a_reload_says_which_model_was_and_which_is(serve: Serve, secrets: dict[str, str]) -> None:
    client = serve(keys="keys.json")
    about = client.service.served.about
    response = client.post("/v1/admin/reload", x_api_key=secrets["admin"])
    assert (response.status_code, response.json()) == (200, {"model": about, "before": about})
