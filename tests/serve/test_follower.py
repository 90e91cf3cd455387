"""The follower keeps what it knows, whatever the store does, and ends when the service does."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.errors import MissingExtraError, ModelError, TrackingError
from roadworthy.serve import follower as following
from roadworthy.serve.follower import KNOWN, LONGEST_WAIT, WAKE, Follower, follow
from roadworthy.serve.model_cache import ModelCache
from roadworthy.serve.stored import Known, Role, Version

CHAMPION, CHALLENGER, FIXED = "models:/desk@champion", "models:/desk@challenger", "models:/desk/1"


class Store:
    """What each spec names; an error is raised."""

    def __init__(self, folder: Path, **named: Any) -> None:
        self.folder = folder
        self.named: dict[str, Any] = {}
        self.asked: list[tuple[str, Version | None]] = []

    def name(self, spec: str, version: str) -> Version:
        place = self.folder / version
        place.mkdir(exist_ok=True)
        self.named[spec] = Version(name="desk", version=version, folder=place)
        return self.named[spec]

    def find(self, spec: str, before: Version | None) -> Version | None:
        self.asked.append((spec, before))
        found = self.named.get(spec)
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


Make = Callable[..., Follower]


@pytest.fixture
def make(store: Store, tmp_path: Path) -> Make:
    def made(served: str = CHAMPION, shadow: str | None = None, *, seconds: float = 5.0) -> Follower:
        specs: dict[Role, str] = {"served": served} | ({"shadow": shadow} if shadow else {})
        return Follower(specs, store.find, ModelCache(tmp_path / "cache"), seconds=seconds, address="store")

    return made


def test_it_knows_what_the_store_names(make: Make, store: Store) -> None:
    first, shadow = store.name(CHAMPION, "1"), store.name(CHALLENGER, "2")
    follower = make(CHAMPION, CHALLENGER)
    known = follower.look()
    assert (known.registry, known.versions, known.gone, known.said) == (
        "ok",
        {"served": first, "shadow": shadow},
        (),
        None,
    )
    assert known.due > known.checked
    moved = store.name(CHAMPION, "2")
    assert follower.look().versions["served"] == moved
    # What was found the last time is told, so that it need not be looked up again.
    assert store.asked[2] == (CHAMPION, first)


def test_a_shadow_that_is_named_no_longer_is_let_go_and_the_model_that_answers_goes_on(
    make: Make, store: Store
) -> None:
    first = store.name(CHAMPION, "1")
    store.name(CHALLENGER, "2")
    follower = make(CHAMPION, CHALLENGER)
    follower.look()
    store.named.clear()
    known = follower.look()
    assert (known.versions, known.gone, known.registry) == ({"served": first}, ("served", "shadow"), "ok")
    assert known.said == f"{CHAMPION}: the store has no such model; check name and alias"
    store.name(CHAMPION, "1")
    known = follower.look()
    assert (known.gone, known.said) == (("shadow",), None)


def test_a_shadow_of_a_fixed_version_has_to_be_there(make: Make, store: Store) -> None:
    store.name(CHAMPION, "1")
    assert make(CHAMPION, FIXED).look().said == f"{FIXED}: the store has no such model; check name and alias"


def test_a_store_that_is_away_is_asked_less_and_less_often(make: Make, store: Store) -> None:
    first = store.name(CHAMPION, "1")
    follower = make(seconds=5)
    follower.look()
    store.named[CHAMPION] = TrackingError("the store does not answer")
    known = follower.look()
    assert (known.registry, known.versions, known.said) == ("away", {"served": first}, "the store does not answer")
    waits = [follower.wait]
    for _ in range(40):
        follower.look()
        waits.append(follower.wait)
    assert waits[:4] == [10, 20, 40, LONGEST_WAIT]
    assert waits[-1] == LONGEST_WAIT
    store.name(CHAMPION, "2")
    assert (follower.look().registry, follower.wait) == ("ok", 5)


@given(st.floats(0.1, 3_600), st.integers(0, 10_000))
def test_it_never_waits_less_than_it_was_told_nor_for_ever(seconds: float, failures: int) -> None:
    follower = Follower({}, lambda *_: None, None, seconds=seconds, address="store")  # type: ignore[arg-type]
    follower._failures = failures
    assert seconds <= follower.wait <= max(seconds, LONGEST_WAIT)


def test_a_model_that_cannot_be_downloaded_is_no_store_that_is_away(make: Make, store: Store) -> None:
    first = store.name(CHAMPION, "1")
    store.named[CHALLENGER] = ModelError("cannot be downloaded")
    follower = make(CHAMPION, CHALLENGER)
    known = follower.look()
    assert (known.registry, known.versions, known.said) == ("ok", {"served": first}, "cannot be downloaded")
    assert follower.wait == 10
    store.named[CHALLENGER] = ZeroDivisionError("by nought")
    assert follower.look().said == "ZeroDivisionError: by nought"


def test_where_the_store_is_away_from_the_start_what_it_named_last_is_known(make: Make, store: Store) -> None:
    last = store.name(CHAMPION, "3")
    make().look()
    store.named[CHAMPION] = TrackingError("away")
    assert make().look().versions == {"served": last}
    last.folder.rmdir()
    assert make().look().versions == {}


def test_what_cannot_be_remembered_is_served_all_the_same(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise ModelError("no room")

    monkeypatch.setattr(ModelCache, "remember", full)
    assert make().look().gone == ("served",)
    first = store.name(CHAMPION, "1")
    assert make().look().versions == {"served": first}


def test_it_is_done_once_nothing_can_change(make: Make, store: Store) -> None:
    follower = make(FIXED)
    assert not follower.is_fixed
    store.name(FIXED, "1")
    follower.look()
    assert follower.is_fixed
    both = make(FIXED, CHALLENGER)
    both.look()
    assert not both.is_fixed


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe, both of whose ends are closed at the end."""
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):
            os.close(end)


@contextmanager
def wake_up(folder: Path) -> Iterator[int]:
    os.mkfifo(folder / WAKE)
    descriptor = os.open(folder / WAKE, os.O_RDWR | os.O_NONBLOCK)
    yield descriptor
    os.close(descriptor)


def test_it_looks_when_it_is_told_to_and_ends_when_the_service_does(
    make: Make, store: Store, tmp_path: Path, pipe: tuple[int, int]
) -> None:
    store.name(CHAMPION, "1")
    read, write = pipe
    with wake_up(tmp_path) as wake:
        thread = threading.Thread(target=follow, args=(make(seconds=60), tmp_path, read, wake))
        thread.start()
        wait_for(lambda: (tmp_path / KNOWN).exists())
        store.name(CHAMPION, "2")
        os.write(wake, b"\n")
        wait_for(lambda: Known.read(tmp_path / KNOWN).versions["served"].version == "2")
        os.close(write)
        thread.join(10)
        assert not thread.is_alive()


def test_it_looks_again_after_a_while(make: Make, store: Store, tmp_path: Path, pipe: tuple[int, int]) -> None:
    store.name(CHAMPION, "1")
    read, write = pipe
    with wake_up(tmp_path) as wake:
        thread = threading.Thread(target=follow, args=(make(seconds=0.1), tmp_path, read, wake))
        thread.start()
        wait_for(lambda: len(store.asked) > 2)
        os.close(write)
        thread.join(10)


def wait_for(condition: Callable[[], bool]) -> None:
    event = threading.Event()
    for _ in range(1_000):
        if condition():
            return
        event.wait(0.01)
    raise AssertionError


@pytest.fixture
def signals() -> Iterator[None]:
    """The signals that the follower leaves to the service are heard again afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_its_process_is_told_what_to_follow(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    from roadworthy.serve import mlflow_models

    @contextmanager
    def opened(cache: ModelCache) -> Iterator[Any]:
        yield SimpleNamespace(find=store.find, uri="store")

    first, shadow = store.name(FIXED, "1"), store.name("models:/desk/2", "2")
    monkeypatch.setattr(mlflow_models, "opened_store", opened)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(fileno=lambda: -1))
    os.mkfifo(tmp_path / WAKE)
    following.main(str(tmp_path), str(tmp_path / "cache"), "0.5", f"served={FIXED}", "shadow=models:/desk/2")
    assert Known.read(tmp_path / KNOWN).versions == {"served": first, "shadow": shadow}
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


@pytest.mark.usefixtures("signals")
def test_what_it_cannot_start_with_is_told_to_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any) -> None:
        raise MissingExtraError("following", extra="mlflow")

    monkeypatch.setattr(following, "_follow", missing)
    os.mkfifo(tmp_path / WAKE)
    with pytest.raises(SystemExit) as ended:
        following.main(str(tmp_path), str(tmp_path / "cache"), "0.5", f"served={CHAMPION}")
    assert ended.value.code == 1
    known = Known.read(tmp_path / KNOWN)
    assert (known.versions, known.registry) == ({}, "away")
    assert known.said is not None
    assert "needs the extra 'mlflow'" in known.said
