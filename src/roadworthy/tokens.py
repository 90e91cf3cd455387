"""The words and signs of a message, whatever way it is typed: one spelling for case, quotes, shorthand and the like."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from roadworthy import lexicon

# Signs that belong to the letter before them, which `\w` leaves out: Latin, Arabic, Indic and Thai ones.
_MARKS = "\u0300-\u036f\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0980-\u0dff\u0e31-\u0e4e"
_TOKEN = re.compile(rf"[\w{_MARKS}]+(?:'[\w{_MARKS}]+)*|[^\w\s]")
_RUN = re.compile(r"(.)\1{2,}")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'", "“": '"', "”": '"'})


def normalise(text: str) -> str:
    """One spelling for what differs only in how it is typed: case, compatible characters, quotes, repeated letters.

    Examples
    --------
    >>> normalise("I’m SOOOOO ｌａｔｅ")
    "i'm soo late"
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
        text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return _RUN.sub(r"\1\1", text.lower())


@lru_cache(maxsize=8)
def tokenise(text: str) -> tuple[str, ...]:
    """The words and signs of a message, shorthand written out.

    The last few messages are remembered, because words and pieces of words both start from here.

    Examples
    --------
    >>> tokenise("Where r u? pls!")
    ('where', 'are', 'you', '?', 'please', '!')
    """
    long_form = _long_forms()
    tokens = _TOKEN.findall(normalise(text))
    if not any(token in long_form for token in tokens):
        return tuple(tokens)
    return tuple(word for token in tokens for word in long_form.get(token, (token,)))


@cache
def _long_forms() -> dict[str, tuple[str, ...]]:
    """Texting shorthand with what it stands for; the first meaning of a shorthand counts."""
    found: dict[str, tuple[str, ...]] = {}
    for long_form, short_forms in lexicon.alternatives("texting.tsv").items():
        for short_form in short_forms:
            found.setdefault(short_form, tuple(long_form.split()))
    return found
