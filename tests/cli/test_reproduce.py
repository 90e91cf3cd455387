import json
import shutil

import pytest

from roadworthy.comparison.changes import Change
from roadworthy.mlflow_store import open_client, quietly
from roadworthy.reproduce import Reproduction


@pytest.fixture
def store(folder, monkeypatch, empty_store):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(empty_store, folder)
    with quietly():
        return open_client(f"sqlite:///{folder / 'mlflow.db'}")


@pytest.fixture
def trained(run, folder, store):
    """The id of a run of `roadworthy train`."""
    assert run("train", "clean.csv", "--recipe", "notebook", "--out", "trained").code == 0
    with quietly():
        return store.search_runs(["1"])[0].info.run_id


@pytest.fixture
def found(monkeypatch):
    """Give what is to be found, in place of training again."""

    def be(outcome, **known):
        result = Reproduction(run_id="a" * 32, outcome=outcome, data="train.csv", **known)
        monkeypatch.setattr("roadworthy.reproduce.reproduce", lambda *_, **__: result)
        return result

    return be


@pytest.mark.slow
def test_a_run_is_done_again(run, folder, trained):
    ended = run("reproduce", trained)
    assert ended.code == 0, ended.err
    assert ended.out.startswith(f"equal: run {trained} and the model trained now, asked about ")
    assert "labels that differ: 0\n" in ended.out
    assert "model: reproduced/model\n" in ended.out
    assert "training again: roadworthy train clean.csv --recipe notebook\n" in ended.err
    kept = json.loads((folder / "reproduced" / "reproduction.json").read_text())
    assert kept["outcome"] == "equal"


def test_other_messages_exit_one_and_say_what_differs(run, folder, trained):
    (folder / "noisy.csv").write_text(
        (folder / "clean.csv").read_text().replace("late again,order", "late again,refund")
    )
    ended = run("reproduce", trained, "--data", "noisy.csv")
    assert ended.code == 1
    assert ended.out.startswith(f"not reproduced: noisy.csv does not hold the messages of run {trained}\n  sha256: ")
    assert "label order: 3 in the run, 2 here\n" in ended.out


def test_messages_in_another_order_are_told_as_such(run, folder, found):
    found("other messages", messages=(Change(what="sha256", a="1" * 64, b="2" * 64),))
    ended = run("reproduce", "a" * 32)
    assert "sha256: 111111111111 in the run, 222222222222 here" in ended.out
    assert "their order, a text or a label is another one" in ended.out


def test_a_model_that_differs_exits_one(run, folder, found):
    found("differs", asked=9, labels_differ=2, model="reproduced/model")
    ended = run("reproduce", "a" * 32)
    assert ended.code == 1
    assert ended.out.startswith("not equal: run ")
    assert "largest difference of a probability: unknown: the classes differ" in ended.out


def test_one_document_holds_everything(run, folder, found):
    result = found("equal", asked=9, largest_difference=0.0, model="reproduced/model")
    ended = run("reproduce", "a" * 32, "--json")
    assert (ended.code, Reproduction.model_validate_json(ended.out)) == (0, result)


def test_a_run_that_is_not_there_is_bad_input(run, folder, store):
    ended = run("reproduce", "0" * 32)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"roadworthy: run {'0' * 32}: the tracking store did not give it")
