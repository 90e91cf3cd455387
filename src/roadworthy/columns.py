"""Columns of texts, labels and kinds as people give them, checked row by row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from typing import Any, NoReturn

import numpy as np

from roadworthy.errors import DataError

_SURROGATE = re.compile("[\ud800-\udfff]")


def listed(values: Iterable[Any], role: str, where: str) -> list[Any]:
    """A column as a list; what would be taken apart into letters, keys or column names is refused."""
    if isinstance(values, (str, bytes, Mapping, Set)) or hasattr(values, "columns"):
        raise DataError(
            f"a {type(values).__name__} in place of a column of {role}s",
            where=where,
            mend="give a list or a Series",
        )
    return list(values)


def checked_texts(values: list[Any], where: str) -> tuple[str, ...]:
    """Texts, once it is sure that there are some, and that none is missing, blank, no string or broken unicode."""
    if not values:
        raise DataError("no messages", where=where, mend="give at least one")
    blank = [row for row, value in enumerate(values, 1) if is_missing(value)]
    if blank:
        raise DataError(f"{_rows(blank)}: the text is empty", where=where, mend="drop or fill these rows")
    require_strings(values, where)
    _require_unicode(values, "text", where)
    return tuple(values)


def require_strings(values: list[Any], where: str) -> None:
    """Refuse texts of which some are no strings."""
    if set(map(type, values)) <= {str}:
        return
    wrong = [row for row, value in enumerate(values, 1) if not isinstance(value, str)]
    if wrong:
        kind = type(values[wrong[0] - 1]).__name__
        raise DataError(f"{_rows(wrong)}: the text is not a string ({kind})", where=where, mend="give texts as strings")


def checked_column(values: list[Any], n: int, role: str, where: str) -> tuple[str, ...]:
    """Labels or kinds as text, once it is sure that there is exactly one for each of n messages."""
    if len(values) != n:
        wrong_length(n, len(values), role, where)
    several = [row for row, value in enumerate(values, 1) if _is_several(value)]
    if several:
        raise DataError(
            f"{_rows(several)}: several {role}s for one message",
            where=where,
            mend=f"give one {role} a message (multi-label is not supported)",
        )
    missing = [row for row, value in enumerate(values, 1) if is_missing(value)]
    if missing:
        raise DataError(f"{_rows(missing)}: the {role} is empty", where=where, mend="drop or fill these rows")
    found = [label_text(value) for value in values]
    _require_unicode(found, role, where)
    return tuple(found)


def wrong_length(texts: int, values: int, role: str, where: str) -> NoReturn:
    """Refuse a column of another length than the texts."""
    raise DataError(f"{texts} texts but {values} {role}s", where=where, mend=f"give one {role} a message")


def _require_unicode(values: list[str], role: str, where: str) -> None:
    """Refuse half a surrogate pair, which JSON can spell and no file or terminal can be given."""
    broken = [row for row, value in enumerate(values, 1) if not value.isascii() and _SURROGATE.search(value)]
    if broken:
        raise DataError(
            f"{_rows(broken)}: the {role} holds half a surrogate pair",
            where=where,
            mend="drop or mend these rows",
        )


def label_text(value: Any) -> str:
    """A label as text: labels are compared as strings, whatever type a file or a model gives them.

    Examples
    --------
    >>> label_text(np.int64(3)), label_text(True), label_text(" refund ")
    ('3', 'True', 'refund')
    """
    return str(value).strip()


def _is_several(value: Any) -> bool:
    """A list, or a list as a file spells it: "['a']", '["a", "b"]', "[a, b]"; "[other]" is one label."""
    if isinstance(value, str):
        inner = value.strip()[1:-1]
        return value.strip() == f"[{inner}]" and ("," in inner or inner.strip()[:1] in {"", "'", '"'})
    return isinstance(value, (list, tuple, set, frozenset, dict, np.ndarray))


def is_missing(value: Any) -> bool:
    """None, NaN, or nothing but white space; pandas' own missing values go by their names, to spare its import."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, (float, np.floating)):
        return bool(np.isnan(value))
    return value is None or type(value).__name__ in {"NAType", "NaTType"}


def _rows(rows: list[int]) -> str:
    if len(rows) == 1:
        return f"row {rows[0]}"
    shown = ", ".join(map(str, rows[:3]))
    return f"rows {shown}" if len(rows) <= 3 else f"rows {shown} and {len(rows) - 3:,} more"
