"""One small trained artifact for all tests of models: training it takes seconds."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from roadworthy import support_desk
from roadworthy.data import Dataset
from roadworthy.models import choosing
from roadworthy.models.artifact import Artifact
from roadworthy.training.hardened import train_hardened


class Letters:
    """An encoder that needs no package: which words a message holds, in 16 numbers."""

    name, dimension = "letters", 16

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[zlib.crc32(word.encode("utf-8", "replace")) % self.dimension] += 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


@pytest.fixture(scope="session")
def letters() -> Letters:
    """An encoder of 16 numbers a message."""
    return Letters()


@pytest.fixture(scope="session")
def messages() -> Dataset:
    """150 labelled messages of ten classes."""
    return support_desk.load_train().sample(150)


@pytest.fixture(scope="session")
def trained(messages: Dataset) -> Artifact:
    """A hardened model of these messages with its guard; no test may change it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "REPEATS", 1)
        return train_hardened(messages)


@pytest.fixture(scope="session")
def saved(trained: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that artifact; a test that changes something copies it first."""
    return trained.save(tmp_path_factory.mktemp("artifacts") / "desk")
