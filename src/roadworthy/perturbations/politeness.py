"""Politeness around a message: greetings, requests, apologies and thanks.

Every message changes at every severity, unless it is as polite already: nobody greets or says please twice, nor asks
for help where all is well. Severity says how much is put around it: of a few words at 1 to a dozen at 5, the message
itself staying as it is.
"""

from __future__ import annotations

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.fitting import word_set
from roadworthy.perturbations.mood import is_asking, is_greeting, is_praise, is_upset, tone
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.wrapping import by_length, closed, is_said, opened, short_enough, unsaid

_MARKS_OF = {
    "greeting": (",", ",", ",", "", "!"),
    "apology": (",", ",", "...", ","),
    "apology_upset": (",", ",", "...", ","),
}
_ASKING_MARKS = (",", ":", "...", ",")
_CLOSING_MARKS = (".", ",", "", ",", ".")
_PLEASE = ("please", "pls", "plz", "kindly")
# What follows a verb that asks for something to be done.
_DONE_TO = word_set("my the your our a an this that these those it me us them all any some off on up out")
# Nobody apologises before these.
_INSULTS = word_set("idiot idiots stupid dumb fool fools moron morons useless pathetic liar liars thieves cheats shame")
_LONGEST_THANKS = 5
_THANKS = ("thank", "thx", "cheers", "appreciate")


def _before(text: str, group: str, severity: int, draw: Draw) -> str:
    left = unsaid(by_length("politeness.tsv")[group], text)
    if not left:
        return text
    words = short_enough(left, text, severity, draw)
    return opened(text, _cased(words, draw), draw.pick(_MARKS_OF.get(group, _ASKING_MARKS)))


def _has(text: str, signs: tuple[str, ...]) -> bool:
    lowered = text.lower()
    return any(sign in lowered for sign in signs)


def _after(text: str, severity: int, draw: Draw) -> str:
    left = () if _has(text, _THANKS) else unsaid(by_length("politeness.tsv")["thanks"], text)
    if not left:
        return text
    words = short_enough(left, text, severity, draw)
    return closed(text, words, draw.pick(_CLOSING_MARKS))


def _cased(words: str, draw: Draw) -> str:
    return words[0].upper() + words[1:] if draw.chance(0.5) else words


@perturbation("politeness", weight=3)
def polite_greeting(text: str, severity: int, draw: Draw) -> str:
    """A greeting before it: hello, I hope you are well."""
    return _before(text, "greeting", severity, draw) if is_said(text) and not is_greeting(text) else text


@perturbation("politeness", weight=2)
def polite_request(text: str, severity: int, draw: Draw) -> str:
    """A request before it: could you please look into this; before a question: may I ask.

    Before praise, and before what is neither a question, nor a command, nor trouble, nothing.
    """
    if not is_said(text) or _asks_for_nothing(text) or is_greeting(text):
        return text
    if text.rstrip()[-1] == "?" or (is_asking(text) and not _has(text, _PLEASE)):
        return _before(text, "question", severity, draw)
    if is_upset(text):
        return _before(text, "request", severity, draw)
    return _before(text, "request_plain", severity, draw) if _is_command(text) else text


def _is_command(text: str) -> bool:
    """Whether it opens with a verb, and what is to be done to: "if you can" stands before nothing else."""
    first, _, rest = text.lower().partition(" ")
    following = rest.split(" ", 1)[0]
    return following in _DONE_TO and first in lexicon.alternatives("hinglish_infinitives.tsv")


def _asks_for_nothing(text: str) -> bool:
    return is_praise(text) and not is_asking(text)


@perturbation("politeness", weight=2)
def polite_apology(text: str, severity: int, draw: Draw) -> str:
    """An apology before it: sorry to bother you."""
    return _apologising(text, severity, draw) if is_said(text) and not is_greeting(text) else text


def _is_no_request(lowered: str) -> bool:
    """Whether it is an insult, or thanks and nothing else."""
    if lowered.startswith(_THANKS) and lowered.count(" ") < _LONGEST_THANKS:
        return True
    return not _INSULTS.isdisjoint(lowered.split())


def _apologising(text: str, severity: int, draw: Draw) -> str:
    """An apology for asking; "sorry, it broke" would own up to it."""
    heard = tone(text)
    if (heard == "praise" and not is_asking(text)) or _is_no_request(text.lower()):
        return text
    return _before(text, "apology_upset" if heard == "upset" else "apology", severity, draw)


@perturbation("politeness", weight=3)
def polite_thanks(text: str, severity: int, draw: Draw) -> str:
    """Thanks after it: thank you for your time."""
    return _after(text, severity, draw) if is_said(text) else text


@perturbation("politeness", weight=2)
def polite_letter(text: str, severity: int, draw: Draw) -> str:
    """A greeting and thanks around it, and from severity 4 on an apology as well."""
    if not is_said(text):
        return text
    if severity >= 4 and not is_greeting(text):
        text = _apologising(text, severity, draw)
    greeted = text if is_greeting(text) else _before(text, "greeting", severity, draw)
    return _after(greeted, severity, draw)
