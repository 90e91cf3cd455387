"""`roadworthy serve`: what it is told reaches the service; the story's API is served only knowingly."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from roadworthy.serve import naive
from roadworthy.serve import run as serving
from roadworthy.serve.settings import ServeSettings

from .conftest import Run

FLAGS = {
    "host": "127.0.0.2",
    "port": 0,
    "workers": 2,
    "log": "sqlite:///a.db",
    "log_text": "none",
    "log_sync": "full",
    "spool": Path("a.spool"),
    "retention_days": 30,
    "flagged": "route",
    "fallback_label": "agent",
    "keys": Path("keys.json"),
    "shadow": "other",
    "follow_seconds": 2.5,
    "model_cache": Path("a.cache"),
    "max_body": 1,
    "max_batch": 2,
    "max_length": 3,
    "max_concurrency": 4,
    "max_queue": 5,
    "shutdown_seconds": 6,
}


@pytest.fixture
def told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[ServeSettings]:
    """The settings that a service was started with."""
    seen: list[ServeSettings] = []
    monkeypatch.setattr(serving, "run", seen.append)
    return seen


def test_every_setting_is_an_option(run: Run, told: list[ServeSettings]) -> None:
    flags = [part for name, value in FLAGS.items() for part in (f"--{name.replace('_', '-')}", value)]
    assert run("serve", "desk", *flags, "--access-log", "--allow-pickle").code == 0
    more = {"model": "desk", "access_log": True, "allow_pickle": True}
    assert told[0].model_dump() == {**FLAGS, **more}
    assert {*told[0].model_dump()} == {*ServeSettings.model_fields}


def test_an_option_that_is_not_given_leaves_the_variable_and_the_file(
    run: Run, told: list[ServeSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("roadworthy.toml").write_text("[serve]\nmodel = 'desk'\nallow_pickle = true\naccess_log = true\nworkers = 3\n")
    monkeypatch.setenv("ROADWORTHY_PORT", "8001")
    assert run("serve", "--workers", "2", "--no-access-log").code == 0
    (settings,) = told
    assert (settings.model, settings.port, settings.workers) == ("desk", 8001, 2)
    assert (settings.allow_pickle, settings.access_log) == (True, False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no model; name one: roadworthy serve MODEL, ROADWORTHY_MODEL, or model in roadworthy.toml"),
        (("desk", "--workers", "0"), "workers: Input should be greater than 0, not 0; see --workers"),
        (("desk", "--host", "0.0.0.0"), "host 0.0.0.0: whoever reaches it could ask, without a key"),
        (("desk", "--flagged", "route"), "no label to route flagged messages to; give --fallback-label LABEL"),
        (("--naive",), "no model; name the folder of the two pickles: roadworthy serve DIR --naive"),
        ((".", "--naive"), "--allow-pickle"),
        ((".", "--naive", "--log-text", "raw"), "knows only --host, --port and --allow-pickle; leave out --log-text"),
        ((".", "--naive", "--no-access-log"), "leave out --access-log"),
        (
            (".", "--naive", "--host", "0.0.0.0"),
            "0.0.0.0: the story's API is to be watched, not used: it listens to this machine alone; leave out --host",
        ),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(
    run: Run, folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    ended = run("serve", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "nowhere: no adapter fits this spec"),
        (("pickles:vectorizer.pkl,model.pkl",), "if you trust it, add --allow-pickle"),
        (("python:cli_models:right", "--log", "mysql://a/b"), "the log cannot be kept in 'mysql'"),
        (("python:cli_models:right", "--keys", "none.json"), "none.json: cannot be read"),
        (("python:cli_models:right", "--shadow", "nowhere"), "nowhere: no adapter fits this spec"),
    ],
)
def test_what_does_not_start_is_told_in_one_line(run: Run, folder: Path, arguments: tuple[str, ...], said: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logging.config.dictConfig", lambda configuration: None)
        ended = run("serve", *arguments, "--port", 0)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("module", ["fastapi", "uvicorn", "pydantic_settings", "sqlalchemy", "prometheus_client"])
def test_without_the_extra_it_says_what_to_install(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else find(name))
    ended = run("serve", "desk")
    assert ended.code == 2
    assert ended.err.startswith("roadworthy: serving needs the extra 'serve'; install it with: pip install")


def test_the_storys_api_is_served_where_it_is_told_to(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(naive, "run", lambda model, **options: seen.update(options, model=model))
    assert run("serve", ".", "--naive", "--allow-pickle", "--port", "0").code == 0
    assert seen == {"model": Path(), "host": "127.0.0.1", "port": 0, "allow_pickle": True}
    assert run("serve", ".", "--naive", "--host", "127.0.0.9").code == 0
    assert seen == {"model": Path(), "host": "127.0.0.9", "port": 8000, "allow_pickle": False}
