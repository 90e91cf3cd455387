from typing import Any

import pytest

from roadworthy import support_desk
from roadworthy.data import Dataset


@pytest.fixture(scope="session")
def training() -> Dataset:
    return support_desk.load_train().sample(120)


@pytest.fixture(scope="session")
def hardened(training: Dataset) -> Any:
    """Train an artifact once, for every test that only reads it."""
    from roadworthy.training.hardened import train_hardened

    return train_hardened(training, flag_rate=0.2)
