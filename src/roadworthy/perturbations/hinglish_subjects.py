"""Who a clause is about, where they end and the verb begins, and how Hindi says them."""

from __future__ import annotations

from functools import lru_cache
from itertools import compress, count
from typing import NamedTuple

from roadworthy.perturbations.hinglish_order import Words, infinitives
from roadworthy.perturbations.hinglish_verbs import IS_FINITE, Tense, past_of
from roadworthy.remembered import Remembered

_LONGEST = 7
_OPENED = {"'m": "am", "'s": "is", "'re": "are", "'ve": "have", "'ll": "will"}
ADVERBS = frozenset(["also", "just", "still", "already", "now", "currently", "recently", "again", "really", "only"])
DETERMINERS = frozenset(["my", "the", "your", "our", "this", "a", "an", "these", "those", "his", "her", "their"])


class Subject(NamedTuple):
    """Who does something: plain, in the past of a verb with an object, and who feels or gets it; and the endings."""

    plain: str
    doer: str
    feels: str
    owns: str
    vowel: str
    is_: str
    future: str
    may: str


SUBJECTS = {
    "i": Subject("mai", "maine", "mujhe", "mere paas", "a", "hu", "unga", "u"),
    "we": Subject("hum", "humne", "hume", "hamare paas", "e", "hai", "enge", "e"),
    "you": Subject("aap", "aapne", "aapko", "aapke paas", "e", "ho", "oge", "o"),
    "they": Subject("wo", "unhone", "unhe", "unke paas", "e", "hai", "enge", "e"),
    "he": Subject("wo", "usne", "use", "uske paas", "a", "hai", "ega", "e"),
    "she": Subject("wo", "usne", "use", "uske paas", "i", "hai", "egi", "e"),
    "it": Subject("ye", "isne", "ise", "isme", "a", "hai", "ega", "e"),
    "this": Subject("ye", "isne", "ise", "isme", "a", "hai", "ega", "e"),
    "that": Subject("wo", "usne", "use", "usme", "a", "hai", "ega", "e"),
    "there": Subject("", "", "", "", "a", "hai", "ega", "e"),
}


def begins_with_subject(word: str) -> bool:
    """Whether a word is a subject by itself, or with its auxiliary.

    Examples
    --------
    >>> begins_with_subject("I'm"), begins_with_subject("lamp")
    (True, False)
    """
    return _IS_SUBJECT[word]


def parted(words: Words) -> Words:
    """The words, with what an apostrophe joined to the subject by itself."""
    return [*_parted(words[0]), *words[1:]]


def _parted(word: str) -> tuple[str, ...]:
    """A subject and what an apostrophe joined to it; nothing where there is none."""
    subject, mark, rest = word.lower().replace("’", "'").partition("'")
    return (subject, _OPENED[mark + rest]) if subject in SUBJECTS and mark + rest in _OPENED else ()


def verb_at(words: Words, opening: str) -> int:
    """Where the verb stands, after what opens the statement; 0 where there is none that can be told."""
    if opening == "determiner":
        return _first_of(words[2 : _LONGEST + 1], IS_FINITE, 2)
    # Few adverbs come before the verb.
    if len(words) > 1 and not IS_ADVERB[words[1]]:
        return 1
    return next((i for i, word in enumerate(words) if i and not IS_ADVERB[word]), 0)


def _first_of(words: Words, known: Remembered[bool], start: int) -> int:
    """Where the first of some words is of which something is known, counted from a start; 0 where none is."""
    return next(compress(count(start), map(known.__getitem__, words)), 0)


def end_of_subject(words: Words, tense: str) -> int:
    """Where the subject of a question ends; 0 where that cannot be told."""
    if not words or not tense:
        return 0
    if words[0].lower() in SUBJECTS:
        return 1 if len(words) > 1 or tense in (Tense.BE, Tense.WAS) else 0
    if words[0].lower() not in DETERMINERS:
        return 0
    is_verb = _IS_PAST if tense in (Tense.WAS, Tense.HAVE) else _IS_INFINITIVE
    end = _first_of(words[2:], _MUST_END, 2) or _first_of(words[2:], is_verb, 2)
    return end or (len(words) if tense in (Tense.BE, Tense.WAS) else 0)


def named(words: list[str], last: str) -> Subject:
    """The subject of some words, in the number of the last of them in English."""
    return _named(" ".join(words), last.endswith("s") and not last.endswith("ss"))


@lru_cache(maxsize=1 << 10)
def _named(plain: str, is_many: bool) -> Subject:
    vowel, future = ("e", "enge") if is_many else ("a", "ega")
    return Subject(plain, f"{plain} ne", f"{plain} ko", f"{plain} me", vowel, "hai", future, "e")


def _opening(word: str) -> str | None:
    """What a word is that may open a statement; None where a statement that opens so cannot be told to be one."""
    lowered = word.lower()
    if lowered in SUBJECTS:
        return "subject"
    if lowered in DETERMINERS:
        return "determiner"
    return "adverb" if lowered in ADVERBS else "joined" if _parted(word) else None


OPENING = Remembered(_opening)
IS_ADVERB = Remembered(lambda word: word.lower() in ADVERBS)
_IS_PAST = Remembered(lambda word: bool(past_of(word)))
_MUST_END = Remembered(lambda word: word.lower() in ("not", "been"))
_IS_INFINITIVE = Remembered(lambda word: word.lower() in infinitives())
_IS_SUBJECT = Remembered(lambda word: word.lower().replace("’", "'").partition("'")[0] in SUBJECTS)
