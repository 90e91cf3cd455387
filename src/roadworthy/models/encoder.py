"""Sentence embeddings without torch: a transformer in ONNX Runtime, or the token table of a model2vec model."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from roadworthy.errors import MissingExtraError, ModelError, named
from roadworthy.models.onnx_export import AGAIN, POOLINGS, read_content, read_json, read_modules, read_transformer
from roadworthy.output import short_name, write_bytes, write_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

CARD = "encoder.json"
SCHEMA = 1
BATCH_SIZE = 32
MODEL2VEC_MAX_LENGTH = 512


class Encoder(Protocol):
    """What turns texts into vectors, so that texts of like meaning lie close together."""

    @property
    def name(self) -> str:
        """What to call it in messages."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of norm 1, shape (n, dimension), the same in any batch; zeros for a text without any token."""

    def save(self, directory: Path) -> None:
        """Write what `read_encoder` reads."""


@dataclass(frozen=True, eq=False, kw_only=True)
class _Tokenized:
    """What both kinds have; a text is cut after max_length tokens of the tokenizer, the content of a tokenizer.json."""

    kind: ClassVar[str]
    weights_file: ClassVar[str]
    name: str
    dimension: int
    max_length: int | None
    tokenizer: bytes = field(repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return {part.name: getattr(self, part.name) for part in fields(self)}

    @cached_property
    def _tokenizer(self) -> Any:
        return _made(self.tokenizer, self.max_length, self.name)

    def _save(self, directory: Path, weights: bytes) -> None:
        contents = {"tokenizer.json": self.tokenizer, self.weights_file: weights}
        for name, content in contents.items():
            write_bytes(directory / name, content)
        settings = {part.name: getattr(self, part.name) for part in fields(self) if part.repr}
        sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        card = {"schema": SCHEMA, "kind": self.kind, **settings, "sha256": sums}
        write_text(directory / CARD, json.dumps(card, indent=2) + "\n")


@dataclass(frozen=True, eq=False, kw_only=True)
class TransformerEncoder(_Tokenized):
    """A transformer as an ONNX graph, its token vectors pooled into one a text.

    Parameters
    ----------
    pooling
        ``mean``, ``cls`` (the first token) or ``max``.
    pad
        Id of the token that fills a batch.
    model
        Content of a model.onnx that gives one vector a token.
    """

    kind = "onnx"
    weights_file = "model.onnx"
    pooling: str
    pad: int
    model: bytes = field(repr=False)

    @cached_property
    def _graph(self) -> _Graph:
        return _Graph(self.model, self.name)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of norm 1, shape (n, dimension); zeros for a text without a token of its own."""
        tokens = [self._tokens(text) for text in texts]
        order = sorted((row for row, ids in enumerate(tokens) if ids), key=lambda row: len(tokens[row]))
        vectors = np.zeros((len(tokens), self.dimension), dtype=np.float32)
        for start in range(0, len(order), BATCH_SIZE):
            rows = order[start : start + BATCH_SIZE]
            vectors[rows] = self._batch([tokens[row] for row in rows])
        return _normalised(vectors)

    def _tokens(self, text: str) -> list[int]:
        encoding = self._tokenizer.encode(_encodable(text.strip()))
        ids: list[int] = encoding.ids
        return ids if 0 in encoding.special_tokens_mask else []

    def _batch(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        lengths = np.array([len(ids) for ids in tokens])
        mask = (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
        ids = np.full(mask.shape, self.pad, dtype=np.int64)
        ids[mask == 1] = np.concatenate(tokens)
        return pooled(self._graph(ids, mask), mask, self.pooling)

    def save(self, directory: Path) -> None:
        """Write what `read_encoder` reads: model.onnx, tokenizer.json, encoder.json."""
        self._save(directory, self.model)


@dataclass(frozen=True, eq=False, kw_only=True)
class StaticEncoder(_Tokenized):
    """A table of token vectors: a text is the mean of its tokens' rows.

    Parameters
    ----------
    unknown
        Id of the token that is left out, because it stands for words that the table does not know; or None.
    table
        One row a token id, shape (tokens, dimension).
    """

    kind = "static"
    weights_file = "embeddings.npy"
    unknown: int | None
    table: NDArray[Any] = field(repr=False)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of norm 1, shape (n, dimension); zeros for a text without a known token."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            ids = self._tokenizer.encode(_encodable(text), add_special_tokens=False).ids
            known = [token for token in ids if token != self.unknown]
            if known:
                vectors[row] = self.table[known].mean(axis=0, dtype=np.float32)
        return _normalised(vectors)

    def save(self, directory: Path) -> None:
        """Write what `read_encoder` reads: embeddings.npy, tokenizer.json, encoder.json."""
        content = io.BytesIO()
        np.save(content, self.table, allow_pickle=False)
        self._save(directory, content.getvalue())


class _Graph:
    """An ONNX Runtime session: token ids and their mask in, one vector a token out."""

    def __init__(self, model: bytes, name: str) -> None:
        runtime = _needed("onnxruntime")
        runtime.disable_telemetry_events()
        options = runtime.SessionOptions()
        # Errors are raised as well; warnings of how a graph could be faster are not for the user.
        options.log_severity_level = 4
        self.name = name
        try:
            self.session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"its ONNX graph does not load ({named(error)})", where=name, mend=AGAIN) from error
        self.inputs = [one.name for one in self.session.get_inputs()]
        outputs = [one.name for one in self.session.get_outputs() if len(one.shape) == 3]
        if not outputs:
            raise ModelError("its ONNX graph gives no token vectors", where=name, mend="export the transformer alone")
        self.output = outputs[0]

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        known = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        given = {name: value for name, value in known.items() if name in self.inputs}
        try:
            found: NDArray[Any] = self.session.run([self.output], given)[0]
        except Exception as error:
            raise ModelError(f"does not run ({named(error)})", where=self.name, mend="give another encoder") from error
        return found.astype(np.float32, copy=False)


def pooled(vectors: NDArray[np.float32], mask: NDArray[np.int64], pooling: str) -> NDArray[np.float32]:
    """One vector a text out of its tokens' vectors.

    Parameters
    ----------
    vectors
        Shape (n, tokens, dimension).
    mask
        Shape (n, tokens): 1 for a token of the text, which come first, 0 for what fills the batch.
    pooling
        ``mean``, ``cls`` or ``max``.

    Examples
    --------
    >>> vectors, mask = np.array([[[1.0, 4.0], [3.0, 2.0], [9.0, 9.0]]]), np.array([[1, 1, 0]])
    >>> [pooled(vectors, mask, way).tolist() for way in ("mean", "cls", "max")]
    [[[2.0, 3.0]], [[1.0, 4.0]], [[3.0, 4.0]]]
    """
    if pooling == "cls":
        return vectors[:, 0]
    real = mask[:, :, None].astype(bool)
    found: NDArray[np.float32] = (
        vectors.max(axis=1, where=real, initial=-np.inf) if pooling == "max" else vectors.mean(axis=1, where=real)
    )
    return found


def read_encoder(directory: Path) -> Encoder:
    """Read what an encoder's `save` wrote; no code is run, and no pickle read.

    Raises
    ------
    MissingExtraError
        The packages that it needs are not installed.
    ModelError
        A file is missing, damaged or of an unknown version.
    """
    card = read_json(directory / CARD)
    kind = {one.kind: one for one in (TransformerEncoder, StaticEncoder)}.get(str(card.get("kind")))
    if card.get("schema") != SCHEMA or kind is None:
        raise ModelError("is of an unknown version or kind", where=directory / CARD, mend="update roadworthy")
    settings: dict[str, Any] = {part.name: card.get(part.name) for part in fields(kind) if part.repr}
    wrong = [name for name, value in settings.items() if not _valid(name, value)]
    if wrong:
        raise ModelError(f"holds no valid {', '.join(wrong)}", where=directory / CARD, mend=AGAIN)
    settings["tokenizer"] = _verified(directory / "tokenizer.json", card)
    weights = _verified(directory / kind.weights_file, card)
    if kind is TransformerEncoder:
        return _proved(TransformerEncoder(model=weights, **settings))
    return _proved(StaticEncoder(table=_table(weights, directory / kind.weights_file), **settings))


def _table(content: bytes, file: Path) -> NDArray[Any]:
    try:
        return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))
    except (ValueError, EOFError) as error:
        raise ModelError(f"does not load ({named(error)})", where=file, mend=AGAIN) from error


def _valid(name: str, value: object) -> bool:
    if name == "name":
        return isinstance(value, str)
    if name == "pooling":
        return value in POOLINGS
    if value is None:
        return name in {"max_length", "unknown"}
    return type(value) is int and value >= (0 if name in {"pad", "unknown"} else 1)


def _verified(file: Path, card: Mapping[str, Any]) -> bytes:
    sums = card.get("sha256")
    content = read_content(file)
    if not isinstance(sums, dict) or hashlib.sha256(content).hexdigest() != sums.get(file.name):
        raise ModelError(f"is not the file that {CARD} names by its sha256", where=file, mend=AGAIN)
    return content


def _proved(encoder: TransformerEncoder | StaticEncoder) -> Encoder:
    """The encoder, once it is certain that its parts fit together: better now than at the first message."""
    last = max(encoder._tokenizer.get_vocab().values(), default=0)
    if isinstance(encoder, TransformerEncoder):
        fits = _width(encoder) == encoder.dimension
    else:
        table = encoder.table
        fits = table.dtype.kind in "fi" and table.ndim == 2 and last < len(table)
        fits = fits and table.shape[1] == encoder.dimension
    if not fits:
        raise ModelError("its weights do not fit its tokenizer or its dimension", where=encoder.name, mend=AGAIN)
    return encoder


def _width(encoder: TransformerEncoder) -> int:
    one = np.ones((1, 1), dtype=np.int64)
    return int(encoder._graph(one * encoder.pad, one).shape[-1])


def load_encoder(spec: str) -> Encoder:
    """Load the encoder that a spec names.

    Parameters
    ----------
    spec
        A directory, or a name on the Hugging Face hub, of a sentence-transformers or a model2vec model; or a
        directory that an encoder's `save` wrote. A transformer that comes without an ONNX graph is turned into one,
        which needs the extra transformers.

    Raises
    ------
    MissingExtraError
        The packages that it needs are not installed.
    ModelError
        There is no such encoder, or it is of a kind that is not supported.
    """
    local = Path(spec).is_dir()
    directory, name = (Path(spec), short_name(Path(spec))) if local else (_downloaded(spec), spec)
    if (directory / CARD).is_file():
        return read_encoder(directory)
    modules = read_modules(directory)
    if modules[0].kind == "StaticEmbedding":
        return _static(modules[0].directory, name)
    parts = read_transformer(directory, modules)
    encoder = TransformerEncoder(name=name, dimension=1, **parts._asdict())
    return _proved(replace(encoder, dimension=_width(encoder)))


def _downloaded(name: str) -> Path:
    try:
        hub = importlib.import_module("huggingface_hub")
        wanted = ["*.json", "*.safetensors", "model.onnx", "onnx/model.onnx"]
        return Path(hub.snapshot_download(name, allow_patterns=wanted))
    except Exception as error:
        raise ModelError(
            f"is no directory, and does not come from the hub ({named(error)})",
            where=name,
            mend="give the directory of a sentence-transformers or model2vec model",
        ) from error


def _static(directory: Path, name: str) -> Encoder:
    file = directory / "model.safetensors"
    load = _needed("safetensors.numpy").load
    content, tokenizer = read_content(file), read_content(directory / "tokenizer.json")
    try:
        tensors = load(content)
        table = _folded(tensors)
        dimension = table.shape[-1]
    except Exception as error:
        raise ModelError(f"does not load ({named(error)})", where=file, mend="give a model of model2vec") from error
    # A static model of sentence-transformers' own averages unknown tokens too, and cuts nothing.
    max_length, unknown = None, None
    if "embeddings" in tensors:
        max_length = read_json(directory / "config.json", optional=True).get("max_length", MODEL2VEC_MAX_LENGTH)
        unknown = _unknown(_made(tokenizer, max_length, name))
    shared: dict[str, Any] = {"name": name, "dimension": dimension, "max_length": max_length, "tokenizer": tokenizer}
    return _proved(StaticEncoder(**shared, unknown=unknown, table=table))


def _folded(tensors: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """One row a token id, out of the vectors, which rows of them the tokens share, and the tokens' weights."""
    table = tensors["embeddings"] if "embeddings" in tensors else tensors["embedding.weight"]
    if "mapping" in tensors:
        table = table[tensors["mapping"]]
    if "weights" in tensors:
        table = table.astype(np.float32) * tensors["weights"][:, None].astype(np.float32)
    return table


def _made(content: bytes, max_length: int | None, name: str) -> Any:
    kind = _needed("tokenizers").Tokenizer
    try:
        made = kind.from_str(content.decode("utf-8"))
        made.no_padding()
        made.no_truncation()
        if max_length is not None:
            made.enable_truncation(max_length)
    except Exception as error:
        raise ModelError(f"its tokenizer does not load ({named(error)})", where=name, mend=AGAIN) from error
    return made


def _unknown(tokenizer: Any) -> int | None:
    model = json.loads(tokenizer.to_str())["model"]
    word = model.get("unk_token")
    found: int | None = tokenizer.token_to_id(word) if word else model.get("unk_id")
    return found


def _normalised(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit


def _encodable(text: str) -> str:
    """The text without halves of characters, which no tokenizer takes."""
    return text.encode("utf-8", "ignore").decode("utf-8")


def _needed(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingExtraError("a sentence encoder", extra="encoder") from None
