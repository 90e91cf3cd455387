"""What stands before and after a message that itself stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw

_MARKS = ",:;.!?>"
# How long what is said around a message may be beside it.
_LONGEST = 0.7
_ENDING = ".!?>])"
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


def opened(text: str, words: str, mark: str) -> str:
    """A message after some words; after a comma, or no mark, it begins with a small letter.

    Examples
    --------
    >>> opened("Where is it?", "hi there", ","), opened("where is it", "hello?", ",")
    ('hi there, where is it?', 'hello? where is it')
    """
    ended = words if words[-1] in _MARKS else words + mark
    rest = text.lstrip()
    return f"{ended} {rest if ended[-1] in _ENDING else uncapitalised(rest)}"


def closed(text: str, words: str, mark: str) -> str:
    """A message before some words; a closing full stop gives way to the mark.

    Examples
    --------
    >>> closed("It broke.", "thanks", ","), closed("Where is it?", "thanks", ",")
    ('It broke, thanks', 'Where is it? thanks')
    """
    core = text.rstrip(" .")
    return f"{core}{'' if core[-1:] in _MARKS else mark} {words}"
