"""The story, told by running it: the notebook, its API, real-user-style messages, the inspection."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roadworthy import support_desk
from roadworthy.data import Dataset
from roadworthy.errors import MissingExtraError, ModelError, TrackingError
from roadworthy.inspection import Inspection, inspect
from roadworthy.models import Vocabulary, load_model
from roadworthy.report import write_report
from roadworthy.training.notebook import MODEL_FILE, VECTORIZER_FILE, NotebookModel, save_pickles, train_notebook

if TYPE_CHECKING:
    import httpx

_START_SECONDS = 30


@dataclass(frozen=True)
class Reply:
    """What the API answered to one message, beside the truth."""

    text: str
    kind: str
    label: str
    status: int
    predicted: str
    confidence: float
    unseen_words: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """The answered label is the true one."""
        return self.status == 200 and self.predicted == self.label


@dataclass(frozen=True)
class Story:
    """Everything that the screen shows."""

    training_messages: int
    intents: int
    training_accuracy: float
    url: str
    clean: tuple[Reply, ...]
    real_style: tuple[Reply, ...]
    inspection: Inspection
    report: str
    tracked: str | None

    def to_json(self) -> str:
        """The story as one JSON document."""
        import json

        document = asdict(self) | {"inspection": self.inspection.model_dump(mode="json")}
        return json.dumps(document, ensure_ascii=False)


def tell_story(directory: Path, *, track: bool) -> Story:
    """Run the story on the built-in data; the pickles and the report go into a folder.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    ModelError
        The API did not start.
    """
    train, clean, real = (
        support_desk.load_train(),
        support_desk.load_clean_test(),
        support_desk.load_real_style(),
    )
    trained = train_notebook(train)
    pickles = save_pickles(trained, directory)
    vocabulary = Vocabulary.of_vectorizer(trained.vectorizer)
    with _served(directory) as client:
        url = f"{client.base_url}predict"
        clean_replies, real_replies = (_ask_all(client, data, vocabulary) for data in (clean, real))
    model = load_model(f"pickles:{directory / VECTORIZER_FILE},{directory / MODEL_FILE}", allow_pickle=True)
    inspection = inspect(model, clean, real=real, train=train, oos_label=support_desk.OOS_LABEL)
    files = write_report(inspection, directory / "report")
    return Story(
        training_messages=len(train),
        intents=len(train.classes),
        training_accuracy=trained.training_accuracy,
        url=url,
        clean=clean_replies,
        real_style=real_replies,
        inspection=inspection,
        report=str(files["html"]),
        tracked=_track(trained, pickles, inspection, directory / "report", train, clean, real) if track else None,
    )


def _track(
    trained: NotebookModel,
    pickles: Sequence[Path],
    inspection: Inspection,
    report: Path,
    train: Dataset,
    clean: Dataset,
    real: Dataset,
) -> str:
    """Record both runs; the story is told even where the store is away."""
    from roadworthy import tracking

    try:
        tracking.track_notebook(trained, train, pickles)
        return str(tracking.track_inspection(inspection, report, estimator=trained.pipeline, clean=clean, real=real))
    except TrackingError as error:
        return f"not recorded: {error}"


@contextmanager
def _served(directory: Path) -> Iterator[httpx.Client]:
    """The story's API in a process of its own on a free loopback port, and a client for it."""
    try:
        import httpx
    except ImportError:
        raise MissingExtraError("the demo", extra="serve") from None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "roadworthy", "serve", str(directory), "--naive", "--allow-pickle"]
    server = subprocess.Popen(  # noqa: S603 (our own command)
        [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/", timeout=10, trust_env=False) as client:
            _wait_until_up(client, server)
            yield client
    finally:
        server.terminate()
        server.communicate(timeout=_START_SECONDS)


def _wait_until_up(client: httpx.Client, server: subprocess.Popen[str]) -> None:
    import httpx

    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            client.post("/predict", json={"text": "hello"})
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    server.terminate()
    said = server.communicate()[1].strip().rsplit("\n", 1)[-1]
    raise ModelError(f"the API did not start ({said or 'it says nothing'})", where=client.base_url, mend="try again")


def _ask_all(client: httpx.Client, data: Dataset, vocabulary: Vocabulary) -> tuple[Reply, ...]:
    kinds = data.kinds or ("clean",) * len(data)
    rows = zip(data.texts, kinds, data.labels or (), strict=True)
    return tuple(_ask(client, text, kind, label, vocabulary) for text, kind, label in rows)


def _ask(client: httpx.Client, text: str, kind: str, label: str, vocabulary: Vocabulary) -> Reply:
    response = client.post("/predict", json={"text": text})
    body: dict[str, Any] = response.json()
    return Reply(text, kind, label, response.status_code, body["label"], body["confidence"], vocabulary.unseen(text))
