"""Text-classification models of Hugging Face transformers, from a directory or by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import numpy as np

from roadworthy.errors import MissingExtraError, ModelError, named
from roadworthy.output import short_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH_SIZE = 32
_OPTIONS = ("batch_size", "device")
_MEND = "write hf:DIRECTORY?device=cpu&batch_size=16"


class HuggingFaceClassifier:
    """A sequence classifier with its tokenizer; long messages are cut to what the model can take.

    Parameters
    ----------
    model, tokenizer
        As transformers loads them; the model has one label a message.
    name
        What to call it in messages.
    batch_size
        How many messages it is given at a time.
    """

    def __init__(self, model: Any, tokenizer: Any, name: str, batch_size: int = BATCH_SIZE) -> None:
        labels = model.config.id2label
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.name = name
        self.classes: Sequence[str] = tuple(str(labels[i]) for i in range(model.config.num_labels))
        # Messages of different lengths can be asked about together only where the shorter ones can be filled up.
        self.batch_size = batch_size if tokenizer.pad_token is not None else 1
        self._longest = _longest(model, tokenizer)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities, shape (n, k), on the device that the model is on."""
        found = np.empty((len(texts), len(self.classes)))
        # Batches of messages of like length need the least filling up.
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(texts), self.batch_size):
            rows = order[start : start + self.batch_size]
            found[rows] = self._batch([texts[row] for row in rows])
        return found

    def _batch(self, texts: list[str]) -> NDArray[np.float64]:
        import torch

        encoded = self.tokenizer(
            texts, padding=self.batch_size > 1, truncation=True, max_length=self._longest, return_tensors="pt"
        )
        with torch.inference_mode():
            logits = self.model(**encoded.to(self.model.device)).logits
        probabilities: NDArray[np.float64] = torch.softmax(logits.double(), dim=-1).cpu().numpy()
        return probabilities


def _longest(model: Any, tokenizer: Any) -> int:
    """How many tokens of a message the model can take."""
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions is None:
        return int(tokenizer.model_max_length)
    embeddings = getattr(getattr(model, "base_model", None), "embeddings", None)
    first = getattr(getattr(embeddings, "position_embeddings", None), "padding_idx", None)
    # RoBERTa and its like count positions from behind that of the padding.
    return int(min(tokenizer.model_max_length, positions if first is None else positions - first - 1))


def load_huggingface(spec: str, *, allow_pickle: bool = False) -> HuggingFaceClassifier:
    """Load ``hf:DIRECTORY`` or ``hf:NAME``, with options as in ``hf:NAME?device=cpu&batch_size=16``.

    Code that comes with a model is never run. Weights are read from safetensors; older files of weights are pickles,
    and need `allow_pickle`.

    Raises
    ------
    MissingExtraError
        transformers or torch is not installed.
    ModelError
        There is no such model or option, or it gives several labels a message.
    """
    source, options = _source_and_options(spec)
    name = f"hf:{short_name(Path(source))}"
    return load_classifier(
        source,
        source,
        name,
        allow_pickle=allow_pickle,
        device=options.get("device"),
        batch_size=_batch_size(options.get("batch_size"), spec),
    )


def _source_and_options(spec: str) -> tuple[str, dict[str, str]]:
    whole = spec.removeprefix("hf:")
    source, mark, query = whole.rpartition("?")
    if not mark or Path(whole).exists():
        return whole, {}
    pairs = parse_qsl(query, keep_blank_values=True)
    unknown = [name for name, _ in pairs if name not in _OPTIONS]
    if unknown or not pairs:
        what = f"no option {unknown[0]!r}" if unknown else "no option behind the question mark"
        raise ModelError(what, where=spec, mend=_MEND)
    return source, dict(pairs)


def _batch_size(given: str | None, spec: str) -> int:
    if given is None:
        return BATCH_SIZE
    if not given.isdecimal() or int(given) < 1:
        raise ModelError(f"a batch of {given!r} messages", where=spec, mend=_MEND)
    return int(given)


def load_classifier(
    weights: str,
    vocabulary: str,
    name: str,
    *,
    allow_pickle: bool = False,
    revision: str = "main",
    device: str | None = None,
    batch_size: int = BATCH_SIZE,
) -> HuggingFaceClassifier:
    """Load a classifier and its tokenizer, each from a directory or by its name on the hub.

    Parameters
    ----------
    weights, vocabulary
        Where the model and its tokenizer are.
    name
        What to call it in messages.
    allow_pickle
        Weights in a pickle may be loaded.
    revision
        The revision of the model on the hub.
    device
        As torch calls it; the first GPU where there is one, or else the CPU.
    batch_size
        How many messages it is given at a time.

    Raises
    ------
    MissingExtraError
        transformers or torch is not installed.
    ModelError
        There is no such model or device, or it gives several labels a message.
    """
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError:
        raise MissingExtraError("a model of Hugging Face", extra="transformers") from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            vocabulary, revision=revision if vocabulary == weights else "main", trust_remote_code=False
        )
        model = AutoModelForSequenceClassification.from_pretrained(
            weights, revision=revision, trust_remote_code=False, use_safetensors=None if allow_pickle else True
        )
    except Exception as error:
        raise ModelError(
            f"does not load ({named(error)})", where=name, mend="give a directory or a name of a classifier"
        ) from error
    if model.config.problem_type == "multi_label_classification":
        raise ModelError("answers several labels a message", where=name, mend="give a single-label classifier")
    if model.config.num_labels < 2:
        raise ModelError("gives a number, not a label", where=name, mend="give a classifier of at least two classes")
    try:
        placed = model.to(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    except Exception as error:
        raise ModelError(f"no device {device!r} ({named(error)})", where=name, mend="name another one: cpu") from error
    return HuggingFaceClassifier(placed, tokenizer, name, batch_size)
