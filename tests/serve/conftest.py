"""The service in this process: a small trained model, a log in a folder of its own, and a client that asks it."""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.from_thread
import httpx
import pytest

from roadworthy import support_desk
from roadworthy.data import Dataset
from roadworthy.models import choosing
from roadworthy.models.artifact import Artifact
from roadworthy.models.guarded import Answer
from roadworthy.prediction_log import LogError, read_predictions
from roadworthy.serve.app import Application, create_app
from roadworthy.serve.json_logs import JsonFormatter
from roadworthy.serve.keys import add_key
from roadworthy.serve.recording import Recorder
from roadworthy.serve.served import Served, load_served
from roadworthy.serve.settings import read_settings
from roadworthy.training.hardened import train_hardened

FAMILIAR, STRANGE = "I want a refund", "qwzx vbnm plok"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, eq=False)
class Scripted(Served):
    """A model that answers as a test says."""

    answering: Callable[[Sequence[str]], list[Answer]] = lambda texts: [trusted("order") for _ in texts]
    fast: bool = False

    @property
    def is_fast(self) -> bool:
        return self.fast

    def answers(self, texts: Sequence[str]) -> list[Answer]:
        return self.answering(texts)


def trusted(label: str) -> Answer:
    return Answer(label, 0.9, 0.8, ())


def scripted(answering: Callable[[Sequence[str]], list[Answer]], **options: Any) -> Scripted:
    return Scripted(None, "scripted", "1", answering=answering, **options)


@pytest.fixture(autouse=True)
def _read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are read in this process: another one each time would take the tests minutes."""
    monkeypatch.setattr("roadworthy.serve.lineup.load_apart", load_served)


class FakeLog:
    """A prediction log in any state; what it is handed it keeps in `rows`."""

    def __init__(self, state: str = "ok", spooled: int = 0, error: LogError | None = None) -> None:
        self.state, self.spooled, self.waiting, self.error = state, spooled, 0, error
        self.has_unsettled = False
        self.rows: list[Any] = []

    def start(self) -> None:
        pass

    def close(self, timeout: float) -> None:
        pass

    def commit(self, rows: Sequence[Any]) -> bool:
        return False

    def settle(self) -> None:
        pass

    def append(self, rows: Sequence[Any], done: Callable[[LogError | None], None]) -> None:
        if self.error is None:
            self.rows += rows
        done(self.error)


class Client:
    """Asks an application that has started; each method waits for the answer."""

    def __init__(self, app: Application, portal: anyio.from_thread.BlockingPortal) -> None:
        self.app, self.service, self.portal = app, app.service, portal

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.together((method, path, options))[0]

    def together(self, *requests: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
        """Ask all at once; the answers are in the order of the requests."""

        async def each() -> list[httpx.Response]:
            found: dict[int, httpx.Response] = {}

            async def one(row: int, method: str, path: str, options: dict[str, Any]) -> None:
                found[row] = await client.request(method, path, **options)

            transport = httpx.ASGITransport(app=self.app)
            client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")
            async with client, anyio.create_task_group() as tasks:
                for row, request in enumerate(requests):
                    tasks.start_soon(one, row, *request)
            return [found[row] for row in range(len(requests))]

        return self.portal.call(each)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, headers=_headers(headers))

    def post(self, path: str, body: Any = None, *, content: bytes | None = None, **headers: str) -> httpx.Response:
        if content is None:
            return self.ask("POST", path, json=body, headers=_headers(headers))
        return self.ask("POST", path, content=content, headers=_headers(headers))

    def predict(self, *texts: str, **headers: str) -> httpx.Response:
        body = {"text": texts[0]} if len(texts) == 1 else {"texts": texts}
        return self.post("/v1/predict", body, **headers)

    def rows(self, **options: Any) -> list[dict[str, Any]]:
        """What the log holds; rows of a burst would otherwise be in it some milliseconds later."""
        self.portal.call(self.service.log.settle)
        return read_predictions(self.service.settings.log, **options).to_dict("records")

    def metric(self, name: str, /, **labels: str) -> float | None:
        return self.service.counters.registry.get_sample_value(f"roadworthy_{name}", labels)


def _headers(named: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in named.items()}


Serve = Callable[..., Client]


@pytest.fixture(scope="session")
def messages() -> Dataset:
    """120 labelled messages."""
    return support_desk.load_train().sample(120)


@pytest.fixture(scope="session")
def artifact(messages: Dataset) -> Artifact:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "REPEATS", 1)
        return train_hardened(messages)


@pytest.fixture(scope="session")
def desk(artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a hardened model with its guard; a test that changes something copies it first."""
    return artifact.save(tmp_path_factory.mktemp("artifacts") / "desk")


@pytest.fixture(scope="session")
def portal() -> Iterator[anyio.from_thread.BlockingPortal]:
    """An event loop on a thread of its own."""
    with anyio.from_thread.start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, in which no settings stand; nor do any in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in [name for name in os.environ if name.startswith("ROADWORTHY_")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def serve(place: Path, desk: Path, portal: anyio.from_thread.BlockingPortal) -> Iterator[Serve]:
    """Start a service with the settings given, and a log and a model of the test's own where it has them."""
    with ExitStack() as stack:

        def start(
            model: object = desk, *, log: FakeLog | None = None, served: Served | None = None, **flags: Any
        ) -> Client:
            app = create_app(read_settings(model=str(model), **flags))
            if log is not None:
                app.service.log.close(0)
                app.service.log, app.service.recorder = log, Recorder(log)
            if served is not None:
                app.service.models.served = served
            stack.enter_context(portal.wrap_async_context_manager(app.router.lifespan_context(app)))
            return Client(app, portal)

        yield start


@pytest.fixture
def secrets(place: Path) -> dict[str, str]:
    """A key for each scope, and one for all, in keys.json."""
    file = place / "keys.json"
    made = {scope: add_key(file, scope, [scope]) for scope in ("predict", "feedback", "admin")}
    return {**made, "all": add_key(file, "all", ["predict", "feedback", "admin"])}


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the service writes into its own log, as it would be written."""
    written: list[str] = []
    handler = logging.Handler()
    handler.setFormatter(JsonFormatter())
    handler.emit = lambda record: written.append(handler.format(record))  # type: ignore[method-assign]
    logger = logging.getLogger("roadworthy.serve")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(before)
