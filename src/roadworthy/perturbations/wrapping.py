"""What stands before and after a message that itself stays as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw

_MARKS = ",:;.!?>"
# How long what is said around a message may be beside it.
_LONGEST = 0.7
_ENDING = ".!?>])"
_CAPITALISED = re.compile(r" [A-Z][a-z]")
# What says the same; nobody says two of a row. Each begins a word.
_SAME = (
    (" help", " look into"),
    (" please", " pls", " plz", " kindly"),
    (" can you", " could you", " would you", " will you", " can u", " could u"),
    (" ask", " question", " wonder", " tell me"),
    (" thank", " thx", " cheers", " appreciate"),
    (" sorry", " apolog", " excuse me"),
    (" moment", " chance"),
)


@cache
def by_length(name: str) -> dict[str, tuple[str, ...]]:
    """The groups of a lexicon, each with its shortest entries first."""
    return {
        group: tuple(sorted(said, key=lambda words: (len(words), words)))
        for group, said in lexicon.grouped(name).items()
    }


def short_enough(items: Sequence[str], text: str, severity: int, draw: Draw) -> str:
    """One of the items, of the shortest third at severity 1 up to any at severity 5, but hardly longer than the text.

    What stands around a message of two words would else be all that there is to see of it.

    Parameters
    ----------
    items
        The shortest first.

    Examples
    --------
    >>> short_enough(["hi", "hello", "good morning"], "where is my order", 1, Draw("x", 1, 0, ""))
    'hi'
    """
    allowed = max(1, len(items) * (severity + 1) // 6)
    longest = _LONGEST * len(text)
    while allowed > 1 and len(items[allowed - 1]) > longest:
        allowed -= 1
    return items[draw.below(allowed)]


def unsaid(items: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Those of the items that say nothing that a message says already.

    Examples
    --------
    >>> unsaid(("please help", "if you have a moment"), "can anyone help me")
    ('if you have a moment',)
    """
    lowered = f" {text.lower()}"
    return _without(items, tuple(row for row in _SAME if any(map(lowered.__contains__, row))))


@lru_cache(maxsize=512)
def _without(items: tuple[str, ...], said: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(item for item in items if not any(sign in f" {item.lower()}" for row in said for sign in row))


def is_said(text: str) -> bool:
    """Whether there is a word or a number in it."""
    return any(map(str.isalnum, text))


def uncapitalised(text: str) -> str:
    """No capital at the start, unless the first word is I or holds further capitals.

    Examples
    --------
    >>> uncapitalised("Where is it"), uncapitalised("I'm late"), uncapitalised("IBAN?")
    ('where is it', "I'm late", 'IBAN?')
    """
    first = text.split(" ", 1)[0]
    keeps = first[:2] in ("I'", "I’") or (first != "A" and not first[1:].islower())
    return text if keeps else first[:1].lower() + text[1:]


def is_titled(text: str) -> bool:
    """Whether most of the words after the first that carry content begin with a capital, as in a headline.

    Examples
    --------
    >>> is_titled("Refund of Wrong Amount"), is_titled("Refund of the amount"), is_titled("Where is Berlin")
    (True, False, False)
    """
    if _CAPITALISED.search(text) is None:
        return False
    first, *words = text.split()
    content = [word for word in words if word.lower() not in function_words()]
    if sum(map(_is_capitalised, content)) * 2 <= len(content):
        return False
    # A single capital after "where" or "my" is that of a name.
    return sum(map(_is_capitalised, words)) > 1 or first.lower() not in function_words()


def _is_capitalised(word: str) -> bool:
    return word[:1].isupper() and word[1:].islower()


@cache
def function_words() -> frozenset[str]:
    """English words that carry no meaning of their own."""
    english = next(words for language, words in lexicon.rows("function_words.tsv") if language == "en")
    return lexicon.words("fillers.txt") | frozenset(english.split())


def unheaded(text: str) -> str:
    """No capital at the start, and none in a headline but that of I and of words that hold further capitals.

    Examples
    --------
    >>> unheaded("Refund of Wrong Amount"), unheaded("Where is my IBAN"), unheaded("Why Am I Charged")
    ('refund of wrong amount', 'where is my IBAN', 'why am I charged')
    """
    if not is_titled(text):
        return uncapitalised(text)
    return " ".join(map(uncapitalised, text.split(" ")))


def opened(text: str, words: str, mark: str) -> str:
    """A message after some words; after a comma, or no mark, it begins with a small letter, unless it is a headline.

    Examples
    --------
    >>> opened("Where is it?", "hi there", ","), opened("where is it", "hello?", ",")
    ('hi there, where is it?', 'hello? where is it')
    >>> opened("Refund of Wrong Amount", "sorry", ",")
    'sorry, Refund of Wrong Amount'
    """
    ended = words if words[-1] in _MARKS else words + mark
    rest = text.lstrip()
    is_kept = ended[-1] in _ENDING or is_titled(rest)
    return f"{ended} {rest if is_kept else uncapitalised(rest)}"


def closed(text: str, words: str, mark: str) -> str:
    """A message before some words; a closing full stop gives way to the mark.

    Examples
    --------
    >>> closed("It broke.", "thanks", ","), closed("Where is it?", "thanks", ",")
    ('It broke, thanks', 'Where is it? thanks')
    """
    core = text.rstrip(" .")
    return f"{core}{'' if core[-1:] in _MARKS else mark} {words}"
