"""Journey: train a model that says when it is not to be trusted, then answer a file of messages with it."""

import csv
import json
import math
import shutil
from importlib.resources import as_file, files

import pytest

from roadworthy import support_desk

ANSWERS = ["label", "confidence", "verdict", "reasons", "familiarity"]
REASONS = {"unfamiliar_words", "out_of_scope", "low_confidence", "empty", "too_long", "unknown_language"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    for name in ("train", "real_style"):
        with as_file(files("roadworthy.support_desk") / f"{name}.csv") as path:
            shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def trained(project, run):
    return run("train", "train.csv", "--out", "model", "--no-track", cwd=project)


@pytest.fixture(scope="module")
def rows(trained, project, run):
    finished = run("predict", "model", "real_style.csv", "--out", "answers.csv", cwd=project)
    assert (finished.returncode, finished.stdout) == (0, "")
    assert " of 1,100 messages flagged (" in finished.stderr
    with (project / "answers.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def flagged_share(rows):
    return sum(row["verdict"] == "flagged" for row in rows) / len(rows)


def test_training_says_how_good_the_model_is_and_what_comes_next(trained, project):
    assert (trained.returncode, trained.stderr) == (0, "")
    assert "n=560), by cross-validation on the training messages" in trained.stdout
    assert "roadworthy predict model MESSAGES" in trained.stdout
    assert (project / "model" / "roadworthy.json").is_file()
    assert not list(project.rglob("*.pkl"))


def test_every_row_stays_and_is_answered(rows):
    real = support_desk.load_real_style()
    assert list(rows[0]) == ["text", "input_label", "kind", *ANSWERS]
    assert [row["text"] for row in rows] == list(real.texts)
    assert [row["input_label"] for row in rows] == list(real.labels)
    assert {row["label"] for row in rows} <= set(support_desk.load_train().classes)
    assert all(0 <= float(row[name]) <= 1 for row in rows for name in ("confidence", "familiarity"))


def test_what_is_flagged_has_a_reason_and_what_is_trusted_has_none(rows):
    for row in rows:
        reasons = set(filter(None, row["reasons"].split(";")))
        assert reasons <= REASONS
        assert row["verdict"] == ("flagged" if reasons else "trusted")


def test_the_guard_flags_what_it_should(rows):
    out = [row for row in rows if row["input_label"] == support_desk.OOS_LABEL]
    inside = [row for row in rows if row["input_label"] != support_desk.OOS_LABEL]
    right = [row for row in inside if row["label"] == row["input_label"]]
    wrong = [row for row in inside if row["label"] != row["input_label"]]
    assert flagged_share(out) > flagged_share(inside) + 0.2
    assert flagged_share(wrong) > flagged_share(right) + 0.2


def test_json_lines_say_the_same(rows, project, run):
    finished = run("predict", "model", "real_style.csv", "--out", "answers.jsonl", "--json", cwd=project)
    found = [json.loads(line) for line in (project / "answers.jsonl").read_text(encoding="utf-8").split("\n") if line]
    assert json.loads(finished.stdout)["flagged"] == sum(row["verdict"] == "flagged" for row in rows)
    assert [(row["text"], row["label"], row["reasons"]) for row in found] == [
        (row["text"], row["label"], row["reasons"]) for row in rows
    ]
    assert all(math.isclose(a["familiarity"], float(b["familiarity"])) for a, b in zip(found, rows, strict=True))


def test_one_message_from_the_shell(trained, project, run):
    finished = run("predict", "model", "-m", "qwrtz zxcv", "--json", cwd=project)
    answer = json.loads(finished.stdout)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert answer["verdict"] == "flagged"
    assert answer["unknown_words"] == ["qwrtz", "zxcv"]
