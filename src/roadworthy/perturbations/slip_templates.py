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
        spots = known(word, slip)
        spots = [spot for spot in spots if spot.start >= done] if done else spots
        if not spots:
            return None
        chosen = _drawn(spots, draw)
        pieces += [word[done : chosen.start], neighbour(chosen.near, draw) if chosen.near else chosen.new]
        done = chosen.end
    return "".join([*pieces, word[done:]])


@lru_cache(maxsize=1 << 14)
def _spots(word: str, slip: Slip) -> Sequence[_Spot]:
    """Where a slip could be made in a word; remembered, as words come again and again."""
    return tuple(_SPOTS[slip.kind](word, slip))


def _drawn(spots: Sequence[_Spot], draw: Draw) -> _Spot:
    """One of the spots, by their weights."""
    return spots[draw.weighted(list(accumulate([spot.weight for spot in spots])))] if len(spots) > 1 else spots[0]


def _swapped(word: str, slip: Slip) -> Iterator[_Spot]:
    """Letters of the same sort as those that changed places."""
    for start in range(len(word) - 1):
        one, other = word[start], word[start + 1]
        alike = one in _VOWELS, other in _VOWELS
        if (
            one != other
            and slip.place in ("", place_of(start, start + 2, len(word)))
            and alike == (slip.old[0] in _VOWELS, slip.old[1] in _VOWELS)
        ):
            yield _Spot(start, start + 2, other + one, "", 1)


def _dropped(word: str, slip: Slip) -> Iterator[_Spot]:
    """Letters go where others of their sort stand: vowels or consonants; a single one of a pair for one of a pair."""
    size = len(slip.old)
    pair = slip.old in (slip.left, slip.right)
    for start, old, left, right, weight in _windows(word, slip, size):
        fits = old == slip.old or (old.isalpha() and _sorts(old) == _sorts(slip.old))
        if fits and (size > 1 or (old in (left, right)) == pair):
            yield _Spot(start, start + size, "", "", weight)


def _sorts(letters: str) -> list[tuple[bool, bool]]:
    return [(letter in _VOWELS, letter.isupper()) for letter in letters]


def _replaced(word: str, slip: Slip) -> Iterator[_Spot]:
    """A slip to a neighbouring key, or one of case, at any letter; every other one at the very letter."""
    size = len(slip.old)
    single = size == len(slip.new) == 1
    case = single and slip.old.lower() == slip.new.lower()
    near = single and slip.new.lower() in NEIGHBOURS.get(slip.old.lower(), "")
    for start, old, _, _, weight in _windows(word, slip, size):
        if old == slip.old:
            yield _Spot(start, start + size, slip.new, "", weight)
        elif case and old.isalpha() and old.isupper() == slip.old.isupper():
            yield _Spot(start, start + 1, old.swapcase(), "", weight)
        elif near and old.lower() in NEIGHBOURS and _sorts(old) == _sorts(slip.old):
            yield _Spot(start, start + 1, "", old, weight)


def _inserted(word: str, slip: Slip) -> Iterator[_Spot]:
    """A letter is hit twice, or one of its neighbours along with it; any other comes beside its old neighbours."""
    beside = _beside(slip)
    for start, _, left, right, _ in _windows(word, slip, 0):
        base = {"left": left, "right": right}.get(beside.side, "")
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


def _beside(slip: Slip) -> _Beside:
    for side, letter in (("left", slip.left), ("right", slip.right)):
        if slip.new == letter:
            return _Beside(side, letter, twice=True)
    for side, letter in (("left", slip.left), ("right", slip.right)):
        if slip.new.lower() in NEIGHBOURS.get(letter.lower(), ()):
            return _Beside(side, letter, twice=False)
    return _Beside("", "", twice=False)


def _windows(word: str, slip: Slip, size: int) -> Iterator[tuple[int, str, str, str, int]]:
    """Every stretch of so many letters at the slip's place: start, letters, neighbours, and how well they fit."""
    length = len(word)
    for start in range(length - size + 1):
        if slip.place not in ("", place_of(start, start + size, length)):
            continue
        old, left, right = (
            word[start : start + size],
            word[start - 1 : start] if start else "",
            word[start + size :][:1],
        )
        yield start, old, left, right, 1 + 2 * (old == slip.old) + (left == slip.left) + (right == slip.right)


_SPOTS = {"swapped": _swapped, "dropped": _dropped, "replaced": _replaced, "inserted": _inserted}


def place_of(start: int, end: int, length: int) -> str:
    """Where in a word of some length a stretch of it stands.

    Examples
    --------
    >>> place_of(0, 1, 5), place_of(2, 3, 5), place_of(4, 5, 5)
    ('first', 'middle', 'last')
    """
    return FIRST if start == 0 else LAST if end == length else MIDDLE
