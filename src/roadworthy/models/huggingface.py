"""Text-classification models of Hugging Face transformers, from a directory or by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.errors import MissingExtraError, ModelError, named
from roadworthy.output import short_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH_SIZE = 32


class HuggingFaceClassifier:
    """A sequence classifier with its tokenizer; long messages are cut to what the model can take.

    Parameters
    ----------
    model, tokenizer
        As transformers loads them; the model has one label a message.
    name
        What to call it in messages.
    """

    def __init__(self, model: Any, tokenizer: Any, name: str) -> None:
        labels = model.config.id2label
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.name = name
        self.classes: Sequence[str] = tuple(str(labels[i]) for i in range(model.config.num_labels))

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities, shape (n, k), on the device that the model is on."""
        batches = [self._batch(list(texts[i : i + BATCH_SIZE])) for i in range(0, len(texts), BATCH_SIZE)]
        return np.concatenate(batches) if batches else np.empty((0, len(self.classes)))

    def _batch(self, texts: list[str]) -> NDArray[np.float64]:
        import torch

        longest = min(self.tokenizer.model_max_length, self.model.config.max_position_embeddings)
        encoded = self.tokenizer(texts, padding=True, truncation=True, max_length=longest, return_tensors="pt")
        with torch.inference_mode():
            logits = self.model(**encoded.to(self.model.device)).logits
        probabilities: NDArray[np.float64] = torch.softmax(logits.double(), dim=-1).cpu().numpy()
        return probabilities


def load_huggingface(spec: str, *, allow_pickle: bool = False) -> HuggingFaceClassifier:
    """Load ``hf:DIRECTORY`` or ``hf:NAME``; code that comes with a model is never run.

    Weights are read from safetensors; older files of weights are pickles, and need `allow_pickle`.

    Raises
    ------
    MissingExtraError
        transformers or torch is not installed.
    ModelError
        There is no such model, or it gives several labels a message.
    """
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError:
        raise MissingExtraError("models of Hugging Face", extra="transformers") from None
    source = spec.removeprefix("hf:")
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        model = AutoModelForSequenceClassification.from_pretrained(
            source, trust_remote_code=False, use_safetensors=None if allow_pickle else True
        )
    except Exception as error:
        raise ModelError(
            f"does not load ({named(error)})", where=spec, mend="give a directory or a name of a classifier"
        ) from error
    if model.config.problem_type == "multi_label_classification":
        raise ModelError("answers several labels a message", where=spec, mend="give a single-label classifier")
    if model.config.num_labels < 2:
        raise ModelError("gives a number, not a label", where=spec, mend="give a classifier of at least two classes")
    name = f"hf:{short_name(Path(source))}"
    return HuggingFaceClassifier(model.to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer, name)
