"""The servers that are compared: how each is installed, started, asked and stopped.

Ours runs in the environment that runs the benchmark. The others have virtual environments of their own, with nothing
that they do not need and with this environment's scikit-learn; FastAPI also with its uvicorn, uvloop and httptools.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import joblib
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from roadworthy import support_desk
from roadworthy.training.hardened import train_hardened
from roadworthy.training.notebook import save_pickles, train_notebook
from roadworthy.training.wrap import wrap

PEERS = Path(__file__).parent / "peers"
HOST = "127.0.0.1"
NOTEBOOK, HARDENED, BAYES = "notebook", "hardened", "naive Bayes"
OURS, FASTAPI, MLFLOW = "roadworthy serve", "FastAPI", "mlflow models serve"
ORDINARY = "where is my order"

_RUN_SECONDS = 900
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


class NotServedError(Exception):
    """A server could not be installed, or did not start; the text says why."""


@dataclass(frozen=True)
class Place:
    """Where a server finds what it needs: its Python, the models, a folder of its own, and free ports."""

    python: Path
    models: Path
    folder: Path
    ports: tuple[int, ...]

    @property
    def port(self) -> int:
        """Where it answers."""
        return self.ports[0]

    def model(self, name: str) -> Path:
        """The scikit-learn pipeline of that name."""
        return self.models / f"{name}.joblib"


class Reply(NamedTuple):
    """The part of an answer that is compared; None is what a server does not say."""

    label: str | None = None
    confidence: float | None = None
    verdict: str | None = None
    reasons: tuple[str, ...] = ()


def _named(document: Any) -> Reply:
    """The reply of a server that names its parts as we do."""
    reasons = tuple(document.get("reasons", ()))
    return Reply(document.get("label"), document.get("confidence"), document.get("verdict"), reasons)


@dataclass(frozen=True)
class Server:
    """One that is compared.

    Parameters
    ----------
    name
        What it is called in tables.
    model
        What it serves, by name.
    command
        How it is started.
    path
        Where messages are posted.
    body
        The JSON document that asks for a message.
    reply
        The label, and what else is said, out of the JSON document that answers.
    packages
        What is installed for it; none runs in the benchmark's environment.
    environment
        The variables that it needs.
    pinned
        Whether the packages are those of the benchmark's environment, version by version.
    """

    name: str
    model: str
    command: Callable[[Place], Sequence[object]]
    path: str = "/predict"
    body: Callable[[object], object] = lambda text: {"text": text}
    reply: Callable[[Any], Reply] = _named
    packages: tuple[str, ...] = ()
    environment: Callable[[Place], Mapping[str, object]] = field(default=lambda place: {})
    pinned: bool = False

    @property
    def title(self) -> str:
        """Its name, and the model where it is another one than the notebook's."""
        return self.name if self.model == NOTEBOOK else f"{self.name}, {self.model}"


# How each is started.


def _fastapi(place: Place) -> Sequence[object]:
    quick = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return [place.python, "-m", "uvicorn", "fastapi_app:app", "--app-dir", PEERS, "--port", place.port, *quick]


def _model_file(model: str) -> Callable[[Place], Mapping[str, object]]:
    return lambda place: {"MODEL": place.model(model)}


def _roadworthy(model: str) -> Callable[[Place], Sequence[object]]:
    def command(place: Place) -> Sequence[object]:
        kept = ["--log", f"sqlite:///{log_of(place.folder)}", "--spool", place.folder / "predictions.spool"]
        artifact = place.models / model
        return [place.python, "-m", "roadworthy", "serve", artifact, "--host", HOST, "--port", place.port, *kept]

    return command


def _naive(place: Place) -> Sequence[object]:
    pickles = place.models / "pickles"
    return [place.python, "-m", "roadworthy", "serve", pickles, "--naive", "--allow-pickle", "--port", place.port]


def _mlflow(place: Place) -> Sequence[object]:
    saved = place.folder / "model"
    _run([place.python, PEERS / "mlflow_save.py", place.model(NOTEBOOK), saved], environment_of(place, {}))
    served = ["--env-manager", "local", "--host", HOST, "--port", place.port, "--workers", 1]
    return [place.python, "-m", "mlflow", "models", "serve", "--model-uri", saved, *served]


def _bentoml(place: Place) -> Sequence[object]:
    program = place.python.with_name("bentoml")
    found = ["bentoml_service:Classifier", "--working-dir", PEERS]
    return [program, "serve", *found, "--host", HOST, "--port", place.port]


def _mlserver(place: Place) -> Sequence[object]:
    port, grpc, metrics = place.ports
    settings = {"host": HOST, "http_port": port, "grpc_port": grpc, "metrics_port": metrics, "parallel_workers": 0}
    implementation = "mlserver_sklearn.SKLearnModel"
    model = {"name": "m", "implementation": implementation, "parameters": {"uri": str(place.model(NOTEBOOK))}}
    (place.folder / "settings.json").write_text(json.dumps({**settings, "debug": False}))
    (place.folder / "model-settings.json").write_text(json.dumps(model))
    return [place.python.with_name("mlserver"), "start", place.folder]


def _litserve(place: Place) -> Sequence[object]:
    return [place.python, PEERS / "litserve_server.py", place.port]


# How each is asked.


def _open_inference(text: object) -> object:
    """A message in the protocol that MLServer shares with Triton and KServe."""
    asked = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [text], "parameters": {"content_type": "str"}}
    return {"inputs": [asked], "outputs": [{"name": "predict"}]}


def _fastapi_with(model: str) -> Server:
    return Server(
        f"{FASTAPI} `async def`",
        model,
        _fastapi,
        packages=("fastapi", "uvicorn", "uvloop", "httptools"),
        environment=_model_file(model),
        pinned=True,
    )


FIELD = (
    _fastapi_with(NOTEBOOK),
    Server(
        f"`{MLFLOW}`",
        NOTEBOOK,
        _mlflow,
        path="/invocations",
        body=lambda text: {"inputs": [text]},
        reply=lambda document: Reply(document["predictions"][0]),
        packages=("mlflow", "fastapi", "uvicorn[standard]"),
    ),
    Server("BentoML", NOTEBOOK, _bentoml, packages=("bentoml",), environment=_model_file(NOTEBOOK)),
    Server(
        "MLServer",
        NOTEBOOK,
        _mlserver,
        path="/v2/models/m/infer",
        body=_open_inference,
        reply=lambda document: Reply(document["outputs"][0]["data"][0]),
        packages=("mlserver", "mlserver-sklearn"),
    ),
    Server("LitServe", NOTEBOOK, _litserve, packages=("litserve",), environment=_model_file(NOTEBOOK)),
    _fastapi_with(BAYES),
)
OWN = tuple(Server(f"`{OURS}`", model, _roadworthy(model), path="/v1/predict") for model in (NOTEBOOK, HARDENED, BAYES))
NAIVE = Server(f"`{OURS} --naive`", NOTEBOOK, _naive)

# What they need.


def make_models(folder: Path) -> Path:
    """Train all that is served on support_desk: pipelines, the two pickles, and what is wrapped or hardened."""
    train = support_desk.load_train()
    notebook = train_notebook(train)
    bayes = make_pipeline(CountVectorizer(), MultinomialNB()).fit(train.texts, train.labels)
    for name, pipeline in ((NOTEBOOK, notebook.pipeline), (BAYES, bayes)):
        joblib.dump(pipeline, folder / f"{name}.joblib")
        wrap(pipeline, train, seen=True).artifact.save(folder / name)
    (folder / "pickles").mkdir()
    save_pickles(notebook, folder / "pickles")
    train_hardened(train).save(folder / HARDENED)
    return folder


def python_for(server: Server, venvs: Path) -> Path:
    """The Python that runs a server; its virtual environment is made where there is none yet.

    Raises
    ------
    NotServedError
        Something cannot be installed.
    """
    if not server.packages:
        return Path(sys.executable)
    folder = venvs.resolve() / server.packages[0]
    same = (*server.packages, "scikit-learn") if server.pinned else ("scikit-learn",)
    wanted = [f"{name}=={version(name)}" if name in same else name for name in (*server.packages, "scikit-learn")]
    python, installed = folder / "bin" / "python", folder / "installed.json"
    if not installed.is_file() or json.loads(installed.read_text()) != wanted:
        for command in _installing(folder, python, wanted):
            _run(command)
        installed.write_text(json.dumps(wanted))
    return python


def _installing(folder: Path, python: Path, wanted: Sequence[str]) -> list[list[object]]:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        create = [sys.executable, "-m", "venv", "--clear", folder]
        return [create, [python, "-m", "pip", "install", "--quiet", *wanted]]
    create = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder]
    return [create, [uv, "pip", "install", "--quiet", "--python", python, *wanted]]


def version_of(server: Server, python: Path) -> str:
    """The name and version of what serves."""
    package = server.packages[0] if server.packages else "roadworthy"
    return f"{package} {_run([python, '-c', f'from importlib.metadata import version; print(version({package!r}))'])}"


def _run(command: Sequence[object], environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(  # noqa: S603 (commands of this file)
        list(map(str, command)), capture_output=True, text=True, timeout=_RUN_SECONDS, env=environment
    )
    if done.returncode:
        raise NotServedError(f"{Path(str(command[0])).name} failed: {last_line(done.stderr)}")
    return done.stdout.strip()


def place_for(server: Server, *, venvs: Path, models: Path, folder: Path) -> Place:
    """Make a place: a folder of its own under `folder`, and ports that are free now.

    Raises
    ------
    NotServedError
        Something cannot be installed.
    """
    own = Path(tempfile.mkdtemp(dir=folder))
    return Place(python_for(server, venvs), models, own, free_ports(3))


def free_ports(n: int) -> tuple[int, ...]:
    """Ports of 127.0.0.1 that nobody listens on at the moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for one in sockets:
            one.bind((HOST, 0))
        return tuple(one.getsockname()[1] for one in sockets)


def log_of(folder: Path) -> Path:
    """Our prediction log in a server's folder."""
    return folder / "predictions.db"


def environment_of(place: Place, own: Mapping[str, object]) -> dict[str, str]:
    """The variables of a server: few of ours, one thread, no telemetry, and its own."""
    inherited = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    path = f"{place.python.parent}{os.pathsep}{os.defpath}"
    home = {"PATH": path, "BENTOML_HOME": str(place.folder / "bentoml")}
    return {**inherited, **_ENVIRONMENT, **home, **{name: str(value) for name, value in own.items()}}


def last_line(text: str) -> str:
    """The last line with something in it, of an output that says why."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
