"""Every request has an id and gets one reply, whatever happens to it."""

import json
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.serve.counters import Counters
from roadworthy.serve.problems import Problem
from roadworthy.serve.requests import SECURITY, Asked, Reply, asked_of, refusal, request_id, respond

NAMES = st.from_regex(rb"[A-Za-z0-9_.:/+=-]{1,128}", fullmatch=True)


@given(NAMES)
def test_a_plain_name_is_kept_as_the_id(name: bytes) -> None:
    assert request_id({b"x-request-id": name}) == name.decode()


@given(st.binary())
def test_an_id_is_always_short_and_plain(name: bytes) -> None:
    found = request_id({b"x-request-id": name})
    assert 1 <= len(found) <= 128
    assert found.isascii()
    assert found.isprintable()
    assert " " not in found


@pytest.mark.parametrize("given", [b"", b"a b", b"a\n", b"x" * 129, b"caf\xc3\xa9", b'"', b"<b>"])
def test_any_other_name_is_replaced_by_a_new_id(given: bytes) -> None:
    first, second = (request_id({b"x-request-id": given}) for _ in range(2))
    assert first != second
    assert {request_id({b"x-request-id": made.encode()}) for made in (first, second)} == {first, second}


def scope(**changed: Any) -> dict[str, Any]:
    headers = [(b"x-one", b"1"), (b"x-one", b"2"), (b"x-request-id", b"r7"), (b"x-latin", b"\xe9")]
    return {"type": "http", "method": "POST", "path": "/v1/predict", "headers": headers, "client": None, **changed}


async def nothing() -> Any:
    raise AssertionError("nothing is read")


def test_of_several_headers_with_one_name_the_last_counts() -> None:
    asked = asked_of(scope(), nothing)
    assert (asked.id, asked.path, asked.header(b"x-one"), asked.header(b"x-latin")) == ("r7", "/v1/predict", "2", "é")
    assert asked.header(b"x-other") is None


def reply_of(handler: Any, *, log: bool = False, **changed: Any) -> tuple[dict[str, Any], bytes, Counters]:
    sent: list[Any] = []
    counters = Counters()

    async def send(message: Any) -> None:
        sent.append(message)

    anyio.run(respond, handler, scope(**changed), nothing, send, counters, log)
    start, body = sent
    labels = {"path": "/v1/predict", "status": str(start["status"])}
    assert counters.registry.get_sample_value("roadworthy_requests_total", labels) == 1
    return start, body["body"], counters


def test_a_reply_is_sent_with_its_length_its_id_and_what_browsers_are_told() -> None:
    async def handler(asked: Asked) -> Reply:
        return Reply(201, b"[1]", b"text/x", ((b"x-more", b"1"),))

    start, body, _ = reply_of(handler)
    assert (start["status"], body) == (201, b"[1]")
    assert start["headers"] == [
        (b"content-type", b"text/x"),
        (b"content-length", b"3"),
        (b"x-request-id", b"r7"),
        *SECURITY,
        (b"x-more", b"1"),
    ]


@pytest.mark.parametrize(("status", "level"), [(422, "info"), (503, "error")])
def test_a_refusal_is_sent_and_told_without_its_reason(lines: list[str], status: int, level: str) -> None:
    async def handler(asked: Asked) -> Reply:
        raise Problem(status, "too-odd", "this message is odd", headers={"Retry-After": "1"})

    start, body, _ = reply_of(handler)
    assert (start["status"], dict(start["headers"])[b"retry-after"]) == (status, b"1")
    assert dict(start["headers"])[b"content-type"] == b"application/problem+json"
    assert json.loads(body)["instance"] == "urn:roadworthy:request:r7"
    told = json.loads(lines[0])
    del told["time"]
    assert told == {
        "level": level,
        "event": "refused",
        "request_id": "r7",
        "path": "/v1/predict",
        "status": status,
        "kind": "too-odd",
    }


def test_an_error_of_ours_says_nothing_to_the_client_and_where_it_was_to_the_log(lines: list[str]) -> None:
    async def handler(asked: Asked) -> Reply:
        raise KeyError("a message of a customer")

    start, body, _ = reply_of(handler)
    assert (start["status"], json.loads(body)["type"]) == (500, "urn:roadworthy:problem:internal-error")
    assert b"customer" not in body
    told = json.loads(lines[0])
    assert (told["event"], told["request_id"], told["path"]) == ("failed", "r7", "/v1/predict")
    assert told["error"] == "KeyError"
    assert "test_requests.py" in told["traceback"]
    assert "a message of a customer" not in lines[0]


@pytest.mark.parametrize(("client", "shown"), [(None, None), (("127.0.0.7", 5), "127.0.0.7")])
def test_the_access_log_has_a_line_a_request(lines: list[str], client: Any, shown: str | None) -> None:
    async def handler(asked: Asked) -> Reply:
        return Reply(200, b"{}")

    reply_of(handler, client=client, log=True)
    (line,) = map(json.loads, lines)
    assert line["ms"] >= 0
    assert {**line, "time": 0, "ms": 0} == {
        "time": 0,
        "level": "info",
        "event": "request",
        "request_id": "r7",
        "method": "POST",
        "path": "/v1/predict",
        "status": 200,
        "ms": 0,
        "client": shown,
    }


def test_a_header_of_a_problem_is_in_small_letters() -> None:
    assert refusal(Problem(401, "key-needed", "", headers={"WWW-Authenticate": "Basic"}), "7").headers == (
        (b"www-authenticate", b"Basic"),
    )
