"""More emoji: before a message, again and again after it, and in rows beside words.

`emoji_for_words` of the module emoji puts them in place of words. Every message that is not blank changes; severity
says how many emoji there are.
"""

from __future__ import annotations

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.emoji import closing_emoji
from roadworthy.perturbations.registry import ANY_LANGUAGE, perturbation
from roadworthy.perturbations.words import SHARE
from roadworthy.perturbations.wrapping import is_said

_ROW = {1: 2, 2: 2, 3: 3, 4: 4, 5: 6}


def _picture(text: str, severity: int, draw: Draw) -> str:
    """Emoji in the mood of a message, as `closing_emoji` puts them after it."""
    return closing_emoji(text, severity, draw).rsplit(" ", 1)[1]


@perturbation("emoji", languages=[ANY_LANGUAGE], weight=1)
def opening_emoji(text: str, severity: int, draw: Draw) -> str:
    """Emoji before the message."""
    return f"{_picture(text, severity, draw)} {text.lstrip()}" if is_said(text) else text


@perturbation("emoji", languages=[ANY_LANGUAGE], weight=1)
def repeated_emoji(text: str, severity: int, draw: Draw) -> str:
    """The same emoji twice at severity 1, up to seven times at 5, after the message."""
    if not is_said(text):
        return text
    picture = _picture(text, 1, draw)
    half = len(picture) // 2
    # Some entries are rows themselves.
    picture = picture[:half] if picture[:half] == picture[half:] else picture
    return f"{text.rstrip(' .')} {picture * (2 + draw.below(_ROW[severity]))}"


@perturbation("emoji", weight=1)
def emoji_rows(text: str, severity: int, draw: Draw) -> str:
    """10, 20, 35, 50 or 70 % of the words that have a picture are followed by it, two to six times."""
    pictures = lexicon.alternatives("emoji.tsv")
    tokens = text.split(" ")
    places = [i for i, token in enumerate(tokens) if token.rstrip(".,!?").lower() in pictures]
    if not places:
        return text
    for i in draw.rows(len(places), SHARE[severity]):
        picture = draw.pick_early(pictures[tokens[places[i]].rstrip(".,!?").lower()])
        tokens[places[i]] += f" {picture * (2 + draw.below(_ROW[severity] - 1))}"
    return " ".join(tokens)
