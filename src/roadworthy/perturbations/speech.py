"""Spoken messages as a recogniser writes them down: no marks, lower case, hesitation, and words that sound alike.

Every message loses its marks and capitals, at every severity; severity says how many words change beside. Numbers are
kept in digits, as recognisers write them.
"""

from __future__ import annotations

import re

from roadworthy import lexicon
from roadworthy.perturbations.dictated import unsigned
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.words import SHARE, is_negation, is_number
from roadworthy.perturbations.wrapping import is_said

# Commonest first; none that could be read as a word of the sentence: "do you like want it".
_HESITATIONS = ("um", "uh", "er", "uhm", "erm", "you know", "hmm")
_OPENERS = ("um", "uh", "so", "yeah so", "ok so", "well", "hi um", "yeah hi")
_NAMES = {".": ("full stop", "period"), ",": ("comma",), "?": ("question mark",), "!": ("exclamation mark",)}
_SENTENCE = re.compile(r"(?<=[^\W\d_])[.!?]+ +(?=[^\W_])")
# Nobody stumbles over every third word of a long message.
_MOST_REPEATED = 3
_LONGEST_REPEATED = 4
_LINKS = ("and", "so", "and then", "and um")


def _spoken(text: str) -> str:
    """As a recogniser writes it, before anything is misheard; emoji around a message are seen, never heard."""
    tokens = unsigned(text).lower().split(" ")
    while tokens and _is_picture(tokens[-1]):
        tokens.pop()
    while tokens and _is_picture(tokens[0]):
        tokens.pop(0)
    return " ".join(tokens)


def _is_picture(token: str) -> bool:
    return bool(token) and not token.isascii() and not any(map(str.isalnum, token))


@perturbation("speech", weight=3)
def hesitation(text: str, severity: int, draw: Draw) -> str:
    """Um, uh and like before 5, 10, 17, 25 or 35 % of the words."""
    if not is_said(text):
        return text
    tokens = _spoken(text).strip(" ").split(" ")
    for i in draw.sample(len(tokens), draw.count(len(tokens), SHARE[severity] / 2)):
        tokens[i] = f"{draw.pick_early(_HESITATIONS if i else _OPENERS)} {tokens[i]}"
    return " ".join(tokens)


@perturbation("speech", weight=2)
def repeated_words(text: str, severity: int, draw: Draw) -> str:
    """5, 10, 17, 25 or 35 % of the words are said twice, at most three, and rather short ones: is my my order."""
    if not is_said(text):
        return text
    tokens = _spoken(text).split(" ")
    places = [i for i, token in enumerate(tokens) if token.isalpha() and _can_be_repeated(token)]
    short = [i for i in places if i < len(tokens) - 1 and len(tokens[i]) <= _LONGEST_REPEATED]
    if places:
        count = min(_MOST_REPEATED, draw.count(len(places), SHARE[severity] / 2))
        for i in draw.sample(len(short or places), count):
            tokens[(short or places)[i]] += f" {tokens[(short or places)[i]]}"
    return " ".join(tokens)


def _can_be_repeated(token: str) -> bool:
    return not (is_negation(token) or is_number(token))


@perturbation("speech", weight=3)
def misheard_words(text: str, severity: int, draw: Draw) -> str:
    """A word that sounds alike in place of 10, 20, 35, 50 or 70 % of those that have one: there for their."""
    if not is_said(text):
        return text
    known = lexicon.alternatives("homophones.tsv")
    tokens = _spoken(text).split(" ")
    places = [i for i, token in enumerate(tokens) if token in known]
    if places:
        for i in draw.sample(len(places), draw.count(len(places), SHARE[severity])):
            tokens[places[i]] = draw.pick_early(known[tokens[places[i]]])
    return " ".join(tokens)


@perturbation("speech", weight=1)
def spoken_marks(text: str, severity: int, draw: Draw) -> str:
    """The names of marks in place of half of the marks that end a word, from severity 4 on of all: question mark."""
    if not is_said(text):
        return text
    share = 0.5 if severity < 4 else 1.0
    tokens = text.split(" ")
    for i, token in enumerate(tokens):
        names = _NAMES.get(token[-1:])
        if names and token[:-1].isalnum() and draw.chance(share):
            tokens[i] = f"{token[:-1]} {draw.pick_early(names)}"
    return _spoken(" ".join(tokens))


@perturbation("speech", weight=2)
def run_together(text: str, severity: int, draw: Draw) -> str:
    """Sentences run together, 10 to 70 % of them joined by and or so, the others by nothing."""
    if not is_said(text):
        return text
    share = SHARE[severity]
    joined = _SENTENCE.sub(lambda end: f" {draw.pick_early(_LINKS)} " if draw.chance(share) else " ", text)
    return _spoken(joined)
