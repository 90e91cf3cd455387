"""Journey 1: somebody watches the story happen."""

import json
import re

import pytest

from roadworthy import Inspection


def test_the_story_fits_one_screen_and_ends_with_the_verdict(demo):
    finished = demo[1]
    assert finished.returncode == 0, finished.stderr
    screen = finished.stdout
    assert (
        max(len(line) for line in screen.splitlines() if not line.startswith(("Reports ", "        ", "MLflow"))) <= 100
    )
    assert len(screen.splitlines()) <= 60
    assert "accuracy 100.0%" in screen
    assert re.search(r"POST http://127\.0\.0\.1:\d+/predict asked 1,340 times; it answered 200 OK 1,340 times", screen)
    assert screen.count("200 OK") >= 10
    assert screen.split("\n5  ")[0].count("✓ right") == 3
    assert screen.count("✗ ") >= 8
    assert "FAIL" in screen


def test_it_shows_wrong_answers_that_are_sure_and_unsure_and_out_of_scope(demo):
    sure = [int(share) for share in re.findall(r"(\d+)\s%\s+✗", demo[1].stdout)]
    assert min(sure) < 35
    assert max(sure) > 60
    assert "none of them" in demo[1].stdout


def test_it_leaves_the_two_pickles_the_report_and_the_runs(demo):
    folder, finished = demo
    left = {path.name for path in (folder / "roadworthy-demo").iterdir()}
    assert left == {"vectorizer.pkl", "model.pkl", "report", "hardened", "report-hardened"}
    inspection = Inspection.load(folder / "roadworthy-demo" / "report")
    assert inspection.verdict == "fail"
    assert inspection.group("clean").accuracy.value - inspection.group("real").accuracy.value > 0.15
    assert (folder / "mlflow.db").is_file()
    assert "roadworthy ui" in finished.stdout


def test_it_ends_with_the_hardened_model_on_the_same_messages(demo):
    folder, finished = demo
    broken, hardened = (Inspection.load(folder / "roadworthy-demo" / name) for name in ("report", "report-hardened"))
    assert hardened.model.guarded
    assert hardened.group("real").n == broken.group("real").n
    for figure, better in (("accuracy", 0.10), ("accuracy_all", 0.15)):
        assert getattr(hardened.group("real"), figure).value > getattr(broken.group("real"), figure).value + better
    assert hardened.group("real").silent_failure_rate.value < 0.5 * broken.group("real").silent_failure_rate.value
    assert broken.group("real").coverage.value == 1
    assert 0.5 < hardened.group("real").coverage.value < 1
    assert "⚑" in finished.stdout.split("\n5  ")[1]


@pytest.mark.filterwarnings("ignore")
def test_both_inspections_are_runs_whose_figures_line_up(demo):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{demo[0] / 'mlflow.db'}")
    found = client.search_runs([client.get_experiment_by_name("roadworthy").experiment_id])
    runs = [run for run in found if run.data.tags["roadworthy.kind"] == "inspection"][:2]
    figures = [run.data.metrics for run in runs]
    shared = {"clean/accuracy", "real/accuracy", "real/silent_failure_rate", "real/coverage", "typos/accuracy"}
    assert all(shared <= set(found) for found in figures)
    assert {run.data.params["guarded"] for run in runs} == {"True", "False"}


@pytest.mark.slow
def test_the_story_as_json_is_one_document(run, tmp_path):
    finished = run("demo", "--json", "--no-track", cwd=tmp_path)
    story = json.loads(finished.stdout)
    assert story["training_accuracy"] >= 0.95
    assert {reply["status"] for reply in story["clean"] + story["real_style"]} == {200}
    assert story["inspection"]["verdict"] == "fail"


@pytest.mark.slow
def test_a_second_run_in_the_same_folder_works(run, demo):
    finished = run("demo", cwd=demo[0])
    assert finished.returncode == 0, finished.stderr
