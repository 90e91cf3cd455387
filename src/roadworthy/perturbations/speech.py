"""Spoken messages as a recogniser writes them down: no marks, lower case, hesitation, and words that sound alike.

Every message loses its marks and capitals, at every severity; severity says how many words change beside. Numbers are
kept in digits, as recognisers write them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import compress, count
from operator import and_, or_

from roadworthy import lexicon
from roadworthy.perturbations.dictated import unsigned
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.fitting import word_set
from roadworthy.perturbations.mood import is_greeting
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.words import SHARE, is_negation, is_number
from roadworthy.perturbations.wrapping import is_said
from roadworthy.remembered import Remembered

# Commonest first; none that could be read as a word of the sentence: "do you like want it".
_HESITATIONS = ("um", "uh", "er", "uhm", "erm", "you know", "hmm")
_OPENERS = ("um", "uh", "so", "yeah so", "ok so", "well", "hi um", "yeah hi")
_OPENERS_AFTER_HELLO = ("um", "uh", "yeah", "ok")
_NAMES = {".": ("full stop", "period"), ",": ("comma",), "?": ("question mark",), "!": ("exclamation mark",)}
_SENTENCE = re.compile(r"(?<=[^\W\d_])[.!?]+ +(?=[^\W_])")
# Nobody stumbles over every third word of a long message.
_MOST_REPEATED = 3
# "very very" says more than "very".
_STRONGER_TWICE = frozenset(["very", "so", "too", "really", "please", "just", "still", "quite", "more", "now", "been"])
_CLAUSE_ENDS = (".", ",", "!", "?", ";", ":", "…")
_CONJUNCTIONS = frozenset(["and", "but", "because", "or", "if", "when", "since", "while"])
_SMALL_WORDS = (
    "i me you he him she it we us they them who whom am be been to of from off up out down over into onto us mine "
    "yours may must cannot let's i'm i'd i'll i've it's that's there's what's where's isn't not no oh hi hello hey"
)
_FIXED_PHRASES = frozenset(
    [
        *(("as", "soon"), ("as", "possible"), ("as", "long"), ("at", "least"), ("at", "once"), ("at", "all")),
        *(("of", "course"), ("how", "much"), ("how", "many"), ("how", "long"), ("how", "come"), ("by", "mistake")),
        *(("in", "advance"), ("in", "order"), ("up", "front"), ("let", "me"), ("to", "date"), ("on", "hold")),
        *(("thank", "you"), ("log", "in"), ("of", "stock"), ("the", "same"), ("no", "longer"), ("each", "other")),
        *(("an", "hour"), ("a", "lot"), ("a", "few"), ("so", "much"), ("so", "far"), ("too", "much"), ("very", "much")),
        *(("used", "to"), ("going", "to"), ("any", "more"), ("right", "now"), ("due", "to"), ("on", "time")),
    ]
)
_LINKS = ("and", "so", "and then", "and um")


def _spoken(text: str) -> str:
    """As a recogniser writes it, before anything is misheard; emoji around a message are seen, never heard."""
    tokens = _lowered(text)
    first, last = _heard(tokens)
    return " ".join(tokens[first:last])


def _lowered(text: str) -> list[str]:
    return unsigned(text).lower().split(" ")


def _heard(tokens: Sequence[str]) -> tuple[int, int]:
    """From where to where they are no pictures."""
    first, last = 0, len(tokens)
    while last and _is_picture(tokens[last - 1]):
        last -= 1
    while first < last and _is_picture(tokens[first]):
        first += 1
    return first, last


def _is_picture(token: str) -> bool:
    return bool(token) and not token.isascii() and not any(map(str.isalnum, token))


@perturbation("speech", weight=3)
def hesitation(text: str, severity: int, draw: Draw) -> str:
    """Um and uh before 5, 10, 17, 25 or 35 % as many words as it has, where clauses or content words begin."""
    if not is_said(text):
        return text
    tokens, clauses = _clauses(text)
    places = sorted(clauses | _content(tokens)) or [0]
    openers = _OPENERS_AFTER_HELLO if is_greeting(text) else _OPENERS
    for chosen in draw.sample(len(places), draw.count(len(tokens), SHARE[severity] / 2)):
        i = places[chosen]
        tokens[i] = f"{draw.pick_early(_HESITATIONS if i else openers)} {tokens[i]}"
    return " ".join(tokens)


@perturbation("speech", weight=2)
def repeated_words(text: str, severity: int, draw: Draw) -> str:
    """5, 10, 17, 25 or 35 % of the words are said twice, at most three: small ones, is my my order."""
    if not is_said(text):
        return text
    tokens, clauses = _clauses(text)
    able = list(compress(count(), map(_CAN_BE_REPEATED.__getitem__, tokens)))
    leading = clauses | {i - 1 for i in _content(tokens)}
    places = [i for i in able if i in leading and _is_stumbled_over(tokens, i)]
    places = places or [i for i in able if _is_stumbled_over(tokens, i)][:1]
    if places:
        most = min(_MOST_REPEATED, draw.count(len(able), SHARE[severity] / 2))
        for i in draw.sample(len(places), most):
            tokens[places[i]] += f" {tokens[places[i]]}"
    return " ".join(tokens)


def _can_be_repeated(token: str) -> bool:
    return token.isalpha() and not (is_negation(token) or is_number(token) or token in _STRONGER_TWICE)


def _is_stumbled_over(tokens: Sequence[str], i: int) -> bool:
    """Whether it is a small word, neither the last one nor one that belongs to a number, as in 7 am."""
    return i + 1 < len(tokens) and tokens[i] in _function_words() and not (i and is_number(tokens[i - 1]))


def _clauses(text: str) -> tuple[list[str], AbstractSet[int]]:
    """The words as they are heard, and at which of them a clause begins."""
    signed = text.strip(" ").split(" ")
    tokens = _lowered(text.strip(" "))
    first, last = _heard(tokens)
    begin = compress(count(1), map(or_, map(_ENDS.__getitem__, signed), map(_CONJUNCTIONS.__contains__, tokens[1:])))
    return tokens[first:last], {0} | {i - first for i in begin if first < i < last and tokens[i]}


def _content(tokens: Sequence[str]) -> set[int]:
    """Where words with a meaning of their own follow a small one, so that no name or phrase is torn apart."""
    small = map(_function_words().__contains__, tokens)
    follow = compress(count(1), map(and_, small, map(_IS_CONTENT.__getitem__, tokens[1:])))
    return {i for i in follow if (tokens[i - 1], tokens[i]) not in _FIXED_PHRASES}


@cache
def _function_words() -> frozenset[str]:
    english = next(words for language, words in lexicon.rows("function_words.tsv") if language == "en")
    return lexicon.words("fillers.txt") | word_set(english) | word_set(_SMALL_WORDS)


_ENDS = Remembered(lambda token: token[-1:] in _CLAUSE_ENDS)
_IS_CONTENT = Remembered(lambda token: token.isalpha() and token not in _function_words())
_CAN_BE_REPEATED = Remembered(_can_be_repeated)


@perturbation("speech", weight=3)
def misheard_words(text: str, severity: int, draw: Draw) -> str:
    """A word that sounds alike in place of 10, 20, 35, 50 or 70 % of those that have one: there for their."""
    if not is_said(text):
        return text
    known = lexicon.alternatives("homophones.tsv")
    tokens = _spoken(text).split(" ")
    places = [i for i, token in enumerate(tokens) if token in known]
    if places:
        for i in draw.rows(len(places), SHARE[severity]):
            tokens[places[i]] = draw.pick_early(known[tokens[places[i]]])
    return " ".join(tokens)


@perturbation("speech", weight=1)
def spoken_marks(text: str, severity: int, draw: Draw) -> str:
    """The names of marks in place of half of the marks that end a word, from severity 4 on of all: question mark."""
    if not is_said(text):
        return text
    share = 0.5 if severity < 4 else 1.0
    tokens = text.split(" ")
    for i, token in enumerate(tokens):
        names = _NAMES.get(token[-1:])
        if names and token[:-1].isalnum() and draw.chance(share):
            tokens[i] = f"{token[:-1]} {draw.pick_early(names)}"
    return _spoken(" ".join(tokens))


@perturbation("speech", weight=2)
def run_together(text: str, severity: int, draw: Draw) -> str:
    """Sentences run together, 10 to 70 % of them joined by and or so, the others by nothing."""
    if not is_said(text):
        return text
    share = SHARE[severity]
    joined = _SENTENCE.sub(lambda end: f" {draw.pick_early(_LINKS)} " if draw.chance(share) else " ", text)
    return _spoken(joined)
