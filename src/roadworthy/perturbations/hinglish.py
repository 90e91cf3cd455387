"""English sentences in a Hindi frame, romanised, as bilinguals type them: Hindi grammar, English nouns and verbs.

By rules: what an English preposition leads comes before its verb with a postposition after it, the verb closes the
sentence, a question that wants yes or no opens with kya. The words in between stay English for the most part (Myers-
Scotton's matrix language frame, "Duelling Languages", 1993).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import filterfalse

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.words import keeps
from roadworthy.remembered import Remembered

Words = Sequence[str]

_SENTENCE = re.compile(r"(?:[^.?!]++|[.?!](?=\w))++[.?!]*\s*|[.?!]+\s*")
_CLOCK = re.compile(r"(\d{1,2}(?: ?: ?\d{2})?) ?(am|pm)", re.IGNORECASE)
_NOTHING = "-"
_AUXILIARIES = frozenset(["will", "is", "are", "can", "should", "do", "does", "did", "am", "would", "could", "was"])
_QUESTION_WORDS = frozenset(["what", "how", "when", "where", "what's", "whats", "who", "which"])
_TIMES = frozenset(["today", "tonight", "tomorrow", "now", "currently", "yesterday"])
_TOLD = frozenset(["message", "text", "call", "ask", "let"])
_TO_ME = frozenset(["remind", "show", "tell", "give", "send"])
_SUBJECTS = frozenset(["i", "you", "we", "it", "there", "they", "he", "she"])
_WISHES = frozenset(["i want", "i need", "i would like", "i'd like", "id like"])
_IS = ("hai", "hai", "hai", "he")
_ME = ("mujhe", "mujhe", "muje")
_HOW_MUCH = {
    "much": "kitna",
    "many": "kitne",
    "long": "kitni der",
    "far": "kitni door",
    "hot": "kitni garmi",
    "cold": "kitni thand",
}


def to_hinglish(text: str, draw: Draw, *, share: float = 1.0) -> str:
    """A message with a share of its sentences in a Hindi frame; one whose numbers would change order stays English.

    Examples
    --------
    >>> to_hinglish("cancel my order", Draw("hinglish", 3, 0, "cancel my order"))
    'mera order ko cancel kare'
    """
    sentences = _SENTENCE.findall(text)
    for row in draw.sample(len(sentences), draw.count(len(sentences), share)) if share < 1 else range(len(sentences)):
        sentences[row] = _kept(sentences[row], _sentence(sentences[row], draw))
    return "".join(sentences)


def _kept(before: str, after: str) -> str:
    """The new sentence, unless it lost or gained a negation or changed the order of numbers."""
    return after if keeps(before, after) else before


def _sentence(sentence: str, draw: Draw) -> str:
    body = sentence.rstrip()
    words = body.rstrip("?.!").split()
    end, gap = body[len(body.rstrip("?.! ")) :], sentence[len(body) :]
    if not any(map(str.isalpha, body)):
        return sentence
    please: list[str] = []
    if any(map(_IS_PLEASE.__getitem__, words)):
        please = list(filter(_IS_PLEASE.__getitem__, (words[0], words[-1])))[:1]
        words = list(filterfalse(_IS_PLEASE.__getitem__, words)) or words
    said = " ".join([*please, *_clause(words, draw)])
    if body[:1].isupper() and draw.chance(0.6):
        said = said[:1].upper() + said[1:]
    return said + ("" if end.strip() == "." and draw.chance(0.6) else end) + gap


def _clause(words: Words, draw: Draw) -> list[str]:
    first, two = words[0].lower(), " ".join(words[:2]).lower()
    if wished := _wished(words):
        return _wish(wished, draw)
    if two in _requests():
        return _request(two, words[2:], draw)
    if first in _requests():
        return _request(first, words[1:], draw)
    if first in _QUESTION_WORDS:
        return _question(first, words[1:], draw)
    if first in _AUXILIARIES:
        return _yes_or_no(first, words[1:], draw)
    return ["kya", *_ordered(words, draw), draw.pick(_IS)] if first == "any" else _ordered(words, draw)


def _wished(words: Words) -> Words:
    """What follows a wish, or a duty; nothing where there is neither."""
    lowered = list(map(str.lower, words[:3]))
    if lowered == ["i", "have", "to"]:
        return words[2:]
    return next((words[n:] for n in (3, 2) if " ".join(lowered[:n]) in _WISHES), [])


def _wish(words: Words, draw: Draw) -> list[str]:
    """What is wanted, or what is to be done and the verb."""
    if words[0].lower() == "to" and len(words) > 1:
        verb = _infinitive(words[1])
        return [draw.pick(_ME), *_ordered(words[2:], draw), *f"{verb[:-1]}a hai".split()]
    return [draw.pick(_ME), *_ordered(words, draw), "chahiye"]


# Requests


def _request(verb: str, words: Words, draw: Draw) -> list[str]:
    """What is asked for, then the verb."""
    to_whom: list[str] = []
    if words and words[0].lower() == "me":
        to_whom = [draw.pick(_ME) if verb in _TO_ME else "mere liye"]
        words = words[1:]
    asked = draw.pick(_requests()[verb]).split()
    if verb == "remind" and len(words) > 1 and words[0].lower() == "to":
        return [*to_whom, *_purpose(words[1:], draw), *asked]
    if verb in _TOLD and words:
        return _told(words, asked, draw)
    body = _ordered(words, draw)
    if body and body[-1] not in _last_postpositions() and draw.chance(0.3):
        body.append("ko")
    return [*to_whom, *body, *asked]


def _purpose(words: Words, draw: Draw) -> list[str]:
    """To do something: when, whereto, what, and the verb as an infinitive."""
    head, phrases = _phrases(words[1:])
    when = [phrase for phrase in phrases if phrase[0] in ("at", "on", "in", "before", "after")]
    rest = [phrase for phrase in reversed(phrases) if phrase not in when]
    told, head = _times(head)
    found = [*_mixed(told, draw), *(word for phrase in [*when, *rest] for word in _phrase(*phrase, draw))]
    verb = _infinitive(words[0])
    return [*found, *_mixed(head, draw), *(f"{verb} ke liye" if draw.chance(0.75) else f"{verb[:-1]}a").split()]


def _told(words: Words, asked: list[str], draw: Draw) -> list[str]:
    """Who is told, the verb, and what."""
    content = words[2:] if len(words) > 1 and words[1].lower() in ("that", "if", "know") else words[1:]
    said = ["ki", *_ordered(content, draw)] if content else []
    return [*_mixed(words[:1], draw), *asked, *said]


# Questions


def _question(first: str, words: Words, draw: Draw) -> list[str]:
    if first in ("what's", "whats"):
        first, words = "what", ["is", *words]
    if first == "how":
        return _how(words, draw)
    if first in ("when", "where"):
        is_next = "will" in map(str.lower, words)
        verb = draw.pick(("hoga", "hai") if is_next else _IS)
        return [*_ordered(_bare(words), draw), "kab" if first == "when" else "kaha", verb]
    return _what(words, draw) if first == "what" else [*_ordered(_bare(words), draw), "kaun", draw.pick(_IS)]


def _what(words: Words, draw: Draw) -> list[str]:
    lowered = [word.lower() for word in words]
    if lowered[:1] == ["time"]:
        rest = [word for word in _bare(words[1:]) if word.lower() != "left"]
        if "left" in lowered:
            return [*_ordered(rest, draw), "kitna", "time", "bacha", draw.pick(_IS)]
        return [*_ordered(rest, draw), "kis", "samay", draw.pick(_IS)]
    if lowered[:1] == ["will"]:
        rest = [word for word in words[1:] if word.lower() not in ("be", "like")]
        return [*_ordered(rest, draw), draw.pick(("kaisa", "kya")), draw.pick(("rahega", "hoga"))]
    asked = "kitna" if "temperature" in lowered else "kaisa" if {"weather", "traffic"} & {*lowered} else "kya"
    return [*_ordered(_bare(words), draw), asked if draw.chance(0.8) else "kya", draw.pick(_IS)]


def _how(words: Words, draw: Draw) -> list[str]:
    first = words[0].lower() if words else ""
    if first not in _HOW_MUCH:
        asked = draw.pick(("kaisa", "kesa")) if first in ("is", "are", "will") else "kaise"
        return [*_ordered(_bare(words), draw), asked, "hoga" if first == "will" else draw.pick(_IS)]
    rest = [word for word in _bare(words[1:]) if word.lower() not in ("it", "there", "i")]
    asked = _HOW_MUCH[first]
    if first in ("much", "many"):
        head, phrases = _phrases(rest)
        found = [word for phrase in reversed(phrases) for word in _phrase(*phrase, draw)]
        return [*found, *_mixed(head[1:], draw), asked, *_mixed(head[:1], draw), draw.pick(_IS)]
    verb = draw.pick(("lagega", "lagegi") if first == "long" else _IS)
    return [*_ordered(rest, draw), *asked.split(), verb]


def _yes_or_no(auxiliary: str, words: Words, draw: Draw) -> list[str]:
    lowered = [word.lower() for word in words]
    subject: list[str] = []
    if lowered and lowered[0] in _SUBJECTS:
        needs = auxiliary in ("should", "do") and lowered[0] == "i"
        subject = [draw.pick(_ME)] if needs else [] if lowered[0] in ("it", "there") else _mixed(lowered[:1], draw)
        words, lowered = words[1:], lowered[1:]
    if auxiliary in ("can", "could", "would") and lowered and lowered[0] in _requests():
        body = _request(lowered[0], words[1:], draw)
        return ["kya", *subject, *([*body[:-1], "kar", "sakte", "hai"] if draw.chance(0.4) else body)]
    closing = _closing(auxiliary, lowered, draw)
    rest = [word for word in words if word.lower() not in ("be", "going", "have", "there", "need")]
    return ["kya", *subject, *_ordered(rest, draw), *closing.split()]


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
    return draw.pick(_IS)


def _bare(words: Words) -> list[str]:
    return [word for word in words if word.lower() not in _AUXILIARIES]


# Words and phrases


def _ordered(words: Words, draw: Draw) -> list[str]:
    """Times first, then what prepositions lead, the last first, then the rest."""
    head, phrases = _phrases(words)
    told, head = _times(head)
    found = [*_mixed(told, draw), *(word for phrase in reversed(phrases) for word in _phrase(*phrase, draw))]
    return [*found, *_mixed(head, draw)]


def _phrases(words: Words) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """What no preposition leads, and every preposition with what it leads."""
    if not any(map(_LEADS.__getitem__, words)):
        return list(words), []
    head: list[str] = []
    phrases: list[tuple[str, list[str]]] = []
    led = head
    for word, leads in zip(words, map(_LEADS.__getitem__, words), strict=True):
        if leads:
            led = []
            phrases.append((word.lower(), led))
        else:
            led.append(word)
    return head, [phrase for phrase in phrases if phrase[1]]


def _phrase(preposition: str, words: list[str], draw: Draw) -> list[str]:
    if preposition == "to" and words[0].lower() in _infinitives():
        return [*_mixed(words[1:], draw), *_infinitive(words[0]).split(), "ke", "liye"]
    told, words = _times(words)
    if not words:
        return [*_mixed(told, draw), *(["ke", "liye"] if preposition == "for" else [])]
    clock = _CLOCK.fullmatch(" ".join(words))
    if clock is not None and draw.chance(0.6):
        return [*_mixed(told, draw), *_oclock(clock, draw), *(["ke", "liye"] if preposition == "for" else [])]
    after = draw.pick(_postpositions()[preposition])
    return [*_mixed(told, draw), *_mixed(words, draw), *([] if after == _NOTHING else after.split())]


def _oclock(clock: re.Match[str], draw: Draw) -> list[str]:
    hour = int(clock[1].partition(":")[0]) % 12
    evening = "dopahar" if hour < 4 else "shaam" if hour < 8 else "raat"
    return ["subah" if clock[2].lower() == "am" else evening, *clock[1].split(), draw.pick(("baje", "baje", "bajhe"))]


def _times(words: Words) -> tuple[list[str], list[str]]:
    """The words that say when, and the others."""
    if not any(map(_IS_TIME.__getitem__, words)):
        return [], list(words)
    return list(filter(_IS_TIME.__getitem__, words)), list(filterfalse(_IS_TIME.__getitem__, words))


def _mixed(words: Words, draw: Draw) -> list[str]:
    """Words of which those that bilinguals say in Hindi become Hindi."""
    found: list[str] = []
    for word in words:
        forms = _HINDI[word]
        if forms and draw.chance(0.9):
            found += draw.pick(forms)
        else:
            found.append(word)
    return found


def _hindi(word: str) -> tuple[tuple[str, ...], ...]:
    """What a word is in Hindi, each form as words; none where it stays English."""
    forms = lexicon.alternatives("hinglish_words.tsv").get(word.lower().replace("’", "'"), ())
    return tuple(() if form == _NOTHING else tuple(form.split()) for form in forms)


_HINDI = Remembered(_hindi)
_IS_PLEASE = Remembered(lambda word: word.lower() in ("please", "pls", "plz"))
_IS_TIME = Remembered(lambda word: word.lower() in _TIMES)
_LEADS = Remembered(lambda word: word.lower() in _postpositions())


def _infinitive(verb: str) -> str:
    return _infinitives().get(verb.lower(), (f"{verb.lower()} karne",))[0]


def _requests() -> dict[str, tuple[str, ...]]:
    return lexicon.alternatives("hinglish_verbs.tsv")


def _postpositions() -> dict[str, tuple[str, ...]]:
    return lexicon.alternatives("hinglish_postpositions.tsv")


def _infinitives() -> dict[str, tuple[str, ...]]:
    return lexicon.alternatives("hinglish_infinitives.tsv")


def _last_postpositions() -> frozenset[str]:
    return frozenset(["ko", "me", "mein", "mei", "liye", "par", "se"])
