"""`roadworthy train`: a model with its guard; or the notebook's two pickles and one figure."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from roadworthy import tracking
from roadworthy.data import Dataset
from roadworthy.errors import TrackingError
from roadworthy.models.artifact import Artifact, load_artifact
from roadworthy.models.record import read_record
from roadworthy.tracking import TrackedRun
from roadworthy.training import hardened

from .conftest import Run

HARDENED = ("train", "clean.csv", "--flag-rate", "0.4")
NOTEBOOK = ("train", "clean.csv", "--recipe", "notebook", "--out", "new")


def test_by_default_it_hardens_and_says_what_comes_next(run: Run, folder: Path) -> None:
    ended = run(*HARDENED, "--out", "new/my model", "--no-track")
    accuracy, chosen, guard, *rest = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert accuracy.startswith("held-out accuracy ")
    assert accuracy.endswith("n=6), by cross-validation on the training messages")
    assert chosen.startswith("chosen: penalty C=")
    assert guard == "guard: about 40 % of ordinary in-scope messages are flagged"
    assert rest == [
        "saved new/my model",
        "next: roadworthy predict 'new/my model' MESSAGES --out FILE",
        "      roadworthy inspect 'new/my model' CLEAN",
    ]
    assert load_artifact("new/my model").recipe == "hardened"


@pytest.mark.parametrize(
    ("balanced", "copies", "said"),
    [
        (True, False, "rare classes weigh as much as common ones; trained on the messages as they are"),
        (False, True, "every message weighs the same; trained on the messages and a perturbed copy of each"),
    ],
)
def test_what_was_chosen_is_said_in_words(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, balanced: bool, copies: bool, said: str
) -> None:
    train = hardened.train_hardened

    def chosen(data: Dataset, **options: Any) -> Artifact:
        told = {"penalty": 1.0, "word_weight": 0.7, "balanced": balanced, "copies": copies}
        return replace(train(data, **options), parameters=told)

    monkeypatch.setattr(hardened, "train_hardened", chosen)
    ended = run(*HARDENED, "--no-track")
    assert ended.out.splitlines()[1] == f"chosen: penalty C=1; words weigh 0.7 beside pieces of words; {said}"


def test_as_json_the_artifact_is_one_document(run: Run, folder: Path) -> None:
    ended = run(*HARDENED, "--no-track", "--json", "--seed", "7")
    found = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert (found["recipe"], found["directory"], found["messages"]) == ("hardened", "model", 6)
    assert (found["flag_rate"], found["classes"]) == (0.4, ["order", "refund"])
    assert found["parameters"]["seed"] == 7
    assert found["figures"]["held_out_accuracy"]["n"] == 6


def test_every_option_reaches_the_recipe(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def stop(data: Any, **options: Any) -> None:
        seen.update(options, texts=data.texts)
        raise KeyboardInterrupt

    monkeypatch.setattr(hardened, "train_hardened", stop)
    (folder / "odd.csv").write_text("said,topic\nhello there,greet\ngood bye,leave\n")
    options = ("--oos-label", "leave", "--flag-rate", "0.3", "--encoder", "enc", "--seed", "5")
    assert run("train", "odd.csv", "--text", "said", "--label", "topic", *options, "--no-track").code == 130
    assert seen == {
        "texts": ("hello there", "good bye"), "oos_label": "leave", "flag_rate": 0.3, "encoder": "enc", "seed": 5,
    }  # fmt: skip


def test_an_artifact_is_replaced_and_nothing_else_is(run: Run, folder: Path) -> None:
    assert run(*HARDENED, "--no-track").code == 0
    assert run(*HARDENED, "--no-track", "--seed", "1").code == 0
    assert load_artifact("model").parameters["seed"] == 1
    ended = run(*HARDENED, "--no-track", "--out", ".")
    assert ended.err == "roadworthy: .: is there, and is no artifact; name another folder with --out\n"


def test_the_working_directory_is_no_place_for_an_artifact(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "empty").mkdir()
    monkeypatch.chdir(folder / "empty")
    ended = run("train", "../clean.csv", "--no-track", "--out", ".")
    assert ended.err == "roadworthy: .: is the working directory; name a folder in it with --out\n"


def test_the_notebook_saves_two_pickles_and_prints_its_figure(run: Run, folder: Path) -> None:
    ended = run(*NOTEBOOK, "--out", "new/model", "--no-track")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "accuracy 1.000 on the 6 messages it was trained on\nsaved new/model/vectorizer.pkl and new/model/model.pkl\n"
    )
    assert sorted(path.name for path in (folder / "new/model").iterdir()) == ["model.pkl", "vectorizer.pkl"]


def test_the_notebook_as_json_is_one_document(run: Run, folder: Path) -> None:
    ended = run(*NOTEBOOK, "--no-track", "--json")
    assert json.loads(ended.out) == {"training_accuracy": 1.0, "files": ["new/vectorizer.pkl", "new/model.pkl"]}


def test_columns_can_be_named(run: Run, folder: Path) -> None:
    (folder / "odd.csv").write_text("said,topic\nhello there,greet\ngood bye,leave\n")
    named = ("--text", "said", "--label", "topic", "--recipe", "notebook")
    assert run("train", "odd.csv", *named, "--out", "new", "--no-track").code == 0


def test_a_tracked_notebook_says_where_it_went(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(tracking, "track_notebook", lambda *given: seen.extend(given) or "run 7 in store")
    ended = run(*NOTEBOOK, "--track")
    assert ended.err == "MLflow: run 7 in store\n"
    assert (seen[0].training_accuracy, len(seen[1])) == (1, 6)
    assert all(path.is_file() for path in seen[2])


def test_a_tracked_artifact_says_where_it_went(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(
        tracking, "track_artifact", lambda *given: seen.extend(given) or TrackedRun("7", "1", "sqlite:///x.db")
    )
    ended = run(*HARDENED, "--track")
    assert ended.err == "MLflow: run 7 in sqlite:///x.db; to see it: roadworthy ui\n"
    assert (seen[0].recipe, len(seen[1]), seen[2]) == ("hardened", 6, Path("model"))
    assert read_record(Path("model")).run == "7"


@pytest.mark.parametrize(("asked", "code"), [((), 0), (("--track",), 2)])
def test_a_store_that_is_away_matters_only_where_it_was_asked_for(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...], code: int
) -> None:
    def away(*_: object) -> None:
        raise TrackingError("the store is away")

    monkeypatch.setattr(tracking, "is_available", lambda: True)
    monkeypatch.setattr(tracking, "track_artifact", away)
    ended = run(*HARDENED, *asked)
    assert ended.code == code
    assert ended.err.endswith("the store is away\n")
    assert ("not recorded in MLflow" in ended.err) == (code == 0)
    assert load_artifact("model").recipe == "hardened"
