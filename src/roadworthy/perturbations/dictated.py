"""Messages as a speech recogniser writes them down: hardly a sign, few capitals, and words that sound alike.

What is misheard, and how often, follows what a recogniser made of questions that were read to it (NoiseQA, Ravichander
et al., 2021): mostly articles and verbs that sound alike or are lost in speech.
"""

from __future__ import annotations

import re

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.words import KEEP_THEIR_S, TIMES, is_negation, is_number, parts
from roadworthy.perturbations.wrapping import uncapitalised, unheaded

# Marks that nobody speaks; those inside numbers, words and addresses stay.
_UNSPOKEN = re.compile(r"(?<![^\s.,;:!?\"“”()\[\]…])[.,;:!?\"“”()\[\]…]++|[.,;:!?\"“”()\[\]…]++(?=\s|$)")
_SPACES = re.compile(r" {2,}")
_NOTHING = "-"
_ENDS = (".", "!", "?", "…", ":", ";")
# How likely a word that may be misheard is, and a plural becomes a singular, at severity 3.
_MISHEARD, _SINGULAR = 0.08, 0.05


@perturbation("speech", weight=4)
def dictated(text: str, severity: int, draw: Draw) -> str:
    """Hardly a sign and no capital at a sentence's start; three words in a hundred are misheard, six at severity 5.

    Examples
    --------
    >>> dictated("Where is the parcel, please?", 1, Draw("dictated", 1, 0, ""))
    'where is the parcel please'
    """
    said = unsigned(_flowing(text))
    if not any(map(str.isalnum, said)):
        return text
    words = (_heard(word, draw, TIMES[severity]) for word in unheaded(said).split(" "))
    heard = _SPACES.sub(" ", " ".join(words)).strip(" ")
    return heard if heard.strip() else said


def _flowing(text: str) -> str:
    """Without the capitals that sentences begin with: where they end is not heard."""
    tokens = text.split(" ")
    for i in range(1, len(tokens)):
        if tokens[i - 1][-1:] in _ENDS:
            tokens[i] = uncapitalised(tokens[i])
    return " ".join(tokens)


def unsigned(text: str) -> str:
    """A text without the marks that nobody speaks.

    Examples
    --------
    >>> unsigned("It's 49.90, isn't it?")
    "It's 49.90 isn't it"
    """
    return _UNSPOKEN.sub("", text)


def _heard(token: str, draw: Draw, times: float) -> str:
    """What becomes of a word; empty where it is not heard."""
    word = parts(token)[1]
    if not word or word != token or is_negation(word) or is_number(word):
        return token
    heard = lexicon.alternatives("dictation.tsv").get(word.lower().replace("’", "'"))
    if heard is not None:
        new = draw.pick(heard) if draw.chance(_MISHEARD * times) else word
        return "" if new == _NOTHING else new
    is_plural = len(word) > 4 and word[-1] == "s" and word[-2] not in "sui'’" and word.islower()
    is_plural = is_plural and word not in KEEP_THEIR_S
    return word[:-1] if is_plural and draw.chance(_SINGULAR * times) else word
