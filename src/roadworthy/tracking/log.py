"""Training and inspections as MLflow runs: parameters, figures with intervals, messages, model and report."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.errors import TrackingError
from roadworthy.inspection import Figure, Inspection
from roadworthy.models import as_model, ask
from roadworthy.redaction import redact
from roadworthy.report.folder import FIGURES, NAMES
from roadworthy.tracking.run import environment, tracked_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from roadworthy.data import Dataset
    from roadworthy.inspection import Group
    from roadworthy.models.adapt import Model
    from roadworthy.models.artifact import Artifact
    from roadworthy.tracking.run import OpenRun
    from roadworthy.tracking.store import TrackedRun
    from roadworthy.training.notebook import NotebookModel

COST_MESSAGES = 1_000
REPORT_FILES = tuple(NAMES.values())
# What MLflow takes in the name of a metric; the name of a kind or a label may hold anything.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_\-. :/]")


def track_training(
    *,
    recipe: str,
    estimator: object,
    data: Dataset,
    params: Mapping[str, object],
    metrics: Mapping[str, Figure],
    artifacts: Sequence[Path] = (),
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
        experiment=experiment,
    )


def track_notebook(trained: NotebookModel, data: Dataset, pickles: Sequence[Path]) -> TrackedRun:
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
    )


def track_artifact(artifact: Artifact, data: Dataset, directory: Path, *, experiment: str | None = None) -> TrackedRun:
    """Log how an artifact was made, and the artifact itself as an MLflow model with its guard.

    Parameters
    ----------
    artifact
        What `train_hardened` or `wrap` gave.
    data
        The messages that it was given; only three of them, redacted, go up, as the model's input example.
    directory
        The folder that the artifact was saved in; its roadworthy.json goes up as it is.

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
    experiment: str | None = None,
) -> TrackedRun:
    """Log an inspection: settings, figures with intervals, the report, and the model if it is given.

    Figures are named after their messages, so that MLflow groups them: `clean/accuracy`,
    `clean/accuracy_low`, `real/silent_failure_rate`, `real/slang/accuracy`; for perturbed messages
    `typos/accuracy`, whose step is the severity. Undefined figures are left out.

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
    with tracked_run(experiment, name, _inspection_tags(inspection), mend) as run:
        for context, card in (("clean", inspection.clean), ("real", inspection.real)):
            if card is not None:
                run.log_input(context, card.name, card.n, card.sha256, labelled=card.labelled)
        texts = clean.texts if clean is not None else [example.text for example in inspection.examples]
        model_id = None
        if artifact is not None:
            model_id = run.log_artifact(artifact, texts)
        elif estimator is not None:
            model_id = run.log_model(estimator, texts)
        run.log_values(inspection_metrics(inspection), inspection_params(inspection), model_id=model_id)
        with tempfile.TemporaryDirectory() as folder:
            _stage(Path(folder), Path(directory), {"clean": clean, "real": real})
            run.client.log_artifacts(run.run_id, folder)
    return run.tracked


def upload(directory: Path, *, experiment: str | None = None) -> TrackedRun:
    """Log the inspection that was saved in a folder: its figures and its files, without the messages and the model.

    Raises
    ------
    DataError
        There is no inspection in the folder.
    """
    return track_inspection(Inspection.load(directory), Path(directory), experiment=experiment)


def inspection_metrics(inspection: Inspection) -> list[tuple[str, int, float]]:
    """Give the figures of an inspection as metrics: name, step (the severity, or 0) and value."""
    rows: list[tuple[str, int, float]] = []
    for group in inspection.groups:
        prefix = f"{group.name}/" if group.kind == "perturbed" else f"{group.key}/"
        rows += _figures(prefix, _group_figures(group), step=group.severity or 0)
    verdicts = [check.verdict for check in inspection.checks]
    return [
        *rows,
        ("checks/failed", 0, float(verdicts.count("fail"))),
        ("checks/advisory", 0, float(verdicts.count("advisory"))),
        ("cost/cpu_seconds_per_1000", 0, inspection.cost.cpu_seconds_per_1000),
        ("cost/memory_mb", 0, inspection.cost.memory_mb),
    ]


def inspection_params(inspection: Inspection) -> dict[str, object]:
    """Give what tells one inspection from another: model, messages and settings, as far as they are set."""
    settings, model, real = inspection.settings, inspection.model, inspection.real
    values = {
        "model": model.name,
        "model_type": model.type,
        "guarded": model.guarded,
        "vocabulary_size": model.vocabulary_size,
        "classes": len(model.classes),
        "clean": inspection.clean.name,
        "clean_messages": inspection.clean.n,
        "real": real and real.name,
        "real_messages": real and real.n,
        "suite": settings.suite,
        "families": ", ".join(settings.families),
        "severities": ", ".join(map(str, settings.severities)),
        "seed": settings.seed,
        "sample": settings.sample,
        "oos_label": settings.oos_label,
        "confidence_level": inspection.confidence_level,
        "roadworthy_version": inspection.roadworthy_version,
    }
    return {name: value for name, value in values.items() if value is not None}


def _track(
    recipe: str,
    data: Dataset,
    log_model: Callable[[OpenRun], str | None],
    *,
    params: Mapping[str, object],
    metrics: Mapping[str, Figure],
    artifacts: Sequence[Path],
    experiment: str | None,
) -> TrackedRun:
    """Log a training, whose model is logged by a function of the open run."""
    for path in artifacts:
        if not path.exists():
            raise TrackingError("no such file", where=path, mend="write it before it is tracked")
    tags = {"roadworthy.kind": "training", "roadworthy.recipe": recipe}
    values = {"recipe": recipe, "messages": len(data), "classes": len(data.classes), **params}
    mend = "check MLFLOW_TRACKING_URI; what was trained is not affected"
    with tracked_run(experiment, f"training {recipe}", tags, mend) as run:
        run.log_input("training", data.name, len(data), data.sha256, labelled=data.labels is not None)
        model_id = log_model(run)
        run.log_values(_figures("", metrics), values, model_id=model_id)
        with tempfile.TemporaryDirectory() as folder:
            stage = Path(folder)
            (stage / "environment.txt").write_text(environment(), encoding="utf-8")
            for path in artifacts:
                shutil.copytree(path, stage / path.name) if path.is_dir() else shutil.copy(path, stage)
            run.client.log_artifacts(run.run_id, folder)
    return run.tracked


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


def _group_figures(group: Group) -> dict[str, Figure]:
    # Without out-of-scope messages accuracy_all repeats accuracy; clean messages differ from themselves by 0.
    skipped = {"accuracy_all": not group.out_of_scope, "difference": group.kind == "clean"}
    figures = {name: figure for name, figure in group if isinstance(figure, Figure) and not skipped.get(name)}
    recall = group.recall if group.key in ("clean", "real") else {}
    return figures | {f"recall/{label}": figure for label, figure in recall.items()}


def _figures(prefix: str, figures: Mapping[str, Figure], *, step: int = 0) -> list[tuple[str, int, float]]:
    rows: list[tuple[str, float | None]] = []
    for name, figure in figures.items():
        rows += [(name, figure.value), (f"{name}_low", figure.low), (f"{name}_high", figure.high)]
    return [(_NOT_IN_NAMES.sub("_", prefix + name), step, value) for name, value in rows if value is not None]


def _inspection_tags(inspection: Inspection) -> dict[str, str]:
    found = [f"- {check.sentence}" for check in inspection.checks if check.verdict != "pass"]
    note = "\n".join([f"Verdict: **{inspection.verdict}**. The report is among the artifacts.", "", *found[:10]])
    return {
        "roadworthy.kind": "inspection",
        "roadworthy.verdict": inspection.verdict,
        "roadworthy.model": inspection.model.name,
        "mlflow.note.content": redact(note),
    }


def _stage(stage: Path, directory: Path, messages: Mapping[str, Dataset | None]) -> None:
    (stage / "environment.txt").write_text(environment(), encoding="utf-8")
    for name in REPORT_FILES:
        if (directory / name).is_file():
            shutil.copy(directory / name, stage)
    if (directory / FIGURES).is_dir():
        shutil.copytree(directory / FIGURES, stage / FIGURES)
    for context, data in messages.items():
        if data is not None:
            (stage / "messages").mkdir(exist_ok=True)
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _redacted_rows(data))
            (stage / "messages" / f"{context}.jsonl").write_text(lines, encoding="utf-8")


def _redacted_rows(data: Dataset) -> Iterator[dict[str, str]]:
    columns = {"text": map(redact, data.texts), "label": data.labels, "kind": data.kinds}
    present = {name: column for name, column in columns.items() if column is not None}
    for row in zip(*present.values(), strict=True):
        yield dict(zip(present, row, strict=True))
