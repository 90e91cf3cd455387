"""The word lists of the package: plain files, one entry a line, read once."""

from __future__ import annotations

from functools import cache, cached_property
from importlib.resources import files


class Entries(dict[str, tuple[str, ...]]):
    """The words and phrases of a file, each with its alternatives, and where in a text to look for them.

    Examples
    --------
    >>> Entries({"are": ("r",), "are you": ("r u",), "are you going to": ("ru gonna",)}).phrases
    {('are', 'you'): (4, 2)}
    """

    @cached_property
    def phrases(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """For the two words that phrases begin with, how many words these phrases have, the longest first."""
        found: dict[tuple[str, str], set[int]] = {}
        for words in (key.split(" ") for key in self if " " in key):
            found.setdefault((words[0], words[1]), set()).add(len(words))
        return {begun: tuple(sorted(lengths, reverse=True)) for begun, lengths in found.items()}

    @cached_property
    def first_words(self) -> frozenset[str]:
        """The words that entries begin with."""
        return frozenset(key.split(" ", 1)[0] for key in self)


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
def alternatives(name: str) -> Entries:
    """A two-column file: each key with its alternatives, the commonest first.

    Examples
    --------
    >>> alternatives("texting.tsv")["you"]
    ('u',)
    """
    return Entries((key, tuple(value.split("|"))) for key, value in rows(name))


@cache
def grouped(name: str) -> dict[str, tuple[str, ...]]:
    """A two-column file whose keys repeat: each key with all its values in file order."""
    found: dict[str, list[str]] = {}
    for key, value in rows(name):
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}
