"""What the service is told: by flags, `ROADWORTHY_…` variables and [serve] in roadworthy.toml, in that order."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    PyprojectTomlConfigSettingsSource,
    SettingsConfigDict,
)

from roadworthy.errors import SettingsError, named

FILE = Path("roadworthy.toml")
PREFIX = "ROADWORTHY_"

Positive = Annotated[int, Field(gt=0)]


class ServeSettings(BaseSettings):
    """How a model is served.

    Parameters
    ----------
    model
        A spec for `load_model`.
    log
        URL of the prediction log: SQLite or PostgreSQL.
    log_text
        Whether messages are logged redacted, as they are, or not at all.
    log_sync
        SQLite's durability: normal survives the end of the process, full that of the machine as well.
    spool
        Folder that predictions are written to while the log is away.
    retention_days
        Delete what is older from the log, once an hour; None keeps everything.
    flagged
        What is done with a flagged message: answered with `trusted` false, refused, or routed to the fallback label.
    keys
        File of hashed API keys.
    shadow
        A second model, whose answers are logged and never sent.
    follow_seconds
        How often MLflow's registry is asked which version an alias names, for a model or a shadow that is one.
    model_cache
        Folder that models of MLflow's store are downloaded to; models.cache beside the spool where none is named.
    max_body, max_batch, max_length
        The largest body in bytes, the most messages in one request, the longest message in characters.
    max_concurrency, max_queue
        How many requests are worked on at a time, and how many more may wait.
    shutdown_seconds
        How long requests that were accepted may take once the service is told to stop.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, pyproject_toml_table_header=("serve",)
    )

    model: str = Field(min_length=1)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: Positive = 1
    log: str = "sqlite:///predictions.db"
    log_text: Literal["redacted", "none", "raw"] = "redacted"
    log_sync: Literal["normal", "full"] = "normal"
    spool: Path = Path("predictions.spool")
    retention_days: Positive | None = None
    flagged: Literal["answer", "refuse", "route"] = "answer"
    fallback_label: str | None = Field(default=None, min_length=1)
    keys: Path | None = None
    shadow: str | None = Field(default=None, min_length=1)
    follow_seconds: float = Field(default=5.0, ge=0.1, le=3_600)
    model_cache: Path | None = None
    allow_pickle: bool = False
    max_body: Positive = 262_144
    max_batch: Positive = 256
    max_length: Positive = 5_000
    max_concurrency: Positive = 64
    max_queue: int = Field(default=256, ge=0)
    shutdown_seconds: Positive = 30
    access_log: bool = False

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, variables, file; nothing else is read."""
        return init_settings, env_settings, PyprojectTomlConfigSettingsSource(settings_cls, FILE)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the service."""
        return is_local(self.host)

    @property
    def cache_folder(self) -> Path:
        """Where models of MLflow's store are downloaded to."""
        return self.spool.with_name("models.cache") if self.model_cache is None else self.model_cache


@lru_cache(maxsize=64)
def is_local(host: str) -> bool:
    """Whether a name or an address is this machine's own, which no other machine can reach.

    Examples
    --------
    >>> is_local("localhost"), is_local("127.0.0.2"), is_local("::1"), is_local("0.0.0.0"), is_local("example.org")
    (True, True, True, False, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=64)
def host_of(header: str) -> str:
    """The name or address in a Host header.

    Examples
    --------
    >>> host_of("localhost:8000"), host_of("[::1]:8000"), host_of("127.0.0.1")
    ('localhost', '::1', '127.0.0.1')
    """
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def read_settings(**flags: Any) -> ServeSettings:
    """The settings, of which those given here count most.

    Raises
    ------
    SettingsError
        A value is none that the setting takes, settings contradict each other, or the file cannot be read.

    Examples
    --------
    >>> read_settings(model="model", port=0).max_batch
    256
    """
    try:
        settings = ServeSettings(**flags)
    except ValidationError as error:
        raise _first(error) from None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(f"cannot be read ({named(error)})", where=FILE, mend="mend the file") from None
    if settings.flagged == "route" and settings.fallback_label is None:
        raise SettingsError("no label to route flagged messages to", mend="give --fallback-label LABEL")
    if settings.flagged != "route" and settings.fallback_label is not None:
        raise SettingsError("a fallback label, but nothing is routed to it", mend="add --flagged route")
    if not settings.is_local and settings.keys is None:
        raise SettingsError(
            "whoever reaches it could ask, without a key",
            where=f"host {settings.host}",
            mend="make a key with roadworthy key, and give its file with --keys; or listen on 127.0.0.1",
        )
    return settings


def _first(error: ValidationError) -> SettingsError:
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"]))
    flag, variable = f"--{name.replace('_', '-')}", PREFIX + name.upper()
    if first["type"] == "extra_forbidden":
        return SettingsError(f"no setting is called {name!r}", where=FILE, mend="see roadworthy serve --help")
    if first["type"] == "missing":
        return SettingsError("no model", mend=f"name one: roadworthy serve MODEL, {variable}, or {name} in {FILE}")
    return SettingsError(
        f"{first['msg']}, not {first['input']!r}", where=name, mend=f"see {flag}, {variable} and [serve] in {FILE}"
    )
