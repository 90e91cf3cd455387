"""The same letters in other characters: curly quotes, full width, invisible characters, garbled encodings, look-alikes.

A reader hardly sees it, and a vocabulary knows none of it. Numbers stay as they are, and so does every negation, but
for a curly apostrophe.
"""

from __future__ import annotations

import re
from functools import cache

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import ANY_LANGUAGE, LATIN_SCRIPT, perturbation
from roadworthy.perturbations.words import SHARE, change_words, is_negation, negations

_STRAIGHT = re.compile(r"(?<![^\s(\[{\"'])[\"']|[\"']|\.\.\.|(?<= )--?(?= )")
_OPENING = {'"': "“", "'": "‘"}
_CURLED = {'"': "”", "'": "’", "...": "…", "-": "–", "--": "—"}
_CLOSING_MARK = re.compile(r"[.,!?;:](?=\s|$)")
_FULL_WIDTH_MARKS = str.maketrans(".,!?;:", "。，！？；：")
_FULL_WIDTH = {code: code + 0xFEE0 for code in (*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1))}
# No width: space, non-joiner, joiner, word joiner, byte order mark; and the soft hyphen.
_INVISIBLE = ("\u200b", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad")
# No break: space, narrow space; the first is by far the commonest.
_SPACES = ("\u00a0",) * 9 + ("\u202f",)
# Cyrillic and Greek letters that look like Latin ones.
_LOOK_ALIKES = {
    "a": "а", "c": "с", "e": "е", "i": "і", "j": "ј", "o": "оο", "p": "рρ", "s": "ѕ", "v": "ν", "x": "х", "y": "у",
    "A": "АΑ", "B": "ВΒ", "C": "С", "E": "ЕΕ", "H": "НΗ", "I": "ІΙ", "K": "КΚ", "M": "МΜ", "N": "Ν", "O": "ОΟ",
    "P": "РΡ", "S": "Ѕ", "T": "ТΤ", "X": "ХΧ", "Y": "Υ", "Z": "Ζ",
}  # fmt: skip
_GARBLED_TWICE_FROM = 4
_LARGEST_SHARE = 0.2


@perturbation("unicode", languages=[ANY_LANGUAGE], weight=4)
def curly_quotes(text: str, severity: int, draw: Draw) -> str:
    """Every quote, apostrophe, dash and ellipsis as phones and word processors set it, at every severity.

    Examples
    --------
    >>> curly_quotes("It's new - but...", 3, Draw("x", 3, 0, ""))
    'It’s new – but…'
    """
    return _STRAIGHT.sub(_curled, text)


def _curled(match: re.Match[str]) -> str:
    mark, start = match.group(), match.start()
    opens = mark in _OPENING and (start == 0 or match.string[start - 1] in " \t\r\n([{\"'")
    return _OPENING[mark] if opens else _CURLED[mark]


@perturbation("unicode", languages=[LATIN_SCRIPT], weight=1)
def full_width_letters(text: str, severity: int, draw: Draw) -> str:
    """5, 10, 18, 25 or 35 % of the words in the wide letters of an Asian keyboard, and at least one."""
    tokens = text.split(" ")
    # A longer word would take too much of the message along.
    longest = len(text) * _LARGEST_SHARE
    places = [
        i
        for i, token in enumerate(tokens)
        if len(token) <= longest and token.isalpha() and token.isascii() and not is_negation(token)
    ]
    if not places:
        return text
    for i in draw.rows(len(places), SHARE[severity] / 2):
        tokens[places[i]] = tokens[places[i]].translate(_FULL_WIDTH)
    return " ".join(tokens)


@perturbation("unicode", languages=[ANY_LANGUAGE], weight=1)
def full_width_marks(text: str, severity: int, draw: Draw) -> str:
    """Marks that end a word in the wide form of an Asian keyboard，like this。At least half of them, from 4 on all."""
    share = 0.5 if severity < 4 else 1.0
    return _CLOSING_MARK.sub(
        lambda mark: mark.group().translate(_FULL_WIDTH_MARKS) if draw.chance(share) else mark.group(), text
    )


@perturbation("unicode", languages=[LATIN_SCRIPT], weight=2)
def zero_width(text: str, severity: int, draw: Draw) -> str:
    """An invisible character inside or after 10, 20, 35, 50 or 70 % of the words."""
    return change_words(text, severity, draw, _with_invisible, _is_long)


def _with_invisible(word: str, draw: Draw) -> str:
    i = 1 + draw.below(len(word))
    sign = draw.pick(_INVISIBLE)
    # "note" must not be read as "not" and "e".
    if is_negation(word[:i]) or is_negation(word[i:]):
        i = len(word)
    return word[:i] + sign + word[i:]


def _is_long(word: str) -> bool:
    return len(word) >= 3


@perturbation("unicode", languages=[LATIN_SCRIPT], weight=2)
def mojibake(text: str, severity: int, draw: Draw) -> str:
    """UTF-8 read as Windows-1252: quotes, dashes and accents come as itâ€™s and CafÃ©.

    From severity 4 on it is read so twice. Where a message holds none of these it stays as it is.
    """
    written = text.split(" ")
    tokens = (_STRAIGHT.sub(_curled, text) if text.isascii() else text).split(" ")
    times = 2 if severity >= _GARBLED_TWICE_FROM else 1
    found = [token if new.isascii() else _kept(token, new, times) for token, new in zip(written, tokens, strict=True)]
    return " ".join(found)


def _kept(token: str, new: str, times: int) -> str:
    """A garbled token, or the token itself where a negation or a number would be garbled away, or made."""
    if any(character.isdigit() and not character.isascii() for character in new):
        return token
    garbled = _garbled(new, times)
    return token if negations(token) or negations(garbled) else garbled


def _garbled(text: str, times: int) -> str:
    for _ in range(times):
        text = "".join(character if character.isascii() else _misread(character) for character in text)
    return text


@cache
def _windows_1252() -> tuple[str, ...]:
    """What every byte stands for in Windows-1252, in Latin-1 where that leaves it undefined."""
    shown = (bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))
    return tuple(shown)


def _misread(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return character
    table = _windows_1252()
    return "".join(table[byte] for byte in character.encode())


@perturbation("unicode", languages=[LATIN_SCRIPT], weight=1)
def homoglyphs(text: str, severity: int, draw: Draw) -> str:
    """A Cyrillic or Greek letter that looks the same in 5, 10, 18, 25 or 35 % of the words, and at least one."""
    tokens = text.split(" ")
    places = [i for i, token in enumerate(tokens) if token.isalpha() and not is_negation(token)]
    if not places:
        return text
    for i in draw.rows(len(places), SHARE[severity] / 2):
        tokens[places[i]] = _disguised(tokens[places[i]], draw)
    return " ".join(tokens)


def _disguised(word: str, draw: Draw) -> str:
    places = [i for i, letter in enumerate(word) if letter in _LOOK_ALIKES]
    if not places:
        return word
    i = draw.pick(places)
    return word[:i] + draw.pick(_LOOK_ALIKES[word[i]]) + word[i + 1 :]


@perturbation("unicode", languages=[ANY_LANGUAGE], weight=2)
def non_breaking_spaces(text: str, severity: int, draw: Draw) -> str:
    """A non-breaking space in place of 10, 20, 35, 50 or 70 % of the spaces: copied from a web page or a document."""
    tokens = text.split(" ")
    if len(tokens) < 2 or not text.strip():
        return text
    space, gaps = draw.pick(_SPACES), [" "] * (len(tokens) - 1)
    for i in draw.rows(len(gaps), SHARE[severity]):
        gaps[i] = space
    return "".join(map(str.__add__, tokens, gaps)) + tokens[-1]
