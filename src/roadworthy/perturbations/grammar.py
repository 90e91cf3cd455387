"""English as learners write it: articles, prepositions, tenses, plurals, the order of questions.

10, 20, 35, 50 or 70 % of the words that a member concerns change, and at least one; of questions, every one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.learner import learner_grammar
from roadworthy.perturbations.learner_rules import VERBS
from roadworthy.perturbations.phrases import replace_phrases
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.words import KEEP_THEIR_S, SHARE, change_words, is_number, like, parts

_ARTICLES = {"a": ("an", "the"), "an": ("a", "the"), "the": ("a",)}
_DROPPED = 0.7
_ASKING = frozenset(["where", "when", "why", "how", "what", "which"])
_AUXILIARIES = frozenset(
    ["is", "are", "was", "were", "do", "does", "did", "can", "could", "will", "would", "should", "has", "have", "am"]
)
_PRONOUNS = frozenset(["i", "you", "he", "she", "it", "we", "they", "this", "that", "there"])
_OWNERS = frozenset(["my", "your", "the", "our", "his", "her", "their", "this"])
# What follows these is a part of the verb: log in.
_WITH_A_PARTICLE = frozenset(
    ["log", "logged", "sign", "signed", "check", "turn", "turned", "switch", "switched", "opt", "fill", "get", "put"]
)
_SET_PHRASES = frozenset(["all", "least", "once", "last", "first"])
_SHORTEST_PLURAL = 4
# "you do have it" would insist on it.
_LEFT_OUT = frozenset(["do", "does"])
_BEING = frozenset(["is", "are", "was", "were", "am"])
_LONGEST_SUBJECT = 5
_FOLLOWING = (
    "of in on at for to from with by not still already so too very late here there now due when if that the a my your "
    "and or but because since until before after available safe open good gone worth sent valid broken possible"
)
_AFTER_A_SUBJECT = frozenset(_FOLLOWING.split(" "))

perturbation("grammar", weight=4)(learner_grammar)


@cache
def _confused(sort: str) -> dict[str, tuple[str, ...]]:
    return {word: tuple(others.split("|")) for kind, word, others in lexicon.rows("grammar.tsv") if kind == sort}


@cache
def _confused_verbs() -> lexicon.Entries:
    return lexicon.Entries(_confused("verb"))


def _replaced(
    text: str,
    severity: int,
    draw: Draw,
    entries: Mapping[str, Sequence[str]],
    fits: Callable[[Sequence[str], int], bool],
) -> str:
    """A share of the words that are known and fit; never one beside a number, as in "5 to 7"."""
    tokens = text.split(" ")
    places = [i for i, token in enumerate(tokens) if token.lower() in entries and not _beside_number(tokens, i)]
    places = [i for i in places if fits(tokens, i)]
    if not places:
        return text
    for i in draw.rows(len(places), SHARE[severity]):
        token = tokens[places[i]]
        tokens[places[i]] = like(token, draw.pick_early(entries[token.lower()]))
    return " ".join(tokens)


def _beside_number(tokens: Sequence[str], i: int) -> bool:
    return any(map(is_number, (*tokens[max(0, i - 1) : i], *tokens[i + 1 : i + 2])))


@perturbation("grammar", weight=3)
def wrong_articles(text: str, severity: int, draw: Draw) -> str:
    """Articles are left out, seven times in ten, or another one stands there."""
    tokens = text.split(" ")
    places = [i for i in range(len(tokens) - 1) if tokens[i].lower() in _ARTICLES and not _beside_number(tokens, i)]
    if not places:
        return text
    dropped = set()
    for i in draw.rows(len(places), SHARE[severity]):
        place = places[i]
        # "a lamps" is what nobody writes.
        if draw.chance(_DROPPED) or _ends_in_s(parts(tokens[place + 1])[1]):
            dropped.add(place)
        else:
            tokens[place] = like(tokens[place], draw.pick_early(_ARTICLES[tokens[place].lower()]))
    return " ".join(token for i, token in enumerate(tokens) if i not in dropped)


@perturbation("grammar", weight=3)
def wrong_prepositions(text: str, severity: int, draw: Draw) -> str:
    """Another preposition: arrive to, interested on; never the to of to pay, nor the in of log in."""
    return _replaced(text, severity, draw, _confused("preposition"), _is_preposition)


def _is_preposition(tokens: Sequence[str], i: int) -> bool:
    word = tokens[i].lower()
    following = tokens[i + 1].lower() if i + 1 < len(tokens) else ""
    if not following or following.rstrip(".,?!") in _SET_PHRASES:
        return False
    if word == "to":
        is_name = following[:1] != tokens[i + 1][:1] and following.rstrip(".,?!") not in _verbs()
        return following in _OWNERS or following in _ARTICLES or is_name
    return not (i and tokens[i - 1].lower() in _WITH_A_PARTICLE)


@cache
def _verbs() -> frozenset[str]:
    return frozenset(lexicon.alternatives("hinglish_infinitives.tsv"))


@perturbation("grammar", weight=3)
def wrong_verb_forms(text: str, severity: int, draw: Draw) -> str:
    """Another form of the verb: yesterday I order, it have."""
    return replace_phrases(text, severity, draw, _confused_verbs(), VERBS)


@perturbation("grammar", weight=2)
def lost_endings(text: str, severity: int, draw: Draw) -> str:
    """The s of plurals and of verbs is left out: two shoe, it work."""
    return change_words(text, severity, draw, lambda word, draw: word[:-1], _ends_in_s)


def _ends_in_s(word: str) -> bool:
    if len(word) < _SHORTEST_PLURAL or word[-1] != "s" or word[-2] in "su'’i":
        return False
    return word.lower() not in KEEP_THEIR_S


@perturbation("grammar", weight=2)
def statement_order(text: str, severity: int, draw: Draw) -> str:
    """Every question is put as a statement, at every severity: where my order is? I can pay by card? You have it?

    What asks for yes or no stays as it is where no question mark would show that it asks.
    """
    tokens, start = text.split(" "), 0
    while start < len(tokens) - 2:
        end = _end_of_sentence(tokens, start)
        # Without a mark, and without a word that asks, nothing of the question would be left.
        if tokens[end - 1][-1:] == "?" or tokens[start].lower() in _ASKING:
            _turn(tokens, start)
        start = _end_of_sentence(tokens, start)
    return " ".join(tokens)


def _end_of_sentence(tokens: Sequence[str], start: int) -> int:
    return next((i + 1 for i in range(start, len(tokens)) if tokens[i][-1:] in (".", "?", "!")), len(tokens))


def _ends_a_subject(tokens: Sequence[str], verb: int, end: int) -> bool:
    """Whether what follows is no further noun of the subject: "is the order status" asks for what the status is."""
    if end >= len(tokens) or tokens[end - 1][-1:] in (".", "?", "!", ","):
        # "are your vans electric" does not end with its subject; "what is the price" does.
        return end == verb + 3 or tokens[verb - 1].lower() in _ASKING
    following = tokens[end].lower().rstrip(".?!,")
    if tokens[verb].lower() in _BEING:
        return following in _AFTER_A_SUBJECT or following.endswith(("ed", "ing"))
    return not {"be", "have"} & set(map(str.lower, tokens[end + 1 : end + 3]))


def _turn(tokens: list[str], start: int) -> None:
    """Put the verb of a question that begins there behind its subject."""
    verb = start + (tokens[start].lower() in _ASKING)
    if tokens[verb].lower() not in _AUXILIARIES:
        return
    subject = 2 if tokens[verb + 1].lower() in _OWNERS else 1
    end = verb + 1 + subject
    if end > len(tokens) or not (subject == 2 or tokens[verb + 1].lower() in _PRONOUNS):
        return
    while subject == 2 and not _ends_a_subject(tokens, verb, end):
        end += 1
        if end > min(len(tokens), verb + _LONGEST_SUBJECT):
            return
    moved = tokens[verb:end]
    if moved[0].lower() in _LEFT_OUT and tokens[end - 1].isalpha() and end < len(tokens):
        tokens[verb:end] = [like(moved[0], moved[1]) if verb == start else moved[1], *moved[2:]]
        return
    last = moved[-1].rstrip(".?!,")
    mark = moved[-1][len(last) :]
    turned = [*moved[1:-1], last, moved[0].lower() + mark]
    turned[0] = like(moved[0], turned[0]) if verb == start else turned[0]
    tokens[verb:end] = turned
