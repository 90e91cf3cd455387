"""How people text: short forms by how they come about, each as often as in real texts.

The shares are those of edits in tweets beside what was meant (LexNorm2015, Baldwin et al., 2015, by our count of its
edit types): acronyms, single letters and digits for words, dropped apostrophes, abbreviations, and few slips.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import accumulate, compress, count
from operator import mul
from typing import NamedTuple

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.fitting import RULES
from roadworthy.perturbations.keyboard import NEIGHBOURS, neighbour
from roadworthy.perturbations.mood import tone
from roadworthy.perturbations.phrases import brings_digit, fitting_forms, phrases_begin, phrases_from
from roadworthy.perturbations.words import is_negation, like, negations, parts, plain
from roadworthy.remembered import Remembered

_INNER_VOWEL = re.compile(r"[aeiou]", re.IGNORECASE)
_STRETCHED_WORDS = (
    "so yes please hi hey hello ok okay very really love much way bye thanks now wow oh too why me you soon"
)
_STRETCHED = frozenset(_STRETCHED_WORDS.split(" "))
# What is exclaimed, by the mood of the message: a happy word contradicts a complaint, and the other way around.
_EXCLAIMED = {
    "plain": ("lol",) * 9 + ("haha",),
    "upset": ("omg", "omg", "omg", "smh", "smh", "smh", "tbh", "tbh", "ugh"),
    "praise": ("omg", "omg", "omg", "omg", "lol", "yay"),
}
_JOINED = "joined"
# A kind of slip stands as often as it comes among ten.
_SLIPS = ("dropped",) * 4 + ("inserted",) * 2 + ("vowel",) * 2 + ("key",) + ("swapped",)

# How likely a word or phrase that could take such a form does take it.
CHANCES: dict[str, float] = {
    "acronym": 0.9,
    "homophone": 0.18,
    "apostrophe": 0.85,
    "contraction": 0.4,
    "abbreviated": 0.2,
    "clipped": 0.01,
    "g_drop": 0.35,
    "slang": 0.03,
    "phonetic": 0.05,
    "dialect": 0.012,
    "truncated": 0.25,
    "stretched": 0.08,
    "joined": 0.008,
    "slip": 0.02,
    "exclaimed": 0.2,
}


def text_like(text: str, draw: Draw, chances: Mapping[str, float] = CHANCES, *, times: float = 1.0) -> str:
    """A message as somebody would text it; numbers and negations stay what they are.

    Examples
    --------
    >>> text_like("are you going to refund my order", Draw("texter", 3, 5, ""))
    'r you gonna refund my order'
    """
    return (_usual(times) if chances is CHANCES else Texter(chances, times=times)).change(text, draw)


class _Form(NamedTuple):
    """What words could become: one of some forms, or what a rule makes of them.

    Parameters
    ----------
    chance
        How likely they do.
    words
        How many they are.
    listed, key
        The forms, and what the lexicon has them of.
    """

    chance: float
    kind: str
    words: int
    listed: tuple[str, ...] = ()
    key: str = ""


class _Choice(NamedTuple):
    """What could happen at a place.

    Parameters
    ----------
    chance
        How likely anything does.
    ends
        How likely one of the forms up to each is the one: those that come first are tried first.
    """

    chance: float
    ends: tuple[float, ...]
    forms: tuple[_Form, ...]


_NOTHING = _Choice(0.0, (), ())


class Texter:
    """Somebody who texts.

    Parameters
    ----------
    chances
        How likely a word or phrase that could take a form of some kind does take it.
    times
        Makes all forms so many times as likely.
    """

    def __init__(self, chances: Mapping[str, float] = CHANCES, *, times: float = 1.0) -> None:
        self._chances = {kind: min(1.0, chance * times) for kind, chance in chances.items()}
        self._of_token = Remembered(self._choice_of)
        self._of_phrase = Remembered(self._choice_at)
        self._kept = Remembered(lambda token: 1.0 if token.isdecimal() else 1 - self._of_token[token].chance)

    def change(self, text: str, draw: Draw) -> str:
        """A message as somebody would text it."""
        tokens = text.split(" ")
        kept = list(map(self._kept.__getitem__, tokens))
        phrases = dict(self._phrases(tokens))
        for start, choice in phrases.items():
            kept[start] = 1 - choice.chance
        pieces: list[str] = []
        joined: set[int] = set()
        done = 0
        for start in draw.losses(kept):
            # What stands in a phrase that was replaced is gone.
            if start < done:
                continue
            choice = phrases.get(start) or self._of_token[tokens[start]]
            form = choice.forms[draw.weighted(choice.ends)]
            pieces += tokens[done:start]
            if form.kind == _JOINED:
                joined.add(len(pieces))
            done = start + form.words
            pieces.append(_put(tokens, start, done, form, draw))
        new = _spaced([*pieces, *tokens[done:]], joined) if done else text
        return _exclaimed(new, draw, self._chances["exclaimed"])

    def _phrases(self, tokens: Sequence[str]) -> Iterator[tuple[int, _Choice]]:
        """Where phrases stand, and what could happen there."""
        words = plain(tokens)
        for start in compress(count(), phrases_begin(words, _phrases())):
            longest = _phrases().phrases[words[start], words[start + 1]][0]
            choice = self._of_phrase[" ".join(tokens[start : start + longest])]
            if choice is not None:
                yield start, choice

    def _choice_at(self, text: str) -> _Choice | None:
        """What could happen to the phrases that a text begins with; None where there are none."""
        tokens = text.split(" ")
        found = phrases_from(tokens, plain(tokens), 0, _phrases())
        forms = [form for key in found for form in self._listed(key)]
        return _choice([*forms, *self._of_token[tokens[0]].forms]) if found else None

    def _choice_of(self, token: str) -> _Choice:
        """What a word could become by itself."""
        word = parts(token)[1]
        if not word:
            return _NOTHING
        (key,) = plain([token])
        forms = [*self._listed(key), *self._made(word)]
        if token.isalpha():
            forms.append(_Form(self._chances[_JOINED], _JOINED, 1))
        return _choice(forms)

    def _listed(self, key: str) -> list[_Form]:
        return [
            _Form(self._chances[kind], kind, 1 + key.count(" "), forms, key)
            for kind, forms in _short_forms().get(key, ())
        ]

    def _made(self, word: str) -> list[_Form]:
        if is_negation(word):
            return []
        return [_Form(self._chances[kind], kind, 1) for kind, can in _CAN.items() if can(word)]


def _choice(forms: Sequence[_Form]) -> _Choice:
    """Of forms that are tried in turn until one is taken."""
    likely = tuple(form for form in forms if form.chance > 0)
    left = list(accumulate((1 - form.chance for form in likely), mul, initial=1.0))
    return _Choice(1 - left[-1], tuple(1 - after for after in left[1:]), likely)


def _put(tokens: Sequence[str], start: int, end: int, form: _Form, draw: Draw) -> str:
    """A form in the place of some tokens; these where it would make a negation, or stand as a digit by a number."""
    before, first, after = parts(tokens[start])
    if not form.listed:
        new = _MADE[form.kind](first, draw) if form.kind in _MADE else first
        return tokens[start] if is_negation(new) != is_negation(first) else before + new + after
    forms = fitting_forms(form.listed, tokens, (start, end), RULES.get(form.key))
    new = draw.pick_early(forms) if forms else ""
    if not new or brings_digit(new, tokens, start, end):
        return " ".join(tokens[start:end])
    return before + (new if first == "I" else like(first, new)) + parts(tokens[end - 1])[2]


_CAN: dict[str, Callable[[str], bool]] = {
    "g_drop": lambda word: len(word) > 5 and word.lower().endswith("ing"),
    "clipped": lambda word: len(word) > 4 and word.isalpha() and not word.lower().endswith("ed"),
    "stretched": lambda word: word.lower() in _STRETCHED,
    "slip": lambda word: len(word) > 2 and word.isalpha(),
}


def _clipped(word: str) -> str:
    return word[0] + _INNER_VOWEL.sub("", word[1:-1]) + word[-1]


def _slipped(word: str, draw: Draw) -> str:
    name = _SLIPS[draw.below(len(_SLIPS))]
    at = 1 + draw.below(len(word) - 1)
    letter = word[at]
    if name == "dropped":
        return word[:at] + word[at + 1 :]
    if name == "inserted":
        return word[:at] + neighbour(letter, draw) + word[at:]
    if name == "swapped" and at + 1 < len(word):
        return word[:at] + word[at + 1] + letter + word[at + 2 :]
    if name == "vowel" and letter.lower() in "aeiou":
        return word[:at] + draw.pick("aeiou".replace(letter.lower(), "")) + word[at + 1 :]
    return word[:at] + (neighbour(letter, draw) if letter.lower() in NEIGHBOURS else letter) + word[at + 1 :]


_MADE: dict[str, Callable[[str, Draw], str]] = {
    "g_drop": lambda word, draw: word[:-1],
    "clipped": lambda word, draw: _clipped(word),
    "stretched": lambda word, draw: word + word[-1] * (1 + draw.below(4)),
    "slip": _slipped,
}


def _spaced(words: Sequence[str], joined: set[int]) -> str:
    """The words, with no space after some of them unless a negation would be lost or come about."""
    glued = {i for i in joined if i + 1 < len(words) and _joins(words[i], words[i + 1])}
    if not glued:
        return " ".join(words)
    return "".join(word if i in glued else f"{word} " for i, word in enumerate(words))[:-1]


def _joins(word: str, following: str) -> bool:
    return following.isalpha() and not negations(f"{word} {following} {word}{following}")


def _exclaimed(text: str, draw: Draw, chance: float) -> str:
    """A lol before or after the message, or what else suits its mood."""
    if not text.strip() or not draw.chance(chance):
        return text
    said = draw.pick(_exclamations(text))
    return f"{text.rstrip()} {said}" if draw.chance(0.7) else f"{said} {text}"


def _exclamations(text: str) -> tuple[str, ...]:
    return _EXCLAIMED[tone(text)]


@lru_cache(maxsize=8)
def _usual(times: float) -> Texter:
    return Texter(times=times)


@cache
def _short_forms() -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """For each word or phrase its short forms, by kind; none that loses or adds a negation."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for kind, key, listed in lexicon.rows("texter.tsv"):
        forms = tuple(form for form in listed.split("|") if len(negations(form)) == len(negations(key)))
        if forms:
            found.setdefault(key, []).append((kind, forms))
    return found


@cache
def _phrases() -> lexicon.Entries:
    """The phrases that have short forms."""
    return lexicon.Entries((key, ()) for key in _short_forms() if " " in key)
