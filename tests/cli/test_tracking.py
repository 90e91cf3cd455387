"""`roadworthy track` and `roadworthy ui`: what they pass on and print; MLflow itself is tested elsewhere."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from roadworthy import tracking
from roadworthy.tracking import TrackedRun

from .conftest import Run


@pytest.mark.parametrize("as_json", [True, False])
def test_track_uploads_a_folder(run: Run, monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    tracked = TrackedRun("a1", "2", "sqlite:///x.db")
    monkeypatch.setattr(tracking, "upload", lambda directory: tracked if directory == Path("report") else None)
    ended = run("track", "report", *(["--json"] if as_json else []))
    assert ended.code == 0
    if as_json:
        assert json.loads(ended.out) == {"run_id": "a1", "tracking_uri": "sqlite:///x.db"}
    else:
        assert ended.out == f"MLflow: {tracked}\n"


def test_ui_names_the_address_of_a_server(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "ui_address", lambda: "https://mlflow.example")
    assert run("ui").out == "MLflow's UI is at https://mlflow.example\n"


def test_ui_opens_a_local_store_in_place_of_itself(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(tracking, "ui_address", lambda: None)
    monkeypatch.setattr(tracking, "ui_command", lambda **where: ["mlflow", str(where)])
    monkeypatch.setattr(tracking, "ui_environment", lambda: {"DO_NOT_TRACK": "true"})
    monkeypatch.setattr(os, "execvpe", lambda *command: seen.extend(command))
    ended = run("ui", "--port", "5005")
    assert "Store: sqlite:///" in ended.err
    assert "MLflow's UI: http://127.0.0.1:5005" in ended.err
    assert seen == ["mlflow", ["mlflow", "{'host': '127.0.0.1', 'port': 5005}"], {"DO_NOT_TRACK": "true"}]
