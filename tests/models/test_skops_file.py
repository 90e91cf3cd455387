"""A skops file holds only types that are trusted, when it is written and when it is read."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from roadworthy.errors import ModelError
from roadworthy.models.artifact import Artifact
from roadworthy.models.skops_file import TRUSTED, dump, load

TEXTS = ["my order is late", "where is my order", "give me a refund", "refund please now"]
LABELS = ["order", "order", "refund", "refund"]


def foreign(text: str) -> list[str]:
    return text.split()


@pytest.fixture
def pipeline() -> Pipeline:
    return make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, LABELS)


def written(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


def test_what_is_written_is_read_back(tmp_path: Path, pipeline: Pipeline) -> None:
    again = load(written(tmp_path / "model.skops", dump(pipeline, "model")))
    assert np.array_equal(again.predict_proba(TEXTS), pipeline.predict_proba(TEXTS))


def test_a_hardened_model_is_read_back(tmp_path: Path, trained: Artifact) -> None:
    estimator = trained.model.estimator
    again = load(written(tmp_path / "model.skops", dump(estimator.without_leftovers(), "model")))
    assert np.array_equal(again.predict_proba(TEXTS), estimator.predict_proba(TEXTS))
    assert again.parameters_ == estimator.parameters_


def test_it_is_compressed(tmp_path: Path, pipeline: Pipeline) -> None:
    with zipfile.ZipFile(written(tmp_path / "model.skops", dump(pipeline, "model"))) as file:
        assert {info.compress_type for info in file.infolist()} == {zipfile.ZIP_DEFLATED}


@pytest.mark.parametrize("name", TRUSTED)
def test_what_is_trusted_is_there(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    found = getattr(__import__(module, fromlist=[attribute]), attribute)
    assert f"{found.__module__}.{found.__qualname__}" == name


def test_nothing_is_trusted_in_vain(tmp_path: Path, trained: Artifact) -> None:
    written(tmp_path / "model.skops", dump(trained.model.estimator.without_leftovers(), "model"))
    asked = set(skops.io.get_untrusted_types(file=tmp_path / "model.skops"))
    # An embedding is in a model that was trained with an encoder.
    assert asked == set(TRUSTED) - {"roadworthy.features.SentenceEmbedding"}


def test_what_is_made_of_other_types_is_not_written() -> None:
    model = make_pipeline(CountVectorizer(tokenizer=foreign), LogisticRegression())
    with pytest.raises(ModelError) as caught:
        dump(model, "shop")
    assert str(caught.value) == (
        f"shop: is made of {__name__}.foreign, which is not trusted; "
        "put it behind a function of your own, and name that: python:MODULE:FUNCTION"
    )


@pytest.mark.parametrize("thing", [lambda text: text, (number for number in range(3))], ids=["lambda", "generator"])
def test_what_cannot_be_written_is_an_error_in_one_line(thing: Any) -> None:
    with pytest.raises(ModelError, match=r"^shop: (cannot be saved \(|is made of ).*python:MODULE:FUNCTION$") as caught:
        dump({"model": CountVectorizer(tokenizer=thing)}, "shop")
    assert "\n" not in str(caught.value)


def test_a_file_of_other_types_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "model.skops"
    skops.io.dump(make_pipeline(CountVectorizer(tokenizer=foreign)), file)
    with pytest.raises(ModelError) as caught:
        load(file)
    assert str(caught.value) == (
        f"{file}: holds types that are not trusted: {__name__}.foreign; save a model made of scikit-learn's own types"
    )


class Ran:
    """What it does when it is unpickled would be seen."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("ran"),)


@pytest.mark.parametrize(
    "content",
    [b"", b"not a zip file", pickle.dumps({"a": 1}), pickle.dumps(Ran())],
    ids=["empty", "text", "pickle", "bomb"],
)
def test_what_is_no_skops_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"model\.skops: does not load \(.*\); save it again with skops$"):
        load(written(tmp_path / "model.skops", content))
    assert not (tmp_path / "ran").exists()


def test_a_file_that_is_not_there_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.skops: does not load \(FileNotFoundError"):
        load(tmp_path / "model.skops")


def test_half_a_file_is_not_read(tmp_path: Path, pipeline: Pipeline) -> None:
    content = dump(pipeline, "model")
    with pytest.raises(ModelError, match="does not load"):
        load(written(tmp_path / "model.skops", content[: len(content) // 2]))


def test_a_file_of_another_scikit_learn_is_read(
    tmp_path: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sklearn.base.__version__", "0.1")
    file = written(tmp_path / "old.skops", dump(pipeline, "model"))
    monkeypatch.undo()
    assert load(file).predict(TEXTS).tolist() == LABELS
