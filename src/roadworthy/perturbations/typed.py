"""Messages as they are typed when nobody corrects them: a profile's own typing slips, at the rates of NoiseQA."""

from __future__ import annotations

from functools import cache

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.slip_templates import LONGEST, Slip, Template
from roadworthy.perturbations.slips import Slips
from roadworthy.perturbations.words import TIMES

# The share of words of 1, 2, … 12 or more letters that were mistyped (NoiseQA, Ravichander et al., 2021; our count).
_WORDS = (0.016, 0.027, 0.036, 0.042, 0.052, 0.062, 0.079, 0.09, 0.109, 0.124, 0.135, 0.116)
_JOINED, _SPLIT = 0.0015, 0.001
_SIGNS = {"?": 0.04, ".": 0.25}


def typed(text: str, severity: int, draw: Draw) -> str:
    """Typing slips that nobody corrected: about 5 words in a hundred at severity 3, twice as many at 5.

    Examples
    --------
    >>> typed("Where is my parcel? It should have arrived yesterday.", 5, Draw("typed", 5, 4, ""))
    'Where is my parcel? It shoud have arrived yestedray.'
    """
    return _slips().change(text, draw, times=TIMES[severity])


@cache
def _slips() -> Slips:
    rows = [(tuple(map(_slip, slips.split("; "))), int(weight)) for slips, weight in lexicon.rows("typing_slips.tsv")]
    templates = [Template(length, slips, weight) for length in range(1, LONGEST + 1) for slips, weight in rows]
    return Slips(words=_WORDS, templates=templates, joined=_JOINED, split=_SPLIT, signs=_SIGNS)


def _slip(row: str) -> Slip:
    return Slip(*("" if part == "-" else part for part in row.split(" ")))
