"""English sentences in a Hindi frame, romanised, as bilinguals type them: Hindi grammar, English nouns and verbs.

By rules, clause by clause: what an English preposition leads comes before its verb with a postposition after it, the
verb closes the clause, a question that wants yes or no opens with kya, and Hindi conjunctions join the clauses. The
words in between stay English for the most part (Myers-Scotton's matrix language frame, "Duelling Languages", 1993), and
so does a clause that the rules do not know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import filterfalse

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.hinglish_clauses import Joint, clauses
from roadworthy.perturbations.hinglish_order import Words, joined, ordered
from roadworthy.perturbations.hinglish_questions import IS, question, yes_or_no
from roadworthy.perturbations.hinglish_requests import (
    IS_OF_CLAUSE,
    QUESTION_WORDS,
    WISHING,
    is_order,
    is_request,
    may_request,
    request_of,
    requests,
    sprinkled,
    wish,
    wished_by,
)
from roadworthy.perturbations.hinglish_statements import statement
from roadworthy.perturbations.hinglish_subjects import begins_with_subject
from roadworthy.perturbations.hinglish_verbs import is_auxiliary, is_finite
from roadworthy.perturbations.texting import same_negation
from roadworthy.perturbations.words import is_negation, is_number, keeps, parts
from roadworthy.remembered import Remembered

_SENTENCE = re.compile(r"(?:[^.?!]++|[.?!](?=\w))++[.?!]*\s*|[.?!]+\s*")
_CLOCK = re.compile(r"\d [ap]m\b", re.IGNORECASE)
_TOKENS = re.compile(r"\d+(?: : \d+)?(?: [ap]m\b)?(?!\S)|\S+ ' (?:s|m|d|re|ll|ve)\b|\S+", re.IGNORECASE)
_MARKS = (",", ";", ":")
_THANKS = frozenset(["thanks", "thank", "sorry"])
_COORDINATING = frozenset(["and", "but", "or", "so", "because", "then", "and then"])
_FEW_WORDS = 5


def to_hinglish(text: str, draw: Draw, *, share: float = 1.0) -> str:
    """A message with a share of its sentences in a Hindi frame; a clause whose numbers would move stays English.

    Examples
    --------
    >>> to_hinglish("cancel my order", Draw("hinglish", 3, 0, "cancel my order"))
    'mera order cancel karo'
    >>> text = "I lost my card but I need to pay today"
    >>> to_hinglish(text, Draw("hinglish", 3, 0, text))
    'maine meri card kho diya lekin mujhe aj pay karna hai'
    """
    return all_to_hinglish([text], [draw], share=share)[0]


def all_to_hinglish(texts: Sequence[str], draws: Sequence[Draw], *, share: float = 1.0) -> list[str]:
    """As `to_hinglish` for each of n texts with its draw.

    The clauses of all of them are found before any is put into its frame: a processor does the same thing again sooner
    than another one. Nothing of a text is drawn before that, but for which sentences it is about.
    """
    parted = list(map(_SENTENCE.findall, texts))
    chosen = [
        (sentences, row, draw)
        for sentences, draw in zip(parted, draws, strict=True)
        for row in (range(len(sentences)) if share >= 1 else draw.rows(len(sentences), share))
        if any(map(str.isalpha, sentences[row]))
    ]
    bare = [sentences[row].rstrip().rstrip("?.! ") for sentences, row, _ in chosen]
    words = list(map(joined, map(_split, bare)))
    found = list(map(clauses, words))
    for (sentences, row, draw), core, whole, joints in zip(chosen, bare, words, found, strict=True):
        sentences[row] = _ended(_said(whole, joints, draw), sentences[row], len(core), draw)
    return list(map("".join, parted))


def _said(words: Words, found: Sequence[tuple[Joint, Words]], draw: Draw) -> str:
    """A sentence of some words, the clauses of which were found, without its end."""
    said: list[str] = []
    for joint, clause in found:
        said += _joined(joint, clause, draw)
    # Of an article alone nothing is left.
    return " ".join(said) or " ".join(words)


def _ended(said: str, sentence: str, end: int, draw: Draw) -> str:
    """What is said instead of a sentence that ends there, but for marks: its capital and its full stop may be lost."""
    if sentence[0].isupper() and draw.chance(0.6):
        said = said[:1].upper() + said[1:]
    rest = sentence[end:]
    if rest.strip() == "." and draw.chance(0.6):
        return said + rest[len(rest.rstrip()) :]
    return said + rest


def _split(text: str) -> list[str]:
    """The words; a time of day is one, and so is what a tokeniser has parted: 8 : 00, friday ' s."""
    lowered = text.lower()
    if " : " in text or " ' " in text or ((" am" in lowered or " pm" in lowered) and _CLOCK.search(text)):
        return [found.replace(" ' ", "'") for found in _TOKENS.findall(text)]
    return text.split()


# Clauses


def _joined(joint: Joint, words: Words, draw: Draw) -> list[str]:
    """A clause and what joins it to the one before; English where the rules do not know it."""
    english, forms, shared = joint
    mark = ""
    if words and words[-1].endswith(_MARKS):
        words, mark = _parted(words)
    said = _converted([*shared, *words] if shared else words, draw) if words else []
    hindi = draw.pick(forms).split() if forms else []
    if said is None or (any(map(_MUST_STAY.__getitem__, words)) and not keeps(" ".join(words), " ".join(said))):
        said = sprinkled(words, draw)
        if english and (english not in _COORDINATING or draw.chance(0.5)):
            hindi = [english]
        elif not english:
            hindi = []
    found = hindi + said if hindi else said
    if mark and found:
        found[-1] += mark
    return found


def _parted(words: Words) -> tuple[Words, str]:
    """The words of a clause, and the mark that the last of them ends with."""
    last = words[-1]
    return (words[:-1], f" {last}") if len(last) == 1 else ([*words[:-1], last[:-1]], last[-1:])


def _converted(words: Words, draw: Draw) -> list[str] | None:
    """A clause in a Hindi frame; nothing where the rules do not know it."""
    text = " ".join(words).lower()
    if len(words) <= _FEW_WORDS and (whole := same_negation("hinglish.tsv").get(text)):
        return draw.pick_early(whole).split()
    if "pl" not in text or not any(map(_IS_PLEASE.__getitem__, words)):
        return _clause(words, draw)
    please = list(filter(_IS_PLEASE.__getitem__, (words[0], words[-1])))[:1]
    said = _clause(list(filterfalse(_IS_PLEASE.__getitem__, words)) or words, draw)
    return said and [*please, *said]


def _clause(words: Words, draw: Draw) -> list[str] | None:
    first, may_ask, opens = _OPENED[words[0]]
    if opens == "wish" and (wished := wished_by(words)):
        return wish(wished, draw)
    if may_ask and (is_request(words) or is_order(words)):
        return request_of(first, words[1:], draw)
    if opens == "question":
        return question(first, words[1:], draw)
    if opens == "auxiliary":
        return yes_or_no(first, words[1:], draw)
    if opens == "any":
        return ["kya", *ordered(words, draw), draw.pick(IS)]
    if opens == "thanks":
        return None
    if said := statement(words, draw):
        return said.words()
    return None if _holds_clause(words) or begins_with_subject(first) else ordered(words, draw)


def _opened_by(word: str) -> tuple[str, bool, str]:
    """A word in small letters, whether it may ask for something, and what else a clause is that begins with it."""
    first = word.lower()
    return first, may_request(word), _other_than_request(first)


def _other_than_request(first: str) -> str:
    """What a clause is that begins with a word and asks for nothing; nothing where that does not tell."""
    if first in WISHING:
        return "wish"
    if first in requests():
        return ""
    if first in QUESTION_WORDS:
        return "question"
    if is_auxiliary(first):
        return "auxiliary"
    return "thanks" if first in _THANKS else "any" if first == "any" else ""


def _holds_clause(words: Words) -> bool:
    return is_finite(words[0]) or any(map(IS_OF_CLAUSE.__getitem__, words[1:]))


_OPENED = Remembered(_opened_by)
_MUST_STAY = Remembered(lambda word: is_number(word) or is_negation(parts(word)[1]))
_IS_PLEASE = Remembered(lambda word: word.lower() in ("please", "pls", "plz"))
