"""Journey: a team's own function gets a guard; it is inspected, asked, and refused once its code has changed."""

import json
import shutil
from importlib.resources import as_file, files

import pytest

from roadworthy import Inspection

OURS = """
from roadworthy import support_desk
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

train = support_desk.load_train()
pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(train.texts, train.labels)

def classify(texts):
    rows = pipeline.predict_proba(texts)
    return [(pipeline.classes_[row.argmax()], float(row.max())) for row in rows]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ours")
    for name, copy in (("train", "train"), ("test", "clean"), ("real_style", "messages")):
        with as_file(files("roadworthy.support_desk") / f"{name}.csv") as path:
            shutil.copy(path, folder / f"{copy}.csv")
    (folder / "ours.py").write_text(OURS)
    return folder


@pytest.fixture(scope="module")
def wrapped(project, run):
    return run("wrap", "python:ours:classify", "train.csv", "--out", "wrapped", "--no-track", cwd=project)


@pytest.mark.slow
def test_wrapping_sees_that_the_model_knows_the_messages(wrapped, project):
    assert (wrapped.returncode, wrapped.stderr) == (0, "")
    assert "messages that the model was trained on (if it was not: --held-out)" in wrapped.stdout
    assert (project / "wrapped" / "roadworthy.json").is_file()


@pytest.mark.slow
def test_an_inspection_uses_the_verdicts(wrapped, project, run):
    finished = run("inspect", "wrapped", "clean.csv", "--suite", "quick", "--out", "report", "--no-track", cwd=project)
    assert finished.returncode in (0, 1)
    inspection = Inspection.load(project / "report")
    clean = inspection.group("clean")
    assert inspection.model.guarded
    assert clean.coverage.value < 1
    assert clean.silent_failure_rate.value < 1 - clean.accuracy.value


@pytest.mark.slow
def test_messages_are_answered_with_verdicts(wrapped, project, run):
    finished = run("predict", "wrapped", "messages.csv", "--json", cwd=project)
    rows = json.loads(finished.stdout)
    assert finished.returncode == 0
    assert len(rows) == 1_100
    assert {row["verdict"] for row in rows} == {"trusted", "flagged"}
    assert all((row["verdict"] == "flagged") == bool(row["reasons"]) for row in rows)


@pytest.mark.slow
def test_code_that_has_changed_is_refused(wrapped, project, run, tmp_path):
    elsewhere = tmp_path / "changed"
    shutil.copytree(project, elsewhere)
    with (elsewhere / "ours.py").open("a") as file:
        file.write("\nprint('this must not run')\n")
    finished = run("predict", "wrapped", "messages.csv", cwd=elsewhere)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.splitlines() == [
        "roadworthy: python:ours:classify: has changed since it was wrapped; wrap it again: roadworthy wrap"
    ]
