"""Whatever is sent: no answer that is an error of ours, no label for what is no message, nothing that takes long."""

import concurrent.futures
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from roadworthy.tokens import tokenise

SECONDS = 1.0
FEW, MANY = 400, 20_000
LONGEST = 5_000
PREDICT, INVOCATIONS = "/v1/predict", "/invocations"


@pytest.fixture(scope="module")
def service(serve, models, run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    scopes = ("predict", "feedback", "admin")
    key = run("key", "all", *(part for scope in scopes for part in ("--scope", scope)), cwd=folder).stdout.strip()
    started = serve(folder, models / "hardened", "--keys", "keys.json")
    started.key = key
    yield started
    assert started.stop() == 0


@pytest.fixture(scope="module")
def client(service):
    with service.client(headers={"Authorization": f"Bearer {service.key}"}) as asking:
        yield asking


def check(client, content, text=None, path=PREDICT, **headers):
    """Send a body; what comes back has to be an answer to a message, or a problem document."""
    began = time.perf_counter()
    reply = client.post(path, content=content, headers={"Content-Type": "application/json", **headers})
    seconds = time.perf_counter() - began
    assert reply.status_code in {200, 400, 413, 415, 422}, (reply.status_code, content[:200])
    assert seconds < SECONDS, (seconds, content[:200])
    if reply.status_code == 200:
        answer = reply.json()
        assert (answer if path == PREDICT else answer["predictions"][0])["label"]
        assert text is not None
        assert tokenise(text)
        assert len(text) <= LONGEST
    else:
        assert reply.headers["content-type"] == "application/problem+json"
        assert "label" not in reply.json()
    return reply


# Messages of every sort


EVERY_PLANE = st.text(st.characters(), max_size=200)
SURROGATES = st.text(st.characters(min_codepoint=0xD7F0, max_codepoint=0xE010, exclude_categories=()), max_size=40)
CONTROLS = st.text(
    st.sampled_from([*map(chr, range(32)), "\x7f", "\x85", "\u200b", "\u202e", "\ufeff", "a"]), max_size=60
)
BAIT = st.builds(
    lambda piece, times, end: (piece * times)[:LONGEST] + end,
    st.sampled_from(
        ["a", "0", "+", "1 ", "@", "a@a.", "://", "aA1", "\u0301", "!", "no ", "=-", "((", "٣", "👩‍👩‍👧", "GB29"]
    ),
    st.integers(1, LONGEST),
    st.sampled_from(["", "!", "x", "\n", "@"]),
)
MEGABYTES = st.builds(
    lambda piece, times: piece * times, st.sampled_from(["where is it ", "é", "🦑"]), st.integers(1, 250_000)
)
ANYTHING = EVERY_PLANE | SURROGATES | CONTROLS | BAIT | MEGABYTES


def ask_about(client, examples):
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(ANYTHING, st.sampled_from([PREDICT, INVOCATIONS]))
    def ask(text, path):
        # Lone surrogates go out as escapes, which JSON has and Unicode does not.
        body = {"text": text} if path == PREDICT else {"inputs": [text]}
        check(client, json.dumps(body).encode(), text, path)

    ask()


def test_messages_of_every_plane_and_bait(client):
    ask_about(client, FEW)


@pytest.mark.slow
def test_twenty_thousand_messages_of_every_plane_and_bait(client):
    ask_about(client, MANY)


# Bodies


BODIES = {
    "nothing": b"",
    "no object": b'"text"',
    "half an object": b'{"text": "a',
    "a number": b'{"text": 5}',
    "null": b'{"text": null}',
    "a list in place of a text": b'{"text": ["where is it"]}',
    "both": b'{"text": "a", "texts": ["a"]}',
    "neither": b"{}",
    "an unknown field": b'{"text": "where is it", "lang": "en"}',
    "texts that are none": b'{"texts": ["a", 5]}',
    "an empty one among texts": b'{"texts": ["where is it", " "]}',
    "no texts": b'{"texts": []}',
    "a lone surrogate": b'{"text": "\\ud800"}',
    "broken UTF-8": b'{"text": "where is \xff\xfe"}',
    "Latin-1": '{"text": "où est ma commande"}'.encode("latin-1"),
    "UTF-16": '{"text": "where is it"}'.encode("utf-16"),
    "deeply nested": b"[" * 100_000,
    "a megabyte": json.dumps({"text": "where is it " * 90_000}).encode(),
    "a megabyte of one word": json.dumps({"text": "a" * 1_000_000}).encode(),
    "ten thousand messages": json.dumps({"texts": ["where"] * 10_000}).encode(),
    "a very long number": b'{"text": ' + b"9" * 100_000 + b"}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_what_is_no_message_is_refused(client, body):
    assert check(client, body).status_code != 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Encoding": "gzip"},
        {"Content-Type": "application/x-python-pickle"},
    ],
    ids=str,
)
def test_what_is_no_json_by_its_own_word_is_refused(client, headers):
    assert check(client, b'{"text": "where is it"}', **headers).status_code == 415


def test_the_largest_batch_of_the_longest_bait_does_not_keep_others_waiting(client, service):
    # As much as a body may hold, of what takes longest.
    bait = ["\u0301" * 900 + "a" for _ in range(48)]
    body = json.dumps({"texts": bait}, ensure_ascii=False).encode()
    assert len(body) < 262_144
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        large = other.submit(client.post, "/v1/predict", content=body, headers={"Content-Type": "application/json"})
        began = time.perf_counter()
        with service.client() as small:
            assert small.get("/healthz").status_code == 200
        assert time.perf_counter() - began < SECONDS
        assert large.result().status_code in {200, 422}
    assert large.result().elapsed.total_seconds() < SECONDS


def test_a_body_that_never_ends_is_cut_off(service, client):
    def endless():
        for _ in range(10_000):
            yield b" " * 65_536

    try:
        reply = client.post("/v1/predict", content=endless(), headers={"Content-Type": "application/json"})
    except httpx.WriteError:
        return
    assert reply.status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for(service):
    host, port = service.url.removeprefix("http://").split(":")
    head = f"POST /v1/predict HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {service.key}\r\n"
    head += 'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"text": '
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 408 ")


# The contract


def against_the_document(service, examples):
    run = Path(sys.executable).with_name("st")
    return subprocess.run(
        [
            run,
            "run",
            f"{service.url}/openapi.json",
            "--header",
            f"Authorization: Bearer {service.key}",
            "--checks=all",
            # No schema can tell a string that says nothing from others.
            "--exclude-checks=positive_data_acceptance",
            "--exclude-path=/metrics",
            # To load a model takes longer than to answer.
            "--exclude-path=/v1/admin/reload",
            f"--max-examples={examples}",
            f"--max-response-time={SECONDS}",
            "--seed=1",
            "--no-color",
        ],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=service.cwd,
    )


def test_the_service_is_what_its_document_says(service):
    finished = against_the_document(service, 25)
    assert finished.returncode == 0, finished.stdout[-4_000:] + finished.stderr[-2_000:]


@pytest.mark.slow
def test_the_service_is_what_its_document_says_at_length(service):
    finished = against_the_document(service, 300)
    assert finished.returncode == 0, finished.stdout[-4_000:] + finished.stderr[-2_000:]


def test_it_is_as_it_was_afterwards(service, client):
    texts = ["where is my order", "refund pls"]
    assert [client.post("/v1/predict", json={"text": text}).status_code for text in texts] == [200, 200]
    assert client.get("/readyz").json()["status"] == "ready"
    assert not [event for event in service.events() if event["level"] in {"error", "critical"}]
