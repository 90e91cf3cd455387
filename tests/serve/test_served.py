"""What is served has a name, and a version that tells it from every other."""

import json
import pickle
import shutil
from math import isnan
from pathlib import Path

import numpy as np
import pytest

from roadworthy.data import Dataset
from roadworthy.errors import ModelError
from roadworthy.models.adapt import as_model
from roadworthy.models.artifact import CARD
from roadworthy.models.record import card_sha256, note_inspection, note_run
from roadworthy.serve.served import Served, load_served
from roadworthy.training.notebook import MODEL_FILE, VECTORIZER_FILE, save_pickles, train_notebook

from .conftest import FAMILIAR, STRANGE

pytestmark = pytest.mark.usefixtures("place")


@pytest.fixture
def own(desk: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(desk, tmp_path / "own"))


@pytest.fixture
def pickles(tmp_path: Path) -> str:
    save_pickles(train_notebook(Dataset.of(["late order", "a refund"] * 2, ["order", "refund"] * 2)), tmp_path)
    return f"pickles:{VECTORIZER_FILE}, {MODEL_FILE}"


def test_an_artifact_is_named_by_its_folder_and_told_by_its_card(own: Path) -> None:
    served = load_served(str(own))
    assert served.about == {"name": "own", "version": card_sha256(own)[:12], "run": None}
    assert (served.guarded is served.model, served.is_fast, served.inspection) == (True, True, None)


def test_the_name_is_the_folders_however_it_is_written(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own)
    assert load_served(".").name == "own"
    assert load_served("../own/").name == "own"


def test_the_run_and_the_inspection_come_from_the_record_and_leave_the_version_as_it_is(own: Path) -> None:
    before = load_served(str(own)).version
    note_run(own, "run7")
    note_inspection(own, verdict="pass", messages="test.csv", n=240)
    served = load_served(str(own))
    assert (served.run, served.version) == ("run7", before)
    assert {**served.inspection, "time": None} == {"verdict": "pass", "time": None, "messages": "test.csv", "n": 240}
    json.dumps(served.inspection)


@pytest.mark.parametrize(
    ("lines", "run"),
    [
        ("run_id: 0123abc\n", "0123abc"),
        ("flavors:\n  run_id: inner\nrun_id: '0123abc'\n", "0123abc"),
        ("run_id: null\n", None),
        ("flavors: {}\n", None),
        ("", None),
    ],
)
def test_the_run_of_an_mlflow_model_is_in_its_own_file(own: Path, tmp_path: Path, lines: str, run: str | None) -> None:
    model = tmp_path / "model"
    shutil.copytree(own, model / "roadworthy")
    (model / "MLmodel").write_text(lines)
    served = load_served(str(model))
    assert (served.name, served.run) == ("model", run)


def test_answers_have_the_guards_verdict(own: Path) -> None:
    familiar, strange = load_served(str(own)).answers([FAMILIAR, STRANGE])
    assert (familiar.verdict, strange.verdict) == ("trusted", "flagged")


def test_without_a_guard_every_answer_is_trusted(pickles: str) -> None:
    served = load_served(pickles, allow_pickle=True)
    assert (served.guarded, served.is_fast, served.run, served.inspection) == (None, False, None, None)
    answer, strange = served.answers(["a refund", STRANGE])
    assert (answer.label, answer.verdict, strange.verdict) == ("refund", "trusted", "trusted")
    assert 0.5 < answer.confidence <= 1
    assert isnan(answer.familiarity)


def test_a_model_that_states_no_confidence_has_none() -> None:
    served = Served(as_model(lambda texts: np.array(["order"] * len(texts)), name="own"), "own", "1")
    assert isnan(served.answers(["a"])[0].confidence)


def test_the_version_of_files_changes_with_any_of_them(pickles: str, tmp_path: Path) -> None:
    before = load_served(pickles, allow_pickle=True).version
    model = pickle.loads((tmp_path / MODEL_FILE).read_bytes())
    model.intercept_ = model.intercept_ + 1
    (tmp_path / MODEL_FILE).write_bytes(pickle.dumps(model))
    after = load_served(pickles, allow_pickle=True).version
    assert (len(before), before != after) == (12, True)


def test_the_version_of_a_folder_changes_with_any_file_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadworthy.serve.served.load_model", lambda spec, **_: as_model(lambda texts: [], name="own"))
    (tmp_path / "model" / "data").mkdir(parents=True)
    (tmp_path / "model" / "data" / "weights").write_text("1")
    before = load_served(str(tmp_path / "model")).version
    (tmp_path / "model" / "data" / "weights").write_text("2")
    assert load_served(str(tmp_path / "model")).version != before


def test_the_version_of_code_changes_with_it(tmp_path: Path) -> None:
    code = tmp_path / "served_here.py"
    code.write_text("def model(texts): return ['order'] * len(texts)\n")
    served = load_served("python:served_here:model")
    assert (served.name, len(served.version)) == ("python:served_here:model", 12)
    code.write_text("def model(texts): return ['refund'] * len(texts)\n")
    again = load_served("python:served_here:model")
    assert again.version != served.version
    # A version that says one thing while another answers would be worse than none.
    assert again.answers(["a"])[0].label == "refund"


def test_a_model_on_a_hub_has_no_version_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadworthy.serve.served.load_model", lambda spec, **_: as_model(lambda texts: [], name=spec))
    assert load_served("hf:some/model").about == {"name": "hf:some/model", "version": "unversioned", "run": None}


def test_what_does_not_load_is_told(own: Path, pickles: str) -> None:
    with pytest.raises(ModelError, match="--allow-pickle"):
        load_served(pickles)
    (own / CARD).write_text("{")
    with pytest.raises(ModelError):
        load_served(str(own))
