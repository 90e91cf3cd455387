"""Models that the store holds already: each is known by a hash of what it answers with, and is stored once."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.tracking.model import TRUSTED_PACKAGES

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from roadworthy.models.artifact import Artifact

MODEL_SHA256 = "roadworthy.model_sha256"


def estimator_sha256(estimator: object) -> str:
    """Hash an estimator that skops can carry.

    The hash is of what comes back from a skops file, for that is the same however often it is saved and loaded. (The
    file is not: skops numbers objects by their place in memory.)

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> estimator_sha256(LogisticRegression(C=2)) == estimator_sha256(LogisticRegression(C=2))
    True
    >>> estimator_sha256(LogisticRegression(C=2)) == estimator_sha256(LogisticRegression(C=3))
    False
    """
    return _sha256({"estimator": _hash(_reloaded(estimator))})


def artifact_sha256(artifact: Artifact) -> str:
    """Hash an artifact: its estimator, or the model that it names, its guard, and its encoder."""
    from roadworthy.features import with_encoder
    from roadworthy.models.hardened import HardenedClassifier
    from roadworthy.models.reference import fingerprint

    model, reference = artifact.model, artifact.reference
    guard, estimator = model.guard, model.estimator
    features = None
    if isinstance(estimator, HardenedClassifier):
        estimator = estimator.without_leftovers()
    else:
        features = _hash(_reloaded(with_encoder(guard.familiarity_.features, None)))
    return _sha256(
        {
            "classes": list(model.classes),
            "estimator": None if reference is not None else _hash(_reloaded(estimator)),
            "reference": reference,
            "source": None if reference is None else fingerprint(reference),
            "guard": _hash({name: np.ascontiguousarray(array) for name, array in guard.arrays().items()}),
            "settings": guard.settings(),
            "features": features,
            "encoder": _hash(guard.encoder),
        }
    )


def find_stored(client: MlflowClient, experiment_id: str, sha256: str) -> str | None:
    """Find a whole model of that hash: the newest of this experiment, or else of another; None if there is none."""
    others = [str(found.experiment_id) for found in client.search_experiments()]
    for experiments in filter(None, ([experiment_id], [other for other in others if other != experiment_id])):
        asked = f"tags.`{MODEL_SHA256}` = '{sha256}'"
        newest = [{"field_name": "creation_time", "ascending": False}]
        found = client.search_logged_models(experiments, filter_string=asked, order_by=newest)
        ready = [str(model.model_id) for model in found if str(model.status) == "READY"]
        if ready:
            return ready[0]
    return None


def _reloaded(estimator: object) -> Any:
    import skops.io

    content = skops.io.dumps(estimator)
    types = skops.io.get_untrusted_types(data=content)
    found = skops.io.loads(content, trusted=[name for name in types if name.partition(".")[0] in TRUSTED_PACKAGES])
    _forget_addresses(found)
    return found


def _forget_addresses(found: Any) -> None:
    """Take out what differs from process to process: a vectorizer keeps the address of its stop words."""
    from sklearn.base import BaseEstimator

    inner = found
    if isinstance(found, BaseEstimator):
        vars(found).pop("_stop_words_id", None)
        inner = list(vars(found).values())
    for part in inner:
        if isinstance(part, BaseEstimator | list | tuple):
            _forget_addresses(part)


def _hash(content: object) -> str:
    import joblib

    return str(joblib.hash(content, hash_name="sha1"))


def _sha256(parts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
