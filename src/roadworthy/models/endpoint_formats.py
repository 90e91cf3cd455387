"""The protocols that endpoints speak: how messages are put to each, and how its answers are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from roadworthy.errors import ModelError, counted
from roadworthy.models.answers import read_answers
from roadworthy.models.endpoint_paths import find

if TYPE_CHECKING:
    from roadworthy.data import Predictions
    from roadworthy.models.endpoint_settings import Answer, EndpointSettings

# What is asked to find out in which form an endpoint wants its messages; nothing of the user's own.
PROBE = "where is my order"
# What the servers of scikit-learn models call their labels.
_USUAL = {"predict": "prediction"}

Body = Callable[[Sequence[str]], Any]
"""From messages to the JSON that asks about them."""
Read = Callable[[Any, int, str], "Predictions"]
"""From the JSON that comes back, the number of messages and the name of the endpoint to the answers."""
Settle = Callable[["Accepts", "Get"], Body | None]
"""Finds out how this endpoint wants its messages; None where it could not be found out now."""
Accepts = Callable[[Any], bool]
"""Whether the endpoint answers to a body."""
Get = Callable[[str], Any]
"""The JSON at an address, or None."""


@dataclass(frozen=True)
class Format:
    """How one endpoint is spoken to; `alone` where it takes one message a request."""

    body: Body
    read: Read
    settle: Settle | None = None
    alone: bool = False


def format_of(settings: EndpointSettings) -> Format:
    """The protocol of an endpoint, with the answers read by its own mapping where it has one."""
    found = _FORMATS[settings.protocol or "json"](settings)
    return found if settings.answer is None else replace(found, read=partial(_read_mapped, settings.answer))


def _mlflow(settings: EndpointSettings) -> Format:
    """MLflow's scoring protocol: a list of texts, or a table with a text column where the model wants one."""
    read = partial(_read_predictions, settings.classes)
    if settings.column is not None:
        return Format(partial(_table, settings.column), read)
    forms = (_list, partial(_table, "text"))

    def settle(accepts: Accepts, _: Get) -> Body | None:
        return next((form for form in forms if accepts(form([PROBE]))), None)

    return Format(_list, read, settle)


def _list(texts: Sequence[str]) -> Any:
    return {"inputs": list(texts)}


def _table(column: str, texts: Sequence[str]) -> Any:
    return {"dataframe_split": {"columns": [column], "data": [[text] for text in texts]}}


def _roadworthy(settings: EndpointSettings) -> Format:
    """Our own service: label, confidence, verdict and reasons."""
    return Format(lambda texts: {"texts": list(texts)}, partial(_read_predictions, settings.classes))


def _read_predictions(classes: Sequence[str], document: Any, n: int, where: str) -> Predictions:
    """What stands under `predictions`, or the whole where there is no such key."""
    found = document.get("predictions", document) if isinstance(document, Mapping) else document
    return read_answers(found, n, where, classes)


def _open_inference(settings: EndpointSettings) -> Format:
    """The Open Inference Protocol, version 2; the name and the rank of the input follow from the model's metadata."""
    read = partial(_read_outputs, settings.classes)
    metadata = settings.url.partition("?")[0].rstrip("/").removesuffix("/infer")

    def settle(_: Accepts, get: Get) -> Body | None:
        return partial(_tensor, *_input(get(metadata), settings.column))

    return Format(partial(_tensor, settings.column or "text", 1), read, settle)


def _input(metadata: Any, wanted: str | None) -> tuple[str, int]:
    """The name of the input that takes texts and its rank; what the metadata do not say is taken as usual."""
    inputs = metadata.get("inputs") if isinstance(metadata, Mapping) else None
    found = [item for item in inputs if isinstance(item, Mapping)] if isinstance(inputs, list) else []
    texts = [item for item in found if item.get("datatype") == "BYTES"]
    named = [item for item in texts or found if wanted in (None, item.get("name"))]
    if not named:
        return wanted or "text", 1
    shape = named[0].get("shape")
    return str(named[0].get("name", wanted or "text")), len(shape) if isinstance(shape, list) and shape else 1


def _tensor(name: str, rank: int, texts: Sequence[str]) -> Any:
    shape = [len(texts), *[1] * (rank - 1)]
    return {"inputs": [{"name": name, "shape": shape, "datatype": "BYTES", "data": list(texts)}]}


def _read_outputs(classes: Sequence[str], document: Any, n: int, where: str) -> Predictions:
    """A tensor of labels, with what stands beside it; or one of probabilities, in the order of the classes."""
    outputs = document.get("outputs") if isinstance(document, Mapping) else None
    if not isinstance(outputs, list) or not outputs or not all(map(_is_tensor, outputs)):
        raise ModelError("no outputs of the Open Inference Protocol", where=where, mend="name the paths in [answer]")
    tensors = {str(output.get("name", place)): _flat(output["data"]) for place, output in enumerate(outputs)}
    columns = {
        _USUAL.get(name, name): list(map(_parsed, values)) for name, values in tensors.items() if len(values) == n
    }
    if columns:
        return read_answers(columns, n, where, classes)
    values, k = next(iter(tensors.values())), len(classes)
    if not k or len(values) != n * k:
        what = f"{counted(len(values), 'value')} to {counted(n, 'message')}"
        raise ModelError(what, where=where, mend="give one label a message, or name the classes of the columns")
    return read_answers([values[start : start + k] for start in range(0, n * k, k)], n, where, classes)


def _is_tensor(output: Any) -> bool:
    return isinstance(output, Mapping) and isinstance(output.get("data"), list)


def _flat(values: list[Any]) -> list[Any]:
    """Tensors come flat, or as lists of rows."""
    return [item for value in values for item in (_flat(value) if isinstance(value, list) else [value])]


def _parsed(value: Any) -> Any:
    """Some servers put an answer into a string of JSON."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _json(settings: EndpointSettings) -> Format:
    """Any JSON: the body by a template."""
    template = settings.request.body if settings.request is not None else {}
    alone = not _takes_many(template)
    return Format(partial(_filled, template), partial(_read_predictions, settings.classes), alone=alone)


def _takes_many(template: Any) -> bool:
    if isinstance(template, Mapping):
        return any(map(_takes_many, template.values()))
    if isinstance(template, list):
        return _is_repeated(template) or any(map(_takes_many, template))
    return bool(template == "$texts")


def _is_repeated(template: list[Any]) -> bool:
    """Whether it is written once for every message: the outermost list of one item with a message in it."""
    written = repr(template)
    return len(template) == 1 and "$text" in written and "'$texts'" not in written


def _filled(template: Any, texts: Sequence[str]) -> Any:
    """The template with the messages in it.

    Examples
    --------
    >>> _filled({"rows": [{"q": "$text"}], "top": 1}, ["a", "b"])
    {'rows': [{'q': 'a'}, {'q': 'b'}], 'top': 1}
    """
    if isinstance(template, Mapping):
        return {key: _filled(value, texts) for key, value in template.items()}
    if isinstance(template, list) and _is_repeated(template):
        return [_filled(template[0], [text]) for text in texts]
    if isinstance(template, list):
        return [_filled(value, texts) for value in template]
    if template == "$texts":
        return list(texts)
    return template.replace("$text", texts[0]) if isinstance(template, str) else template


def _chat(settings: EndpointSettings) -> Format:
    from roadworthy.models.chat import body, read

    assert settings.chat is not None, "the settings see to it"
    return Format(partial(body, settings.chat), partial(read, settings.chat), alone=True)


def _read_mapped(mapping: Answer, document: Any, n: int, where: str) -> Predictions:
    """The answers where the mapping says that they stand."""
    if mapping.answers is not None:
        return read_answers(find(document, mapping.answers, n, where), n, where)
    paths = {"label": mapping.labels, "confidence": mapping.confidence, "verdict": mapping.verdict}
    return read_answers({key: find(document, path, n, where) for key, path in paths.items() if path}, n, where)


_FORMATS: Mapping[str, Callable[[EndpointSettings], Format]] = {
    "mlflow": _mlflow,
    "roadworthy": _roadworthy,
    "open-inference": _open_inference,
    "chat": _chat,
    "json": _json,
}
