"""Endpoints, against a server of a few lines: batches, halving, patience, keys, and going on after an interruption."""

import json
import pickle
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.checks import MESSAGES, check_model
from roadworthy.errors import MissingExtraError, ModelError, OutputError
from roadworthy.models import ask
from roadworthy.models.endpoint import NO_ANSWER, load_endpoint
from roadworthy.models.endpoint_calls import _asked_to_wait


def label(text):
    return ("refund", "order", "other")[len(text) % 3]


def confidence(text):
    return (len(text) % 10) / 10


class Server:
    """Answers as our own service does; what is set on it changes how."""

    def __init__(self):
        self.asked, self.headers, self.batches, self.paths = [], [], [], []
        self.refuses, self.status, self.said = set(), 422, {"detail": "a message that says nothing"}
        self.first, self.first_headers = [], {}
        self.delay, self.under_way, self.most_under_way = 0.0, 0, 0
        self.reply = lambda texts: {
            "predictions": [
                {"label": label(text), "confidence": confidence(text), "verdict": "trusted", "reasons": []}
                for text in texts
            ]
        }
        self.raw, self.metadata = None, None
        self._lock = threading.Lock()

    def answer(self, path, headers, body):
        """A status, what to say, and headers."""
        with self._lock:
            self.paths.append(path)
            self.headers.append(headers)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            first = self.first.pop(0) if self.first else None
        time.sleep(self.delay)
        with self._lock:
            self.under_way -= 1
        if first is not None:
            return first, {"title": "busy"}, self.first_headers
        texts = _texts(body)
        if texts is None:
            return 400, {"error_code": "BAD_REQUEST", "message": "Model is missing inputs ['text']"}, {}
        if self.refuses & set(texts):
            return self.status, self.said, {}
        with self._lock:
            self.asked += texts
            self.batches.append(len(texts))
        return 200, self.reply(texts), {}


def _texts(body):
    """The messages of a request; None for a list from MLflow's protocol, whose model here wants a table."""
    if "messages" in body:
        return [body["messages"][-1]["content"].partition("Message: ")[2]]
    if "dataframe_split" in body:
        return [row[0] for row in body["dataframe_split"]["data"]]
    if isinstance(body.get("inputs"), list):
        return body["inputs"][0]["data"] if isinstance(body["inputs"][0], dict) else None
    return body["texts"]


@pytest.fixture
def server():
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, said, headers = state.answer(self.path, dict(self.headers), body)
            content = state.raw if state.raw is not None else json.dumps(said).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self):
            content = json.dumps(state.metadata).encode()
            self.send_response(200 if state.metadata else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *ignored): ...

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *ignored): ...

    with Quiet(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        state.url = f"http://127.0.0.1:{http.server_port}/v1/predict"
        yield state
        http.shutdown()
        thread.join()


@pytest.fixture
def described(server, tmp_path, monkeypatch):
    """Load an endpoint from a file that holds these lines besides the address."""
    monkeypatch.chdir(tmp_path)

    def load(*lines, url=None):
        content = "\n".join([f'url = "{url or server.url}"', *lines])
        (tmp_path / "endpoint.toml").write_text(content, encoding="utf-8")
        return load_endpoint("endpoint:endpoint.toml")

    return load


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    monkeypatch.setattr("roadworthy.models.endpoint_calls._FIRST_WAIT", 0.001)


def texts(n):
    return [f"message {number}{'!' * (number % 7)}" for number in range(n)]


def test_an_endpoint_keeps_the_contract_of_a_model(server):
    check_model(load_endpoint(server.url), MESSAGES)


def test_the_answers_stand_in_the_order_of_the_messages(described):
    answered = described("batch_size = 7", "concurrency = 5").answer(texts(100))
    assert answered.labels.tolist() == list(map(label, texts(100)))
    assert answered.confidence.tolist() == list(map(confidence, texts(100)))


def test_no_message_no_answer(server):
    assert len(load_endpoint(server.url).answer([])) == 0
    assert server.paths == []


def test_messages_go_out_in_batches_and_so_many_at_once(server, described):
    server.delay = 0.02
    described("batch_size = 10", "concurrency = 3").answer(texts(95))
    assert sorted(server.batches) == [5, *[10] * 9]
    assert server.most_under_way == 3


def test_ask_asks_an_endpoint_as_any_model(server):
    answers = ask(load_endpoint(server.url), texts(250))
    assert answers.predictions.labels.tolist() == list(map(label, texts(250)))
    assert server.asked != []


def test_verdicts_reasons_and_familiarity_of_our_own_service_are_kept(server):
    flagged = {"label": "x", "confidence": 0.5, "verdict": "flagged", "reasons": ["out_of_scope"], "familiarity": 0.25}
    server.reply = lambda texts: {"predictions": [flagged] * len(texts)}
    answered = load_endpoint(server.url).answer(["a", "b"])
    assert answered.flagged.tolist() == [True, True]
    assert answered.familiarity.tolist() == [0.25, 0.25]
    assert answered.reasons == (("out_of_scope",),) * 2


@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_messages_that_are_refused_are_found_and_the_others_are_answered(server, described, status):
    given, bad = texts(64), {"message 3!!!", "message 40!!!!!"}
    server.refuses, server.status = bad, status
    model = described("batch_size = 32", "attempts = 2")
    answered = model.answer(given)
    expected = [NO_ANSWER if text in bad else label(text) for text in given]
    assert answered.labels.tolist() == expected
    assert np.isnan(answered.confidence[answered.labels == NO_ANSWER]).all()
    assert model.unanswered == 2
    [(code, n, sentence)] = model.notes()
    assert (code, n) == ("model_errors", 2)
    assert sentence.startswith(f"The endpoint refused 2 messages ({status} ")
    assert "a message that says nothing" in sentence


def test_a_message_that_is_answered_later_is_no_longer_counted(server):
    server.refuses = {"message 1!"}
    model = load_endpoint(server.url)
    model.answer(texts(4))
    assert model.notes()[0][2].startswith("The endpoint refused 1 message (422")
    server.refuses = set()
    model.answer(texts(4))
    assert model.notes() == []


@settings(max_examples=40)
@given(st.sets(st.integers(0, 39), max_size=15), st.integers(1, 50))
def test_whatever_is_refused_every_other_message_keeps_its_answer(rows, size):
    given, bad = texts(40), {texts(40)[row] for row in rows}

    class Calls:
        def post(self, body, *, alone, stopped):
            from roadworthy.models.endpoint_calls import RefusedError

            if bad & set(body["texts"]):
                raise RefusedError("422")
            return {"predictions": [label(text) for text in body["texts"]]}

    model = load_endpoint("http://127.0.0.1:9/v1/predict")
    model._calls.close()
    model._calls, model._size = Calls(), size
    answered = model.answer(given)
    assert answered.labels.tolist() == [NO_ANSWER if text in bad else label(text) for text in given]
    assert model.unanswered == len(bad)


@pytest.mark.parametrize("n", [1, 3, 200])
def test_an_endpoint_that_refuses_every_message_is_an_error_soon(server, n):
    server.refuses, server.status = set(texts(200)), 400
    with pytest.raises(ModelError, match=r"refuses every message \(400 Bad Request: a message that says nothing\)"):
        load_endpoint(server.url).answer(texts(n))
    assert len(server.paths) < 100


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_busy_endpoint_is_asked_again(server, status):
    server.first = [status, status]
    model = load_endpoint(server.url)
    assert model.answer(["a"]).labels.tolist() == [label("a")]
    assert len(server.paths) == 3
    assert model.notes() == []


def test_an_error_of_the_endpoints_on_a_single_message_is_tried_again(server):
    server.first = [500]
    assert load_endpoint(server.url).answer(["a"]).labels.tolist() == [label("a")]


def test_it_waits_as_long_as_it_is_asked_to(server):
    server.first, server.first_headers = [429], {"Retry-After": "0.3"}
    begun = time.monotonic()
    load_endpoint(server.url).answer(["a"])
    assert 0.3 <= time.monotonic() - begun < 3


def test_what_stays_busy_is_an_error_that_says_how_often_it_was_asked(server, described):
    server.first = [503] * 99
    with pytest.raises(ModelError, match=r"gave no answer in 3 attempts \(503 Service Unavailable: busy\); see that"):
        described("attempts = 3").answer(["a"])
    assert len(server.paths) == 3


def test_a_failure_ends_the_patience_of_the_other_requests(server, described):
    server.first, server.first_headers = [401, 503, 503, 503], {"Retry-After": "50"}
    begun = time.monotonic()
    with pytest.raises(ModelError, match="does not let us in"):
        described("batch_size = 1", "concurrency = 4").answer(texts(40))
    assert time.monotonic() - begun < 10
    assert len(server.paths) < 15


def test_an_endpoint_that_is_not_there_is_an_error(described):
    with pytest.raises(ModelError, match=r"endpoint:endpoint.toml: gave no answer in 2 attempts \(ConnectError"):
        described("attempts = 2", url="http://127.0.0.1:9/v1/predict").answer(["a"])


def test_a_slow_endpoint_is_an_error(server, described):
    server.delay = 0.4
    with pytest.raises(ModelError, match=r"gave no answer in 1 attempts \(nothing within 0.1 s\)"):
        described("timeout = 0.1", "attempts = 1").answer(["a"])
    time.sleep(0.5)


@pytest.mark.parametrize(("status", "said"), [(404, "answers 404 Not Found"), (301, "answers 301"), (299 + 300, "599")])
def test_a_wrong_address_is_no_fault_of_a_message(server, status, said):
    server.first = [status] * 9
    with pytest.raises(ModelError, match=said):
        load_endpoint(server.url).answer(texts(3))
    assert len(server.paths) == 1


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"<html>", r"answers no JSON \(<html>\); check the address"),
        (b"", r"answers no JSON \(nothing\)"),
        (b"[1, 2", "answers no JSON"),
    ],
)
def test_what_is_no_json_is_an_error(server, raw, said):
    server.raw = raw
    with pytest.raises(ModelError, match=said):
        load_endpoint(server.url).answer(["a"])


@pytest.mark.parametrize("change", [-1, 1])
def test_another_number_of_answers_is_an_error_that_names_the_batch(server, described, change):
    server.reply = lambda texts: {"predictions": ["x"] * (len(texts) + (change if len(texts) == 10 else 0))}
    with pytest.raises(ModelError, match=rf"toml, messages 1 to 10: {10 + change} answers to 10 messages"):
        described("batch_size = 10", "concurrency = 1").answer(texts(25))


def test_an_unknown_form_is_an_error_that_names_the_message(server):
    server.reply = lambda texts: {"predictions": [{"what": "else"}]}
    with pytest.raises(ModelError, match="/v1/predict, message 1: a confidence that is not a number"):
        load_endpoint(server.url).answer(["a"])


def test_the_key_comes_from_the_environment(server, described, monkeypatch):
    monkeypatch.setenv("OUR_KEY", "hush-hush")
    monkeypatch.setenv("OUR_TENANT", "seven")
    described('auth_env = "OUR_KEY"', 'headers_env = {X-Tenant = "OUR_TENANT"}').answer(["a"])
    assert server.headers[0]["Authorization"] == "Bearer hush-hush"
    assert server.headers[0]["X-Tenant"] == "seven"


def test_a_key_alone_needs_no_scheme(server, described, monkeypatch):
    monkeypatch.setenv("OUR_KEY", "hush-hush")
    described('auth_env = "OUR_KEY"', 'auth_scheme = ""').answer(["a"])
    assert server.headers[0]["Authorization"] == "hush-hush"


def test_the_key_is_shown_nowhere(server, described, monkeypatch, tmp_path, caplog):
    caplog.set_level(0)
    monkeypatch.setenv("OUR_KEY", "hush-hush")
    model = described('auth_env = "OUR_KEY"')
    model.remember(tmp_path / "answers.jsonl")
    model.answer(["a"])
    server.first, server.raw = [401], b'{"error": {"message": "no such key: Bearer hush-hush"}}'
    with pytest.raises(ModelError) as error:
        model.answer(["b"])
    assert str(error.value) == (
        "endpoint:endpoint.toml: does not let us in (401 Unauthorized: no such key: [secret]); "
        "see that OUR_KEY holds a valid key"
    )
    shown = [repr(model.settings), repr(vars(model)), (tmp_path / "answers.jsonl").read_text(), caplog.text]
    assert not [place for place in shown if "hush" in place]


def test_without_a_key_it_is_said_how_to_give_one(server):
    server.first = [403]
    with pytest.raises(ModelError, match=r'does not let us in .403 Forbidden: busy.; write auth_env = "VARIABLE"'):
        load_endpoint(server.url).answer(["a"])


def test_personal_data_that_an_endpoint_repeats_is_redacted(server):
    server.refuses, server.said = {"a"}, {"detail": "jo@example.org is not \x1b[31mknown" + " at all" * 99}
    with pytest.raises(ModelError) as error:
        load_endpoint(server.url).answer(["a"])
    assert "[email] is not [31mknown at all" in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"error": {"message": "too long"}}', "422 Unprocessable Content: too long"),
        (b'{"detail": [{"loc": ["body"]}]}', '422 Unprocessable Content: [{"loc": ["body"]}]'),
        (b'{"other": 1}', "(422 Unprocessable Content)"),
        (b"plain words", "422 Unprocessable Content: plain words"),
    ],
)
def test_what_the_endpoint_says_of_a_refusal_is_passed_on(server, raw, said):
    server.refuses, server.raw = {"a"}, raw
    with pytest.raises(ModelError) as error:
        load_endpoint(server.url).answer(["a"])
    assert said.replace("Content", "") in str(error.value).replace("Content", "").replace("Entity", "")


def test_texts_that_are_no_valid_unicode_are_sent(server):
    assert len(load_endpoint(server.url).answer(["\ud800", "अ"])) == 2


def test_it_is_not_sent_to_other_processes(server):
    with pytest.raises(TypeError, match="several threads of one process"):
        pickle.dumps(load_endpoint(server.url))


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tenacity", None)
    with pytest.raises(MissingExtraError, match=r'pip install "roadworthy\[http\]"'):
        load_endpoint("http://127.0.0.1:9/v1/predict")


def test_a_second_run_asks_only_what_the_first_did_not(server, described, tmp_path):
    file = tmp_path / "kept" / "answers.jsonl"
    first = described("batch_size = 10")
    first.remember(file)
    first.answer(texts(50))
    second = described("batch_size = 5", "concurrency = 1")
    second.remember(file)
    server.asked.clear()
    answered = second.answer(texts(80))
    assert answered.labels.tolist() == list(map(label, texts(80)))
    assert answered.confidence.tolist() == list(map(confidence, texts(80)))
    assert second.resumed == 50
    assert sorted(server.asked) == sorted([*texts(5), *texts(80)[50:]])


def test_nothing_is_asked_but_a_few_where_all_is_answered_already(server, tmp_path):
    for _ in range(2):
        server.asked.clear()
        model = load_endpoint(server.url)
        model.remember(tmp_path / "answers.jsonl")
        for start in (0, 30):
            model.answer(texts(60)[start : start + 30])
    assert (len(server.asked), model.resumed) == (20, 60)


def test_answers_of_an_endpoint_that_has_changed_are_dropped(server, tmp_path):
    model = load_endpoint(server.url)
    model.remember(tmp_path / "answers.jsonl")
    model.answer(texts(40))
    server.reply = lambda texts: {"predictions": ["another"] * len(texts)}
    model = load_endpoint(server.url)
    model.remember(tmp_path / "answers.jsonl")
    assert set(model.answer(texts(40)).labels) == {"another"}
    assert model.resumed == 0


def test_answers_of_another_endpoint_are_not_taken(server, described, tmp_path):
    for column in ("", 'classes = ["a", "b"]'):
        model = described(column)
        model.remember(tmp_path / "answers.jsonl")
        model.answer(texts(10))
        assert model.resumed == 0


def test_what_was_refused_is_asked_again(server, tmp_path):
    file = tmp_path / "answers.jsonl"
    server.refuses = {"message 1!"}
    model = load_endpoint(server.url)
    model.remember(file)
    model.answer(texts(8))
    server.refuses = set()
    model = load_endpoint(server.url)
    model.remember(file)
    assert model.answer(texts(8)).labels.tolist() == list(map(label, texts(8)))
    assert (model.resumed, model.unanswered) == (7, 0)


def test_a_journal_that_cannot_be_written_is_an_error(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot be written .*; name another place with --out"):
        load_endpoint(server.url).remember(tmp_path / "file" / "answers.jsonl")
    model = load_endpoint(server.url)
    model.remember(tmp_path / "gone" / "answers.jsonl")
    (tmp_path / "gone").rmdir()
    with pytest.raises(OutputError, match="cannot be written"):
        model.answer(["a"])


def test_mlflow_with_a_signature_is_found_to_want_a_table(server):
    server.url = server.url.replace("/v1/predict", "/invocations")
    model = load_endpoint(server.url)
    for _ in range(2):
        assert model.answer(texts(3)).labels.tolist() == list(map(label, texts(3)))
    assert server.asked == ["where is my order", *texts(3), *texts(3)]


@pytest.mark.parametrize("metadata", [None, {"inputs": [{"name": "q", "datatype": "BYTES", "shape": [-1, 1]}]}])
def test_the_open_inference_protocol(server, metadata):
    server.url = server.url.replace("/v1/predict", "/v2/models/intent/infer")
    server.metadata = metadata
    server.reply = lambda texts: {"outputs": [{"name": "label", "data": list(map(label, texts))}]}
    assert load_endpoint(server.url).answer(texts(3)).labels.tolist() == list(map(label, texts(3)))


def test_metadata_that_cannot_be_had_are_an_error_only_where_the_answers_are_too(described):
    with pytest.raises(ModelError, match="gave no answer in 1 attempts"):
        described("attempts = 1", url="http://127.0.0.1:9/v2/models/intent/infer").answer(["a"])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("3", 3), ("0.5", 0.5), ("-3", None), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
def test_the_seconds_that_it_asks_to_wait(header, seconds):
    assert _asked_to_wait(header) == seconds


def test_a_chat_endpoint_is_asked_about_one_message_at_a_time(server, described, monkeypatch):
    monkeypatch.setenv("OUR_KEY", "hush-hush")
    server.url = server.url.replace("/v1/predict", "/v1/chat/completions")
    server.reply = lambda texts: {"choices": [{"message": {"content": label(texts[0]).upper() + "."}}]}
    server.first = [429]
    model = described('auth_env = "OUR_KEY"', "[chat]", 'model = "small"', 'labels = ["refund", "order", "late"]')
    answered = model.answer(texts(30))
    wanted = [found if found != "other" else "(unparsable)" for found in map(label, texts(30))]
    assert answered.labels.tolist() == wanted
    assert model.unparsable == wanted.count("(unparsable)") > 0
    assert server.batches == [1] * 30
    assert {headers["Authorization"] for headers in server.headers} == {"Bearer hush-hush"}
