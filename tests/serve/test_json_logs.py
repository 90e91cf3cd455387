"""The service's own log: one document a line whatever it holds, and nothing that acts on a terminal."""

import json
import logging
import logging.config
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.redaction import ACTIVE
from roadworthy.serve.json_logs import JsonFormatter, PlainFormatter, configuration


def record(message: str = "reloaded", *arguments: Any, error: Any = None, **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("roadworthy.serve", logging.WARNING, __file__, 1, message, arguments or None, error)
    made.created = 0.25
    if fields:
        made.fields = fields
    return made


def raised() -> Any:
    try:
        raise KeyError("inner")
    except KeyError:
        return sys.exc_info()


def test_a_line_holds_time_level_event_and_fields() -> None:
    shown = json.loads(JsonFormatter().format(record("went %s", "well", version="3f2a", place=sys.path)))
    assert shown == {
        "time": "1970-01-01T00:00:00.250+00:00",
        "level": "warning",
        "event": "went well",
        "version": "3f2a",
        "place": sys.path,
    }


@given(st.text(), st.dictionaries(st.from_regex(r"[a-z]+", fullmatch=True), st.text() | st.integers() | st.none()))
def test_every_record_is_one_line(event: str, fields: dict[str, Any]) -> None:
    made = record(error=None)
    made.msg, made.args, made.fields = event, None, fields
    line = JsonFormatter().format(made)
    assert "\n" not in line
    assert {**json.loads(line), **fields} == json.loads(line)
    plain = PlainFormatter().format(made)
    assert "\n" not in plain
    assert not ACTIVE.search(plain)


def test_what_json_does_not_know_becomes_text() -> None:
    assert json.loads(JsonFormatter().format(record(error_was=KeyError("a"))))["error_was"] == "'a'"


def test_a_traceback_is_a_member_of_the_document_and_follows_the_plain_line() -> None:
    error = raised()
    shown = json.loads(JsonFormatter().format(record(error=error)))
    assert shown["error"] == "KeyError"
    assert "test_json_logs.py" in shown["traceback"]
    assert "inner" not in str(shown)
    first, *rest = PlainFormatter().format(record(error=error)).splitlines()
    assert first.endswith("warning reloaded")
    assert rest[0] == "KeyError"
    assert "test_json_logs.py" in rest[-1]


def test_a_person_reads_time_level_event_and_fields() -> None:
    assert PlainFormatter().format(record(version="3f2a", n=2)).endswith(" warning reloaded version=3f2a n=2")


@pytest.mark.parametrize(("as_json", "formatter"), [(True, JsonFormatter), (False, PlainFormatter)])
def test_the_configuration_writes_our_events_and_others_warnings(as_json: bool, formatter: type) -> None:
    found = configuration(as_json=as_json)
    assert found["formatters"]["own"]["()"] is formatter
    assert found["handlers"]["stderr"]["stream"] == "ext://sys.stderr"
    assert {name: logger["level"] for name, logger in found["loggers"].items()} == {
        "roadworthy.serve": "INFO",
        "uvicorn": "WARNING",
    }
    assert found["root"] == {"handlers": ["stderr"], "level": "WARNING"}
    logging.config.DictConfigurator(found)


def test_the_warning_of_a_library_says_whose_it_is() -> None:
    lost = logging.LogRecord("psycopg", logging.WARNING, "", 0, "the connection is %s", ("lost",), None)
    shown = json.loads(JsonFormatter().format(lost))
    assert (shown["event"], shown["logger"]) == ("the connection is lost", "psycopg")
    assert "logger" not in json.loads(JsonFormatter().format(record()))
