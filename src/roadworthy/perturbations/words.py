"""Words inside messages: which may be changed, and how a share of them is changed with the rest left as it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import compress, count
from operator import ne

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.remembered import Remembered

_TOKEN = re.compile(r"([^\w\s]*)([^\W\d_]+(?:['’][^\W\d_]+)*)([^\w\s]*)")
_DIGITS = re.compile(r"\d+")
_NEGATED = re.compile(r"n['’]?t$")
_WORD = re.compile(r"\bw/o\b|[^\W\d_]+(?:['’][^\W\d_]+)*", re.IGNORECASE)
_NUMBER_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand half"
)
_NUMBERS = frozenset(_NUMBER_WORDS.split(" "))

# Words that look like plurals.
_WORDS_IN_S = (
    "this always does news less unless across towards besides perhaps sometimes thanks oops christmas texas dallas "
    "kansas vegas whereas overseas pants series species means"
)
KEEP_THEIR_S = frozenset(_WORDS_IN_S.split(" "))

# What share of the words that could change does change, by severity.
SHARE = {1: 0.1, 2: 0.2, 3: 0.35, 4: 0.5, 5: 0.7}
# How many times as often as it was measured something comes, by severity, where rates were measured.
TIMES = {1: 0.4, 2: 0.7, 3: 1.0, 4: 1.5, 5: 2.0}


def is_negation(word: str) -> bool:
    """Whether a word negates: such words are never changed, dropped or added.

    Examples
    --------
    >>> is_negation("Don't"), is_negation("nothing"), is_negation("note")
    (True, True, False)
    """
    lowered = word.lower()
    if lowered.isalpha():
        return lowered in _negations()
    lowered = lowered.replace("’", "'")
    return lowered in _negations() or bool("'" in lowered and _NEGATED.search(lowered))


@cache
def _negations() -> frozenset[str]:
    return lexicon.words("negations.txt")


def negations(text: str) -> list[str]:
    """The words of a text that negate, in their order.

    Examples
    --------
    >>> negations("No, it didn't come w/o a fee")
    ['No', "didn't", 'w/o']
    """
    return [word for told in _told(text.split()) for word in told[0]]


def keeps(before: str, after: str) -> bool:
    """Whether a text kept its numbers in their order and neither lost nor gained a negation, and is not blank.

    Examples
    --------
    >>> keeps("no order 12", "no ordr 12"), keeps("no order 12", "now order 12"), keeps("order 12", "order 1 2")
    (True, False, False)
    """
    if before == after:
        return True
    pieces, others = before.split(), after.split()
    if not others:
        return not pieces
    if _same_but_for_plain(pieces, others):
        return True
    told, left = _told(pieces), _told(others)
    return told == left or (_count(told) == _count(left) and _in_order(told, left))


def _same_but_for_plain(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether as many pieces stand in both, and those that differ hold neither negations nor numbers."""
    if len(before) != len(after):
        return False
    for one, other in compress(zip(before, after, strict=True), map(ne, before, after)):
        if _TOLD[one] or _TOLD[other]:
            return False
    return True


# The negations and the numbers of a piece without spaces.
_Told = tuple[tuple[str, ...], tuple[str, ...]]


def _told(pieces: Sequence[str]) -> list[_Told]:
    """What must stay of the pieces of a text; neither negations nor numbers reach across a space."""
    return list(filter(None, map(_TOLD.__getitem__, pieces)))


def _told_by(piece: str) -> _Told | None:
    if piece.isdecimal():
        return (), (piece,)
    if piece.isalpha():
        return ((piece,), ()) if is_negation(piece) else None
    negating = tuple(word for word in _WORD.findall(piece) if is_negation(word))
    numbers = tuple(_DIGITS.findall(piece))
    return (negating, numbers) if negating or numbers else None


_TOLD = Remembered(_told_by)


def _count(told: Sequence[_Told]) -> int:
    return sum(len(negating) for negating, _ in told)


def _in_order(told: Sequence[_Told], left: Sequence[_Told]) -> bool:
    """Whether the numbers of one stand in the other, in their order."""
    numbers = iter([number for _, there in left for number in there])
    return all(number in numbers for _, there in told for number in there)


def is_number(token: str) -> bool:
    """Whether a token holds a digit or is a number word.

    Examples
    --------
    >>> is_number("49.90,"), is_number("Two"), is_number("to")
    (True, True, False)
    """
    return _IS_NUMBER[token]


_IS_NUMBER = Remembered(lambda token: any(map(str.isdigit, token)) or parts(token)[1].lower() in _NUMBERS)


def parts(token: str) -> tuple[str, str, str]:
    """Punctuation before, the word, punctuation after; the word is empty where a token is no plain word.

    Numbers, links, addresses and anything else with a digit or a symbol inside are no plain words.

    Examples
    --------
    >>> parts('"order?'), parts("order7"), parts("a@b.c")
    (('"', 'order', '?'), ('order7', '', ''), ('a@b.c', '', ''))
    """
    return PARTS[token]


def _split(token: str) -> tuple[str, str, str]:
    if token.isalpha():
        return "", token, ""
    if token.isdecimal():
        return token, "", ""
    match = _TOKEN.fullmatch(token)
    return match.groups() if match else (token, "", "")  # type: ignore[return-value]


PARTS = Remembered(_split)


def plain(tokens: Sequence[str]) -> list[str]:
    """Each token's word in small letters, as lexicons have it; empty where a token is no plain word.

    Examples
    --------
    >>> plain(["(Where", "IS", "order7?", "what’s"])
    ['where', 'is', '', "what's"]
    """
    return list(map(_PLAIN.__getitem__, tokens))


_PLAIN = Remembered(lambda token: "" if token.isdecimal() else parts(token)[1].lower().replace("’", "'"))


def change_words(
    text: str, severity: int, draw: Draw, edit: Callable[[str, Draw], str], eligible: Callable[[str], bool]
) -> str:
    """Edit a share of the eligible words; negations and everything that is no plain word stay.

    Parameters
    ----------
    edit
        Gives the changed word.
    eligible
        Whether a word could be changed: a pure function. What one says that is defined in a module is remembered.

    Examples
    --------
    >>> change_words("it is my order?", 5, Draw("x", 5, 0, ""), lambda w, d: w.upper(), lambda w: len(w) > 4)
    'it is my ORDER?'
    """
    tokens = text.split(" ")
    known = _CHANGEABLE[eligible] if eligible in _CHANGEABLE else _changeable(eligible)
    split = list(map(known.__getitem__, tokens))
    rows = list(compress(count(), split))
    for chosen in draw.rows(len(rows), SHARE[severity]):
        row = rows[chosen]
        before, word, after = split[row]
        edited = edit(word, draw)
        if not is_negation(edited):
            tokens[row] = before + edited + after
    return " ".join(tokens)


def _changeable(eligible: Callable[[str], bool]) -> Remembered[tuple[str, ...]]:
    """The parts of every token whose word may be changed and could be; nothing of every other one."""

    def changeable(token: str) -> tuple[str, ...]:
        if token.isdecimal():
            return ()
        split = PARTS[token]
        word = split[1]
        return split if word and eligible(word) and not is_negation(word) else ()

    known = Remembered(changeable)
    # A function that is made anew for each message has nothing to remember.
    if "<locals>" not in eligible.__qualname__:
        _CHANGEABLE[eligible] = known
    return known


_CHANGEABLE: dict[Callable[[str], bool], Remembered[tuple[str, ...]]] = {}


def like(model: str, word: str) -> str:
    """A word in the casing of another one.

    Examples
    --------
    >>> like("Where", "kahan hai"), like("WHERE", "kahan"), like("I", "mujhe")
    ('Kahan hai', 'KAHAN', 'Mujhe')
    """
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word
