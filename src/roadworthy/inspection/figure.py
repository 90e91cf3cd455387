"""One figure of an inspection: a number, its interval and its n."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from roadworthy.metrics import Interval


class Frozen(BaseModel):
    """A part of the result; it holds nothing unknown, and nothing changes in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Figure(Frozen):
    """One number, the interval around it, and how many messages it comes from; None where it is undefined.

    Examples
    --------
    >>> print(Figure(value=0.567, low=0.503, high=0.63, n=231))
    0.567 (0.503 to 0.630, n=231)
    >>> print(Figure(n=0))
    –
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int

    @classmethod
    def of(cls, interval: Interval, n: int) -> Figure:
        """An interval of `metrics`, its NaN turned into None."""
        value, low, high = (None if math.isnan(x) else float(x) for x in interval)
        return cls(value=value, low=low, high=high, n=n)

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        if self.low is None or self.high is None:
            return f"{self.value:.3f} (n={self.n:,})"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, n={self.n:,})"
