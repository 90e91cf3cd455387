"""What a learned profile was learned from: how often its users write in which way, and how like them it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from roadworthy.data import read_messages
from roadworthy.errors import DataError
from roadworthy.perturbations.surface import surface

Share = Annotated[float, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Told(_Frozen):
    """How well a classifier tells two sets of messages apart: an AUC and its 95 % interval.

    0.5 means that it cannot, 1 that it always can.

    Examples
    --------
    >>> print(Told(value=0.713, low=0.65, high=0.776))
    0.71 (0.65 to 0.78)
    """

    value: Share
    low: Share
    high: Share

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


class Likeness(_Frozen):
    """How well a classifier tells the messages of users from simulated ones, and from the clean ones they are made of.

    Parameters
    ----------
    simulated, clean
        From messages that the profile made of clean ones, and from these clean ones as they are.
    messages, others
        How many messages of users, and how many simulated (and as many clean) ones, were told apart.
    held_out
        Whether the profile that made them was learned from other messages than those that were told apart.
    """

    simulated: Told
    clean: Told
    messages: Annotated[int, Field(ge=1)]
    others: Annotated[int, Field(ge=1)]
    held_out: bool


class Source(_Frozen):
    """Where the messages were that a profile was learned from without clean ones, so that they can be looked at again.

    Parameters
    ----------
    file, text
        The file as it was named, and its column of texts if that was.
    sha256
        A fingerprint of the messages.
    """

    file: str
    text: str | None = None
    sha256: str

    def read(self) -> tuple[str, ...] | None:
        """The messages; None where they are no longer there, or others are."""
        try:
            found, _ = read_messages(self.file, text=self.text)
        except DataError:
            return None
        return found.texts if found.sha256 == self.sha256 else None


class Evidence(_Frozen):
    """What a profile was learned from; no words of the messages.

    Parameters
    ----------
    messages, clean
        How many messages of users, and how many clean ones beside them.
    shares
        The share of the messages that show each way of writing of `surface.Seen`.
    likeness
        How like them the profile writes, where that was measured.
    source
        Where the messages are, where that was not: it takes clean messages to start from.
    """

    messages: Annotated[int, Field(ge=1)]
    clean: Annotated[int, Field(ge=0)] = 0
    shares: dict[str, Share] = {}
    likeness: Likeness | None = None
    source: Source | None = None

    @classmethod
    def of(cls, messages: Sequence[str], *, clean: Sequence[str] = (), likeness: Likeness | None = None) -> Evidence:
        """What is seen of these messages; the words of clean ones are taken to be spelt rightly.

        Examples
        --------
        >>> Evidence.of(["hi", "Hi!"]).shares["lowercase"]
        0.5
        """
        shares = {name: round(share, 6) for name, share in asdict(surface(messages, known=clean)).items()}
        return cls(messages=len(messages), clean=len(clean), shares=shares, likeness=likeness)
