"""Training and inspections as MLflow runs: parameters, figures with intervals, messages, model and report."""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.errors import TrackingError, counted
from roadworthy.inspection import Figure, Inspection
from roadworthy.models import as_model, ask
from roadworthy.tracking.figures import figures, gate_metrics, inspection_tags, refusal_tags, release_tags
from roadworthy.tracking.inspected import DECISION, ENVIRONMENT, log_inspection, stage
from roadworthy.tracking.nested import log_families
from roadworthy.tracking.run import environment, tracked_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from roadworthy.comparison import Comparison
    from roadworthy.data import Dataset
    from roadworthy.gate import Decision
    from roadworthy.mlflow_store import TrackedRun
    from roadworthy.models.adapt import Model
    from roadworthy.models.artifact import Artifact
    from roadworthy.models.mlflow_model import Registered
    from roadworthy.tracking.origin import Origin
    from roadworthy.tracking.run import OpenRun
    from roadworthy.training.notebook import NotebookModel

COST_MESSAGES = 1_000
DATA = "data.json"
# What a training measures on: its own messages, or parts of them that a copy of the model was not shown.
_PARTS = ("training", "held_out")


def track_training(
    *,
    recipe: str,
    estimator: object,
    data: Dataset,
    params: Mapping[str, object],
    metrics: Mapping[str, Figure],
    artifacts: Sequence[Path] = (),
    origin: Origin | None = None,
    experiment: str | None = None,
) -> TrackedRun:
    """Log a training: parameters, figures, the fingerprint of the messages, the model and its environment.

    The model goes up by skops, which runs no code when it is loaded. One that skops cannot carry is not
    logged, and the tag `roadworthy.model_format` says why.

    Parameters
    ----------
    recipe
        The name of the training recipe.
    estimator
        What was trained; a scikit-learn estimator that takes messages is logged as an MLflow model.
    data
        The training messages. Only three of them, redacted, go up, as the model's input example.
    metrics
        Figures by name; an interval becomes NAME_low and NAME_high.
    artifacts
        Files or folders to log as they are.
    origin
        The command that trained it, and the file of the messages (`training`).

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    TrackingError
        An artifact is missing, or the store cannot be reached or refuses the run.
    """
    return _track(
        recipe,
        data,
        lambda run: run.log_model(estimator, data.texts),
        params=params,
        metrics=metrics,
        artifacts=artifacts,
        origin=origin,
        experiment=experiment,
    )


def track_notebook(
    trained: NotebookModel, data: Dataset, pickles: Sequence[Path], *, origin: Origin | None = None
) -> TrackedRun:
    """Log what `train_notebook` gave: the one figure that a notebook has, what predictions cost, the two pickles."""
    return track_training(
        recipe="notebook",
        estimator=trained.pipeline,
        data=data,
        params={
            "vectorizer": type(trained.vectorizer).__name__,
            "model": type(trained.model).__name__,
            "vocabulary": len(trained.vectorizer.vocabulary_),
        },
        metrics={"training_accuracy": trained.training_figure, **_cost(as_model(trained.pipeline), data)},
        artifacts=pickles,
        origin=origin,
    )


def track_artifact(
    artifact: Artifact,
    data: Dataset,
    directory: Path,
    *,
    origin: Origin | None = None,
    experiment: str | None = None,
) -> TrackedRun:
    """Log how an artifact was made, and the artifact itself as an MLflow model with its guard.

    Parameters
    ----------
    artifact
        What `train_hardened` or `wrap` gave.
    data
        The messages that it was given; only three of them, redacted, go up, as the model's input example.
    directory
        The folder that the artifact was saved in; its roadworthy.json goes up as it is.
    origin
        The command that made it, and the file of the messages (`training`).

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    ModelError
        The model can neither be saved by skops nor be found again by its spec.
    TrackingError
        No artifact was saved there, or the store cannot be reached or refuses the run.
    """
    from roadworthy.models.artifact import CARD

    measured = {name: Figure.model_validate(values) for name, values in artifact.figures.items()}
    return _track(
        artifact.recipe,
        data,
        lambda run: run.log_artifact(artifact, data.texts),
        params=_artifact_params(artifact),
        metrics={**measured, **_cost(artifact.model, data)},
        artifacts=[Path(directory) / CARD],
        origin=origin,
        experiment=experiment,
    )


def track_inspection(
    inspection: Inspection,
    directory: Path,
    *,
    artifact: Artifact | None = None,
    estimator: object | None = None,
    clean: Dataset | None = None,
    real: Dataset | None = None,
    decision: Decision | None = None,
    comparison: Comparison | None = None,
    registered: Registered | None = None,
    champion: Registered | None = None,
    origin: Origin | None = None,
    experiment: str | None = None,
) -> TrackedRun:
    """Log an inspection: settings, figures with intervals, the report, and the model if it is given.

    Figures are named after their messages, so that MLflow groups them: `clean/accuracy`,
    `clean/accuracy_low`, `real/silent_failure_rate`, `real/slang/accuracy`; for perturbed messages
    `typos/accuracy`, whose step is the severity. Undefined figures are left out. Nested runs, one a family, hold
    the figures of the perturbed messages once more, under names that line up from family to family.

    A model is stored once: one that the store holds already becomes an input of the run, and is not sent again.

    Parameters
    ----------
    inspection
        What was found.
    directory
        The folder that `roadworthy.report.write_report` wrote; the report's files go up from there.
    artifact
        The inspected model with its guard, where it is an artifact; it is logged as in `track_artifact`.
    estimator
        The inspected model where it is no artifact; a scikit-learn estimator is logged as in `track_training`.
    clean, real
        The messages. If given, they go up with their personal data redacted, in the folder messages.
    decision
        How the gate decided; a release finds it by the tags `roadworthy.gate` and `roadworthy.gate_reason`.
    comparison
        What the comparison with the champion found.
    registered, champion
        The inspected version of a registered model, and the one that it was compared with.
    origin
        The command that inspected it, and the files of the messages (`clean`, `real`).

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    ModelError
        The artifact cannot be saved, for the model that it names by a spec has changed or is gone.
    TrackingError
        The store cannot be reached or refuses the run. The inspection stays in its directory, from where
        `upload` logs it later.
    """
    mend = f"the inspection is safe in {directory}; to upload it later: roadworthy track {shlex.quote(str(directory))}"
    name = f"inspection {inspection.model.name}"
    tags = inspection_tags(inspection, decision) | release_tags(registered, champion)
    if comparison is not None:
        tags["roadworthy.comparison"] = comparison.verdict
    with tracked_run(experiment, name, tags, mend, origin) as run:
        texts = clean.texts if clean is not None else [example.text for example in inspection.examples]
        log_inspection(
            run,
            inspection,
            lambda: _log_inspected(run, artifact, estimator, registered, texts),
            decision=decision,
        )
        with tempfile.TemporaryDirectory() as folder:
            stage(
                Path(folder),
                Path(directory),
                {"clean": clean, "real": real},
                decision=decision,
                comparison=comparison,
            )
            run.client.log_artifacts(run.run_id, folder)
        log_families(run, inspection)
    return run.tracked


def track_refusal(
    decision: Decision, registered: Registered, *, origin: Origin | None = None, experiment: str | None = None
) -> TrackedRun:
    """Log that a gate refused a version which could not be inspected, so that no older inspection of it counts.

    Parameters
    ----------
    decision
        The refusal, whose reasons become tags of the run.
    registered
        The version of a registered model that was to be inspected.
    origin
        The command that was to inspect it.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    TrackingError
        The store cannot be reached or refuses the run.
    """
    mend = f"inspect it again, for an older inspection of {registered.spec} may still count"
    tags = refusal_tags(decision) | release_tags(registered, None)
    with tracked_run(experiment, f"refused inspection {registered.spec}", tags, mend, origin) as run:
        run.log_values(gate_metrics(decision), run.origin.params)
    return run.tracked


def _log_inspected(
    run: OpenRun,
    artifact: Artifact | None,
    estimator: object | None,
    registered: Registered | None,
    texts: Sequence[str],
) -> str | None:
    """Link the inspected model where the store holds it, or else log it; None where it cannot be."""
    known = None if registered is None else run.registered_model(registered)
    if known is not None:
        return run.link_model(known)
    if artifact is not None:
        return run.log_artifact(artifact, texts, once=True)
    return None if estimator is None else run.log_model(estimator, texts, once=True)


def upload(directory: Path, *, experiment: str | None = None) -> TrackedRun:
    """Log the inspection that was saved in a folder: its figures and its files, without the messages and the model.

    A gate's decision that was saved beside it is logged, too.

    Raises
    ------
    DataError
        There is no inspection in the folder, or what is there cannot be read.
    """
    from roadworthy.gate import Decision

    place = Path(directory)
    inspection = Inspection.load(place)
    decision = Decision.load(place) if (place / DECISION).is_file() else None
    return track_inspection(inspection, place, decision=decision, experiment=experiment)


def _track(
    recipe: str,
    data: Dataset,
    log_model: Callable[[OpenRun], str | None],
    *,
    params: Mapping[str, object],
    metrics: Mapping[str, Figure],
    artifacts: Sequence[Path],
    origin: Origin | None,
    experiment: str | None,
) -> TrackedRun:
    """Log a training, whose model is logged by a function of the open run."""
    for path in artifacts:
        if not path.exists():
            raise TrackingError("no such file", where=path, mend="write it before it is tracked")
    tags = {
        "roadworthy.kind": "training",
        "roadworthy.recipe": recipe,
        "roadworthy.data_sha256": data.sha256,
        "mlflow.note.content": _training_note(recipe, data, metrics),
    }
    told = {} if origin is None else origin.params
    values = {"recipe": recipe, "messages": len(data), "classes": len(data.classes), **params, **told}
    mend = "check MLFLOW_TRACKING_URI; what was trained is not affected"
    with tracked_run(experiment, f"training {recipe}", tags, mend, origin) as run:
        run.log_input("training", data.name, len(data), data.sha256, labelled=data.labels is not None)
        model_id = log_model(run)
        run.log_values(figures("", _grouped(metrics)), values, model_id=model_id)
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            (place / ENVIRONMENT).write_text(environment(), encoding="utf-8")
            (place / DATA).write_text(_data_card(data), encoding="utf-8")
            for path in artifacts:
                shutil.copytree(path, place / path.name) if path.is_dir() else shutil.copy(path, place)
            run.client.log_artifacts(run.run_id, folder)
    return run.tracked


def _grouped(metrics: Mapping[str, Figure]) -> dict[str, Figure]:
    """The figures of a training as those of an inspection are named: the messages, a slash, and what was measured."""
    return {
        next(
            (f"{part}/{name.removeprefix(f'{part}_')}" for part in _PARTS if name.startswith(f"{part}_")), name
        ): figure
        for name, figure in metrics.items()
    }


def _training_note(recipe: str, data: Dataset, metrics: Mapping[str, Figure]) -> str:
    classes = counted(len(data.classes), "class", "classes")
    what = f"Recipe: **{recipe}**, on {counted(len(data), 'message')} of {classes} ({data.name})."
    said = [f"- {name.replace('_', ' ')}: {figure}" for name, figure in metrics.items() if "accuracy" in name]
    return "\n".join([what, "", *said])


def _data_card(data: Dataset) -> str:
    labels = dict(sorted(Counter(data.labels or ()).items()))
    card = {"name": data.name, "n": len(data), "sha256": data.sha256, "labels": labels}
    return json.dumps(card, ensure_ascii=False, indent=2) + "\n"


def _artifact_params(artifact: Artifact) -> dict[str, object]:
    """What was chosen for an artifact, and what was told, as far as it was."""
    guard = artifact.model.guard
    told = {"oos_label": guard.oos_label, "encoder": guard.encoder and guard.encoder.name, **artifact.parameters}
    return {name: value for name, value in told.items() if value is not None}


def _cost(model: Model, data: Dataset) -> dict[str, Figure]:
    """What predictions cost, under the names that an inspection gives them too."""
    answers = ask(model, data.sample(COST_MESSAGES).texts)
    return {
        "cost/cpu_seconds_per_1000": Figure(value=answers.cpu_seconds_per_1000, n=len(answers.predictions)),
        "cost/memory_mb": Figure(value=answers.memory_mb, n=answers.memory_batch),
    }
