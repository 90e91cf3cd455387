"""`roadworthy wrap`: a model that is there already gets a guard."""

import json
from pathlib import Path
from typing import Any

import pytest

from roadworthy import tracking
from roadworthy.models import load_model
from roadworthy.models.artifact import load_artifact
from roadworthy.models.guarded import GuardedModel
from roadworthy.models.record import read_record
from roadworthy.tracking import TrackedRun

from .conftest import Run

PAIR = "pickles:vectorizer.pkl,model.pkl"
WRAP = ("wrap", PAIR, "clean.csv", "--allow-pickle", "--flag-rate", "0.4")
SURE = """
def answer(texts): return [("refund", 0.9) if "money" in text or "refund" in text else ("order", 0.6) for text in texts]
"""


def lines(out: str) -> list[str]:
    return out.splitlines()[1:-4]


def test_messages_that_the_model_was_trained_on_are_recognised(run: Run, folder: Path) -> None:
    ended = run(*WRAP, "--out", "new/wrapped", "--no-track")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("accuracy 1.000 on the messages; of a plain model in cross-validation 0.")
    taken, learned = lines(ended.out)
    assert taken == "they are taken for messages that the model was trained on (if it was not: --held-out)"
    assert learned.startswith("so the guard learned from copies of the model, trained on parts of them: 0.")
    assert learned.endswith("n=6) on the others")
    assert ended.out.splitlines()[-4:] == [
        "guard: about 40 % of ordinary in-scope messages are flagged",
        "saved new/wrapped",
        "next: roadworthy predict new/wrapped MESSAGES --out FILE",
        "      roadworthy inspect new/wrapped CLEAN",
    ]
    assert isinstance(load_model("new/wrapped"), GuardedModel)


@pytest.mark.parametrize(("option", "seen"), [("--seen", True), ("--held-out", False)])
def test_whether_they_were_trained_on_can_be_said(run: Run, folder: Path, option: str, seen: bool) -> None:
    ended = run(*WRAP, option, "--no-track")
    assert ("n=6) on the messages" in ended.out) is not seen
    assert ("so the guard learned from copies of the model, trained on parts of them" in ended.out) is seen
    assert load_artifact("wrapped").parameters["refitted"] is seen


def test_a_model_that_cannot_be_trained_again_is_said_to_be_guarded_by_the_messages_alone(
    run: Run, folder: Path
) -> None:
    ended = run("wrap", "python:cli_models:right", "clean.csv", "--flag-rate", "0.4", "--seen", "--no-track")
    assert "the guard compares the messages alone" in ended.out
    assert not load_artifact("wrapped").model.guard.uses_label


def test_held_out_messages_are_recognised_as_well(run: Run, folder: Path) -> None:
    (folder / "sure.py").write_text(SURE)
    (folder / "new.csv").write_text((folder / "clean.csv").read_text() + "send it here,refund\n")
    ended = run("wrap", "python:sure:answer", "new.csv", "--flag-rate", "0.4", "--no-track")
    assert lines(ended.out) == ["they are taken for messages that the model was not trained on (if it was: --seen)"]


def test_a_model_without_confidence_is_said_to_state_none(run: Run, folder: Path) -> None:
    ended = run("wrap", "python:cli_models:right", "clean.csv", "--flag-rate", "0.4", "--held-out", "--no-track")
    assert (ended.code, ended.err) == (0, "")
    assert lines(ended.out) == ["the model states no confidence: the guard does without"]


def test_as_json_it_prints_one_document(run: Run, folder: Path) -> None:
    ended = run(*WRAP, "--no-track", "--json", "--seed", "3")
    found = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert (found["recipe"], found["directory"], found["flag_rate"]) == ("wrap", "wrapped", 0.4)
    assert (found["seen"], found["accuracy"], found["parameters"]["seed"]) == (True, 1, 3)
    assert found["figures"]["held_out_accuracy"]["n"] == 6
    assert (found["classes"], found["messages"]) == (["order", "refund"], 6)
    assert 0 <= found["learnable"] <= 1


def test_every_option_reaches_the_wrapping(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def stop(model: str, data: Any, **options: Any) -> None:
        seen.update(options, model=model, n=len(data))
        raise KeyboardInterrupt

    monkeypatch.setattr("roadworthy.training.wrap.wrap", stop)
    (folder / "odd.csv").write_text("said,topic\nhello there,greet\ngood bye,leave\n")
    options = ("--oos-label", "leave", "--flag-rate", "0.3", "--encoder", "enc", "--seed", "5", "--held-out")
    ended = run("wrap", PAIR, "odd.csv", "--text", "said", "--label", "topic", *options, "--no-track")
    assert ended.code == 130
    assert seen == {
        "model": PAIR, "n": 2, "oos_label": "leave", "flag_rate": 0.3, "encoder": "enc", "seed": 5, "seen": False,
        "allow_pickle": False,
    }  # fmt: skip


def test_a_tracked_wrapping_says_where_it_went(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(
        tracking, "track_artifact", lambda *given, **_: seen.extend(given) or TrackedRun("7", "1", "sqlite:///x.db")
    )
    ended = run(*WRAP, "--track")
    assert ended.err == "MLflow: run 7 in sqlite:///x.db; to see it: roadworthy ui\n"
    assert (seen[0].recipe, len(seen[1]), seen[2]) == ("wrap", 6, Path("wrapped"))
    assert read_record(Path("wrapped")).run == "7"
