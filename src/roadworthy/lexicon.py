"""The word lists of the package: plain files, one entry a line, read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def rows(name: str) -> tuple[tuple[str, ...], ...]:
    """The tab-separated fields of every line of a file in `roadworthy/lexicons`, comments left out.

    Examples
    --------
    >>> rows("texting.tsv")[0]
    ('a lot', 'alot')
    """
    text = files("roadworthy").joinpath("lexicons", name).read_text(encoding="utf-8")
    lines = (line for line in text.split("\n") if line.strip() and not line.startswith("#"))
    return tuple(tuple(field.strip() for field in line.split("\t")) for line in lines)


@cache
def words(name: str) -> frozenset[str]:
    """The entries of a one-column file.

    Examples
    --------
    >>> "not" in words("negations.txt")
    True
    """
    return frozenset(row[0] for row in rows(name))


@cache
def alternatives(name: str) -> dict[str, tuple[str, ...]]:
    """A two-column file: each key with its alternatives, the commonest first.

    Examples
    --------
    >>> alternatives("texting.tsv")["you"]
    ('u',)
    """
    return {key: tuple(value.split("|")) for key, value in rows(name)}


@cache
def grouped(name: str) -> dict[str, tuple[str, ...]]:
    """A two-column file whose keys repeat: each key with all its values in file order."""
    found: dict[str, list[str]] = {}
    for key, value in rows(name):
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}
