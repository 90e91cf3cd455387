"""`decide`: an inspection, a gate, and the champion where there is one, become a decision."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.gate.bounds import Gate, read_gate
from roadworthy.gate.decision import Decision, Refusal, Result, outcome_of
from roadworthy.gate.judge import asks_of, evidence_for, regressions, result_of, unasked
from roadworthy.gate.refusals import refusals_of

if TYPE_CHECKING:
    from roadworthy.comparison import Comparison
    from roadworthy.inspection import Inspection

_RANK = {"fail": 0, "not enough data": 1, "pass": 2}


def decide(
    inspection: Inspection,
    gate: Gate | str | Path | None = None,
    comparison: Comparison | None = None,
    *,
    champion: str | None = None,
) -> Decision:
    """Let a model through, or not.

    It fails closed: what was not measured, or not enough of, does not pass, and neither does what would hide a
    failure (a constant model, messages that went missing, a family that changed too little, labels that the model
    does not know, a champion that it was not compared with).

    Parameters
    ----------
    inspection
        What was found on the model.
    gate
        The bounds, a file of them, or None for those of the project as `read_gate` finds them.
    comparison
        The model (b) against the champion (a), on the same messages.
    champion
        The name of the champion where there is one, whether or not it was compared with.

    Raises
    ------
    SettingsError
        The gate cannot be read.

    Examples
    --------
    >>> from roadworthy import inspect, support_desk
    >>> data = support_desk.load_clean_test().take(range(0, 240, 8))
    >>> inspection = inspect(lambda texts: ["order_status"] * len(texts), data, suite="quick")
    >>> decide(inspection, Gate(min_accuracy=0.9)).outcome
    'fail'
    """
    asked = gate if isinstance(gate, Gate) else read_gate(gate)
    champion = comparison.a if comparison is not None else champion
    judged = [result_of(ask, asked, evidence_for(ask, inspection)) for ask in asks_of(inspection, asked)]
    results = _ranked([*judged, *regressions(inspection, asked, comparison)])
    refusals = tuple(refusals_of(inspection, asked, comparison, champion))
    if not results and not refusals:
        refusals = (Refusal(code="nothing_asked", message="The gate asks for nothing that these messages can answer."),)
    return Decision(
        roadworthy_version=inspection.roadworthy_version,
        created=datetime.now(UTC).replace(microsecond=0),
        model=inspection.model.name,
        messages=inspection.clean.n + (0 if inspection.real is None else inspection.real.n),
        champion=champion,
        outcome=outcome_of(results, refusals),
        results=results,
        refusals=refusals,
        unasked=tuple(unasked(inspection, asked, champion=champion is not None)),
        gate=asked,
    )


def refused(code: str, message: str, *, model: str, gate: Gate, champion: str | None = None) -> Decision:
    """The decision on a model that could not be inspected at all: it does not pass, for that reason."""
    refusals = (Refusal(code=code, message=message),)
    return Decision(
        roadworthy_version=version("roadworthy"),
        created=datetime.now(UTC).replace(microsecond=0),
        model=model,
        messages=0,
        champion=champion,
        outcome=outcome_of((), refusals),
        results=(),
        refusals=refusals,
        gate=gate,
    )


def _ranked(results: list[Result]) -> tuple[Result, ...]:
    """What stops the model first, failures before lacks of data, the furthest from its limit first."""

    def weight(result: Result) -> tuple[bool, int, float]:
        return not result.stops, _RANK[result.outcome], -(result.short_by or 0.0)

    return tuple(sorted(results, key=weight))
