"""The gate of `roadworthy inspect`: which one, and what is left behind for CI to show."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.cli.options import record, stderr
from roadworthy.errors import (
    DataError,
    MissingExtraError,
    ModelError,
    OutputError,
    RoadworthyError,
    SettingsError,
    TrackingError,
    named,
)

if TYPE_CHECKING:
    from roadworthy.comparison import Comparison
    from roadworthy.gate import Decision, Gate
    from roadworthy.gate.champion import Champion
    from roadworthy.inspection import Inspection
    from roadworthy.models.mlflow_model import Registered
    from roadworthy.tracking.origin import Origin

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
_CODES = {DataError: "unusable_messages", ModelError: "unusable_model", SettingsError: "unusable_gate"}


@dataclass(frozen=True)
class AskedGate:
    """A gate and where it was found."""

    gate: Gate
    source: str


def find_gate(wanted: bool, file: Path | None, champion: str | None) -> AskedGate | None:
    """The gate that the options ask for; None where they ask for none."""
    if not wanted and file is None:
        if champion is not None:
            raise SettingsError("--champion goes with the gate", mend="add --gate, or leave it out")
        return None
    from roadworthy.gate import gate_source, read_gate

    if file is not None and file.is_dir():
        raise SettingsError("is a folder", where=file, mend="name the file of the gate")
    return AskedGate(read_gate(file), gate_source(file))


@dataclass
class Attempt:
    """An inspection under way, and the version of a registered model that it is about, once that is known."""

    version: Registered | None = None


@contextmanager
def closed(wanted: bool, out: Path, model: str, origin: Origin) -> Iterator[Attempt]:
    """Fail closed where a gate is wanted: no decision of an earlier run stays, and what cannot be decided is rejected.

    CI reads what is in the folder, whatever became of the command; a promotion reads what MLflow says of the version.
    """
    attempt = Attempt()
    if not wanted:
        yield attempt
        return
    remove_decision(out, "junit.xml", "report.html", "report.md", "inspection.json")
    try:
        yield attempt
    except Exception as error:
        decision = _refusal(error, model)
        with suppress(OutputError):
            keep(decision, out)
        # A store that has just refused something is not asked again.
        if not isinstance(error, TrackingError | MissingExtraError):
            _record_refusal(decision, attempt, model, origin)
        raise


def _refusal(error: Exception, model: str) -> Decision:
    from roadworthy.gate import Gate, refused

    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "not_inspected")
    said = str(error) if isinstance(error, RoadworthyError) else named(error)
    return refused(code, said, model=model, gate=Gate())


def _record_refusal(decision: Decision, attempt: Attempt, model: str, origin: Origin) -> None:
    """Keep with a version that it was refused; else an older inspection of it would still let it be promoted."""
    from roadworthy import tracking
    from roadworthy.models import mlflow_model

    version = attempt.version
    with suppress(RoadworthyError):
        version = version or mlflow_model.find_registered(model)
    if version is not None:
        known = version
        record(lambda: tracking.track_refusal(decision, known, origin=origin), wanted=False)


def decide(result: Inspection, asked: AskedGate, comparison: Comparison | None, champion: Champion | None) -> Decision:
    """Hold the inspection against the gate."""
    from roadworthy import gate

    return gate.decide(result, asked.gate, comparison, champion=None if champion is None else champion.spec)


def keep(
    decision: Decision,
    out: Path,
    *,
    source: str | None = None,
    result: Inspection | None = None,
    comparison: Comparison | None = None,
) -> None:
    """Write what CI shows: decision.json, junit.xml, summary.md, and the step summary where GitHub asks for one."""
    from roadworthy.output import write_text
    from roadworthy.report import to_junit
    from roadworthy.report.decision import write_decision

    junit = None if result is None else to_junit(result)
    files = write_decision(decision, out, inspection_junit=junit, source=source)
    if comparison is not None:
        write_text(out / "comparison.json", comparison.to_json() + "\n")
    summary = os.environ.get(SUMMARY_VARIABLE)
    if summary:
        _append(Path(summary), files["summary"].read_text(encoding="utf-8"))


def _append(summary: Path, text: str) -> None:
    """A step summary that cannot be written to is told, and changes nothing."""
    try:
        with summary.open("a", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        told = f"roadworthy: no step summary in {summary}: {error.strerror or error}"
        stderr().print(told, soft_wrap=True, markup=False)


def remove_decision(out: Path, *others: str) -> None:
    """Remove what an earlier run with a gate left in a folder: it is not about this inspection."""
    for name in ("decision.json", "summary.md", "comparison.json", *others):
        try:
            (out / name).unlink(missing_ok=True)
        except OSError as error:
            said = f"cannot be removed ({error.strerror})"
            raise OutputError(said, where=out / name, mend="name another place with --out") from None


def note_verdict(result: Inspection, spec: str, clean: Path) -> None:
    """Keep the verdict in the folder of the artifact that was inspected, so that it is known where it is served."""
    from roadworthy.errors import OutputError
    from roadworthy.models.load import find_artifact
    from roadworthy.models.record import note_inspection

    place = find_artifact(Path(spec))
    if place is None:
        return
    try:
        note_inspection(place, verdict=result.verdict, messages=clean.name, n=result.groups[0].n)
    except OutputError as error:
        stderr().print(f"roadworthy: the verdict is not kept with the model: {error}", soft_wrap=True, markup=False)
