"""What a run in MLflow says of how its model was made: messages, parameters, environment and code."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict

from roadworthy.errors import RoadworthyError, TrackingError
from roadworthy.mlflow_store import open_client, quietly, require_mlflow, settings_for_now, shortened, store_uri
from roadworthy.models.mlflow_model import is_in_store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from roadworthy.data import Dataset

_RUN = re.compile(r"(?:runs:/)?(?P<run>[0-9a-f]{32})/?")
_OF_RUN = re.compile(r"runs:/(?P<run>[^/]+)/.+")
_LOGGED = re.compile(r"models:/(?P<model>m-[0-9a-f]{32})")
_PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>\S+)")
ENVIRONMENT, DATA = "environment.txt", "data.json"
OPTION = "option."
# What stands among the parameters of a run, but is about its messages.
_OF_DATA = ("messages", "classes")


class DataFacts(BaseModel):
    """The training messages of a run: their name, number and hash, how many bear each label, and where they were."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    n: int | None = None
    sha256: str | None = None
    labels: dict[str, int] | None = None
    source: str | None = None


class RunFacts(BaseModel):
    """How the model of a run was made.

    Parameters
    ----------
    run_id, name, started
        The run that trained the model.
    recipe
        hardened, notebook or wrapped; None for a run that Roadworthy did not make.
    command
        The command as it can be typed again, where there was one.
    options
        The options of that command, by name.
    parameters
        What else was chosen or told.
    packages
        Versions by name of what was installed.
    model
        A spec of the model, which `load_model` takes; None where the run has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    name: str
    started: datetime
    recipe: str | None = None
    command: str | None = None
    options: dict[str, str] = {}
    parameters: dict[str, str] = {}
    data: DataFacts | None = None
    python: str | None = None
    platform: str | None = None
    packages: dict[str, str] = {}
    commit: str | None = None
    branch: str | None = None
    dirty: bool | None = None
    user: str | None = None
    model: str | None = None


def named_run(spec: str) -> str | None:
    """The id of the run that a spec names by itself; None for a spec of a model.

    Examples
    --------
    >>> named_run("runs:/0123456789abcdef0123456789abcdef")
    '0123456789abcdef0123456789abcdef'
    >>> named_run("models:/intent@champion") is None
    True
    """
    found = _RUN.fullmatch(spec)
    return None if found is None else found["run"]


def run_behind(spec: str) -> str | None:
    """The run that made the model of a spec, as far as that is known without loading it.

    A run names itself; a version of a registered model and an artifact remember their runs.

    Raises
    ------
    TrackingError
        There is no such version, or the store cannot be asked.
    """
    from roadworthy.models.load import find_artifact
    from roadworthy.models.mlflow_model import find_registered
    from roadworthy.models.record import read_record

    run = named_run(spec) or ((found := _OF_RUN.fullmatch(spec)) and found["run"])
    if run is not None:
        return run
    registered = find_registered(spec)
    if registered is not None:
        return registered.run_id
    place = find_artifact(Path(spec)) if not urlsplit(spec).scheme and spec else None
    return None if place is None else read_record(place).run


def is_trained_on(spec: str, data: Dataset) -> bool:
    """Whether a model was trained on these very messages, as far as its artifact or its run has kept a fingerprint."""
    return training_sha256(spec) == data.sha256


def training_sha256(spec: str) -> str | None:
    """The fingerprint of the messages that a model learned from; None where nothing has kept it, or can tell.

    An artifact has it in its card, a model of MLflow's store in the tags of the run that made it.
    """
    from roadworthy.models.artifact import read_messages
    from roadworthy.models.load import find_artifact

    place = find_artifact(Path(spec)) if not urlsplit(spec).scheme and spec else None
    if place is not None:
        return read_messages(place).sha256
    if not is_in_store(spec):
        return None
    with suppress(TrackingError), asked(spec) as client:
        run_id = run_behind(spec) or _run_of_logged(client, spec)
        return None if run_id is None else _trained_sha256(_training_run(client, client.get_run(run_id)))
    return None


def _run_of_logged(client: MlflowClient, spec: str) -> str | None:
    """The run that logged the model which a spec names by its own id."""
    found = _LOGGED.fullmatch(spec)
    return None if found is None else client.get_logged_model(found["model"]).source_run_id


def _trained_sha256(run: Run) -> str | None:
    """The fingerprint of the training messages among the tags of a run; an inspection's own messages are no such."""
    tags = run.data.tags
    is_training = tags.get("roadworthy.kind", "training") == "training"
    return tags.get("roadworthy.training_sha256") or (tags.get("roadworthy.data_sha256") if is_training else None)


def read_run(run_id: str) -> RunFacts:
    """Read how the model of a run was made.

    A run that only used a model, such as an inspection, is followed to the run that trained it.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    TrackingError
        There is no such run, or the store cannot be asked.
    """
    with asked(f"run {run_id}") as client:
        run = _training_run(client, client.get_run(run_id))
        with tempfile.TemporaryDirectory() as folder:
            files = {name: _file(client, run.info.run_id, name, folder) for name in (ENVIRONMENT, DATA)}
        return _facts(run, files)


@contextmanager
def asked(where: str) -> Iterator[MlflowClient]:
    """Ask MLflow quietly; what goes wrong is said in one line."""
    require_mlflow()
    uri = store_uri()
    # MLflow looks the files of a run up in the store of its settings, whatever store it is asked by.
    with settings_for_now({"MLFLOW_TRACKING_URI": uri}), quietly():
        try:
            yield open_client(uri)
        except RoadworthyError:
            raise
        except Exception as error:
            said = shortened(" ".join(str(error).replace(uri, "the store").split()) or type(error).__name__)
            mend = "check the run and MLFLOW_TRACKING_URI"
            raise TrackingError(f"the tracking store did not give it ({said})", where=where, mend=mend) from error


def _training_run(client: MlflowClient, run: Run) -> Run:
    """The run that trained the model which a run used; the run itself where it is that one."""
    if run.data.tags.get("roadworthy.kind", "training") == "training":
        return run
    for used in getattr(run.inputs, "model_inputs", None) or ():
        source = client.get_logged_model(used.model_id).source_run_id
        if source and source != run.info.run_id:
            return client.get_run(source)
    return run


def _file(client: MlflowClient, run_id: str, name: str, folder: str) -> str | None:
    """The text of an artifact; None where the run has none of that name."""
    if all(found.path != name for found in client.list_artifacts(run_id)):
        return None
    return Path(client.download_artifacts(run_id, name, folder)).read_text(encoding="utf-8")


def _facts(run: Run, files: Mapping[str, str | None]) -> RunFacts:
    tags, params = run.data.tags, run.data.params
    python, platform, packages = _environment(files[ENVIRONMENT] or "")
    dirty = tags.get("mlflow.source.git.dirty")
    return RunFacts(
        run_id=run.info.run_id,
        name=run.info.run_name or run.info.run_id,
        started=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        recipe=tags.get("roadworthy.recipe"),
        command=tags.get("roadworthy.command"),
        options={name.removeprefix(OPTION): value for name, value in params.items() if name.startswith(OPTION)},
        parameters={
            name: value for name, value in params.items() if not name.startswith(OPTION) and name not in _OF_DATA
        },
        data=_data(run, files[DATA]),
        python=python,
        platform=platform,
        packages=packages,
        commit=tags.get("mlflow.source.git.commit"),
        branch=tags.get("mlflow.source.git.branch"),
        dirty=None if dirty is None else dirty == "true",
        user=tags.get("mlflow.user"),
        model=_model(run),
    )


def _environment(listed: str) -> tuple[str | None, str | None, dict[str, str]]:
    """Python, platform and packages from what `environment.txt` lists."""
    head = re.match(r"# Python (?P<python>\S+) on (?P<platform>.+)", listed)
    packages = {found["name"]: found["version"] for found in map(_PIN.fullmatch, listed.splitlines()) if found}
    return (head["python"], head["platform"].strip(), packages) if head else (None, None, packages)


def _data(run: Run, card: str | None) -> DataFacts | None:
    """The training messages, from the dataset that the run has as input, and from its card where it has one."""
    known: dict[str, Any] = {}
    with suppress(ValueError):
        found = json.loads(card or "{}")
        known = {name: found[name] for name in ("name", "n", "sha256", "labels") if name in found}
    for given in run.inputs.dataset_inputs if run.inputs else ():
        if any(tag.value == "training" for tag in given.tags if tag.key == "mlflow.data.context"):
            known = _of_input(given.dataset, run) | known | {"source": _source(given.dataset.source)}
    return DataFacts(**known) if "name" in known else None


def _of_input(dataset: Any, run: Run) -> dict[str, Any]:
    profile: dict[str, Any] = {}
    with suppress(ValueError):
        profile = json.loads(dataset.profile or "{}")
    return {"name": dataset.name, "n": profile.get("num_rows"), "sha256": _trained_sha256(run)}


def _source(description: str) -> str | None:
    """Where messages were, from MLflow's description of a source: a path, or the URI of what is no local file."""
    with suppress(ValueError):
        found = json.loads(description)
        uri = found.get("uri") or found.get("url") if isinstance(found, dict) else None
        if isinstance(uri, str):
            return unquote(urlsplit(uri).path) if uri.startswith("file:") else uri
    return None


def _model(run: Run) -> str | None:
    """A spec of the model that a run logged, or else of the one that it used."""
    logged = getattr(run.outputs, "model_outputs", None) or getattr(run.inputs, "model_inputs", None) or ()
    return next((f"models:/{found.model_id}" for found in logged), None)
