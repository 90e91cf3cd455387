"""Models asked of MLflow's store, and downloaded from it; only the follower's own process imports this."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from roadworthy.errors import ModelError, RoadworthyError, TrackingError, named
from roadworthy.mlflow_store import (
    open_client,
    quietly,
    require_mlflow,
    require_store,
    settings_for_now,
    shortened,
    store_uri,
)
from roadworthy.registry.evidence import newest_inspection
from roadworthy.serve.ours import left_out
from roadworthy.serve.stored import Alias, Version, alias_of, version_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from roadworthy.serve.model_cache import ModelCache

# MLflow asks a registry without them, and imports them for nothing: they are 100 MB.
_UNNEEDED = ("matplotlib", "numpy", "pandas", "pyarrow", "scipy", "sklearn")
_ABSENT = "RESOURCE_DOES_NOT_EXIST"
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
_CHECK = "check MLFLOW_TRACKING_URI, and that its server is up"

Answer = TypeVar("Answer")


@contextmanager
def opened_store(cache: ModelCache) -> Iterator[Store]:
    """The store that MLflow's settings name, for as long as it is asked; it may be away for now.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    """
    require_mlflow()
    uri = store_uri()
    with ExitStack() as stack:
        # MLflow looks a version's files up in the store of its settings, whatever store it is asked by.
        stack.enter_context(settings_for_now({"MLFLOW_TRACKING_URI": uri}))
        with left_out(*_UNNEEDED):
            stack.enter_context(quietly())
        yield Store(uri, cache)


class Store:
    """MLflow's store, and the cache of what was downloaded from it.

    Parameters
    ----------
    uri
        The store's address.
    cache
        Where models are downloaded to.
    """

    def __init__(self, uri: str, cache: ModelCache) -> None:
        self.uri = uri
        self._cache = cache
        self._opened: MlflowClient | None = None

    def find(self, spec: str, before: Version | None) -> Version | None:
        """The model that a spec names, downloaded where it is not here yet; None where there is none.

        Parameters
        ----------
        before
            What was found the last time.

        Raises
        ------
        ModelError
            It is there, but cannot be downloaded.
        TrackingError
            The store does not answer.
        """
        alias, fixed = alias_of(spec), version_of(spec)
        if before is not None and alias is None and before.folder.is_dir():
            return before
        if alias is not None:
            return self._aliased(alias, before)
        if fixed is not None:
            return self._version(*fixed)
        return Version(name=spec, version=None, folder=self._download(spec))

    def _aliased(self, alias: Alias, before: Version | None) -> Version | None:
        model = self._ask(lambda client: client.get_registered_model(alias.model))
        version = None if model is None else model.aliases.get(alias.alias)
        if version is None:
            return None
        here = before is not None and before.folder.is_dir()
        if here and before is not None and (before.name, before.version) == (alias.model, str(version)):
            return before
        return self._version(alias.model, str(version))

    def _version(self, name: str, version: str) -> Version | None:
        found = self._ask(lambda client: client.get_model_version(name, version))
        if found is None:
            return None
        return Version(
            name=name,
            version=version,
            # One that was deleted, and registered anew under the same number, is another one.
            folder=self._download(f"models:/{name}/{version}", found.creation_timestamp),
            run=str(found.run_id) if found.run_id else None,
            inspection=self._inspected(name, version),
        )

    def _inspected(self, name: str, version: str) -> dict[str, Any] | None:
        """The newest inspection; where it cannot be asked for, a release does not wait for it."""
        with suppress(TrackingError):
            return self._ask(lambda client: _inspection(client, name, version))
        return None

    def _download(self, spec: str, *key: object) -> Path:
        """The folder of a model; from the cache where it is there."""
        from mlflow.artifacts import download_artifacts

        def download(folder: Path) -> Path:
            require_store(self.uri)
            place = Path(download_artifacts(artifact_uri=spec, dst_path=str(folder), tracking_uri=self.uri))
            # Of files that are gone MLflow makes an empty folder.
            if not (place / "MLmodel").is_file():
                raise FileNotFoundError("no MLmodel among its files")
            return place

        try:
            return self._cache.get(self.uri, spec, *key, download=download)
        except RoadworthyError:
            raise
        except Exception as error:
            raise ModelError(
                f"cannot be downloaded ({_said(error)})", where=spec, mend="look at the store of its artifacts"
            ) from error

    def _ask(self, question: Callable[[MlflowClient], Answer]) -> Answer | None:
        """What the store answers; None where it says that there is no such thing."""
        try:
            if self._opened is None:
                with left_out(*_UNNEEDED):
                    self._opened = open_client(self.uri)
            return question(self._opened)
        except RoadworthyError:
            raise
        except Exception as error:
            if getattr(error, "error_code", "") == _ABSENT:
                return None
            raise TrackingError(f"MLflow's store does not answer ({_said(error)})", mend=_CHECK) from error


def _said(error: Exception) -> str:
    """Another library's error in a few words, without the user and the password that an address in it may hold."""
    return shortened(_CREDENTIALS.sub("//", named(error)))


def _inspection(client: MlflowClient, name: str, version: str) -> dict[str, Any] | None:
    """The newest inspection of a version, in short."""
    found = newest_inspection(client, name, version)
    if found is None:
        return None
    run = client.get_run(found.run)
    params, n = run.data.params, run.data.params.get("clean_messages", "")
    return {
        "run": found.run,
        "verdict": run.data.tags.get("roadworthy.verdict", ""),
        "gate": found.gate,
        "time": datetime.fromtimestamp(run.info.start_time / 1000, UTC).isoformat(timespec="seconds"),
        "messages": params.get("clean", ""),
        "n": int(n) if n.isdecimal() else None,
    }
