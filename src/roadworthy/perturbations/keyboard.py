"""Keyboards: which keys stand beside which."""

from __future__ import annotations

from roadworthy.perturbations.draw import Draw

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> dict[str, str]:
    """The letters beside, above and below each letter of a QWERTY keyboard, its rows shifted by half a key."""
    where = {key: (x + y * 0.5, y) for y, row in enumerate(_ROWS) for x, key in enumerate(row)}
    return {
        key: "".join(other for other, (u, v) in where.items() if other != key and abs(u - x) <= 1 and abs(v - y) <= 1)
        for key, (x, y) in where.items()
    }


NEIGHBOURS = _neighbours()
_NEIGHBOURS_IN_CASE = NEIGHBOURS | {key.upper(): near.upper() for key, near in NEIGHBOURS.items()}


def neighbour(letter: str, draw: Draw) -> str:
    """A key beside that of a letter, in its case; a letter that is on no key stays.

    Examples
    --------
    >>> neighbour("G", Draw("x", 1, 0, "")) in "FHTYVB"
    True
    """
    near = _NEIGHBOURS_IN_CASE.get(letter)
    return draw.pick(near) if near else letter
