"""Mixed languages: Hinglish and Spanglish, by the word and by the phrase, romanised as people type them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.hinglish import all_to_hinglish, to_hinglish
from roadworthy.perturbations.phrases import Rule, replace_phrases
from roadworthy.perturbations.registry import perturbation
from roadworthy.perturbations.switching import by_the_phrase, by_the_word, fitting, framed
from roadworthy.perturbations.texting import same_negation
from roadworthy.perturbations.words import SHARE


@perturbation("mixed_languages", weight=2)
def hinglish_words(text: str, severity: int, draw: Draw) -> str:
    """Single English words become romanised Hindi."""
    return replace_phrases(text, severity, draw, _hinglish_words())


@perturbation("mixed_languages", weight=3)
def hinglish_phrases(text: str, severity: int, draw: Draw) -> str:
    """Phrases and words become romanised Hindi, in the frame of a Hindi message."""
    switched = replace_phrases(text, severity, draw, same_negation("hinglish.tsv"), _orders())
    return framed(text, switched, severity, draw, "hinglish")


def _all_sentences(texts: Sequence[str], severity: int, draws: Sequence[Draw]) -> list[str]:
    return all_to_hinglish(texts, draws, share=SHARE[severity])


@perturbation("mixed_languages", weight=3, change_all=_all_sentences)
def hinglish_sentences(text: str, severity: int, draw: Draw) -> str:
    """Sentences are put into a Hindi frame: Hindi grammar around English nouns and verbs."""
    return to_hinglish(text, draw, share=SHARE[severity])


@perturbation("mixed_languages", weight=2)
def spanglish_words(text: str, severity: int, draw: Draw) -> str:
    """10, 20, 35, 50 or 70 % of the words that can be switched by themselves become Spanish, and at least one."""
    return by_the_word(text, severity, draw, "spanglish")


@perturbation("mixed_languages", weight=3)
def spanglish_phrases(text: str, severity: int, draw: Draw) -> str:
    """Phrases and words become Spanish, in the frame of a Spanish message."""
    return by_the_phrase(text, severity, draw, "spanglish")


@cache
def _orders() -> dict[str, Rule]:
    return {key: rule for key, rule in fitting("hinglish").items() if key.endswith(" me")}


@cache
def _hinglish_words() -> lexicon.Entries:
    return lexicon.Entries((key, values) for key, values in same_negation("hinglish.tsv").items() if " " not in key)
