"""Two small models, messages whose figures can be worked out by hand, and facts of runs."""

from datetime import UTC, datetime

import numpy as np
import pytest

from roadworthy.comparison.runs import DataFacts, RunFacts
from roadworthy.data import Dataset, Predictions
from roadworthy.inspection import Suite

LABELS = ("order", "refund")


class Keyword:
    """Answers `refund` where one of its words stands in the message, else `order`; flags what it is told to."""

    classes = LABELS

    def __init__(self, *words, name="keyword", flags=(), classes=LABELS):
        self.words, self.name, self.flags, self.classes = words, name, flags, classes
        self.asked = []

    def answer(self, texts):
        self.asked += texts
        labels = ["refund" if any(word in text.lower() for word in self.words) else "order" for text in texts]
        flagged = np.array([any(word in text for word in self.flags) for text in texts], dtype=bool)
        return Predictions(np.array(labels, dtype=object), np.linspace(0.5, 0.9, len(texts)), flagged)


def messages(n=40, name="clean"):
    """Half about parcels; of the others every second one says money, and the rest say cash."""
    texts = []
    for i in range(n):
        word = "parcel" if i % 2 == 0 else "money" if i % 4 == 1 else "cash"
        texts.append(f"please tell me about the {word} of our house number {i}")
    return Dataset.of(texts, [LABELS[i % 2] for i in range(n)], name=name)


@pytest.fixture
def clean():
    return messages()


@pytest.fixture
def real():
    """Four messages in scope and one that is not."""
    return Dataset.of(
        ["wheres my parcel", "money back pls", "cash back pls", "need cash now", "are you a robot"],
        ["order", "refund", "refund", "refund", "oos"],
        ["slang", "slang", "slang", "short", "chat"],
        name="real",
    )


@pytest.fixture
def whole():
    return Keyword("money", "cash", name="whole")


@pytest.fixture
def half():
    """Knows only one of the two words for money."""
    return Keyword("money", name="half")


@pytest.fixture
def suite():
    return Suite("small", ("casing", "clipped_words"), (1, 3))


@pytest.fixture
def facts():
    """How a model was made."""
    return RunFacts(
        run_id="a" * 32,
        name="training notebook",
        started=datetime(2026, 3, 1, 10, tzinfo=UTC),
        recipe="notebook",
        options={"recipe": "notebook", "out": "model", "data": "train.csv"},
        parameters={"recipe": "notebook", "vectorizer": "CountVectorizer"},
        data=DataFacts(name="train.csv", n=40, sha256="1" * 64, labels={"order": 20, "refund": 20}),
        python="3.12.1",
        platform="Linux x86_64",
        packages={"numpy": "2.0.0", "scipy": "1.14.0"},
        commit="c" * 40,
        dirty=False,
        model="models:/m-1",
    )
