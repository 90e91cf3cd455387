"""Models in MLflow's store: which version a spec names, and its folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from roadworthy.errors import RoadworthyError, TrackingError
from roadworthy.mlflow_store import (
    CHAMPION,
    open_client,
    public,
    quietly,
    require_mlflow,
    require_store,
    settings_for_now,
    shortened,
    store_uri,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

# What a spec starts with that names something in MLflow's store.
KINDS = ("models:/", "runs:/", "mlflow-artifacts:/")

_REGISTERED = re.compile(r"models:/+(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[^/@]+))")
# The tag in which MLflow keeps of a logged model which versions were made from it.
_VERSIONS = "mlflow.modelVersions"
_MISSING = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}


class Registered(NamedTuple):
    """A version of a registered model.

    Parameters
    ----------
    name
        The registered model.
    version
        Its version; a number, as a string.
    run_id
        The run that made it; None where that is not known.
    """

    name: str
    version: str
    run_id: str | None

    @property
    def spec(self) -> str:
        """What names this very version, whatever its aliases are now.

        Examples
        --------
        >>> Registered("intent", "7", None).spec
        'models:/intent/7'
        """
        return f"models:/{self.name}/{self.version}"


def is_in_store(spec: str) -> bool:
    """Whether a spec names something in MLflow's store.

    Examples
    --------
    >>> is_in_store("models:/intent@champion"), is_in_store("model.skops")
    (True, False)
    """
    return spec.startswith(KINDS)


def find_registered(spec: str) -> Registered | None:
    """The version that a spec names now; None for a spec that names no registered model.

    Parameters
    ----------
    spec
        ``models:/NAME@ALIAS``, ``models:/NAME/VERSION`` or ``models:/NAME/latest`` are of registered models.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    TrackingError
        There is no such version, or the store cannot be asked.

    Examples
    --------
    >>> find_registered("model.skops") is find_registered("models:/m-0123abc") is None
    True
    """
    found = _REGISTERED.fullmatch(spec)
    if found is None:
        return None
    with _asked(spec):
        client = open_client(store_uri())
        name, alias, version = found["name"], found["alias"], found["version"]
        if alias is None and not version.isdecimal():
            from mlflow.store.artifact.utils.models import get_model_name_and_version

            version = get_model_name_and_version(client, spec)[1]
        if alias is None:
            there = client.get_model_version(name, version)
        else:
            there = client.get_model_version_by_alias(name, alias)
        return Registered(name, str(there.version), there.run_id or None)


def champion_of(name: str) -> Registered | None:
    """The version that is the champion of a registered model now; None where there is none.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    TrackingError
        There is no such model, or the store cannot be asked.
    """
    with _asked(f"models:/{name}@{CHAMPION}"):
        client = open_client(store_uri())
        version = client.get_registered_model(name).aliases.get(CHAMPION)
        if version is None:
            return None
        return Registered(name, str(version), client.get_model_version(name, str(version)).run_id or None)


def versions_of(model_id: str | None, run_id: str | None) -> list[Registered]:
    """The versions of registered models that are a model which MLflow has loaded, as its store says.

    Parameters
    ----------
    model_id, run_id
        What the model says of itself: the logged model, and the run that logged it.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    TrackingError
        The store cannot be asked.
    """
    if model_id is None and run_id is None:
        return []
    with _asked(f"runs:/{run_id}" if model_id is None else f"models:/{model_id}"):
        client = open_client(store_uri())
        found = [] if model_id is None else _told_of(client, model_id)
        if run_id is not None:
            made = client.search_model_versions(f"run_id='{run_id}'")
            found += [(there.name, str(there.version)) for there in made if not _is_of_another(there.source, model_id)]
    return [Registered(name, version, run_id) for name, version in dict.fromkeys(found)]


def _told_of(client: MlflowClient, model_id: str) -> list[tuple[str, str]]:
    """What the tags of a logged model say; nothing of one that is in no such store."""
    try:
        tags = client.get_logged_model(model_id).tags
    except Exception as error:
        if getattr(error, "error_code", "") in _MISSING:
            return []
        raise
    return [(str(told["name"]), str(told["version"])) for told in json.loads(tags.get(_VERSIONS, "[]"))]


def _is_of_another(source: str | None, model_id: str | None) -> bool:
    """Whether a version was made from another logged model of the same run."""
    return model_id is not None and (source or "").startswith("models:/m-") and source != f"models:/{model_id}"


def resolved(spec: str) -> str | None:
    """The fixed ``models:/NAME/VERSION`` behind a spec of a registered model; None for any other spec.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    TrackingError
        There is no such version, or the store cannot be asked.
    """
    found = find_registered(spec)
    return None if found is None else found.spec


def download(spec: str, folder: Path) -> Path:
    """Copy the model that a spec names into a folder, which is made where it is not there.

    What an alias names is looked up once, so that what comes is of one version.

    Returns
    -------
    Path
        The model's own folder: that folder, or one in it.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    TrackingError
        There is no such model, or the store cannot be asked.
    """
    _require_whole(spec)
    fixed = resolved(spec) or spec
    with _asked(spec):
        from mlflow.artifacts import download_artifacts

        require_store(store_uri())
        return Path(download_artifacts(artifact_uri=fixed, dst_path=str(folder), tracking_uri=store_uri()))


def _require_whole(spec: str) -> None:
    """Refuse a spec that MLflow would take for something else."""
    name = spec.partition(":/")[2].strip("/")
    if spec.startswith("models:/") and "/" not in name and "@" not in name and not name.startswith("m-"):
        mend = f"write models:/{name or 'NAME'}@champion, or models:/{name or 'NAME'}/1"
        raise TrackingError("names no version of a registered model", where=spec, mend=mend)
    if spec.startswith("runs:/") and "/" not in name:
        raise TrackingError("names no model of the run", where=spec, mend=f"write runs:/{name or 'RUN'}/model")


@contextmanager
def _asked(spec: str) -> Iterator[None]:
    """Ask MLflow quietly; what goes wrong is said in one line."""
    require_mlflow()
    # MLflow looks a version's files up in the store of its settings, whatever store it is asked by.
    with settings_for_now({"MLFLOW_TRACKING_URI": store_uri()}), quietly():
        try:
            yield
        except RoadworthyError:
            raise
        except Exception as error:
            raise _refused(error, spec) from error


def _refused(error: Exception, spec: str) -> TrackingError:
    uri = store_uri()
    said = " ".join(str(error).split()) or type(error).__name__
    said = shortened(said.replace(uri, public(uri)))
    if getattr(error, "error_code", "") in _MISSING:
        mend = "check the name, the version or alias, and MLFLOW_TRACKING_URI"
        return TrackingError(f"is not in the store {public(uri)} ({said})", where=spec, mend=mend)
    mend = "check MLFLOW_TRACKING_URI, and that the store can be reached"
    return TrackingError(f"the store {public(uri)} did not give it ({said})", where=spec, mend=mend)
