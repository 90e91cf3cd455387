"""The MLflow store: where it is, how to see it, and how to open it quietly and within seconds."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from roadworthy.errors import MissingExtraError, RoadworthyError, TrackingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlflow import MlflowClient

_TELEMETRY_OFF = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
_QUIET = {
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
LAST_TRY = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "3"}
# Tells MLflow's UI to open the experiment as one about models, not about language-model applications.
MODEL_TRAINING = {"mlflow.experimentKind": "custom_model_development"}
# The alias of the version that is deployed.
CHAMPION = "champion"
_LOGGERS = ("mlflow", "alembic", "urllib3.connectionpool")


@dataclass(frozen=True)
class TrackedRun:
    """Where a run went, and the URI of its model in MLflow, where it has one.

    Examples
    --------
    >>> TrackedRun("a1", "2", "https://jo:secret@mlflow.example").url
    'https://mlflow.example/#/experiments/2/runs/a1'
    >>> print(TrackedRun("a1", "2", "sqlite:///mlflow.db"))
    run a1 in sqlite:///mlflow.db; to see it: roadworthy ui
    """

    run_id: str
    experiment_id: str
    tracking_uri: str
    model_uri: str | None = None

    @property
    def url(self) -> str | None:
        """The page of the run on its tracking server; None for a local store."""
        if not _is_http(self.tracking_uri):
            return None
        return f"{public(self.tracking_uri)}/#/experiments/{self.experiment_id}/runs/{self.run_id}"

    def __str__(self) -> str:
        return self.url or f"run {self.run_id} in {public(self.tracking_uri)}; to see it: roadworthy ui"


def is_available() -> bool:
    """Tell whether MLflow is installed, without importing it."""
    return importlib.util.find_spec("mlflow") is not None


def store_uri() -> str:
    """Give the URI of the tracking store: MLFLOW_TRACKING_URI, or else the file mlflow.db in this directory.

    That is MLflow's own default too, except that an old file store in ./mlruns is not preferred to it. The
    artifacts of a SQLite store go to the folder mlruns beside the database, unless the experiment already has
    another place for them.
    """
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{_quoted(Path.cwd() / 'mlflow.db')}"


def ui_address() -> str | None:
    """Give the address of the tracking server, which is a UI already; None for a local store."""
    return public(store_uri()) if _is_http(store_uri()) else None


def ui_command(*, host: str = "127.0.0.1", port: int = 5000) -> list[str]:
    """Give the command that opens MLflow's UI on the local store; run it with `ui_environment`.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    TrackingError
        The store is a server, which has a UI already.
    """
    require_mlflow()
    uri = store_uri()
    if _is_http(uri):
        raise TrackingError("the store is a server with its own UI", where=public(uri), mend="open that address")
    root = _artifact_root(uri)
    return [
        *(sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri),
        *(() if root is None else ("--default-artifact-root", root.as_uri())),
        *("--host", host, "--port", str(port), "--workers", "1"),
    ]


def ui_environment() -> dict[str, str]:
    """Give the environment for `ui_command`: without telemetry and background jobs, unless these are set."""
    return {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"} | _telemetry_off() | dict(os.environ)


def require_mlflow() -> None:
    """Raise MissingExtraError if MLflow is not installed."""
    if not is_available():
        raise MissingExtraError("tracking", extra="mlflow")


def _is_http(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))


def public(uri: str) -> str:
    """Drop the user name and password of a URI."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri.rstrip("/")
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")


def _quoted(path: Path) -> str:
    # SQLAlchemy decodes percent signs and ends the path at a question mark; spaces must stay as they are.
    return path.as_posix().replace("%", "%25").replace("?", "%3F")


def _sqlite_file(uri: str) -> Path | None:
    path = unquote(uri.removeprefix("sqlite:///").partition("?")[0]) if uri.startswith("sqlite:///") else ""
    return Path.cwd() / path if path not in {"", ":memory:"} else None


def _artifact_root(uri: str) -> Path | None:
    file = _sqlite_file(uri)
    return None if file is None else file.parent / "mlruns"


def _telemetry_off() -> dict[str, str]:
    return {} if any(name in os.environ for name in _TELEMETRY_OFF) else dict(_TELEMETRY_OFF)


@contextmanager
def settings_for_now(settings: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables, and put back afterwards what was there before."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def quietly() -> Iterator[None]:
    """Silence what MLflow logs, prints and warns of, and bound its patience, unless the user has set that."""
    defaults = {name: value for name, value in (_QUIET | _PATIENCE).items() if name not in os.environ}
    with settings_for_now(defaults | _telemetry_off()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # MLflow sets the levels of its loggers when it is imported, so that comes first.
        import mlflow  # noqa: F401

        loggers = {name: logging.getLogger(name).level for name in _LOGGERS}
        try:
            for name in loggers:
                logging.getLogger(name).setLevel(logging.CRITICAL)
            yield
        finally:
            for name, level in loggers.items():
                logging.getLogger(name).setLevel(level)


def open_client(uri: str, *, create: bool = False) -> MlflowClient:
    """Open the store.

    Parameters
    ----------
    create
        Make it, where it is a local one that is not there, or an empty database; for who is about to write.

    Raises
    ------
    TrackingError
        There is none, and it is not to be made.
    """
    from mlflow import MlflowClient

    if create:
        if (file := _sqlite_file(uri)) is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        _has_tables(uri)
    else:
        require_store(uri)
    return MlflowClient(tracking_uri=uri)


def require_store(uri: str) -> None:
    """Refuse a store that MLflow would make, empty, because somebody reads from it.

    Raises
    ------
    TrackingError
        There is none.
    """
    place = _local_place(uri)
    if (place is None or place.exists()) and _has_tables(uri):
        return
    raise TrackingError(
        "there is no MLflow store",
        where=public(uri),
        mend="name the right one with MLFLOW_TRACKING_URI, or run this in the folder of its mlflow.db",
    )


def _local_place(uri: str) -> Path | None:
    """The file or folder of a store on this machine; None for any other."""
    from mlflow.utils.file_utils import local_file_uri_to_path
    from mlflow.utils.uri import is_local_uri

    return Path(local_file_uri_to_path(uri)) if is_local_uri(uri) else _sqlite_file(uri)


def _has_tables(uri: str) -> bool:
    """Whether a database is one of MLflow's; fails at once where MLflow would try to open it for two minutes."""
    from mlflow.store.db.db_types import DATABASE_ENGINES

    if urlsplit(uri).scheme.partition("+")[0] not in DATABASE_ENGINES:
        return True
    import sqlalchemy

    engine = sqlalchemy.create_engine(uri)
    try:
        return bool(sqlalchemy.inspect(engine).has_table("experiments"))
    finally:
        engine.dispose()


def find_experiment(client: MlflowClient, uri: str, name: str) -> str:
    """Give the id of the experiment, made if there is none of that name."""
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage == "deleted":
        raise TrackingError(
            f"the experiment {name!r} was deleted", where=public(uri), mend="restore it, or name another one"
        )
    if found is not None:
        return str(found.experiment_id)
    root = _artifact_root(uri)
    folder = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
    location = None if root is None else (root / folder).as_uri()
    return str(client.create_experiment(name, artifact_location=location, tags=MODEL_TRAINING))


def refusal(error: Exception, uri: str, mend: str) -> RoadworthyError:
    """Say in one line why the store did not take a run; an error that says so already stays as it is."""
    if isinstance(error, RoadworthyError):
        return error
    said = " ".join(str(error).split()) or type(error).__name__
    return TrackingError(
        f"the tracking store did not take the run ({shortened(said.replace(uri, public(uri)))})",
        where=public(uri),
        mend=mend,
    )


def shortened(said: str) -> str:
    """Cut what another library says to a length that fits on a line."""
    return said if len(said) <= 200 else said[:199] + "…"
