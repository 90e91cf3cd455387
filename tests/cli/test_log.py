"""`roadworthy log export` and `roadworthy log prune`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from roadworthy.prediction_log import Prediction, PredictionLog, new_id

from .conftest import Run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose log holds an old trusted row and a flagged one of today."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ROADWORTHY_LOG", raising=False)
    now = datetime.now(UTC)
    old = Prediction(
        new_id(), now - timedelta(days=40), "r1", "served", "m", "1", "hi", "a", 0.9, 0.5, "trusted", "", "a", 1.0
    )
    log = PredictionLog("sqlite:///predictions.db", Path("spool"))
    log.append([old, old._replace(id=new_id(), time=now, verdict="flagged", reasons="empty")], lambda error: None)
    log.start()
    log.close(10)
    return tmp_path


def verdicts(path: Path) -> list[str]:
    return [json.loads(line)["verdict"] for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], ["trusted", "flagged"]),
        (["--since", "7d"], ["flagged"]),
        (["--until", "yesterday"], ["trusted"]),
        (["--verdict", "flagged"], ["flagged"]),
    ],
)
def test_export_writes_the_rows_asked_for(folder: Path, run: Run, options: list[str], found: list[str]) -> None:
    ended = run("log", "export", "--out", "log.jsonl", *options)
    assert ended.code == 0
    assert ended.out == f"wrote {len(found)} prediction{'s' * (len(found) > 1)} to log.jsonl\n"
    assert verdicts(folder / "log.jsonl") == found


def test_export_as_json_says_how_many(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROADWORTHY_LOG", f"sqlite:///{folder}/predictions.db")
    ended = run("log", "export", "--out", "new/log.csv", "--json")
    assert json.loads(ended.out) == {"rows": 2, "out": "new/log.csv"}


@pytest.mark.parametrize("as_json", [True, False])
def test_prune_deletes_what_is_older(folder: Path, run: Run, as_json: bool) -> None:
    ended = run("log", "prune", "--days", 30, *(["--json"] if as_json else []))
    assert ended.code == 0
    if as_json:
        assert json.loads(ended.out) == {"rows": 1, "days": 30.0}
    else:
        assert ended.out == "deleted 1 prediction older than 30 days\n"
    run("log", "export", "--out", "log.jsonl")
    assert verdicts(folder / "log.jsonl") == ["flagged"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "--out", "a.jsonl", "--log", "sqlite:///none.db"), "no such prediction log; check its URL"),
        (("export", "--out", "a.xlsx"), "unknown format '.xlsx'"),
        (("export", "--out", "a.csv", "--since", "soon"), "'soon' is no time; write 2026-03-01"),
        (("export", "--out", "a.csv", "--verdict", "wrong"), "no verdict 'wrong'; use one of trusted, flagged"),
        (("export",), "Missing option '--out'"),
        (("prune",), "Missing option '--days'"),
        (("prune", "--days", "-1"), "Invalid value for '--days'"),
    ],
)
def test_bad_input_is_one_line(folder: Path, run: Run, arguments: Any, said: str) -> None:
    ended = run("log", *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert ended.out == ""
