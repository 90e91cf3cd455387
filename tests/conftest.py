"""Settings of the whole test suite, and what is made once for all of it."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings

# A busy machine is no bug: what a law takes in time is measured by the tests of linear time, not by a deadline.
# What make test runs is the same each time; make test-all looks further.
few = {"deadline": None, "suppress_health_check": [HealthCheck.filter_too_much, HealthCheck.too_slow]}
settings.register_profile("quick", **few, max_examples=30, derandomize=True)
settings.register_profile("thorough", **few, max_examples=200)
settings.load_profile("quick")

_MEASURED_ELSEWHERE = ("test_docs.py", "test_golden.py", "test_golden_profiles.py", "test_conformance.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Measure no coverage where it only costs: of laws, which run the same lines again and again, and from outside."""
    is_law = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    elsewhere = "e2e" in item.path.parts or item.path.name in _MEASURED_ELSEWHERE
    with unmeasured() if is_law or elsewhere else nullcontext():
        return (yield)


_stopped: list[Coverage] = []


@contextmanager
def unmeasured() -> Iterator[None]:
    """Measure no coverage meanwhile."""
    measuring = Coverage.current()
    if measuring is None or _stopped:
        yield
        return
    measuring.stop()
    _stopped.append(measuring)
    try:
        yield
    finally:
        _stopped.pop().start()


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Makes a folder once for all workers that the tests are spread over; the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def once(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = base / f"shared-{name}", base / f"shared-{name}.done"
        with (base / f"shared-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                folder.mkdir()
                with unmeasured():
                    make(folder)
                done.touch()
        return folder

    return once


@pytest.fixture(scope="session")
def models(shared) -> Path:
    """A folder with `hardened`, another `hardened` of fewer messages in `other`, and the two pickles in `naive`."""
    from roadworthy import support_desk
    from roadworthy.training.hardened import train_hardened
    from roadworthy.training.notebook import save_pickles, train_notebook

    def train(folder: Path) -> None:
        data = support_desk.load_train()
        train_hardened(data).save(folder / "hardened")
        train_hardened(data.sample(300, seed=1)).save(folder / "other")
        save_pickles(train_notebook(data), folder / "naive")

    return shared("models", train)


@pytest.fixture(scope="session")
def empty_store(shared) -> Path:
    """An MLflow store that holds nothing yet, to be copied: its schema takes seconds."""
    from roadworthy.mlflow_store import open_client, quietly

    def make(folder: Path) -> None:
        with quietly():
            open_client(f"sqlite:///{folder / 'mlflow.db'}", create=True)

    return shared("store", make) / "mlflow.db"
