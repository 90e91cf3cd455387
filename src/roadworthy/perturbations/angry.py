"""Messages of angry customers: what they want stands between what they think of it."""

from __future__ import annotations

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.words import TIMES

_BEFORE, _AFTER, _SHOUTED = 0.4, 0.5, 0.25
_MARKS = ("!", "!!", "!!!", "...", ".", ",")


def angry(text: str, severity: int, draw: Draw) -> str:
    """Anger before or after the request, or both; from severity 4 on always both, and shouted now and then.

    Examples
    --------
    >>> angry("where is my order?", 3, Draw("angry", 3, 0, ""))
    'where is my order? I want this fixed today!!'
    """
    if not any(map(str.isalnum, text)):
        return text
    said = lexicon.grouped("anger.tsv")
    before = draw.chance(_BEFORE * TIMES[severity])
    after = draw.chance(_AFTER * TIMES[severity])
    if severity >= 4:
        before = after = True
    elif severity == 3 and not before:
        after = True
    if before:
        text = f"{_said(said['before'], severity, draw)} {text.lstrip()}"
    if after:
        core = text.rstrip(" .")
        ended = core if core[-1:] in ("?", "!") else core + draw.pick(_MARKS)
        text = f"{ended} {_said(said['after'], severity, draw)}"
    return text


def _said(choice: tuple[str, ...], severity: int, draw: Draw) -> str:
    words = draw.pick(choice)
    words = words.upper() if draw.chance(_SHOUTED * TIMES[severity]) else words
    return words if words[-1] in "?!" else words + draw.pick(_MARKS)
