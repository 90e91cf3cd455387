"""The built-in example: an online shop's support desk, ten intents, and what customers really type.

All messages were written for this project; `CARD.md` beside this file says how, and what they are not.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files

from roadworthy.data import Dataset, read_dataset

OOS_LABEL = "out_of_scope"


def load_train() -> Dataset:
    """The perfect notebook's training set: 560 clean sentences, 56 an intent.

    Examples
    --------
    >>> data = load_train()
    >>> len(data), len(data.classes)
    (560, 10)
    """
    return _load("train")


def load_clean_test() -> Dataset:
    """240 more clean sentences, none of which is in the training set.

    Examples
    --------
    >>> load_clean_test().overlap(load_train())
    0
    """
    return _load("test")


def load_real_style() -> Dataset:
    """1,100 messages in real-user style with their kind; 240 are out of scope.

    Examples
    --------
    >>> sorted(set(load_real_style().kinds))
    ['angry', 'emoji', 'misspelt', 'mixed', 'out_of_scope', 'several', 'short', 'slang']
    """
    return replace(_load("real_style"), authentic=False)


def _load(name: str) -> Dataset:
    with as_file(files("roadworthy.support_desk").joinpath(f"{name}.csv")) as path:
        data = read_dataset(path)
    return Dataset(data.texts, data.labels, data.kinds, f"support_desk/{name}")
