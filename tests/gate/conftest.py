"""A good inspection of few messages, and ways to change single figures of it."""

import pytest

from roadworthy.data import Dataset
from roadworthy.inspection import Figure, Inspection, Suite, inspect
from roadworthy.metrics import paired_difference, proportion

LABELS = ("order", "refund")
WORDS = {"order": "parcel", "refund": "money"}
FAMILIES = ("typos", "punctuation")


def keyword(texts):
    """Never wrong about clean messages, and not troubled by noise in single words."""
    return [("refund" if "m" in text.split()[0].lower() else "order", 0.9) for text in texts]


def messages(n, name="clean"):
    texts = [f"{'money' if i % 2 else 'about'} {i} is what I would like to ask about today" for i in range(n)]
    return Dataset.of(texts, [LABELS[i % 2] for i in range(n)], name=name)


def share(k, n):
    return Figure.of(proportion(k, n), n)


def change(lost, gained, n):
    """A paired change in accuracy: so many of n messages lost, so many gained, the rest right both times."""
    import numpy as np

    before = np.array([True] * (n - gained) + [False] * gained)
    after = np.array([False] * lost + [True] * (n - lost))
    return Figure.of(paired_difference(before, after), n)


def changed(inspection: Inspection, key: str, **figures) -> Inspection:
    """The inspection with other figures in one group."""
    groups = tuple(g.model_copy(update=figures) if g.key == key else g for g in inspection.groups)
    return inspection.model_copy(update={"groups": groups})


@pytest.fixture(scope="session")
def good() -> Inspection:
    """240 clean and 240 real messages, two families, severity 3: everything is kept."""
    found = inspect(keyword, messages(240), real=messages(240, "real"), suite=Suite("two", FAMILIES, (1, 3)))
    for key in ("typos/3", "punctuation/3", "typos/1", "punctuation/1"):
        found = changed(found, key, difference=change(2, 0, 230), changed=share(230, 240))
    return found.model_copy(update={"examples": (), "evidence": ()})
