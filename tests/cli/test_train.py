"""`roadworthy train`: two pickles, one figure."""

import json
from pathlib import Path
from typing import Any

import pytest

from roadworthy import tracking

from .conftest import Run


def test_it_saves_two_pickles_and_prints_the_notebooks_figure(run: Run, folder: Path) -> None:
    ended = run("train", "clean.csv", "--out", "new/model", "--no-track")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "accuracy 1.000 on the 6 messages it was trained on\nsaved new/model/vectorizer.pkl and new/model/model.pkl\n"
    )
    assert sorted(path.name for path in (folder / "new/model").iterdir()) == ["model.pkl", "vectorizer.pkl"]


def test_as_json_it_prints_one_document(run: Run, folder: Path) -> None:
    ended = run("train", "clean.csv", "--out", "new", "--no-track", "--json")
    assert json.loads(ended.out) == {"training_accuracy": 1.0, "files": ["new/vectorizer.pkl", "new/model.pkl"]}


def test_columns_can_be_named(run: Run, folder: Path) -> None:
    (folder / "odd.csv").write_text("said,topic\nhello there,greet\ngood bye,leave\n")
    assert run("train", "odd.csv", "--text", "said", "--label", "topic", "--out", "new", "--no-track").code == 0


def test_a_tracked_training_says_where_it_went(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(tracking, "track_notebook", lambda *given: seen.extend(given) or "run 7 in store")
    ended = run("train", "clean.csv", "--out", "new", "--track")
    assert ended.err == "MLflow: run 7 in store\n"
    assert (seen[0].training_accuracy, len(seen[1])) == (1, 6)
    assert all(path.is_file() for path in seen[2])
