"""Learned typing slips as a file holds them: read strictly, and written without anything that could spell a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from roadworthy.perturbations.slip_templates import LONGEST, Slip, Template, without_neighbours
from roadworthy.perturbations.slips import Slips

Share = Annotated[float, Field(ge=0, le=1)]
# More letters that follow each other would tell what was written.
_MOST_LETTERS = 2
_FEW_LETTERS = re.compile(rf"[^\d\s]{{0,{_MOST_LETTERS}}}")
_Letters = Annotated[str, Field(pattern=f"^{_FEW_LETTERS.pattern}$")]
_Kind = Literal["dropped", "inserted", "replaced", "swapped"]
_Place = Literal["first", "middle", "last", ""]
_Slip = tuple[_Kind, _Place, _Letters, _Letters, _Letters, _Letters]
_Template = tuple[
    Annotated[int, Field(ge=1, le=LONGEST)],
    Annotated[int, Field(ge=1, le=10_000)],
    Annotated[tuple[_Slip, ...], Field(min_length=1, max_length=3)],
]
_LETTERS_MEANT = {"inserted": (0,), "dropped": (1, 2), "replaced": (1, 2), "swapped": (2,)}


class SlipDocument(BaseModel):
    """What `Slips` is made of, as JSON holds it.

    Examples
    --------
    >>> pairs = [("where is my order", "where is my odrer")] * 20
    >>> SlipDocument.learn(pairs).templates[0][2]
    (('swapped', 'middle', 'rd', 'dr', '', ''),)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    words: Annotated[tuple[Share, ...], Field(min_length=LONGEST, max_length=LONGEST)]
    joined: Share
    split: Share
    spread: Share = 0.0
    signs: dict[Annotated[str, Field(pattern=r"^[^\w\s]$")], Share]
    templates: Annotated[tuple[_Template, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _possible(self) -> SlipDocument:
        for _, _, slips in self.templates:
            for kind, _, meant, *_ in slips:
                if len(meant) not in _LETTERS_MEANT[kind]:
                    raise ValueError(f"a slip of kind {kind} cannot begin with {meant!r}")
        return self

    @classmethod
    def learn(cls, pairs: Iterable[tuple[str, str]]) -> SlipDocument | None:
        """What `Slips` learns from pairs, but nothing that could spell a word; None where no pair differs by a slip.

        Slips over more than two letters, and those with digits, are left out. Of the letters of a word at most half are
        told, or two: else its slips lose the letters beside them, and fall apart where that is not enough. All stand
        in the order of the alphabet, whatever the order in which they came.
        """
        learned = Slips.learn(pairs)
        short = [one for one in learned.templates if all(map(_is_short, one.slips))]
        if not short:
            return None
        kept = sorted(told for one in short for told in _discreet(one))
        return cls.model_validate({**learned.as_dict(), "templates": [(n, weight, slips) for n, slips, weight in kept]})

    def slips(self) -> Slips:
        """The slips, ready to be made."""
        templates = [
            Template(length, tuple(Slip(*slip) for slip in slips), weight) for length, weight, slips in self.templates
        ]
        values = self.model_dump(exclude={"templates"})
        return Slips(**values, templates=templates)


def _is_short(slip: Slip) -> bool:
    return all(map(_FEW_LETTERS.fullmatch, slip[2:]))


def _discreet(template: Template) -> Iterator[Template]:
    """A template, or what is made of it, that tells little of its word."""
    bare = template._replace(slips=tuple(map(without_neighbours, template.slips)))
    allowed = max(_MOST_LETTERS, template.length // 2)
    tried = (template, bare)
    discreet = next((one for one in tried if sum(map(_letters_told, one.slips)) <= allowed), None)
    yield from [discreet] if discreet else (bare._replace(slips=(slip,)) for slip in bare.slips)


def _letters_told(slip: Slip) -> int:
    """How many letters of the word that was meant can be read off a slip."""
    return len(slip.left + slip.old + slip.right)
