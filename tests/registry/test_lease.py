"""One at a time, whatever the order in which two processes get to the store."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import RefusedError, ReleaseError
from roadworthy.registry import lease as leases
from roadworthy.registry import promote
from roadworthy.registry import store as registry_store
from roadworthy.registry.lease import Lease, Ticket, lease, live_tickets
from roadworthy.registry.store import Registry, State

from .memory_store import MemoryClient, MemoryStore

SILENT: Callable[[str], None] = lambda _: None  # noqa: E731


def opened(store: MemoryStore, before: Callable[[str], None] = SILENT) -> Registry:
    return Registry(MemoryClient(store, before=before))  # type: ignore[arg-type]


@pytest.fixture
def store(memory: MemoryStore) -> MemoryStore:
    memory.add("intent", "1")
    return memory


class Turns:
    """Lets threads reach the store in a given order; when that is used up, as they come."""

    def __init__(self, order: list[int]) -> None:
        self._order = order
        self._changed = threading.Condition()
        self._ended: set[int] = set()

    def wait(self, me: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._mine(me), timeout=10)
            if self._order:
                self._order.pop(0)
            self._changed.notify_all()

    def end(self, me: int) -> None:
        with self._changed:
            self._ended.add(me)
            self._changed.notify_all()

    def _mine(self, me: int) -> bool:
        while self._order and self._order[0] in self._ended:
            self._order.pop(0)
        return not self._order or self._order[0] == me


def run_both(turns: Turns, work: Callable[[int], None]) -> None:
    def run(me: int) -> None:
        try:
            work(me)
        finally:
            turns.end(me)

    threads = [threading.Thread(target=run, args=(me,)) for me in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


ORDERS = st.lists(st.integers(0, 1), max_size=14)


@pytest.mark.usefixtures("memory")
@given(order=ORDERS)
@settings(max_examples=150)
def test_no_two_hold_it_in_whatever_order_they_reach_the_store(order: list[int]) -> None:
    store, turns = MemoryStore(), Turns(order)
    store.add("intent", "1")
    inside: list[int] = []
    held: list[int] = []

    def work(me: int) -> None:
        registry = opened(store, lambda _: turns.wait(me))
        with lease(registry, "intent", f"holder {me}", SILENT):
            inside.append(me)
            registry.read("intent")
            assert inside == [me]
            registry.read("intent")
            inside.remove(me)
            held.append(me)

    run_both(turns, work)
    assert sorted(held) == [0, 1]
    assert store.models["intent"].tags == {}


@pytest.mark.usefixtures("memory")
@given(order=ORDERS)
@settings(max_examples=150)
def test_of_two_simultaneous_promotions_one_is_asked_to_inspect_again(order: list[int]) -> None:
    store, turns = MemoryStore(), Turns(order)
    store.add("intent", "1", "2", "3", champion="1")
    for version in ("2", "3"):
        store.inspect("intent", version, champion="1")
    ended: dict[int, str] = {}
    here = threading.local()

    def work(me: int) -> None:
        here.client = MemoryClient(store, before=lambda _: turns.wait(me))
        try:
            ended[me] = str(promote("intent", str(me + 2)).version)
        except RefusedError as error:
            ended[me] = str(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry_store, "open_client", lambda _: here.client)
        run_both(turns, work)
    champion = store.models["intent"].aliases["champion"]
    first, second = sorted(ended.values(), key=len)
    assert first == champion
    assert f"compared with version 1, and the champion is version {champion}" in second


def test_it_is_given_back_after_an_error(store: MemoryStore) -> None:
    with pytest.raises(KeyError), lease(opened(store), "intent", "jo", SILENT):
        raise KeyError
    assert store.models["intent"].tags == {}


def test_a_store_that_is_away_at_the_end_hides_nothing(store: MemoryStore) -> None:
    def fail(call: str) -> None:
        if call == "delete_registered_model_tag":
            raise ConnectionError

    with pytest.raises(KeyError), lease(opened(store, fail), "intent", "jo", SILENT):
        raise KeyError


def test_who_holds_it_and_until_when_is_said(store: MemoryStore) -> None:
    told: list[str] = []
    with lease(opened(store), "intent", "jo on desk", SILENT) as held:
        said = "intent: jo on desk is releasing it, until "
        with (
            pytest.raises(ReleaseError, match=said) as caught,
            lease(opened(store), "intent", "sam", told.append, patience=0.05),
        ):
            pytest.fail("two hold it")
        assert held.ticket.until.astimezone().isoformat(sep=" ", timespec="seconds") in str(caught.value)
    assert told == ["waiting for jo on desk"]
    assert store.models["intent"].tags == {}


def test_who_waits_is_told_once(store: MemoryStore) -> None:
    told: list[str] = []
    key = leases.PREFIX + "other"
    store.models["intent"].tags[key] = Ticket(
        holder="jo", until=datetime.now(UTC) + timedelta(seconds=60)
    ).model_dump_json()
    reads = 0

    def disturb(call: str) -> None:
        nonlocal reads
        reads += call == "get_registered_model"
        # Free for a moment, and taken again before the ticket is written.
        if reads == 2:
            store.models["intent"].tags[key] = store.models["intent"].tags[key].replace("20", "10", 1)
        if reads == 2 and call == "set_registered_model_tag":
            store.models["intent"].tags[key] = store.models["intent"].tags[key].replace("10", "20", 1)
        if reads == 5:
            store.models["intent"].tags.pop(key, None)

    with lease(opened(store, disturb), "intent", "sam", told.append):
        pass
    assert told == ["waiting for jo"]


def test_one_that_ran_out_is_removed(store: MemoryStore) -> None:
    past = Ticket(holder="jo", until=datetime.now(UTC) - timedelta(seconds=1)).model_dump_json()
    store.models["intent"].tags.update({leases.PREFIX + "a": past, leases.PREFIX + "b": "no ticket", "owner": "desk"})
    with lease(opened(store), "intent", "sam", SILENT):
        assert [key for key in store.models["intent"].tags if key.endswith((".a", ".b"))] == []
    assert store.models["intent"].tags == {"owner": "desk"}


def test_a_ticket_that_another_one_took_away_does_not_count(store: MemoryStore) -> None:
    def take_away(call: str) -> None:
        if call == "get_registered_model":
            store.models["intent"].tags.clear()

    with (
        pytest.raises(ReleaseError, match="too many want to release it at once"),
        lease(opened(store, take_away), "intent", "jo", SILENT, patience=0),
    ):
        pytest.fail("it is not held")


def test_little_time_left_is_too_little() -> None:
    state = State("intent", {}, {})
    soon = datetime.now(UTC) + timedelta(seconds=leases.SECONDS / 2 - 1)
    with pytest.raises(ReleaseError, match="too slowly to move the champion safely"):
        Lease(Ticket(holder="jo", until=soon), state).require_time()
    Lease(Ticket(holder="jo", until=soon + timedelta(seconds=60)), state).require_time()


def test_tickets_that_cannot_be_read_do_not_count() -> None:
    assert live_tickets({leases.PREFIX + "a": "{}", "owner": "desk"}) == []
