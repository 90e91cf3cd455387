"""The service's side of the follower: started, read, asked, kept alive, and ended."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from roadworthy.errors import MissingExtraError, TrackingError
from roadworthy.serve import following as module
from roadworthy.serve.follower import KNOWN, WAKE
from roadworthy.serve.following import Following, OwnFollower, follows_alias, start_following
from roadworthy.serve.settings import ServeSettings, read_settings
from roadworthy.serve.stored import Known, Version

CHAMPION, CHALLENGER = "models:/desk@champion", "models:/desk@challenger"

# A process in the follower's place: it knows at once what a test says, and ends when its stdin does.
PROCESS = """
import os, sys
from pathlib import Path
folder, content, ends = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
(folder / ".stage").write_text(content)
if ends != "before":
    (folder / ".stage").rename(folder / "known.json")
if ends == "no":
    sys.stdin.read()
elif ends == "never":
    while True:
        os.read(os.open(folder / "wake", os.O_RDWR), 1)
else:
    raise SystemExit(3)
"""


def known(*, served: str | None = "1", checked: float = 0.0, registry: Any = "ok", due: float = 1e12) -> Known:
    versions: Any = {} if served is None else {"served": Version(name="desk", version=served, folder=Path(served))}
    return Known(checked=checked, due=due, registry=registry, versions=versions, said="nothing is named")


@pytest.fixture
def settings(place: Path) -> ServeSettings:
    return read_settings(model=CHAMPION)


Start = Callable[..., OwnFollower]


@pytest.fixture
def start(settings: ServeSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a follower that another process stands in for."""
    started: list[OwnFollower] = []

    def make(content: Known | None = None, *, ends: str = "no") -> OwnFollower:
        written = (content or known()).model_dump_json()
        monkeypatch.setattr(
            module, "_command", lambda folder, _: [sys.executable, "-c", PROCESS, str(folder), written, ends]
        )
        started.append(OwnFollower(settings))
        return started[-1]

    monkeypatch.setattr(module, "is_available", lambda: True)
    yield make
    for follower in started:
        follower.close()


def test_only_what_is_in_the_store_is_followed(place: Path) -> None:
    assert start_following(read_settings(model="desk", shadow="other")) is None
    assert not follows_alias(read_settings(model="models:/desk/7", shadow="desk"))
    assert follows_alias(read_settings(model="desk", shadow=CHALLENGER))


def test_the_follower_is_told_what_where_and_how_often(place: Path) -> None:
    settings = read_settings(model=CHAMPION, shadow=CHALLENGER, follow_seconds=2.5, model_cache="kept")
    command = module._command(Path("state"), settings)
    assert command[1:] == [
        *("-m", "roadworthy.serve.follower", "state", "kept", "2.5"),
        *(f"served={CHAMPION}", f"shadow={CHALLENGER}"),
    ]
    only = module._command(Path("state"), read_settings(model="desk", shadow=CHALLENGER))
    assert only[3:] == ["state", "models.cache", "5.0", f"shadow={CHALLENGER}"]


def test_a_shadow_of_an_alias_may_be_missing_and_nothing_else(place: Path) -> None:
    assert module._required(read_settings(model=CHAMPION, shadow=CHALLENGER)) == ["served"]
    assert module._required(read_settings(model="desk", shadow=CHALLENGER)) == []
    assert module._required(read_settings(model=CHAMPION, shadow="models:/desk/2")) == ["served", "shadow"]


def test_without_mlflow_it_says_what_to_install(settings: ServeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_available", lambda: False)
    with pytest.raises(MissingExtraError, match="following MLflow's registry needs the extra 'mlflow'"):
        start_following(settings)


def test_what_it_knows_is_read_once(tmp_path: Path) -> None:
    known().save(tmp_path / KNOWN)
    following = Following(tmp_path)
    assert following.version("served") == known().versions["served"]
    assert following.version("shadow") is None
    assert not following.look()
    known(served="2").save(tmp_path / KNOWN)
    assert following.look()
    assert following.known.versions["served"].version == "2"
    assert not following.look()


def test_a_follower_that_hangs_knows_nothing_of_the_store(tmp_path: Path) -> None:
    known().save(tmp_path / KNOWN)
    assert Following(tmp_path).registry == "ok"
    known(due=time.monotonic() - 1).save(tmp_path / KNOWN)
    assert Following(tmp_path).registry == "away"
    known(registry="away").save(tmp_path / KNOWN)
    assert Following(tmp_path).registry == "away"


def test_it_is_woken_and_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known().save(tmp_path / KNOWN)
    os.mkfifo(tmp_path / WAKE)
    heard = os.open(tmp_path / WAKE, os.O_RDWR | os.O_NONBLOCK)
    following = Following(tmp_path)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            known(served="2", checked=time.monotonic()).save(tmp_path / KNOWN)

    monkeypatch.setattr(time, "sleep", sleep)
    following.ask()
    assert os.read(heard, 10) == b"\n"
    os.close(heard)
    assert (following.known.versions["served"].version, len(slept)) == ("2", 3)


def test_one_that_does_not_answer_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known().save(tmp_path / KNOWN)
    monkeypatch.setattr(module, "_ASK_SECONDS", 0.05)
    following = Following(tmp_path)
    following.ask()
    assert following.known == known()


def test_it_is_started_and_ends_with_the_service(start: Start) -> None:
    follower = start()
    assert follower.known == known()
    assert not follower.keep_alive()
    folder = follower.folder
    os.kill(follower.pid, 0)
    follower.close()
    assert follower._process.returncode == 0
    assert not folder.exists()


def test_one_that_does_not_end_is_ended(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_END_SECONDS", 0.2)
    follower = start(ends="never")
    follower.close()
    assert follower._process.returncode == -signal.SIGKILL


def test_one_that_dies_is_started_anew_but_not_at_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = start()
    before = follower.pid
    os.kill(before, signal.SIGKILL)
    follower._process.wait(10)
    assert not follower.keep_alive()
    monkeypatch.setattr(module, "_RESTART_SECONDS", 0.0)
    assert follower.keep_alive()
    assert follower.pid != before
    assert not follower.keep_alive()


def test_a_service_does_not_start_without_its_model(start: Start, tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="nothing is named"):
        start(known(served=None))


def test_a_process_that_says_nothing_is_told(start: Start) -> None:
    with pytest.raises(TrackingError, match="the process that asks MLflow's store ended with 3; see above"):
        start(ends="before")


def test_one_that_has_said_something_before_it_ended_is_heard(start: Start) -> None:
    assert start(ends="after").known == known()


@pytest.mark.parametrize("model", [CHAMPION, "models:/desk/1"])
def test_what_follows_is_started_from_the_settings(start: Start, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    made: list[Any] = []
    monkeypatch.setattr(module, "OwnFollower", lambda settings: made.append(settings.model))
    start_following(read_settings(model=model))
    assert made == [model]
