"""What was deployed when; and what is found open, or moved by something else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from roadworthy.errors import TrackingError
from roadworthy.registry import deployed, history, promote, rollback
from roadworthy.registry.journal import PREFIX
from roadworthy.registry.lease import Ticket
from roadworthy.registry.store import State

from .memory_store import MemoryClient, MemoryStore, StoreError

ReadState = Callable[[], State]
Connect = Callable[[MemoryClient], None]


@pytest.fixture
def released(memory: MemoryStore) -> MemoryStore:
    """Version 1 was the champion for a day, then version 2 was."""
    memory.add("intent", "1", "2")
    memory.inspect("intent", "1")
    memory.inspect("intent", "2", champion="1")
    first = promote("intent", "1")
    promote("intent", "2")
    yesterday = first.since - timedelta(days=1)
    earlier = first.model_copy(update={"at": yesterday, "live": yesterday})
    memory.models["intent"].tags[first.key] = earlier.written()
    return memory


@pytest.mark.usefixtures("released")
def test_now_and_then() -> None:
    now = deployed("intent")
    assert now is not None
    assert (now.name, now.version, now.run, now.until, now.ended) == ("intent", "2", "trained2", None, None)
    assert (now.entry.by, now.entry.inspection) == ("jo", "run1")
    then = deployed("intent", datetime.now(UTC) - timedelta(hours=6))
    assert then is not None
    assert (then.version, then.run, then.until) == ("1", None, now.since)
    assert then.ended == now.entry
    assert deployed("intent", datetime.now(UTC) - timedelta(days=2)) is None


def test_a_version_that_was_deleted_since(released: MemoryStore) -> None:
    del released.models["intent"].versions["2"]
    found = deployed("intent")
    assert found is not None
    assert (found.version, found.run) == ("2", None)


def test_nothing_yet(memory: MemoryStore) -> None:
    memory.add("intent", "1")
    assert deployed("intent") is None
    assert history("intent") == ()


def test_an_alias_that_something_else_moved_is_noted_once(released: MemoryStore) -> None:
    released.add("intent", "3", champion="3")
    told: list[str] = []
    for _ in range(2):
        found = deployed("intent", tell=told.append)
        assert found is not None
        assert (found.version, found.entry.kind, found.entry.before) == ("3", "outside", "2")
    assert told == ["intent: the alias champion was moved to version 3 outside roadworthy; noted in the journal"]
    assert rollback("intent").version == "2"


def test_an_alias_that_something_else_took_away_is_noted_too(released: MemoryStore) -> None:
    del released.models["intent"].aliases["champion"]
    told: list[str] = []
    assert deployed("intent", tell=told.append) is None
    assert told == ["intent: the alias champion was moved away outside roadworthy; noted in the journal"]
    assert rollback("intent").version == "2"


def test_who_may_only_read_is_answered_all_the_same(released: MemoryStore, connect: Connect) -> None:
    released.add("intent", "3", champion="3")

    def refuse(call: str) -> None:
        if call.startswith("set_"):
            raise StoreError("read only", "PERMISSION_DENIED")

    connect(MemoryClient(released, before=refuse))
    told: list[str] = []
    found = deployed("intent", tell=told.append)
    assert found is not None
    assert found.version == "2"
    assert "the journal is read as it is" in told[0]
    assert "read only" in told[0]


def test_a_promotion_that_is_under_way_is_left_alone(released: MemoryStore, state: ReadState) -> None:
    [*_, last] = history("intent")
    released.models["intent"].tags[last.key] = last.model_copy(update={"state": "started"}).written()
    ticket = Ticket(holder="sam", until=datetime.now(UTC) + timedelta(seconds=60)).model_dump_json()
    released.models["intent"].tags["roadworthy.lease.other"] = ticket
    told: list[str] = []
    found = deployed("intent", tell=told.append)
    assert found is not None
    assert found.version == "1"
    assert "sam is releasing it" in told[-1]
    assert len(state().journal.open) == 1


def test_an_entry_that_cannot_be_read_is_told(released: MemoryStore) -> None:
    released.models["intent"].tags[PREFIX + "x"] = "scribble"
    told: list[str] = []
    rollback("intent", tell=told.append)
    assert told == [f"intent: the entry {PREFIX}x of the journal cannot be read and is left out"]


def test_a_store_that_refuses_is_one_line(released: MemoryStore, connect: Connect) -> None:
    def refuse(call: str) -> None:
        if call == "get_model_version":
            raise StoreError("no\nway", "PERMISSION_DENIED")

    connect(MemoryClient(released, before=refuse))
    with pytest.raises(TrackingError, match="no way"):
        deployed("intent")
