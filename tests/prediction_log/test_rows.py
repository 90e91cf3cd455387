"""Rows in the form in which they are stored."""

import json
import math
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.prediction_log.rows import Feedback, from_lines, new_id, stored_group, to_lines

from .conftest import NOW, feedback, prediction


def test_an_id_is_a_uuid_of_version_7_that_bears_the_time() -> None:
    made = uuid.UUID(new_id())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert abs((made.int >> 80) / 1000 - datetime.now(UTC).timestamp()) < 60


def test_ids_differ_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert [id_[:13] for id_ in ids] == sorted(id_[:13] for id_ in ids)


@pytest.mark.parametrize(
    ("mode", "text"), [("redacted", "mail [email]"), ("none", None), ("raw", "mail jo@example.org")]
)
def test_the_text_is_kept_as_asked_for(mode, text) -> None:
    row = prediction(text="mail jo@example.org")
    assert stored_group([row], mode).predictions[0][row._fields.index("text")] == text


def test_what_is_not_there_is_none() -> None:
    row = prediction(text=None, confidence=math.nan, familiarity=None, sent=None)
    stored = dict(zip(row._fields, stored_group([row], "redacted").predictions[0], strict=True))
    assert [stored[name] for name in ("text", "confidence", "familiarity", "sent")] == [None] * 4


TEXTS = st.text(st.characters(codec=None), max_size=20)


@given(text=TEXTS, label=TEXTS, sent=st.none() | TEXTS, confidence=st.none() | st.floats(0, 1))
def test_what_is_stored_any_database_takes_and_the_spool_gives_back(text, label, sent, confidence) -> None:
    row = prediction(text=text, label=label, sent=sent, confidence=confidence)
    group = stored_group([row, feedback(row, label)], "raw")
    for value in (*group.predictions[0], *group.feedback[0]):
        assert not isinstance(value, str) or "\0" not in value.encode().decode()
    lines = to_lines(group)
    assert lines.count(b"\n") == 2
    assert from_lines(lines) == (group, 0)


def test_a_line_that_cannot_be_read_is_counted() -> None:
    row = prediction()
    group = stored_group([row], "raw")
    lines = to_lines(group)
    broken = json.dumps({"prediction_id": "a"}).encode() + b"\n[1]\n\x00\x00\n"
    assert from_lines(broken + lines) == (group, 3)


def test_times_are_stored_in_utc() -> None:
    row = Feedback("f", "p", "order", datetime.fromisoformat("2026-03-02T01:00:00.5+02:00"))
    assert stored_group([row], "raw").feedback[0][3] == "2026-03-01 23:00:00.500000"
    assert stored_group([row._replace(time=NOW)], "raw").feedback[0][3] == "2026-03-02 12:00:30.000000"
