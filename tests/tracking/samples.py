"""An inspection made by hand, messages and models for it, and what the store of a project holds."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from roadworthy import tracking
from roadworthy.data import Dataset
from roadworthy.inspection import (
    Check,
    Cost,
    DataCard,
    Example,
    Figure,
    Group,
    Inspection,
    ModelCard,
    Settings,
)

HERE = {"MLFLOW_TRACKING_URI", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"}
CLEAN = Dataset.of(
    ["where is my order", "refund please", "ring 020 7946 0958"] * 4,
    ["order", "refund", "call"] * 4,
    name="clean.csv",
)
REAL = Dataset.of(["wheres my ordr", "mail jo@example.org"], ["order", "call"], ["slang", "slang"], name="real.csv")


def split_each(text: str) -> list[str]:
    return text.split()


def figure(value: float | None, n: int = 12) -> Figure:
    return Figure(value=value, low=value and value / 2, high=value and (1 + value) / 2, n=n)


def make_group(kind: Any, name: str, accuracy: float, *, severity: int | None = None, oos: int = 0) -> Group:
    return Group(
        kind=kind,
        name=name,
        severity=severity,
        n=12,
        out_of_scope=oos,
        changed=figure(1.0) if severity else None,
        accuracy=figure(accuracy),
        accuracy_all=figure(accuracy / 2),
        difference=figure(accuracy - 0.9),
        flip_rate=Figure(n=0),
        mean_confidence=figure(0.8),
        calibration_error=figure(0.1),
        oov_rate=figure(0.2),
        silent_failure_rate=figure(1 - accuracy),
        coverage=figure(1.0),
        recall={"order": figure(accuracy)},
        verdict="pass",
    )


def make_inspection(**changes: Any) -> Inspection:
    check = Check(
        bound="b",
        group="clean",
        figure=figure(0.9),
        limit=0.95,
        verdict="fail",
        sentence="accuracy is too low",
    )
    example = Example(group="real", text="ring 020 7946 0958", label="call", predicted="order")
    whole = Inspection(
        roadworthy_version="0.1.0",
        created=datetime(2026, 1, 2, tzinfo=UTC),
        model=ModelCard(name="model", type="Pipeline", classes=("call", "order", "refund")),
        clean=DataCard(name=CLEAN.name, n=12, sha256=CLEAN.sha256, labelled=True, classes=3),
        real=DataCard(name=REAL.name, n=2, sha256=REAL.sha256, labelled=True, classes=2, kinds=("slang",)),
        settings=Settings(suite="quick", families=("typos",), severities=(1, 3), judged_severity=3, seed=7),
        cost=Cost(asked=40, predicted=36, cpu_seconds_per_1000=0.02, memory_mb=1.5, memory_batch=12),
        verdict="fail",
        groups=(
            make_group("clean", "all", 0.9),
            make_group("perturbed", "typos", 0.8, severity=1),
            make_group("perturbed", "typos", 0.5, severity=3),
            make_group("real", "all", 0.4, oos=1),
            make_group("real", "slang", 0.4, oos=1),
        ),
        checks=(check, check.model_copy(update={"verdict": "pass"})),
        bounds=(),
        findings=(),
        examples=(example,),
        confusions=(),
        histograms=(),
    )
    return whole.model_copy(update=changes)


def make_pipeline(**options: Any) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(CountVectorizer(**options), LogisticRegression()).fit(CLEAN.texts, CLEAN.labels)


def client() -> Any:
    import mlflow

    return mlflow.MlflowClient(tracking_uri=tracking.store_uri())


def files(run_id: str) -> dict[str, Path]:
    root = Path.cwd() / "mlruns" / "roadworthy" / run_id / "artifacts"
    return {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}


def logged_model(run: tracking.TrackedRun) -> tuple[Any, Path]:
    """Give the model that a run logged, and its folder."""
    model_id = client().get_run(run.run_id).outputs.model_outputs[0].model_id
    return client().get_logged_model(model_id), Path.cwd() / "mlruns/roadworthy/models" / model_id / "artifacts"
