"""What is said of a subject, in a Hindi frame: what it is, does, did, has to do, wants or gets."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress, count

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.hinglish_order import LEADS, governed, infinitive, infinitives, leads, ordered, to_be_done
from roadworthy.perturbations.hinglish_subjects import DETERMINERS, Subject
from roadworthy.perturbations.hinglish_verbs import Tense, case_of, hung, past_alone, past_form
from roadworthy.remembered import Remembered

_AND = {"and": "aur", "or": "ya"}
_DONE_BY_THINGS = frozenset(["work", "accept", "support", "offer", "require", "ask", "help"])
_THINGS = frozenset(["it", "this", "there"])


@dataclass(slots=True)
class Said:
    """A clause in a Hindi frame: what comes before the verb, and the verb."""

    before: list[str]
    verb: list[str]

    def words(self, asked: str = "") -> list[str]:
        """All words, with what is asked for right before the verb."""
        return [*self.before, *asked.split(), *self.verb]


@dataclass(slots=True)
class Predicate:
    """The words after a verb or an auxiliary, and whose they are; the subject is named where it is a pronoun."""

    subject: str
    words: list[str]
    who: Subject
    is_negated: bool
    draw: Draw


def state(clause: Predicate, is_: str) -> Said | None:
    """What the subject is, or where."""
    if not clause.words:
        return Said(clause.who.plain.split(), negated(clause, [], [is_]))
    lowered = list(map(str.lower, clause.words))
    if "by" in lowered or ("and" in lowered and lowered.index("and") < len(lowered) - 2):
        return None
    if "to" in lowered and any(word in infinitives() for word in lowered[lowered.index("to") :]):
        return None
    return Said([*clause.who.plain.split(), *ordered(clause.words, clause.draw)], negated(clause, [], [is_]))


def going_on(clause: Predicate, verb: str, rest: list[str]) -> Said | None:
    """What the subject is doing, or has been doing."""
    vowel = clause.who.vowel
    going = [f"rah{vowel}", clause.who.is_]
    if _to_do(rest):
        return _aimed(clause, verb, rest[1:], clause.who.plain, ["kar", *going])
    stem = _stem(verb, clause, rest)
    return Said([*clause.who.plain.split(), *ordered(rest, clause.draw)], negated(clause, stem, going))


def present(clause: Predicate, verb: str) -> Said | None:
    """What the subject does; its verb ends in s, or stands after I, you, we or they."""
    base = verb if verb in infinitives() else verb[:-1] if verb.endswith("s") and verb[:-1] in infinitives() else ""
    if base in _FELT or verb in _FELT:
        return act(clause, [base or verb, *clause.words], Tense.DO)
    return act(clause, [base, *clause.words], Tense.DO) if base else None


def done(clause: Predicate, verb: str, rest: list[str]) -> Said | None:
    """What was done."""
    if not verb or (verb in _FELT and verb not in ("get", "receive", "find")):
        return None
    if rest[:1] == ["never"]:
        return None
    if _to_do(rest):
        return _aimed(clause, verb, rest[1:], clause.who.doer, ["ki"])
    case = case_of(verb)
    form = past_form(verb)
    is_person = bool(clause.subject) and clause.subject not in _THINGS
    if case == "ko" and (not is_person or not rest):
        return None
    if case == "ne" and not _acts(clause, rest):
        case, form = "-", past_alone(verb)
    if not form:
        return None
    who = {"ne": clause.who.doer, "ko": clause.who.feels}.get(case, clause.who.plain)
    *stem, last = form.split()
    return Said([*who.split(), *ordered(governed(verb, rest), clause.draw)], [*stem, *nahi(clause), last])


def duty(clause: Predicate, words: list[str], closing: str) -> Said | None:
    """What the subject has to do, or should do."""
    if not words or words[0].lower() == "have":
        return None
    words = _paired(words)
    *stem, last = to_be_done(words[0])
    before = [*clause.who.feels.split(), *ordered(governed(words[0], words[1:]), clause.draw)]
    return Said(before, [*stem, *nahi(clause), last, *closing.split()])


def act(clause: Predicate, words: list[str], tense: Tense) -> Said | None:
    """What the subject does, can do or will do."""
    if not words:
        return None
    words = _paired(words)
    verb, rest = words[0].lower(), words[1:]
    if verb in _FELT:
        return _felt(clause, verb, rest, tense)
    if _to_do(rest):
        return _aimed(clause, verb, rest[1:], clause.who.plain, hung(["kar"], _ended(clause, ["kar"], tense)))
    if not verb.replace(" ", "").isalpha():
        return None
    stem = _stem(verb, clause, rest)
    before = [*clause.who.plain.split(), *ordered(governed(verb, rest), clause.draw)]
    return Said(before, negated(clause, stem, _ended(clause, stem, tense)))


def _paired(words: list[str]) -> list[str]:
    """Two verbs as one: earn and spend."""
    if len(words) > 2 and words[1].lower() in _AND and words[2].lower() in infinitives():
        return [f"{words[0]} {_AND[words[1].lower()]} {words[2]}", *words[3:]]
    return words


def _ended(clause: Predicate, stem: list[str], tense: Tense) -> list[str]:
    """The endings of a verb; one of a single letter, or more, hangs on the last word of the stem."""
    who = clause.who
    if tense == Tense.CAN:
        return [*(["pa", f"rah{who.vowel}", who.is_] if clause.is_negated else [f"sakt{who.vowel}", who.is_])]
    if tense == Tense.WILL:
        return [who.future]
    if tense == Tense.MAY:
        return [who.may]
    if clause.is_negated and stem[-1] == "ho":
        return [f"rah{who.vowel}"]
    return [f"t{who.vowel}", who.is_]


def _to_do(rest: list[str]) -> bool:
    return rest[:1] == ["to"] and len(rest) > 1 and rest[1].lower() in infinitives()


def _aimed(clause: Predicate, verb: str, words: list[str], who: str, ends: list[str]) -> Said | None:
    """What the subject tries, or hopes, to do."""
    aimed = [*ordered(governed(words[0], words[1:]), clause.draw), *infinitive(words[0]).split(), "ki"]
    if verb == "forget":
        return Said([*clause.who.plain.split(), *aimed[:-2], f"{aimed[-2][:-1]}a"], ["bhool", *nahi(clause), "gaya"])
    if verb == "try":
        return Said([*who.split(), *aimed], ["koshish", *nahi(clause), *ends])
    return Said([*clause.who.feels.split(), *aimed], ["umeed", *nahi(clause), "hai"]) if verb == "hope" else None


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


def _felt(clause: Predicate, verb: str, rest: list[str], tense: Tense) -> Said | None:
    who, is_negated = clause.who, clause.is_negated
    if verb == "like" and tense == Tense.CAN:
        verb, tense = "want", Tense.DO
    if verb in ("want", "need", "wants", "needs") and rest[:1] == ["to"]:
        return duty(clause, rest[1:], "" if is_negated else "hai")
    if rest[:1] == ["to"]:
        return duty(clause, rest[1:], {Tense.WILL: "hoga"}.get(tense, "hai")) if verb == "have" else None
    tense = Tense.DO if tense == Tense.MAY else tense
    if tense == Tense.DO and verb == "have":
        return Said([*who.owns.split(), *ordered(rest, clause.draw)], negated(clause, [], ["hai"]))
    if rest and leads(rest[0]):
        return None
    said = [*who.feels.split(), *ordered(rest, clause.draw)]
    got = "mil" if verb == "have" and tense == Tense.CAN else _FELT[verb]
    if got in ("mil", "dikh"):
        ends = {Tense.CAN: ["sakta", "hai"], Tense.WILL: ["ega"], Tense.DO: ["ta", "hai"]}[tense]
        return Said(said, ["nahi", got, "raha"] if is_negated else hung([got], ends))
    if got == "chahiye" and tense == Tense.WILL:
        return Said(said, ["nahi", got, "hoga"] if is_negated else [got, "hoga"])
    if tense != Tense.DO or not got:
        return None
    return Said(said, ["nahi", got] if is_negated else [got] if got == "chahiye" else [got, "hai"])


# Words of the verb


def first_word(clause: Predicate) -> str:
    """The first of the words, in lower case; empty where there is none."""
    return clause.words[0].lower() if clause.words else ""


def nahi(clause: Predicate) -> list[str]:
    """The negation, where there is one."""
    return ["nahi"] if clause.is_negated else []


def negated(clause: Predicate, stem: list[str], ends: list[str]) -> list[str]:
    """A verb, with its negation before the word that is inflected."""
    if not clause.is_negated:
        return hung(stem, ends)
    if not stem:
        return ["nahi", *ends]
    return [*stem[:-1], "nahi", *hung(stem[-1:], ends)]


def _acts(clause: Predicate, rest: list[str]) -> bool:
    """Whether the subject does it, to something else: neither does a parcel that arrives."""
    if clause.subject and clause.subject not in _THINGS:
        return True
    until = next(compress(count(), map(LEADS.__getitem__, rest)), len(rest))
    return not DETERMINERS.isdisjoint(map(str.lower, rest[:until]))


def _stem(verb: str, clause: Predicate, rest: list[str]) -> list[str]:
    found = _STEM[verb]
    happens = found[-1] == "kar" and len(found) > 1 and verb not in _DONE_BY_THINGS and not _acts(clause, rest)
    return [*found[:-1], "ho"] if happens else found


_STEM = Remembered(lambda verb: infinitive(verb)[:-2].split())
