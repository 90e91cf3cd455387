"""The model that is served: loaded, named, and told from every other by its version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roadworthy.guard import LOW_CONFIDENCE
from roadworthy.models.ask import predict
from roadworthy.models.guarded import Answer, GuardedModel
from roadworthy.models.load import find_artifact, load_model
from roadworthy.models.record import Record, card_sha256, read_record
from roadworthy.models.reference import fingerprint, is_reference

if TYPE_CHECKING:
    from roadworthy.models.adapt import Model

_DIGITS = 12


@dataclass(frozen=True, eq=False)
class Served:
    """A model as the service knows it.

    Parameters
    ----------
    model
        The model, with its guard where it has one.
    name
        What it is called.
    version
        The first digits of a hash of what was loaded.
    run
        The MLflow run that it comes from, where that is known.
    inspection
        The last inspection of it, where there was one.
    """

    model: Model
    name: str
    version: str
    run: str | None = None
    inspection: dict[str, Any] | None = None

    @property
    def guarded(self) -> GuardedModel | None:
        """The model, if it has a guard."""
        return self.model if isinstance(self.model, GuardedModel) else None

    @property
    def is_fast(self) -> bool:
        """Whether a message is answered in microseconds, so that asking another thread would cost more."""
        return self.guarded is not None and self.guarded.is_compiled

    def answers(self, texts: Sequence[str]) -> list[Answer]:
        """One answer a message; without a guard each of them is trusted, unless the model itself flags it."""
        if self.guarded is not None:
            return self.guarded.answers(texts)
        found = predict(self.model, texts)
        rows = zip(found.labels, found.confidence, found.familiarity, found.flagged, found.reasons, strict=True)
        return [
            Answer(str(label), float(sure), float(near), (reasons or (LOW_CONFIDENCE,)) if flagged else ())
            for label, sure, near, flagged, reasons in rows
        ]

    @property
    def about(self) -> dict[str, str | None]:
        """Name, version and run."""
        return {"name": self.name, "version": self.version, "run": self.run}


def load_served(spec: str, *, allow_pickle: bool = False) -> Served:
    """Load the model that a spec names.

    Raises
    ------
    ModelError
        It does not load.
    """
    model = load_model(spec, allow_pickle=allow_pickle)
    place = find_artifact(Path(spec)) if Path(spec).is_dir() else None
    if place is None:
        return Served(model, str(getattr(model, "name", spec)), _version(spec))
    record = read_record(place)
    run = record.run or _run_of_mlflow_model(place.parent)
    slim = model.to_serve() if isinstance(model, GuardedModel) else model
    return Served(slim, Path(spec).resolve().name, card_sha256(place)[:_DIGITS], run, _inspection(record))


def _inspection(record: Record) -> dict[str, Any] | None:
    return None if record.inspection is None else record.inspection.model_dump(mode="json")


def _run_of_mlflow_model(directory: Path) -> str | None:
    """The run in an MLflow model's own file, which is a flat document of `name: value` lines at its outermost level."""
    try:
        lines = (directory / "MLmodel").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.partition(":")[2].strip(" '\"") for line in lines if line.startswith("run_id:")]
    return found[0] if found and found[0] != "null" else None


def _files(spec: str) -> list[Path]:
    """The files that a spec names, or those in its folder."""
    if Path(spec).is_dir():
        return sorted(path for path in Path(spec).rglob("*") if path.is_file())
    return [Path(name.strip()) for name in spec.removeprefix("pickles:").removeprefix("predictions:").split(",")]


def _version(spec: str) -> str:
    """A hash of the files, or of the code, that the spec names."""
    if is_reference(spec):
        return (fingerprint(spec) or "unversioned")[:_DIGITS]
    digest = hashlib.sha256()
    for file in _files(spec):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:_DIGITS]
