"""More mixed languages: German with English (Denglisch), Tagalog with English (Taglish), and Spanglish by the clause.

They are mixed by the word, by the phrase in the frame of a message in that language, and by the clause. Negations stay
what they are.
"""

from __future__ import annotations

from functools import cache

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.texting import same_negation
from roadworthy.perturbations.words import SHARE, change_words, like, replace_phrases
from roadworthy.perturbations.wrapping import by_length, short_enough

_BEGINS_A_CLAUSE = frozenset(["and", "but", "because", "so", "if", "when", "since", "which", "while"])
_SHORTEST_CLAUSE = 2
_WHOLLY = 5


@cache
def _words_of(language: str) -> dict[str, tuple[str, ...]]:
    return {key: values for key, values in same_negation(f"{language}.tsv").items() if " " not in key}


def _words(text: str, severity: int, draw: Draw, language: str) -> str:
    known = _words_of(language)

    def edit(word: str, draw: Draw) -> str:
        return like(word.lower() if word == "I" else word, draw.pick_early(known[word.lower()]))

    return change_words(text, severity, draw, edit, lambda word: word.lower() in known)


def _phrases(text: str, severity: int, draw: Draw, language: str) -> str:
    switched = replace_phrases(text, severity, draw, same_negation(f"{language}.tsv")).lower()
    frames = by_length(f"{language}_frames.tsv")
    if draw.chance(0.2 + SHARE[severity] / 2):
        switched = f"{short_enough(frames['before'], text, _WHOLLY, draw)} {switched}"
    if draw.chance(0.2 + SHARE[severity] / 2):
        switched = f"{switched.rstrip(' .')} {short_enough(frames['after'], text, _WHOLLY, draw)}"
    return switched


def _clauses(text: str, severity: int, draw: Draw, language: str) -> str:
    clauses = _cut(text.split(" "))
    for i in draw.sample(len(clauses), draw.count(len(clauses), SHARE[severity])):
        clauses[i] = replace_phrases(clauses[i], _WHOLLY, draw, same_negation(f"{language}.tsv"))
    return " ".join(clauses)


def _cut(tokens: list[str]) -> list[str]:
    """The clauses: cut after marks, and before words that begin one."""
    found, start = [], 0
    for i in range(1, len(tokens)):
        ends = tokens[i - 1][-1:] in (",", ".", ";", ":", "?", "!") or tokens[i].lower() in _BEGINS_A_CLAUSE
        if ends and i - start >= _SHORTEST_CLAUSE:
            found.append(" ".join(tokens[start:i]))
            start = i
    return [*found, " ".join(tokens[start:])]


@perturbation("mixed_languages", weight=1)
def spanglish_clauses(text: str, severity: int, draw: Draw) -> str:
    """10, 20, 35, 50 or 70 % of the clauses become Spanish, seven in ten of their words; the others stay English."""
    return _clauses(text, severity, draw, "spanglish")


@perturbation("mixed_languages", weight=1)
def denglisch_words(text: str, severity: int, draw: Draw) -> str:
    """10, 20, 35, 50 or 70 % of the single words that are known become German."""
    return _words(text, severity, draw, "denglisch")


@perturbation("mixed_languages", weight=1)
def denglisch_phrases(text: str, severity: int, draw: Draw) -> str:
    """As many phrases and words become German, in the frame of a German message."""
    return _phrases(text, severity, draw, "denglisch")


@perturbation("mixed_languages", weight=1)
def denglisch_clauses(text: str, severity: int, draw: Draw) -> str:
    """As many clauses become German, seven in ten of their words and phrases; the others stay English."""
    return _clauses(text, severity, draw, "denglisch")


@perturbation("mixed_languages", weight=1)
def taglish_words(text: str, severity: int, draw: Draw) -> str:
    """10, 20, 35, 50 or 70 % of the single words that are known become Tagalog."""
    return _words(text, severity, draw, "taglish")


@perturbation("mixed_languages", weight=1)
def taglish_phrases(text: str, severity: int, draw: Draw) -> str:
    """As many phrases and words become Tagalog, in the frame of a Tagalog message."""
    return _phrases(text, severity, draw, "taglish")


@perturbation("mixed_languages", weight=1)
def taglish_clauses(text: str, severity: int, draw: Draw) -> str:
    """As many clauses become Tagalog, seven in ten of their words and phrases; the others stay English."""
    return _clauses(text, severity, draw, "taglish")
