import subprocess
import sys
from pathlib import Path

import pytest

from roadworthy.errors import ModelError, TrackingError
from roadworthy.reproduce import reproduce, run
from roadworthy.reproduce.run import Reproduction, options_of


def patched(monkeypatch, facts, **update):
    monkeypatch.setattr(run, "read_run", lambda run_id: facts.model_copy(update=update))


def test_a_run_is_done_again_and_proved_equal(project, facts, tmp_path):
    said = []
    found = reproduce(facts.run_id, tmp_path / "again", tell=said.append)
    assert (found.outcome, found.labels_differ, found.verdicts_differ, found.rebuilt) == ("equal", 0, 0, False)
    assert found.largest_difference <= 1e-6
    assert found.asked > 1000
    assert (tmp_path / "again" / "model" / "model.pkl").is_file()
    assert said[0].startswith(f"{project / 'train.csv'}: the 20 messages of the run, sha256 ")
    assert said[2] == "training again: roadworthy train train.csv --recipe notebook --text=text"
    assert Reproduction.model_validate_json(found.to_json()) == found


def test_other_messages_are_told_and_nothing_is_trained(project, facts, tmp_path):
    text = (project / "train.csv").read_text()
    (tmp_path / "other.csv").write_text(text.replace("parcel 3,order", "parcel 3,refund"))
    found = reproduce(facts.run_id, tmp_path / "again", data=tmp_path / "other.csv")
    assert found.outcome == "other messages"
    assert [change.what for change in found.messages] == ["sha256", "label order", "label refund"]
    assert not (tmp_path / "again" / "model").exists()


def test_a_model_that_is_not_the_same_is_told(project, facts, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "ask_both", lambda *_: run_proof(labels_differ=3, largest_difference=None))
    monkeypatch.setattr(run, "_train", lambda *_: "model")
    found = reproduce(facts.run_id, tmp_path / "again")
    assert (found.outcome, found.labels_differ, found.largest_difference) == ("differs", 3, None)


def run_proof(**changed):
    from roadworthy.reproduce.proof import Proof

    return Proof(**{"n": 9, "labels_differ": 0, "verdicts_differ": 0, "largest_difference": 0.0, **changed})


def test_another_environment_is_built_and_told(project, facts, tmp_path, monkeypatch):
    patched(monkeypatch, facts, packages={**facts.packages, "numpy": "1.0.0"})
    asked = []
    monkeypatch.setattr(run.environment, "build", lambda run, folder, tell: asked.append(folder) or Path("/its/python"))
    monkeypatch.setattr(run, "_train", lambda run, python, *_: asked.append(python) or "model")
    monkeypatch.setattr(run, "ask_both", lambda *_: run_proof())
    said = []
    found = reproduce(facts.run_id, tmp_path / "again", tell=said.append)
    assert asked == [tmp_path / "again" / "environment", Path("/its/python")]
    assert found.rebuilt
    assert said[1].startswith("numpy: 1.0.0 in the run, ")


def test_what_is_no_run_of_ours_is_refused(project, facts, tmp_path, monkeypatch):
    with pytest.raises(TrackingError, match="names no run; give the id of a run"):
        reproduce("nothing", tmp_path)
    for update, said in (
        ({"recipe": "wrapped"}, r"the recipe is wrapped; only runs of roadworthy train"),
        ({"recipe": None}, "the recipe is not known"),
        ({"data": None}, "kept no hash of its messages"),
        ({"model": None}, "has no model in MLflow to compare with"),
    ):
        patched(monkeypatch, facts, **update)
        with pytest.raises(TrackingError, match=said):
            reproduce(facts.run_id, tmp_path)


def test_a_training_that_fails_is_told_in_one_line(project, facts, tmp_path, monkeypatch):
    def failing(command, **_):
        return subprocess.CompletedProcess(command, 2, "", "noise\nroadworthy: no messages\n")

    monkeypatch.setattr(run.environment, "run_quietly", failing)
    with pytest.raises(ModelError, match=r"the training failed \(roadworthy: no messages\); mend that first"):
        reproduce(facts.run_id, tmp_path / "again")


def test_the_options_of_a_run_are_those_that_make_its_model(facts):
    told = facts.model_copy(update={"options": {"out": "x", "seed": "3", "oos_label": "oos", "register": "intent"}})
    assert options_of(told) == {"oos_label": "oos", "seed": "3"}
    assert options_of(facts) == {"text": "text"}


def test_a_run_that_kept_no_options_kept_what_was_chosen(facts):
    chosen = {"options": {}, "recipe": "hardened", "parameters": {"seed": "3", "penalty": "1.0", "flag_rate": "0.2"}}
    assert options_of(facts.model_copy(update=chosen)) == {"flag_rate": "0.2", "seed": "3"}
    assert options_of(facts.model_copy(update={"options": {}})) == {}


def test_a_hardened_model_is_asked_by_its_folder(facts, tmp_path, monkeypatch):
    asked = []

    def train(command, **_):
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(run.environment, "run_quietly", train)
    hardened = facts.model_copy(update={"recipe": "hardened", "options": {"oos_label": "--odd"}})
    spec = run._train(hardened, Path(sys.executable), tmp_path / "train.csv", tmp_path / "model", print)
    assert spec == str(tmp_path / "model")
    assert "--oos-label=--odd" in asked[0]
    assert asked[0][-1] == "--no-track"
