"""Classifiers that are a prompt: what an OpenAI-compatible chat endpoint is asked, and the one place that reads it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from string import Template
from typing import TYPE_CHECKING, Any

from roadworthy.columns import label_text
from roadworthy.errors import ModelError
from roadworthy.models.answers import LABEL_KEYS, read_answers

if TYPE_CHECKING:
    from roadworthy.data import Predictions
    from roadworthy.models.endpoint_settings import Chat

UNPARSABLE = "(unparsable)"
"""The label of a message whose answer is none of the allowed labels."""

_FENCE = re.compile(r"\A```\w*\s*(.*?)\s*```\Z", re.DOTALL)
_NAMED = re.compile(rf"\A(?:{'|'.join(LABEL_KEYS)})\s*[:=]\s*(.+)\Z", re.IGNORECASE)
_AROUND = " \t\r\n\"'`*_.“”‘’"


def body(chat: Chat, texts: Sequence[str]) -> dict[str, Any]:
    """The request about one message."""
    known = {"text": texts[0], "labels": "; ".join(chat.labels)}
    messages = [{"role": "user", "content": Template(chat.template).safe_substitute(known)}]
    if chat.system is not None:
        messages.insert(0, {"role": "system", "content": Template(chat.system).safe_substitute(known)})
    wanted = {
        "temperature": None if chat.temperature == "default" else chat.temperature,
        "max_tokens": chat.max_tokens,
        "logprobs": chat.logprobs or None,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    return {"model": chat.model, "messages": messages, **given, **chat.options}


def read(chat: Chat, document: Any, n: int, where: str) -> Predictions:
    """The answer to one message; `UNPARSABLE` where it is none of the labels.

    Raises
    ------
    ModelError
        What came back is no chat completion.
    """
    try:
        choice = document["choices"][0]
        content = choice["message"].get("content")
    except (AttributeError, LookupError, TypeError):
        raise ModelError("no chat completion came back", where=where, mend="check the address and the model") from None
    label, confidence = read_label(_said(content), chat.labels)
    if label is None:
        return read_answers([UNPARSABLE], n, where)
    if chat.logprobs and confidence is None:
        confidence = _probability(choice)
    return read_answers([(label, confidence)], n, where)


def read_label(said: str, labels: Sequence[str]) -> tuple[str | None, float | None]:
    """The label that an answer names and the confidence that it states; None for either where it does not.

    The answer is a label and nothing else (case, quotation marks, emphasis and a full stop aside), that after a word
    such as ``label:``, or a JSON object with a label. An answer that merely mentions a label names none: whoever reads
    "not a refund" as refund has guessed.

    Examples
    --------
    >>> read_label("**Refund**.", ["refund", "order"]), read_label('{"label": "order", "confidence": 0.8}', ["order"])
    (('refund', None), ('order', 0.8))
    >>> read_label("It may be a refund.", ["refund", "order"])
    (None, None)
    """
    plain = said.strip()
    fenced = _FENCE.match(plain)
    plain = fenced[1] if fenced else plain
    stated = _object(plain)
    if stated is not None:
        named = next((stated[key] for key in LABEL_KEYS if key in stated), None)
        found = _find(named, labels) if isinstance(named, str) else None
        return found, None if found is None else _share(stated.get("confidence"))
    prefixed = _NAMED.match(plain.strip(_AROUND))
    return _find(plain, labels) or (_find(prefixed[1], labels) if prefixed else None), None


def _find(named: str, labels: Sequence[str]) -> str | None:
    """The label as it is written, or else the only one that differs in no more than case and what stands around it."""
    if named in labels:
        return named
    found = [label for label in labels if _folded(label) == _folded(named)]
    return found[0] if len(found) == 1 else None


def _folded(text: str) -> str:
    return " ".join(label_text(text).strip(_AROUND).casefold().split())


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return {str(key).lower(): value for key, value in found.items()} if isinstance(found, dict) else None


def _share(value: Any) -> float | None:
    is_share = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if is_share else None


def _said(content: Any) -> str:
    """The text of an answer, which some endpoints give in parts; nothing where it was withheld."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def _probability(choice: Mapping[str, Any]) -> float | None:
    """Of all tokens of the answer together; None where they are not told."""
    try:
        logs = [float(token["logprob"]) for token in choice["logprobs"]["content"]]
    except (LookupError, TypeError, ValueError):
        return None
    return min(1.0, math.exp(math.fsum(logs))) if logs else None
