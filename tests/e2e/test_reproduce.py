"""A training run done again elsewhere: the store is shared, the messages have moved, the environment may be another."""

import csv
import json
import re
import shutil

import pytest

from roadworthy import support_desk

from .conftest import program


@pytest.fixture(scope="module")
def trained(tmp_path_factory, run, empty_store):
    """A project in which a hardened model was trained, and the id of its run."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(empty_store, folder)
    data = support_desk.load_train().sample(200)
    with (folder / "train.csv").open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["utterance", "topic"])
        rows.writerows(zip(data.texts, data.labels, strict=True))
    options = ("--text", "utterance", "--label", "topic", "--seed", "3", "--flag-rate", "0.2", "--out", "model")
    ended = run("train", "train.csv", *options, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    return folder, re.search(r"run ([0-9a-f]{32})", ended.stderr)[1]


@pytest.mark.slow
def test_another_machine_gets_the_same_model(trained, run, tmp_path):
    folder, run_id = trained
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}"}
    moved = tmp_path / "moved.csv"
    shutil.move(folder / "train.csv", moved)
    try:
        gone = run("reproduce", run_id, cwd=tmp_path, **store)
        assert gone.returncode == 2
        assert "the training messages are not there any more; give them with --data FILE" in gone.stderr
        ended = run("reproduce", run_id, "--data", "moved.csv", cwd=tmp_path, **store)
    finally:
        shutil.move(moved, folder / "train.csv")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"equal: run {run_id}")
    assert "--text=utterance --label=topic --flag-rate=0.2 --seed=3" in ended.stderr
    kept = json.loads((tmp_path / "reproduced" / "reproduction.json").read_text())
    assert (kept["labels_differ"], kept["verdicts_differ"], kept["rebuilt"]) == (0, 0, False)
    assert kept["largest_difference"] <= 1e-6


@pytest.mark.slow
def test_messages_that_somebody_changed_are_found_out(trained, run, tmp_path):
    folder, run_id = trained
    lines = (folder / "train.csv").read_text().splitlines(keepends=True)
    (tmp_path / "fewer.csv").write_text("".join(lines[:-1]))
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}"}
    ended = run("reproduce", run_id, "--data", "fewer.csv", cwd=tmp_path, **store)
    assert ended.returncode == 1
    assert "messages: 200 in the run, 199 here" in ended.stdout


@pytest.mark.slow
def test_another_environment_is_built_for_it(trained, run, tmp_path):
    program("uv")
    folder, run_id = trained
    [listed] = folder.glob(f"mlruns/*/{run_id}/artifacts/environment.txt")
    before = listed.read_text()
    listed.write_text(re.sub(r"(?m)^numpy==.*$", "numpy==2.3.5", before))
    try:
        ended = run("reproduce", run_id, cwd=tmp_path, MLFLOW_TRACKING_URI=f"sqlite:///{folder / 'mlflow.db'}")
    finally:
        listed.write_text(before)
    assert ended.returncode == 0, ended.stderr
    assert "numpy: 2.3.5 in the run, " in ended.stderr
    assert list((tmp_path / "reproduced" / "environment").glob("lib/python3.*/site-packages/numpy-2.3.5.dist-info"))
    assert json.loads((tmp_path / "reproduced" / "reproduction.json").read_text())["rebuilt"]
