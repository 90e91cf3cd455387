"""English statements in a Hindi frame, and what is asked with the words of a statement: who, whereto, what, the verb.

What these rules do not know stays English: bilinguals switch between clauses as well as within them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.hinglish_order import Words, governed, infinitive, infinitives, mixed, ordered, phrases
from roadworthy.remembered import Remembered

_LONGEST_SUBJECT = 7
_MOST_PHRASES = 3
_DO, _BE, _WAS, _HAVE, _DID, _CAN, _WILL, _SHOULD, _MAY = (
    "do",
    "be",
    "was",
    "have",
    "did",
    "can",
    "will",
    "should",
    "may",
)
# What tense an auxiliary stands for; those of _NEGATED negate as well.
_TENSES = {
    **dict.fromkeys(("am", "is", "are"), _BE),
    **dict.fromkeys(("was", "were"), _WAS),
    **dict.fromkeys(("have", "has"), _HAVE),
    **dict.fromkeys(("do", "does"), _DO),
    "did": _DID,
    **dict.fromkeys(("can", "could", "would"), _CAN),
    "will": _WILL,
    "should": _SHOULD,
    _MAY: _MAY,
}
_NEGATED = {
    **dict.fromkeys(("isn't", "aren't"), _BE),
    **dict.fromkeys(("wasn't", "weren't"), _WAS),
    **dict.fromkeys(("haven't", "hasn't"), _HAVE),
    **dict.fromkeys(("don't", "doesn't", "dont", "doesnt"), _DO),
    **dict.fromkeys(("didn't", "didnt"), _DID),
    **dict.fromkeys(("can't", "cannot", "cant", "couldn't"), _CAN),
    "won't": _WILL,
}
_OPENED = {"'m": "am", "'s": "is", "'re": "are", "'ve": "have", "'ll": "will"}
_ADVERBS = frozenset(["also", "just", "still", "already", "now", "currently", "recently", "again", "really", "only"])
_DETERMINERS = frozenset(["my", "the", "your", "our", "this", "a", "an", "these", "those", "his", "her", "their"])
_NESTED = frozenset(["i", "we", "he", "she", "they", "who", "what", "that", "which", "how", "why", "because", "if"])
_THIRD = frozenset(
    ["seems", "looks", "keeps", "needs", "wants", "says", "asks", "stops", "works", "comes", "goes", "gets", "takes", "makes", "lets", "leaks", "gives", "tells", "has"]
)
_TO_SOMEBODY = frozenset(["charge", "give", "send", "tell", "ask", "offer", "show"])


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


_SUBJECTS = {
    "i": Subject("mai", "maine", "mujhe", "mere paas", "a", "hu", "unga", "u"),
    "we": Subject("hum", "humne", "hume", "hamare paas", "e", "hai", "enge", "e"),
    "you": Subject("aap", "aapne", "aapko", "aapke paas", "e", "ho", "oge", "o"),
    "they": Subject("wo", "unhone", "unhe", "unke paas", "e", "hai", "enge", "e"),
    "he": Subject("wo", "usne", "use", "uske paas", "a", "hai", "ega", "e"),
    "she": Subject("wo", "usne", "use", "uske paas", "i", "hai", "egi", "e"),
    "it": Subject("ye", "isne", "ise", "isme", "a", "hai", "ega", "e"),
    "this": Subject("ye", "isne", "ise", "isme", "a", "hai", "ega", "e"),
    "there": Subject("", "", "", "", "a", "hai", "ega", "e"),
}
_DONE_BY_THINGS = frozenset(["work", "accept", "support", "offer", "require", "ask", "help"])
_THINGS = frozenset(["it", "this", "there"])


class Said(NamedTuple):
    """A clause in a Hindi frame: what comes before the verb, and the verb."""

    before: list[str]
    verb: list[str]

    def words(self, asked: str = "") -> list[str]:
        """All words, with what is asked for right before the verb."""
        return [*self.before, *asked.split(), *self.verb]


class _Clause(NamedTuple):
    subject: str
    words: list[str]
    who: Subject
    is_negated: bool
    draw: Draw


def statement(words: Words, draw: Draw) -> Said | None:
    """A statement in a Hindi frame; nothing where it is none that the rules know.

    Examples
    --------
    >>> statement("i ordered 2 lamps last week".split(), Draw("hinglish", 3, 0, "x")).words()
    ['maine', 'pichle', 'hafte', '2', 'lamps', 'order', 'kiya']
    """
    if words[0].lower() in _ADVERBS and len(words) > 2:
        said = statement(words[1:], draw)
        return said and Said([*mixed(words[:1], draw), *said.before], said.verb)
    words = _opened(words)
    at = _verb_at(words)
    return _said(words[:at], words[at].lower(), list(words[at + 1 :]), draw) if at else None


def asked(auxiliary: str, words: Words, draw: Draw) -> Said | None:
    """What is asked with an auxiliary before its subject, as a statement; nothing where it cannot be told.

    Examples
    --------
    >>> asked("can", "i pay with a card".split(), Draw("hinglish", 3, 0, "x")).words("kaise")
    ['mai', 'card', 'ke', 'saath', 'kaise', 'pay', 'kar', 'sakta', 'hu']
    """
    auxiliary = auxiliary.replace("’", "'")
    end = _end_of_subject(words, _TENSES.get(auxiliary, _NEGATED.get(auxiliary, "")))
    if auxiliary in ("do", "should") and words[0].lower() in ("i", "we"):
        auxiliary = _MAY
    return _said(words[:end], auxiliary, list(words[end:]), draw) if end else None


def is_finite(word: str) -> bool:
    """Whether a word makes a clause of what stands around it.

    Examples
    --------
    >>> is_finite("doesn't"), is_finite("ordered"), is_finite("order")
    (True, True, False)
    """
    return _IS_FINITE[word]


def is_auxiliary(word: str) -> bool:
    """Whether a word is an auxiliary.

    Examples
    --------
    >>> is_auxiliary("Can"), is_auxiliary("don't"), is_auxiliary("cancel")
    (True, True, False)
    """
    return _IS_AUXILIARY[word]


def begins_with_subject(word: str) -> bool:
    """Whether a word is a subject by itself, or with its auxiliary.

    Examples
    --------
    >>> begins_with_subject("I'm"), begins_with_subject("lamp")
    (True, False)
    """
    return _IS_SUBJECT[word]


def _opened(words: Words) -> list[str]:
    """The words, with what an apostrophe joined to the subject by itself."""
    first = words[0].lower().replace("’", "'")
    subject, mark, rest = first.partition("'")
    if mark and subject in _SUBJECTS and mark + rest in _OPENED:
        return [subject, _OPENED[mark + rest], *words[1:]]
    return list(words)


def _verb_at(words: Words) -> int:
    """Where the verb stands; 0 where there is none that can be told."""
    if words[0].lower() in _SUBJECTS and len(words) > 1:
        return next((i for i in range(1, len(words)) if words[i].lower() not in _ADVERBS), 0)
    if words[0].lower() not in _DETERMINERS:
        return 0
    return next((i for i in range(2, min(len(words), _LONGEST_SUBJECT + 1)) if is_finite(words[i])), 0)


def _end_of_subject(words: Words, tense: str) -> int:
    """Where the subject of a question ends; 0 where that cannot be told."""
    if not words or not tense:
        return 0
    if words[0].lower() in _SUBJECTS:
        return 1 if len(words) > 1 or tense in (_BE, _WAS) else 0
    if words[0].lower() not in _DETERMINERS:
        return 0
    is_verb = _past_of if tense in (_WAS, _HAVE) else infinitives().get
    found = (i for i in range(2, len(words)) if is_verb(words[i].lower()))
    return next(found, len(words) if tense in (_BE, _WAS) else 0)


def _said(subject: Words, verb: str, rest: list[str], draw: Draw) -> Said | None:
    adverbs = [word for word in subject[1:] if word.lower() in _ADVERBS]
    name = " ".join(subject).lower() if len(subject) == 1 else ""
    verb = verb.replace("’", "'")
    is_negated = verb in _NEGATED
    tense = _NEGATED[verb] if is_negated else _TENSES.get(verb, "")
    while rest and rest[0].lower() in _ADVERBS:
        adverbs.append(rest.pop(0))
    if rest and not is_negated and rest[0].lower() == "not" and tense:
        is_negated, rest = True, rest[1:]
    if _is_nested(subject, rest) or len(phrases(rest)[1]) > _MOST_PHRASES:
        return None
    if name in _SUBJECTS or (adverbs and subject[0].lower() in _SUBJECTS):
        name = subject[0].lower()
        who = _SUBJECTS[name]
    else:
        who = _named(ordered([word for word in subject if word not in adverbs], draw), subject[-1].lower())
    clause = _Clause(name, [*rest, *adverbs], who, is_negated, draw)
    if not tense:
        return _past(clause, verb) if _past_of(verb) else _present(clause, verb) if name else None
    return _BY_TENSE[tense](clause)


def _is_nested(subject: Words, rest: Words) -> bool:
    """Whether there is another clause within one."""
    if any(word.lower() in _SUBJECTS for word in subject[1:]):
        return True
    return any(word.lower() in _NESTED or word.lower() in _THIRD or is_auxiliary(word) for word in rest[1:])


def _named(words: list[str], last: str) -> Subject:
    plain = " ".join(words)
    is_many = last.endswith("s") and not last.endswith("ss")
    vowel, future = ("e", "enge") if is_many else ("a", "ega")
    return Subject(plain, f"{plain} ne", f"{plain} ko", f"{plain} me", vowel, "hai", future, "e")


# By the auxiliary


def _with_be(clause: _Clause) -> Said | None:
    first = _first(clause)
    if first.endswith("ing") and (verb := _base(first)):
        return _going_on(clause, verb, clause.words[1:])
    if first == "able":
        return _act(clause, clause.words[2:], _CAN) if clause.words[1:2] == ["to"] else None
    return _state(clause, clause.who.is_)


def _with_was(clause: _Clause) -> Said | None:
    first = _first(clause)
    if not (verb := _past_of(first)):
        return None if first.endswith(("ed", "ing")) else _state(clause, f"th{clause.who.vowel}")
    past = _past_form(verb)
    who = clause.who.feels if clause.subject and verb in _TO_SOMEBODY else clause.who.plain
    if past.endswith("kiya"):
        done = _no(clause, past.split(), ["gaya"])
    elif past.endswith("a") and _case(verb) == "ne":
        done = _no(clause, [past], ["gaya"])
    else:
        return None
    return Said([*who.split(), *ordered(clause.words[1:], clause.draw)], done)


def _with_have(clause: _Clause) -> Said | None:
    words = [word for word in clause.words if word.lower() != "yet"]
    yet = ["abhi", "tak"] if len(words) < len(clause.words) else []
    clause = clause._replace(words=words)
    first = _first(clause)
    if first == "been":
        return _been(clause)
    if first == "to" and not clause.is_negated:
        return _duty(clause, words[1:], "hai")
    if verb := _past_of(first):
        said = _done(clause, verb, words[1:])
        ending = [] if clause.is_negated else ["hai"]
        return said and Said([*said.before, *yet], [*said.verb, *ending])
    if not words or clause.is_negated or first in ("had", "gotten", *_ADVERBS):
        return None
    return Said([*clause.who.owns.split(), *ordered(words, clause.draw)], ["hai"])


def _been(clause: _Clause) -> Said | None:
    rest = clause.words[1:]
    if not rest:
        return None
    if clause.subject == "it" and rest[0][0].isdigit():
        return Said(ordered(rest, clause.draw), [*_nahi(clause), "ho", "gaye", "hai"])
    if rest[0].endswith("ing") and (verb := _base(rest[0].lower())):
        since = ["since" if word == "for" and i == 1 else word for i, word in enumerate(rest)]
        return _going_on(clause, verb, since[1:])
    verb = _past_of(rest[0].lower())
    if not verb or not _past_form(verb).endswith(" kiya"):
        return None
    done = _no(clause, [_past_form(verb)[:-5], "ho"], ["gaya"] if clause.is_negated else ["gaya", "hai"])
    return Said([*clause.who.plain.split(), *ordered(rest[1:], clause.draw)], done)


def _with_do(clause: _Clause) -> Said | None:
    return _act(clause, clause.words, _DO)


def _with_did(clause: _Clause) -> Said | None:
    verb = _first(clause)
    return _done(clause, verb, clause.words[1:]) if verb else None


def _with_can(clause: _Clause) -> Said | None:
    return _act(clause, clause.words, _CAN)


def _with_will(clause: _Clause) -> Said | None:
    if _first(clause) == "be":
        rest = clause.words[1:]
        if not rest or rest[0].endswith("ing"):
            return None
        return Said(
            [*clause.who.plain.split(), *ordered(rest, clause.draw)], _no(clause, [], [f"ho{clause.who.future}"])
        )
    return _act(clause, clause.words, _WILL)


def _with_should(clause: _Clause) -> Said | None:
    return _duty(clause, clause.words, "chahiye")


def _with_may(clause: _Clause) -> Said | None:
    return _act(clause, clause.words, _MAY)


_BY_TENSE: dict[str, Callable[[_Clause], Said | None]] = {
    _BE: _with_be,
    _WAS: _with_was,
    _HAVE: _with_have,
    _DO: _with_do,
    _DID: _with_did,
    _CAN: _with_can,
    _WILL: _with_will,
    _SHOULD: _with_should,
    _MAY: _with_may,
}


# What is said of the subject


def _state(clause: _Clause, is_: str) -> Said | None:
    """What the subject is, or where."""
    lowered = [word.lower() for word in clause.words]
    if "by" in lowered or ("and" in lowered and lowered.index("and") < len(lowered) - 2):
        return None
    if "to" in lowered and any(word in infinitives() for word in lowered[lowered.index("to") :]):
        return None
    return Said([*clause.who.plain.split(), *ordered(clause.words, clause.draw)], _no(clause, [], [is_]))


def _going_on(clause: _Clause, verb: str, rest: list[str]) -> Said | None:
    vowel = clause.who.vowel
    going = [f"rah{vowel}", clause.who.is_]
    if _to_do(rest):
        return _aimed(clause, verb, rest[1:], clause.who.plain, ["kar", *going])
    stem = _stem(verb, clause, rest)
    return Said([*clause.who.plain.split(), *ordered(rest, clause.draw)], _no(clause, stem, going))


def _present(clause: _Clause, verb: str) -> Said | None:
    """What the subject does; its verb ends in s, or stands after I, you, we or they."""
    base = verb if verb in infinitives() else verb[:-1] if verb.endswith("s") and verb[:-1] in infinitives() else ""
    if base in _FELT or verb in _FELT:
        return _act(clause, [base or verb, *clause.words], _DO)
    return _act(clause, [base, *clause.words], _DO) if base else None


def _past(clause: _Clause, verb: str) -> Said | None:
    base = _past_of(verb)
    return _done(clause, base, clause.words)


def _done(clause: _Clause, verb: str, rest: list[str]) -> Said | None:
    """What was done."""
    if not verb or (verb in _FELT and verb not in ("get", "receive", "find")):
        return None
    if rest[:1] == ["never"]:
        return None
    if _to_do(rest):
        return _aimed(clause, verb, rest[1:], clause.who.doer, ["ki"])
    case = _case(verb)
    past = _past_form(verb)
    is_person = bool(clause.subject) and clause.subject not in _THINGS
    if not past or (case == "ko" and (not is_person or not rest)):
        return None
    if case == "ne" and past.endswith(" kiya") and not _acts(clause, rest):
        case, past = "-", f"{past[:-5]} hua"
    who = {"ne": clause.who.doer, "ko": clause.who.feels}.get(case, clause.who.plain)
    *stem, last = past.split()
    return Said([*who.split(), *ordered(governed(verb, rest), clause.draw)], [*stem, *_nahi(clause), last])


def _duty(clause: _Clause, words: list[str], closing: str) -> Said | None:
    """What the subject has to do, or should do."""
    if not words:
        return None
    *stem, last = infinitive(words[0]).split()
    before = [*clause.who.feels.split(), *ordered(governed(words[0], words[1:]), clause.draw)]
    return Said(before, [*stem, *_nahi(clause), f"{last[:-1]}a", *closing.split()])


def _act(clause: _Clause, words: list[str], tense: str) -> Said | None:
    """What the subject does, can do or will do."""
    if not words:
        return None
    verb, rest = words[0].lower(), words[1:]
    if verb in _FELT:
        return _felt(clause, verb, rest, tense)
    if _to_do(rest):
        return _aimed(clause, verb, rest[1:], clause.who.plain, _hung(["kar"], _ended(clause, ["kar"], tense)))
    if not verb.replace(" ", "").isalpha():
        return None
    stem = _stem(verb, clause, rest)
    before = [*clause.who.plain.split(), *ordered(governed(verb, rest), clause.draw)]
    return Said(before, _no(clause, stem, _ended(clause, stem, tense)))


def _ended(clause: _Clause, stem: list[str], tense: str) -> list[str]:
    """The endings of a verb; one of a single letter, or more, hangs on the last word of the stem."""
    who = clause.who
    if tense == _CAN:
        return [*(["pa", f"rah{who.vowel}", who.is_] if clause.is_negated else [f"sakt{who.vowel}", who.is_])]
    if tense == _WILL:
        return [who.future]
    if tense == _MAY:
        return [who.may]
    if clause.is_negated and stem[-1] == "ho":
        return [f"rah{who.vowel}"]
    return [f"t{who.vowel}", who.is_]


def _to_do(rest: list[str]) -> bool:
    return rest[:1] == ["to"] and len(rest) > 1 and rest[1].lower() in infinitives()


def _aimed(clause: _Clause, verb: str, words: list[str], who: str, ends: list[str]) -> Said | None:
    """What the subject tries, or hopes, to do."""
    aimed = [*ordered(governed(words[0], words[1:]), clause.draw), *infinitive(words[0]).split(), "ki"]
    if verb == "try":
        return Said([*who.split(), *aimed], ["koshish", *_nahi(clause), *ends])
    return Said([*clause.who.feels.split(), *aimed], ["umeed", *_nahi(clause), "hai"]) if verb == "hope" else None


# What is felt, had or got: the subject stands in the dative
_FELT = {
    "want": "chahiye",
    "need": "chahiye",
    "wants": "chahiye",
    "needs": "chahiye",
    "like": "pasand",
    "know": "pata",
    "get": "mil",
    "receive": "mil",
    "find": "mil",
    "see": "dikh",
    "have": "",
}


def _felt(clause: _Clause, verb: str, rest: list[str], tense: str) -> Said | None:
    who, is_negated = clause.who, clause.is_negated
    if verb == "like" and tense == _CAN:
        verb, tense = "want", _DO
    if verb in ("want", "need", "wants", "needs") and rest[:1] == ["to"]:
        return _duty(clause, rest[1:], "" if is_negated else "hai")
    if rest[:1] == ["to"]:
        return _duty(clause, rest[1:], {_WILL: "hoga"}.get(tense, "hai")) if verb == "have" else None
    tense = _DO if tense == _MAY else tense
    if rest and phrases(rest[:1] + ["x"])[1]:
        return None
    if tense == _DO and verb == "have":
        return Said([*who.owns.split(), *ordered(rest, clause.draw)], _no(clause, [], ["hai"])) if rest else None
    said = [*who.feels.split(), *ordered(rest, clause.draw)]
    got = "mil" if verb == "have" and tense == _CAN else _FELT[verb]
    if got in ("mil", "dikh"):
        ends = {_CAN: ["sakta", "hai"], _WILL: ["ega"], _DO: ["ta", "hai"]}[tense]
        return Said(said, ["nahi", got, "raha"] if is_negated else _hung([got], ends))
    if tense != _DO or not got:
        return None
    return Said(said, ["nahi", got] if is_negated else [got] if got == "chahiye" else [got, "hai"])


# Verbs


def _first(clause: _Clause) -> str:
    return clause.words[0].lower() if clause.words else ""


def _nahi(clause: _Clause) -> list[str]:
    return ["nahi"] if clause.is_negated else []


def _no(clause: _Clause, stem: list[str], ends: list[str]) -> list[str]:
    """A verb, with its negation before the word that is inflected."""
    ends = [end for end in ends if end]
    if not clause.is_negated:
        return _hung(stem, ends)
    if not stem:
        return ["nahi", *ends]
    return [*stem[:-1], "nahi", *_hung(stem[-1:], ends)]


def _hung(stem: list[str], ends: list[str]) -> list[str]:
    """Endings, of which the first is a word or hangs on the stem."""
    if not stem or ends[0] not in _HANGING:
        return [*stem, *ends]
    last, end = stem[-1], ends[0]
    if last in ("le", "de") and end[0] in "uoe":
        last = last[0]
    elif last[-1] in "ao" and end[0] == "e" and last != "ho":
        end = "y" + end
    elif last == "ho" and end[0] == "e":
        end = end[1:]
    return [*stem[:-1], last + end, *ends[1:]]


_HANGING = frozenset(["ta", "te", "ti", "unga", "enge", "oge", "ega", "egi", "u", "e", "o"])


def _acts(clause: _Clause, rest: list[str]) -> bool:
    """Whether the subject does it, to something else: neither does a parcel that arrives."""
    is_person = bool(clause.subject) and clause.subject not in _THINGS
    return is_person or bool(phrases(rest)[0][:1] and _DETERMINERS.intersection(map(str.lower, phrases(rest)[0])))


def _stem(verb: str, clause: _Clause, rest: list[str]) -> list[str]:
    found = infinitive(verb)[:-2].split()
    happens = found[-1] == "kar" and len(found) > 1 and verb not in _DONE_BY_THINGS and not _acts(clause, rest)
    return [*found[:-1], "ho"] if happens else found


def _base(word: str) -> str:
    """The verb of a word that ends in -ing."""
    for base in (word[:-3], f"{word[:-3]}e", word[:-4], word):
        if base in infinitives():
            return base
    return ""


def _past_verb(word: str) -> str:
    """The verb of a past form; nothing where it is none."""
    irregular = lexicon.alternatives("english_past.tsv").get(word)
    if irregular:
        return irregular[0]
    *first, rest = word.split(" ", 1)
    if first:
        base = _past_of(first[0])
        return f"{base} {rest}" if f"{base} {rest}" in infinitives() else ""
    if not word.endswith("ed"):
        return ""
    for base in (word[:-1], word[:-2], word[:-3], f"{word[:-3]}y"):
        if base in infinitives():
            return base
    return ""


_PAST = Remembered(_past_verb)


def _past_of(word: str) -> str:
    return _PAST[word.lower()]


def _past_form(verb: str) -> str:
    for key, _, past in lexicon.rows("hinglish_past.tsv"):
        if key == verb:
            return past
    return f"{infinitive(verb)[:-2].removesuffix('kar')}kiya" if infinitive(verb).endswith("karne") else ""


def _case(verb: str) -> str:
    return next((case for key, case, _ in lexicon.rows("hinglish_past.tsv") if key == verb), "ne")


def _may_be_finite(word: str) -> bool:
    lowered = word.lower().replace("’", "'")
    return lowered in _TENSES or lowered in _NEGATED or lowered == "had" or lowered in _THIRD or bool(_past_of(lowered))


_IS_FINITE = Remembered(_may_be_finite)
_IS_AUXILIARY = Remembered(lambda word: (word := word.lower().replace("’", "'")) in _TENSES or word in _NEGATED)
_IS_SUBJECT = Remembered(lambda word: word.lower().replace("’", "'").partition("'")[0] in _SUBJECTS)
