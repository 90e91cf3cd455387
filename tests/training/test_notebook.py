"""The notebook's recipe is the naive pipeline, no more and no less."""

import pickle
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from roadworthy.data import Dataset
from roadworthy.errors import DataError, OutputError
from roadworthy.training.notebook import MODEL_FILE, VECTORIZER_FILE, save_pickles, train_notebook

DATA = Dataset.of(
    ["my order is late", "where is my order", "give me a refund", "refund now"], ["order", "order", "refund", "refund"]
)


def test_it_trains_what_a_notebook_would() -> None:
    trained = train_notebook(DATA)
    plain = make_pipeline(CountVectorizer(), LogisticRegression()).fit(DATA.texts, DATA.labels)
    assert trained.pipeline.predict_proba(DATA.texts).tolist() == plain.predict_proba(DATA.texts).tolist()
    assert trained.training_accuracy == plain.score(DATA.texts, DATA.labels) == 1


def test_its_accuracy_bears_an_interval() -> None:
    figure = train_notebook(DATA).training_figure
    assert (figure.value, figure.high, figure.n) == (1, 1, 4)
    assert figure.low is not None
    assert figure.low < 0.6


def test_both_pickles_are_saved_and_load(tmp_path: Path) -> None:
    trained = train_notebook(DATA)
    paths = save_pickles(trained, tmp_path / "new")
    assert [path.name for path in paths] == [VECTORIZER_FILE, MODEL_FILE]
    vectorizer, model = (pickle.loads(path.read_bytes()) for path in paths)
    assert model.predict(vectorizer.transform(DATA.texts)).tolist() == list(DATA.labels or ())
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [MODEL_FILE, VECTORIZER_FILE]


def test_a_place_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        save_pickles(train_notebook(DATA), tmp_path / "file")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (Dataset.of(["a word"]), "no labels"),
        (Dataset.of(["a word", "two words"], ["a", "a"]), "a single class"),
        (Dataset.of(["a", "? !"], ["a", "b"]), "no message holds a word of two letters or more"),
    ],
)
def test_data_that_teach_nothing_are_refused(data: Dataset, said: str) -> None:
    with pytest.raises(DataError, match=said):
        train_notebook(data)
