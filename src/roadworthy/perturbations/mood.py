"""How a message is meant, by the words in it: so that nothing is put around it that contradicts it."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from roadworthy import lexicon
from roadworthy.remembered import Remembered

_BEST = re.compile(r"\bbest\b.*\b(?:for|to|way)\b", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")

_HELLO = frozenset(["hello", "hey", "hi", "hiya", "greetings"])
# Within how many words somebody who greets has done so.
_SOON = 8


@cache
def _known(group: str) -> frozenset[str]:
    return frozenset(lexicon.grouped("mood.tsv")[group])


@cache
def _upsetting() -> frozenset[str]:
    return _known("upset") | lexicon.words("negations.txt")


@cache
def _upsetting_phrases() -> tuple[str, ...]:
    return tuple(phrase for phrase in _known("upset") if " " in phrase)


@cache
def _begin_phrases() -> frozenset[str]:
    return frozenset(phrase.split(" ")[0] for phrase in _upsetting_phrases())


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'"))


def _shown_by(token: str) -> str:
    """What a piece of text without spaces shows."""
    words = _words(token)
    if not _upsetting().isdisjoint(words):
        return "upset"
    if not _begin_phrases().isdisjoint(words):
        return "phrase"
    return "plain" if _known("praise").isdisjoint(words) else "praise"


_SHOWN = Remembered(_shown_by)


def _says_a_phrase(text: str) -> bool:
    said = f" {' '.join(_words(text))} "
    return any(f" {phrase} " in said for phrase in _upsetting_phrases())


def _opens_with(text: str, group: str) -> bool:
    found = _WORD.search(text)
    return found is not None and found.group().lower().replace("’", "'") in _known(group)


def is_upset(text: str) -> bool:
    """Whether something seems to have gone wrong: a word or a phrase for it, or a negation.

    Examples
    --------
    >>> is_upset("The lamp is broken"), is_upset("it didn't come"), is_upset("play some music")
    (True, True, False)
    """
    return tone(text) == "upset"


def is_asking(text: str) -> bool:
    """Whether it is a question or a request.

    Examples
    --------
    >>> is_asking("how much is it"), is_asking("Tell me?"), is_asking("it broke")
    (True, True, False)
    """
    return text.endswith("?") or _opens_with(text, "asking")


def is_greeting(text: str) -> bool:
    """Whether it opens with a greeting, or soon says hello, before which nobody puts another greeting.

    Examples
    --------
    >>> is_greeting("Hi, where is it"), is_greeting("Order 12. Hello, where is it"), is_greeting("where is it")
    (True, True, False)
    """
    words = _words(" ".join(text.split(maxsplit=_SOON)[:_SOON]))
    return bool(words) and (words[0] in _known("greeting") or not _HELLO.isdisjoint(words))


def is_praise(text: str) -> bool:
    """Whether it praises, and nothing went wrong.

    Examples
    --------
    >>> is_praise("the driver was great"), is_praise("great, it broke"), is_praise("where is it")
    (True, False, False)
    """
    return tone(text) == "praise"


def tone(text: str) -> Literal["upset", "praise", "plain"]:
    """What `is_upset` and `is_praise` say, in one go.

    Examples
    --------
    >>> tone("the driver was great"), tone("great, it broke"), tone("where is it")
    ('praise', 'upset', 'plain')
    """
    shown = set(map(_SHOWN.__getitem__, text.split()))
    if "upset" in shown or ("phrase" in shown and _says_a_phrase(text)):
        return "upset"
    return "praise" if "praise" in shown and not _seeks_the_best(text) else "plain"


def _seeks_the_best(text: str) -> bool:
    """Whether all its praise is that of what it looks for: the best card for students."""
    if _BEST.search(text) is None:
        return False
    return all("best" in _words(token) for token in text.split() if _SHOWN[token] == "praise")
