"""The gate as CI meets it: a process, its exit code, its last lines, and the files that it leaves."""

import csv
import random
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from roadworthy import support_desk
from roadworthy.data import Dataset
from roadworthy.gate import Decision
from roadworthy.training.notebook import save_pickles, train_notebook

QUICK = ("--suite", "quick", "--gate", "--no-track", "--allow-pickle", "--out", "report")


def write(file, texts, labels):
    with file.open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["text", "label"])
        rows.writerows(zip(texts, labels, strict=True))


@pytest.fixture(scope="module")
def project(tmp_path_factory, models):
    """Clean messages, and models and files of which each has one thing wrong."""
    folder = tmp_path_factory.mktemp("project")
    train, test = support_desk.load_train(), support_desk.load_clean_test()
    write(folder / "clean.csv", test.texts, test.labels)
    (folder / "empty.csv").write_text("text,label\n")
    odd = ["brand_new" if row % 10 == 0 else label for row, label in enumerate(test.labels)]
    write(folder / "unknown.csv", test.texts, odd)
    write(
        folder / "numbers.csv", [f"{1000 + i} {7 * i}" for i in range(60)], [("even", "odd")[i % 2] for i in range(60)]
    )
    (folder / "casing.toml").write_text('families = ["casing"]\nseverities = [3]\n')
    (folder / "ours.py").write_text(
        "def constant(texts): return ['order_status'] * len(texts)\n"
        "def parity(texts): return ['odd' if int(text.split()[0]) % 2 else 'even' for text in texts]\n"
    )
    labels = list(train.labels)
    random.Random(0).shuffle(labels)
    save_pickles(train_notebook(Dataset.of(train.texts, labels)), folder)
    (folder / "good").symlink_to(models / "hardened", target_is_directory=True)
    return folder


def rejected(run, project, *arguments):
    """What a rejected model leaves: its exit code, what was said, and the decision."""
    ended = run("inspect", *QUICK, *arguments, cwd=project, COLUMNS="100")
    said = (ended.stdout + ended.stderr).replace("\u00a0", " ")
    assert "Traceback" not in said
    assert ended.returncode in (1, 2)
    decision = Decision.load(project / "report")
    assert not decision.passed
    assert int(ET.parse(project / "report" / "junit.xml").getroot().get("failures")) > 0
    assert "REJECTED" in (project / "report" / "summary.md").read_text(encoding="utf-8")
    return ended.returncode, said, decision


def test_a_good_model_passes(run, project):
    ended = run("inspect", "good", "clean.csv", *QUICK, cwd=project)
    assert ended.returncode == 0, ended.stdout
    assert "✓ PASSED" in ended.stdout
    assert Decision.load(project / "report").passed


def test_a_constant_classifier_is_rejected(run, project):
    code, said, decision = rejected(run, project, "python:ours:constant", "clean.csv")
    assert code == 1
    assert "The model answered 'order_status' to every message: it does not classify." in said
    assert "✗ fail by 70 pp  accuracy" in said
    assert decision.refusals[0].code == "constant_model"


def test_a_model_trained_on_shuffled_labels_is_rejected(run, project):
    code, said, decision = rejected(run, project, "pickles:vectorizer.pkl,model.pkl", "clean.csv")
    assert code == 1
    assert "✗ min_accuracy  Clean messages: accuracy is" in said
    assert decision.stopped_by[0].bound == "min_accuracy"
    assert decision.stopped_by[0].short_by > 0.5


def test_a_suite_that_changed_nothing_is_rejected(run, project):
    code, said, _ = rejected(run, project, "python:ours:parity", "numbers.csv", "--suite", "casing.toml")
    assert code == 1
    assert "No perturbation changed the messages: the model was not tested against user noise." in " ".join(
        line.strip("│ ") for line in said.splitlines()
    )


def test_an_empty_file_is_rejected(run, project):
    code, said, decision = rejected(run, project, "good", "empty.csv")
    assert code == 2
    assert said == "roadworthy: empty.csv: no rows; give a file with at least one message\n"
    assert decision.refusals[0].code == "unusable_messages"


def test_labels_that_the_model_does_not_know_are_rejected(run, project):
    code, said, decision = rejected(run, project, "good", "unknown.csv")
    assert code == 2
    assert said.startswith("roadworthy: unknown.csv: 24 messages have labels that the model does not know: 'brand_new'")
    assert decision.refusals[0].code == "unusable_messages"


def test_pytest_says_the_same(project):
    (project / "test_release.py").write_text(
        "def test_good(roadworthy_inspect): roadworthy_inspect('good', 'clean.csv', suite='quick')\n"
        "def test_bad(roadworthy_inspect): roadworthy_inspect('python:ours:constant', 'clean.csv', suite='quick')\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "roadworthy.pytest_plugin", "test_release.py"]
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "100", "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=240)
    assert ended.returncode == 1
    assert "1 failed, 1 passed" in ended.stdout
    assert "it does not classify" in ended.stdout
    assert "Traceback" not in ended.stdout
