"""The service is started with what it was told, hears its signals, and leaves the process as it found it."""

import gc
import json
import logging
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from roadworthy.errors import ModelError, RoadworthyError, SettingsError
from roadworthy.serve import run as serving
from roadworthy.serve.app import Application
from roadworthy.serve.follower import KNOWN
from roadworthy.serve.run import Workers, run
from roadworthy.serve.settings import ServeSettings, read_settings
from roadworthy.serve.stored import Known, Version

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


@pytest.fixture(autouse=True)
def loggers(place: Path) -> Iterator[None]:
    """What starting the service sets up is taken back."""
    kept = []
    for name in ("roadworthy.serve", "uvicorn"):
        logger = logging.getLogger(name)
        kept.append((logger, logger.handlers[:], logger.level, logger.propagate))
    yield
    gc.unfreeze()
    for logger, handlers, level, propagate in kept:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.fixture
def code(place: Path) -> str:
    (place / "run_models.py").write_text("def right(texts): return ['order'] * len(texts)\n")
    return "python:run_models:right"


def settings(model: str, **flags: Any) -> ServeSettings:
    return read_settings(model=model, port=0, **flags)


def test_one_process_serves_on_the_address_that_it_tells(
    code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: dict[str, Any] = {}

    def fake(server: uvicorn.Server, sockets: list[socket.socket]) -> None:
        seen.update(config=server.config, port=sockets[0].getsockname()[1])
        seen["ignored"] = [signal.getsignal(number) is serving._nothing for number in (signal.SIGINT, signal.SIGTERM)]
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(uvicorn.Server, "run", fake)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run(settings(code, shutdown_seconds=7))
    config = seen["config"]
    config.loaded_app = config.app
    assert isinstance(config.app, Application)
    assert (config.timeout_graceful_shutdown, config.access_log, config.server_header) == (7, False, False)
    assert seen["ignored"] == [True, True]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    config.app.service.close()
    told = capsys.readouterr().err
    assert f'"url": "http://127.0.0.1:{seen["port"]}"' in told
    assert told.splitlines()[-1].endswith('"event": "stopped"}')


def test_the_address_is_let_go_when_the_model_does_not_load(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    with pytest.raises(ModelError):
        run(read_settings(model="nowhere", port=free))
    socket.create_server(("127.0.0.1", free)).close()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("workers", [1, 2])
def test_an_address_that_is_taken_is_told_before_the_model_is_loaded(workers: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = rf"127.0.0.1:{port}: cannot listen \(Address already in use.*\); give another with --host and --port"
        with pytest.raises(SettingsError, match=said):
            run(read_settings(model="nowhere", port=port, workers=workers))


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 300, "1::2::3"])
def test_a_host_that_is_none_is_told_in_one_line(host: str) -> None:
    with pytest.raises(SettingsError, match="cannot listen") as refused:
        run(settings("m", host=host, keys="keys.json"))
    assert "\n" not in str(refused.value)


def test_an_address_of_ipv6_is_told_in_brackets(
    code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, sockets: server.config.app.service.close())
    run(settings(code, host="::1"))
    assert '"url": "http://[::1]:' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("card", "ours"),
    [({"reference": None}, True), ({}, True), ({"reference": "python:a:b"}, False), ([], False), (None, False)],
)
def test_a_folder_is_ours_unless_it_names_code_of_somebody_else(place: Path, card: Any, ours: bool) -> None:
    if card is not None:
        (place / "roadworthy.json").write_text(json.dumps(card))
    assert serving.is_ours(str(place)) is ours
    (place / "roadworthy.json").write_text("{")
    assert not serving.is_ours(str(place))
    assert not serving.is_ours("python:a:b")


def test_for_a_folder_of_ours_pandas_is_not_loaded(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[bool] = []
    monkeypatch.setattr(serving, "leave_out_pandas", lambda: called.append(True))
    serving.application(settings(str(desk))).service.close()
    assert called == [True]


class FakeSupervisor:
    """Notes what it is given in place of running workers."""

    seen: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        folder = os.environ[MULTIPROCESS]
        self.seen.update(config=config, sockets=sockets, folder=folder, existed=Path(folder).is_dir())

    def run(self) -> None:
        self.seen["ran"] = True


def test_several_workers_share_a_folder_for_their_counters(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MULTIPROCESS, raising=False)
    monkeypatch.setattr(serving, "Workers", FakeSupervisor)
    monkeypatch.setattr(FakeSupervisor, "seen", {})
    wanted = settings(code, workers=2)
    run(wanted)
    seen = FakeSupervisor.seen
    assert (seen["existed"], seen["ran"], len(seen["sockets"])) == (True, True, 1)
    assert (seen["config"].workers, seen["config"].factory) == (2, True)
    assert (seen["config"].app.func, seen["config"].app.args) == (serving.application, (wanted, None))
    assert MULTIPROCESS not in os.environ
    assert not Path(seen["folder"]).exists()


class FakeFollower:
    """Notes what becomes of it."""

    def __init__(self, folder: Path, *, died: bool = False) -> None:
        self.folder, self.pid, self.died, self.closed = folder, 7, died, False

    def keep_alive(self) -> bool:
        return self.died

    def close(self) -> None:
        self.closed = True


def test_several_workers_share_a_follower(
    place: Path, desk: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    version = Version(name="intent", version="7", folder=desk)
    Known(checked=0, due=0, registry="ok", versions={"served": version}).save(place / KNOWN)
    follower = FakeFollower(place)
    monkeypatch.setattr(serving, "start_following", lambda settings: follower)
    monkeypatch.setattr(serving, "Workers", FakeSupervisor)
    monkeypatch.setattr(FakeSupervisor, "seen", {})
    wanted = settings("models:/intent@champion", workers=2)
    with monkeypatch.context() as patch:
        patch.setattr(FakeSupervisor, "run", lambda self: self.seen.update(follower=self.follower))
        run(wanted)
    assert FakeSupervisor.seen["config"].app.args == (wanted, place)
    assert FakeSupervisor.seen["follower"] is follower
    assert follower.closed


@pytest.mark.parametrize(
    ("model", "shadow", "left_out"),
    [
        ("models:/intent@champion", None, True),
        ("models:/intent@champion", "models:/intent@challenger", True),
        ("models:/intent@champion", "python:run_models:right", False),
    ],
)
def test_for_models_of_the_store_pandas_is_not_loaded(
    monkeypatch: pytest.MonkeyPatch, model: str, shadow: str | None, left_out: bool
) -> None:
    called: list[bool] = []
    monkeypatch.setattr(serving, "leave_out_pandas", lambda: called.append(True))
    monkeypatch.setattr("roadworthy.serve.app.create_app", lambda settings, following: None)
    serving.application(settings(model, shadow=shadow))
    assert called == [True] * left_out


def test_several_workers_are_not_started_for_a_model_that_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "Workers", FakeSupervisor)
    monkeypatch.setattr(FakeSupervisor, "seen", {})
    with pytest.raises(ModelError):
        run(settings("nowhere", workers=2))
    assert FakeSupervisor.seen == {}
    assert MULTIPROCESS not in os.environ


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"log": "mysql://a/b"}, "the log cannot be kept in 'mysql'"),
        ({"keys": "none.json"}, "none.json: cannot be read"),
        ({"shadow": "nowhere"}, "nowhere: no adapter fits this spec"),
    ],
)
def test_what_no_worker_could_start_with_is_told_once(
    code: str, monkeypatch: pytest.MonkeyPatch, workers: int, flags: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr(serving, "Workers", FakeSupervisor)
    monkeypatch.setattr(FakeSupervisor, "seen", {})
    with pytest.raises(RoadworthyError, match=said):
        run(settings(code, workers=workers, **flags))
    assert FakeSupervisor.seen == {}


class FakeProcess:
    """A worker that a test lets die, or not answer."""

    def __init__(self, config: Any = None, sockets: Any = None, *, pid: int | None = 99) -> None:
        self.pid, self.alive, self.answers, self.exitcode = pid, True, True, 1
        self.process = SimpleNamespace(is_alive=lambda: self.alive)

    def is_alive(self, timeout: float) -> bool:
        return self.alive and self.answers

    def start(self) -> None:
        pass

    kill = join = start


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Workers:
    """Workers 1, 2, and one that has no process yet."""
    monkeypatch.setattr(serving, "Process", FakeProcess)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    made = Workers(SimpleNamespace(workers=3), [])  # type: ignore[arg-type]
    made.processes = [FakeProcess(pid=pid) for pid in (1, 2, None)]  # type: ignore[misc]
    return made


def test_every_worker_is_told_to_load_the_model_anew(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *signalled: sent.append(signalled))
    workers.handle_hup()
    assert sent == [(1, signal.SIGHUP), (2, signal.SIGHUP)]


def test_a_worker_that_died_between_does_not_end_the_others(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []

    def kill(pid: int, number: int) -> None:
        if pid == 1:
            raise ProcessLookupError
        sent.append(pid)

    monkeypatch.setattr(os, "kill", kill)
    workers.handle_hup()
    assert sent == [2]


def test_a_worker_that_died_is_replaced_and_its_gauges_dropped(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    forgotten: list[int] = []
    monkeypatch.setattr(serving, "forget_worker", forgotten.append)
    workers.keep_subprocess_alive()
    assert (forgotten, lines) == ([], [])
    workers.processes[1].alive = workers.processes[2].alive = False
    workers.keep_subprocess_alive()
    assert [worker.pid for worker in workers.processes] == [1, 99, 99]
    assert forgotten == [2]
    assert '"event": "worker_died", "pid": 2' in lines[0]


def test_a_worker_that_is_slow_to_start_is_waited_for_but_not_for_ever(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(serving, "monotonic", lambda: now[0])
    monkeypatch.setattr(serving, "forget_worker", lambda pid: None)
    workers.processes[0].answers = False  # type: ignore[attr-defined]
    for now[0] in (0.0, 30.0, 59.0):
        workers.keep_subprocess_alive()
        assert workers.processes[0].pid == 1
    now[0] = 61.0
    workers.keep_subprocess_alive()
    assert workers.processes[0].pid == 99


def test_a_follower_that_died_is_told(workers: Workers, place: Path, lines: list[str]) -> None:
    workers.follower = FakeFollower(place)  # type: ignore[assignment]
    workers.keep_subprocess_alive()
    assert lines == []
    workers.follower = FakeFollower(place, died=True)  # type: ignore[assignment]
    workers.keep_subprocess_alive()
    assert '"event": "follower_died", "now": 7' in lines[0]


def test_a_worker_that_does_not_start_ends_the_service(workers: Workers) -> None:
    workers.processes[0].alive, workers.processes[0].exitcode = False, STARTUP_FAILURE
    workers.keep_subprocess_alive()
    assert workers.should_exit.is_set()
