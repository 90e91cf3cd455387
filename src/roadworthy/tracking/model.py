"""What MLflow keeps as a model: an artifact with its guard, or a scikit-learn estimator alone; no pickle in either."""

from __future__ import annotations

import importlib.metadata
import shutil
import uuid
from typing import TYPE_CHECKING, Any

from roadworthy.errors import OutputError
from roadworthy.mlflow_store import quietly, require_mlflow, shortened
from roadworthy.models import skops_file
from roadworthy.output import require_writable
from roadworthy.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlflow.models import Model, ModelSignature

    from roadworthy.models.artifact import Artifact

# Where `load_model` looks for the artifact in the folder of an MLflow model.
FOLDER = "roadworthy"
TRUSTED_PACKAGES = ("numpy", "scipy", "sklearn", "roadworthy")
_EXAMPLES = 3


def save_mlflow_model(
    artifact: Artifact, path: Path, *, example: Sequence[str], mlflow_model: Model | None = None
) -> None:
    """Write an artifact as an MLflow model, which runs no code of its own when it is loaded.

    `mlflow.pyfunc.load_model` gives label, confidence, verdict, reasons and familiarity of each message.
    `mlflow.sklearn.load_model` gives the scikit-learn estimator alone, where there is one that needs no encoder.
    `roadworthy.load_model` gives the model with its guard.

    Parameters
    ----------
    path
        The folder to write; it may not be there yet.
    example
        Messages; the first three, redacted, become the model's input example.
    mlflow_model
        What MLflow knows of the model already, such as its run.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    ModelError
        The model can neither be saved by skops nor be found again by its spec.
    OutputError
        The folder is there already, or cannot be written.
    """
    require_mlflow()
    if path.exists():
        raise OutputError("is there already", where=path, mend="name another folder")
    require_writable(path.parent)
    stage = path.with_name(f".{uuid.uuid4().hex}")
    try:
        with quietly():
            _write(artifact, stage, examples(example), mlflow_model)
        stage.rename(path)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def examples(texts: Sequence[str]) -> list[str]:
    """A few messages that may be shown: redacted, and never none."""
    return [redact(text) for text in texts[:_EXAMPLES]] or ["a message"]


def carried_by_skops(estimator: object) -> tuple[list[str] | None, str]:
    """Find the types that loading the estimator must trust; None and the reason where it cannot be logged."""
    from sklearn.base import BaseEstimator

    if not isinstance(estimator, BaseEstimator) or not hasattr(estimator, "predict"):
        return None, "none: not a scikit-learn estimator"
    import skops.io

    try:
        types = skops.io.get_untrusted_types(data=skops.io.dumps(estimator))
    except Exception as error:
        return None, f"none: skops cannot save it ({shortened(str(error))})"
    foreign = [name for name in types if name.partition(".")[0] not in TRUSTED_PACKAGES]
    if foreign:
        return None, f"none: skops does not trust {', '.join(foreign)}"
    return list(types), "skops"


def save_estimator(estimator: Any, path: Path, *, example: Sequence[str], trusted: list[str], model: Model) -> None:
    """Write an estimator alone as an MLflow model; its requirements are stated, as inferring them starts processes."""
    import mlflow.sklearn
    import numpy as np
    from mlflow.models import infer_signature

    asked = np.array(examples(example))
    answers = np.asarray(estimator.predict(asked), dtype=str)
    mlflow.sklearn.save_model(
        estimator,
        str(path),
        mlflow_model=model,
        signature=infer_signature(asked, answers),
        input_example=asked,
        pip_requirements=_requirements(trusted),
        serialization_format="skops",
        skops_trusted_types=trusted,
    )


def _write(artifact: Artifact, path: Path, example: list[str], described: Model | None) -> None:
    import mlflow.pyfunc
    from mlflow.models import Model
    from mlflow.models.model import MLMODEL_FILE_NAME
    from mlflow.models.utils import _save_example
    from mlflow.utils.environment import _CONDA_ENV_FILE_NAME, _PYTHON_ENV_FILE_NAME

    from roadworthy.models import pyfunc
    from roadworthy.models.artifact import requirements

    artifact.save(path / FOLDER)
    model = Model() if described is None else described
    model.signature = _signature(artifact, example)
    _save_example(model, example, str(path))
    mlflow.pyfunc.add_to_model(
        model,
        loader_module=pyfunc.__name__,
        data=FOLDER,
        conda_env=_CONDA_ENV_FILE_NAME,
        python_env=_PYTHON_ENV_FILE_NAME,
    )
    if _stands_alone(artifact):
        _add_sklearn(model, path)
    _write_environment(path, [f"mlflow=={mlflow.__version__}", *requirements(artifact.model.guard.encoder)])
    model.model_size_bytes = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    model.save(str(path / MLMODEL_FILE_NAME))


def _signature(artifact: Artifact, example: list[str]) -> ModelSignature:
    """Messages in, the columns of an answer out; a blank message shows that the confidence may be missing."""
    from mlflow.models import infer_signature

    from roadworthy.models.pyfunc import PyfuncModel

    return infer_signature(example, PyfuncModel(artifact.model).predict([*example, ""]))


def _stands_alone(artifact: Artifact) -> bool:
    """Whether the estimator is in the artifact, and whole: an encoder is kept beside it."""
    from roadworthy.models.hardened import HardenedClassifier

    estimator = artifact.model.estimator
    needs_encoder = isinstance(estimator, HardenedClassifier) and estimator.encoder is not None
    return artifact.reference is None and not needs_encoder


def _add_sklearn(model: Model, path: Path) -> None:
    """Add what `mlflow.sklearn.save_model` would, for the file that the artifact holds already."""
    import skops.io

    from roadworthy.models.artifact import MODEL

    types = skops.io.get_untrusted_types(file=path / FOLDER / MODEL)
    model.add_flavor(
        "sklearn",
        pickled_model=f"{FOLDER}/{MODEL}",
        sklearn_version=importlib.metadata.version("scikit-learn"),
        serialization_format="skops",
        skops_trusted_types=[name for name in skops_file.TRUSTED if name in types],
        code=None,
    )


def _write_environment(path: Path, pinned: list[str]) -> None:
    """Write the three files by which MLflow makes an environment."""
    from mlflow.utils.environment import (
        _CONDA_ENV_FILE_NAME,
        _PYTHON_ENV_FILE_NAME,
        _REQUIREMENTS_FILE_NAME,
        _mlflow_conda_env,
        _PythonEnv,
    )

    _mlflow_conda_env(str(path / _CONDA_ENV_FILE_NAME), additional_pip_deps=pinned)
    _PythonEnv.current().to_yaml(str(path / _PYTHON_ENV_FILE_NAME))
    (path / _REQUIREMENTS_FILE_NAME).write_text("\n".join(pinned) + "\n", encoding="utf-8")


def _requirements(trusted: Sequence[str]) -> list[str]:
    names = ["scikit-learn", "numpy", "scipy", "skops"]
    if any(name.startswith("roadworthy.") for name in trusted):
        names.append("roadworthy")
    return [f"{name}=={importlib.metadata.version(name)}" for name in names]
