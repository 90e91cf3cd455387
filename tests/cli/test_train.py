"""`roadworthy train`: a model with its guard; or the notebook's two pickles and one figure."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from roadworthy import registry, tracking
from roadworthy.data import Dataset
from roadworthy.errors import TrackingError
from roadworthy.models.artifact import Artifact, load_artifact
from roadworthy.models.mlflow_model import Registered
from roadworthy.models.record import read_record
from roadworthy.tracking import TrackedRun
from roadworthy.tracking.origin import Origin
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
    monkeypatch.setattr(tracking, "track_notebook", lambda *given, **_: seen.extend(given) or "run 7 in store")
    ended = run(*NOTEBOOK, "--track")
    assert ended.err == "MLflow: run 7 in store\n"
    assert (seen[0].training_accuracy, len(seen[1])) == (1, 6)
    assert all(path.is_file() for path in seen[2])


def test_a_tracked_artifact_says_where_it_went(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(
        tracking, "track_artifact", lambda *given, **_: seen.extend(given) or TrackedRun("7", "1", "sqlite:///x.db")
    )
    ended = run(*HARDENED, "--track")
    assert ended.err == "MLflow: run 7 in sqlite:///x.db; to see it: roadworthy ui\n"
    assert (seen[0].recipe, len(seen[1]), seen[2]) == ("hardened", 6, Path("model"))
    assert read_record(Path("model")).run == "7"


@pytest.mark.parametrize(("asked", "code"), [((), 0), (("--track",), 2)])
def test_a_store_that_is_away_matters_only_where_it_was_asked_for(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...], code: int
) -> None:
    def away(*_: object, **__: object) -> None:
        raise TrackingError("the store is away")

    monkeypatch.setattr(tracking, "is_available", lambda: True)
    monkeypatch.setattr(tracking, "track_artifact", away)
    ended = run(*HARDENED, *asked)
    assert ended.code == code
    assert ended.err.endswith("the store is away\n")
    assert ("not recorded in MLflow" in ended.err) == (code == 0)
    assert load_artifact("model").recipe == "hardened"


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    went = TrackedRun("7", "1", "sqlite:///x.db")
    monkeypatch.setattr(tracking, "track_artifact", lambda *_, **__: went)
    monkeypatch.setattr(tracking, "track_notebook", lambda *_, **__: went)
    monkeypatch.setattr(registry, "register", lambda name, run: Registered(name, "3", run))


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("command", [HARDENED, NOTEBOOK])
def test_a_registered_model_is_the_challenger_and_the_next_steps_are_said(
    run: Run, folder: Path, command: tuple[str, ...]
) -> None:
    ended = run(*command, "--register", "my intents")
    assert ended.code == 0
    assert ended.err.startswith("MLflow: run 7 in ")
    assert ended.out.splitlines()[-3:] == [
        "registered my intents version 3, alias challenger",
        "next: roadworthy inspect 'models:/my intents/3' CLEAN --gate",
        "      roadworthy promote 'my intents' 3",
    ]


@pytest.mark.usefixtures("recorded")
def test_a_registered_model_as_json_is_one_document(run: Run, folder: Path) -> None:
    found = json.loads(run(*NOTEBOOK, "--register", "intent", "--json").out)
    assert found["registered"] == {"name": "intent", "version": "3", "run_id": "7"}
    assert found["training_accuracy"] == 1.0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--register", "intent", "--no-track"), "--register and --no-track contradict each other"),
        (("--register", "a/b"), "'a/b': no name for a registered model; leave out / and :"),
    ],
)
def test_what_cannot_be_registered_is_said_before_the_work(
    run: Run, folder: Path, options: tuple[str, ...], said: str
) -> None:
    ended = run(*HARDENED, *options)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert not (folder / "model").exists()


def test_a_run_keeps_the_command_its_options_and_its_file(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Origin] = []

    def track(*_: object, origin: Origin) -> TrackedRun:
        seen.append(origin)
        return TrackedRun("7", "1", "sqlite:///x.db")

    monkeypatch.setattr(tracking, "track_artifact", track)
    monkeypatch.setattr(tracking, "track_notebook", track)
    run(*HARDENED, "--seed", "7", "--track")
    run(*NOTEBOOK, "--text", "text", "--track")
    hardened_run, notebook_run = seen
    assert hardened_run.command is not None
    assert hardened_run.command.startswith("roadworthy train")
    assert [hardened_run.options[name] for name in ("recipe", "flag_rate", "seed")] == ["hardened", "0.4", "7"]
    assert [notebook_run.options[name] for name in ("recipe", "text")] == ["notebook", "text"]
    assert notebook_run.files == {"training": Path("clean.csv")}
