"""A model that stays where it is, named by its spec: code of the user's own, a directory of weights, an endpoint."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

from roadworthy.errors import ModelError

# What a spec may start with that names a model which an artifact cannot hold.
KINDS = ("python:", "hf:", "http://", "https://", "endpoint:")


def is_reference(spec: str) -> bool:
    """Whether a spec names a model that an artifact cannot hold, and that is looked up again when it is loaded.

    Examples
    --------
    >>> is_reference("python:ours:classify"), is_reference("model.skops")
    (True, False)
    """
    return spec.startswith(KINDS)


def fingerprint(spec: str) -> str | None:
    """The hash of the source that ``python:module:function`` names, its packages included, or of an endpoint's file.

    Nothing of it is run: the files are looked up, not imported. It is None for any other spec.

    Raises
    ------
    ModelError
        It is a part of Python itself, or is not found.

    Examples
    --------
    >>> fingerprint("hf:some/model") is None
    True
    """
    if spec.startswith("endpoint:"):
        return _of_file(Path(spec.removeprefix("endpoint:")), spec)
    if not spec.startswith("python:"):
        return None
    module = spec.removeprefix("python:").partition(":")[0]
    if module.partition(".")[0] in sys.stdlib_module_names:
        raise ModelError("is no model but a part of Python", where=spec, mend="name a function of your own")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    contents = [file.read_bytes() for file in _files(module, spec)]
    return hashlib.sha256(b"".join(contents)).hexdigest() if contents else None


def _of_file(file: Path, spec: str) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"cannot be read ({error.strerror or error})", where=spec, mend="run it in its folder"
        ) from None


def _files(module: str, spec: str) -> Iterator[Path]:
    """The source files of a module and of the packages around it."""
    path: Sequence[str] | None = None
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        found = _find(".".join(parts[:depth]), path) if parts[depth - 1].isidentifier() else None
        if found is None:
            raise ModelError("no such module here", where=spec, mend="run it in its folder, or install its package")
        if found.origin and Path(found.origin).is_file():
            yield Path(found.origin)
        path = found.submodule_search_locations


def _find(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    specs = (finder.find_spec(name, path) for finder in sys.meta_path)
    return next((found for found in specs if found is not None), None)


def require_unchanged(spec: str, sha256: str | None) -> None:
    """Refuse code that is not what it was when it was wrapped; it is compared before any of it runs.

    Raises
    ------
    ModelError
        The module is gone or has changed.
    """
    if fingerprint(spec) != sha256:
        raise ModelError("has changed since it was wrapped", where=spec, mend="wrap it again: roadworthy wrap")
