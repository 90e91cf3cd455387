"""API keys: made here, shown once, kept as hashes.

A key is 32 random bytes, so that a plain SHA-256 cannot be turned back by trying.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from roadworthy.errors import OutputError, SettingsError, named
from roadworthy.output import write_text

Scope = Literal["predict", "feedback", "admin"]
SCOPES: tuple[Scope, ...] = ("predict", "feedback", "admin")
_PREFIX = "rw_"


class Key(BaseModel):
    """What is kept of a key: its name, what it may do, and its hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    scopes: tuple[Scope, ...]
    created: datetime
    sha256: str


class KeyFile(BaseModel):
    """The file of keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[Key, ...] = ()


class Keys:
    """The keys that may be used.

    Parameters
    ----------
    keys
        What is kept of each.
    """

    def __init__(self, keys: Sequence[Key] = ()) -> None:
        self._by_hash = {key.sha256: key for key in keys}

    def __len__(self) -> int:
        return len(self._by_hash)

    def find(self, secret: str) -> Key | None:
        """The key that somebody shows, if it is one of these."""
        return self._by_hash.get(_hash(secret))


def read_keys(path: Path | None) -> Keys:
    """The keys of a file; none without one.

    Raises
    ------
    SettingsError
        The file is missing or is no file of keys.
    """
    return Keys() if path is None else Keys(_read(path).keys)


def add_key(path: Path, name: str, scopes: Sequence[Scope]) -> str:
    """Make a key, add its hash to a file, and give the key: it is nowhere else.

    Raises
    ------
    SettingsError
        The name is taken, the file is no file of keys, or it cannot be written.
    """
    kept = _read(path).keys if path.exists() else ()
    if name in {key.name for key in kept}:
        raise SettingsError(f"a key named {name!r} is there already", where=path, mend="give another name")
    secret = _PREFIX + secrets.token_urlsafe(32)
    added = Key(name=name, scopes=tuple(scopes), created=datetime.now(UTC).replace(microsecond=0), sha256=_hash(secret))
    try:
        write_text(path, KeyFile(keys=(*kept, added)).model_dump_json(indent=2) + "\n")
        path.chmod(0o600)
    except (OutputError, OSError) as error:
        reason = getattr(error.__context__, "strerror", None) or named(error)
        raise SettingsError(f"cannot be written ({reason})", where=path, mend="name another file with --keys") from None
    return secret


def shown_key(authorization: str | None, own_header: str | None) -> str | None:
    """The key in a request's headers: a bearer token, the password of Basic, or X-API-Key.

    Examples
    --------
    >>> shown_key("Bearer rw_1", None), shown_key("Basic OnJ3XzI=", None), shown_key(None, None)
    ('rw_1', 'rw_2', None)
    """
    if own_header:
        return own_header.strip()
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return None
    return None


def _read(path: Path) -> KeyFile:
    try:
        return KeyFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"cannot be read ({named(error)})", where=path, mend="make it: roadworthy key") from None
    except ValidationError:
        raise SettingsError("is no file of keys", where=path, mend="make one: roadworthy key") from None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
