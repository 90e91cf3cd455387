"""`roadworthy predict`: a file that keeps everything, or one message; each answer with its verdict."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from roadworthy.data import read_dataset
from roadworthy.models.artifact import Artifact
from roadworthy.tables import read_frame
from roadworthy.training.hardened import train_hardened

from .conftest import Run

ANSWERS = ["label", "confidence", "verdict", "reasons", "familiarity"]
STRANGE = "qwrtz zxcv\x1b[31m"
GUARDLESS = (
    "roadworthy: python:cli_models:right has no guard: every answer counts as trusted; roadworthy wrap gives it one\n"
)


@pytest.fixture(scope="module")
def artifact(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    path = tmp_path_factory.mktemp("messages") / "clean.csv"
    path.write_bytes(files["clean.csv"])
    return train_hardened(read_dataset(path), flag_rate=0.4)


@pytest.fixture
def model(artifact: Artifact, folder: Path) -> str:
    artifact.save(folder / "model")
    return "model"


def table(out: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(out)))


def test_a_file_keeps_its_rows_order_and_columns(run: Run, folder: Path, model: str) -> None:
    (folder / "a.csv").write_text(f"id,text,label\n007,where is my parcel,order\n1e5,,\n,{STRANGE},NA\n")
    ended = run("predict", model, "a.csv")
    rows = table(ended.out)
    assert ended.code == 0
    assert list(rows[0]) == ["id", "text", "input_label", *ANSWERS]
    assert [(row["id"], row["text"], row["input_label"]) for row in rows] == [
        ("007", "where is my parcel", "order"), ("1e5", "", ""), ("", STRANGE, "NA"),
    ]  # fmt: skip
    assert [list(rows[1].values())[3:]] == [["", "", "flagged", "empty", "0.0"]]
    assert (rows[0]["label"], rows[0]["verdict"], rows[0]["reasons"]) == ("order", "trusted", "")
    assert rows[2]["verdict"] == "flagged"
    assert "unfamiliar_words" in rows[2]["reasons"].split(";")
    assert all(0 <= float(row["familiarity"]) <= 1 for row in rows)
    assert ended.err.startswith("2 of 3 messages flagged (")
    assert "empty 1" in ended.err


def test_without_anything_flagged_no_reason_is_named(run: Run, folder: Path, model: str) -> None:
    (folder / "a.csv").write_text("text\nwhere is my parcel\n")
    assert run("predict", model, "a.csv").err == "0 of 1 message flagged.\n"


def test_the_file_that_is_read_is_never_written(run: Run, folder: Path, model: str) -> None:
    (folder / "a.csv").write_text("text\nwhere is it\n")
    ended = run("predict", model, "a.csv", "--out", str(folder / "a.csv"))
    assert (ended.code, (folder / "a.csv").read_text()) == (2, "text\nwhere is it\n")
    assert "is read, and would be lost; give --out another name" in ended.err


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl", ".parquet"])
def test_a_file_is_written_in_the_format_of_its_name(run: Run, folder: Path, model: str, suffix: str) -> None:
    texts = ["where\ris it", "", 'a "refund",\r\nplease\t']
    (folder / "a.jsonl").write_text("".join(json.dumps({"said": text, "n": 1}) + "\n" for text in texts))
    ended = run("predict", model, "a.jsonl", "--text", "said", "--out", f"new/b{suffix}")
    found = read_frame(folder / f"new/b{suffix}")
    assert (ended.code, ended.out) == (0, "")
    assert list(found) == ["said", "n", *ANSWERS]
    assert found["said"].tolist() == texts
    assert [str(value) for value in found["n"]] == ["1", "1", "1"]
    assert found["verdict"].tolist()[1] == "flagged"
    assert [path.name for path in (folder / "new").iterdir()] == [f"b{suffix}"]


def test_json_on_stdout_is_the_rows(run: Run, folder: Path, model: str) -> None:
    (folder / "a.csv").write_text("text\nwhere is my parcel\n\nmoney\n")
    ended = run("predict", model, "a.csv", "--json")
    first, empty, _ = json.loads(ended.out)
    assert (first["text"], first["label"], first["reasons"]) == ("where is my parcel", "order", "")
    assert 0 < first["confidence"] < 1
    assert list(empty.values()) == ["", None, None, "flagged", "empty", 0]


def test_with_json_the_written_file_is_named(run: Run, folder: Path, model: str) -> None:
    (folder / "a.csv").write_text('text,n\nwhere is my parcel,1\n"",2\n')
    ended = run("predict", model, "a.csv", "--out", "b.csv", "--json")
    assert json.loads(ended.out) == {"out": "b.csv", "rows": 2, "flagged": 1, "reasons": {"empty": 1}}


def test_a_terminal_is_shown_nothing_that_acts(
    run: Run, folder: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.csv").write_text(f"text\n{STRANGE}\n")
    assert "\x1b" in run("predict", model, "a.csv").out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = run("predict", model, "a.csv").out
    assert "\x1b" not in shown
    assert "qwrtz zxcv[31m" in shown


def test_one_message_is_answered_for_a_person(run: Run, folder: Path, model: str) -> None:
    ended = run("predict", model, "-m", STRANGE)
    said = {line[:13].strip(): line[15:] for line in ended.out.splitlines()}
    assert (ended.code, ended.err) == (0, "")
    assert list(said) == [*ANSWERS, "unknown words"]
    assert said["verdict"] == "flagged"
    assert said["unknown words"].startswith("qwrtz, zxcv")
    assert "\x1b" not in ended.out


def test_a_trusted_message_has_no_reason(run: Run, folder: Path, model: str) -> None:
    lines = run("predict", model, "-m", "where is my parcel").out.splitlines()
    assert lines[0] == "label        order"
    assert lines[2:4] == ["verdict      trusted", "reasons      (none)"]
    assert len(lines) == 5


def test_one_message_as_json(run: Run, folder: Path, model: str) -> None:
    found = json.loads(run("predict", model, "--message", "money back qwrtz", "--json").out)
    assert list(found) == [*ANSWERS, "unknown_words"]
    assert (found["label"], found["unknown_words"]) == ("refund", ["qwrtz"])


@pytest.mark.parametrize("message", ["", " \t"])
def test_an_empty_message_is_flagged_and_has_no_label(run: Run, folder: Path, model: str, message: str) -> None:
    ended = run("predict", model, "-m", message)
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "label        (none)",
        "confidence   (none)",
        "verdict      flagged",
        "reasons      empty",
        "familiarity  0.000",
    ]


def test_a_model_without_a_guard_is_trusted_with_a_warning(run: Run, folder: Path) -> None:
    ended = run("predict", "python:cli_models:right", "clean.csv")
    rows = table(ended.out)
    assert [row["label"] for row in rows] == [row["input_label"] for row in rows]
    assert {(row["confidence"], row["verdict"], row["reasons"], row["familiarity"]) for row in rows} == {
        ("", "trusted", "", "")
    }
    assert ended.err == f"{GUARDLESS}0 of 6 messages flagged.\n"


def test_one_message_without_a_guard_has_no_familiarity(run: Run, folder: Path) -> None:
    ended = run("predict", "python:cli_models:right", "-m", "hello")
    assert ended.out.splitlines()[-1] == "familiarity  (none)"
    assert ended.err == GUARDLESS
