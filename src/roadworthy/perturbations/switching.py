"""Switching between English and another language, by the word, by the phrase and by the clause.

Bilinguals seldom switch a function word without what it belongs to, and add tags to whole sentences (Poplack,
"Sometimes I'll start a sentence in Spanish y termino en español", Linguistics 18, 1980): my password becomes mi
contraseña or my contraseña, and where nothing can be switched, a porfa is said after it.
"""

from __future__ import annotations

from functools import cache

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.mood import is_asking, is_upset
from roadworthy.perturbations.texting import same_negation
from roadworthy.perturbations.words import SHARE, find_phrases, replace_phrases
from roadworthy.perturbations.wrapping import by_length, opened, short_enough

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
def _single_words(language: str) -> lexicon.Entries:
    return lexicon.Entries((key, values) for key, values in switchable(language).items() if " " not in key)


def by_the_word(text: str, severity: int, draw: Draw, language: str) -> str:
    """A share of the words that can be switched by themselves; a tag where there is none."""
    return _or_tagged(text, replace_phrases(text, severity, draw, _single_words(language)), draw, language)


def by_the_phrase(text: str, severity: int, draw: Draw, language: str) -> str:
    """A share of phrases and words, in lower case, often with a frame around them."""
    return framed(text, replace_phrases(text, severity, draw, switchable(language)), severity, draw, language)


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
    mood = "asking" if is_asking(text) else "upset" if is_upset(text) else ""
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
    rows = [row for row, clause in enumerate(clauses) if find_phrases(clause.split(" "), known)]
    for chosen in draw.sample(len(rows), draw.count(len(rows), SHARE[severity])):
        clauses[rows[chosen]] = replace_phrases(clauses[rows[chosen]], _WHOLLY, draw, known)
    return _or_tagged(text, " ".join(clauses), draw, language)


def _or_tagged(text: str, switched: str, draw: Draw, language: str) -> str:
    """What was switched; if that is nothing, the message with something said before or after it."""
    if switched != text or not any(map(str.isalpha, text)):
        return switched
    if draw.chance(0.5):
        return opened(text, short_enough(_frames(language, "before", text), text, _WHOLLY, draw), ",")
    return f"{text.rstrip(' .')} {short_enough(_frames(language, 'after', text), text, _WHOLLY, draw)}"


def _cut(tokens: list[str]) -> list[str]:
    """The clauses: cut after marks, and before words that begin one."""
    found, start = [], 0
    for i in range(1, len(tokens)):
        ends = tokens[i - 1][-1:] in (",", ".", ";", ":", "?", "!") or tokens[i].lower() in _BEGINS_A_CLAUSE
        if ends and i - start >= _SHORTEST_CLAUSE:
            found.append(" ".join(tokens[start:i]))
            start = i
    return [*found, " ".join(tokens[start:])]
