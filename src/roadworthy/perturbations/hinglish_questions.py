"""English questions in a Hindi frame: what wants yes or no opens with kya, a question word comes before the verb."""

from __future__ import annotations

from itertools import filterfalse

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.hinglish_order import (
    Words,
    governed,
    infinitive,
    mixed,
    ordered,
    phrase,
    phrases,
    to_be_done,
)
from roadworthy.perturbations.hinglish_predicates import Said
from roadworthy.perturbations.hinglish_requests import PEOPLE, TOLD, purpose, request_of, requests
from roadworthy.perturbations.hinglish_statements import asked, statement
from roadworthy.perturbations.hinglish_verbs import hung, is_auxiliary, is_finite
from roadworthy.remembered import Remembered

_AUXILIARIES = frozenset(["will", "is", "are", "can", "should", "do", "does", "did", "am", "would", "could", "was"])
_BE = frozenset(["is", "are", "was", "were"])
_NOBODY = frozenset(["it", "there"])
# What asks for more than yes or no, with an auxiliary after it.
_ASKED = {
    "when": "kab",
    "where": "kaha",
    "how": "kaise",
    "why": "kyu",
    "what": "kya",
    "what time": "kitne baje",
    "how long": "kitne time",
    "how soon": "kitni jaldi",
    "how often": "kitni baar",
}
_WHICH = ("kaunsa", "konsa", "kaunse")
_SHORTEST_PAST = 5
IS = ("hai", "hai", "hai", "he")
_HOW_MANY = frozenset(["many", "much"])
_HOW_IT_IS = frozenset(["weather", "traffic"])
_HOW_MUCH = {
    "much": "kitna",
    "many": "kitne",
    "long": "kitni der",
    "far": "kitni door",
    "hot": "kitni garmi",
    "cold": "kitni thand",
}


def question(first: str, words: Words, draw: Draw) -> list[str] | None:
    """What is asked with a question word, given the words after it; nothing where the rules do not know it.

    Examples
    --------
    >>> question("where", "is my order".split(), Draw("hinglish", 3, 0, "x"))
    ['meri', 'order', 'kaha', 'he']
    """
    if first in ("what's", "whats"):
        first, words = "what", ["is", *words]
    lowered = list(map(str.lower, words))
    if said := _asked(first, lowered, words, draw):
        return said
    if first == "what time":
        return _what(["time", *words], ["time", *lowered], draw)
    if first == "why" or _is_beyond_rules(lowered):
        return None
    if "going" in lowered[:-1]:
        words = _without_going_to(words, lowered)
        lowered = list(map(str.lower, words))
    if first == "how":
        return _how(words, draw)
    if first in ("when", "where"):
        if any(map(_LOOKS_PAST.__getitem__, words)):
            return None
        verb = draw.pick(("hoga", "hai") if "will" in lowered else IS)
        return [*ordered(_bare(words), draw), "kab" if first == "when" else "kaha", verb]
    if first == "who" and words and lowered[0] not in ("is", "are"):
        return None
    return _what(words, lowered, draw) if first == "what" else [*ordered(_bare(words), draw), "kaun", draw.pick(IS)]


def _without_going_to(words: Words, lowered: Words) -> Words:
    """The words without what English makes a future of: what is it going to be."""
    at = lowered.index("going")
    end = at + 1 + (lowered[at + 1] == "to") + (lowered[at + 1 : at + 3] == ["to", "be"])
    return [*words[:at], *words[end:]]


def _asked(first: str, lowered: Words, words: Words, draw: Draw) -> list[str] | None:
    """A question with an auxiliary and a subject in it, in the words of a statement."""
    if lowered and (longer := f"{first} {lowered[0]}") in _ASKED:
        first, words, lowered = longer, words[1:], lowered[1:]
    if first in ("what", "which") and (which := _asked_which(lowered, words, draw.pick(_WHICH), draw)):
        return which
    if not lowered:
        return None
    if first == "how":
        if lowered[0] in _HOW_MANY and (which := _asked_which(lowered[1:], words[1:], "kitne", draw)):
            return which
        if lowered[0] == "to" and len(words) > 1:
            does = hung(infinitive(words[1])[:-2].split(), ["e"])
            verb = does if draw.chance(0.6) else [*to_be_done(words[1]), "hai"]
            return [*ordered(governed(words[1], list(words[2:])), draw), "kaise", *verb]
    if first not in _ASKED:
        return None
    if first == "how long" and lowered[2:4] == ["have", "to"]:
        return _time_for(words[4:], draw)
    said = _asked_after(first, lowered, words, draw)
    return said.words(_ASKED[first]) if said else None


def _asked_after(first: str, lowered: Words, words: Words, draw: Draw) -> Said | None:
    if not is_auxiliary(lowered[0]) or len(words) == 1:
        return statement(words, draw)
    if lowered[1] in _NOBODY or "like" in words or (first != "why" and lowered[0] in _BE):
        return None
    return asked(lowered[0], words[1:], draw)


def _asked_which(lowered: Words, words: Words, which: str, draw: Draw) -> list[str] | None:
    """Which of some things: the things, an auxiliary and a subject."""
    for end in (1, 2):
        if end < len(words) - 1 and is_auxiliary(words[end]):
            said = asked(lowered[end], words[end + 1 :], draw)
            return [*said.before, which, *words[:end], *said.verb] if said else None
    return None


def _time_for(words: Words, draw: Draw) -> list[str] | None:
    """How long somebody has to do something."""
    return [*purpose(words, draw, is_aim=True), "kitna", "time", draw.pick(IS)] if words else None


def _is_beyond_rules(lowered: Words) -> bool:
    """Whether there is a clause within the question, or a verb beside its auxiliary."""
    if not PEOPLE.isdisjoint(lowered[1:]):
        return True
    verbs = sum(map(_IS_VERB.__getitem__, lowered[2:]))
    return verbs > 1 or (verbs == 1 and not (is_auxiliary(lowered[0] or "is") or lowered[0] in _HOW_MUCH))


def _what(words: Words, lowered: Words, draw: Draw) -> list[str]:
    opened = lowered[0] if lowered else ""
    if opened == "time":
        rest = [word for word in _bare(words[1:]) if word.lower() != "left"]
        if "left" in lowered:
            return [*ordered(rest, draw), "kitna", "time", "bacha", draw.pick(IS)]
        return [*ordered(rest, draw), "kis", "samay", draw.pick(IS)]
    if opened == "will":
        rest = [word for word in words[1:] if word.lower() not in ("be", "like")]
        return [*ordered(rest, draw), draw.pick(("kaisa", "kya")), draw.pick(("rahega", "hoga"))]
    what = "kitna" if "temperature" in lowered else "kya" if _HOW_IT_IS.isdisjoint(lowered) else "kaisa"
    rest = list(filterfalse(_IS_LEFT_OUT_OF_WHAT.__getitem__, words))
    return [*ordered(rest, draw), what if draw.chance(0.8) else "kya", draw.pick(IS)]


def _how(words: Words, draw: Draw) -> list[str] | None:
    first = words[0].lower() if words else ""
    if first == "will" and len(words) > 2 and words[1].lower() not in _NOBODY and "be" not in words:
        return None
    if first not in _HOW_MUCH and len(words) > 2 and words[1].lower() in ("is", "are", "will"):
        rest = [word for word in _bare(words[2:]) if word.lower() not in (*_NOBODY, "be")]
        return [*ordered(rest, draw), "kitna", words[0], "hoga" if words[1].lower() == "will" else draw.pick(IS)]
    if first not in _HOW_MUCH:
        how = draw.pick(("kaisa", "kesa")) if first in ("is", "are", "will") else "kaise"
        return [*ordered(_bare(words), draw), how, "hoga" if first == "will" else draw.pick(IS)]
    rest = [word for word in _bare(words[1:]) if word.lower() not in ("it", "there", "i", "take", "me")]
    how = _HOW_MUCH[first]
    if first in _HOW_MANY:
        is_left = "left" in rest
        head, led = phrases([word for word in rest if word != "left"])
        found = [word for found in reversed(led) for word in phrase(*found, draw)]
        left = ["bacha" if first == "much" else "bache"] if is_left else []
        return [*found, *mixed(head[1:], draw), how, *mixed(head[:1], draw), *left, draw.pick(IS)]
    verb = draw.pick(("lagega", "lagegi") if first == "long" else IS)
    return [*ordered(rest, draw), *how.split(), verb]


def yes_or_no(auxiliary: str, words: Words, draw: Draw) -> list[str] | None:
    """What is asked with an auxiliary, given the words after it; nothing where the rules do not know it.

    Examples
    --------
    >>> yes_or_no("is", "my order delayed".split(), Draw("hinglish", 3, 0, "x"))
    ['kya', 'mere', 'order', 'delayed', 'hai']
    """
    lowered = list(map(str.lower, words))
    if auxiliary in ("can", "could", "would") and lowered[:1] == ["you"] and lowered[1:2] and lowered[1] in requests():
        said = None if lowered[1] in TOLD else asked("can", words, draw)
        return ["kya", *(said.words() if said else ["aap", *request_of(lowered[1], words[2:], draw)])]
    if not lowered or lowered[0] not in _NOBODY:
        said = asked(auxiliary, words, draw) if words else None
        if said:
            return ["kya", *said.words()]
        if _is_beyond_rules(["", *lowered]) or auxiliary not in _AUXILIARIES:
            return None
    elif _is_beyond_rules(lowered):
        return None
    if lowered[:2] == ["it", "possible"] and lowered[2:3] == ["to"] and len(words) > 3:
        return ["kya", *ordered(words[4:], draw), *f"{infinitive(words[3])[:-1]}a possible hai".split()]
    if lowered and lowered[0] in _NOBODY:
        words, lowered = words[1:], lowered[1:]
    closing = _closing(auxiliary, lowered, draw)
    rest = [word for word in words if word.lower() not in ("be", "going", "have", "there", "need")]
    return ["kya", *ordered(rest, draw), *closing.split()]


def _closing(auxiliary: str, lowered: Words, draw: Draw) -> str:
    """The verb at the end of a question."""
    if "need" in lowered:
        return draw.pick(("ki zarurat hai", "chahiye", "ki zarurat hogi"))
    if auxiliary == "should":
        return draw.pick(("chahiye", "lena chahiye", "karna chahiye"))
    if auxiliary in ("can", "could", "would"):
        return draw.pick(("sakta hu", "sakte hai", "sakta hoon"))
    if auxiliary == "will" or "going" in lowered:
        return draw.pick(("hoga", "hogi", "hone wali hai", "hone wala hai"))
    return draw.pick(IS)


def _bare(words: Words) -> list[str]:
    return list(filterfalse(_IS_LEFT_OUT.__getitem__, words))


_IS_VERB = Remembered(lambda word: is_finite(word) and word.lower() != "left")
_IS_LEFT_OUT = Remembered(lambda word: word.lower() in _AUXILIARIES)
_IS_LEFT_OUT_OF_WHAT = Remembered(lambda word: _IS_LEFT_OUT[word] or word.lower() in ("like", "look"))
_LOOKS_PAST = Remembered(lambda word: len(word) > _SHORTEST_PAST and word.endswith("ed"))
