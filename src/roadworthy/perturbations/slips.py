"""Typing slips as they really are: learned from pairs of what was meant and what was typed, and made in other messages.

Of the pairs nothing is kept but how often slips happen, and what each was made of: the letters that changed, one letter
on either side of them, and the length of the word.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from typing import Any, NamedTuple

from roadworthy.errors import PerturbationError
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.keyboard import NEIGHBOURS, neighbour
from roadworthy.perturbations.words import is_negation

TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\w+|[^\w\s]")
_VOWELS = frozenset("aeiouAEIOU")
_LONGEST = 12
_MOST_SLIPS = 3
_TRIES = 80
# On how many words it is tried how often a template fits.
_FITTED = 60
# Beyond these a word was not mistyped: another one stands in its place.
_MOST_LETTERS = 4

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

    @property
    def anywhere(self) -> Template:
        """The same slips wherever they fit: what is rare would be rarer still if it had to come at the same place."""
        return Template(self.length, tuple(slip._replace(place="") for slip in self.slips))


class Slips:
    """How somebody types: made of counts by `learn`, and applied to a message.

    Parameters
    ----------
    words
        The share of words of 1, 2, … 12 or more letters that are mistyped.
    templates
        What mistyped words look like; one is drawn for each word that is to be mistyped.
    joined, split, dropped
        The shares of words that are joined with the next one, fall into two, or are left out.
    signs
        For each punctuation mark the share of times that it is left out.

    Examples
    --------
    >>> pairs = [("where is my order", "where is my oder"), ("what is the status", "what is teh status")]
    >>> learned = Slips.learn(pairs * 20)
    >>> learned.change("where is the parcel", Draw("slips", 3, 7, ""), times=4)
    'where is teh pacel'
    """

    def __init__(
        self,
        *,
        words: Sequence[float],
        templates: Sequence[Template],
        joined: float = 0.0,
        split: float = 0.0,
        dropped: float = 0.0,
        signs: dict[str, float] | None = None,
    ) -> None:
        self.words = tuple(words)
        self.templates = tuple(templates)
        # Those that a word of some length may follow, each as often as its weight says.
        self._near = [self._of_length(length) for length in range(1, _LONGEST + 1)]
        self.joined = joined
        self.split = split
        self.dropped = dropped
        self.signs = dict(signs or {})

    @classmethod
    def learn(cls, pairs: Iterable[tuple[str, str]]) -> Slips:
        """Learn from pairs of messages: as they were meant, and as they were typed.

        Raises
        ------
        PerturbationError
            No pair differs by a slip.
        """
        count = _Count()
        for clean, typed in pairs:
            count.add(clean, typed)
        if not count.templates:
            raise PerturbationError("no pair differs by a typing slip", mend="give pairs of which some were mistyped")
        return cls(
            words=count.rates(),
            templates=count.weighted(),
            joined=count.share("joined"),
            split=count.share("split"),
            dropped=count.share("dropped"),
            signs={sign: n / count.signs[sign] for sign, n in sorted(count.lost.items())},
        )

    def as_dict(self) -> dict[str, Any]:
        """What it is made of, as JSON can hold it."""
        return {
            "words": list(self.words),
            "joined": self.joined,
            "split": self.split,
            "dropped": self.dropped,
            "signs": self.signs,
            "templates": [[one.length, one.weight, [list(slip) for slip in one.slips]] for one in self.templates],
        }

    @classmethod
    def of_dict(cls, values: Mapping[str, Any]) -> Slips:
        """What `as_dict` gave."""
        templates = [
            Template(length, tuple(Slip(*slip) for slip in slips), weight)
            for length, weight, slips in values["templates"]
        ]
        return cls(**{**values, "templates": templates})

    def change(self, text: str, draw: Draw, *, times: float = 1.0) -> str:
        """A message as it might be typed; `times` makes slips so many times as frequent.

        Numbers and negations stay as they are.
        """
        pieces: list[str] = []
        end = 0
        found = list(TOKEN.finditer(text))
        joins = False
        for at, match in enumerate(found):
            token = match.group()
            gap = text[end : match.start()]
            pieces.append("" if joins else gap)
            end = match.end()
            following = found[at + 1].group() if at + 1 < len(found) else ""
            new, joins = self._token(token, following, draw, times)
            pieces.append(new)
        return "".join([*pieces, text[end:]]).strip() or text

    def _token(self, token: str, following: str, draw: Draw, times: float) -> tuple[str, bool]:
        """What becomes of a token, and whether the space after it is left out."""
        if not token[0].isalpha():
            return ("" if draw.chance(min(1.0, self.signs.get(token, 0.0) * times)) else token), False
        if is_negation(token) or any(map(str.isdigit, token)):
            return token, False
        if following.isalpha() and draw.chance(self.joined * times):
            return token, not (is_negation(following) or is_negation(token + following))
        if len(token) > 3 and draw.chance(self.split * times):
            cut = 1 + draw.below(len(token) - 1)
            return self._kept(token, f"{token[:cut]} {token[cut:]}"), False
        if draw.chance(min(1.0, self.words[min(len(token), _LONGEST) - 1] * times)):
            return self._kept(token, self._mistyped(token, draw)), False
        return token, False

    def _kept(self, token: str, changed: str) -> str:
        return token if any(map(is_negation, changed.split())) else changed

    def _of_length(self, length: int) -> tuple[list[Template], list[int]]:
        near = [template for template in self.templates if abs(template.length - length) <= 1 + (length > 6)]
        return near, list(accumulate(template.weight for template in near))

    def _mistyped(self, word: str, draw: Draw) -> str:
        templates, ends = self._near[min(len(word), _LONGEST) - 1]
        for _ in range(_TRIES if templates else 0):
            template = templates[bisect(ends, draw.below(ends[-1]))]
            changed = _make(word, template, draw)
            if changed is not None and changed != word:
                return changed
        return word


class _Count:
    """What is counted over pairs of messages."""

    def __init__(self) -> None:
        self.templates: list[Template] = []
        self.lengths: Counter[int] = Counter()
        self.mistyped: Counter[int] = Counter()
        self.other: Counter[str] = Counter()
        self.signs: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.words: list[str] = []

    def add(self, clean: str, typed: str) -> None:
        """Count one pair."""
        meant, came = TOKEN.findall(clean), TOKEN.findall(typed)
        for token in meant:
            if token[0].isalpha():
                self.lengths[min(len(token), _LONGEST)] += 1
                self.words.append(token)
            else:
                self.signs[token] += 1
        for before, after in chunks(meant, came):
            self._chunk(before, after)

    def _chunk(self, before: list[str], after: list[str]) -> None:
        shape = (len(before), len(after))
        if shape == (1, 1) and before[0][0].isalpha() and after[0][0].isalpha():
            self._word(*before, *after)
        elif shape == (1, 0):
            if before[0][0].isalpha():
                self.other["dropped"] += 1
            else:
                self.lost[before[0]] += 1
        elif shape in ((2, 1), (1, 2)) and "".join(before) == "".join(after):
            self.other["joined" if len(before) == 2 else "split"] += 1

    def _word(self, meant: str, came: str) -> None:
        slips = slips_of(meant, came)
        if slips:
            length = min(len(meant), _LONGEST)
            self.templates.append(Template(length, slips))
            self.mistyped[length] += 1

    def weighted(self) -> list[Template]:
        """The templates, those that fit few words drawn the more often, so that what is made is as mixed as what was."""
        draw = Draw("slips", 0, 0, "")
        words = [word for word in self.words if len(word) > 1]
        found = []
        for template in self.templates:
            near = [word for word in words if abs(min(len(word), _LONGEST) - template.length) <= 1]
            tried = [draw.pick(near) for _ in range(_FITTED)] if near else []
            fits = sum(_make(word, template, draw) is not None for word in tried)
            found.append(template._replace(weight=_FITTED * _FITTED // (fits + 2)))
        return found

    def rates(self) -> list[float]:
        """The share of words that are mistyped by length, each smoothed over its neighbours."""
        found = []
        for length in range(1, _LONGEST + 1):
            near = range(length - 1, length + 2)
            words = sum(self.lengths[n] for n in near)
            found.append(sum(self.mistyped[n] for n in near) / words if words else 0.0)
        return found

    def share(self, what: str) -> float:
        """The share of all words that something happens to."""
        words = sum(self.lengths.values())
        return self.other[what] / words if words else 0.0


def chunks(meant: Sequence[str], came: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Where two lists of tokens differ: the tokens of each; as many on both sides are paired one by one.

    Examples
    --------
    >>> list(chunks(["where", "is", "it", "?"], ["wher", "is", "it"]))
    [(['where'], ['wher']), (['?'], [])]
    """
    for tag, i, j, k, m in SequenceMatcher(None, meant, came, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if j - i == m - k:
            yield from (([one], [other]) for one, other in zip(meant[i:j], came[k:m], strict=True))
        else:
            yield list(meant[i:j]), list(came[k:m])


def slips_of(meant: str, came: str) -> tuple[Slip, ...]:
    """The slips that make one word of another; none where they differ by more than slips.

    Examples
    --------
    >>> [slip.kind for slip in slips_of("order", "odrer")], [slip.kind for slip in slips_of("refund", "refunfd")]
    (['swapped'], ['inserted'])
    >>> slips_of("lamp", "refund")
    ()
    """
    swap = _swap(meant, came)
    if swap is not None:
        return (_slip("swapped", meant, swap, swap + 2, came[swap : swap + 2]),)
    found = [
        _slip(_KINDS[tag], meant, i, j, came[k:m])
        for tag, i, j, k, m in SequenceMatcher(None, meant, came, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
    letters = sum(max(len(slip.old), len(slip.new)) for slip in found)
    return tuple(found) if len(found) <= _MOST_SLIPS and letters <= min(_MOST_LETTERS, len(meant)) else ()


_KINDS = {"delete": "dropped", "insert": "inserted", "replace": "replaced"}


def _slip(kind: str, word: str, start: int, end: int, new: str) -> Slip:
    left = word[start - 1 : start] if start else ""
    return Slip(kind, _place(start, end, len(word)), word[start:end], new, left, word[end : end + 1])


def _place(start: int, end: int, length: int) -> str:
    return FIRST if start == 0 else LAST if end == length else MIDDLE


def _swap(meant: str, came: str) -> int | None:
    """Where two letters that follow each other changed places; None where that is not all that happened."""
    if len(meant) != len(came):
        return None
    places = [i for i, (one, other) in enumerate(zip(meant, came, strict=True)) if one != other]
    if len(places) != 2 or places[1] != places[0] + 1:
        return None
    first = places[0]
    return first if meant[first] == came[first + 1] and meant[first + 1] == came[first] else None


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


def _make(word: str, template: Template, draw: Draw) -> str | None:
    """The word with the slips of a template; None where they cannot be made in it."""
    pieces: list[str] = []
    done = 0
    for slip in template.slips:
        spots = [spot for spot in _SPOTS[slip.kind](word, slip) if spot.start >= done]
        if not spots:
            return None
        chosen = _drawn(spots, draw)
        pieces += [word[done : chosen.start], neighbour(chosen.near, draw) if chosen.near else chosen.new]
        done = chosen.end
    return "".join([*pieces, word[done:]])


def _drawn(spots: Sequence[_Spot], draw: Draw) -> _Spot:
    """One of the spots, by their weights."""
    left = draw.below(sum(spot.weight for spot in spots))
    for spot in spots:
        left -= spot.weight
        if left < 0:
            break
    return spot


def _swapped(word: str, slip: Slip) -> Iterator[_Spot]:
    """Letters of the same sort as those that changed places."""
    for start in range(len(word) - 1):
        one, other = word[start : start + 2]
        alike = one in _VOWELS, other in _VOWELS
        if (
            one != other
            and slip.place in ("", _place(start, start + 2, len(word)))
            and alike == (slip.old[0] in _VOWELS, slip.old[1] in _VOWELS)
        ):
            yield _Spot(start, start + 2, other + one, "", 1)


def _dropped(word: str, slip: Slip) -> Iterator[_Spot]:
    """A single letter goes where one of its sort stands: of a pair, a vowel or a consonant; more letters exactly."""
    size = len(slip.old)
    pair = slip.old in (slip.left, slip.right)
    for start, old, left, right, weight in _windows(word, slip, size):
        alike = size == 1 and old.isalpha() and old.isupper() == slip.old.isupper()
        if old == slip.old or (alike and (old in _VOWELS) == (slip.old in _VOWELS)):
            if size > 1 or (old in (left, right)) == pair:
                yield _Spot(start, start + size, "", "", weight)


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
        elif near and old.lower() in NEIGHBOURS and old.isupper() == slip.old.isupper():
            yield _Spot(start, start + 1, "", old, weight)


def _inserted(word: str, slip: Slip) -> Iterator[_Spot]:
    """A letter is hit twice, or a neighbour of the one before or after along with it; any other comes beside its own."""
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
        if slip.place not in ("", _place(start, start + size, length)):
            continue
        old, left, right = (
            word[start : start + size],
            word[start - 1 : start] if start else "",
            word[start + size :][:1],
        )
        yield start, old, left, right, 1 + 2 * (old == slip.old) + (left == slip.left) + (right == slip.right)


_SPOTS = {"swapped": _swapped, "dropped": _dropped, "replaced": _replaced, "inserted": _inserted}
