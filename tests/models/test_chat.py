"""Chat endpoints: what is asked, and that no answer is ever guessed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.errors import ModelError
from roadworthy.models.chat import UNPARSABLE, body, read, read_label
from roadworthy.models.endpoint import EndpointModel
from roadworthy.models.endpoint_settings import Chat, EndpointSettings

LABELS = ("refund", "order status", "other")


def chat(**options):
    return Chat(model="small", labels=LABELS, **options)


def completion(content, **choice):
    return {"choices": [{"message": {"role": "assistant", "content": content}, **choice}]}


def test_a_request_holds_the_message_the_labels_and_nothing_unasked():
    asked = body(chat(), ["my $labels back"])
    assert asked["model"] == "small"
    assert asked["temperature"] == 0
    assert set(asked) == {"model", "messages", "temperature"}
    [message] = asked["messages"]
    assert message["role"] == "user"
    assert "refund; order status; other" in message["content"]
    assert message["content"].endswith("Message: my $labels back")


def test_a_request_is_as_the_settings_say():
    told = chat(
        template="$text?",
        system="One of $labels.",
        temperature="default",
        max_tokens=5,
        logprobs=True,
        options={"seed": 1},
    )
    assert body(told, ["hi"]) == {
        "model": "small",
        "messages": [
            {"role": "system", "content": "One of refund; order status; other."},
            {"role": "user", "content": "hi?"},
        ],
        "max_tokens": 5,
        "logprobs": True,
        "seed": 1,
    }


@pytest.mark.parametrize(
    "said",
    [
        "refund",
        " Refund.\n",
        "**REFUND**",
        '"refund"',
        "`refund`",
        "label: refund",
        "Label: **refund**",
        "Intent = refund",
        '{"label": "refund"}',
        '{"Label": "Refund", "why": "money"}',
        '```json\n{"intent": "refund"}\n```',
        "```\nrefund\n```",
    ],
)
def test_a_label_is_read_in_whatever_dress(said):
    assert read_label(said, LABELS) == ("refund", None)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "...",
        "I think it is a refund",
        "not refund",
        "refund or other",
        "refund, other",
        "label: unknown",
        "refunds",
        '{"label": "refunds"}',
        '{"label": null}',
        '{"label": 3}',
        '{"answer": "refund"}',
        '["refund"]',
        "[" * 100_000,
        "null",
    ],
)
def test_an_answer_that_is_no_label_is_not_guessed(said):
    assert read_label(said, LABELS) == (None, None)


@given(st.text(), st.text(min_size=1))
def test_a_label_among_other_words_is_never_read(before, after):
    said = f"{before} a refund {after} b"
    assert read_label(said, LABELS) == (None, None)


def test_labels_that_differ_in_case_alone_are_told_apart_or_not_read():
    assert read_label("US", ["us", "US"]) == ("US", None)
    assert read_label("Us", ["us", "US"]) == (None, None)


def test_labels_are_read_as_they_are_written():
    assert read_label("label: x", ["label: x", "x"]) == ("label: x", None)
    assert read_label("order_status.", ["order_status", "a.b."])[0] == "order_status"


@pytest.mark.parametrize(
    ("stated", "read_as"), [(0.8, 0.8), (1, 1.0), (80, None), (-0.1, None), ("high", None), (True, None), (None, None)]
)
def test_a_stated_confidence_counts_where_it_is_a_probability(stated, read_as):
    import json

    assert read_label(json.dumps({"label": "refund", "confidence": stated}), LABELS) == ("refund", read_as)


def test_a_completion_becomes_an_answer():
    answered = read(chat(), completion("Refund"), 1, "chat")
    assert answered.labels.tolist() == ["refund"]
    assert np.isnan(answered.confidence[0])


@pytest.mark.parametrize("content", ["nonsense", "", None, 5])
def test_an_answer_that_is_none_is_called_so(content):
    answered = read(chat(), completion(content), 1, "chat")
    assert answered.labels.tolist() == [UNPARSABLE]
    assert np.isnan(answered.confidence[0])


def test_an_answer_may_come_in_parts():
    parts = [{"type": "text", "text": "ref"}, {"type": "text", "text": "und"}, "x"]
    assert read(chat(), completion(parts), 1, "chat").labels.tolist() == ["refund"]


@pytest.mark.parametrize(
    ("logprobs", "confidence"),
    [
        ({"content": [{"logprob": math.log(0.5)}, {"logprob": math.log(0.5)}]}, 0.25),
        ({"content": [{"logprob": 1e-9}]}, 1.0),
        ({"content": []}, math.nan),
        ({"content": [{"logprob": "?"}]}, math.nan),
        (None, math.nan),
    ],
)
def test_the_probability_of_the_tokens_is_the_confidence(logprobs, confidence):
    answered = read(chat(logprobs=True), completion("refund", logprobs=logprobs), 1, "chat")
    assert answered.confidence.tolist() == pytest.approx([confidence], nan_ok=True)


def test_a_stated_confidence_goes_before_that_of_the_tokens():
    said = completion('{"label": "refund", "confidence": 0.5}', logprobs={"content": [{"logprob": 0.0}]})
    assert read(chat(logprobs=True), said, 1, "chat").confidence.tolist() == [0.5]


@pytest.mark.parametrize(
    "document", [{}, {"choices": []}, {"choices": [{}]}, {"choices": [{"message": None}]}, [], None]
)
def test_what_is_no_completion_is_an_error(document):
    with pytest.raises(ModelError, match="chat: no chat completion came back; check the address and the model"):
        read(chat(), document, 1, "chat")


class Calls:
    """Answers with the message itself, in place of a chat endpoint."""

    def __init__(self):
        self.asked = []

    def post(self, body, *, alone, stopped):
        said = body["messages"][-1]["content"].partition("Message: ")[2]
        self.asked.append(said)
        return completion(said)


def model():
    made = EndpointModel(EndpointSettings(url="http://127.0.0.1:9/v1/chat/completions", chat=chat()), "chat")
    made._calls.close()
    made._calls = Calls()
    return made


def test_answers_that_are_no_label_are_counted():
    asked = model()
    assert asked.classes == LABELS
    assert asked.answer(["refund", "who knows", "Other", "who cares"]).labels.tolist() == [
        "refund",
        UNPARSABLE,
        "other",
        UNPARSABLE,
    ]
    assert (asked.unparsable, asked.unanswered) == (2, 0)
    assert asked.notes() == [("model_unparsable", 2, "The answers to 2 messages name none of the allowed labels.")]


def test_answers_that_are_no_label_are_counted_where_a_run_goes_on(tmp_path):
    first, second = model(), model()
    for asked, texts in ((first, ["refund", "who knows"]), (second, ["refund", "who knows", "other"])):
        asked.remember(tmp_path / "answers.jsonl")
        asked.answer(texts)
    assert second._calls.asked == ["other"]
    assert (second.resumed, second.unparsable) == (2, 1)
