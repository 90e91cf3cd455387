"""Where a learner's mistake fits, by the words before and after what it replaces, both empty at a clause's ends.

Learners write "I have went", "was deliver" and "too much problems"; hardly anybody writes "I am tell" or "we is".
"""

from __future__ import annotations

from collections.abc import Mapping

from roadworthy.perturbations.fitting import BEING, DETERMINERS, HAVING, word_set
from roadworthy.perturbations.phrases import Rule
from roadworthy.perturbations.words import is_negation, is_number

_PERFECT_OR_PASSIVE = BEING | HAVING
_UNCOUNTABLE = word_set(
    "money time information luggage baggage help work data cash credit interest traffic advice furniture homework "
    "software experience patience space storage"
)
_PRONOUNS = frozenset(["i", "you", "we", "they", "he", "she", "it", "these", "those", "this", "that", "there"])
_ALL_BUT_SINGULAR = frozenset(["i", "you", "we", "they", "these", "those"])
_MODALS = word_set("to will would can could should may might must do did does not please also")
# Verbs that the word after them belongs to: turn on the light.
_WITH_A_PARTICLE = word_set(
    "turn turned turning switch switched put log logged sign signed come coming go going hold holding try fill fed "
    "keep carry carried stay stays add move what's work working based depends depend later early so"
)
_SET_PHRASES = word_set(
    "all least once last first time times it them its way hold sale top behalf moment no any your this that off and "
    "purpose demand average earth"
)
_POINTS_IN_TIME = word_set(
    "yesterday monday tuesday wednesday thursday friday saturday sunday last january february march april may june "
    "july august september october november december morning"
)


def _is_finite(new: str, before: str, after: str) -> bool:
    """Whether the verb stands for itself; after be and have only what looks like a participle is mistaken for one."""
    return before not in _PERFECT_OR_PASSIVE or new.endswith("ed")


def _is_past(new: str, before: str, after: str) -> bool:
    return before not in _PERFECT_OR_PASSIVE and not is_negation(before)


def _is_singular_subject(new: str, before: str, after: str) -> bool:
    """Whether no pronoun is the subject: "we is" and "is you" are hardly written, "my shoes is" is."""
    return before not in _ALL_BUT_SINGULAR and after not in _ALL_BUT_SINGULAR


def _is_after_a_subject(new: str, before: str, after: str) -> bool:
    """Whether "has" for "have" could come about: not after I, nor after a modal verb, nor in a question."""
    return bool(before) and before not in _ALL_BUT_SINGULAR | _MODALS and not is_negation(before)


def _is_a_preposition(new: str, before: str, after: str) -> bool:
    """Whether it stands for itself: not in "turn on the light" or "at least", nor in "at 5", which "in 5" is not."""
    return bool(after) and not (after in _SET_PHRASES or before in _WITH_A_PARTICLE or is_number(after))


def _is_a_point_in_time(new: str, before: str, after: str) -> bool:
    return after in _POINTS_IN_TIME or is_number(after)


def _is_not_i(new: str, before: str, after: str) -> bool:
    return "i" not in (before, after)


def _names_what_is_made(new: str, before: str, after: str) -> bool:
    return after in DETERMINERS and before not in _PERFECT_OR_PASSIVE


def _goes_on(new: str, before: str, after: str) -> bool:
    return bool(after)


def _is_base(new: str, before: str, after: str) -> bool:
    """Whether an s could be put at the verb's end."""
    return before in _PRONOUNS


_IRREGULAR = ("bought", "came", "made", "paid", "said", "sent", "took", "told", "wrote")

LEARNT: Mapping[str, Rule] = {
    **dict.fromkeys(_IRREGULAR, _is_finite),
    **dict.fromkeys(("arrived", "wanted", "needed", "tried", "asked"), _is_past),
    "arrive": _is_base,
    "at": _is_a_preposition,
    "do you": lambda new, before, after: bool(after),
    "is it": _goes_on,
    "it is": _goes_on,
    "i was": _goes_on,
    "i am": _goes_on,
    "i have been": lambda new, before, after: after not in ("", "to", "in", "at", "on", "with"),
    "has": lambda new, before, after: not is_negation(after),
    "has been": _goes_on,
    "many": lambda new, before, after: bool(after) and before not in ("how", "so"),
    "much": lambda new, before, after: after in _UNCOUNTABLE and not is_negation(before),
    "make": _names_what_is_made,
    "makes": _names_what_is_made,
    "need to": _goes_on,
    "on": _is_a_preposition,
    "please": _goes_on,
    "since": _is_a_point_in_time,
    "was": _is_not_i,
    "are there": _goes_on,
    "what are": _is_singular_subject,
    "what is": _goes_on,
}
"""For the entries of learner.tsv."""

VERBS: Mapping[str, Rule] = {
    **dict.fromkeys(
        (
            "bought",
            "came",
            "chose",
            "gave",
            "got",
            "had",
            "kept",
            "lost",
            "made",
            "paid",
            "said",
            "sent",
            "told",
            "took",
        ),
        _is_finite,
    ),
    **dict.fromkeys(("went", "wrote"), _is_finite),
    **dict.fromkeys(("arrived", "asked", "tried", "wanted"), _is_past),
    **dict.fromkeys(("are", "were"), _is_singular_subject),
    "did": lambda new, before, after: not is_negation(after),
    "have": _is_after_a_subject,
    "want": _is_base,
    "was": _is_not_i,
}
"""For the verbs of grammar.tsv."""
