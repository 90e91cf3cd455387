"""Who a clause is about, where they end and the verb begins, and how Hindi says them."""

from __future__ import annotations

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


def opened(words: Words) -> Words:
    """The words, with what an apostrophe joined to the subject by itself."""
    parted = _PARTED[words[0]]
    return [*parted, *words[1:]] if parted else words


def _parted(word: str) -> tuple[str, ...]:
    """A subject and what an apostrophe joined to it; nothing where there is none."""
    subject, mark, rest = word.lower().replace("’", "'").partition("'")
    return (subject, _OPENED[mark + rest]) if subject in SUBJECTS and mark + rest in _OPENED else ()


def verb_at(words: Words) -> int:
    """Where the verb stands; 0 where there is none that can be told."""
    first = words[0].lower()
    if first in SUBJECTS:
        # Few adverbs come before the verb.
        return 1 if len(words) > 1 and _IS_NO_ADVERB[words[1]] else _first_of(words[1:], _IS_NO_ADVERB, 1)
    return _first_of(words[2 : _LONGEST + 1], IS_FINITE, 2) if first in DETERMINERS else 0


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
    plain = " ".join(words)
    is_many = last.endswith("s") and not last.endswith("ss")
    vowel, future = ("e", "enge") if is_many else ("a", "ega")
    return Subject(plain, f"{plain} ne", f"{plain} ko", f"{plain} me", vowel, "hai", future, "e")


_PARTED = Remembered(_parted)
_IS_NO_ADVERB = Remembered(lambda word: word.lower() not in ADVERBS)
_IS_PAST = Remembered(lambda word: bool(past_of(word)))
_MUST_END = Remembered(lambda word: word.lower() in ("not", "been"))
_IS_INFINITIVE = Remembered(lambda word: word.lower() in infinitives())
_IS_SUBJECT = Remembered(lambda word: word.lower().replace("’", "'").partition("'")[0] in SUBJECTS)
