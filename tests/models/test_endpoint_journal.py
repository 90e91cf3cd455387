"""The file of what was answered: nothing of a message in it, and no more lost than the line that was being written."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.errors import OutputError
from roadworthy.models.answers import read_answers
from roadworthy.models.endpoint_journal import Journal

ROWS = [
    {"label": "refund", "confidence": 0.1 + 0.2},
    {"label": "order"},
    {"label": "x", "confidence": 0.5, "verdict": "flagged", "reasons": ["out_of_scope", "empty"], "familiarity": 0.25},
]
TEXTS = ["my money", "where is it", "🦆\ud800"]


def answered(rows=ROWS):
    return read_answers(rows, len(rows), "test")


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "answers.jsonl"
    Journal(file, "one").add(TEXTS, answered())
    return file


def test_answers_come_back_as_they_were(file):
    journal = Journal(file, "one")
    found, wanted = journal.answers(TEXTS), answered()
    assert len(journal) == 3
    assert found.labels.tolist() == wanted.labels.tolist()
    np.testing.assert_array_equal(found.confidence, wanted.confidence)
    np.testing.assert_array_equal(found.familiarity, wanted.familiarity)
    assert (found.flagged.tolist(), found.reasons) == (wanted.flagged.tolist(), wanted.reasons)


def test_no_message_stands_in_the_file(file):
    assert all(len(key) == 64 for key in json.loads(file.read_text()))
    assert "money" not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_another_endpoint_and_another_message_are_not_known(file):
    assert not Journal(file, "two").knows("my money")
    assert not Journal(file, "one").knows("my  money")


def test_a_new_file_knows_nothing_and_is_not_made_yet(tmp_path):
    assert len(Journal(tmp_path / "a" / "b.jsonl", "one")) == 0
    assert not (tmp_path / "a" / "b.jsonl").exists()


def test_what_is_forgotten_is_gone_from_the_file(file):
    journal = Journal(file, "one")
    journal.forget()
    journal.forget()
    assert not journal.knows("my money")
    assert len(Journal(file, "one")) == 0


@given(st.data())
def test_wherever_the_last_line_was_torn_the_others_stay(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("torn") / "answers.jsonl"
    journal = Journal(file, "one")
    journal.add(TEXTS[:1], answered(ROWS[:1]))
    whole = file.stat().st_size
    journal.add(TEXTS[1:], answered(ROWS[1:]))
    content = file.read_bytes()
    file.write_bytes(content[: data.draw(st.integers(whole, len(content) - 1))])
    again = Journal(file, "one")
    assert [again.knows(text) for text in TEXTS] == [True, False, False]
    again.add(TEXTS[1:], answered(ROWS[1:]))
    assert len(Journal(file, "one")) == 3


@pytest.mark.parametrize(
    "line", ["{", "[]", "3", '{"a": 3}', '{"a": {"label": ""}}', '{"a": {"confidence": "x"}}', "\xff"]
)
def test_a_broken_line_is_left_out(file, line):
    file.write_bytes(line.encode("latin-1") + b"\n" + file.read_bytes())
    assert len(Journal(file, "one")) == 3


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(OutputError, match=r"cannot be written \(Is a directory\)"):
        Journal(tmp_path, "one")
