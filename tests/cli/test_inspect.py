"""`roadworthy inspect`: a verdict, a report, an exit code."""

import json
from pathlib import Path
from typing import Any

import pytest

from roadworthy import tracking
from roadworthy.inspection import Inspection

from .conftest import Run

PAIR = "pickles:vectorizer.pkl,model.pkl"
PLAIN = ("--no-track", "--allow-pickle", "--suite", "quick", "--out", "report")


def test_a_failing_model_ends_with_1_and_leaves_a_report(run: Run, folder: Path) -> None:
    (folder / "same.py").write_text("def answer(texts):\n    return ['order'] * len(texts)\n")
    ended = run("inspect", "python:same:answer", "clean.csv", *PLAIN)
    assert ended.code == 1
    assert "FAIL" in ended.out
    assert "predictions, identical texts only once" in ended.err
    assert ended.err.splitlines()[-1] == "Report: report/report.html"
    written = {path.name for path in (folder / "report").iterdir()}
    assert written >= {"inspection.json", "junit.xml", "report.html", "report.md"}


def test_a_model_that_does_not_fail_ends_with_0(run: Run, folder: Path) -> None:
    (folder / "suite.toml").write_text('families = ["casing"]\nseverities = [3]')
    ended = run("inspect", "python:cli_models:right", "clean.csv", *PLAIN, "--suite", "suite.toml")
    assert ended.code == 0
    assert Inspection.load(folder / "report").verdict != "fail"


def test_as_json_stdout_is_the_inspection_and_nothing_else(run: Run, folder: Path) -> None:
    ended = run("inspect", PAIR, "clean.csv", *PLAIN, "--json", "--seed", "5", "--sample", "4")
    assert Inspection.from_json(ended.out) == Inspection.load(folder / "report")
    settings = json.loads(ended.out)["settings"]
    assert (settings["suite"], settings["seed"], settings["sample"]) == ("quick", 5, 4)


def test_every_option_reaches_the_inspection(run: Run, folder: Path) -> None:
    (folder / "a.csv").write_text("said,topic\nwhere is my parcel,order\nmy money back,refund\n")
    (folder / "real.csv").write_text("said,topic,sort\nwhr is it,order,slang\njoke pls,none,odd\n")
    (folder / "train.csv").write_text("said,topic\nmy money back,refund\n")
    run(
        *("inspect", PAIR, "a.csv", *PLAIN, "--real", "real.csv", "--kind", "sort", "--train", "train.csv"),
        *("--oos-label", "none", "--text", "said", "--label", "topic"),
    )
    found = Inspection.load(folder / "report")
    assert (found.clean.name, found.real and found.real.name) == ("a.csv", "real.csv")
    assert found.real is not None
    assert found.real.kinds == ("slang", "odd")
    assert found.settings.oos_label == "none"
    assert found.group("real").out_of_scope == 1
    assert any("train" in finding.message for finding in found.findings)


def test_a_tracked_inspection_says_where_it_went(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def track(result: Inspection, out: Path, **options: Any) -> str:
        seen.update(options, verdict=result.verdict, out=out)
        return "run 7 in store"

    monkeypatch.setattr(tracking, "track_inspection", track)
    ended = run("inspect", PAIR, "clean.csv", *PLAIN, "--track")
    assert ended.err.splitlines()[-1] == "MLflow: run 7 in store"
    assert seen["out"] == Path("report")
    assert len(seen["clean"]) == 6
    assert seen["real"] is None
    assert hasattr(seen["estimator"], "predict_proba")
