import json
import shutil

import pytest

from roadworthy.mlflow_store import open_client, quietly

COMPARE = ("--suite", "quick", "--allow-pickle")
PAIR = "pickles:vectorizer.pkl,model.pkl"
RIGHT, OTHER = "python:cli_models:right", "python:cli_models:other"


@pytest.fixture
def constant(folder):
    """A model that answers one label whatever it is asked, and thirty messages."""
    (folder / "constant.py").write_text("def constant(texts): return ['order'] * len(texts)\n")
    rows = [f"where is my parcel {i},order\ngive me my money {i},refund" for i in range(15)]
    (folder / "many.csv").write_text("\n".join(["text,label", *rows]))
    return "python:constant:constant"


@pytest.fixture
def store(folder, monkeypatch, empty_store):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(empty_store, folder)


def test_the_difference_is_printed(run, folder, constant):
    ended = run("compare", RIGHT, constant, "many.csv", *COMPARE)
    assert ended.code == 0
    assert "WORSE" in ended.out
    assert "python:constant:constant against python:cli_models:right" in ended.out
    assert "Only python:cli_models:right answers these rightly" in ended.out
    assert not list(folder.glob("roadworthy-*"))


def test_a_worse_model_can_fail(run, folder, constant):
    assert run("compare", RIGHT, constant, "many.csv", *COMPARE, "--fail-if-worse").code == 1
    assert run("compare", constant, RIGHT, "many.csv", *COMPARE, "--fail-if-worse").code == 0


def test_one_document_holds_everything(run, folder):
    ended = run("compare", PAIR, RIGHT, "clean.csv", *COMPARE, "--json")
    document = json.loads(ended.out)
    assert document["changes"] is None
    assert (document["comparison"]["a"], document["comparison"]["clean"]["n"]) == (PAIR, 6)


def test_a_report_is_written_where_it_is_asked_for(run, folder):
    ended = run("compare", PAIR, RIGHT, "clean.csv", *COMPARE, "--out", "report")
    assert sorted(path.name for path in (folder / "report").iterdir()) == [
        "comparison.html",
        "comparison.json",
        "comparison.md",
    ]
    assert "Report: report/comparison.html" in ended.err


def test_real_messages_and_columns_are_compared_too(run, folder):
    (folder / "real.csv").write_text("text,label,channel\nmoney pls,refund,mail\nmy parcel,order,chat\n" * 10)
    options = ("--real", "real.csv", "--slice", "channel", "--sample", "5")
    ended = run("compare", PAIR, RIGHT, "clean.csv", *COMPARE, *options, "--json")
    comparison = json.loads(ended.out)["comparison"]
    assert (comparison["clean"]["n"], comparison["real"]["n"]) == (5, 5)


def test_a_column_that_is_not_there_is_told(run, folder):
    ended = run("compare", PAIR, RIGHT, "clean.csv", *COMPARE, "--slice", "channel")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "roadworthy: no messages have a column 'channel'; check its spelling (--slice)\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing", RIGHT, "clean.csv"), "nothing: no adapter fits this spec"),
        ((RIGHT, RIGHT, "missing.csv"), "missing.csv: no such file"),
        ((RIGHT, OTHER, "clean.csv", "--suite", "slow"), "no suite 'slow'"),
    ],
)
def test_bad_input_is_one_line(run, folder, arguments, said):
    ended = run("compare", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("roadworthy: ")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_a_run_that_is_not_there_is_bad_input(run, folder, store):
    ended = run("compare", "0" * 32, RIGHT, "clean.csv")
    assert ended.code == 2
    assert f"run {'0' * 32}: the tracking store did not give it" in ended.err


def test_a_run_without_a_model_is_told(run, folder, store):
    with quietly():
        made = open_client(f"sqlite:///{folder / 'mlflow.db'}").create_run("0")
    ended = run("compare", made.info.run_id, RIGHT, "clean.csv")
    assert ended.code == 2
    assert "the run has no model in MLflow; compare its model by another spec" in ended.err


def test_runs_tell_what_changed(run, folder, store):
    text = (folder / "clean.csv").read_text()
    (folder / "noisy.csv").write_text(text.replace("late again,order", "late again,refund"))
    for data, out in (("clean.csv", "before"), ("noisy.csv", "after")):
        assert run("train", data, "--recipe", "notebook", "--out", out).code == 0
    with quietly():
        found = open_client(f"sqlite:///{folder / 'mlflow.db'}").search_runs(["1"], order_by=["start_time"])
    ended = run("compare", *(made.info.run_id for made in found), "clean.csv", *COMPARE)
    assert ended.code == 0
    assert "1 relabelled, 0 gone, 0 new" in ended.out
    assert f"run {found[1].info.run_id[:8]} against run {found[0].info.run_id[:8]}" in ended.out


def test_a_store_that_does_not_know_the_run_of_an_artifact_is_told_of(run, folder, store):
    from roadworthy import support_desk, train_hardened
    from roadworthy.models.record import note_run

    train_hardened(support_desk.load_train().sample(60)).save(folder / "model")
    note_run(folder / "model", "0" * 32)
    rows = zip(support_desk.load_clean_test().texts[:40], support_desk.load_clean_test().labels[:40], strict=True)
    (folder / "desk.csv").write_text("\n".join(["text,label", *(f'"{text}",{label}' for text, label in rows)]))
    ended = run("compare", "model", "model", "desk.csv", *COMPARE)
    assert ended.code == 0
    assert "roadworthy: how model was made is not known: " in ended.err
    assert "model (b) against model (a)" in ended.out
