"""The story is told by running it."""

import socket
import sys

import pytest

from roadworthy.cli import main
from roadworthy.demo import story
from roadworthy.errors import MissingExtraError, ModelError
from roadworthy.training.notebook import NotebookModel


@pytest.mark.slow
def test_the_command_tells_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["demo", "--no-track", "--out", "there"])
    assert left.value.code == 0
    assert "200 OK 1,340 times" in capsys.readouterr().out
    assert (tmp_path / "there" / "report" / "report.html").is_file()
    assert (tmp_path / "there" / "report-hardened" / "report.html").is_file()
    assert (tmp_path / "there" / "hardened" / "roadworthy.json").is_file()


def test_an_api_that_does_not_start_is_said(tmp_path):
    with pytest.raises(ModelError, match="the API did not start"), story._served(tmp_path):
        pass


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtraError, match="serve"), story._served(tmp_path):
        pass


@pytest.mark.slow
def test_tracking_records_both_trainings_and_both_inspections(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("roadworthy.tracking.track_notebook", lambda *given: told.append(given))
    monkeypatch.setattr("roadworthy.tracking.track_artifact", lambda *given: told.append(given))
    monkeypatch.setattr("roadworthy.tracking.track_inspection", lambda *given, **more: told.append(more) or "run 7")
    assert story.tell_story(tmp_path, track=True).tracked == "run 7"
    assert isinstance(told[0][0], NotebookModel)
    assert told[1][0].recipe == "hardened"
    assert told[2]["estimator"] is not None
    assert told[3]["artifact"] is told[1][0]


def test_the_port_is_free_again_afterwards(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(story, "_wait_until_up", lambda client, server: seen.append(client.base_url.port))
    with story._served(tmp_path):
        pass
    with socket.socket() as again:
        again.bind(("127.0.0.1", seen[0]))
