"""Small models and messages whose figures can be worked out by hand."""

import numpy as np
import pytest

from roadworthy.data import Dataset, Predictions
from roadworthy.inspection import Suite

LABELS = ("order", "refund")
WORDS = {"order": "parcel", "refund": "money"}


class Keyword:
    """Answers `refund` where "money" stands in the message, else `order`; flags what has neither keyword."""

    name = "keyword"
    classes = LABELS

    def __init__(self, *, guard=False):
        self.guard = guard
        self.asked = []

    def answer(self, texts):
        self.asked += texts
        known = np.array(["money" in text.lower() or "parcel" in text.lower() for text in texts])
        labels = np.array(["refund" if "money" in text.lower() else "order" for text in texts], dtype=object)
        return Predictions(labels, np.where(known, 0.9, 0.6), ~known & self.guard)


@pytest.fixture
def keyword():
    return Keyword()


@pytest.fixture
def guarded():
    return Keyword(guard=True)


def messages(n=20, name="clean"):
    """Half about parcels and half about money; every one has its keyword."""
    texts = [f"please tell me about the {WORDS[LABELS[i % 2]]} of our house number {i}" for i in range(n)]
    return Dataset.of(texts, [LABELS[i % 2] for i in range(n)], name=name)


@pytest.fixture
def clean():
    return messages()


@pytest.fixture
def many():
    return messages(400)


@pytest.fixture
def real():
    """Three right answers and one wrong one in scope, two messages out of scope."""
    return Dataset.of(
        ["wheres my parcel", "money back pls", "cash back pls", "parcel??", "are you a robot", "hi"],
        ["order", "refund", "refund", "order", "oos", "oos"],
        ["slang", "slang", "slang", "short", "chat", "chat"],
        name="real",
    )


@pytest.fixture
def small_suite():
    return Suite("small", ("casing", "clipped_words"), (3,))
