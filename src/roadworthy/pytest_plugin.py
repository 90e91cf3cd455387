"""A pytest plugin: a fixture that inspects a model and fails the test unless the gate lets it through.

    def test_the_model_may_be_released(roadworthy_inspect):
        roadworthy_inspect(model, texts, labels)

The marker `roadworthy` holds options for a test, a class or a module: `@pytest.mark.roadworthy(suite="quick", seed=1)`.
Without a gate of its own it is that of the project: [gate] in roadworthy.toml, else [tool.roadworthy.gate] in
pyproject.toml, in pytest's root folder.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from roadworthy.comparison import Comparison
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


class Inspect:
    """Inspects models for one test, by the options of its markers.

    Parameters
    ----------
    name
        The test.
    root
        Where the project's gate is looked for.
    options
        Options of `roadworthy.inspect`, and `gate`.
    reports
        The folder that reports are kept in; None keeps none.
    """

    def __init__(self, name: str, root: Path, options: dict[str, Any], reports: Path | None) -> None:
        self._name = name
        self._root = root
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
            decision, inspection = self._decide(model, texts, labels, chosen, marked if gate is None else gate)
        except RoadworthyError as error:
            pytest.fail(f"roadworthy: {error}", pytrace=False)
        kept = self._keep(inspection, decision)
        if not decision:
            pytest.fail("\n".join([str(decision), *kept]), pytrace=False)
        return inspection

    def _decide(
        self, model: Any, texts: Any, labels: Any, options: dict[str, Any], gate: Gate | str | Path | None
    ) -> tuple[Decision, Inspection]:
        from roadworthy.gate import decide

        inspection, comparison, champion = _inspect(model, texts, labels, options)
        return decide(inspection, self._root if gate is None else gate, comparison, champion=champion), inspection

    def _keep(self, inspection: Inspection, decision: Decision) -> list[str]:
        """Write the report, and say where it is."""
        if self._reports is None:
            return []
        from roadworthy.report import to_junit, write_report
        from roadworthy.report.decision import write_decision

        number = next(self._number)
        place = self._reports / (self._name if number == 1 else f"{self._name}-{number}")
        files = write_report(inspection, place)
        write_decision(decision, place, inspection_junit=to_junit(inspection))
        return ["", f"Report: {files['html']}"]


def _inspect(
    model: Any, texts: Any, labels: Any, options: dict[str, Any]
) -> tuple[Inspection, Comparison | None, str | None]:
    """Inspect what may be given by its spec, on messages that may be given by their file, against the champion."""
    from roadworthy.comparison.runs import is_trained_on
    from roadworthy.data import Dataset, read_labelled
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
    return inspection, comparison, None if champion is None else champion.spec


@pytest.fixture
def roadworthy_inspect(request: pytest.FixtureRequest) -> Inspect:
    """Inspect a model, and fail the test unless the gate lets it through."""
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers(MARKER))):
        if marker.args:
            pytest.fail(f"the marker {MARKER} takes options by name: {MARKER}(suite='quick')", pytrace=False)
        options |= marker.kwargs
    name = _NOT_IN_NAMES.sub("-", request.node.nodeid).strip("-")
    return Inspect(name, request.config.rootpath, options, request.config.getoption(OPTION))
