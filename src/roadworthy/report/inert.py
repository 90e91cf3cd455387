"""Hostile text made inert once, for every renderer: what would steer a terminal or a reader is named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from roadworthy.redaction import ACTIVE

if TYPE_CHECKING:
    from roadworthy.inspection.summary import Inspection

_LINE_BREAK = re.compile("\r\n|[\n\r\u2028\u2029]")


def visible(text: str) -> str:
    r"""Put a text on one line, every character that acts rather than shows replaced by its code.

    Examples
    --------
    >>> visible("two\nlines, a \x1b[31mcolour and \u202ebackwards")
    'two ↵ lines, a ‹U+001B›[31mcolour and ‹U+202E›backwards'
    """
    return ACTIVE.sub(_shown, _LINE_BREAK.sub(" ↵ ", text).replace("\t", " "))


def _shown(match: re.Match[str]) -> str:
    return f"‹U+{ord(match[0]):04X}›"


def all_visible(inspection: Inspection) -> Inspection:
    """Make every string of an inspection `visible`."""
    return type(inspection).model_validate(_walk(inspection.model_dump()))


def _walk(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {_walk(key): _walk(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_walk(entry) for entry in value)
    return value


def clipped(text: str, limit: int) -> str:
    """Keep at most that many characters, an ellipsis standing for the rest.

    Examples
    --------
    >>> clipped("where is it", 8)
    'where i…'
    """
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def marked(text: str, words: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    """Cut a text into parts, each with whether it is one of the words, case aside.

    Examples
    --------
    >>> marked("wheres my pkg", ("wheres", "pkg"))
    (('wheres', True), (' my ', False), ('pkg', True))
    """
    known = sorted({word for word in words if word.strip()}, key=len, reverse=True)
    if not known:
        return ((text, False),)
    pattern = re.compile("(" + "|".join(map(_bounded, known)) + ")", re.IGNORECASE)
    parts = pattern.split(text)
    return tuple((part, index % 2 == 1) for index, part in enumerate(parts) if part)


def _bounded(word: str) -> str:
    left = r"(?<!\w)" if re.match(r"\w", word) else ""
    right = r"(?!\w)" if re.search(r"\w\Z", word) else ""
    return left + re.escape(word) + right
