"""A registry in memory in place of MLflow's, and the state of a model in it."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest

from roadworthy.registry import lease
from roadworthy.registry import store as registry_store
from roadworthy.registry.store import Registry, State

from .memory_store import MemoryClient, MemoryStore


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """An empty store; `connect` puts another client in its place."""
    store = MemoryStore()
    monkeypatch.setattr(registry_store, "quietly", nullcontext)
    monkeypatch.setattr(registry_store, "open_client", lambda _: MemoryClient(store))
    monkeypatch.setattr(lease, "_PAUSES", (0.0, 0.001))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "jo")
    return store


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[[MemoryClient], None]:
    return lambda client: monkeypatch.setattr(registry_store, "open_client", lambda _: client)


@pytest.fixture
def state(memory: MemoryStore) -> Callable[[], State]:
    """What the store holds of the model intent."""
    return lambda: Registry(MemoryClient(memory)).read("intent")  # type: ignore[arg-type]
