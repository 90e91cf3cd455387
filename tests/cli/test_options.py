"""What the commands share."""

from pathlib import Path

import pytest
from rich.console import Console

from roadworthy import tracking
from roadworthy.cli import options
from roadworthy.errors import MissingExtraError


def test_tracking_is_on_where_mlflow_is_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "is_available", lambda: True)
    assert [options.wants_tracking(track) for track in (None, True, False)] == [True, True, False]
    monkeypatch.setattr(tracking, "is_available", lambda: False)
    assert [options.wants_tracking(track) for track in (None, False)] == [False, False]
    with pytest.raises(MissingExtraError, match="tracking needs the extra 'mlflow'"):
        options.wants_tracking(True)


def test_a_path_is_shown_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert options.shown(Path("a/b")) == "a/b"
    assert options.shown(tmp_path / "a") == "a"
    assert options.shown(tmp_path.parent / "a") == str(tmp_path.parent / "a")


def test_progress_has_a_bar_for_each_part_of_the_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(options, "stderr", lambda: Console(stderr=True, force_terminal=True, width=80))
    with options.progress_bar() as update:
        update("perturbing", 1, 2)
        update("perturbing", 2, 2)
        update("predicting", 5, 10)
    said = capsys.readouterr()
    assert said.out == ""
    assert all(part in said.err for part in ("perturbing", "2/2", "predicting", "5/10"))


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with options.progress_bar() as update:
        update("perturbing", 1, 2)
    assert capsys.readouterr() == ("", "")
