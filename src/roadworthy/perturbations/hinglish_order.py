"""The words and phrases of a Hindi frame: what stays English, what becomes Hindi, and the order they come in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import compress, count, filterfalse, pairwise
from operator import itemgetter

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.remembered import Remembered

Words = Sequence[str]

_CLOCK = re.compile(r"(\d{1,2}(?: ?: ?\d{2})?) ?(am|pm)", re.IGNORECASE)
_NOTHING = "-"
# What moves a word to another place.
_LEADING, _TELLING_WHEN = "leading", "telling when"
_STAYING = frozenset([""])
_KO, _SE = ("ko",), ("se",)
_DAYS = ["today", "tonight", "tomorrow", "now", "currently", "yesterday", "this morning", "this evening", "right now"]
_SPANS = [f"{which} {span}" for which in ("last", "next", "this") for span in ("week", "month", "year", "night")]
_TIMES = frozenset([*_DAYS, *_SPANS, "still", "already"])
_ALWAYS = frozenset(["it", "me", "you", "the", "a", "an"])
# Whose: what stands before a postposition that begins with ke, and what before se.
_OF = {
    "me": ("mere", "mujhse"),
    "us": ("hamare", "humse"),
    "you": ("aapke", "aapse"),
    "it": ("iske", "isse"),
    "this": ("iske", "isse"),
    "him": ("uske", "usse"),
    "her": ("uske", "usse"),
    "them": ("unke", "unse"),
}
_WEEKDAYS = frozenset(
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "weekend", "day", "night", "evening"]
)
_AFTER_TIMES = {
    **dict.fromkeys(("for",), "ke liye"),
    **dict.fromkeys(("since", "from"), "se"),
    **dict.fromkeys(("until", "till", "by"), "tak"),
    "before": "se pehle",
    "after": "ke baad",
}
# What a preposition leads.
_LED = itemgetter(1)
_PLACES = frozenset(["inside", "outside", "around", "near", "before", "after"])
# What to and with become after a verb.
_GOVERNED = {"speak": "from", "talk": "from", "add": "in", "log in": "in", "sign in": "in", "move": "in"}
_JOINED = (
    "hinglish_words.tsv",
    "hinglish_infinitives.tsv",
    "hinglish_postpositions.tsv",
    "hinglish_verbs.tsv",
    "hinglish_joints.tsv",
)


def joined(words: list[str]) -> list[str]:
    """Words of which those that are said as one become one: log in, last week, because of, as soon as.

    Examples
    --------
    >>> joined("log in as soon as you can".split())
    ['log in', 'as soon as', 'you', 'can']
    """
    found: list[str] = []
    done = 0
    for start in compress(count(), map(_FOLLOWING.__getitem__, words[:-1])):
        following = _FOLLOWING[words[start]].get(_BARE[words[start + 1]])
        if following and start >= done and (end := _end_of_one(words, start, following)):
            found += [*words[done:start], " ".join(words[start:end])]
            done = end
    return [*found, *words[done:]] if done else words


def _end_of_one(words: Words, start: int, following: frozenset[str]) -> int:
    """Where the longest phrase that is said as one ends, given what may follow its first word; 0 where none does."""
    for end in (start + 3, start + 2):
        if end <= len(words) and " ".join(words[start + 1 : end]).lower().rstrip(",;:") in following:
            return end
    return 0


@cache
def _said_as_one() -> dict[str, dict[str, frozenset[str]]]:
    """Of the phrases that are said as one: by their first word and their second, what follows the first."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for key in (key for name in _JOINED for key in lexicon.alternatives(name) if " " in key and key != "i need"):
        first, following = key.split(" ", 1)
        by_second, second = found.setdefault(first, {}), following.split(" ")[0]
        by_second[second] = by_second.get(second, frozenset()) | {following}
    return found


def ordered(words: Words, draw: Draw) -> list[str]:
    """Times first, then what prepositions lead, the last first, then the rest.

    Examples
    --------
    >>> ordered("the weather in delhi tomorrow".split(), Draw("hinglish", 3, 0, "x"))
    ['kal', 'delhi', 'mei', 'weather']
    """
    roles = set(map(_ROLES.__getitem__, words))
    if roles <= _STAYING:
        return mixed(words, draw)
    without, led = phrases(words) if _LEADING in roles else (words, [])
    told, head = times(without) if _TELLING_WHEN in roles else ([], without)
    # Numbers keep their order.
    if len(led) > 1 and sum(any(map(_IS_NUMBER.__getitem__, after)) for _, after in led) < 2:
        led.reverse()
    found = mixed(told, draw) if told else []
    for preposition, after in led:
        found += phrase(preposition, after, draw)
    found += mixed(head, draw)
    return found


def governed(verb: str, words: list[str]) -> list[str]:
    """The words after a verb, with the preposition that stands for the one that the verb wants in Hindi.

    Examples
    --------
    >>> governed("talk", ["to", "an", "agent"])
    ['from', 'an', 'agent']
    """
    wanted = _GOVERNED.get(verb.lower())
    return [wanted if word in ("to", "with") else word for word in words] if wanted else words


def leads(word: str) -> bool:
    """Whether a word is a preposition.

    Examples
    --------
    >>> leads("with"), leads("wish")
    (True, False)
    """
    return LEADS[word]


def phrases(words: Words) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """What no preposition leads, and every preposition with what it leads.

    Examples
    --------
    >>> phrases("the weather in delhi".split())
    (['the', 'weather'], [('in', ['delhi'])])
    """
    starts = [*compress(count(), map(LEADS.__getitem__, words)), len(words)]
    head = [*words[: starts[0]]]
    found = [(words[start].lower(), [*words[start + 1 : end]]) for start, end in pairwise(starts)]
    if all(map(_LED, found)):
        return head, found
    head += [word for word, led in found if not led and word in _PLACES]
    return head, list(filter(_LED, found))


def phrase(preposition: str, led: Words, draw: Draw) -> list[str]:
    """What a preposition leads, and the postposition that it becomes.

    Examples
    --------
    >>> phrase("from", ["delhi"], Draw("hinglish", 3, 0, "x"))
    ['delhi', 'se']
    """
    if preposition == "to" and led[0].lower() in infinitives():
        return [*mixed(led[1:], draw), *infinitive(led[0]).split(), "ke", "liye"]
    told, words = times(led)
    if not words:
        return [*mixed(told, draw), *_AFTER_TIMES.get(preposition, "").split()]
    clock = _CLOCK.fullmatch(" ".join(words)) if words[0][0].isdecimal() else None
    if clock is not None and draw.chance(0.6):
        return [*mixed(told, draw), *_oclock(clock, draw), *(["ke", "liye"] if preposition == "for" else [])]
    is_when = preposition == "on" and (words[-1].lower() in _WEEKDAYS or any(word[0].isdigit() for word in words))
    after = _KO if is_when else draw.pick(_postpositions()[preposition])
    if len(words) == 1 and words[0].lower() in _OF and (after == _SE or (len(after) > 1 and after[0] == "ke")):
        whose, from_whom = _OF[words[0].lower()]
        return [*mixed(told, draw), *([from_whom] if after == _SE else [whose, *after[1:]])]
    said = mixed([*told, *words] if told else words, draw)
    said += after
    return said


def _oclock(clock: re.Match[str], draw: Draw) -> list[str]:
    hour = int(clock[1].partition(":")[0]) % 12
    evening = "dopahar" if hour < 4 else "shaam" if hour < 8 else "raat"
    return ["subah" if clock[2].lower() == "am" else evening, *clock[1].split(), draw.pick(("baje", "baje", "bajhe"))]


def times(words: Words) -> tuple[Words, Words]:
    """The words that say when, and the others.

    Examples
    --------
    >>> times(["it", "rains", "tomorrow"])
    (['tomorrow'], ['it', 'rains'])
    """
    if not any(map(_IS_TIME.__getitem__, words)):
        return [], words
    return list(filter(_IS_TIME.__getitem__, words)), list(filterfalse(_IS_TIME.__getitem__, words))


def mixed(words: Words, draw: Draw) -> list[str]:
    """Words of which those that bilinguals say in Hindi become Hindi.

    Examples
    --------
    >>> mixed(["every", "parcel"], Draw("hinglish", 3, 0, "x"))
    ['har', 'parcel']
    """
    found: list[str] = []
    for said, forms in map(_FORMS.__getitem__, words):
        found += draw.pick(forms) if forms else said
    return found


def _forms(word: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """What bilinguals always say for a word, or else all that they say for it, each form as words."""
    forms = _all_forms(word)
    return (forms[0], ()) if len(forms) == 1 else ((), forms)


def _all_forms(word: str) -> tuple[tuple[str, ...], ...]:
    """What bilinguals say for a word, a likelier form more often: one time in ten, English."""
    hindi = lexicon.alternatives("hinglish_words.tsv").get(word.lower().replace("’", "'"), ())
    forms = tuple(() if form == _NOTHING else tuple(form.split()) for form in hindi)
    return forms if forms and word in _ALWAYS else forms * 9 + ((word,),) * (len(forms) or 1)


@cache
def infinitives() -> lexicon.Entries:
    """English verbs as oblique infinitives."""
    return lexicon.alternatives("hinglish_infinitives.tsv")


def infinitive(verb: str) -> str:
    """A verb as an oblique infinitive; one that is not known is done.

    Examples
    --------
    >>> infinitive("send"), infinitive("unknot")
    ('bhejne', 'unknot karne')
    """
    return _INFINITIVE[verb]


def _infinitive(verb: str) -> str:
    lowered = verb.lower()
    known = infinitives().get(lowered)
    return known[0] if known else f"{lowered} karne"


def to_be_done(verb: str) -> list[str]:
    """A verb as what is to be done, in the gender of its noun.

    Examples
    --------
    >>> to_be_done("cancel"), to_be_done("talk")
    (['cancel', 'karna'], ['baat', 'karni'])
    """
    *stem, last = infinitive(verb).split()
    return [*stem, last[:-1] + ("i" if stem == ["baat"] else "a")]


@cache
def _postpositions() -> dict[str, tuple[tuple[str, ...], ...]]:
    """What prepositions become, each form as words."""
    entries = lexicon.alternatives("hinglish_postpositions.tsv").items()
    return {key: tuple(() if form == _NOTHING else tuple(form.split()) for form in forms) for key, forms in entries}


_FORMS, _INFINITIVE = Remembered(_forms), Remembered(_infinitive)
_IS_NUMBER = Remembered(lambda word: word[0].isdigit())
_IS_TIME = Remembered(lambda word: word.lower() in _TIMES)
_ROLES = Remembered(lambda word: _LEADING if leads(word) else _TELLING_WHEN if _IS_TIME[word] else "")
LEADS = Remembered(lambda word: word.lower() in _postpositions())
_FOLLOWING = Remembered(lambda word: _said_as_one().get(word.lower(), {}))
_BARE = Remembered(lambda word: word.lower().rstrip(",;:"))
