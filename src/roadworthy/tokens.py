"""The words and signs of a message, whatever way it is typed: one spelling for case, quotes, shorthand and the like."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from roadworthy import lexicon
from roadworthy.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Iterable

# Signs that belong to the letter before them, which `\w` leaves out: Latin, Hebrew, Arabic, Indic and Thai ones.
_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u0980-\u0dff\u0e31-\u0e3a\u0e47-\u0e4e"
)
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
    if text.isascii():
        text = text.replace("`", "'")
    else:
        # Quotes come first, because NFKC takes an acute accent that stands alone apart.
        text = text.translate(_QUOTES)
        text = "".join(character for character in text if unicodedata.category(character) != "Cf")
        text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
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
    return tokens_of(text.split())


def says_nothing(text: str) -> bool:
    r"""Whether a message holds no words or signs.

    Examples
    --------
    >>> says_nothing(" \t "), says_nothing("\u200b"), says_nothing("?")
    (True, True, False)
    """
    if text.isascii():
        # Every other sign of ASCII is a token.
        return not text or text.isspace()
    return not tokenise(text)


def tokens_of(pieces: Iterable[str]) -> tuple[str, ...]:
    """The words and signs of pieces of a message that stand between white space.

    Examples
    --------
    >>> tokens_of(["pls!", "now"])
    ('please', '!', 'now')
    """
    return tuple(chain.from_iterable(map(_TOKENS.__getitem__, pieces)))


def _tokens(piece: str) -> tuple[str, ...]:
    """The words and signs of what stands between white space, which no token reaches across."""
    long_form, text = _long_forms(), normalise(piece)
    if text.isalnum():
        return long_form.get(text, (text,))
    return tuple(word for token in _TOKEN.findall(text) for word in long_form.get(token, (token,)))


_TOKENS = Remembered(_tokens)


@cache
def _long_forms() -> dict[str, tuple[str, ...]]:
    """Texting shorthand with what it stands for; the first meaning of a shorthand counts."""
    found: dict[str, tuple[str, ...]] = {}
    for long_form, short_forms in lexicon.alternatives("texting.tsv").items():
        for short_form in short_forms:
            found.setdefault(normalise(short_form), tuple(long_form.split()))
    # What a shorthand stands for may be shorthand itself: k, ok, okay.
    return {short: tuple(last for word in long for last in found.get(word, (word,))) for short, long in found.items()}
