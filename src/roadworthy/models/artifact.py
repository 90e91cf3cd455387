"""The artifact: a model and its guard in one directory, checked when it is written and whenever it is read.

Nothing in it runs code when it is loaded: the estimator is a skops file that may hold only the types listed here, the
guard is numbers. A wrapped model that is code of the user's own stays where it is, and is found by its name.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import platform
import shutil
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from roadworthy.errors import ModelError, OutputError, RoadworthyError, named
from roadworthy.features import with_encoder
from roadworthy.guard import Guard
from roadworthy.models import skops_file
from roadworthy.models.adapt import as_model
from roadworthy.models.compiled import PROBES, CompiledModel, as_fast_model, compile_model
from roadworthy.models.encoder import read_encoder
from roadworthy.models.guarded import GuardedModel
from roadworthy.models.hardened import HardenedClassifier
from roadworthy.models.reference import fingerprint, is_reference, require_unchanged
from roadworthy.output import require_writable, write_bytes, write_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.data import Dataset
    from roadworthy.models.adapt import Model

SCHEMA: Literal[1] = 1
HARDENED = "hardened"
CARD, MODEL, FEATURES, GUARD = "roadworthy.json", "model.skops", "features.skops", "guard.npz"
ENCODER, REQUIREMENTS = "encoder", "requirements.txt"
_SAME = 1e-6


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Probe(_Part):
    """A message that is asked when the artifact is loaded, and the answer that must come."""

    text: str
    label: str
    confidence: float | None
    familiarity: float
    reasons: tuple[str, ...]


class Messages(_Part):
    """What is known of the training messages."""

    name: str
    n: int
    classes: int
    sha256: str


class GuardSettings(_Part):
    """The guard's settings; its numbers are in a file of their own."""

    flag_rate: float
    oos_label: str | None
    uses_confidence: bool
    uses_label: bool = True
    uses_certainty: bool
    languages: tuple[str, ...]
    longest: int
    calibrated_on: int
    labels: tuple[str, ...]


class Card(_Part):
    """What roadworthy.json says."""

    schema_version: Literal[1]
    recipe: str
    name: str
    classes: tuple[str, ...]
    data: Messages
    parameters: dict[str, Any]
    figures: dict[str, dict[str, float | int | None]]
    guard: GuardSettings
    reference: str | None
    reference_sha256: str | None
    compiled: bool
    encoder: str | None
    versions: dict[str, str]
    probes: tuple[Probe, ...]
    files: dict[str, str]


@dataclass(frozen=True, eq=False)
class Artifact:
    """A model with its guard, and what is known of how it came about.

    Parameters
    ----------
    model
        The guarded model.
    recipe
        How it was made: hardened, or wrap.
    data
        The messages that the guard, and perhaps the model, learned from.
    parameters
        What was chosen or told, by name.
    figures
        What was measured on held-out training messages, by name: value, low, high and n.
    reference
        The spec of a model that stays where it is; None for one that is saved.
    """

    model: GuardedModel
    recipe: str
    data: Messages
    parameters: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, float | int | None]] = field(default_factory=dict)
    reference: str | None = None

    def save(self, directory: str | Path) -> Path:
        """Write the artifact into a directory; one that holds an artifact already gets this one in its place.

        Raises
        ------
        ModelError
            The model can neither be saved by skops nor be found again by its spec.
        OutputError
            The directory cannot be written to, or holds other things.
        """
        return _save(self, Path(directory))


def messages_card(data: Dataset) -> Messages:
    """What an artifact keeps of the training messages."""
    return Messages(name=data.name, n=len(data), classes=len(data.classes), sha256=data.sha256)


def is_artifact(directory: Path) -> bool:
    """Whether a directory holds an artifact."""
    return (directory / CARD).is_file()


def load_artifact(directory: str | Path) -> Artifact:
    """Read an artifact, once it is sure that it is whole, that it can be trusted and that it answers as it did.

    Raises
    ------
    ModelError
        A file is missing, damaged or of a newer schema; a type that is not trusted; a model that stays elsewhere is
        gone or has changed; or, with other versions of the libraries, the answers are no longer the same.
    """
    directory = Path(directory)
    card = _read_card(directory)
    for name, sha256 in card.files.items():
        _require_file(directory, name, sha256)
    encoder = None if card.encoder is None else read_encoder(directory / ENCODER)
    try:
        guard, model, estimator = _restore(directory, card, encoder)
    except RoadworthyError:
        raise
    except Exception as error:
        raise ModelError(
            f"does not load ({named(error)})", where=directory, mend=_other_versions(card) or "train it again"
        ) from error
    guarded = GuardedModel(model, guard, name=card.name, estimator=estimator)
    if card.reference is None:
        _require_same_answers(guarded, card, directory)
    return Artifact(guarded, card.recipe, card.data, card.parameters, card.figures, card.reference)


def require_place(directory: Path) -> None:
    """Refuse a folder that an artifact cannot be saved in.

    Raises
    ------
    OutputError
        It holds other things, is the working directory, or cannot be written to.
    """
    if directory.is_file() or (directory.is_dir() and any(directory.iterdir()) and not is_artifact(directory)):
        raise OutputError("is there, and is no artifact", where=directory, mend="name another folder with --out")
    if directory.resolve() == Path.cwd():
        raise OutputError("is the working directory", where=directory, mend="name a folder in it with --out")
    require_writable(directory)


def _save(artifact: Artifact, directory: Path) -> Path:
    require_place(directory)
    place = directory.resolve()
    made = [folder for folder in place.parents if not folder.exists()]
    stage, before = (place.with_name(f".{uuid.uuid4().hex}") for _ in range(2))
    try:
        _write(artifact, stage)
        if place.exists():
            place.rename(before)
        stage.rename(place)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        if before.exists():
            before.rename(place)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise
    shutil.rmtree(before, ignore_errors=True)
    return directory


def _write(artifact: Artifact, stage: Path) -> None:
    """Write every file, the card last: without it the directory is no artifact."""
    model = artifact.model
    estimator, encoder = model.estimator, model.guard.encoder
    if estimator is None and artifact.reference is None:
        raise ModelError("is code, which no artifact holds", where=model.name, mend=skops_file.BY_NAME)
    files = {GUARD: _npz(model.guard.arrays())}
    if artifact.reference is None:
        files[MODEL] = skops_file.dump(_saved(estimator), artifact.model.name)
    if artifact.recipe != HARDENED:
        files[FEATURES] = skops_file.dump(with_encoder(model.guard.familiarity_.features, None), "the guard")
    files[REQUIREMENTS] = "".join(f"{line}\n" for line in requirements(encoder)).encode()
    for file, content in files.items():
        write_bytes(stage / file, content)
    if encoder is not None:
        encoder.save(stage / ENCODER)
    card = Card(
        schema_version=SCHEMA,
        recipe=artifact.recipe,
        name=model.name,
        classes=tuple(model.classes),
        data=artifact.data,
        parameters=dict(artifact.parameters),
        figures={figure: dict(values) for figure, values in artifact.figures.items()},
        guard=GuardSettings(**model.guard.settings()),
        reference=artifact.reference,
        reference_sha256=None if artifact.reference is None else fingerprint(artifact.reference),
        compiled=isinstance(model.model, CompiledModel),
        encoder=None if encoder is None else encoder.name,
        versions=_versions(),
        probes=() if artifact.reference is not None else tuple(_probe(model, text) for text in PROBES if text),
        files={
            path.relative_to(stage).as_posix(): _sha256(path) for path in sorted(stage.rglob("*")) if path.is_file()
        },
    )
    write_text(stage / CARD, card.model_dump_json(indent=2) + "\n")


def _saved(estimator: Any) -> Any:
    return estimator.without_leftovers() if isinstance(estimator, HardenedClassifier) else estimator


def _restore(directory: Path, card: Card, encoder: Any) -> tuple[Guard, Model, Any]:
    """The guard, the model, compiled where it was, and the estimator behind it."""
    estimator: Any = None if card.reference is not None else skops_file.load(directory / MODEL)
    if card.recipe == HARDENED:
        estimator = estimator.with_encoder(encoder)
        features = estimator.features_
    else:
        features = with_encoder(skops_file.load(directory / FEATURES), encoder)
    with np.load(directory / GUARD, allow_pickle=False) as arrays:
        guard = Guard.restore(card.guard.model_dump(), arrays, features)
    guard.encoder = encoder
    if card.reference is not None:
        return guard, _referred(card), None
    if card.recipe == HARDENED:
        model: Model = (compile_model(estimator, name=card.name) if card.compiled else None) or as_model(estimator)
    else:
        model = as_fast_model(estimator, card.name)
    return guard, model, estimator


def _referred(card: Card) -> Model:
    from roadworthy.models.load import load_model

    spec = str(card.reference)
    if not is_reference(spec):
        raise ModelError("is no model that stays elsewhere", where=spec, mend="wrap it again: roadworthy wrap")
    require_unchanged(spec, card.reference_sha256)
    return load_model(spec)


def _read_card(directory: Path) -> Card:
    try:
        content = (directory / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{CARD} cannot be read ({named(error)})", where=directory, mend="give a folder written by train or wrap"
        ) from None
    schema = _schema_of(content)
    if isinstance(schema, int) and schema > SCHEMA:
        raise ModelError(
            f"was written by a newer Roadworthy (schema {schema}, this one reads up to {SCHEMA})",
            where=directory,
            mend="update Roadworthy",
        )
    try:
        return Card.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "its content"
        raise ModelError(
            f"{CARD} is damaged ({place}: {first['msg']})", where=directory, mend="write the artifact again"
        ) from None


def read_messages(directory: Path) -> Messages:
    """The messages that an artifact learned from, as its card says.

    Raises
    ------
    ModelError
        The card cannot be read.
    """
    return _read_card(directory).data


def _schema_of(content: str) -> object:
    with suppress(ValueError, RecursionError):
        read = json.loads(content)
        return read.get("schema_version") if isinstance(read, dict) else None
    return None


def _require_file(directory: Path, name: str, sha256: str) -> None:
    path = directory / name
    if not path.resolve().is_relative_to(directory.resolve()) or not path.is_file():
        raise ModelError(f"{name} is missing", where=directory, mend="copy the whole folder, or write it again")
    if _sha256(path) != sha256:
        raise ModelError(f"{name} is not the file that was written", where=directory, mend="write the artifact again")


def _require_same_answers(model: GuardedModel, card: Card, directory: Path) -> None:
    texts = [probe.text for probe in card.probes]
    for probe, answer in zip(card.probes, model.answers(texts), strict=True):
        near = np.allclose(
            (answer.confidence, answer.familiarity),
            (nan if probe.confidence is None else probe.confidence, probe.familiarity),
            rtol=0,
            atol=_SAME,
            equal_nan=True,
        )
        if answer.label != probe.label or answer.reasons != probe.reasons or not near:
            raise ModelError(
                "answers otherwise than when it was saved", where=directory, mend=_other_versions(card) or "train again"
            )


def _other_versions(card: Card) -> str | None:
    """What to install where the libraries differ from those that the artifact was written with."""
    here = _versions()
    others = [
        f"{name} {version} (here {here[name]})"
        for name, version in card.versions.items()
        if here.get(name, version) != version
    ]
    return f"it was saved with {', '.join(others)}: install these, or train again" if others else None


def _versions() -> dict[str, str]:
    names = ("roadworthy", "scikit-learn", "numpy", "scipy", "skops")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}


def requirements(encoder: object = None) -> list[str]:
    """What an environment needs to load the artifact, pinned, in pip's form."""
    names = ["roadworthy", "scikit-learn", "numpy", "scipy", "skops"]
    names += ["onnxruntime", "tokenizers"] if encoder is not None else []
    return [f"{name}=={importlib.metadata.version(name)}" for name in names]


def _probe(model: GuardedModel, text: str) -> Probe:
    answer = model.answer_one(text)
    return Probe(
        text=text,
        label=answer.label,
        confidence=None if isnan(answer.confidence) else answer.confidence,
        familiarity=answer.familiarity,
        reasons=answer.reasons,
    )


def _npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]  # numpy's stubs take every name for its flag
    return content.getvalue()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
