"""Who a clause is about, where they end and the verb begins, and how Hindi says them."""

from __future__ import annotations

from typing import NamedTuple

from roadworthy.perturbations.hinglish_order import Words, infinitives
from roadworthy.perturbations.hinglish_verbs import Tense, is_finite, past_of
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


def opened(words: Words) -> list[str]:
    """The words, with what an apostrophe joined to the subject by itself."""
    first = words[0].lower().replace("’", "'")
    subject, mark, rest = first.partition("'")
    if mark and subject in SUBJECTS and mark + rest in _OPENED:
        return [subject, _OPENED[mark + rest], *words[1:]]
    return list(words)


def verb_at(words: Words) -> int:
    """Where the verb stands; 0 where there is none that can be told."""
    if words[0].lower() in SUBJECTS and len(words) > 1:
        return next((i for i in range(1, len(words)) if words[i].lower() not in ADVERBS), 0)
    if words[0].lower() not in DETERMINERS:
        return 0
    return next((i for i in range(2, min(len(words), _LONGEST + 1)) if is_finite(words[i])), 0)


def end_of_subject(words: Words, tense: str) -> int:
    """Where the subject of a question ends; 0 where that cannot be told."""
    if not words or not tense:
        return 0
    if words[0].lower() in SUBJECTS:
        return 1 if len(words) > 1 or tense in (Tense.BE, Tense.WAS) else 0
    if words[0].lower() not in DETERMINERS:
        return 0
    cut = next((i for i in range(2, len(words)) if words[i].lower() in ("not", "been")), 0)
    if cut:
        return cut
    is_verb = past_of if tense in (Tense.WAS, Tense.HAVE) else infinitives().get
    found = (i for i in range(2, len(words)) if is_verb(words[i].lower()))
    return next(found, len(words) if tense in (Tense.BE, Tense.WAS) else 0)


def named(words: list[str], last: str) -> Subject:
    """The subject of some words, in the number of the last of them in English."""
    plain = " ".join(words)
    is_many = last.endswith("s") and not last.endswith("ss")
    vowel, future = ("e", "enge") if is_many else ("a", "ega")
    return Subject(plain, f"{plain} ne", f"{plain} ko", f"{plain} me", vowel, "hai", future, "e")


_IS_SUBJECT = Remembered(lambda word: word.lower().replace("’", "'").partition("'")[0] in SUBJECTS)
