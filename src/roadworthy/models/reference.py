"""A model that stays where it is: code of the user's own, or a directory of weights, named by its spec."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

from roadworthy.errors import ModelError, named

# What a spec may start with that names a model which an artifact cannot hold.
KINDS = ("python:", "hf:")


def is_reference(spec: str) -> bool:
    """Whether a spec names a model that an artifact cannot hold, and that is looked up again when it is loaded.

    Examples
    --------
    >>> is_reference("python:ours:classify"), is_reference("model.skops")
    (True, False)
    """
    return spec.startswith(KINDS)


def fingerprint(spec: str) -> str | None:
    """The hash of the source file that ``python:module:function`` names; None for what is no such file.

    Examples
    --------
    >>> fingerprint("hf:some/model") is None
    True
    """
    if not spec.startswith("python:"):
        return None
    module = spec.removeprefix("python:").partition(":")[0]
    if module.partition(".")[0] in sys.stdlib_module_names:
        raise ModelError("is no model but a part of Python", where=spec, mend="name a function of your own")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError) as error:
        raise ModelError(f"is not found ({named(error)})", where=spec, mend="run it where that module is") from error
    if found is None:
        raise ModelError("no such module here", where=spec, mend="run it in the folder, or install the package, of it")
    if not found.has_location or not found.origin:
        return None
    return hashlib.sha256(Path(found.origin).read_bytes()).hexdigest()


def require_unchanged(spec: str, sha256: str | None) -> None:
    """Refuse code that is not what it was when it was wrapped; it is compared before any of it runs.

    Raises
    ------
    ModelError
        The module is gone or has changed.
    """
    if fingerprint(spec) != sha256:
        raise ModelError("has changed since it was wrapped", where=spec, mend="wrap it again: roadworthy wrap")
