"""The registry as this package sees it: one read of a registered model, and the few writes that a release needs."""

from __future__ import annotations

import getpass
import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from roadworthy.errors import ReleaseError, RoadworthyError, TrackingError
from roadworthy.mlflow_store import CHAMPION, public, quietly, require_mlflow, require_store, shortened, store_uri
from roadworthy.registry.journal import Entry, Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlflow import MlflowClient

    Tell = Callable[[str], None]

CHALLENGER = "challenger"
_CHECK = "check MLFLOW_TRACKING_URI; what was begun is finished or undone by the next command"


@dataclass(frozen=True)
class State:
    """A registered model as one call of the store gave it.

    Parameters
    ----------
    name
        The registered model.
    aliases
        The versions by alias.
    tags
        The tags of the registered model; journal and lease are among them.
    """

    name: str
    aliases: dict[str, str]
    tags: dict[str, str]

    @property
    def champion(self) -> str | None:
        """The version that is deployed."""
        return self.aliases.get(CHAMPION)

    @property
    def journal(self) -> Journal:
        """What happened to it."""
        return Journal.of(self.tags)


class Client:
    """MLflow's client, of which the half for runs is opened where a run is asked for.

    Opening that half takes a local store as long as a rollback itself, which asks for none.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._registry: Any = _registry_alone(uri) or self._whole

    @cached_property
    def _whole(self) -> MlflowClient:
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self._uri)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._registry if hasattr(type(self._registry), name) else self._whole, name)


def _registry_alone(uri: str) -> Any:
    """The half for registered models; None with an MLflow that keeps it elsewhere, as it is no public part of it."""
    try:
        from mlflow.tracking._model_registry.client import ModelRegistryClient
        from mlflow.tracking._model_registry.utils import _resolve_registry_uri
    except ImportError:
        return None
    return ModelRegistryClient(_resolve_registry_uri(None, uri), uri)


def open_client(uri: str) -> Client:
    """Open the store for a release.

    Raises
    ------
    TrackingError
        There is none.
    """
    require_store(uri)
    return Client(uri)


class Registry:
    """The opened store."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def read(self, name: str) -> State:
        """Read a registered model: aliases, journal and lease, in one call.

        Raises
        ------
        ReleaseError
            There is none of that name.
        """
        try:
            found = self.client.get_registered_model(name)
        except Exception as error:
            if not is_absent(error):
                raise
            mend = "register one: roadworthy train DATA --register NAME"
            raise ReleaseError("no such registered model", where=name, mend=mend) from None
        aliases = {alias: str(version) for alias, version in found.aliases.items()}
        return State(name, aliases, dict(found.tags))

    def find_version(self, name: str, given: str) -> str:
        """Find a version by its number or by its alias, with or without an @.

        Raises
        ------
        ReleaseError
            There is no such version.
        """
        asked = given.strip().removeprefix("@")
        try:
            if asked.isdecimal():
                found = self.client.get_model_version(name, asked)
            else:
                found = self.client.get_model_version_by_alias(name, asked)
        except Exception as error:
            if not is_absent(error) and not _is_invalid(error):
                raise
            raise ReleaseError(
                f"no version {given!r}", where=name, mend="give a number, or an alias such as challenger"
            ) from None
        return str(found.version)

    def training_run(self, name: str, version: str) -> str | None:
        """The run that made a version; None where it is not known, or the version is gone."""
        try:
            found = self.client.get_model_version(name, version)
        except Exception as error:
            if is_absent(error):
                return None
            raise
        return str(found.run_id) if found.run_id else None

    def write(self, name: str, entry: Entry) -> Entry:
        """Write an entry of the journal, over an older state of the same one."""
        self.client.set_registered_model_tag(name, entry.key, entry.written())
        return entry

    def point(self, name: str, alias: str, version: str) -> None:
        """Move an alias, in one call."""
        self.client.set_registered_model_alias(name, alias, version)

    def note(self, name: str, version: str, key: str, value: str) -> None:
        """Say something on the page of a version; one that is gone has none."""
        try:
            self.client.set_model_version_tag(name, version, key, value)
        except Exception as error:
            if not is_absent(error):
                raise


@contextmanager
def opened_registry() -> Iterator[Registry]:
    """Open the store that MLflow's settings name; what goes wrong with it is said in one line.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    TrackingError
        The store cannot be reached, or refuses.
    """
    require_mlflow()
    with quietly():
        try:
            yield Registry(open_client(store_uri()))
        except RoadworthyError:
            raise
        except Exception as error:
            raise explained(error) from error


def explained(error: Exception) -> RoadworthyError:
    """One line on what the store says."""
    uri = store_uri()
    said = " ".join(str(error).split()) or type(error).__name__
    return TrackingError(
        f"the registry refused, or did not answer ({shortened(said.replace(uri, public(uri)))})",
        where=public(uri),
        mend=_CHECK,
    )


def is_absent(error: Exception) -> bool:
    """Whether the store says that something is not there."""
    return getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST"


def whoami() -> str:
    """Who acts: the user of the tracking server, or else of this machine."""
    named = os.environ.get("MLFLOW_TRACKING_USERNAME")
    try:
        return named or getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _is_invalid(error: Exception) -> bool:
    return getattr(error, "error_code", "") == "INVALID_PARAMETER_VALUE"
