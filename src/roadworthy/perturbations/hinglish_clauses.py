"""Where the clauses of an English sentence begin, and what joins them in Hindi."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import compress, count
from typing import NamedTuple

from roadworthy import lexicon
from roadworthy.perturbations.hinglish_subjects import begins_with_subject
from roadworthy.perturbations.hinglish_verbs import is_auxiliary, is_finite
from roadworthy.remembered import Remembered

_MARKS = ",;:"
_QUESTION_WORDS = frozenset(["what", "how", "when", "where", "why", "what time", "who", "which", "what's"])
_MANNERS = frozenset(["please", "thanks", "thank", "sorry"])
_DETERMINERS = frozenset(["my", "the", "your", "our", "this", "these", "a", "an"])
_RELATIVE = frozenset(["that", "which", "who"])
# After these stands what is said, thought or asked.
_SAYING = frozenset(["think", "say", "says", "said", "hope", "believe", "guess"])
_ASKING = frozenset(["me", "know", "check", "explain", "see", "ask", "understand", "find out", "let me know", "wonder"])
_CONTENT = _SAYING | _ASKING | {"sure", "tell", "told", "afraid", "sorry", "message", "text", "remind"}
_TELLING = frozenset(["message", "text", "tell", "remind", "ask", "show"])
_ANYBODY = frozenset(["nobody", "everybody", "somebody", "everyone", "someone", "none", "nothing", "one", "neither"])
_ADVERBS = frozenset(["only", "now", "also", "still", "then", "today"])
_WISHES = frozenset(["want", "need"])
_NEAR = 8
_LAST_TO = 4
_KI = ("ki",)


class Joint(NamedTuple):
    """What joins a clause to the one before, in English and in Hindi, and what it shares with that one.

    What is shared is a subject, or a wish: I want to cancel and (I want to) get a refund.
    """

    english: str = ""
    hindi: tuple[str, ...] = ()
    shared: Sequence[str] = ()


_NO_JOINT, _SAID, _THAT = Joint(), Joint("", _KI), Joint("that", _KI)


def clauses(words: Sequence[str]) -> list[tuple[Joint, Sequence[str]]]:
    """The clauses of a sentence, each with what joins it to the one before.

    Examples
    --------
    >>> for joint, clause in clauses("i want to cancel and get a refund because it broke".split()):
    ...     print(joint.hindi, joint.shared, clause)
    () () ['i', 'want', 'to', 'cancel']
    ('aur',) ['i', 'want', 'to'] ['get', 'a', 'refund']
    ('kyunki', 'kyuki') () ['it', 'broke']
    """
    turning = list(compress(count(), map(_TURNS.__getitem__, words)))
    if not turning:
        return [(_NO_JOINT, words)]
    lowered = list(map(str.lower, words))
    found, joint, start, first = [], _NO_JOINT, 0, 0
    # Each once, in their order.
    for i in dict.fromkeys([at + after for at in turning for after in _TURNS[words[at]]]):
        if i < len(words) and (begun := _begins(lowered, i, start)) is not None:
            if i > first:
                found.append((joint, words[start:i]))
            joint, first, start = begun, i, i + bool(begun.english)
    found.append((joint, words[start:]))
    return found


def _begins(words: Sequence[str], i: int, start: int) -> Joint | None:
    """What joins a clause that begins there; nothing where none does."""
    before, word = words[i - 1] if i else "", words[i]
    if i > start and word in _QUESTION_WORDS and before in _ASKING:
        return _SAID
    if word in _joints():
        return _joined_by(words, i, start)
    if i > start and before[-1] in _MARKS and (_opens(words, i) or i == len(words) - 1):
        return _NO_JOINT
    if i > start and before in _SAYING and _has_subject(words, i):
        return _SAID
    return None


def _joined_by(words: Sequence[str], i: int, start: int) -> Joint | None:
    word, before = words[i], words[i - 1] if i else ""
    if word in _RELATIVE:
        if i == start or not _has_subject(words, i + 1):
            return None
        is_told = before in _CONTENT or words[start] in _TELLING or words[i + 1] in _DETERMINERS
        return _THAT if word == "that" and is_told else _joint(word)
    if word in ("and", "or") and (shared := _shared(words, i, start)):
        return Joint(word, _joints()[word], shared)
    opens = _has_subject if word in _QUESTION_WORDS or word in ("if", "since", "as", "whether", "so that") else _opens
    if not opens(words, i + 1) or (word in ("and", "or") and _is_purpose(words, i, start)):
        return None
    return _joint(word)


def _shared(words: Sequence[str], i: int, start: int) -> Sequence[str]:
    """What the clause after a conjunction shares with the one before it."""
    if i + 1 >= len(words) or start >= i or not begins_with_subject(words[start]):
        return []
    if is_finite(words[i + 1]) or words[i + 1] in _WISHES:
        is_new = "'" in words[start] or (i + 2 < len(words) and begins_with_subject(words[i + 2]))
        return [] if is_new else words[start : start + 1]
    wish = words[start:i].index("to") if "to" in words[start : start + _LAST_TO] else 0
    return words[start : start + wish + 1] if wish and words[i + 1] in _verbs() else []


def _is_purpose(words: Sequence[str], i: int, start: int) -> bool:
    """Whether a verb goes on with what somebody is to do: remind me to call and write."""
    return "to" in words[start:i] and words[i + 1] in _verbs()


def _opens(words: Sequence[str], i: int) -> bool:
    """Whether a clause can begin there."""
    if i >= len(words):
        return False
    word = words[i]
    if word in _MANNERS or word in _requests() or word in _QUESTION_WORDS or word in _joints() or is_auxiliary(word):
        return True
    return _has_subject(words, i)


def _has_subject(words: Sequence[str], i: int) -> bool:
    """Whether a subject stands there, and a verb after it."""
    if i + 1 >= len(words):
        return False
    if words[i] in _ADVERBS:
        return _has_subject(words, i + 1)
    if begins_with_subject(words[i]) or words[i] in _ANYBODY:
        return True
    return words[i] in _DETERMINERS and any(map(is_finite, words[i + 1 : i + _NEAR]))


@cache
def _joints() -> lexicon.Entries:
    return lexicon.alternatives("hinglish_joints.tsv")


@cache
def _joint(word: str) -> Joint:
    """What joins a clause to the one before it, by a word that is known to."""
    return Joint(word, _joints()[word])


@cache
def _requests() -> lexicon.Entries:
    return lexicon.alternatives("hinglish_verbs.tsv")


@cache
def _verbs() -> lexicon.Entries:
    return lexicon.alternatives("hinglish_infinitives.tsv")


def _turns(word: str) -> tuple[int, ...]:
    """How many words on from a word a clause may begin: at once, where it joins two, or after it."""
    lowered = word.lower()
    at_once = (0,) if lowered in _joints() else ()
    return (*at_once, 1) if lowered in _SAYING or lowered in _ASKING or word[-1] in _MARKS else at_once


_TURNS = Remembered(_turns)
