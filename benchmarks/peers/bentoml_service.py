"""BentoML as its documentation shows it: a service with one API. MODEL names the file."""

import os
from typing import Any

import bentoml
import joblib


@bentoml.service(workers=1)
class Classifier:
    """Classify messages."""

    def __init__(self) -> None:
        self.model = joblib.load(os.environ["MODEL"])

    @bentoml.api
    def predict(self, text: str) -> dict[str, Any]:
        """Classify a message."""
        probabilities = self.model.predict_proba([text])[0]
        best = probabilities.argmax()
        return {"label": str(self.model.classes_[best]), "confidence": float(probabilities[best])}
