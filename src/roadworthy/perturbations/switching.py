"""Switching between English and another language, by the word, by the phrase and by the clause.

Bilinguals seldom switch a function word without what it belongs to, and add tags to whole sentences (Poplack,
"Sometimes I'll start a sentence in Spanish y termino en español", Linguistics 18, 1980): my password becomes mi
contraseña or my contraseña, and where nothing can be switched, a porfa is said after it.
"""

from __future__ import annotations

from functools import cache
from itertools import compress, count
from operator import or_

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.fitting import word_set
from roadworthy.perturbations.mood import is_asking, is_upset
from roadworthy.perturbations.phrases import Rule, find_phrases, replace_found, replace_phrases
from roadworthy.perturbations.texting import same_negation
from roadworthy.perturbations.words import SHARE, is_negation
from roadworthy.perturbations.wrapping import by_length, function_words, opened, short_enough
from roadworthy.remembered import Remembered

_ORDERING = frozenset(["call", "give", "help", "let", "remind", "send", "show", "tell", "wake"])
_BEFORE_AN_ORDER = frozenset(["", "please", "and", "then", "just", "so", "or", "but", "hi", "hello"])
_ADJECTIVES = word_set(
    "bad broken big cheap correct damaged different difficult easy expensive fast free good important late new old "
    "same slow small stolen urgent"
)
_QUESTION = word_set("how long many much soon time what when where which who why")
_AUXILIARIES = word_set("am are can could did do does had has have is may must should was were will would")
# Nouns that others stand before.
_NAMED = word_set(
    "amount balance center centre charges date department details expiry history holder id issue limit name number "
    "numbers option options page period policy problem process request requests status system team type"
)
_BEGINS_A_CLAUSE = frozenset(["and", "but", "because", "so", "if", "when", "since", "which", "while"])
_SHORTEST_CLAUSE = 2
_WHOLLY = 5
# Words by which somebody is addressed.
_ADDRESSES = frozenset(["bhai", "bhaiya", "yaar", "sir", "madam", "mam", "amigo", "leute", "hello", "hallo", "hola"])


@cache
def switchable(language: str) -> lexicon.Entries:
    """The phrases of a language's lexicon, and its words but for articles, pronouns and the like.

    Examples
    --------
    >>> "password" in switchable("spanglish"), "my password" in switchable("spanglish"), "my" in switchable("spanglish")
    (True, True, False)
    """
    alone = lexicon.words("never_alone.txt")
    entries = same_negation(f"{language}.tsv").items()
    return lexicon.Entries((key, values) for key, values in entries if key not in alone)


@cache
def fitting(language: str) -> dict[str, Rule]:
    """Where the entries of a language fit.

    Nothing is switched without the noun that it belongs to (the order status, a broken lamp), and no order is given
    after somebody has been asked (can you tell me). A question word stays before an English auxiliary.

    Examples
    --------
    >>> fitting("denglisch")["my order"]("meine bestellung", "is", "status")
    False
    """
    rules = ((key, _rule_of(*key.split(" "))) for key in same_negation(f"{language}.tsv"))
    return {key: rule for key, rule in rules if rule}


def _rule_of(first: str, *following: str) -> Rule | None:
    last = following[-1] if following else first
    if first in _ORDERING and "me" in following:
        return _opens_an_order
    if _QUESTION.issuperset((first, *following)):
        return _asks_with_no_auxiliary
    if last in _ADJECTIVES:
        return _has_no_noun
    return _is_whole if last in lexicon.words("sworn_at.txt") else None


def _opens_an_order(new: str, before: str, after: str) -> bool:
    return before in _BEFORE_AN_ORDER


def _asks_with_no_auxiliary(new: str, before: str, after: str) -> bool:
    return after not in _AUXILIARIES and not is_negation(after)


def _has_no_noun(new: str, before: str, after: str) -> bool:
    return not after or after in function_words()


def _is_whole(new: str, before: str, after: str) -> bool:
    return after not in _NAMED and after not in lexicon.words("sworn_at.txt")


@cache
def _single_words(language: str) -> lexicon.Entries:
    return lexicon.Entries((key, values) for key, values in switchable(language).items() if " " not in key)


def by_the_word(text: str, severity: int, draw: Draw, language: str) -> str:
    """A share of the words that can be switched by themselves; a tag where there is none."""
    switched = replace_phrases(text, severity, draw, _single_words(language), fitting(language))
    return _or_tagged(text, switched, draw, language)


def by_the_phrase(text: str, severity: int, draw: Draw, language: str) -> str:
    """A share of phrases and words, in lower case, often with a frame around them."""
    switched = replace_phrases(text, severity, draw, switchable(language), fitting(language))
    return framed(text, switched, severity, draw, language)


def framed(text: str, switched: str, severity: int, draw: Draw, language: str) -> str:
    """What was switched, in lower case, often with a frame around it; a tag where nothing was and no frame is drawn."""
    chance = 0.2 + SHARE[severity] / 2
    before, after = draw.chance(chance), draw.chance(chance)
    if switched == text and not (before or after):
        return _or_tagged(text, text, draw, language)
    switched = switched.lower()
    if before:
        switched = f"{short_enough(_frames(language, 'before', text), text, _WHOLLY, draw)} {switched}"
    if after:
        said = _frames(language, "after", text, switched)
        switched = f"{switched.rstrip(' .')} {short_enough(said, text, _WHOLLY, draw)}"
    return switched


def _frames(language: str, place: str, text: str, switched: str = "") -> tuple[str, ...]:
    """What may be said before or after a message; nobody is addressed twice."""
    known = by_length(f"{language}_frames.tsv")
    is_question = is_asking(text)
    mood = "asking" if is_question else "upset" if f"{place}_upset" in known and is_upset(text) else ""
    return _frames_of(language, place, mood, not _ADDRESSES.isdisjoint((switched or text).lower().split()))


@cache
def _frames_of(language: str, place: str, mood: str, is_addressed: bool) -> tuple[str, ...]:
    """The shortest first: those that fit anywhere, and those that fit the mood."""
    said = by_length(f"{language}_frames.tsv")
    found = sorted((*said[place], *said.get(f"{place}_{mood}", ())), key=lambda words: (len(words), words))
    return tuple(words for words in found if not (is_addressed and _ADDRESSES & set(words.split())))


def by_the_clause(text: str, severity: int, draw: Draw, language: str) -> str:
    """A share of the clauses that hold what can be switched, most of it in each; a tag where there is none."""
    known = switchable(language)
    clauses = _cut(text.split(" "))
    found = [find_phrases(clause, known) for clause in clauses]
    rows = list(compress(count(), found))
    for chosen in draw.rows(len(rows), SHARE[severity]):
        row = rows[chosen]
        clauses[row] = replace_found(clauses[row], found[row], _WHOLLY, draw, known, fitting(language))
    return _or_tagged(text, " ".join(map(" ".join, clauses)), draw, language)


def _or_tagged(text: str, switched: str, draw: Draw, language: str) -> str:
    """What was switched; if that is nothing, the message with something said before or after it."""
    if switched != text or not any(map(str.isalpha, text)):
        return switched
    if draw.chance(0.5):
        return opened(text, short_enough(_frames(language, "before", text), text, _WHOLLY, draw), ",")
    return f"{text.rstrip(' .')} {short_enough(_frames(language, 'after', text), text, _WHOLLY, draw)}"


def _cut(tokens: list[str]) -> list[list[str]]:
    """The clauses: cut after marks, and before words that begin one."""
    found, start = [], 0
    for i in compress(count(1), map(or_, map(_ENDS.__getitem__, tokens), map(_BEGINS.__getitem__, tokens[1:]))):
        if i - start >= _SHORTEST_CLAUSE:
            found.append(tokens[start:i])
            start = i
    return [*found, tokens[start:]]


# Whether a clause ends with a token, and whether one may begin with it.
_ENDS = Remembered(lambda token: token[-1:] in (",", ".", ";", ":", "?", "!"))
_BEGINS = Remembered(lambda token: token.lower() in _BEGINS_A_CLAUSE)
