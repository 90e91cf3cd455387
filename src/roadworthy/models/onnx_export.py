"""A sentence-transformers directory as an ONNX graph with its settings; torch makes the graph if it has none."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from roadworthy.errors import MissingExtraError, ModelError, named

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPSET = 17
TOLERANCE = 1e-3
POOLINGS = ("mean", "cls", "max")
# A tokenizer without a bound says so by a huge number.
UNBOUNDED = 1_000_000
AGAIN = "copy it again, or save it again"
ANOTHER = "give a directory that holds onnx/model.onnx, or another encoder"


class Module(NamedTuple):
    """One step of a sentence-transformers model: its kind, and where its files are."""

    kind: str
    directory: Path


class Transformer(NamedTuple):
    """What an encoder is made of: see `roadworthy.models.encoder.TransformerEncoder`."""

    pooling: str
    max_length: int | None
    pad: int
    tokenizer: bytes
    model: bytes


def read_modules(directory: Path) -> list[Module]:
    """The modules of a model that turn texts into vectors, without the one that normalises them.

    Raises
    ------
    ModelError
        They are not a Transformer and a Pooling, nor a StaticEmbedding, or the directory holds no model.
    """
    if read_json(directory / "config.json", optional=True).get("model_type") == "model2vec":
        return [Module("StaticEmbedding", directory)]
    file = directory / "modules.json"
    if not file.is_file():
        read_json(directory / "config.json")
        return [Module("Transformer", directory), Module("Pooling", directory / "1_Pooling")]
    try:
        modules = [Module(_kind(one["type"]), directory / one["path"]) for one in json.loads(read_content(file))]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"is damaged ({named(error)})", where=file, mend=AGAIN) from error
    kinds = [module.kind for module in modules]
    wanted = len(kinds) - (kinds[-1:] == ["Normalize"])
    if kinds[:wanted] not in (["StaticEmbedding"], ["Transformer", "Pooling"]):
        raise ModelError(
            f"is made of {', '.join(kinds) or 'nothing'}",
            where=file,
            mend="give an encoder made of Transformer, Pooling and Normalize, or of StaticEmbedding",
        )
    return modules[:wanted]


def _kind(name: str) -> str:
    # What is not of the package's own is code that comes with the model: it keeps its full name, and is refused.
    return name.rpartition(".")[2] if name.startswith("sentence_transformers.") else name


def read_transformer(root: Path, modules: Sequence[Module]) -> Transformer:
    """Graph, tokenizer and settings of a model made of a Transformer and a Pooling.

    Raises
    ------
    MissingExtraError
        There is no graph, and what makes one is not installed.
    ModelError
        A file is missing or damaged, or asks for what is not supported.
    """
    transformer, pooling = modules
    if read_json(root / "config_sentence_transformers.json", optional=True).get("default_prompt_name"):
        raise ModelError("puts a prompt before every text", where=root, mend="give an encoder without a default prompt")
    config = read_json(transformer.directory / "config.json", optional=True)
    # The file is named after the model's family, sentence_bert_config.json nearly always.
    own: dict[str, Any] = {}
    for file in sorted(transformer.directory.glob("sentence_*_config.json"))[:1]:
        own = read_json(file)
    pad = config.get("pad_token_id")
    return Transformer(
        pooling=_pooling(pooling.directory),
        max_length=_max_length(transformer.directory, own, config),
        pad=pad if isinstance(pad, int) and pad > 0 else 0,
        tokenizer=_tokenizer(transformer.directory, lowercase=own.get("do_lower_case") is True),
        model=_model(transformer.directory),
    )


def _pooling(directory: Path) -> str:
    config = read_json(directory / "config.json", optional=True)
    switches = [name for name, on in config.items() if name.startswith("pooling_mode_") and on]
    old = [name.removeprefix("pooling_mode_").partition("_token")[0] for name in switches]
    given = config.get("pooling_mode") or old or "mean"
    modes = [given] if isinstance(given, str) else given
    if len(modes) != 1 or modes[0] not in POOLINGS:
        raise ModelError(
            f"pools by {', '.join(map(str, modes))}",
            where=directory,
            mend=f"give an encoder that pools by one of {', '.join(POOLINGS)}",
        )
    return str(modes[0])


def _max_length(directory: Path, own: Mapping[str, Any], config: Mapping[str, Any]) -> int | None:
    said = [own.get("max_seq_length")]
    if said == [None]:
        tokenizer = read_json(directory / "tokenizer_config.json", optional=True)
        said = [tokenizer.get("model_max_length"), config.get("max_position_embeddings")]
    return min((value for value in said if isinstance(value, int) and 0 < value < UNBOUNDED), default=None)


def _tokenizer(directory: Path, *, lowercase: bool) -> bytes:
    file = directory / "tokenizer.json"
    if not file.is_file():
        raise ModelError("no such file", where=file, mend="save the fast tokenizer of the model with transformers")
    if not lowercase:
        return read_content(file)
    made = read_json(file)
    parts = [{"type": "Lowercase"}, *([made["normalizer"]] if made.get("normalizer") else [])]
    return json.dumps({**made, "normalizer": {"type": "Sequence", "normalizers": parts}}).encode("utf-8")


def _model(directory: Path) -> bytes:
    for file in (directory / "onnx" / "model.onnx", directory / "model.onnx"):
        if file.is_file():
            return read_content(file)
    return export_onnx(directory)


def read_content(file: Path) -> bytes:
    """A file's bytes, or a `ModelError`."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelError(
            f"cannot be read ({error.strerror or error})", where=file, mend="check the directory"
        ) from None


def read_json(file: Path, *, optional: bool = False) -> dict[str, Any]:
    """A file's JSON object, or a `ModelError`; nothing at all for an optional file that is not there."""
    if optional and not file.is_file():
        return {}
    try:
        found = json.loads(read_content(file))
    except ValueError as error:
        raise ModelError(f"is no JSON ({named(error)})", where=file, mend=AGAIN) from None
    if not isinstance(found, dict):
        raise ModelError("is no JSON object", where=file, mend=AGAIN)
    return found


def export_onnx(directory: Path) -> bytes:  # pragma: no cover - needs torch
    """The transformer of a directory as ONNX: token ids and their mask in, one vector a token out.

    Weights are read from safetensors only, and no code that comes with a model is run. The graph takes batches of
    any shape; before it is handed out it has answered like torch on one that it was not traced with.

    Raises
    ------
    MissingExtraError
        torch, transformers or onnx is not installed.
    ModelError
        The model does not load, does not turn into ONNX, or answers otherwise there.
    """
    try:
        import onnx  # noqa: F401 - torch asks for it in the middle of the export
        import torch
        from transformers import AutoModel
    except ImportError:
        raise MissingExtraError("turning this encoder into ONNX", extra="transformers") from None
    try:
        model = AutoModel.from_pretrained(
            directory, use_safetensors=True, trust_remote_code=False, attn_implementation="eager"
        )
    except Exception as error:
        raise ModelError(
            f"does not load ({named(error)})", where=directory, mend="give a model saved as safetensors"
        ) from error
    try:
        with torch.inference_mode():
            content, difference = _traced(model.float().eval())
    except Exception as error:
        raise ModelError(f"does not turn into ONNX ({named(error)})", where=directory, mend=ANOTHER) from error
    if not difference < TOLERANCE:
        raise ModelError("answers otherwise as ONNX than in torch", where=directory, mend=ANOTHER)
    return content


def _traced(model: Any) -> tuple[bytes, float]:  # pragma: no cover - needs torch
    """The graph, and by how much it differs from the model on a batch of another shape."""
    import torch

    class TokenVectors(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    vectors = TokenVectors().eval()
    content = _graph(vectors, _inputs(2, 6))
    ids, mask = _inputs(3, 9)
    expected = vectors(ids, mask).numpy()
    found = _run(content, ids.numpy(), mask.numpy())
    real = mask.numpy() == 1
    return content, float(np.linalg.norm((found - expected)[real]) / np.linalg.norm(expected[real]))


def _inputs(texts: int, length: int) -> tuple[Any, Any]:  # pragma: no cover - needs torch
    """Token ids and a mask, the first text being shorter than the others."""
    import torch

    mask = torch.ones((texts, length), dtype=torch.int64)
    mask[0, length // 2 :] = 0
    return torch.arange(texts * length).reshape(texts, length) % 8, mask


def _graph(vectors: Any, inputs: tuple[Any, Any]) -> bytes:  # pragma: no cover - needs torch
    import torch

    names = ["input_ids", "attention_mask", "last_hidden_state"]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The exporter warns that it will go, and of every branch it takes; what it makes is compared with torch.
        warnings.simplefilter("ignore")
        file = Path(folder) / "model.onnx"
        torch.onnx.export(
            vectors,
            inputs,
            str(file),
            opset_version=OPSET,
            input_names=names[:2],
            output_names=names[2:],
            dynamic_axes={name: {0: "batch", 1: "sequence"} for name in names},
            dynamo=False,  # The newer one needs onnxscript as well.
        )
        return file.read_bytes()


def _run(
    content: bytes, ids: NDArray[np.int64], mask: NDArray[np.int64]
) -> NDArray[np.float32]:  # pragma: no cover - needs torch
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
    return found
