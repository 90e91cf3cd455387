"""How a message is meant, by the words in it: so that nothing is put around it that contradicts it."""

from __future__ import annotations

import re
from functools import cache

from roadworthy import lexicon

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@cache
def _known(group: str) -> frozenset[str]:
    return frozenset(lexicon.grouped("mood.tsv")[group])


@cache
def _upsetting() -> frozenset[str]:
    return _known("upset") | lexicon.words("negations.txt")


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'"))


def _opens_with(text: str, group: str) -> bool:
    found = _WORD.search(text.lower().replace("’", "'"))
    return found is not None and found.group() in _known(group)


def is_upset(text: str) -> bool:
    """Whether something seems to have gone wrong: a word for it, or a negation.

    Examples
    --------
    >>> is_upset("The lamp is broken"), is_upset("it didn't come"), is_upset("play some music")
    (True, True, False)
    """
    return not _upsetting().isdisjoint(_words(text))


def is_asking(text: str) -> bool:
    """Whether it is a question or a request.

    Examples
    --------
    >>> is_asking("how much is it"), is_asking("Tell me?"), is_asking("it broke")
    (True, True, False)
    """
    return text.endswith("?") or _opens_with(text, "asking")


def is_greeting(text: str) -> bool:
    """Whether it opens with a greeting, which nobody puts another one before.

    Examples
    --------
    >>> is_greeting("Hi, where is it"), is_greeting("where is it")
    (True, False)
    """
    return _opens_with(text, "greeting")


def is_praise(text: str) -> bool:
    """Whether it praises, and nothing went wrong.

    Examples
    --------
    >>> is_praise("the driver was great"), is_praise("great, it broke"), is_praise("where is it")
    (True, False, False)
    """
    return not _known("praise").isdisjoint(_words(text)) and not is_upset(text)
