"""`roadworthy inspect --gate`: what passes goes on, and everything else stops the pipeline with its reason."""

import json
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from roadworthy import inspection, tracking
from roadworthy.cli import gating
from roadworthy.comparison import Comparison
from roadworthy.data import read_dataset
from roadworthy.errors import OutputError, SettingsError, TrackingError
from roadworthy.gate import Decision
from roadworthy.inspection import Inspection
from roadworthy.models import mlflow_model
from roadworthy.models.mlflow_model import Registered

from .conftest import Run

PLAIN = ("--no-track", "--suite", "suite.toml", "--out", "report")
GATED = (*PLAIN, "--gate")
MODELS = """
def right(texts): return ["refund" if text.split()[0].lower().startswith("m") else "order" for text in texts]
def constant(texts): return ["order"] * len(texts)
def poor(texts): return ["order" if "1" in text else label for text, label in zip(texts, right(texts))]

class Resuming:
    classes = ("order", "refund")
    name = "endpoint"
    resumed = 40
    def remember(self, file):
        file.parent.mkdir(exist_ok=True)
        file.write_text("{}")
        self.file = file
    def predict_proba(self, texts):
        import numpy as np
        assert self.file.is_file()
        if any("broken" in text for text in texts):
            raise ValueError("away")
        return np.array([[0.1, 0.9] if label == "refund" else [0.9, 0.1] for label in right(texts)])
endpoint = Resuming()
"""


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """240 messages, three models, and one family of perturbations that costs nothing."""
    rows = [
        f"{'money' if i % 2 else 'about'} {i} is what I ask about today,{('order', 'refund')[i % 2]}"
        for i in range(240)
    ]
    (folder / "many.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    (folder / "few.csv").write_text("\n".join(["text,label", *rows[:12]]) + "\n")
    (folder / "gate_models.py").write_text(MODELS)
    (folder / "suite.toml").write_text('families = ["punctuation"]\nseverities = [3]')
    (folder / "roadworthy.toml").write_text("[gate]\nmax_drop = 0.2\n")
    monkeypatch.delitem(sys.modules, "gate_models", raising=False)
    monkeypatch.delenv(gating.SUMMARY_VARIABLE, raising=False)
    return folder


def test_a_good_model_goes_on(run: Run, project: Path) -> None:
    ended = run("inspect", "python:gate_models:right", "many.csv", *GATED)
    assert ended.code == 0, ended.out
    assert "Gate: roadworthy.toml" in ended.out
    assert "✓ PASSED  python:gate_models:right on 240 messages" in ended.out
    decision = Decision.load(project / "report")
    assert decision.passed
    assert decision.gate.max_drop == 0.2
    assert "## ✓ PASSED" in (project / "report" / "summary.md").read_text()


def test_a_bad_model_stops_with_the_bound_and_by_how_much(run: Run, project: Path) -> None:
    ended = run("inspect", "python:gate_models:poor", "many.csv", *GATED)
    assert ended.code == 1
    assert ended.out.index("Inspection of") < ended.out.index("REJECTED")
    assert "✗ min_worst_class" not in ended.out
    assert "at least 80 % is asked for" in ended.out.replace("\u00a0", " ").replace("\n", " ")
    root = ET.parse(project / "report" / "junit.xml").getroot()
    assert root[0].get("name") == "gate"
    assert int(root.get("failures", "0")) == len(Decision.load(project / "report").stopped_by)


def test_not_enough_data_stops_too(run: Run, project: Path) -> None:
    ended = run("inspect", "python:gate_models:right", "few.csv", *GATED)
    assert ended.code == 1
    assert "NOT ENOUGH DATA" in ended.out


def test_a_gate_of_its_own_needs_no_flag(run: Run, project: Path) -> None:
    (project / "loose.toml").write_text("min_accuracy = 0.1\nmax_silent_failure_rate = 1\nmin_worst_class = false\n")
    ended = run("inspect", "python:gate_models:poor", "many.csv", *PLAIN, "--gate-file", "loose.toml")
    assert ended.code == 0, ended.out
    assert "Gate: loose.toml" in ended.out
    failures = ET.parse(project / "report" / "junit.xml").getroot().get("failures")
    assert failures == "0"


def test_without_a_gate_nothing_is_decided_and_an_old_decision_goes(run: Run, project: Path) -> None:
    run("inspect", "python:gate_models:right", "many.csv", *GATED)
    ended = run("inspect", "python:gate_models:right", "many.csv", *PLAIN)
    assert ended.code == 0
    assert "Gate" not in ended.out
    assert not (project / "report" / "decision.json").exists()
    assert not (project / "report" / "summary.md").exists()


def test_as_json_both_documents_are_one(run: Run, project: Path) -> None:
    ended = run("inspect", "python:gate_models:constant", "many.csv", *GATED, "--json")
    both = json.loads(ended.out)
    assert ended.code == 1
    assert Decision.from_json(json.dumps(both["decision"])) == Decision.load(project / "report")
    assert Inspection.from_json(json.dumps(both["inspection"])) == Inspection.load(project / "report")
    assert "REJECTED" in ended.err


@pytest.mark.parametrize(
    ("model", "messages", "code", "said"),
    [
        ("python:gate_models:right", "empty.csv", "unusable_messages", "empty.csv: no rows"),
        ("python:gate_models:none", "many.csv", "unusable_model", "python:gate_models:none: does not import"),
    ],
)
def test_what_cannot_be_inspected_leaves_a_rejection_behind(
    run: Run, project: Path, model: str, messages: str, code: str, said: str
) -> None:
    (project / "empty.csv").write_text("text,label\n")
    run("inspect", "python:gate_models:right", "many.csv", *GATED)
    ended = run("inspect", model, messages, *GATED)
    assert ended.code == 2
    assert said in ended.err
    decision = Decision.load(project / "report")
    assert [refusal.code for refusal in decision.refusals] == [code]
    assert said in decision.reason
    root = ET.parse(project / "report" / "junit.xml").getroot()
    assert root.get("failures") == "1"
    assert said in (project / "report" / "summary.md").read_text().replace("&#58;", ":").replace("&#95;", "_")


def test_without_a_gate_what_cannot_be_inspected_leaves_nothing_behind(run: Run, project: Path) -> None:
    assert run("inspect", "python:gate_models:none", "many.csv", *PLAIN).code == 2
    assert not (project / "report").exists()


def test_a_bug_of_ours_is_no_pass(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        assert not (project / "report" / "junit.xml").exists()
        raise ZeroDivisionError("oops")

    run("inspect", "python:gate_models:right", "many.csv", *GATED)
    monkeypatch.setattr(inspection, "inspect", crash)
    ended = run("inspect", "python:gate_models:right", "many.csv", *GATED)
    assert ended.code == 2
    decision = Decision.load(project / "report")
    assert [(refusal.code, refusal.message) for refusal in decision.refusals] == [
        ("not_inspected", "ZeroDivisionError: oops")
    ]


def test_a_place_that_cannot_be_written_to_is_said(run: Run, project: Path) -> None:
    (project / "report").write_text("a file")
    ended = run("inspect", "python:gate_models:right", "many.csv", *GATED)
    assert ended.code == 2
    assert "name another place with --out" in ended.err


def test_a_broken_gate_stops_before_the_work(run: Run, project: Path) -> None:
    (project / "roadworthy.toml").write_text("[gate]\nmin_acuracy = 0.8\n")
    ended = run("inspect", "python:gate_models:right", "many.csv", *GATED)
    assert ended.code == 2
    assert "a gate has no 'min_acuracy'; did you mean 'min_accuracy'?" in ended.err
    assert [refusal.code for refusal in Decision.load(project / "report").refusals] == ["unusable_gate"]


def test_the_step_summary_is_appended_to(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = project / "step.md"
    summary.write_text("before\n")
    monkeypatch.setenv(gating.SUMMARY_VARIABLE, str(summary))
    run("inspect", "python:gate_models:constant", "many.csv", *GATED)
    assert summary.read_text().startswith("before\n## ✗ REJECTED")
    monkeypatch.setenv(gating.SUMMARY_VARIABLE, str(project))
    ended = run("inspect", "python:gate_models:right", "many.csv", *GATED)
    assert ended.code == 0
    assert "no step summary in" in ended.err


def test_a_folder_that_keeps_an_old_decision_is_refused(tmp_path: Path) -> None:
    (tmp_path / "decision.json").mkdir()
    with pytest.raises(OutputError, match=r"decision.json: cannot be removed \(.*\); name another place with --out"):
        gating.remove_decision(tmp_path)


def test_the_model_is_compared_with_the_named_champion(run: Run, project: Path) -> None:
    ended = run(
        *("inspect", "python:gate_models:poor", "many.csv", *GATED, "--champion", "python:gate_models:right"),
        *("--sample", "200"),
    )
    assert ended.code == 1
    assert "Comparing with the champion, python:gate_models:right." in ended.err
    decision = Decision.load(project / "report")
    assert decision.champion == "python:gate_models:right"
    assert not decision.refusals
    [against] = [r for r in decision.results if r.bound == "max_regression" and r.group == "clean"]
    assert against.outcome == "fail"
    assert len(against.examples) == 3
    assert against.examples[0].text in ended.out
    assert Comparison.load(project / "report").b == "python:gate_models:poor"


def test_the_comparison_with_the_champion_is_sliced_too(run: Run, project: Path) -> None:
    frame = pd.read_csv(project / "many.csv")
    frame.assign(channel=["mail", "chat"] * 120).to_csv(project / "many.csv", index=False)
    asked = ("inspect", "python:gate_models:poor", "many.csv", *GATED, "--champion", "python:gate_models:right")
    run(*asked, "--slice", "channel")
    compared = Comparison.load(project / "report")
    assert {part.value for part in compared.slices if part.by == "channel"} == {"mail", "chat"}


@pytest.mark.parametrize(
    ("champion", "said"),
    [
        ("python:gate_models:none", "python:gate_models:none: does not import"),
        ("python:gate_models:raises", "python:gate_models:raises: raised ValueError: away on a batch of 1 message;"),
        ("python:gate_models:several", "2 answers to 1 message;"),
        ("predictions:part.csv", "predictions:part.csv: no prediction for "),
        ("nowhere", "nowhere: "),
    ],
)
def test_a_bad_champion_is_found_before_the_work(run: Run, project: Path, champion: str, said: str) -> None:
    (project / "gate_models.py").write_text(
        MODELS + "def raises(texts): raise ValueError('away')\n"
        "def several(texts): return ['order', 'refund'] * len(texts)\n"
        "def asked(texts): open('asked', 'w').close(); return right(texts)\n"
    )
    (project / "part.csv").write_text((project / "few.csv").read_text())
    ended = run("inspect", "python:gate_models:asked", "many.csv", *GATED, "--champion", champion)
    assert ended.code == 2
    assert said in ended.err
    assert not (project / "asked").exists()
    assert said[:20] in Decision.load(project / "report").reason


def test_answers_of_a_champion_that_lack_the_profile_s_messages_are_found_before_the_work(
    run: Run, project: Path
) -> None:
    (project / "gate_models.py").write_text(
        MODELS + "def asked(texts): open('asked', 'w').close(); return right(texts)\n"
    )
    assert run("inspect", "x", "many.csv", *PLAIN, "--write-messages", "part.csv").code == 0
    frame = pd.read_csv(project / "part.csv")
    frame.assign(label="order").to_csv(project / "part.csv", index=False)
    asked = ("inspect", "python:gate_models:asked", "many.csv", *GATED, "--champion", "predictions:part.csv")
    ended = run(*asked, "--profile", "texting")
    assert (ended.code, (project / "asked").exists()) == (2, False)
    assert "predictions:part.csv: no prediction for " in ended.err


def test_a_champion_that_fails_on_some_messages_is_compared_with(run: Run, project: Path) -> None:
    (project / "gate_models.py").write_text(
        MODELS + "def picky(texts):\n    if any(' 0 ' in text for text in texts): raise ValueError('zero')\n"
        "    return right(texts)\n"
    )
    ended = run("inspect", "python:gate_models:right", "many.csv", *GATED, "--champion", "python:gate_models:picky")
    assert ended.code == 0, ended.out


def test_a_champion_goes_with_a_gate(run: Run, project: Path) -> None:
    ended = run("inspect", "python:gate_models:right", "many.csv", *PLAIN, "--champion", "x")
    assert (ended.code, ended.err) == (2, "roadworthy: --champion goes with the gate; add --gate, or leave it out\n")


def test_a_registered_model_is_compared_with_its_champion_and_tracked_by_version(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from roadworthy.models import load as loading

    versions = {"models:/intent@challenger": Registered("intent", "2", "run2")}
    specs = {"models:/intent/2": "python:gate_models:right", "models:/intent/1": "python:gate_models:poor"}
    seen: dict[str, Any] = {}
    real_load = loading.load_model

    def track(result: Inspection, out: Path, **options: Any) -> str:
        seen.update(options)
        return "run"

    monkeypatch.setattr(mlflow_model, "find_registered", versions.get)
    monkeypatch.setattr(mlflow_model, "champion_of", {"intent": Registered("intent", "1", "run of 1")}.get)
    monkeypatch.setattr("roadworthy.models.load_model", lambda spec, **o: real_load(specs.get(spec, spec), **o))
    monkeypatch.setattr(tracking, "is_available", lambda: True)
    monkeypatch.setattr(tracking, "track_inspection", track)
    ended = run("inspect", "models:/intent@challenger", "many.csv", "--suite", "suite.toml", "--gate", "--track")
    assert ended.code == 0, ended.out
    assert seen["registered"] == Registered("intent", "2", "run2")
    assert seen["champion"] == Registered("intent", "1", "run of 1")
    assert seen["decision"].passed
    assert seen["decision"].champion == "models:/intent/1"
    assert seen["comparison"].verdict == "better"
    assert seen["origin"].command.startswith("roadworthy inspect models:/intent@challenger many.csv --suite")
    assert seen["origin"].options["suite"] == "suite.toml"
    assert seen["origin"].files == {"clean": Path("many.csv")}


@dataclass
class Registry:
    """What was recorded of models:/intent@challenger, version 2, which a spec stands for."""

    spec: str = "python:gate_models:right"
    inspections: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[tuple[Decision, Registered]] = field(default_factory=list)


@pytest.fixture
def registry(project: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    from roadworthy.models import load as loading

    kept, real_load = Registry(), loading.load_model
    versions = {"models:/intent@challenger": Registered("intent", "2", "run2")}

    def load(spec: str, **options: Any) -> Any:
        return real_load(kept.spec if spec == "models:/intent/2" else spec, **options)

    monkeypatch.setattr(mlflow_model, "find_registered", versions.get)
    monkeypatch.setattr(mlflow_model, "champion_of", {}.get)
    monkeypatch.setattr("roadworthy.models.load_model", load)
    monkeypatch.setattr("roadworthy.comparison.runs.training_sha256", lambda _: None)
    monkeypatch.setattr(tracking, "is_available", lambda: True)
    monkeypatch.setattr(tracking, "track_inspection", lambda *_, **options: kept.inspections.append(options) or "run")
    monkeypatch.setattr(
        tracking, "track_refusal", lambda decision, version, **_: kept.refusals.append((decision, version)) or "run"
    )
    return kept


CHALLENGER = ("inspect", "models:/intent@challenger")


def test_a_gated_inspection_of_a_version_is_recorded_whatever_is_said(run: Run, registry: Registry) -> None:
    registry.spec = "python:gate_models:constant"
    ended = run(*CHALLENGER, "many.csv", *GATED)
    assert ended.code == 1
    assert "recorded all the same, as promote goes by every gated inspection of models:/intent/2" in ended.err
    [recorded] = registry.inspections
    assert (recorded["decision"].outcome, recorded["registered"].version) == ("fail", "2")
    assert not registry.refusals
    assert run(*CHALLENGER, "many.csv", *PLAIN).code == 1
    assert len(registry.inspections) == 1


@pytest.mark.parametrize("messages", ["empty.csv", "strange.csv", "none.csv"])
def test_a_refused_inspection_of_a_version_is_recorded_with_its_reason(
    run: Run, project: Path, registry: Registry, messages: str
) -> None:
    (project / "empty.csv").write_text("text,label\n")
    (project / "strange.csv").write_text("text,label\nwhere is it,unheard\n")
    registry.spec = "python:gate_models:endpoint"
    ended = run(*CHALLENGER, messages, *GATED)
    assert ended.code == 2
    [(decision, version)] = registry.refusals
    assert version == Registered("intent", "2", "run2")
    assert [refusal.code for refusal in decision.refusals] == ["unusable_messages"]
    assert decision.reason in ended.err
    assert not registry.inspections


def test_without_a_gate_or_a_version_no_refusal_is_recorded(run: Run, registry: Registry) -> None:
    assert run(*CHALLENGER, "none.csv", *PLAIN).code == 2
    assert run("inspect", "python:gate_models:right", "none.csv", *GATED).code == 2
    assert not registry.refusals


def test_a_store_that_refused_is_not_asked_again(run: Run, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(spec: str) -> None:
        raise TrackingError("is away", where=spec)

    monkeypatch.setattr(mlflow_model, "find_registered", away)
    assert run(*CHALLENGER, "many.csv", *GATED).code == 2
    assert run(*CHALLENGER, "none.csv", *GATED).code == 2
    assert not registry.refusals


def test_a_model_is_not_judged_on_what_it_was_trained_on(
    run: Run, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"models:/intent/2": read_dataset("many.csv").sha256}
    monkeypatch.setattr("roadworthy.comparison.runs.training_sha256", known.get)
    ended = run(*CHALLENGER, "many.csv", *GATED, "--sample", "200")
    assert ended.code == 1
    assert "many.csv: the very messages that models:/intent/2 was trained on, as its record says" in ended.err
    decision = registry.inspections[0]["decision"]
    assert [refusal.code for refusal in decision.refusals] == ["clean_in_training"]
    assert decision.reason.startswith("200 of the 200 clean messages are training messages as well")
    assert "are training messages as well" in ended.out[ended.out.index("REJECTED") :].replace("\n", " ")
    assert run(*CHALLENGER, "many.csv", *GATED, "--train", "few.csv").code == 1
    assert "12 of the 240" in registry.inspections[1]["decision"].reason
    assert run(*CHALLENGER, "few.csv", *PLAIN).err.count("the very messages") == 0


def test_an_artifact_remembers_what_it_was_made_from(run: Run, project: Path) -> None:
    assert run("wrap", "python:gate_models:right", "many.csv", "--out", "model", "--no-track").code == 0
    assert run("inspect", "model", "many.csv", *GATED).code == 1
    assert [refusal.code for refusal in Decision.load(project / "report").refusals] == ["clean_in_training"]


def test_no_gate_and_no_champion_is_no_gate() -> None:
    assert gating.find_gate(False, None, None) is None
    with pytest.raises(SettingsError):
        gating.find_gate(False, None, "model")


def test_an_endpoint_goes_on_where_it_was_cut_off(run: Run, project: Path) -> None:
    ended = run("inspect", "python:gate_models:endpoint", "many.csv", *PLAIN)
    assert "40 answers were there from a run that was cut off." in ended.err
    assert not (project / "report" / "answers.jsonl").exists()


def test_slices_reach_the_reader_and_the_inspection(run: Run, project: Path) -> None:
    frame = pd.read_csv(project / "many.csv")
    frame.assign(channel=["mail", "chat"] * 120).to_csv(project / "many.csv", index=False)
    ended = run("inspect", "python:gate_models:poor", "many.csv", *PLAIN, "--slice", "channel")
    assert ended.code in (0, 1)
    assert {part.value for part in Inspection.load(project / "report").slices if part.by == "channel"} == {
        "mail",
        "chat",
    }


def test_messages_are_written_for_a_model_that_is_elsewhere(run: Run, project: Path) -> None:
    asked = ("many.csv", *PLAIN, "--sample", "50", "--seed", "3")
    ended = run("inspect", "predictions:answers.csv", *asked, "--write-messages", "ask.csv")
    assert ended.code == 0
    assert "saved ask.csv: " in ended.out
    frame = pd.read_csv(project / "ask.csv")
    assert list(frame.columns) == ["text"]
    frame.assign(label=[("order", "refund")["m" in text.split()[0].lower()] for text in frame["text"]]).to_csv(
        project / "answers.csv", index=False
    )
    assert run("inspect", "predictions:answers.csv", *asked).code == 0
    as_json = run("inspect", "x", *asked, "--real", "few.csv", "--write-messages", "ask.jsonl", "--json")
    assert json.loads(as_json.out) == {
        "file": "ask.jsonl",
        "messages": len((project / "ask.jsonl").read_text().splitlines()),
    }
    assert run("inspect", "x", *asked, "--write-messages", "ask.doc").code == 2
    assert "give --write-messages another name" in run("inspect", "x", *asked, "--write-messages", asked[0]).err


def test_an_endpoint_that_is_away_keeps_its_answers(run: Run, project: Path) -> None:
    (project / "broken.csv").write_text("text,label\nmoney is broken,refund\nabout broken things,order\n")
    assert run("inspect", "python:gate_models:endpoint", "broken.csv", *PLAIN).code == 2
    assert (project / "report" / "answers.jsonl").exists()
    (project / "gate_models.py").write_text(MODELS.replace("resumed = 40", "resumed = 0"))
    assert "were there from" not in run("inspect", "python:gate_models:endpoint", "many.csv", *PLAIN).err


def test_the_verdict_is_kept_with_an_artifact_where_it_can_be(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from roadworthy.models import record

    def refuse(*_: object, **__: object) -> None:
        raise OutputError("cannot be written", where="model")

    wrapped = run("wrap", "python:gate_models:right", "many.csv", "--out", "model", "--no-track")
    assert wrapped.code == 0, wrapped.err
    run("inspect", "model", "many.csv", *PLAIN)
    kept = record.read_record(project / "model")
    assert kept.inspection is not None
    assert kept.inspection.n == 240
    monkeypatch.setattr(record, "note_inspection", refuse)
    ended = run("inspect", "model", "many.csv", *PLAIN)
    assert "the verdict is not kept with the model: model: cannot be written" in ended.err
