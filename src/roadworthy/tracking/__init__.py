"""Training and inspections as MLflow runs, in the store that MLflow's own settings name."""

from roadworthy.mlflow_store import (
    TrackedRun,
    is_available,
    store_uri,
    ui_address,
    ui_command,
    ui_environment,
)
from roadworthy.tracking.figures import inspection_metrics, inspection_params
from roadworthy.tracking.log import (
    track_artifact,
    track_inspection,
    track_notebook,
    track_refusal,
    track_training,
    upload,
)
from roadworthy.tracking.model import save_mlflow_model
from roadworthy.tracking.origin import Origin

__all__ = [
    "Origin",
    "TrackedRun",
    "inspection_metrics",
    "inspection_params",
    "is_available",
    "save_mlflow_model",
    "store_uri",
    "track_artifact",
    "track_inspection",
    "track_notebook",
    "track_refusal",
    "track_training",
    "ui_address",
    "ui_command",
    "ui_environment",
    "upload",
]
