"""More mixed languages: German with English (Denglisch), Tagalog with English (Taglish), and Spanglish by the clause.

Negations stay what they are.
"""

from __future__ import annotations

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.switching import by_the_clause, by_the_phrase, by_the_word


@perturbation("mixed_languages", weight=1)
def spanglish_clauses(text: str, severity: int, draw: Draw) -> str:
    """10, 20, 35, 50 or 70 % of the clauses become Spanish, most of what they hold; the others stay English."""
    return by_the_clause(text, severity, draw, "spanglish")


@perturbation("mixed_languages", weight=1)
def denglisch_words(text: str, severity: int, draw: Draw) -> str:
    """10, 20, 35, 50 or 70 % of the words that can be switched by themselves become German, and at least one."""
    return by_the_word(text, severity, draw, "denglisch")


@perturbation("mixed_languages", weight=1)
def denglisch_phrases(text: str, severity: int, draw: Draw) -> str:
    """As many phrases and words become German, in the frame of a German message."""
    return by_the_phrase(text, severity, draw, "denglisch")


@perturbation("mixed_languages", weight=1)
def denglisch_clauses(text: str, severity: int, draw: Draw) -> str:
    """As many clauses become German; the others stay English."""
    return by_the_clause(text, severity, draw, "denglisch")


@perturbation("mixed_languages", weight=1)
def taglish_words(text: str, severity: int, draw: Draw) -> str:
    """10, 20, 35, 50 or 70 % of the words that can be switched by themselves become Tagalog, and at least one."""
    return by_the_word(text, severity, draw, "taglish")


@perturbation("mixed_languages", weight=1)
def taglish_phrases(text: str, severity: int, draw: Draw) -> str:
    """As many phrases and words become Tagalog, in the frame of a Tagalog message."""
    return by_the_phrase(text, severity, draw, "taglish")


@perturbation("mixed_languages", weight=1)
def taglish_clauses(text: str, severity: int, draw: Draw) -> str:
    """As many clauses become Tagalog; the others stay English."""
    return by_the_clause(text, severity, draw, "taglish")
