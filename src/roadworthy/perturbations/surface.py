"""How messages look on their surface: in what share of them users write in which way. Nothing of a message is kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache

from roadworthy import lexicon
from roadworthy.perturbations.words import is_negation

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*")
_REPEATED = re.compile(r"[!?]{2,}")
_DOTS = re.compile(r"\.{2,}|…")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_PICTURE = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]")
_FACE = re.compile(r"(?<!\w)[:;=8xX][-']?[)(DPpO/|*]+(?!\w)|<3")
# A word counts as common from so many times on, and as a slip of it where it comes at most one time for so many.
_COMMON, _TIMES_RARER = 4, 4
_SHORTEST = 5
_FEWEST_HINDI = 2
# Endings that make one word of another: no slips.
_ENDINGS = ("s", "d", "r", "n", "y", "ed", "es")
_BARE = (
    "im ive youre youve theyre theyve hes shes thats whats wheres whos heres theres dont doesnt didnt cant "
    "couldnt youll wouldnt isnt arent wasnt werent hasnt havent hadnt shouldnt"
)
# Short forms that are ordinary words of a clean message as well.
_OF_THEIR_OWN = (
    "acc app apt atm aug ave bro c c/o comp dad dec def diy doc docs eg em eta eve ex faq faqs feb fri id ill info "
    "insta its jan k lets mail max min mins mom mon mum net nov oct ok ooh pass pc phone pic pics re rep sat sept site "
    "st sub subs sum sun tel temp thu thurs tue tues tv uni v wed"
)
_SPELT_RIGHTLY = ("texting.tsv", "slang.tsv", "emoji.tsv", "hinglish.tsv", "spanglish.tsv")


@dataclass(frozen=True)
class Seen:
    """For each way of writing the share of messages that show it; between 0 and 1."""

    lowercase: float = 0.0
    capitals: float = 0.0
    no_final_mark: float = 0.0
    repeated_marks: float = 0.0
    dots: float = 0.0
    emoji: float = 0.0
    emoticon: float = 0.0
    shorthand: float = 0.0
    no_apostrophe: float = 0.0
    stretched: float = 0.0
    keywords: float = 0.0
    hinglish: float = 0.0
    slips: float = 0.0

    @classmethod
    def names(cls) -> list[str]:
        """Every way of writing that is counted."""
        return [field.name for field in fields(cls)]


def surface(messages: Sequence[str], *, known: Sequence[str] = ()) -> Seen:
    """Count how n messages are written.

    Parameters
    ----------
    known
        Further messages whose words are taken to be spelt rightly.

    Examples
    --------
    >>> seen = surface(["where r u", "WHERE IS IT???", "Where is it?", "thx :)"])
    >>> seen.lowercase, seen.capitals, seen.repeated_marks, seen.shorthand, seen.emoticon
    (0.5, 0.25, 0.25, 0.5, 0.25)
    """
    if not messages:
        return Seen()
    slips = _slips(messages, known)
    counts = Counter(name for text in messages for name in shown_by(text, slips))
    return Seen(**{name: counts[name] / len(messages) for name in Seen.names()})


def shown_by(text: str, slips: frozenset[str] = frozenset()) -> Iterator[str]:
    """The ways of writing that a message shows, given which words are slips.

    Examples
    --------
    >>> list(shown_by("where r u"))
    ['lowercase', 'no_final_mark', 'shorthand', 'keywords']
    """
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    yield from _casing(text)
    yield from (name for name, pattern in _PATTERNS.items() if pattern.search(text))
    if words and text.rstrip()[-1:].isalnum():
        yield "no_final_mark"
    if not shorthand().isdisjoint(token.lower() for token in _TOKEN.findall(text)):
        yield "shorthand"
    if not _bare_contractions().isdisjoint(words):
        yield "no_apostrophe"
    if len(words) > 1 and lexicon.words("fillers.txt").isdisjoint(words):
        yield "keywords"
    if sum(word in _hindi() for word in words) >= _FEWEST_HINDI:
        yield "hinglish"
    if not slips.isdisjoint(words):
        yield "slips"


_PATTERNS = {
    "repeated_marks": _REPEATED,
    "dots": _DOTS,
    "emoji": _PICTURE,
    "emoticon": _FACE,
    "stretched": _STRETCHED,
}


def _casing(text: str) -> Iterator[str]:
    letters = [letter for letter in text if letter.isalpha() and letter.lower() != letter.upper()]
    if letters and text == text.lower():
        yield "lowercase"
    if len(letters) > 3 and text == text.upper():
        yield "capitals"


def _slips(messages: Sequence[str], known: Sequence[str]) -> frozenset[str]:
    """Words that are rare and one letter away from a common word, or from a known one that they are not."""
    counts = Counter(word.lower() for text in messages for word in _WORD.findall(text))
    trusted = Counter(word.lower() for text in known for word in _WORD.findall(text))
    common = {word: n for word, n in counts.items() if n >= _COMMON} | dict.fromkeys(trusted, _COMMON)
    near: dict[str, list[str]] = {}
    for word in common:
        for shape in _shapes(word) if len(word) >= _SHORTEST else ():
            near.setdefault(shape, []).append(word)
    rare = [word for word in counts.keys() - trusted.keys() - _english() if len(word) >= _SHORTEST]
    return frozenset(
        word
        for word in rare
        if any(
            counts[word] * _TIMES_RARER <= max(common[right], counts[right]) and _is_slip(word, right)
            for shape in _shapes(word)
            for right in near.get(shape, ())
        )
    )


def _shapes(word: str) -> Iterator[str]:
    """The word, and what is left of it without one of its letters."""
    yield word
    yield from (word[:i] + word[i + 1 :] for i in range(min(len(word), 30)))


def _is_slip(word: str, right: str) -> bool:
    """Whether one typing error makes a word of another; their lengths differ by one at most."""
    if word == right or is_negation(word):
        return False
    longer, shorter = (word, right) if len(word) > len(right) else (right, word)
    # What they share in front and at the end leaves one letter, or two that changed places.
    start = next((i for i, (a, b) in enumerate(zip(longer, shorter, strict=False)) if a != b), len(shorter))
    if start == len(shorter) and longer[start:] in _ENDINGS:
        return False
    left, other = longer[start:], shorter[start:]
    if len(longer) != len(shorter):
        return left[1:] == other
    return left[1:] == other[1:] or (left[:2] == other[1::-1] and left[2:] == other[2:])


@cache
def shorthand() -> frozenset[str]:
    """Short forms that are no words of their own."""
    listed = (
        form
        for long_form, forms in lexicon.alternatives("texting.tsv").items()
        for form in forms
        if " " not in form and (len(form) < len(long_form) or any(map(str.isdigit, form)))
    )
    short = frozenset(form for form in listed if not form.isdigit() and "'" not in form)
    return short - _bare_contractions() - frozenset(_OF_THEIR_OWN.split(" "))


@cache
def _english() -> frozenset[str]:
    """Words that are spelt rightly: those that the word lists of the package have something for."""
    keys = (key for name in _SPELT_RIGHTLY for key in lexicon.alternatives(name))
    return frozenset(word for key in keys for word in key.split()) | lexicon.words("fillers.txt")


@cache
def _bare_contractions() -> frozenset[str]:
    """Contractions without their apostrophe that are no other words."""
    return frozenset(_BARE.split(" "))


@cache
def _hindi() -> frozenset[str]:
    """Single Hindi words as they are typed in Latin letters, but for those that are English words as well."""
    forms = (form for forms in lexicon.alternatives("hinglish.tsv").values() for form in forms)
    english = {word for key in lexicon.alternatives("hinglish.tsv") for word in key.split()}
    english |= lexicon.words("fillers.txt") | {"are", "main", "bill", "order", "time", "hum", "do", "us", "par", "se"}
    return frozenset(word for form in forms for word in form.split() if len(word) > 1) - english
