"""Writing an inspection into an open run: its messages, model, figures and settings, and the files that go up."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from roadworthy.redaction import redact
from roadworthy.report.folder import FIGURES, NAMES
from roadworthy.tracking.figures import (
    gate_metrics,
    gate_params,
    inspection_metrics,
    inspection_params,
    inspection_tags,
)
from roadworthy.tracking.run import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from roadworthy.comparison import Comparison
    from roadworthy.data import Dataset
    from roadworthy.gate import Decision
    from roadworthy.inspection import Inspection
    from roadworthy.tracking.figures import Row
    from roadworthy.tracking.run import OpenRun

ENVIRONMENT = "environment.txt"
DECISION, COMPARISON = "decision.json", "comparison.json"
REPORT_FILES = tuple(NAMES.values())


def log_inspection(
    run: OpenRun,
    inspection: Inspection,
    log_model: Callable[[], str | None],
    *,
    decision: Decision | None = None,
) -> None:
    """Log messages, model, figures and settings of an inspection.

    Parameters
    ----------
    log_model
        Logs or links the inspected model, and gives its id; None where it cannot be.
    """
    for context, card in (("clean", inspection.clean), ("real", inspection.real)):
        if card is not None:
            run.log_input(context, card.name, card.n, card.sha256, labelled=card.labelled)
    model_id = log_model()
    params = _params(inspection, decision) | run.origin.params
    run.log_values(_metrics(inspection, decision), params, model_id=model_id)


def log_evaluation(run: OpenRun, inspection: Inspection, decision: Decision | None) -> None:
    """Log the same into a run that somebody else opened, and that has its messages and its model already.

    A parameter that the run has stays as it is, for a parameter cannot be changed; so does a note.
    """
    there = run.client.get_run(run.run_id).data
    for name, value in inspection_tags(inspection, decision).items():
        if not name.startswith("mlflow.") or name not in there.tags:
            run.client.set_tag(run.run_id, name, value)
    params = {name: value for name, value in _params(inspection, decision).items() if name not in there.params}
    run.log_values(_metrics(inspection, decision), params)


def _metrics(inspection: Inspection, decision: Decision | None) -> list[Row]:
    return inspection_metrics(inspection) + ([] if decision is None else gate_metrics(decision))


def _params(inspection: Inspection, decision: Decision | None) -> dict[str, object]:
    return inspection_params(inspection) | ({} if decision is None else gate_params(decision))


def stage(
    place: Path,
    directory: Path,
    messages: Mapping[str, Dataset | None],
    *,
    decision: Decision | None = None,
    comparison: Comparison | None = None,
) -> None:
    """Lay out what goes up as files.

    That is the environment, the report of a folder, the messages, redacted, and what a gate and a comparison found.
    """
    for file, document in ((DECISION, decision), (COMPARISON, comparison)):
        if document is not None:
            (place / file).write_text(document.to_json() + "\n", encoding="utf-8")
    (place / ENVIRONMENT).write_text(environment(), encoding="utf-8")
    for name in REPORT_FILES:
        if (directory / name).is_file():
            shutil.copy(directory / name, place)
    if (directory / FIGURES).is_dir():
        shutil.copytree(directory / FIGURES, place / FIGURES)
    for context, data in messages.items():
        if data is not None:
            (place / "messages").mkdir(exist_ok=True)
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _redacted_rows(data))
            (place / "messages" / f"{context}.jsonl").write_text(lines, encoding="utf-8")


def _redacted_rows(data: Dataset) -> Iterator[dict[str, str]]:
    columns = {"text": map(redact, data.texts), "label": data.labels, "kind": data.kinds}
    present = {name: column for name, column in columns.items() if column is not None}
    for row in zip(*present.values(), strict=True):
        yield dict(zip(present, row, strict=True))
