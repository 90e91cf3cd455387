"""The prediction log, which serving writes and monitoring reads: one row a prediction, in SQLite or PostgreSQL."""

from roadworthy.prediction_log.database import LogError, open_engine
from roadworthy.prediction_log.export import export_predictions
from roadworthy.prediction_log.log import PredictionLog
from roadworthy.prediction_log.moments import moment
from roadworthy.prediction_log.pruning import prune
from roadworthy.prediction_log.reading import count_predictions, has_prediction, read_predictions, stream_predictions
from roadworthy.prediction_log.recent import Minute, Traffic, traffic
from roadworthy.prediction_log.rows import Feedback, Prediction, new_id

__all__ = [
    "Feedback",
    "LogError",
    "Minute",
    "Prediction",
    "PredictionLog",
    "Traffic",
    "count_predictions",
    "export_predictions",
    "has_prediction",
    "moment",
    "new_id",
    "open_engine",
    "prune",
    "read_predictions",
    "stream_predictions",
    "traffic",
]
