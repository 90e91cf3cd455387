"""English requests and wishes in a Hindi frame, and the few words of English clauses that bilinguals say in Hindi."""

from __future__ import annotations

from functools import cache

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.fitting import word_set
from roadworthy.perturbations.hinglish_order import (
    Words,
    governed,
    infinitive,
    infinitives,
    mixed,
    ordered,
    phrase,
    phrases,
    times,
    to_be_done,
)
from roadworthy.perturbations.hinglish_statements import statement
from roadworthy.perturbations.hinglish_subjects import DETERMINERS
from roadworthy.perturbations.hinglish_verbs import is_finite
from roadworthy.perturbations.texting import same_negation
from roadworthy.remembered import Remembered

QUESTION_WORDS = frozenset(["what", "how", "when", "where", "why", "what's", "whats", "who", "which", "what time"])
TOLD = frozenset(["message", "text", "call", "ask", "let"])
# What stands before things that something is to be done to.
_TAKEN = DETERMINERS | {"all", "any", "some"}
_TO_ME = frozenset(["remind", "show", "tell", "give", "send"])
PEOPLE = frozenset(["i", "you", "we", "he", "she", "they"])
_WANTING = frozenset(["need", "want"])
# What wishes begin with.
WISHING = frozenset(["i", "i'd", "id", *_WANTING])
ME = ("mujhe", "mujhe", "muje")
_LAST = frozenset(["ko", "me", "mein", "mei", "liye", "par", "se"])
# Requests that are nouns as well: "refund my order" asks for it, "refund status" names a thing.
_NOUNS_TOO = word_set(
    "call charge contact display email end help list message order play refund repeat reply return search ship start "
    "text track transfer update"
)
# Of these a thing is made more seldom than they are named, so that what they are to be done to must be known.
_MOSTLY_NOUNS = frozenset(["charge", "help", "order", "refund", "return", "ship"])
_NAMED = word_set(
    "address amount app back center centre charges code date details fee fees history id issue link log method "
    "mode number option options page period policies policy price problem procedure process request requests results "
    "rules status terms time window"
)
_PRONOUNS = frozenset(["me", "it", "them", "this", "that", "us", "him", "her", "with"])
# Of what stays English, what is said in Hindi all the same.
_OWNED = {"my": ("mera", "meri", "mere"), "our": ("hamara", "hamare"), "your": ("aapka", "aapki")}


def request_of(verb: str, words: Words, draw: Draw) -> list[str]:
    """What is asked for, then the verb."""
    to_whom: list[str] = []
    if words and words[0].lower() == "me":
        to_whom = [draw.pick(ME) if verb in _TO_ME else "mere liye"]
        words = words[1:]
    stem = infinitive(verb)[:-2]
    request = draw.pick(requests().get(verb, (f"{stem}o", f"{stem} do"))).split()
    if verb == "remind" and len(words) > 1 and words[0].lower() == "to":
        return [*to_whom, *purpose(words[1:], draw), *request]
    if verb in TOLD and words:
        return _told(words, request, draw)
    body = ordered(words, draw)
    if body and body[-1] not in _LAST and draw.chance(0.3):
        body.append("ko")
    return [*to_whom, *body, *request]


def is_request(words: Words) -> bool:
    """Whether the words begin with an English verb that is asked for: not "refund status", nor "refund not received".

    Examples
    --------
    >>> is_request(["refund", "my", "order"]), is_request(["refund", "status"]), is_request(["return", "policy"])
    (True, False, False)
    """
    first, following = words[0].lower(), words[1].lower() if len(words) > 1 else ""
    if first not in requests() or following == "not":
        return False
    if first not in _NOUNS_TOO:
        return True
    if following in _NAMED or is_finite(following) or following.endswith("ed"):
        return False
    is_done_to = following in _TAKEN or following in _PRONOUNS or following in lexicon.words("sworn_at.txt")
    return first not in _MOSTLY_NOUNS or is_done_to


def may_request(word: str) -> bool:
    """Whether a request or an order may begin with a word.

    Examples
    --------
    >>> may_request("Cancel"), may_request("order"), may_request("lamp")
    (True, True, False)
    """
    return word.lower() in requests() or _IS_ENGLISH_VERB[word]


def is_order(words: Words) -> bool:
    """Whether the words begin with an English verb, and something that is to be done to."""
    return _IS_ENGLISH_VERB[words[0]] and len(words) > 1 and words[1].lower() in _TAKEN


def wished_by(words: Words) -> Words:
    """What follows a wish, or a duty; nothing where there is neither."""
    first, second, third = (*map(str.lower, words[:3]), "", "")[:3]
    if first in _WANTING:
        return words[1:] if third and second == "to" else []
    if first != "i":
        return words[2:] if second == "like" else []
    if second in _WANTING or (second == "have" and third == "to"):
        return words[2:]
    return words[3:] if second == "would" and third == "like" else []


def wish(words: Words, draw: Draw) -> list[str] | None:
    """What is wanted, or what is to be done and the verb; nothing where another clause is left in it."""
    is_to_do = words[0].lower() == "to" and len(words) > 1
    if any(map(IS_OF_CLAUSE.__getitem__, words[2 if is_to_do else 0 :])):
        return None
    if is_to_do:
        to_do = [*to_be_done(words[1]), "hai"]
        return [draw.pick(ME), *ordered(governed(words[1], list(words[2:])), draw), *to_do]
    return [draw.pick(ME), *ordered(words, draw), "chahiye"]


def purpose(words: Words, draw: Draw, *, is_aim: bool = False) -> list[str]:
    """To do something: when, whereto, what, and the verb as an infinitive."""
    without, led = phrases(words[1:])
    when = [found for found in led if found[0] in ("at", "on", "in", "before", "after")]
    rest = [found for found in reversed(led) if found not in when]
    told, head = times(without)
    found = [*mixed(told, draw), *(word for found in [*when, *rest] for word in phrase(*found, draw))]
    verb = infinitive(words[0])
    return [
        *found,
        *mixed(head, draw),
        *(f"{verb} ke liye" if is_aim or draw.chance(0.75) else f"{verb[:-1]}a").split(),
    ]


def _told(words: Words, request: list[str], draw: Draw) -> list[str]:
    """Who is told, the verb, and what."""
    content = words[2:] if len(words) > 1 and words[1].lower() in ("that", "if", "know") else words[1:]
    said = ["ki", *_told_content(content, draw)] if content else []
    return [*mixed(words[:1], draw), *request, *said]


def _told_content(words: Words, draw: Draw) -> list[str]:
    if said := statement(words, draw):
        return said.words()
    return sprinkled(words, draw) if any(map(is_finite, words)) else ordered(words, draw)


def sprinkled(words: Words, draw: Draw) -> list[str]:
    """An English clause, of some of whose words bilinguals say the Hindi ones."""
    found = list(words)
    for i, forms in enumerate(map(_SINGLE.__getitem__, words)):
        if forms and draw.chance(0.8):
            found[i] = draw.pick(forms)
    return found


def _single(word: str) -> tuple[str, ...]:
    lowered = word.lower()
    return _OWNED.get(lowered) or (() if lowered in QUESTION_WORDS else same_negation("hinglish.tsv").get(lowered, ()))


@cache
def requests() -> lexicon.Entries:
    """English verbs as requests in romanised Hindi."""
    return lexicon.alternatives("hinglish_verbs.tsv")


_SINGLE = Remembered(_single)
_IS_ENGLISH_VERB = Remembered(lambda word: infinitives().get(word.lower(), ("",))[0].endswith(" karne"))
IS_OF_CLAUSE = Remembered(lambda word: is_finite(word) or word.lower() in PEOPLE)
