"""A cheap guess at the language of a short message: by its script, then by its function words."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from roadworthy import lexicon

UNKNOWN = "und"
_ENGLISH, _NONE = ("en", "latin"), (UNKNOWN, "other")
_LATIN_LETTER = re.compile("[A-Za-z]")
# Beyond ASCII; also a few numbers that are no digits.
_OTHER_LETTER = re.compile(r"[^\W\d_\x00-\x7f]")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
# An apostrophe that is not inside a word.
_QUOTE = re.compile(r"(?<![A-Za-z])'|'(?![A-Za-z])")
# The first code point of a block, and the script and language most likely written in it.
_SCRIPTS = (
    (0x0041, "latin", "en"),
    (0x0370, "greek", "el"),
    (0x0400, "cyrillic", "ru"),
    (0x0530, "other", UNKNOWN),
    (0x0590, "hebrew", "he"),
    (0x0600, "arabic", "ar"),
    (0x0900, "devanagari", "hi"),
    (0x0980, "other", UNKNOWN),
    (0x0E00, "thai", "th"),
    (0x0E80, "other", UNKNOWN),
    (0x1E00, "latin", "en"),
    (0x1F00, "greek", "el"),
    (0x2000, "other", UNKNOWN),
    (0x3040, "kana", "ja"),
    (0x3100, "other", UNKNOWN),
    (0x3400, "han", "zh"),
    (0xA000, "other", UNKNOWN),
    (0xAC00, "hangul", "ko"),
    (0xD7B0, "other", UNKNOWN),
)


def guess_language(text: str) -> tuple[str, str]:
    """The likely language and the script of most of its letters; English where Latin letters say nothing else.

    A message counts as another language only when at least two of its words, and more than of the English ones,
    are function words of that language, so that a mixed message stays what most of it is.

    Examples
    --------
    >>> guess_language("where is my order")
    ('en', 'latin')
    >>> guess_language("dónde está mi pedido, todavía no lo veo")
    ('es', 'latin')
    >>> guess_language("मेरा ऑर्डर कहाँ है")
    ('hi', 'devanagari')
    >>> guess_language("12345")
    ('und', 'other')
    """
    # Plain English, which most messages are, is told faster than remembered.
    if text.isascii() and "'" not in text:
        words = text.encode().translate(_BARE).split()
        if _foreign_words().isdisjoint(words):
            return _ENGLISH if words else _NONE
    return _remembered(text) if len(text) <= _SHORT else language_of(text)


def is_latin(text: str) -> bool:
    """Whether most letters of a text are Latin ones.

    Examples
    --------
    >>> is_latin("where is it"), is_latin("где мой заказ"), is_latin("12345")
    (True, False, False)
    """
    return any(map(str.isalpha, text)) if text.isascii() else guess_language(text)[1] == "latin"


def language_of(text: str) -> tuple[str, str]:
    """As `guess_language`, for a text that is asked about once: nothing of it is remembered."""
    if text.isascii():
        return _ascii_language(text)
    script, language = _script(text)
    return (_latin_language(text), "latin") if script == "latin" else (language, script)


# Remembering long texts would fill the memory.
_SHORT = 256
_remembered = lru_cache(maxsize=1 << 14)(language_of)


def _script(text: str) -> tuple[str, str]:
    if _OTHER_LETTER.search(text) is None:
        return ("latin", "en") if _LATIN_LETTER.search(text) else ("other", UNKNOWN)
    counts: dict[tuple[str, str], int] = {}
    for character in text:
        if character.isalpha():
            found = _block(ord(character))
            counts[found] = counts.get(found, 0) + 1
    return max(counts, key=counts.__getitem__) if counts else ("other", UNKNOWN)


@cache
def _block(code: int) -> tuple[str, str]:
    # No letter stands before the first block, which starts at "A".
    return next((script, language) for start, script, language in reversed(_SCRIPTS) if code >= start)


@cache
def _function_words() -> dict[str, tuple[str, ...]]:
    """Each function word with the languages that use it."""
    found: dict[str, tuple[str, ...]] = {}
    for language, listed in lexicon.rows("function_words.tsv"):
        for word in listed.split():
            found[word] = (*found.get(word, ()), language)
    return found


@cache
def _foreign_words() -> frozenset[bytes]:
    return frozenset(word.encode() for word, languages in _function_words().items() if languages != ("en",))


# Letters in small, the apostrophe, and a space for everything else.
_BARE = bytes(code if chr(code).isalpha() or chr(code) == "'" else ord(" ") for code in range(128)).lower() * 2


def _ascii_language(text: str) -> tuple[str, str]:
    words = text.encode().translate(_BARE).split()
    if _foreign_words().isdisjoint(words) and not ("'" in text and _QUOTE.search(text)):
        return _ENGLISH if words else _NONE
    return (_latin_language(text), "latin") if any(map(str.isalpha, text)) else _NONE


def _latin_language(text: str) -> str:
    known = _function_words()
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).replace("’", "'")
    votes = [language for word in _WORD.findall(text) for language in known.get(word, ())]
    english = votes.count("en")
    if len(votes) < english + 2:
        return "en"
    best = max(votes, key=votes.count)
    return best if votes.count(best) > max(1, english) else "en"
