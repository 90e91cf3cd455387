"""Promotion through the gate, and the way back."""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest

from roadworthy.errors import MissingExtraError, RefusedError, ReleaseError, TrackingError
from roadworthy.registry import deployed, history, promote, release, rollback, try_promotion
from roadworthy.registry import store as registry_store
from roadworthy.registry.store import State

from .memory_store import Killed, MemoryClient, MemoryStore, StoreError

ReadState = Callable[[], State]
Connect = Callable[[MemoryClient], None]


def released(memory: MemoryStore, *versions: str) -> None:
    """Promote versions one after the other, each inspected against the one before."""
    memory.add("intent", *versions)
    for before, version in zip(("", *versions), versions, strict=False):
        memory.inspect("intent", version, champion=before)
        promote("intent", version)


def test_a_version_that_passed_becomes_the_champion(memory: MemoryStore, state: ReadState) -> None:
    memory.add("intent", "1", "2", challenger="2")
    run = memory.inspect("intent", "2")
    entry = promote("intent", "challenger")
    assert (entry.kind, entry.state, entry.before, entry.version) == ("promote", "done", None, "2")
    assert (entry.by, entry.inspection, entry.forced) == ("jo", run, False)
    assert state().aliases == {"champion": "2"}
    assert memory.models["intent"].versions["2"]["roadworthy.promoted"].endswith(f"by jo; inspection {run}")
    assert history("intent") == (entry,)


def test_no_lease_is_left(memory: MemoryStore, state: ReadState) -> None:
    released(memory, "1", "2")
    assert all(key.startswith("roadworthy.journal.") for key in state().tags)


def test_the_journal_is_json_that_others_can_read(memory: MemoryStore, state: ReadState) -> None:
    released(memory, "1")
    [written] = state().tags.values()
    found = json.loads(written)
    assert (found["kind"], found["from"], found["to"], found["by"]) == ("promote", None, "1", "jo")
    assert (found["state"], found["forced"], found["inspection"]) == ("done", False, "run0")


AGAIN = "inspect it again: roadworthy inspect models:/intent/2 CLEAN --gate"
LAX = "min_accuracy 0.01 (default 0.80)"
REPORT = "the report is in run run1"


@pytest.mark.parametrize(
    ("inspection", "said", "mend"),
    [
        (None, "it was not inspected", "inspect it: roadworthy inspect models:/intent/2 CLEAN --gate"),
        ({"gate": None}, "it was inspected without the gate", AGAIN),
        ({"gate": "fail", "roadworthy__gate_reason": "accuracy 0.4"}, "the gate failed: accuracy 0.4", REPORT),
        (
            {"gate": "not enough data"},
            "the gate had not enough data",
            "inspect it on more messages: roadworthy inspect models:/intent/2 CLEAN --gate",
        ),
        (
            {"gate": "refused", "roadworthy__gate_reason": "clean.csv: no rows"},
            "the gate refused it, for it could not be inspected: clean.csv: no rows",
            AGAIN,
        ),
        ({"gate": "perhaps"}, "the gate said 'perhaps'", AGAIN),
        ({}, "it was compared with no champion, and the champion is version 1", AGAIN),
        ({"champion": "7"}, "it was compared with version 7, and the champion is version 1", AGAIN),
        (
            {"champion": "1", "roadworthy__comparison": "worse"},
            "it is worse than the champion, version 1",
            REPORT,
        ),
    ],
)
def test_an_inspection_that_is_against_it_stops_it(
    memory: MemoryStore, state: ReadState, inspection: dict[str, str] | None, said: str, mend: str
) -> None:
    released(memory, "1")
    memory.add("intent", "2")
    if inspection is not None:
        memory.inspect("intent", "2", **inspection)  # type: ignore[arg-type]
    with pytest.raises(RefusedError) as caught:
        promote("intent", "2")
    assert str(caught.value) == f"intent: version 2 is not promoted: {said}; {mend}"
    assert state().champion == "1"
    assert (history("intent")[-1].kind, history("intent")[-1].reason) == ("reject", said)
    assert said in memory.models["intent"].versions["2"]["roadworthy.rejected"]


def test_a_long_reason_of_the_gate_is_cut_to_a_line(memory: MemoryStore) -> None:
    memory.add("intent", "1")
    memory.inspect("intent", "1", gate="fail", roadworthy__gate_reason="no " * 900)
    with pytest.raises(RefusedError) as caught:
        promote("intent", "1")
    assert len(str(caught.value)) < 320


def test_without_a_champion_a_comparison_with_one_does_not_count(memory: MemoryStore) -> None:
    memory.add("intent", "1")
    memory.inspect("intent", "1", champion="7")
    with pytest.raises(RefusedError, match="compared with version 7, and there is no champion"):
        promote("intent", "1")


def test_only_the_newest_inspection_counts(memory: MemoryStore) -> None:
    memory.add("intent", "1")
    memory.inspect("intent", "1", gate="pass")
    memory.inspect("intent", "1", gate="fail")
    with pytest.raises(RefusedError, match="the gate failed"):
        promote("intent", "1")


@pytest.mark.parametrize("status", ["FAILED", "RUNNING", "KILLED"])
def test_what_the_gate_did_not_let_through_counts_however_its_run_ended(memory: MemoryStore, status: str) -> None:
    memory.add("intent", "1")
    memory.inspect("intent", "1")
    memory.inspect("intent", "1", gate="fail", status=status)
    with pytest.raises(RefusedError, match="the gate failed"):
        promote("intent", "1")


@pytest.mark.parametrize("gate", ["pass", None])
def test_a_pass_that_was_not_written_to_its_end_does_not_count(memory: MemoryStore, gate: str | None) -> None:
    memory.add("intent", "1")
    memory.inspect("intent", "1", gate=gate, status="FAILED")
    with pytest.raises(RefusedError, match="it was not inspected"):
        promote("intent", "1")


def test_what_was_inspected_before_a_rollback_does_not_count_after_it(memory: MemoryStore, state: ReadState) -> None:
    released(memory, "1", "2")
    back = rollback("intent", reason="users complain")
    with pytest.raises(RefusedError) as caught:
        promote("intent", "2")
    when = back.since.isoformat(timespec="seconds")
    assert str(caught.value) == (
        f"intent: version 2 is not promoted: it was rolled back after its newest inspection, on {when} by jo, back to "
        f"version 1: users complain; {AGAIN}"
    )
    assert state().champion == "1"
    again = memory.inspect("intent", "2", champion="1")
    assert promote("intent", "2").inspection == again
    rollback("intent")
    with pytest.raises(RefusedError, match="by jo, back to version 1; inspect it again"):
        promote("intent", "2")


def test_after_a_rollback_even_a_worse_one_is_to_be_inspected_again(memory: MemoryStore) -> None:
    memory.add("intent", "1", "2")
    memory.inspect("intent", "1")
    promote("intent", "1")
    memory.inspect("intent", "2", champion="1", roadworthy__comparison="worse")
    promote("intent", "2", force_reason="a test")
    rollback("intent")
    with pytest.raises(RefusedError, match=f"it was rolled back after.*; {AGAIN}"):
        promote("intent", "2")
    assert promote("intent", "2", force_reason="a test").forced


def test_the_rollback_of_one_version_says_nothing_of_another(memory: MemoryStore) -> None:
    released(memory, "1", "2")
    memory.add("intent", "3")
    memory.inspect("intent", "3", champion="1")
    rollback("intent")
    assert not promote("intent", "3").forced


def test_the_bounds_of_the_gate_are_kept_with_every_move(memory: MemoryStore) -> None:
    memory.add("intent", "1", "2", "3")
    memory.inspect("intent", "1", roadworthy__gate_bounds=LAX)
    assert promote("intent", "1").bounds == LAX
    memory.inspect("intent", "2", champion="1", roadworthy__gate_bounds="")
    assert promote("intent", "2").bounds is None
    assert rollback("intent").bounds == LAX
    memory.inspect("intent", "3", gate="fail", champion="1", roadworthy__gate_bounds=LAX)
    with pytest.raises(RefusedError):
        promote("intent", "3")
    assert [entry.bounds for entry in history("intent")] == [LAX, None, LAX, LAX]


def test_looking_again_without_the_gate_takes_nothing_back(memory: MemoryStore) -> None:
    memory.add("intent", "1")
    passed = memory.inspect("intent", "1")
    for _ in range(3):
        memory.inspect("intent", "1", gate=None)
    assert promote("intent", "1").inspection == passed


def test_inspections_of_other_models_and_runs_of_families_do_not_count(memory: MemoryStore) -> None:
    memory.add("intent", "1")
    memory.inspect("other", "1")
    memory.inspect("intent", "1", mlflow__parentRunId="run")
    with pytest.raises(RefusedError, match="it was not inspected"):
        promote("intent", "1")


def test_force_is_remembered_with_its_reason(memory: MemoryStore, state: ReadState) -> None:
    released(memory, "1")
    memory.add("intent", "2")
    memory.inspect("intent", "2", gate="fail", champion="1")
    entry = promote("intent", "2", force_reason="the shop\nopens  today", by="sam")
    assert (entry.forced, entry.despite, entry.reason, entry.by) == (
        True,
        "the gate failed",
        "the shop opens today",
        "sam",
    )
    assert state().champion == "2"
    note = memory.models["intent"].versions["2"]["roadworthy.promoted"]
    assert note.endswith("forced, although the gate failed; the shop opens today")


def test_force_where_nothing_is_against_it_forces_nothing(memory: MemoryStore) -> None:
    memory.add("intent", "1")
    memory.inspect("intent", "1")
    assert not promote("intent", "1", force_reason="just in case").forced


def test_a_reason_must_say_something_and_is_kept_short(memory: MemoryStore) -> None:
    memory.add("intent", "1")
    with pytest.raises(ReleaseError, match="the reason is empty"):
        promote("intent", "1", force_reason=" \n")
    assert len(promote("intent", "1", force_reason="x" * 9_000).reason or "") == 500


def test_promoting_the_champion_again_changes_nothing(memory: MemoryStore) -> None:
    released(memory, "1", "2")
    before = history("intent")
    assert promote("intent", "2") == before[-1]
    assert try_promotion("intent", "2", force_reason="a test") == (before[-1], False)
    assert history("intent") == before


def test_a_challenger_that_was_promoted_is_the_champion_already(memory: MemoryStore) -> None:
    memory.add("intent", "1", "2", challenger="1")
    memory.inspect("intent", "1")
    assert try_promotion("intent", "challenger").changed
    before = history("intent")
    assert try_promotion("intent", "@challenger") == (before[-1], False)
    assert history("intent") == before
    memory.add("intent", challenger="2")
    with pytest.raises(RefusedError, match="version 2 is not promoted: it was not inspected"):
        promote("intent", "challenger")


def test_after_a_rollback_there_is_no_challenger_that_was_promoted(memory: MemoryStore) -> None:
    released(memory, "1", "2")
    rollback("intent")
    with pytest.raises(ReleaseError, match="no version 'challenger'"):
        promote("intent", "challenger")


@pytest.mark.parametrize("given", ["9", "nobody", "@nobody"])
def test_a_version_that_is_not_there(memory: MemoryStore, given: str) -> None:
    memory.add("intent", "1")
    with pytest.raises(ReleaseError, match=f"intent: no version '{given}'; give a number, or an alias"):
        promote("intent", given)


def test_a_model_that_is_not_there(memory: MemoryStore) -> None:
    for command in (lambda: promote("none", "1"), lambda: rollback("none"), lambda: deployed("none")):
        with pytest.raises(ReleaseError, match="none: no such registered model; register one"):
            command()


def test_rolling_back_goes_step_by_step(memory: MemoryStore, state: ReadState) -> None:
    released(memory, "1", "2", "3")
    entry = rollback("intent", reason="users complain")
    assert (entry.kind, entry.before, entry.version, entry.reason) == ("rollback", "3", "2", "users complain")
    assert (
        memory.models["intent"]
        .versions["3"]["roadworthy.rolled_back"]
        .endswith("by jo; users complain; back to version 2")
    )
    assert (rollback("intent").version, state().champion) == ("1", "1")
    with pytest.raises(ReleaseError, match="intent: there is no version to roll back to"):
        rollback("intent")


def test_rolling_back_takes_few_calls(memory: MemoryStore, connect: Connect) -> None:
    released(memory, "1", "2", "3")
    calls: list[str] = []
    connect(MemoryClient(memory, before=calls.append))
    rollback("intent")
    assert len(calls) <= 8
    assert calls.count("set_registered_model_alias") == 1


def test_a_deleted_version_is_passed_over(memory: MemoryStore, state: ReadState) -> None:
    released(memory, "1", "2", "3")
    del memory.models["intent"].versions["2"]
    told: list[str] = []
    assert rollback("intent", tell=told.append).version == "1"
    assert told == ["intent: version 2 was deleted; trying the one before"]
    assert [entry.state for entry in history("intent")[-2:]] == ["undone", "done"]


def test_after_a_rollback_from_a_deleted_version(memory: MemoryStore, state: ReadState) -> None:
    released(memory, "1", "2")
    del memory.models["intent"].versions["2"]
    rollback("intent")
    assert state().champion == "1"


def test_the_champion_is_not_moved_when_the_lease_runs_out(
    memory: MemoryStore, state: ReadState, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.add("intent", "1")
    memory.inspect("intent", "1")

    def late(_: object) -> None:
        raise ReleaseError("the store answers too slowly")

    monkeypatch.setattr(release.Lease, "require_time", late)
    with pytest.raises(ReleaseError, match="too slowly"):
        promote("intent", "1")
    assert state().champion is None
    assert [entry.state for entry in history("intent")] == ["undone"]


def test_a_call_whose_end_is_unknown_is_left_to_the_next_command(
    memory: MemoryStore, connect: Connect, state: ReadState
) -> None:
    memory.add("intent", "1")
    memory.inspect("intent", "1")

    def lost(call: str) -> None:
        if call == "set_registered_model_alias":
            raise StoreError("no answer", "INTERNAL_ERROR")

    connect(MemoryClient(memory, after=lost))
    with pytest.raises(TrackingError, match="finished or undone by the next command"):
        promote("intent", "1")
    connect(MemoryClient(memory))
    told: list[str] = []
    assert deployed("intent", tell=told.append).version == "1"  # type: ignore[union-attr]
    assert told == ["intent: finished what was interrupted: version 1, promoted by jo"]


@pytest.mark.parametrize(
    "method", ["get_registered_model", "get_model_version", "set_model_version_tag", "set_registered_model_alias"]
)
def test_whatever_the_store_refuses_is_one_line(memory: MemoryStore, connect: Connect, method: str) -> None:
    memory.add("intent", "1")
    memory.inspect("intent", "1")

    def refuse(call: str) -> None:
        if call == method:
            raise StoreError("no\nway", "PERMISSION_DENIED")

    connect(MemoryClient(memory, before=refuse))
    with pytest.raises(TrackingError, match="mlflow.example: .*no way"):
        promote("intent", "1")


def test_mlflow_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise MissingExtraError("tracking", extra="mlflow")

    monkeypatch.setattr(registry_store, "require_mlflow", missing)
    with pytest.raises(MissingExtraError):
        promote("intent", "1")


def test_without_a_user_name_it_is_unknown(memory: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid")

    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    monkeypatch.setattr(registry_store.getpass, "getuser", nobody)
    released(memory, "1")
    assert history("intent")[0].by == "unknown"


def killed_at(memory: MemoryStore, number: int, when: str) -> MemoryClient:
    """A client that is dead from its call of this number on: before that took effect, or after."""
    calls = 0

    def count(_: str) -> None:
        nonlocal calls
        calls += 1
        if calls > number or (calls == number and when == "before"):
            raise Killed

    def die(_: str) -> None:
        if calls >= number:
            raise Killed

    return MemoryClient(memory, before=count, after=die)


def calls_of(memory: MemoryStore, connect: Connect, command: Callable[[], object]) -> int:
    calls: list[str] = []
    connect(MemoryClient(memory, before=calls.append))
    with suppress(RefusedError):
        command()
    return len(calls)


def prepared(connect: Connect, command: str) -> MemoryStore:
    """Version 1 is deployed, 2 may be, 3 may not; where a rollback is to come, 2 is deployed too."""
    memory = MemoryStore()
    connect(MemoryClient(memory))
    released(memory, "1")
    memory.add("intent", "1", "2", "3", challenger="2")
    memory.inspect("intent", "2", champion="1")
    if command == "rollback":
        promote("intent", "2")
    return memory


def follow_up(memory: MemoryStore, command: str) -> None:
    champion = memory.models["intent"].aliases["champion"]
    if command == "promote":
        memory.inspect("intent", "3", champion=champion)
        assert promote("intent", "3").before == champion
    elif command == "deployed":
        assert deployed("intent").version == champion  # type: ignore[union-attr]
    elif champion == "2":
        assert rollback("intent").version == "1"
    else:
        with pytest.raises(ReleaseError, match="no version to roll back to"):
            rollback("intent")


COMMANDS: dict[str, Callable[[], object]] = {
    "promote": lambda: promote("intent", "2"),
    "rollback": lambda: rollback("intent"),
    "reject": lambda: promote("intent", "3"),
}


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("following", ["deployed", "promote", "rollback"])
@pytest.mark.parametrize("killed", list(COMMANDS))
def test_a_kill_between_any_two_steps_is_mended_by_the_next_command(
    connect: Connect, killed: str, following: str, when: str
) -> None:
    steps = calls_of(prepared(connect, killed), connect, COMMANDS[killed])
    for step in range(1, steps + 1):
        memory = prepared(connect, killed)
        connect(killed_at(memory, step, when))
        with pytest.raises(Killed):
            COMMANDS[killed]()
        memory.expire_leases("intent")
        connect(MemoryClient(memory))
        follow_up(memory, following)
        model, entries = memory.models["intent"], history("intent")
        assert all(entry.state != "started" for entry in entries)
        assert [entry for entry in entries if entry.moved][-1].version == model.aliases["champion"]
        promoted = any(entry.moved and entry.version == "2" for entry in entries)
        assert model.aliases.get("challenger") == (None if promoted else "2")
        if following != "deployed":
            assert not any(key.startswith("roadworthy.lease.") for key in model.tags)
