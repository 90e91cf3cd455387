"""User noise: the ways in which real messages differ from a training set, each keeping the label.

A perturbation is a function of (text, severity, draw); the module of its family registers it. It is a pure function of
text, name, severity and seed: the same whatever the order, the batch or the process. Severities are shares of the words
that could change (`words.SHARE`: 10, 20, 35, 50 and 70 %, and at least one), so that every message that can change
does. Other packages add theirs through the entry-point group `roadworthy.perturbations`.
"""

# Families stand in the order in which they are registered.
# isort: off
from roadworthy.perturbations import (  # noqa: F401 (importing a family registers it)
    typos,
    typos_layouts,
    autocorrect,
    texting,
    lengthening,
    emoji,
    emoji_words,
    fragments,
    bursts,
    mixed_languages,
    code_switching,
    casing,
    punctuation,
    characters,
    speech,
    grammar,
    politeness,
    angry,
    chat_context,
)

# isort: on
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import (
    SEVERITIES,
    Perturbation,
    Perturbed,
    families,
    find,
    perturb,
    perturb_all,
    perturbation,
    register,
    require_severity,
)
from roadworthy.perturbations.words import is_negation, negations

__all__ = [
    "SEVERITIES",
    "Draw",
    "Perturbation",
    "Perturbed",
    "families",
    "find",
    "is_negation",
    "negations",
    "perturb",
    "perturb_all",
    "perturbation",
    "register",
    "require_severity",
]
