"""Writing files: none is ever half-written, and a place that cannot be written to is said before the work starts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from roadworthy.errors import OutputError


def require_writable(directory: Path) -> None:
    """Make sure that a folder can be made and written into, and leave no trace of having tried.

    Raises
    ------
    OutputError
        It cannot be made, or not be written into.
    """
    with _explained(directory):
        missing = [folder for folder in (directory, *directory.parents) if not folder.exists()]
        try:
            directory.mkdir(parents=True, exist_ok=True)
            probe = directory / f".{uuid.uuid4().hex}"
            probe.touch()
            probe.unlink()
        finally:
            for folder in missing:
                with suppress(OSError):
                    folder.rmdir()


def require_apart(file: Path, *inputs: Path | None, option: str = "--out") -> None:
    """Make sure that a file which is to be written is none of those that are read.

    Raises
    ------
    OutputError
        It is one of them: writing it would destroy what was read.
    """
    for given in inputs:
        if given is not None and file.resolve() == given.resolve():
            raise OutputError("is read, and would be lost", where=file, mend=f"give {option} another name")


def write_bytes(file: Path, content: bytes) -> None:
    """Write a whole file or none: into a temporary one beside it, which then takes its name.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    temporary = file.parent / f".{uuid.uuid4().hex}"
    with _explained(file):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            temporary.replace(file)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_text(file: Path, content: str) -> None:
    """As `write_bytes`, for text as UTF-8."""
    write_bytes(file, content.encode("utf-8"))


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror or error})",
            where=place,
            mend="name another place with --out",
        ) from None


def short_name(path: Path) -> str:
    """A path as it can be shared: as given, but no more than the file's own name where it would tell of this machine.

    Examples
    --------
    >>> short_name(Path("data/clean.csv")), short_name(Path("/home/jo/clean.csv"))
    ('data/clean.csv', 'clean.csv')
    """
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    return path.name if path.is_absolute() else str(path)
