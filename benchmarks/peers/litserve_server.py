"""LitServe as its documentation shows it: decode, predict, encode. MODEL names the file; the port is the argument."""

import os
import sys
from typing import Any

import joblib
import litserve


class Classifier(litserve.LitAPI):
    """Classify messages."""

    def setup(self, device: str) -> None:
        """Load the model, once a worker."""
        self.model = joblib.load(os.environ["MODEL"])

    def decode_request(self, request: dict[str, Any]) -> str:
        """Take the text out of the request."""
        text: str = request["text"]
        return text

    def predict(self, x: str) -> tuple[str, float]:
        """Classify a message."""
        probabilities = self.model.predict_proba([x])[0]
        best = probabilities.argmax()
        return str(self.model.classes_[best]), float(probabilities[best])

    def encode_response(self, output: tuple[str, float]) -> dict[str, Any]:
        """Put the answer into the response."""
        label, confidence = output
        return {"label": label, "confidence": confidence}


if __name__ == "__main__":
    server = litserve.LitServer(Classifier(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, generate_client_file=False)
