"""What became of an artifact stands beside it, and is about no other one."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from roadworthy.errors import OutputError
from roadworthy.models.artifact import CARD, load_artifact
from roadworthy.models.record import FILE, Record, card_sha256, note_inspection, note_run, read_record


@pytest.fixture
def own(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "own"))


def test_of_a_new_artifact_nothing_is_known(own: Path) -> None:
    assert read_record(own) == Record(card=card_sha256(own))
    assert not (own / FILE).exists()


def test_the_run_and_the_last_inspection_are_kept_side_by_side(own: Path) -> None:
    note_inspection(own, verdict="fail", messages="first.csv", n=1)
    note_run(own, "run7")
    note_inspection(own, verdict="pass", messages="test.csv", n=240)
    found = read_record(own)
    assert (found.run, found.inspection.verdict, found.inspection.messages, found.inspection.n) == (
        "run7",
        "pass",
        "test.csv",
        240,
    )
    assert timedelta(0) <= datetime.now(UTC) - found.inspection.time < timedelta(minutes=1)


def test_the_artifact_stays_what_it_was(own: Path) -> None:
    before = card_sha256(own), {path.name for path in own.iterdir()}
    note_run(own, "run7")
    assert (card_sha256(own), {path.name for path in own.iterdir()} - {FILE}) == before
    load_artifact(own)


def test_a_record_of_another_artifact_is_passed_over(own: Path) -> None:
    note_run(own, "run7")
    (own / CARD).write_text((own / CARD).read_text() + "\n")
    assert read_record(own) == Record(card=card_sha256(own))
    note_inspection(own, verdict="pass", messages="test.csv", n=2)
    assert (read_record(own).run, read_record(own).inspection.n) == (None, 2)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"run": "run7"}', '{"card": "a", "other": 1}', "\udcff"])
def test_a_record_that_cannot_be_read_is_as_none(own: Path, content: str) -> None:
    (own / FILE).write_bytes(content.encode("utf-8", "surrogateescape"))
    assert read_record(own) == Record(card=card_sha256(own))
    note_run(own, "run7")
    assert json.loads((own / FILE).read_text())["run"] == "run7"


def test_a_place_that_cannot_be_written_to_is_told(own: Path) -> None:
    (own / FILE).mkdir()
    with pytest.raises(OutputError, match="record.json: cannot be written"):
        note_run(own, "run7")
