"""English statements in a Hindi frame, and what is asked with the words of a statement: who, whereto, what, the verb.

What these rules do not know stays English: bilinguals switch between clauses as well as within them.
"""

from __future__ import annotations

from collections.abc import Callable

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.fitting import word_set
from roadworthy.perturbations.hinglish_order import (
    LEADS,
    Words,
    mixed,
    ordered,
)
from roadworthy.perturbations.hinglish_predicates import (
    Predicate,
    Said,
    act,
    done,
    duty,
    first_word,
    going_on,
    nahi,
    negated,
    present,
    state,
)
from roadworthy.perturbations.hinglish_subjects import (
    ADVERBS,
    IS_ADVERB,
    OPENING,
    SUBJECTS,
    end_of_subject,
    named,
    parted,
    verb_at,
)
from roadworthy.perturbations.hinglish_verbs import (
    NEGATED,
    TENSES,
    THIRD,
    Tense,
    base_of,
    case_of,
    is_auxiliary,
    past_form,
    past_of,
)
from roadworthy.remembered import Remembered

_MOST_PHRASES = 3
_TO_SOMEBODY = frozenset(["charge", "give", "send", "tell", "ask", "offer", "show"])
_PARTICIPLES = word_set(
    "begun bought cut done drunk felt fought had heard held hit hung hurt lent let meant met never run seen sung "
    "understood won worn"
)
_NO_PARTICIPLES = word_set(
    "bed breed chicken children deed down even feed garden golden hidden indeed kitchen need oven own red screen seed "
    "seven speed teen ten town open women wooden brown crown"
)
_NESTED = word_set("want need i we he she they who what that which how why because if")


def statement(words: Words, draw: Draw) -> Said | None:
    """A statement in a Hindi frame; nothing where it is none that the rules know.

    Examples
    --------
    >>> statement("i ordered 2 lamps last week".split(), Draw("hinglish", 3, 0, "x")).words()
    ['maine', '2', 'lamps', 'last', 'haftey', 'order', 'kiya']
    """
    opening = OPENING[words[0]]
    if opening is None:
        return None
    if opening == "adverb":
        said = statement(words[1:], draw) if len(words) > 2 else None
        return Said([*mixed(words[:1], draw), *said.before], said.verb) if said else None
    if opening == "joined":
        words = parted(words)
    at = verb_at(words, opening)
    return _said(words[:at], words[at].lower(), words[at + 1 :], draw) if at else None


def asked(auxiliary: str, words: Words, draw: Draw) -> Said | None:
    """What is asked with an auxiliary before its subject, as a statement; nothing where it cannot be told.

    Examples
    --------
    >>> asked("can", "i pay with a card".split(), Draw("hinglish", 3, 0, "x")).words("kaise")
    ['mai', 'card', 'ke', 'saath', 'kaise', 'pay', 'kar', 'sakta', 'hu']
    """
    auxiliary = auxiliary.replace("’", "'")
    end = end_of_subject(words, TENSES.get(auxiliary, NEGATED.get(auxiliary, "")))
    if auxiliary in ("do", "should") and words[0].lower() in ("i", "we"):
        auxiliary = Tense.MAY
    return _said(words[:end], auxiliary, words[end:], draw) if end else None


def _said(subject: Words, verb: str, rest: Words, draw: Draw) -> Said | None:
    adverbs = list(filter(IS_ADVERB.__getitem__, subject[1:])) if len(subject) > 1 else []
    verb = verb.replace("’", "'")
    by_tense, is_negated = _AUXILIARIES.get(verb, _NO_AUXILIARY)
    while rest and IS_ADVERB[rest[0]]:
        adverbs.append(rest[0])
        rest = rest[1:]
    if by_tense and rest and not is_negated and rest[0].lower() == "not":
        is_negated, rest = True, rest[1:]
    if _is_nested(subject, rest):
        return None
    name = subject[0].lower()
    who = SUBJECTS.get(name)
    if who is None:
        bare = [word for word in subject if word not in adverbs] if adverbs else subject
        name, who = "", named(ordered(bare, draw), subject[-1].lower())
    clause = Predicate(name, [*rest, *adverbs], who, is_negated, draw)
    if by_tense:
        return by_tense(clause)
    if past := past_of(verb):
        return done(clause, past, clause.words)
    return present(clause, verb) if name else None


def _is_nested(subject: Words, rest: Words) -> bool:
    """Whether there is another clause within one, or more phrases than the rules can order."""
    if len(rest) > 1 and any(map(_IS_NESTED.__getitem__, rest[1:])):
        return True
    if len(subject) > 1 and not _NEVER_IN_SUBJECT.isdisjoint(map(str.lower, subject[1:])):
        return True
    return len(rest) > _MOST_PHRASES and sum(map(LEADS.__getitem__, rest)) > _MOST_PHRASES


# By the auxiliary


def _with_be(clause: Predicate) -> Said | None:
    first = first_word(clause)
    if clause.words[:2] == ["going", "to"] and len(clause.words) > 2:
        return act(clause, clause.words[2:], Tense.WILL)
    if first.endswith("ing") and (verb := base_of(first)):
        return going_on(clause, verb, clause.words[1:])
    if first.endswith("ing") and len(clause.words) > 1:
        return None
    if first == "able":
        return act(clause, clause.words[2:], Tense.CAN) if clause.words[1:2] == ["to"] else None
    return state(clause, clause.who.is_)


def _with_was(clause: Predicate) -> Said | None:
    first = first_word(clause)
    if not (verb := past_of(first)):
        return None if first.endswith("ing") or _is_participle(first) else state(clause, f"th{clause.who.vowel}")
    past = past_form(verb)
    who = clause.who.feels if clause.subject and verb in _TO_SOMEBODY else clause.who.plain
    if past.endswith("kiya"):
        done = negated(clause, past.split(), ["gaya"])
    elif past.endswith("a") and case_of(verb) == "ne":
        done = negated(clause, [past], ["gaya"])
    else:
        return None
    return Said([*who.split(), *ordered(clause.words[1:], clause.draw)], done)


def _with_have(clause: Predicate) -> Said | None:
    words = [word for word in clause.words if word.lower() != "yet"]
    yet = ["abhi", "tak"] if len(words) < len(clause.words) else []
    clause = Predicate(clause.subject, words, clause.who, clause.is_negated, clause.draw)
    first = first_word(clause)
    if first == "been":
        return _been(clause)
    if first == "to" and not clause.is_negated:
        return duty(clause, words[1:], "hai")
    if verb := past_of(first):
        said = done(clause, verb, words[1:])
        ending = [] if clause.is_negated else ["hai"]
        return said and Said([*said.before, *yet], [*said.verb, *ending])
    if not words or clause.is_negated or first in ADVERBS or _is_participle(first):
        return None
    return Said([*clause.who.owns.split(), *ordered(words, clause.draw)], ["hai"])


def _is_participle(word: str) -> bool:
    """Whether it looks like a participle, of a verb that is not known, or never stands before one."""
    return word in _PARTICIPLES or (word.endswith(("ed", "en", "wn")) and word not in _NO_PARTICIPLES)


def _been(clause: Predicate) -> Said | None:
    rest = clause.words[1:]
    if not rest:
        return None
    if clause.subject == "it" and rest[0][0].isdigit():
        return Said(ordered(rest, clause.draw), [*nahi(clause), "ho", "gaye", "hai"])
    if rest[0].endswith("ing") and (verb := base_of(rest[0].lower())):
        since = ["since" if word == "for" and i == 1 else word for i, word in enumerate(rest)]
        return going_on(clause, verb, since[1:])
    past = past_form(past_of(rest[0]))
    if not past:
        return None
    if not past.endswith(" kiya") and case_of(past_of(rest[0])) != "ne":
        return None
    if past.endswith(" kiya"):
        done = [past[:-5], *(["nahi", "hua"] if clause.is_negated else ["ho", "gaya", "hai"])]
    else:
        done = [*past.split(), *(["nahi", "gaya"] if clause.is_negated else ["gaya", "hai"])]
    return Said([*clause.who.plain.split(), *ordered(rest[1:], clause.draw)], done)


def _with_do(clause: Predicate) -> Said | None:
    return act(clause, clause.words, Tense.DO)


def _with_did(clause: Predicate) -> Said | None:
    verb = first_word(clause)
    return done(clause, verb, clause.words[1:]) if verb else None


def _with_can(clause: Predicate) -> Said | None:
    return act(clause, clause.words, Tense.CAN)


def _with_will(clause: Predicate) -> Said | None:
    if first_word(clause) == "be":
        rest = clause.words[1:]
        if not rest:
            return None
        if rest[0].endswith("ing"):
            return act(clause, [verb, *rest[1:]], Tense.WILL) if (verb := base_of(rest[0])) else None
        return Said(
            [*clause.who.plain.split(), *ordered(rest, clause.draw)], negated(clause, [], [f"ho{clause.who.future}"])
        )
    return act(clause, clause.words, Tense.WILL)


def _with_should(clause: Predicate) -> Said | None:
    return duty(clause, clause.words, "chahiye")


def _with_may(clause: Predicate) -> Said | None:
    return act(clause, clause.words, Tense.MAY)


_BY_TENSE: dict[str, Callable[[Predicate], Said | None]] = {
    Tense.BE: _with_be,
    Tense.WAS: _with_was,
    Tense.HAVE: _with_have,
    Tense.DO: _with_do,
    Tense.DID: _with_did,
    Tense.CAN: _with_can,
    Tense.WILL: _with_will,
    Tense.SHOULD: _with_should,
    Tense.MAY: _with_may,
}


# What an auxiliary makes of a clause, and whether it negates.
_AUXILIARIES = {verb: (_BY_TENSE[tense], verb in NEGATED) for verb, tense in {**TENSES, **NEGATED}.items()}
_NO_AUXILIARY = (None, False)
_NEVER_IN_SUBJECT = frozenset([*SUBJECTS, "to", "who", "which"])
_IS_NESTED = Remembered(lambda word: word.lower() in _NESTED or word.lower() in THIRD or is_auxiliary(word))
