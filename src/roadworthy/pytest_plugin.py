"""A pytest plugin: a fixture that inspects a model and fails the test unless the gate lets it through.

    def test_the_model_may_be_released(roadworthy_inspect):
        roadworthy_inspect(model, texts, labels)

The marker `roadworthy` holds options for a test, a class or a module: `@pytest.mark.roadworthy(suite="quick", seed=1)`.
Without a gate of its own it is that of the project: [gate] in roadworthy.toml, else [tool.roadworthy.gate] in
pyproject.toml, the nearest in the folder of the test and those above it up to the repository's own.

A test that fails on `assert inspection.passes(gate)` shows the decision as a table as well.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from roadworthy.gate import Decision, Gate
    from roadworthy.inspection import Inspection

OPTION = "--roadworthy-report"
MARKER = "roadworthy"
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that keeps reports."""
    group = parser.getgroup("roadworthy", "inspecting text classifiers")
    group.addoption(
        OPTION, metavar="DIR", type=Path, help="keep the report of each inspection in a folder of its own in DIR"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(**options): options of roadworthy_inspect for this test, such as suite, gate or seed",
    )


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Show of a test whose assertion failed the decisions that let nothing through."""
    outcome = yield
    if call.excinfo is not None and call.excinfo.errisinstance(AssertionError):
        told = outcome.get_result().longrepr
        if hasattr(told, "addsection"):
            for decision in _refused(call.excinfo.tb):
                told.addsection("roadworthy", str(decision))


def _refused(traceback: TracebackType | None) -> list[Decision]:
    """The decisions among the variables of a traceback; those of an assertion as pytest rewrites it are there, too."""
    known = sys.modules.get("roadworthy.gate.decision")
    found: dict[int, Decision] = {}
    while traceback is not None and known is not None:
        for value in traceback.tb_frame.f_locals.values():
            if isinstance(value, known.Decision) and not value:
                found[id(value)] = value
        traceback = traceback.tb_next
    return list(found.values())


class Inspect:
    """Inspects models for one test, by the options of its markers.

    Parameters
    ----------
    name
        The test.
    folder
        Where the search for the project's gate begins.
    root
        The folder that its place is told from.
    options
        Options of `roadworthy.inspect`, and `gate`.
    reports
        The folder that reports are kept in; None keeps none.
    """

    def __init__(
        self, name: str, folder: Path, options: dict[str, Any], reports: Path | None, *, root: Path | None = None
    ) -> None:
        self._name = name
        self._folder = folder
        self._root = folder if root is None else root
        self._options = options
        self._reports = reports
        self._number = itertools.count(1)

    def __call__(
        self, model: Any, texts: Any, labels: Any = None, *, gate: Gate | str | Path | None = None, **options: Any
    ) -> Inspection:
        """Inspect a model, and fail the test with the decision as a table unless it passes.

        As by `roadworthy inspect --gate`, a version in MLflow's registry (models:/NAME...) is compared with its
        champion; a store that cannot say which that is fails the test.

        Parameters
        ----------
        model
            A model as `roadworthy.inspect` takes it, or a spec as `load_model` does.
        texts, labels
            Clean labelled messages that it was not trained on, or a file of them.
        gate
            A `Gate`, or a file of one.
        options
            Of `roadworthy.inspect`, `champion` (the spec of a model that it must not be worse than) and `allow_pickle`;
            they count more than those of the marker.
        """
        __tracebackhide__ = True
        from roadworthy.errors import RoadworthyError

        chosen = self._options | options
        marked = chosen.pop("gate", None)
        try:
            asked, source = self._gate(marked if gate is None else gate)
            decision, inspection = _decide(model, texts, labels, chosen, asked)
        except RoadworthyError as error:
            pytest.fail(f"roadworthy: {error}", pytrace=False)
        kept = self._keep(inspection, decision, source)
        if not decision:
            from roadworthy.report.decision import decision_text

            pytest.fail("\n".join([decision_text(decision, source=source), *kept]), pytrace=False)
        return inspection

    def _gate(self, given: Gate | str | Path | None) -> tuple[Gate, str | None]:
        """The gate, and where it stands; nowhere, where it was given."""
        from roadworthy.gate import Gate, gate_source, read_gate

        if isinstance(given, Gate):
            return given, None
        gate, source = read_gate(given, start=self._folder), gate_source(given, start=self._folder)
        return gate, os.path.relpath(source, self._root) if Path(source).is_file() else source

    def _keep(self, inspection: Inspection, decision: Decision, source: str | None) -> list[str]:
        """Write the report, and say where it is."""
        if self._reports is None:
            return []
        from roadworthy.report import to_junit, write_report
        from roadworthy.report.decision import write_decision

        number = next(self._number)
        place = self._reports / (self._name if number == 1 else f"{self._name}-{number}")
        files = write_report(inspection, place)
        write_decision(decision, place, inspection_junit=to_junit(inspection), source=source)
        return ["", f"Report: {files['html']}"]


def _decide(model: Any, texts: Any, labels: Any, options: dict[str, Any], gate: Gate) -> tuple[Decision, Inspection]:
    """Inspect what may be given by its spec, on messages that may be given by their file, against the champion."""
    from roadworthy.comparison.runs import is_trained_on
    from roadworthy.data import Dataset, read_labelled
    from roadworthy.gate import decide
    from roadworthy.gate.champion import find_champion, inspect_against
    from roadworthy.models import load_model, mlflow_model

    allow_pickle = bool(options.pop("allow_pickle", False))
    spec = str(model) if isinstance(model, (str, Path)) else None
    version = None if spec is None else mlflow_model.find_registered(spec)
    champion = find_champion(options.pop("champion", None), version)
    if spec is not None:
        spec = spec if version is None else version.spec
        model = load_model(spec, allow_pickle=allow_pickle)
    if isinstance(texts, (str, Path)):
        texts = read_labelled(texts)
    if labels is not None:
        texts, labels = Dataset.of(texts, labels), None
    if spec is not None and isinstance(texts, Dataset) and is_trained_on(spec, texts):
        options = {"train": texts} | options
    inspection, comparison = inspect_against(champion, model, texts, labels, allow_pickle=allow_pickle, **options)
    return decide(inspection, gate, comparison, champion=None if champion is None else champion.spec), inspection


@pytest.fixture
def roadworthy_inspect(request: pytest.FixtureRequest) -> Inspect:
    """Inspect a model, and fail the test unless the gate lets it through."""
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers(MARKER))):
        if marker.args:
            pytest.fail(f"the marker {MARKER} takes options by name: {MARKER}(suite='quick')", pytrace=False)
        options |= marker.kwargs
    name = _NOT_IN_NAMES.sub("-", request.node.nodeid).strip("-")
    reports, root = request.config.getoption(OPTION), request.config.rootpath
    return Inspect(name, request.path.parent, options, reports, root=root)
