"""Every spec loads its model, and what does not load says why in one line."""

import pickle
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
import skops.io
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from roadworthy.errors import ModelError
from roadworthy.models import load_model
from roadworthy.models.adapt import SklearnClassifier
from roadworthy.models.artifact import Artifact
from roadworthy.models.ask import ask
from roadworthy.models.compiled import CompiledModel, fuzzed
from roadworthy.models.guarded import GuardedModel
from roadworthy.models.load import find_artifact

TEXTS = ["my order is late", "where is my order", "give me a refund", "refund please now"]
LABELS = ["order", "order", "refund", "refund"]


@pytest.fixture
def pipeline() -> Pipeline:
    return make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, LABELS)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    return tmp_path


def answers(spec: str | Path, **options: Any) -> list[str]:
    return list(ask(load_model(spec, **options), TEXTS).predictions.labels)


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", ".joblib", ".PKL"])
@pytest.mark.parametrize("by", ["pickle", "joblib", "joblib, compressed"])
def test_a_pickle_loads_whoever_wrote_it(folder: Path, pipeline: Pipeline, suffix: str, by: str) -> None:
    file = folder / f"model{suffix}"
    if by == "pickle":
        file.write_bytes(pickle.dumps(pipeline))
    else:
        joblib.dump(pipeline, file, compress=3 if by.endswith("compressed") else 0)
    assert answers(file, allow_pickle=True) == LABELS
    assert load_model(file, allow_pickle=True).name == file.name


def test_a_pair_of_pickles_loads(folder: Path, pipeline: Pipeline) -> None:
    for name, (_, step) in zip(("v.pkl", "m.pkl"), pipeline.steps, strict=True):
        (folder / name).write_bytes(pickle.dumps(step))
    assert answers("pickles:v.pkl, m.pkl", allow_pickle=True) == LABELS


def test_whatever_linear_model_a_file_holds_is_compiled_and_answers_alike(folder: Path, pipeline: Pipeline) -> None:
    for name, (_, step) in zip(("v.pkl", "m.pkl"), pipeline.steps, strict=True):
        (folder / name).write_bytes(pickle.dumps(step))
    (folder / "whole.pkl").write_bytes(pickle.dumps(pipeline))
    skops.io.dump(pipeline, folder / "model.skops")
    asked = [*TEXTS, *fuzzed(50), "", "my ORDER!!"]
    for spec in ("pickles:v.pkl,m.pkl", "whole.pkl", "model.skops"):
        model = load_model(spec, allow_pickle=True)
        assert isinstance(model, SklearnClassifier)
        assert isinstance(model.compiled, CompiledModel)
        assert model.name == model.compiled.name == spec
        assert np.allclose(model.predict_proba(asked), pipeline.predict_proba(asked), rtol=0, atol=1e-9)


def test_a_hardened_model_in_a_skops_file_loads(folder: Path, trained: Artifact) -> None:
    skops.io.dump(trained.model.estimator.without_leftovers(), folder / "hardened.skops")
    model = load_model("hardened.skops")
    assert isinstance(model, SklearnClassifier)
    expected = trained.model.estimator.predict_proba(TEXTS)
    assert np.allclose(model.predict_proba(TEXTS), expected, rtol=0, atol=1e-9)


def test_a_folder_loads_with_its_guard(folder: Path, saved: Path, trained: Artifact) -> None:
    shutil.copytree(saved, folder / "desk")
    # So MLflow keeps it: the artifact is a folder inside.
    shutil.copytree(saved, folder / "mlflow" / "roadworthy")
    (folder / "mlflow" / "MLmodel").touch()
    for spec in ("desk", folder / "desk", "desk/", "mlflow"):
        model = load_model(spec)
        assert isinstance(model, GuardedModel)
        assert model.answer(TEXTS).reasons == trained.model.answer(TEXTS).reasons
    assert find_artifact(folder / "mlflow") == folder / "mlflow" / "roadworthy"
    assert find_artifact(folder) is None


@pytest.mark.parametrize("allowed", [True, False])
def test_a_hugging_face_model_is_told_whether_a_pickle_may_be_loaded(
    monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    asked: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        "roadworthy.models.load.load_huggingface", lambda spec, allow_pickle: asked.append((spec, allow_pickle))
    )
    load_model("hf:someone/model", allow_pickle=allowed)
    assert asked == [("hf:someone/model", allowed)]


@pytest.mark.parametrize("spec", ["http://127.0.0.1/invocations", "https://a.example/v1/predict", "endpoint:e.toml"])
def test_an_endpoint_is_loaded_by_its_own_adapter(monkeypatch: pytest.MonkeyPatch, spec: str) -> None:
    monkeypatch.setattr("roadworthy.models.endpoint.load_endpoint", lambda spec: f"asks {spec}")
    assert load_model(spec) == f"asks {spec}"


@pytest.mark.parametrize("spec", ["empty", "."])
def test_a_folder_of_anything_else_says_so(folder: Path, spec: str) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(ModelError) as caught:
        load_model(spec)
    assert str(caught.value) == (
        f"{spec}: holds no roadworthy.json, and no MLmodel; give a folder written by roadworthy train or wrap, or by "
        "MLflow"
    )


def test_no_spec_is_not_the_working_directory(folder: Path, saved: Path) -> None:
    shutil.copytree(saved, folder, dirs_exist_ok=True)
    assert isinstance(load_model("."), GuardedModel)
    with pytest.raises(ModelError, match="no adapter fits this spec"):
        load_model("")


def test_a_skops_file_loads_without_leave(folder: Path, pipeline: Pipeline) -> None:
    skops.io.dump(pipeline, folder / "model.skops")
    assert answers("model.skops") == LABELS


def test_a_skops_file_of_other_types_is_not_trusted(folder: Path) -> None:
    skops.io.dump(make_pipeline(CountVectorizer(tokenizer=answers)), folder / "model.skops")
    with pytest.raises(ModelError, match=r"model.skops: holds types that are not trusted: .*answers"):
        load_model("model.skops")


def test_functions_pairs_and_black_boxes_load_from_a_module(
    folder: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Box:
        def answer(self, texts: list[str]) -> list[str]:
            return ["order"] * len(texts)

    mine = types.ModuleType("mine")
    vars(mine).update(pipeline=pipeline, pair=tuple(step for _, step in pipeline.steps), box=Box(), Box=Box)
    mine.function = lambda texts: LABELS[: len(texts)]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mine", mine)
    assert answers("python:mine:pipeline") == answers("python:mine:pair") == LABELS
    assert answers("python:mine:box") == answers("python:mine:box.answer") == ["order"] * 4
    assert load_model("python:mine:function").name == "python:mine:function"
    with pytest.raises(ModelError, match="python:mine:Box: is a class, not a model"):
        load_model("python:mine:Box")


def test_a_module_is_found_in_the_working_directory(folder: Path) -> None:
    (folder / "mine.py").write_text("def classify(texts):\n    return ['order'] * len(texts)\n")
    assert answers("python:mine:classify") == ["order"] * 4
    assert sys.path.count(str(folder)) == 1
    assert answers("python:mine:classify") == ["order"] * 4
    assert sys.path.count(str(folder)) == 1


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            "model",
            "model: no adapter fits this spec; give a folder written by train or wrap, pickles:VECTORIZER,MODEL, "
            "a .skops, .joblib or .pkl file, models:/NAME@ALIAS, runs:/RUN/MODEL, hf:DIRECTORY, "
            "python:MODULE:FUNCTION, http://…, endpoint:FILE, or predictions:FILE",
        ),
        ("", "no adapter fits this spec"),
        ("ftp://x", "no adapter fits this spec"),
        ("missing.pkl", "missing.pkl: no such file; check the path"),
        ("missing.skops", "missing.skops: no such file"),
        ("pickles:a.pkl", "pickles:a.pkl: not two files; write pickles:vectorizer.pkl,model.pkl"),
        ("pickles:a,b,c", "not two files"),
        ("pickles:,b", "not two files"),
        ("pickles:missing.pkl,b", "missing.pkl: no such file"),
        ("empty.pkl", "empty.pkl: does not load (EOFError"),
        ("broken.pkl", "broken.pkl: does not load ("),
        ("broken.joblib", "broken.joblib: does not load ("),
        ("exits.pkl", "exits.pkl: does not load (SystemExit: 3)"),
        ("number.pkl", "number.pkl: a int is not a classifier"),
        ("broken.skops", "broken.skops: does not load ("),
        ("python:", "no module and function; write python:module:function"),
        ("python:mine", "no module and function"),
        ("python::f", "no module and function"),
        ("python:.mine:f", "does not import (TypeError"),
        (
            "python:no_such_module_here:f",
            "does not import (ModuleNotFoundError: No module named 'no_such_module_here')",
        ),
        ("python:json:no_such_name", "does not import (AttributeError: module 'json' has no attribute 'no_such_name')"),
        ("python:json:__name__", "python:json:__name__: a str is not a classifier"),
        ("python:script:f", "does not import (SystemExit: 0)"),
    ],
)
def test_what_does_not_load_says_why(folder: Path, spec: str, said: str) -> None:
    class Exits:
        def __reduce__(self) -> tuple[Any, ...]:
            return sys.exit, (3,)

    (folder / "empty.pkl").touch()
    for name in ("broken.pkl", "broken.joblib", "broken.skops"):
        (folder / name).write_bytes(b"not a model")
    (folder / "exits.pkl").write_bytes(pickle.dumps(Exits()))
    (folder / "number.pkl").write_bytes(pickle.dumps(5))
    (folder / "script.py").write_text("raise SystemExit(0)\n")
    with pytest.raises(ModelError) as caught:
        load_model(spec, allow_pickle=True)
    assert said in str(caught.value)


@pytest.mark.parametrize("spec", ["model.pkl", "model.joblib", "pickles:model.pkl,model.pkl"])
def test_a_pickle_is_not_loaded_without_leave(folder: Path, spec: str) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (folder / "ran",)

    for name in ("model.pkl", "model.joblib"):
        (folder / name).write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ModelError, match=r"a pickle runs any code that its author put into it .*--allow-pickle"):
        load_model(spec)
    assert not (folder / "ran").exists()


def test_a_pickle_of_another_scikit_learn_says_which(
    folder: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sklearn.base.__version__", "0.1")
    (folder / "old.pkl").write_bytes(pickle.dumps(pipeline))
    monkeypatch.undo()
    with pytest.raises(ModelError, match=rf"saved with scikit-learn 0.1, here is {sklearn.__version__}; install that"):
        load_model(folder / "old.pkl", allow_pickle=True)
