"""Messages of angry customers: what they want stands between what they think of it.

What is said of it is put before or after the message, inside it, or shouted; how many messages, words or both change
is told by each member; praise is left alone. Nothing that is said negates or holds a number.
"""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.mood import is_praise
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.words import SHARE, TIMES
from roadworthy.perturbations.wrapping import by_length, is_said, opened, short_enough

_BEFORE, _AFTER, _SHOUTED = 0.4, 0.5, 0.25
_MARKS = ("!", "!!", "!!!", "...", ".", ",")
_SIGNS = ".,!?;:"
_LAST_MARKS = ("!", "!!", "!!!", "...", ".", "")
_OWNERS = frozenset(["my", "your", "the", "this", "that", "our"])
# "your damn account manager" swears at a person.
_PEOPLE = frozenset(
    ["advisor", "agent", "assistant", "clerk", "driver", "guy", "holder", "lady", "man", "manager", "owner", "staff"]
)


@perturbation("anger", weight=4)
def angry(text: str, severity: int, draw: Draw) -> str:
    """Anger before or after the request, or both; from severity 4 on always both, and shouted now and then.

    Examples
    --------
    >>> angry("where is my order?", 3, Draw("angry", 3, 0, ""))
    'where is my order? answer me!!'
    """
    if not _can_anger(text):
        return text
    said = lexicon.grouped("anger.tsv")
    before = draw.chance(_BEFORE * TIMES[severity])
    after = draw.chance(_AFTER * TIMES[severity])
    if severity >= 4:
        before = after = True
    elif severity == 3 and not before:
        after = True
    if before:
        text = opened(text, _said(said["before"], severity, draw, _MARKS), "")
    if after:
        core = text.rstrip(" .")
        ended = core if core[-1:] in ("?", "!") else core + draw.pick(_MARKS)
        text = f"{ended} {_said(said['after'], severity, draw, _LAST_MARKS)}"
    return text


def _can_anger(text: str) -> bool:
    """Whether it is no praise, around which anger would make no sense."""
    return is_said(text) and not is_praise(text)


def _said(choice: tuple[str, ...], severity: int, draw: Draw, marks: tuple[str, ...]) -> str:
    words = draw.pick(choice)
    words = words.upper() if draw.chance(_SHOUTED * TIMES[severity]) else words
    return words if words[-1] in "?!" else words + draw.pick(marks)


@perturbation("anger", weight=2)
def angry_opener(text: str, severity: int, draw: Draw) -> str:
    """Anger before every message: one word at severity 1, up to a sentence at 5."""
    if not _can_anger(text):
        return text
    return opened(text, short_enough(by_length("anger.tsv")["before"], text, severity, draw), draw.pick(_MARKS))


@perturbation("anger", weight=3)
def angry_closer(text: str, severity: int, draw: Draw) -> str:
    """Anger after every message: two words at severity 1, up to a sentence at 5."""
    if not _can_anger(text):
        return text
    words = short_enough(by_length("anger.tsv")["after"], text, severity, draw)
    core = text.rstrip(" .,;:!?")
    ending = text[len(core) :].strip(" .") or "!"
    return f"{core}{ending[:1] * (1 + draw.below(severity))} {words}{draw.pick(('', '!', '!!', '!!!'))}"


@perturbation("anger", weight=2)
def swearing(text: str, severity: int, draw: Draw) -> str:
    """A mild swear word before 10, 20, 35, 50 or 70 % of the things that follow my, your, the and the like.

    Examples
    --------
    >>> swearing("where is my card, my mother needs it", 3, Draw("swearing", 3, 2, ""))
    'where is my bloody card, my mother needs it'
    """
    tokens = text.split(" ")
    places = [i for i in range(1, len(tokens)) if tokens[i - 1].lower() in _OWNERS and _can_be_sworn_at(tokens, i)]
    if not places or not _can_anger(text):
        return text
    words = lexicon.grouped("anger.tsv")["inside"]
    for i in draw.rows(len(places), SHARE[severity]):
        tokens[places[i]] = f"{draw.pick(words)} {tokens[places[i]]}"
    return " ".join(tokens)


def _can_be_sworn_at(tokens: Sequence[str], i: int) -> bool:
    """Whether a thing stands there: adjectives, and people, are left alone."""
    following = tokens[i + 1].rstrip(_SIGNS).lower() if i + 1 < len(tokens) else ""
    return tokens[i].rstrip(_SIGNS).lower() in lexicon.words("sworn_at.txt") and following not in _PEOPLE


@perturbation("anger", weight=1)
def shouted_anger(text: str, severity: int, draw: Draw) -> str:
    """Anger in capitals after every message; from severity 3 on the message is in capitals as well."""
    if not _can_anger(text):
        return text
    words = short_enough(by_length("anger.tsv")["after"], text, severity, draw)
    core = text.rstrip(" .")
    core = core.upper() if severity >= 3 else core
    mark = "" if core[-1:] in ("?", "!") else "!" * (1 + draw.below(3))
    return f"{core}{mark} {words.upper()}{'!' * (1 + draw.below(severity))}"
