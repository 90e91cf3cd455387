"""Models that are in MLflow's store: which specs name one, and what the service knows of the one that it serves.

MLflow is asked by a process of its own, `roadworthy.serve.follower`, which keeps what it found in a file; the service
reads that file, and never imports MLflow.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from roadworthy.output import write_text

Role = Literal["served", "shadow"]
SERVED: Role = "served"
SHADOW: Role = "shadow"
_KINDS = ("models:/", "runs:/", "mlflow-artifacts:/")
_ALIAS = re.compile(r"models:/([^/@]+)@([^/@]+)")
_VERSION = re.compile(r"models:/([^/@]+)/(\d+)")


class Alias(NamedTuple):
    """A name that moves from one version of a registered model to the next."""

    model: str
    alias: str


def is_stored(spec: str) -> bool:
    """Whether a spec names a model in MLflow's store.

    Examples
    --------
    >>> is_stored("models:/intent@champion"), is_stored("runs:/0123abc/model"), is_stored("model")
    (True, True, False)
    """
    return spec.startswith(_KINDS)


def alias_of(spec: str) -> Alias | None:
    """The alias that a spec names; None for one that always names the same model.

    Examples
    --------
    >>> alias_of("models:/intent@champion")
    Alias(model='intent', alias='champion')
    >>> alias_of("models:/intent/7") is None
    True
    """
    found = _ALIAS.fullmatch(spec)
    return None if found is None else Alias(found[1], found[2])


def version_of(spec: str) -> tuple[str, str] | None:
    """The registered model and the version that a spec names; None where it names no fixed version.

    Examples
    --------
    >>> version_of("models:/intent/7"), version_of("models:/intent@champion")
    (('intent', '7'), None)
    """
    found = _VERSION.fullmatch(spec)
    return None if found is None else (found[1], found[2])


class Version(BaseModel):
    """A model of the store, in a folder of this machine.

    Parameters
    ----------
    name
        The registered model; the spec for one that is not registered.
    version
        Its version there; None for one that is not registered.
    folder
        Where it was downloaded to.
    run
        The run that made it, where that is known.
    inspection
        Its newest inspection (run, verdict, gate, time), where there is one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str | None
    folder: Path
    run: str | None = None
    inspection: dict[str, Any] | None = None

    @property
    def shown(self) -> dict[str, str | None]:
        """Name and version."""
        return {"name": self.name, "version": self.version}


class Known(BaseModel):
    """What the follower knows.

    Parameters
    ----------
    checked
        When it last began to ask the store, by the machine's monotonic clock.
    due
        By when it has asked again unless something is wrong, by the same clock.
    registry
        Whether the store answered.
    versions
        The versions by role; a role that the store has none for is left out.
    gone
        The roles whose alias, or whose model, is no longer there.
    said
        What went wrong, in one line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    checked: float
    due: float
    registry: Literal["ok", "away"]
    versions: dict[Role, Version]
    gone: tuple[Role, ...] = ()
    said: str | None = None

    def save(self, file: Path) -> None:
        """Write it for the service to read, whole or not at all."""
        write_text(file, self.model_dump_json() + "\n")

    @classmethod
    def read(cls, file: Path) -> Known:
        """Read what the follower wrote."""
        return cls.model_validate_json(file.read_bytes())
