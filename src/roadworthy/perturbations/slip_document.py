"""Learned typing slips as a file holds them: read strictly, and written without anything that could spell a word."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from roadworthy.errors import PerturbationError
from roadworthy.perturbations.slip_templates import LONGEST, Slip, Template
from roadworthy.perturbations.slips import Slips

Share = Annotated[float, Field(ge=0, le=1)]
# More letters that follow each other would tell what was written.
_MOST_LETTERS = 2
_Letters = Annotated[str, Field(max_length=_MOST_LETTERS, pattern=r"^[^\d\s]*$")]
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
    >>> learned = Slips.learn([("where is my order", "where is my odrer")] * 20)
    >>> SlipDocument.of(learned).templates[0][2]
    (('swapped', 'middle', 'rd', 'dr', 'o', 'e'),)
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
    def of(cls, learned: Slips) -> SlipDocument:
        """What was learned, but for slips over more than two letters, which could spell a word."""
        values = learned.as_dict()
        short = [one for one in values["templates"] if all(_is_short(slip) for slip in one[2])]
        if not short:
            raise PerturbationError("no pair differs by a typing slip", mend="give pairs of which some were mistyped")
        return cls.model_validate({**values, "templates": short})

    def slips(self) -> Slips:
        """The slips, ready to be made."""
        templates = [
            Template(length, tuple(Slip(*slip) for slip in slips), weight) for length, weight, slips in self.templates
        ]
        values = self.model_dump(exclude={"templates"})
        return Slips(**values, templates=templates)


def _is_short(slip: list[str]) -> bool:
    return all(len(letters) <= _MOST_LETTERS for letters in slip[2:])
