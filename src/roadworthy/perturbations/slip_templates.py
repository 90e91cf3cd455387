"""What a mistyped word looks like, apart from the word: its slips, and how they are made in another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.keyboard import NEIGHBOURS, neighbour
from roadworthy.remembered import LONGEST_WORD

_VOWELS = frozenset("aeiouAEIOU")

LONGEST = 12
FIRST, MIDDLE, LAST = "first", "middle", "last"


class Slip(NamedTuple):
    """One slip of the fingers in a word.

    Parameters
    ----------
    kind
        What happened: dropped, inserted, replaced or swapped.
    place
        Where in the word: first, middle or last.
    old, new
        The letters that were meant, and those that came.
    left, right
        The letters beside them; empty at the word's ends.
    """

    kind: str
    place: str
    old: str
    new: str
    left: str
    right: str


class Template(NamedTuple):
    """The slips of one mistyped word, and how long that was."""

    length: int
    slips: tuple[Slip, ...]
    weight: int = 1

    def is_near(self, length: int) -> bool:
        """Whether a word of that length is about as long as the one that was mistyped."""
        return abs(self.length - min(length, LONGEST)) <= 1 + (length > 6)


class _Spot(NamedTuple):
    """Where a slip could be made in another word, and how well it fits there.

    Parameters
    ----------
    start, end
        The letters that go.
    new
        What comes in their place.
    near
        In place of `new`: a letter; one of its neighbours on the keyboard comes.
    weight
        Grows with the letters around the place that are those of the slip.
    """

    start: int
    end: int
    new: str
    near: str
    weight: int


def make(word: str, template: Template, draw: Draw) -> str | None:
    """The word with the slips of a template; None where they cannot be made in it."""
    pieces: list[str] = []
    done = 0
    known = _spots if len(word) <= LONGEST_WORD else _spots.__wrapped__
    for slip in template.slips:
        spots, ends = known(word, slip)
        if done:
            spots = [spot for spot in spots if spot.start >= done]
            ends = list(accumulate([spot.weight for spot in spots]))
        if not spots:
            return None
        chosen = spots[draw.weighted(ends)] if len(spots) > 1 else spots[0]
        pieces += [word[done : chosen.start], neighbour(chosen.near, draw) if chosen.near else chosen.new]
        done = chosen.end
    return "".join([*pieces, word[done:]])


@lru_cache(maxsize=1 << 14)
def _spots(word: str, slip: Slip) -> tuple[Sequence[_Spot], Sequence[int]]:
    """Where a slip could be made in a word, and the sums of the weights up to each; remembered, as words come again."""
    spots = tuple(_SPOTS[slip.kind](word, slip))
    return spots, tuple(accumulate([spot.weight for spot in spots]))


def _swapped(word: str, slip: Slip) -> Iterator[_Spot]:
    """Letters of the same sort as those that changed places."""
    alike = slip.old[0] in _VOWELS, slip.old[1] in _VOWELS
    for start in _starts(slip.place, 2, len(word)):
        one, other = word[start], word[start + 1]
        if one != other and alike == (one in _VOWELS, other in _VOWELS):
            yield _Spot(start, start + 2, other + one, "", 1)


def _dropped(word: str, slip: Slip) -> Iterator[_Spot]:
    """Letters go where others of their sort stand: vowels or consonants; a single one of a pair for one of a pair."""
    size = len(slip.old)
    pair = slip.old in (slip.left, slip.right)
    sorts = _sorts(slip.old)
    for start, old, left, right in _windows(word, slip.place, size):
        fits = old == slip.old or (_sorts(old) == sorts and old.isalpha())
        if fits and (size > 1 or (old in (left, right)) == pair):
            yield _Spot(start, start + size, "", "", _weight(slip, old, left, right))


@lru_cache(maxsize=1 << 10)
def _sorts(letters: str) -> list[tuple[bool, bool]]:
    return [(letter in _VOWELS, letter.isupper()) for letter in letters]


def _replaced(word: str, slip: Slip) -> Iterator[_Spot]:
    """A slip to a neighbouring key, or one of case, at any letter; every other one at the very letter."""
    size = len(slip.old)
    single = size == len(slip.new) == 1
    case = single and slip.old.lower() == slip.new.lower()
    near = single and slip.new.lower() in NEIGHBOURS.get(slip.old.lower(), "")
    sorts = _sorts(slip.old)
    for start, old, left, right in _windows(word, slip.place, size):
        if old == slip.old:
            yield _Spot(start, start + size, slip.new, "", _weight(slip, old, left, right))
        elif case and old.isalpha() and old.isupper() == slip.old.isupper():
            yield _Spot(start, start + 1, old.swapcase(), "", _weight(slip, old, left, right))
        elif near and _sorts(old) == sorts and old.lower() in NEIGHBOURS:
            yield _Spot(start, start + 1, "", old, _weight(slip, old, left, right))


def _inserted(word: str, slip: Slip) -> Iterator[_Spot]:
    """A letter is hit twice, or one of its neighbours along with it; any other comes beside its old neighbours."""
    beside = _beside(slip)
    for start, _, left, right in _windows(word, slip.place, 0):
        base = left if beside.side == "left" else right if beside.side == "right" else ""
        known = bool(base) and base == beside.letter
        if beside.twice and base.isalpha():
            yield _Spot(start, start, base, "", 1)
        elif not beside.twice and beside.side and base.lower() in NEIGHBOURS:
            yield _Spot(start, start, slip.new if known else "", "" if known else base, 1 + 2 * known)
        elif not beside.side and (left == slip.left != "" or right == slip.right != ""):
            yield _Spot(start, start, slip.new, "", 1)


def without_neighbours(slip: Slip) -> Slip:
    """The slip less the letters beside it, but for one that says what it is: a letter hit twice, or missing of a pair.

    Examples
    --------
    >>> without_neighbours(Slip("dropped", "middle", "r", "", "u", "e"))
    Slip(kind='dropped', place='middle', old='r', new='', left='', right='')
    >>> without_neighbours(Slip("inserted", "middle", "", "e", "e", "d"))
    Slip(kind='inserted', place='middle', old='', new='e', left='e', right='')
    """
    if slip.kind == "inserted":
        side = _beside(slip).side or ("left" if slip.left else "right")
        return slip._replace(**{other: "" for other in ("left", "right") if other != side})
    pair = slip.kind == "dropped"
    return slip._replace(
        left=slip.left if pair and slip.left == slip.old else "",
        right=slip.right if pair and slip.right == slip.old else "",
    )


class _Beside(NamedTuple):
    """Which letter an inserted one belongs to: on which side it stands, and whether it is the same one."""

    side: str
    letter: str
    twice: bool


@lru_cache(maxsize=1 << 10)
def _beside(slip: Slip) -> _Beside:
    for side, letter in (("left", slip.left), ("right", slip.right)):
        if slip.new == letter:
            return _Beside(side, letter, twice=True)
    for side, letter in (("left", slip.left), ("right", slip.right)):
        if slip.new.lower() in NEIGHBOURS.get(letter.lower(), ()):
            return _Beside(side, letter, twice=False)
    return _Beside("", "", twice=False)


@lru_cache(maxsize=1 << 13)
def _windows(word: str, place: str, size: int) -> Sequence[tuple[int, str, str, str]]:
    """Every stretch of so many letters at a slip's place: start, letters and neighbours; remembered, as of words."""
    return tuple(
        (start, word[start : start + size], word[start - 1 : start], word[start + size : start + size + 1])
        for start in _starts(place, size, len(word))
    )


def _starts(place: str, size: int, length: int) -> range:
    """Where stretches of so many letters begin at a place in a word of some length."""
    last = length - size
    if place == FIRST:
        return range(min(1, last + 1))
    if place == LAST:
        return range(max(1, last), last + 1)
    if place == MIDDLE:
        return range(1, last)
    return range(0 if place else last + 1)


def _weight(slip: Slip, old: str, left: str, right: str) -> int:
    """How well a stretch of letters fits a slip, with the letters beside it."""
    return 1 + 2 * (old == slip.old) + (left == slip.left) + (right == slip.right)


_SPOTS = {"swapped": _swapped, "dropped": _dropped, "replaced": _replaced, "inserted": _inserted}


def place_of(start: int, end: int, length: int) -> str:
    """Where in a word of some length a stretch of it stands.

    Examples
    --------
    >>> place_of(0, 1, 5), place_of(2, 3, 5), place_of(4, 5, 5)
    ('first', 'middle', 'last')
    """
    return FIRST if start == 0 else LAST if end == length else MIDDLE
