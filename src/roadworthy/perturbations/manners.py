"""Whole ways of writing, which profiles are made of beside the perturbations of the families."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from roadworthy.perturbations.angry import angry
from roadworthy.perturbations.dictated import dictated
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.hinglish import all_to_hinglish
from roadworthy.perturbations.learner import learner_grammar
from roadworthy.perturbations.registry import LATIN_SCRIPT, Change, ChangeAll, Perturbation, find
from roadworthy.perturbations.texter import text_like
from roadworthy.perturbations.typed import typed
from roadworthy.perturbations.words import TIMES, change_words

# Words that people draw out.
_DRAWN_OUT = (
    "so yes please hi hey hello ok okay very really love much way bye thanks now wow oh too why me you soon help"
)


class Step(BaseModel):
    """A perturbation, family or manner, the share of messages that it is tried on, and how much of these it changes.

    Parameters
    ----------
    name
        What `perturb --family` knows, or one of `manners`.
    share
        Between 0 and 1, at severity 3.
    severity
        At severity 3 of the profile; it rises and falls with that.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    severity: Annotated[int, Field(ge=1, le=5)] = 3


def texted(text: str, severity: int, draw: Draw) -> str:
    """Short forms as people text them: about 12 words in a hundred at severity 3, twice as many at 5."""
    return text_like(text, draw, times=TIMES[severity])


def hinglish_sentences(text: str, severity: int, draw: Draw) -> str:
    """Sentences in a Hindi frame, romanised: four messages in ten at severity 1, seven at 2, every one from 3 on."""
    return _all_hinglish([text], severity, [draw])[0]


def _all_hinglish(texts: Sequence[str], severity: int, draws: Sequence[Draw]) -> list[str]:
    """Messages of which some are put into a Hindi frame, in one go."""
    found = list(texts)
    rows = [i for i, draw in enumerate(draws) if draw.chance(TIMES[severity])]
    for i, new in zip(rows, all_to_hinglish([texts[i] for i in rows], [draws[i] for i in rows]), strict=True):
        found[i] = new
    return found


def stretched(text: str, severity: int, draw: Draw) -> str:
    """Letters are drawn out: sooo, pleaseeee; in a share of the words that people draw out."""
    return change_words(text, severity, draw, _drawn_out, _is_drawn_out)


def _is_drawn_out(word: str) -> bool:
    return word.lower() in _drawn_out_words()


@cache
def _drawn_out_words() -> frozenset[str]:
    return frozenset(_DRAWN_OUT.split(" "))


def _drawn_out(word: str, draw: Draw) -> str:
    return word + word[-1] * (1 + draw.below(4))


# What does the same for many messages in one go.
_AT_ONCE: dict[Change, ChangeAll] = {hinglish_sentences: _all_hinglish}


@cache
def manners() -> dict[str, Perturbation]:
    """Every manner by its name.

    Examples
    --------
    >>> list(manners())
    ['typed', 'texted', 'dictated', 'angry', 'learner_grammar', 'hinglish_sentences', 'stretched']
    """
    found = [Perturbation("typed", "manners", typed, (LATIN_SCRIPT,))]
    changes = (texted, dictated, angry, learner_grammar, hinglish_sentences, stretched)
    found += [Perturbation(change.__name__, "manners", change, change_all=_AT_ONCE.get(change)) for change in changes]
    return {manner.name: manner for manner in found}


def find_step(name: str) -> tuple[Perturbation, ...]:
    """The manner or perturbation of that name, or the members of that family.

    Raises
    ------
    PerturbationError
        There is none.
    """
    manner = manners().get(name)
    return find(name) if manner is None else (manner,)
