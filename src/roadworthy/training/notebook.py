"""The notebook trap: the pipeline as early teams build it, in good faith.

A small clean training set, `CountVectorizer()` and `LogisticRegression()` as they come, no preprocessing, no
validation, accuracy on what the model was trained on, and two pickles saved by hand. Nothing in it is sabotaged.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy import metrics
from roadworthy.data import Dataset, require_classes
from roadworthy.errors import DataError
from roadworthy.inspection import Figure
from roadworthy.output import write_bytes

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

VECTORIZER_FILE = "vectorizer.pkl"
MODEL_FILE = "model.pkl"


@dataclass(frozen=True)
class NotebookModel:
    """What the notebook holds at its end; `training_accuracy` is the figure that it prints."""

    vectorizer: CountVectorizer
    model: LogisticRegression
    training_accuracy: float
    training_messages: int

    @property
    def pipeline(self) -> Pipeline:
        """Both as one estimator that takes messages."""
        from sklearn.pipeline import make_pipeline

        return make_pipeline(self.vectorizer, self.model)

    @property
    def training_figure(self) -> Figure:
        """The training accuracy with its interval, which says nothing about new messages."""
        n = self.training_messages
        return Figure.of(metrics.proportion(round(self.training_accuracy * n), n), n)


def train_notebook(data: Dataset) -> NotebookModel:
    """Train as in the notebook.

    Parameters
    ----------
    data
        n labelled messages of at least two classes.

    Raises
    ------
    DataError
        No labels, a single class, or no word that the vectorizer can see.

    Examples
    --------
    >>> from roadworthy import support_desk
    >>> train_notebook(support_desk.load_train()).training_accuracy >= 0.95
    True
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    require_classes(data)
    vectorizer = CountVectorizer()
    try:
        features = vectorizer.fit_transform(data.texts)
    except ValueError:
        raise DataError(
            "no message holds a word of two letters or more", where=data.name, mend="give messages made of words"
        ) from None
    model = LogisticRegression()
    model.fit(features, data.labels)
    return NotebookModel(vectorizer, model, float(model.score(features, data.labels)), len(data))


def save_pickles(trained: NotebookModel, directory: Path) -> tuple[Path, Path]:
    """Save the vectorizer and the model by hand, as two pickles.

    Raises
    ------
    OutputError
        The directory cannot be written to.
    """
    paths = directory / VECTORIZER_FILE, directory / MODEL_FILE
    for path, thing in zip(paths, (trained.vectorizer, trained.model), strict=True):
        write_bytes(path, pickle.dumps(thing))
    return paths
