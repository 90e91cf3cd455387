"""Every family has a nested run of its own, whose metrics line up with those of the others."""

from pathlib import Path
from typing import Any

import pytest

from roadworthy import tracking
from roadworthy.errors import TrackingError
from roadworthy.tracking import run
from roadworthy.tracking.figures import family_metrics

from .samples import client, make_group, make_inspection


def families_of(parent: str) -> list[Any]:
    store = client()
    asked = f"tags.`mlflow.parentRunId` = '{parent}'"
    return store.search_runs([store.get_run(parent).info.experiment_id], asked)


def two_families() -> Any:
    inspection = make_inspection()
    fail = make_group("perturbed", "texting", 0.3, severity=3).model_copy(update={"verdict": "fail"})
    unjudged = make_group("perturbed", "texting", 0.6, severity=1).model_copy(update={"verdict": None})
    return inspection.model_copy(update={"groups": (*inspection.groups, unjudged, fail)})


def test_a_family_is_a_finished_run_below_its_inspection(report: Path) -> None:
    parent = tracking.track_inspection(two_families(), report)
    found = {child.info.run_name: child for child in families_of(parent.run_id)}
    assert set(found) == {"typos", "texting"}
    assert {child.info.status for child in found.values()} == {"FINISHED"}
    tags = found["texting"].data.tags
    assert tags["roadworthy.kind"] == "family"
    assert (tags["roadworthy.family"], tags["roadworthy.verdict"]) == ("texting", "fail")
    assert found["typos"].data.tags["roadworthy.verdict"] == "pass"
    assert found["typos"].data.params["judged_severity"] == "3"


def test_the_metrics_of_families_line_up_and_their_steps_are_the_severities(report: Path) -> None:
    parent = tracking.track_inspection(two_families(), report)
    first, second = families_of(parent.run_id)
    assert set(first.data.metrics) == set(second.data.metrics) >= {"accuracy", "accuracy_low", "silent_failure_rate"}
    typos = next(child for child in (first, second) if child.info.run_name == "typos")
    history = client().get_metric_history(typos.info.run_id, "accuracy")
    assert [(metric.step, metric.value) for metric in history] == [(1, 0.8), (3, 0.5)]


def test_a_family_that_no_bound_applies_to_has_no_verdict(report: Path) -> None:
    groups = tuple(group.model_copy(update={"verdict": None}) for group in make_inspection().groups)
    parent = tracking.track_inspection(make_inspection(groups=groups), report)
    assert "roadworthy.verdict" not in families_of(parent.run_id)[0].data.tags


def test_the_figures_of_a_family_are_those_of_the_inspection() -> None:
    inspection = two_families()
    whole = {(name, step): value for name, step, value in tracking.inspection_metrics(inspection)}
    for family in ("typos", "texting"):
        for name, step, value in family_metrics(inspection, family):
            assert whole[f"{family}/{name.removeprefix('judged/')}", step] == value
            assert step == 3 or not name.startswith("judged/")


def test_tables_show_the_highest_severity_and_the_judged_one_beside_it(report: Path) -> None:
    highest = make_group("perturbed", "typos", 0.1, severity=5)
    parent = tracking.track_inspection(make_inspection(groups=(*make_inspection().groups, highest)), report)
    (typos,) = families_of(parent.run_id)
    assert (typos.data.metrics["accuracy"], typos.data.metrics["judged/accuracy"]) == (0.1, 0.5)
    assert "severity 3, whose figures stand under judged/" in typos.data.tags["mlflow.note.content"]


def test_families_are_listed_in_the_order_of_the_suite(report: Path) -> None:
    parent = tracking.track_inspection(two_families(), report)
    assert [child.info.run_name for child in families_of(parent.run_id)] == ["typos", "texting"]


def test_a_family_that_the_store_refuses_is_failed_with_its_inspection(
    report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_values = run.OpenRun.log_values

    def refuse(self: run.OpenRun, metrics: Any, params: Any, **rest: Any) -> None:
        if "family" in params:
            raise OSError("the store is full")
        log_values(self, metrics, params, **rest)

    monkeypatch.setattr(run.OpenRun, "log_values", refuse)
    with pytest.raises(TrackingError, match=r"the store is full.*roadworthy track"):
        tracking.track_inspection(make_inspection(), report)
    store = client()
    experiment = store.get_experiment_by_name("roadworthy").experiment_id
    assert [found.info.status for found in store.search_runs([experiment])] == ["FAILED", "FAILED"]


def test_there_are_no_nested_runs_where_nothing_was_perturbed(report: Path) -> None:
    plain = tuple(group for group in make_inspection().groups if group.kind != "perturbed")
    assert not families_of(tracking.track_inspection(make_inspection(groups=plain), report).run_id)
