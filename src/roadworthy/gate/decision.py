"""The frozen answer of a gate: let through or not, by which bounds, and which messages show it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from roadworthy.errors import DataError
from roadworthy.gate.bounds import Gate
from roadworthy.inspection import Figure

Outcome = Literal["pass", "fail", "not enough data"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Evidence(_Frozen):
    """A message that shows why a bound failed; `clean_text` is what it was before it was perturbed."""

    text: str
    clean_text: str | None = None
    label: str
    predicted: str
    confidence: float | None = None


class Result(_Frozen):
    """One bound held against one group of messages.

    `figure` and `limit` are on the scale of the metric: a drop of at most 10 points is a `difference` of at least -0.1.
    `short_by` is how far the figure lies beyond the limit where it failed, None elsewhere. `stops` says whether the
    outcome keeps the model from passing.
    """

    bound: str
    group: str
    on: str
    metric: str
    figure: Figure
    limit: float
    at_most: bool
    outcome: Outcome
    short_by: float | None = None
    stops: bool
    sentence: str
    examples: tuple[Evidence, ...] = ()


class Refusal(_Frozen):
    """A reason to let nothing through, whatever the figures are."""

    code: str
    message: str


class Unasked(_Frozen):
    """A bound that holds by default and had nothing to be held against, or that the gate switched off."""

    bound: str
    reason: str


class Decision(_Frozen):
    """Whether a gate lets a model through; true in a condition only if it does.

    Examples
    --------
    >>> from roadworthy import inspect, support_desk
    >>> data = support_desk.load_clean_test().take(range(0, 240, 8))
    >>> inspection = inspect(lambda texts: ["order_status"] * len(texts), data, suite="quick")
    >>> from roadworthy.gate import Gate, decide
    >>> decision = decide(inspection, Gate())
    >>> decision.passed, decision.refusals[0].code
    (False, 'constant_model')
    >>> Decision.from_json(decision.to_json()) == decision
    True
    """

    schema_version: Literal[1] = 1
    roadworthy_version: str
    created: datetime
    model: str
    messages: int
    champion: str | None = None
    outcome: Outcome
    results: tuple[Result, ...]
    refusals: tuple[Refusal, ...] = ()
    unasked: tuple[Unasked, ...] = ()
    gate: Gate

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.outcome != outcome_of(self.results, self.refusals):
            raise ValueError("the outcome is not that of the results and refusals")
        return self

    @property
    def passed(self) -> bool:
        """The model may go on."""
        return self.outcome == "pass"

    def __bool__(self) -> bool:
        return self.passed

    @property
    def stopped_by(self) -> tuple[Result, ...]:
        """The results that stop the model, the gravest first."""
        return tuple(result for result in self.results if result.stops)

    @property
    def reason(self) -> str:
        """In one sentence why the outcome is what it is."""
        if self.refusals:
            return self.refusals[0].message
        if self.stopped_by:
            return self.stopped_by[0].sentence
        kept = sum(result.outcome == "pass" for result in self.results)
        return f"{kept} of {len(self.results)} bounds are kept, and none stops the model"

    def to_json(self) -> str:
        """The whole decision as one JSON document."""
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, document: str | bytes, *, where: object = None) -> Decision:
        """Read back what `to_json` wrote.

        Raises
        ------
        DataError
            The document is no decision, or contradicts itself.
        """
        try:
            return cls.model_validate_json(document)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "document"
            said = first["msg"].removeprefix("Value error, ")
            raise DataError(f"not a decision ({place}: {said})", where=where, mend="run the gate again") from None

    @classmethod
    def load(cls, path: str | Path) -> Decision:
        """Read a `decision.json`, or the one in a report folder."""
        path = Path(path)
        file = path / "decision.json" if path.is_dir() else path
        if not file.is_file():
            raise DataError("no decision.json", where=path, mend="give a folder written by roadworthy inspect --gate")
        return cls.from_json(file.read_bytes(), where=file)

    def __repr__(self) -> str:
        return f"<Decision on {self.model}: {self.outcome}>"

    def __str__(self) -> str:
        from roadworthy.report.decision import decision_text

        return decision_text(self)


def outcome_of(results: tuple[Result, ...], refusals: tuple[Refusal, ...]) -> Outcome:
    """What results and refusals come to: a failure before a lack of data, and nothing judged never passes."""
    stopping = {result.outcome for result in results if result.stops}
    if refusals or not results or "fail" in stopping:
        return "fail"
    return "not enough data" if stopping else "pass"
