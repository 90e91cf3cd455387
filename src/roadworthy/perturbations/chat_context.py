"""What a chat or an email brings along: order numbers, links, attachments, a quoted reply, a signature, the time.

Every message changes, at every severity: one thing is added, the shortest ones at severity 1, any at 5, and from 4 on
a second one, at 5 a third. Numbers are added; those of the message stay as they are. Nobody is greeted
twice, and no message has two order numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.mood import is_greeting
from roadworthy.perturbations.registry import ANY_LANGUAGE, perturbation
from roadworthy.perturbations.wrapping import by_length, closed, is_said, opened, short_enough, unsaid

_DIGITS = "123456789"
_DIGIT_IN_LEXICON = "#"
_MARKS = (",", ",", ".", " -")
_REFERENCE = re.compile(
    r"\d{5}|\b(?:order|ticket|case|ref|reference|customer|booking|invoice|number|id)"
    r"(?: (?:number|no|id|is))*\.?:? ?[#№]?\d",
    re.IGNORECASE,
)
_MORE = {1: 0, 2: 0, 3: 0, 4: 1, 5: 2}


def _words(group: str, text: str, severity: int, draw: Draw) -> str:
    """An entry of the lexicon that says nothing twice, its digits drawn."""
    entry = short_enough(unsaid(by_length("chat_context.tsv")[group], text), text, severity, draw)
    return "".join(draw.pick(_DIGITS) if sign == _DIGIT_IN_LEXICON else sign for sign in entry).replace("№", "#")


def _refers(text: str) -> bool:
    """Whether it holds an order number or the like."""
    return _REFERENCE.search(text) is not None


def _referring(text: str, severity: int, draw: Draw) -> str:
    if _refers(text):
        return text
    words = _words("reference", text, severity, draw)
    if draw.chance(0.3):
        return opened(text, words, "" if words[-1] == ")" else ",")
    return _closed(text, words, draw)


def _attaching(text: str, severity: int, draw: Draw) -> str:
    return _closed(text, _words("attachment", text, severity, draw), draw)


def _closed(text: str, words: str, draw: Draw) -> str:
    """Words after a message: what a programme puts there takes no mark, what is said does, or it runs into the rest."""
    return closed(text, words, draw.pick(_MARKS) if words[0].isalpha() and "." not in words else "")


def _quoting(text: str, severity: int, draw: Draw) -> str:
    return f"{_words('quote', text, severity, draw)}\n\n{text.lstrip()}"


def _signing(text: str, severity: int, draw: Draw) -> str:
    return f"{text.rstrip(' ')}{draw.pick((chr(10), chr(10) * 2))}{_words('signature', text, severity, draw)}"


def _addressing(text: str, severity: int, draw: Draw) -> str:
    if is_greeting(text):
        return text
    words = _words("greeting", text, severity, draw)
    return opened(text, words, draw.pick((",", ",", "," if "," in words else "")))


def _dating(text: str, severity: int, draw: Draw) -> str:
    hour, minute = draw.below(24), draw.below(60)
    return opened(text, _words("time", text, severity, draw).replace("@", f"{hour:02}:{minute:02}"), "")


_Added = Callable[[str, int, Draw], str]
# In the order in which they are added: what stands outermost comes last.
_KINDS: tuple[_Added, ...] = (_referring, _attaching, _signing, _addressing, _dating, _quoting)


def _with(text: str, severity: int, draw: Draw, kind: _Added) -> str:
    """A message with one thing of a kind, and with more things of other kinds as the severity is high."""
    if not is_said(text):
        return text
    others = [other for other in _KINDS if other is not kind]
    chosen = [others[i] for i in draw.sample(len(others), _MORE[severity])] if _MORE[severity] else []
    for add in sorted((kind, *chosen), key=_KINDS.index):
        text = add(text, severity, draw)
    return text


@perturbation("chat_context", languages=[ANY_LANGUAGE], weight=3)
def order_number(text: str, severity: int, draw: Draw) -> str:
    """An order, ticket or customer number before or after it."""
    return _with(text, severity, draw, _referring)


@perturbation("chat_context", languages=[ANY_LANGUAGE], weight=2)
def link_or_attachment(text: str, severity: int, draw: Draw) -> str:
    """A link, or what a chat shows in place of a photo, after it."""
    return _with(text, severity, draw, _attaching)


@perturbation("chat_context", weight=1)
def quoted_reply(text: str, severity: int, draw: Draw) -> str:
    """A line of the agent's answer before it, quoted."""
    return _with(text, severity, draw, _quoting)


@perturbation("chat_context", weight=2)
def signature(text: str, severity: int, draw: Draw) -> str:
    """What a mail programme, or the writer, signs with, on a line of its own."""
    return _with(text, severity, draw, _signing)


@perturbation("chat_context", weight=3)
def addressed_agent(text: str, severity: int, draw: Draw) -> str:
    """Whoever answers is addressed first: hello, anyone there?"""
    return _with(text, severity, draw, _addressing)


@perturbation("chat_context", languages=[ANY_LANGUAGE], weight=1)
def time_stamp(text: str, severity: int, draw: Draw) -> str:
    """The time before it, as in a copied chat."""
    return _with(text, severity, draw, _dating)
