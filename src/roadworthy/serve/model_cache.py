"""Models downloaded from MLflow's store: a folder each, so that going back to one, or starting anew, needs no store."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from roadworthy.errors import OutputError
from roadworthy.output import write_text
from roadworthy.serve.stored import Version

# How many besides those in use are kept: enough to go back to the version before without a download.
_KEPT = 2
# Services may share a cache. Each marks what it uses whenever it asks the store, which it does once an hour at least.
_IN_USE_SECONDS = 7_200
_STAGED_SECONDS = 86_400


class ModelCache:
    """A folder of downloaded models.

    Parameters
    ----------
    folder
        Made where it is not there, once there is something to keep.

    Raises
    ------
    OutputError
        It cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        is_there = self._folder.exists()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not is_there:
                self._folder.rmdir()
        except OSError as error:
            raise OutputError(
                f"cannot be made ({error.strerror or error})", where=folder, mend="name another with --model-cache"
            ) from None

    def get(self, *key: object, download: Callable[[Path], Path]) -> Path:
        """The folder of the model that a key names; where it is not there, it is downloaded.

        Parameters
        ----------
        download
            Puts the model below the folder that it is given, and says where.
        """
        place = self._folder / _digest(key)
        if not place.is_dir():
            stage = self._folder / f".{uuid.uuid4().hex}"
            try:
                stage.mkdir(parents=True)
                _rename(download(stage), place)
            finally:
                shutil.rmtree(stage, ignore_errors=True)
                with suppress(OSError):
                    # A first download that failed leaves nothing behind; a folder that holds something stays.
                    self._folder.rmdir()
        _mark(place)
        return place

    def sweep(self, in_use: Collection[Path]) -> None:
        """Mark what is in use, and remove what nobody has used for a while, except for the latest few."""
        for place in in_use:
            _mark(place)
        now = time.time()
        others = [(age, place) for place in self._folder.glob("[!.]*") if (age := _age(place, now)) > _IN_USE_SECONDS]
        folders = sorted((age, place) for age, place in others if place.is_dir() and place not in in_use)
        stages = [place for place in self._folder.glob(".*") if _age(place, now) > _STAGED_SECONDS]
        for place in [*(place for _, place in folders[_KEPT:]), *stages]:
            shutil.rmtree(place, ignore_errors=True)

    def remember(self, *key: object, version: Version) -> None:
        """Keep what a spec named last."""
        write_text(self._note(key), version.model_dump_json() + "\n")

    def recall(self, *key: object) -> Version | None:
        """What a spec named last; None where nobody knows, or it is no longer here."""
        try:
            found = Version.model_validate_json(self._note(key).read_bytes())
        except (OSError, ValidationError):
            return None
        return found if found.folder.is_dir() else None

    def _note(self, key: tuple[object, ...]) -> Path:
        return self._folder / f"{_digest(key)}.json"


def _digest(key: tuple[object, ...]) -> str:
    """A name for a folder: that of a model may hold what no folder's may, and the address of a store is nobody's."""
    return hashlib.sha256("\n".join(map(str, key)).encode()).hexdigest()[:32]


def _rename(found: Path, place: Path) -> None:
    try:
        found.rename(place)
    except OSError:
        # Another service was quicker.
        if not place.is_dir():
            raise


def _mark(place: Path) -> None:
    """Note that it is used; one that somebody has removed is found to be gone by whoever reads it."""
    with suppress(OSError):
        os.utime(place)


def _age(place: Path, now: float) -> float:
    """Seconds since it was last used; none for what has gone meanwhile."""
    try:
        return now - place.stat().st_mtime
    except OSError:
        return 0.0
