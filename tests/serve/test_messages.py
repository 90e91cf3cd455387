"""A body becomes messages, or is refused with the reason; nothing in between."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.data import TEXT_COLUMNS
from roadworthy.serve.messages import (
    CSV,
    JSON,
    read_feedback,
    read_invocation,
    read_messages,
    require_answerable,
    require_type,
)
from roadworthy.serve.problems import Problem
from roadworthy.serve.settings import ServeSettings

SETTINGS = ServeSettings(model="m", max_batch=4, max_length=12)
# What says something, and is no longer than is allowed.
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(lambda text: text.strip().isalnum())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=14),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


def problem_or(read: Callable[[], Any]) -> Any:
    """What is read, or the problem."""
    try:
        return read()
    except Problem as problem:
        return problem


def refused(read: Any, *given: Any) -> Problem:
    with pytest.raises(Problem) as found:
        read(*given, SETTINGS)
    return found.value


@given(texts, st.lists(texts, min_size=1, max_size=4))
def test_messages_are_read_as_they_are(text: str, several: list[str]) -> None:
    assert read_messages(encoded({"text": text}), SETTINGS) == ([text], True)
    assert read_messages(encoded({"texts": several}), SETTINGS) == (several, False)
    assert read_messages(json.dumps({"text": text}, ensure_ascii=False).encode(), SETTINGS) == ([text], True)


@given(st.one_of(st.binary(max_size=60), json_values.map(encoded)))
def test_any_body_is_messages_that_can_be_answered_or_a_problem(body: bytes) -> None:
    for read in (
        lambda: read_messages(body, SETTINGS)[0],
        lambda: read_invocation(body, JSON, SETTINGS),
        lambda: read_invocation(body, CSV, SETTINGS),
    ):
        found = problem_or(read)
        if isinstance(found, Problem):
            assert found.status in (400, 413, 422)
        else:
            require_answerable(found, ["here"] * len(found), SETTINGS)


WRONG: list[tuple[bytes, int, str, str]] = [
    (b"", 400, "invalid-json", "no valid JSON in UTF-8"),
    (b"{", 400, "invalid-json", "no valid JSON in UTF-8"),
    (b"text=where", 400, "invalid-json", "no valid JSON in UTF-8"),
    (b'{"text": "caf\xe9"}', 400, "invalid-json", "no valid JSON in UTF-8"),
    (b'{"text": "\\ud83d"}', 400, "invalid-json", "no valid JSON in UTF-8"),
    ('{"text": "a"}'.encode("utf-16"), 400, "invalid-json", "no valid JSON in UTF-8"),
    (b"[" * 100_000, 400, "invalid-json", "no valid JSON in UTF-8"),
    (b"[]", 422, "invalid-body", "body: "),
    (b'"text"', 422, "invalid-body", "body: "),
    (b"null", 422, "invalid-body", "body: "),
    (b"{}", 422, "invalid-body", "not exactly one of text and texts"),
    (b'{"text": null}', 422, "invalid-body", "not exactly one of text and texts"),
    (b'{"text": "a", "texts": ["a"]}', 422, "invalid-body", "not exactly one of text and texts"),
    (b'{"text": 5}', 422, "invalid-body", "text: Input should be a valid string; see /openapi.json"),
    (b'{"text": true}', 422, "invalid-body", "text: "),
    (b'{"text": ["a"]}', 422, "invalid-body", "text: "),
    (b'{"texts": "a"}', 422, "invalid-body", "texts: "),
    (b'{"texts": ["a", 5]}', 422, "invalid-body", "texts.1: "),
    (b'{"texts": ["a", null]}', 422, "invalid-body", "texts.1: "),
    (b'{"text": "a", "lang": "en"}', 422, "invalid-body", "lang: Extra inputs are not permitted"),
    (b'{"texts": []}', 422, "no-messages", "send at least one"),
    (b'{"text": ""}', 422, "empty-message", "text says nothing"),
    (b'{"text": " \\t\\n\\u00a0"}', 422, "empty-message", "text says nothing"),
    (b'{"text": "\\u200b\\u200d"}', 422, "empty-message", "text says nothing"),
    (b'{"texts": ["a", ""]}', 422, "empty-message", "texts[1] says nothing"),
    (b'{"text": "0123456789abc"}', 422, "message-too-long", "text has 13 characters, more than 12"),
    (b'{"texts": ["a", "b", "c", "d", "e"]}', 413, "batch-too-large", "5 messages are more than 4"),
]


@pytest.mark.parametrize(("body", "status", "kind", "said"), WRONG)
def test_what_cannot_be_answered_is_refused(body: bytes, status: int, kind: str, said: str) -> None:
    problem = refused(read_messages, body)
    assert (problem.status, problem.kind) == (status, kind)
    assert said in problem.detail


def test_a_message_that_is_refused_is_named_and_not_repeated() -> None:
    problem = refused(read_messages, encoded({"texts": ["fine", "a secret of mine"]}))
    assert problem.extras == {"field": "texts[1]"}
    assert "secret" not in json.dumps(problem.document("7"))
    wrong = refused(read_messages, encoded({"texts": [5], "text": ["a secret"]}))
    assert [one["field"] for one in wrong.extras["errors"]] == ["text", "texts.0"]
    assert "secret" not in json.dumps(wrong.document("7"))


def test_of_many_errors_the_first_five_are_told() -> None:
    assert len(refused(read_messages, encoded({"texts": [1] * 50})).extras["errors"]) == 5


def test_half_a_character_is_no_text() -> None:
    problem = refused(require_answerable, ["fine", "a\ud83d"], ["one", "two"])
    assert (problem.status, problem.kind, problem.extras) == (422, "invalid-text", {"field": "two"})


@pytest.mark.parametrize("text", ["!!!", "😀", "कहाँ", "5", "é", "\u200bx"])
def test_what_says_something_is_left_to_the_guard(text: str) -> None:
    assert read_messages(encoded({"text": text}), SETTINGS) == ([text], True)


def forms_of(messages: list[str]) -> dict[str, Any]:
    """The same messages in all forms that MLflow takes in JSON."""
    return {
        "inputs": {"inputs": messages},
        "inputs, a row each": {"inputs": [[text] for text in messages]},
        "inputs by column": {"inputs": {"text": messages}},
        "inputs as records": {"inputs": [{"text": text} for text in messages]},
        "instances": {"instances": messages},
        "instances as records": {"instances": [{"text": text, "id": 5} for text in messages]},
        "dataframe_split": {"dataframe_split": {"columns": ["text"], "data": [[text] for text in messages]}},
        "split with index": {
            "dataframe_split": {"index": [7] * len(messages), "columns": [0], "data": [[text] for text in messages]}
        },
        "split among others": {
            "dataframe_split": {"columns": ["id", " Message "], "data": [[5, text] for text in messages]}
        },
        "dataframe_records": {"dataframe_records": [{"text": text} for text in messages]},
        "with no parameters": {"inputs": messages, "params": {}},
    }


@given(st.lists(texts, min_size=1, max_size=4))
def test_messages_are_the_same_in_each_of_mlflows_forms(messages: list[str]) -> None:
    for name, form in forms_of(messages).items():
        assert read_invocation(encoded(form), JSON, SETTINGS) == messages, name


@given(st.lists(texts, min_size=1, max_size=4), st.sampled_from(TEXT_COLUMNS), st.booleans())
def test_messages_are_the_same_in_csv(messages: list[str], column: str, bom: bool) -> None:
    written = io.StringIO(newline="")
    csv.writer(written).writerows([["id", column.upper()], *([5, text] for text in messages)])
    body = written.getvalue().encode("utf-8-sig" if bom else "utf-8")
    assert read_invocation(body, CSV, SETTINGS) == messages


def test_a_single_message_of_a_column_needs_no_list() -> None:
    assert read_invocation(encoded({"inputs": {"text": "fine"}}), JSON, SETTINGS) == ["fine"]


SPLIT = "dataframe_split"


@pytest.mark.parametrize(
    ("document", "kind", "said"),
    [
        ({}, "invalid-body", "not exactly one of inputs, instances, dataframe_split, dataframe_records; send one"),
        ({"inputs": None}, "invalid-body", "not exactly one of"),
        ({"inputs": ["a"], "instances": ["a"]}, "invalid-body", "not exactly one of"),
        ({"inputs": ["a"], "params": {"n": 1}}, "invalid-body", "there are no parameters; leave params out"),
        ({"inputs": ["a"], "n": 1}, "invalid-body", "n: Extra inputs are not permitted"),
        ({"inputs": []}, "no-messages", "send at least one"),
        ({"inputs": 5}, "invalid-body", "inputs is no list; send a list of messages"),
        ({"instances": "fine"}, "invalid-body", "instances is no list; send a list of messages"),
        ({"inputs": ["a", 5]}, "invalid-body", "message 1 is no string"),
        ({"inputs": [["a", "b"]]}, "invalid-body", "message 0 is no string"),
        ({"inputs": [[]]}, "invalid-body", "message 0 is no string"),
        ({"inputs": ["a", {"text": "b"}]}, "invalid-body", "message 1 is no string"),
        ({"inputs": {}}, "invalid-body", "no column of texts among: none; call it text"),
        ({"inputs": {"text": None}}, "invalid-body", "message 0 is no string"),
        ({"instances": [{"body": "a"}]}, "invalid-body", "no column of texts among: 'body'; call it text"),
        ({"dataframe_records": []}, "no-messages", "send at least one"),
        ({"dataframe_records": [{}]}, "invalid-body", "no column of texts among: none"),
        ({"dataframe_records": [{"text": "a"}, {"text": None}]}, "invalid-body", "message 1 is no string"),
        ({"dataframe_records": ["a"]}, "invalid-body", "dataframe_records.0: "),
        ({"dataframe_records": [{"0": "a", "1": "b"}]}, "invalid-body", "no column of texts among: '0', '1'"),
        ({SPLIT: {"columns": ["text"], "data": []}}, "no-messages", "send at least one"),
        ({SPLIT: {"data": [["a"]]}}, "invalid-body", "dataframe_split.columns: Field required"),
        ({SPLIT: {"columns": ["text"], "data": [[""]]}}, "empty-message", "message 0 says nothing"),
        ({SPLIT: {"columns": ["id"], "data": [["a"]]}}, "invalid-body", "no column of texts among: 'id'"),
        ({SPLIT: {"columns": ["id", "text"], "data": [["a"]]}}, "invalid-body", ""),
        ({SPLIT: {"columns": ["text"], "data": [["a", "b"]]}}, "invalid-body", ""),
        ({SPLIT: {"columns": ["text", "text"], "data": [["a", "b"]]}}, "invalid-body", ""),
    ],
)
def test_what_is_no_invocation_is_refused(document: dict[str, Any], kind: str, said: str) -> None:
    problem = refused(read_invocation, encoded(document), JSON)
    assert (problem.status, problem.kind) == (422, kind)
    assert said in problem.detail


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"", 422, "no-messages"),
        (b"text\n", 422, "no-messages"),
        (b"text\n \n", 422, "empty-message"),
        (b"id,text\n5\n", 400, "invalid-csv"),
        (b"body\na\n", 422, "invalid-body"),
        (b"text\ncaf\xe9\n", 400, "invalid-csv"),
        ("text\na\n".encode("utf-16"), 400, "invalid-csv"),
        (b'text\n"a\n', 400, "invalid-csv"),
        (b'text\n"a"b\n', 400, "invalid-csv"),
        # A comma that is not quoted: the rest of the message would be lost.
        (b"text\nlate, again\n", 400, "invalid-csv"),
        (b"text\n" + b"x" * 200_000, 400, "invalid-csv"),
    ],
)
def test_csv_that_cannot_be_read_is_refused(body: bytes, status: int, kind: str) -> None:
    problem = refused(read_invocation, body, CSV)
    assert (problem.status, problem.kind) == (status, kind)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=64), st.from_regex(r"\w.{0,199}", fullmatch=True))
def test_feedback_is_an_id_and_a_label(id_: str, label: str) -> None:
    given = read_feedback(encoded({"id": id_, "label": label}))
    assert (given.id, given.label) == (id_, label)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "id"),
        ({"id": "7"}, "label"),
        ({"id": 7, "label": "a"}, "id"),
        ({"id": "", "label": "a"}, "id"),
        ({"id": "7" * 65, "label": "a"}, "id"),
        ({"id": "7", "label": ""}, "label"),
        ({"id": "7", "label": "a" * 201}, "label"),
        ({"id": "7", "label": "a", "text": "b"}, "text"),
    ],
)
def test_what_is_no_feedback_is_refused(document: dict[str, Any], field: str) -> None:
    with pytest.raises(Problem) as found:
        read_feedback(encoded(document))
    assert (found.value.status, found.value.kind) == (422, "invalid-body")
    assert found.value.extras["errors"][0]["field"] == field


@given(
    st.sampled_from(["application/json", "Application/JSON", " application/json "]),
    st.sampled_from(
        ["", "; charset=utf-8", ';charset="UTF-8"', "; Charset = utf8", "; v=1", "; v=1; charset=us-ascii"]
    ),
)
def test_a_media_type_may_be_written_in_several_ways(kind: str, parameters: str) -> None:
    assert require_type(kind + parameters, [JSON, CSV]) == JSON


@given(st.text())
def test_any_other_media_type_is_refused(given: str) -> None:
    found = problem_or(lambda: require_type(given, [JSON, CSV]))
    if isinstance(found, Problem):
        assert (found.status, found.kind) == (415, "unsupported-media-type")
    else:
        assert found == given.partition(";")[0].strip().lower()


@pytest.mark.parametrize(
    "given",
    [
        "",
        "text/plain",
        "text/json",
        "application/json; charset=latin-1",
        "application/x-www-form-urlencoded",
        "text/csv",
    ],
)
def test_a_media_type_that_is_not_allowed_is_refused(given: str) -> None:
    with pytest.raises(Problem, match="the body has to be application/json in UTF-8; say so in Content-Type"):
        require_type(given, [JSON])
