"""Names and tags line up from run to run, and a release finds in them how a gate decided."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from roadworthy import tracking
from roadworthy.comparison import Comparison
from roadworthy.gate import Decision, Gate, Refusal, Result, refused
from roadworthy.inspection import DataCard, Settings
from roadworthy.models.mlflow_model import Registered
from roadworthy.tracking.figures import gate_metrics, gate_reason, inspection_tags, judged_metrics, release_tags

from .samples import CLEAN, client, figure, files, make_group, make_inspection


def result(outcome: Any, *, stops: bool, sentence: str = "accuracy 0.500, at least 0.800") -> Result:
    return Result(
        bound="min_accuracy",
        group="clean",
        on="clean messages",
        metric="accuracy",
        figure=figure(0.5),
        limit=0.8,
        at_most=False,
        outcome=outcome,
        short_by=0.3 if outcome == "fail" else None,
        stops=stops,
        sentence=sentence,
    )


def decision(outcome: Any, *results: Result, refusals: tuple[Refusal, ...] = ()) -> Decision:
    inspection = make_inspection()
    return Decision(
        roadworthy_version="0.1.0",
        created=inspection.created,
        model="intent",
        messages=12,
        outcome=outcome,
        results=results,
        refusals=refusals,
        gate=Gate(),
    )


FAILED = decision(
    "fail",
    result("fail", stops=True),
    result("pass", stops=False),
    result("not enough data", stops=True, sentence="too few messages"),
    refusals=(Refusal(code="constant_model", message="every answer is 'order'; write to jo@example.org"),),
)
PASSED = decision("pass", result("pass", stops=False), result("fail", stops=False, sentence="only informs"))


def test_a_gate_that_failed_is_found_by_its_tags_with_the_reason(report: Path) -> None:
    run = tracking.track_inspection(make_inspection(), report, decision=FAILED)
    logged = client().get_run(run.run_id).data
    assert logged.tags["roadworthy.gate"] == "fail"
    assert logged.tags["roadworthy.gate_reason"].startswith("every answer is 'order'; write to [email]; accuracy 0.5")
    assert "Gate: **fail** (every answer" in logged.tags["mlflow.note.content"]
    assert logged.metrics["gate/passed"] == 0
    assert Decision.from_json(files(run.run_id)["decision.json"].read_bytes()) == FAILED


def test_a_gate_that_passed_has_no_reason(report: Path) -> None:
    run = tracking.track_inspection(make_inspection(), report, decision=PASSED)
    logged = client().get_run(run.run_id).data
    assert (logged.tags["roadworthy.gate"], logged.tags["roadworthy.gate_reason"]) == ("pass", "")
    assert "Gate: **pass**." in logged.tags["mlflow.note.content"]


def test_what_stops_is_counted() -> None:
    counted = {name: value for name, _, value in gate_metrics(FAILED)}
    assert counted == {"gate/passed": 0, "gate/failed": 1, "gate/not_enough_data": 1, "gate/refusals": 1}
    assert {name: value for name, _, value in gate_metrics(PASSED)} == {
        "gate/passed": 1,
        "gate/failed": 0,
        "gate/not_enough_data": 0,
        "gate/refusals": 0,
    }


def test_a_long_reason_is_cut_to_a_line() -> None:
    long = decision("fail", result("fail", stops=True, sentence="far too\nlow " * 200))
    reason = gate_reason(long)
    assert len(reason) == 500
    assert reason.endswith("…")
    assert "\n" not in reason


def test_a_note_says_at_a_glance_how_it_went() -> None:
    note = inspection_tags(make_inspection())["mlflow.note.content"]
    assert "Verdict: **fail**" in note
    assert "Accuracy on clean messages: 0.900 (0.450 to 0.950, n=12)." in note
    assert "Accuracy on real messages: 0.400" in note


def test_a_training_says_at_a_glance_what_came_of_it(project: Path) -> None:
    run = tracking.track_training(
        recipe="notebook", estimator="no model", data=CLEAN, params={}, metrics={"training_accuracy": figure(0.9)}
    )
    note = client().get_run(run.run_id).data.tags["mlflow.note.content"]
    assert note.splitlines() == [
        "Recipe: **notebook**, on 12 messages of 3 classes (clean.csv).",
        "",
        "- training accuracy: 0.900 (0.450 to 0.950, n=12)",
    ]


def test_the_first_figure_of_a_group_is_its_accuracy() -> None:
    names = [name for name, _, _ in tracking.inspection_metrics(make_inspection()) if name.startswith("typos/")]
    assert (names[0], names[-1]) == ("typos/accuracy", "typos/changed_high")


def test_without_a_gate_nothing_is_said_of_one() -> None:
    assert not [name for name in inspection_tags(make_inspection()) if "gate" in name]


@pytest.mark.parametrize(("champion", "told"), [(Registered("intent", "3", None), "3"), (None, "")])
def test_a_release_finds_the_version_and_what_it_was_compared_with(
    champion: Registered | None, told: str, report: Path
) -> None:
    tags = release_tags(Registered("intent", "4", "a1"), champion)
    assert tags == {
        "roadworthy.registered_model": "intent",
        "roadworthy.model_version": "4",
        "roadworthy.champion_version": told,
    }
    assert release_tags(None, champion) == {}


def compared(verdict: Any) -> Comparison:
    card = DataCard(name="clean.csv", n=12, sha256=CLEAN.sha256, labelled=True, classes=3)
    return Comparison(
        roadworthy_version="0.1.0",
        created=make_inspection().created,
        a="intent 3",
        b="intent 4",
        clean=card,
        settings=Settings(suite="quick", families=("typos",), severities=(3,), judged_severity=3, seed=0),
        verdict=verdict,
        groups=(),
        broken_messages=0,
        mended_messages=0,
    )


def test_a_comparison_is_kept_and_its_verdict_is_a_tag(report: Path) -> None:
    run = tracking.track_inspection(make_inspection(), report, comparison=compared("worse"))
    assert client().get_run(run.run_id).data.tags["roadworthy.comparison"] == "worse"
    assert Comparison.from_json(files(run.run_id)["comparison.json"].read_bytes()) == compared("worse")


def test_the_registry_takes_the_run_for_evidence(report: Path) -> None:
    from roadworthy.registry.evidence import newest_inspection, objection

    store = client()
    store.create_registered_model("intent")
    version = store.create_model_version("intent", str(report))
    asked = Registered("intent", str(version.version), None)
    champion = Registered("intent", "7", None)
    decided = {"registered": asked, "champion": champion, "comparison": compared("no difference shown")}
    refused = tracking.track_inspection(make_inspection(), report, decision=FAILED, **decided)
    found = newest_inspection(store, "intent", asked.version)
    assert found is not None
    assert (found.run, found.gate, found.champion, found.comparison) == (
        refused.run_id,
        "fail",
        "7",
        "no difference shown",
    )
    assert str(objection(found, "7")).startswith("the gate failed: every answer is 'order'")
    tracking.track_inspection(make_inspection(), report, decision=PASSED, **decided)
    assert objection(newest_inspection(store, "intent", asked.version), "7") is None


def test_a_decision_that_was_saved_is_uploaded_with_its_inspection(report: Path) -> None:
    (report / "decision.json").write_text(FAILED.to_json(), encoding="utf-8")
    run = tracking.upload(report)
    assert client().get_run(run.run_id).data.tags["roadworthy.gate"] == "fail"
    assert json.loads(files(run.run_id)["decision.json"].read_text("utf-8"))["outcome"] == "fail"


def test_the_judged_figures_name_their_severity() -> None:
    other = make_group("perturbed", "texting", 0.3, severity=3)
    inspection = make_inspection(groups=(*make_inspection().groups, other))
    judged = judged_metrics(inspection)
    assert (judged["typos/3/accuracy"], judged["texting/3/accuracy"], judged["clean/accuracy"]) == (0.5, 0.3, 0.9)
    assert not [name for name in judged if name.startswith(("typos/accuracy", "typos/1/"))]
    assert judged["real/slang/accuracy"] == 0.4


def test_a_training_and_an_inspection_group_their_figures_alike() -> None:
    named = tracking.log._grouped({"held_out_accuracy": figure(0.9), "training_accuracy": figure(1.0), "x": figure(0)})
    assert set(named) == {"held_out/accuracy", "training/accuracy", "x"}


def test_a_figure_that_is_about_the_training_messages_counts_for_the_model() -> None:
    from roadworthy.tracking.run import OpenRun

    run = OpenRun(SimpleNamespace(), tracking.TrackedRun("a", "1", "sqlite:///x.db"))  # type: ignore[arg-type]
    run._inputs["training"] = ("a.csv", "0")
    assert run._linked("training/accuracy", "m-1")["model_id"] == "m-1"
    assert run._linked("held_out/accuracy", "m-1") == run._linked("training/accuracy", None) == {}


def test_the_bounds_of_the_gate_are_kept_with_the_run(report: Path) -> None:
    lax = FAILED.model_copy(update={"gate": Gate(min_accuracy=0.01, max_drop_of={"a:b": 0.2}, max_oov_rate=None)})
    logged = client().get_run(tracking.track_inspection(make_inspection(), report, decision=lax).run_id).data
    assert logged.params["gate.min_accuracy"] == "0.01"
    assert logged.params["gate.max_drop_of.a:b"] == "0.20"
    assert logged.params["gate.max_oov_rate"] == "not asked"
    assert logged.params["gate.may_lack_data"] == "min_worst_class"
    assert logged.tags["roadworthy.gate_bounds"] == (
        "min_accuracy 0.01 (default 0.80), max_drop_of.a:b 0.20 (default 0.10)"
    )
    assert logged.tags["roadworthy.gate_refusals"] == "constant_model"
    tags = inspection_tags(make_inspection(), PASSED)
    assert tags["roadworthy.gate_bounds"] == tags["roadworthy.gate_refusals"] == ""


def test_a_refusal_is_recorded_and_takes_the_place_of_what_passed_before(report: Path) -> None:
    from roadworthy.registry.evidence import newest_inspection, objection, remedy

    store = client()
    store.create_registered_model("intent")
    version = Registered("intent", str(store.create_model_version("intent", str(report)).version), None)
    tracking.track_inspection(make_inspection(), report, decision=PASSED, registered=version)
    assert objection(newest_inspection(store, "intent", version.version), None) is None
    said = "clean.csv: no rows for jo@example.org"
    run = tracking.track_refusal(refused("unusable_messages", said, model="intent", gate=Gate()), version)
    found = newest_inspection(store, "intent", version.version)
    assert found is not None
    assert (found.run, found.gate, found.bounds) == (run.run_id, "refused", "")
    told = "the gate refused it, for it could not be inspected: clean.csv: no rows for [email]"
    assert objection(found, None) == told
    assert remedy(found, version.spec).startswith("inspect it again: ")
    logged = store.get_run(run.run_id)
    assert (logged.info.status, logged.info.run_name) == ("FINISHED", "refused inspection models:/intent/1")
    assert logged.data.tags["roadworthy.gate_refusals"] == "unusable_messages"
    assert logged.data.metrics["gate/passed"] == 0
