"""Autocorrection: a phone puts another real word in place of the right one."""

from __future__ import annotations

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.words import SHARE, like

_MARKS = ".,!?;:"


@perturbation("typos", weight=3)
def autocorrected(text: str, severity: int, draw: Draw) -> str:
    """Another word in place of 10, 20, 35, 50 or 70 % of those that phones take for another: send the duck back."""
    known, tokens = lexicon.alternatives("autocorrect.tsv"), text.split(" ")
    words = [token.rstrip(_MARKS) for token in tokens]
    places = [i for i, word in enumerate(words) if word.lower() in known]
    if not places:
        return text
    for i in draw.rows(len(places), SHARE[severity]):
        place = places[i]
        word = words[place]
        tokens[place] = like(word, draw.pick_early(known[word.lower()])) + tokens[place][len(word) :]
    return " ".join(tokens)
