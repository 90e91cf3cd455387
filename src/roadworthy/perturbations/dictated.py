"""Messages as a speech recogniser writes them down: hardly a sign, few capitals, and words that sound alike.

What is misheard, and how often, follows what a recogniser made of questions that were read to it (NoiseQA, Ravichander
et al., 2021): mostly articles and verbs that sound alike or are lost in speech.
"""

from __future__ import annotations

import re
from itertools import compress, count

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.words import KEEP_THEIR_S, TIMES, is_negation, is_number, parts
from roadworthy.perturbations.wrapping import uncapitalised, unheaded
from roadworthy.remembered import Remembered

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
    words, times = unheaded(said).split(" "), TIMES[severity]
    for i in compress(count(), map(_CHANGES.__getitem__, words)):
        words[i] = _heard(words[i], draw, times)
    heard = _SPACES.sub(" ", " ".join(words)).strip(" ")
    return heard if heard.strip() else said


def _flowing(text: str) -> str:
    """Without the capitals that sentences begin with: where they end is not heard."""
    tokens = text.split(" ")
    for i in compress(count(1), map(_ENDS_SENTENCE.__getitem__, tokens[:-1])):
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


def _heard(word: str, draw: Draw, times: float) -> str:
    """What becomes of a word that may be misheard, or of a plural; empty where it is not heard."""
    forms = _FORMS[word]
    if not forms:
        return word[:-1] if draw.chance(_SINGULAR * times) else word
    new = draw.pick(forms) if draw.chance(_MISHEARD * times) else word
    return "" if new == _NOTHING else new


def _forms(token: str) -> tuple[str, ...]:
    """What a word is misheard as; nothing where it never is."""
    return lexicon.alternatives("dictation.tsv").get(token.lower().replace("’", "'"), ()) if _may_change(token) else ()


def _is_plural(token: str) -> bool:
    """Whether a word looks like a plural."""
    is_long = len(token) > 4 and token[-1] == "s" and token[-2] not in "sui'’"
    return is_long and token.islower() and token not in KEEP_THEIR_S and _may_change(token)


def _may_change(token: str) -> bool:
    word = parts(token)[1]
    return bool(word) and word == token and not (is_negation(word) or is_number(word))


_FORMS = Remembered(_forms)
_CHANGES = Remembered(lambda token: bool(_FORMS[token]) or _is_plural(token))
_ENDS_SENTENCE = Remembered(lambda token: token[-1:] in _ENDS)
