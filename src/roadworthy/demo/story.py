"""The story, told by running it: the notebook, its API, real-user-style messages, the inspection, the way out."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roadworthy import support_desk
from roadworthy.data import Dataset
from roadworthy.errors import MissingExtraError, ModelError, TrackingError
from roadworthy.inspection import Inspection, inspect
from roadworthy.models import Vocabulary, load_model
from roadworthy.models.record import note_inspection
from roadworthy.report import write_report
from roadworthy.training.hardened import train_hardened
from roadworthy.training.notebook import MODEL_FILE, VECTORIZER_FILE, NotebookModel, save_pickles, train_notebook

if TYPE_CHECKING:
    import httpx

    from roadworthy.models.adapt import Model
    from roadworthy.models.artifact import Artifact

HARDENED = "hardened"
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
class Guarded:
    """What the hardened model answered to the same message, and what its guard says of it."""

    text: str
    label: str
    predicted: str
    confidence: float
    reasons: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """The answered label is the true one."""
        return self.predicted == self.label


@dataclass(frozen=True)
class Story:
    """Everything that the screen shows."""

    training_messages: int
    intents: int
    training_accuracy: float
    url: str
    clean: tuple[Reply, ...]
    real_style: tuple[Reply, ...]
    guarded: tuple[Guarded, ...]
    inspection: Inspection
    hardened: Inspection
    report: str
    hardened_report: str
    artifact: str
    tracked: str | None

    def to_json(self) -> str:
        """The story as one JSON document."""
        import json

        inspections = {name: getattr(self, name).model_dump(mode="json") for name in ("inspection", "hardened")}
        document = asdict(self) | inspections
        return json.dumps(document, ensure_ascii=False)


@dataclass(frozen=True)
class _Messages:
    train: Dataset
    clean: Dataset
    real: Dataset


def tell_story(directory: Path, *, track: bool) -> Story:
    """Run the story on the built-in data; the models and the reports go into a folder.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    ModelError
        The API did not start.
    """
    data = _Messages(support_desk.load_train(), support_desk.load_clean_test(), support_desk.load_real_style())
    trained = train_notebook(data.train)
    pickles = save_pickles(trained, directory)
    vocabulary = Vocabulary.of_vectorizer(trained.vectorizer)
    with _served(directory) as client:
        url = f"{client.base_url}predict"
        clean_replies, real_replies = (_ask_all(client, asked, vocabulary) for asked in (data.clean, data.real))
    broken = load_model(f"pickles:{directory / VECTORIZER_FILE},{directory / MODEL_FILE}", allow_pickle=True)
    artifact = train_hardened(data.train)
    saved = artifact.save(directory / HARDENED)
    inspections = [_inspect(model, data) for model in (broken, load_model(saved))]
    note_inspection(saved, verdict=inspections[1].verdict, messages=data.clean.name, n=len(data.clean))
    reports = [directory / "report", directory / "report-hardened"]
    pages = [write_report(found, place)["html"] for found, place in zip(inspections, reports, strict=True)]
    return Story(
        training_messages=len(data.train),
        intents=len(data.train.classes),
        training_accuracy=trained.training_accuracy,
        url=url,
        clean=clean_replies,
        real_style=real_replies,
        guarded=_guarded(artifact, data.real),
        inspection=inspections[0],
        hardened=inspections[1],
        report=str(pages[0]),
        hardened_report=str(pages[1]),
        artifact=str(saved),
        tracked=_track(trained, pickles, artifact, saved, inspections, reports, data) if track else None,
    )


def _inspect(model: Model, data: _Messages) -> Inspection:
    return inspect(model, data.clean, real=data.real, train=data.train, oos_label=support_desk.OOS_LABEL)


def _guarded(artifact: Artifact, real: Dataset) -> tuple[Guarded, ...]:
    answers = artifact.model.answers(real.texts)
    rows = zip(real.texts, real.labels or (), answers, strict=True)
    return tuple(Guarded(text, label, found.label, found.confidence, found.reasons) for text, label, found in rows)


def _track(
    trained: NotebookModel,
    pickles: Sequence[Path],
    artifact: Artifact,
    saved: Path,
    inspections: Sequence[Inspection],
    reports: Sequence[Path],
    data: _Messages,
) -> str:
    """Record the trainings and the inspections; the story is told even where the store is away."""
    from roadworthy import tracking

    track_inspection = partial(tracking.track_inspection, clean=data.clean, real=data.real)
    try:
        tracking.track_notebook(trained, data.train, pickles)
        tracking.track_artifact(artifact, data.train, saved)
        track_inspection(inspections[0], reports[0], estimator=trained.pipeline)
        return str(track_inspection(inspections[1], reports[1], artifact=artifact))
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
