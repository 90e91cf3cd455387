"""Paths into a JSON document: where an endpoint's answers stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from roadworthy.errors import ModelError

_STEP = re.compile(r'\.?([^.\[\]"]+)|\[(\*)\]|\[(-?\d+)\]|\["([^"]*)"\]')


def find(document: Any, path: str, n: int, where: str) -> list[Any]:
    """What stands at a path: names parted by dots, ``[0]`` for one item and ``[*]`` for each.

    Raises
    ------
    ModelError
        Nothing stands there, or something else than a list where there is more than one message.

    Examples
    --------
    >>> find({"out": [{"label": "refund"}, {"label": "order"}]}, "out[*].label", 2, "endpoint")
    ['refund', 'order']
    """
    values = [document]
    try:
        for step in steps(path):
            values = [found for value in values for found in _taken(value, step)]
    except (LookupError, TypeError):
        raise ModelError(f"nothing stands at {path}", where=where, mend="mend the path in [answer]") from None
    if "[*]" in path:
        return values
    if isinstance(values[0], list):
        return values[0]
    if n == 1:
        return values
    raise ModelError(f"no list stands at {path}", where=where, mend="write [*] where each message's answer is")


def steps(path: str) -> list[str | int | None]:
    """The parts of a path; None is each item of a list.

    Raises
    ------
    ValueError
        It is not one.

    Examples
    --------
    >>> steps("predictions[*].label")
    ['predictions', None, 'label']
    """
    return list(_steps(path))


def _steps(path: str) -> Iterator[str | int | None]:
    place = 0
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None:
            raise ValueError(f"{path!r} is no path; write one such as predictions[*].label")
        name, each, row, quoted = match.groups()
        yield None if each else int(row) if row else name if name is not None else quoted
        place = match.end()


def _taken(value: Any, step: str | int | None) -> list[Any]:
    if step is None:
        if not isinstance(value, list):
            raise TypeError("no list")
        return value
    if isinstance(step, str) and not isinstance(value, Mapping):
        raise TypeError("no object")
    return [value[step]]
