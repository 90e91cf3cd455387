"""Profiles: who the users are, as a mix of perturbations, each with how often it comes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, overload

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from roadworthy.errors import PerturbationError
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import find, require_severity
from roadworthy.perturbations.slips import Slips

# How many times as often everything comes, by severity: 3 is as it was measured.
TIMES = {1: 0.4, 2: 0.7, 3: 1.0, 4: 1.5, 5: 2.0}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Step(_Frozen):
    """A perturbation or family, the share of messages that it changes, and how much it changes of these."""

    name: str
    share: Annotated[float, Field(ge=0, le=1)]
    severity: Annotated[int, Field(ge=1, le=5)] = 1


class Profile(_Frozen):
    """A mix of perturbations; several may meet in one message, in their order.

    Parameters
    ----------
    name, description
        What it is called, and who these users are.
    steps
        The perturbations.
    slips
        How these users mistype, where that was learned; it comes last.

    Examples
    --------
    >>> shouting = Profile(name="shouting", steps=(Step(name="all_uppercase", share=1.0),))
    >>> shouting("where is it")
    'WHERE IS IT'
    """

    schema_version: Literal[1] = 1
    name: str
    description: str = ""
    steps: tuple[Step, ...] = ()
    slips: dict[str, Any] | None = None

    @classmethod
    def learn_pairs(cls, pairs: Iterable[tuple[str, str]], *, name: str = "learned") -> Profile:
        """Learn how people type from pairs of messages: as they were meant, and as they were typed.

        Raises
        ------
        PerturbationError
            No pair differs by a typing slip.
        """
        found = list(pairs)
        return cls(name=name, description=f"learned from {len(found):,} pairs", slips=Slips.learn(found).as_dict())

    @classmethod
    def load(cls, path: str | Path) -> Profile:
        """Read what `save` wrote.

        Raises
        ------
        PerturbationError
            There is no such file, or it is no profile.
        """
        file = Path(path)
        try:
            return cls.model_validate_json(file.read_bytes())
        except OSError:
            raise PerturbationError("no such profile", where=file, mend="learn one: roadworthy profile") from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "document"
            raise PerturbationError(
                f"not a profile ({place}: {first['msg']})", where=file, mend="learn it again: roadworthy profile"
            ) from None

    def to_json(self) -> str:
        """The profile as one JSON document."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), indent=1, ensure_ascii=False) + "\n"

    @overload
    def __call__(self, texts: str, *, severity: int = 3, seed: int = 0) -> str: ...
    @overload
    def __call__(self, texts: Sequence[str], *, severity: int = 3, seed: int = 0) -> list[str]: ...
    def __call__(self, texts: str | Sequence[str], *, severity: int = 3, seed: int = 0) -> str | list[str]:
        """Messages as these users would write them; at severity 3 as often as was measured."""
        require_severity(severity)
        slips = None if self.slips is None else Slips.of_dict(self.slips)
        if isinstance(texts, str):
            return self._one(texts, severity, seed, slips)
        return [self._one(text, severity, seed, slips) for text in texts]

    def _one(self, text: str, severity: int, seed: int, slips: Slips | None) -> str:
        draw = Draw(self.name, severity, seed, text)
        for step in self.steps:
            members = find(step.name)
            if draw.chance(min(1.0, step.share * TIMES[severity])):
                member = members[draw.weighted_order([member.weight for member in members])[0]]
                text = member.change(text, step.severity, draw)
        return text if slips is None else slips.change(text, draw, times=TIMES[severity])
