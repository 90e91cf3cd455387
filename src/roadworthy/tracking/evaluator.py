"""The inspection as an evaluator of MLflow's: `mlflow.models.evaluate(..., evaluators=["roadworthy"])`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow.models.evaluation import ModelEvaluator
from pydantic import BaseModel, ConfigDict, ValidationError

from roadworthy.errors import DataError, ModelError, SettingsError, counted, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow.models.evaluation import EvaluationArtifact, EvaluationResult

    from roadworthy.comparison import Comparison
    from roadworthy.data import Dataset
    from roadworthy.gate import Decision, Gate
    from roadworthy.gate.champion import Champion
    from roadworthy.inspection import Inspection
    from roadworthy.models.adapt import Model

FOLDER = "roadworthy"
_MODEL_TYPES = ("classifier", "text")
_PROBES = 3


class Settings(BaseModel):
    """What `evaluator_config` may say; each means what it means to `roadworthy inspect`.

    Parameters
    ----------
    suite
        quick, standard, full, or a TOML file.
    profile
        A built-in profile, or the file of one.
    slices
        Columns of the data and of `real` to tell the figures apart by.
    seed, sample, oos_label
        As in `roadworthy.inspect`.
    text
        The column of the messages; by default the only one, or one of the usual names.
    real, kind
        A file of messages that real users sent, and its column that says what kind a message is.
    train
        A file of the training messages, to find overlaps with them.
    gate
        True for the gate of the project, else a file, or a table of bounds; False for none.
    champion
        With a gate, the spec of a model that this one must not be worse than; by default the champion of the registered
        model that it is a version of.
    allow_pickle
        Load a champion although its files run code when they are loaded.
    col_mapping
        MLflow's own, for the names of columns.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    suite: str | Path = "standard"
    profile: str | Path | None = None
    slices: tuple[str, ...] = ()
    seed: int = 0
    sample: int | None = None
    oos_label: str | None = None
    text: str | None = None
    real: str | Path | None = None
    kind: str | None = None
    train: str | Path | None = None
    gate: bool | str | Path | dict[str, Any] = False
    champion: str | None = None
    allow_pickle: bool = False
    col_mapping: dict[str, str] | None = None


_KEYS = set(Settings.model_fields) - {"col_mapping"}


class RoadworthyEvaluator(ModelEvaluator):  # type: ignore[misc]  # MLflow's classes have no types
    """Inspects a text classifier in the run that MLflow evaluates it in.

    The metrics are named as those of `roadworthy inspect`, and perturbed messages have nested runs, one a family; so
    evaluations and inspections line up in MLflow's compare view. The report is in the folder roadworthy among the
    artifacts. What `evaluate` returns holds the figures that a verdict is about, those of perturbed messages as
    ``typos/3/accuracy``; with a gate also ``gate/passed``, which `mlflow.validate_evaluation_results` can ask for.
    """

    name = "roadworthy"

    def __init__(self) -> None:
        self._asked = 0

    def can_evaluate(self, *, model_type: str | None, evaluator_config: dict[str, Any], **kwargs: Any) -> bool:
        """Tell whether to inspect: the model is a classifier of texts, and somebody named this evaluator.

        Where nobody names an evaluator, MLflow takes every one that is installed, for tables of numbers as well. An
        inspection asks a model many times and must not come unasked; so then only settings of ours call for it.
        """
        # MLflow asks once before it evaluates, and once more, earlier, where it looks for evaluators by itself.
        self._asked += 1
        is_named = self._asked == 1 or bool(_KEYS & set(evaluator_config))
        return model_type in _MODEL_TYPES and is_named

    def evaluate(
        self,
        *,
        model_type: str,
        dataset: Any,
        run_id: str,
        evaluator_config: dict[str, Any],
        model: Any = None,
        **kwargs: Any,
    ) -> EvaluationResult:
        """Inspect the model, and log what is found into the run.

        Raises
        ------
        DataError
            The data have no labels, or no column of texts.
        ModelError
            There is no model to ask, or it does not take texts.
        SettingsError
            `evaluator_config` says what nothing is known of.
        """
        from mlflow.models.evaluation import EvaluationResult

        from roadworthy.gate import decide
        from roadworthy.gate.champion import inspect_against
        from roadworthy.tracking.figures import gate_metrics, judged_metrics

        settings = read_settings(evaluator_config)
        gate = _gate(settings)
        clean, column = _messages(dataset, settings)
        real = _real(settings)
        asked = _model(model, clean.texts, column)
        champion = None if gate is None else _champion(model, kwargs.get("model_id"), settings)
        inspection, comparison = inspect_against(
            champion,
            asked,
            clean,
            allow_pickle=settings.allow_pickle,
            real=real,
            train=_training(model, kwargs.get("model_id"), settings, clean),
            oos_label=settings.oos_label,
            suite=settings.suite,
            profile=settings.profile,
            slices=settings.slices,
            sample=settings.sample,
            seed=settings.seed,
        )
        spec = None if champion is None else champion.spec
        decision = None if gate is None else decide(inspection, gate, comparison, champion=spec)
        artifacts = _log(run_id, inspection, decision, comparison)
        decided = {} if decision is None else {name: value for name, _, value in gate_metrics(decision)}
        return EvaluationResult(judged_metrics(inspection) | decided, artifacts, run_id)


def read_settings(config: dict[str, Any] | None) -> Settings:
    """Check what `evaluator_config` says.

    Raises
    ------
    SettingsError
        A key is unknown, or a value cannot be used.

    Examples
    --------
    >>> read_settings({"suite": "quick"}).suite
    'quick'
    >>> read_settings({"suit": "quick"})
    Traceback (most recent call last):
    roadworthy.errors.SettingsError: evaluator_config: suit is unknown; use suite, profile, slices, seed, ...
    """
    try:
        return Settings.model_validate(config or {})
    except ValidationError as error:
        known = ", ".join(name for name in Settings.model_fields if name in _KEYS)
        first: Any = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"][:1]))
        unknown = first["type"] == "extra_forbidden"
        what = f"{key} is unknown" if unknown else f"{key}: {first['msg']}"
        mend = f"use {known}" if unknown else "give it as roadworthy inspect takes it"
        raise SettingsError(what, where="evaluator_config", mend=mend) from None


def _gate(settings: Settings) -> Gate | None:
    """The gate that is asked for, read before the work starts."""
    from roadworthy.gate import Gate, read_gate

    if settings.gate is False:
        return None
    if not isinstance(settings.gate, dict):
        return read_gate(None if settings.gate is True else settings.gate)
    try:
        return Gate.model_validate(settings.gate)
    except ValidationError as error:
        first: Any = error.errors(include_url=False)[0]
        place = ".".join(map(str, ("gate", *first["loc"])))
        raise SettingsError(
            f"{place}: {first['msg']}", where="evaluator_config", mend="see roadworthy.gate.Gate for the bounds"
        ) from None


def _champion(model: Any, model_id: str | None, settings: Settings) -> Champion | None:
    """The champion that was named, or that of the registered model of which this is a version.

    MLflow does not say by which spec it loaded a model; its store knows what was made from it.
    """
    from roadworthy.gate.champion import find_champion
    from roadworthy.models.mlflow_model import versions_of

    if settings.champion is not None:
        return find_champion(settings.champion, None)
    own = versions_of(*_ids(model, model_id))
    found = {champion.spec: champion for version in own if (champion := find_champion(None, version)) is not None}
    rivals = [found[spec] for spec in sorted(found.keys() - {version.spec for version in own})]
    if len(rivals) > 1:
        raise SettingsError(
            f"the model has several champions: {', '.join(rival.spec for rival in rivals)}",
            where="evaluator_config",
            mend="name the one to compare it with: champion",
        )
    return rivals[0] if rivals else None


def _ids(model: Any, model_id: str | None) -> tuple[str | None, str | None]:
    """The logged model that is evaluated, and the run that logged it, where these are known."""
    metadata = getattr(model, "metadata", None)
    return getattr(metadata, "model_id", None) or model_id, getattr(metadata, "run_id", None)


def _training(model: Any, model_id: str | None, settings: Settings, clean: Dataset) -> Dataset | None:
    """The training messages that were given, or else the clean ones where the model's record says that it is them."""
    from roadworthy.comparison.runs import is_trained_on
    from roadworthy.data import read_dataset

    if settings.train is not None:
        return read_dataset(settings.train, needs_label=False)
    logged, run_id = _ids(model, model_id)
    if logged is None and run_id is None:
        return None
    return clean if is_trained_on(f"runs:/{run_id}/model" if logged is None else f"models:/{logged}", clean) else None


def _messages(dataset: Any, settings: Settings) -> tuple[Dataset, str | None]:
    """The messages that MLflow holds, and the column that they stand in; None where they are no table."""
    from roadworthy.data import Dataset, filled, require_classes, text_column

    name = str(dataset.path or dataset.name or "dataset")
    if dataset.labels_data is None:
        raise DataError("no labels", where=name, mend="name their column: targets=...")
    features = dataset.features_data
    column: str | None = None
    columns: dict[str, list[Any]] = {}
    if hasattr(features, "columns"):
        single = len(features.columns) == 1 and settings.text is None
        column = features.columns[0] if single else text_column(features, settings.text, Path(name))
        columns = {name: filled(features, name) for name in settings.slices if name in features.columns}
        features = features[column]
    elif getattr(features, "ndim", 1) == 2 and features.shape[1] == 1:
        features = features[:, 0]
    data = Dataset.of(list(features), list(dataset.labels_data), name=name, columns=columns)
    return require_classes(data), column


def _real(settings: Settings) -> Dataset | None:
    from roadworthy.data import read_dataset

    if settings.real is None:
        return None
    return read_dataset(settings.real, kind=settings.kind, needs_label=False, slices=settings.slices)


def _model(model: Any, texts: Sequence[str], column: str | None) -> Model:
    """What MLflow would ask, as a model of ours; with its guard or its probabilities, where it has them."""
    from roadworthy.models import as_model
    from roadworthy.models.guarded import GuardedModel
    from roadworthy.models.mlflow_flavours import PyfuncAdapter

    if model is None:
        mend = "give the model; predictions that are there already say nothing of perturbed messages"
        raise ModelError("there is none to ask", where="model", mend=mend)
    raw = _raw(model)
    if isinstance(raw, GuardedModel):
        return raw
    name = str(getattr(getattr(model, "metadata", None), "model_id", None) or type(model).__name__)
    probes = list(texts[:_PROBES])
    if raw is not None and _answers(raw.predict, probes, len(probes)) is None:
        return as_model(raw, name=name)
    failures = []
    for form in _forms(column):
        failure = _answers(model.predict, form(probes), len(probes))
        if failure is None:
            return PyfuncAdapter(model, form, name)
        failures.append(failure)
    raise ModelError(
        f"does not answer texts ({named(failures[0])})", where=name, mend="log it with a signature that takes texts"
    ) from failures[0]


def _forms(column: str | None) -> list[Any]:
    """The forms in which a model may take texts: as the data are, then any other."""
    from roadworthy.models.mlflow_flavours import Form

    given = [] if column is None else [Form("frame", column)]
    return [*given, Form("list"), Form("series"), Form("array"), Form("frame")]


def _raw(model: Any) -> Any:
    """The model behind a python_function: one of ours, or a scikit-learn estimator; None for any other."""
    from sklearn.base import BaseEstimator

    from roadworthy.models.guarded import GuardedModel

    try:
        raw = model.get_raw_model()
    except (AttributeError, NotImplementedError):
        return None
    return raw if isinstance(raw, GuardedModel | BaseEstimator) else None


def _answers(ask: Any, given: Any, n: int) -> Exception | None:
    """What goes wrong when n messages are asked in one form; None where as many answers come."""
    try:
        answered = len(ask(given))
    except Exception as error:
        return error
    return None if answered == n else ValueError(f"{counted(answered, 'answer')} to {counted(n, 'message')}")


def _log(
    run_id: str, inspection: Inspection, decision: Decision | None, comparison: Comparison | None
) -> dict[str, EvaluationArtifact]:
    """Log into the run that MLflow opened; the artifacts by name, as `evaluate` returns them."""
    import mlflow
    from mlflow.models.evaluation.artifacts import JsonEvaluationArtifact, TextEvaluationArtifact

    from roadworthy.mlflow_store import TrackedRun
    from roadworthy.report import write_report
    from roadworthy.tracking.inspected import COMPARISON, DECISION, log_evaluation, stage
    from roadworthy.tracking.nested import log_families
    from roadworthy.tracking.run import OpenRun

    client = mlflow.MlflowClient()
    info = client.get_run(run_id).info
    run = OpenRun(client, TrackedRun(run_id, info.experiment_id, mlflow.get_tracking_uri()))
    log_evaluation(run, inspection, decision)
    found: dict[str, EvaluationArtifact] = {}
    with tempfile.TemporaryDirectory() as folder:
        report, place = Path(folder) / "report", Path(folder) / "stage"
        place.mkdir()
        write_report(inspection, report)
        stage(place, report, {}, decision=decision, comparison=comparison)
        client.log_artifacts(run_id, str(place), FOLDER)
        for name, kind in (
            ("report.html", TextEvaluationArtifact),
            ("inspection.json", JsonEvaluationArtifact),
            (DECISION, JsonEvaluationArtifact),
            (COMPARISON, JsonEvaluationArtifact),
        ):
            if (place / name).is_file():
                artifact = kind(uri=f"{info.artifact_uri}/{FOLDER}/{name}")
                artifact._load(str(place / name))
                found[f"{FOLDER}/{name}"] = artifact
    log_families(run, inspection)
    return found
