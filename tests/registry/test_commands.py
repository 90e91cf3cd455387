"""`roadworthy promote`, `rollback` and `deployed`, on a registry in memory."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from roadworthy.cli import main
from roadworthy.registry import history, promote

from .memory_store import MemoryStore


@dataclass(frozen=True)
class Ended:
    code: object
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        printed = capsys.readouterr()
        return Ended(ended.value.code, printed.out, printed.err)

    return call


@pytest.fixture
def released(memory: MemoryStore) -> MemoryStore:
    """Version 1 was promoted three days ago, version 2 the day before yesterday, by force."""
    memory.add("intent", "1", "2", "3", challenger="3")
    memory.inspect("intent", "1")
    memory.inspect("intent", "2", gate="fail", champion="1", roadworthy__gate_reason="typos: accuracy 0.41")
    promote("intent", "1")
    promote("intent", "2", force_reason="the shop opens", by="sam")
    for days, entry in zip((3, 2), history("intent"), strict=True):
        at = entry.at - timedelta(days=days)
        memory.models["intent"].tags[entry.key] = entry.model_copy(update={"at": at, "live": at}).written()
    return memory


@pytest.mark.usefixtures("released")
def test_a_promotion_says_what_is_live_since_when_and_on_what(run: Run, released: MemoryStore) -> None:
    released.inspect("intent", "3", champion="2")
    ended = run("promote", "intent", "challenger")
    first, *rest = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert first.startswith("intent: version 3 is the champion, since ")
    assert first.endswith("; before: version 2")
    assert rest == ["  inspection: run run2"]


@pytest.mark.usefixtures("released")
def test_a_promotion_and_what_is_deployed_say_which_bounds_were_not_the_defaults(
    run: Run, released: MemoryStore
) -> None:
    released.inspect("intent", "3", champion="2", roadworthy__gate_bounds="min_accuracy 0.01 (default 0.80)")
    ended = run("promote", "intent", "3")
    assert ended.out.splitlines()[1:] == ["  inspection: run run2", "  judged by min_accuracy 0.01 (default 0.80)"]
    assert "  judged by min_accuracy 0.01 (default 0.80)" in run("deployed", "intent").out.splitlines()
    assert run("deployed", "intent", "--history").out.count("judged by") == 1
    found = json.loads(run("deployed", "intent", "--json").out)["deployed"]
    assert found["entry"]["bounds"] == "min_accuracy 0.01 (default 0.80)"


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize("asked", ["3", "challenger"])
def test_the_champion_is_not_promoted_twice(run: Run, released: MemoryStore, asked: str) -> None:
    released.inspect("intent", "3", champion="2")
    assert run("promote", "intent", "challenger").code == 0
    before = history("intent")
    assert run("promote", "intent", asked) == Ended(
        0, "intent: version 3 is the champion already; nothing changed\n", ""
    )
    found = json.loads(run("promote", "intent", asked, "--json").out)
    assert (found["promoted"], found["changed"], found["version"]) == (True, False, "3")
    assert history("intent") == before


@pytest.mark.usefixtures("released")
def test_a_refusal_is_one_line_and_exits_1(run: Run) -> None:
    ended = run("promote", "intent", "1")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "roadworthy: intent: version 1 is not promoted: it was compared with no champion, and the champion is version "
        "2; inspect it again: roadworthy inspect models:/intent/1 CLEAN --gate\n"
    )
    as_json = run("promote", "intent", "3", "--json")
    assert as_json.code == 1
    assert json.loads(as_json.out)["promoted"] is False
    assert "it was not inspected" in json.loads(as_json.out)["refusal"]


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize("options", [("--force",), ("--reason", "x")])
def test_force_and_reason_go_together(run: Run, options: tuple[str, ...]) -> None:
    ended = run("promote", "intent", "3", *options)
    assert ended.code == 2
    assert "give both, or neither" in ended.err


@pytest.mark.usefixtures("released")
def test_force_as_json(run: Run) -> None:
    found = json.loads(run("promote", "intent", "3", "--force", "--reason", "why not", "--json").out)
    assert (found["promoted"], found["version"], found["forced"]) == (True, "3", True)
    assert (found["despite"], found["reason"], found["by"]) == ("it was not inspected", "why not", "jo")


@pytest.mark.usefixtures("released")
def test_a_rollback_says_where_to(run: Run) -> None:
    ended = run("rollback", "intent", "--reason", "users complain")
    assert ended.code == 0
    assert ended.out.startswith("intent: version 1 is the champion, since ")
    assert ended.out.endswith("; before: version 2\n  reason: users complain\n")
    assert run("rollback", "intent").code == 2


@pytest.mark.usefixtures("released")
def test_what_is_deployed_now_and_why(run: Run) -> None:
    ended = run("deployed", "intent")
    first, since, *rest = ended.out.splitlines()
    assert (ended.code, ended.err, first) == (0, "", "intent: version 2 is deployed now")
    assert since.startswith("  since ")
    assert rest == [
        "  version 2, promoted by sam, by force",
        "  inspection: run run1",
        "  although: the gate failed: typos: accuracy 0.41",
        "  reason: the shop opens",
        "  trained by run trained2",
    ]


@pytest.mark.usefixtures("released")
def test_what_was_deployed_then_and_what_changed_that_day(run: Run) -> None:
    ended = run("deployed", "intent", "--at", "60 hours ago")
    assert ended.out.splitlines()[0].startswith("intent: version 1 was deployed on ")
    assert ", until " in ended.out
    assert ended.out.splitlines()[-1] == "  then version 2, promoted by sam, by force"
    day = history("intent")[1].since.astimezone().date().isoformat()
    changed = run("deployed", "intent", "--at", day).out.splitlines()[-1]
    assert changed.startswith("that day, ")
    assert changed.endswith(": version 2, promoted by sam, by force")


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize("number", [0, 1])
def test_of_a_day_what_was_deployed_at_its_end_comes_first(run: Run, number: int) -> None:
    entry = history("intent")[number]
    day = entry.since.astimezone()
    ended = run("deployed", "intent", "--at", f"{day:%Y-%m-%d}")
    first = f"intent: version {number + 1} was deployed at the end of {day:%a %Y-%m-%d}"
    assert (ended.code, ended.out.splitlines()[0]) == (0, first)
    as_json = json.loads(run("deployed", "intent", "--at", f"{day:%Y-%m-%d}", "--json").out)
    assert as_json["deployed"]["version"] == entry.version
    today = run("deployed", "intent", "--at", "today").out.splitlines()[0]
    assert today.startswith("intent: version 2 was deployed on ")


@pytest.mark.usefixtures("released")
def test_before_the_first_promotion_nothing_was_deployed(run: Run) -> None:
    ended = run("deployed", "intent", "--at", "9d")
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.startswith("intent: nothing was deployed on ")
    assert json.loads(run("deployed", "intent", "--at", "9d", "--json").out) == {"deployed": None, "changes": []}


def test_where_nothing_was_ever_promoted(run: Run, memory: MemoryStore) -> None:
    memory.add("intent", "1")
    assert run("deployed", "intent") == Ended(1, "intent: nothing is deployed\n", "")
    assert run("deployed", "intent", "--history") == Ended(0, "intent: the journal is empty\n", "")


@pytest.mark.usefixtures("released")
def test_deployed_as_json(run: Run) -> None:
    found = json.loads(run("deployed", "intent", "--json").out)
    assert (found["deployed"]["version"], found["deployed"]["until"], found["changes"]) == ("2", None, [])
    assert found["deployed"]["entry"]["by"] == "sam"


def test_the_journal_shows_all_that_happened(run: Run, released: MemoryStore) -> None:
    assert run("promote", "intent", "3").code == 1
    released.models["intent"].aliases["champion"] = "3"
    ended = run("deployed", "intent", "--history")
    assert "moved to version 3 outside roadworthy" in ended.err
    lines = [line.split("  ", 1)[1] for line in ended.out.splitlines()]
    assert lines == [
        "version 1, promoted by jo",
        "inspection: run run0",
        "version 2, promoted by sam, by force",
        "inspection: run run1",
        "although: the gate failed: typos: accuracy 0.41",
        "reason: the shop opens",
        "version 3, rejected by jo",
        "because: it was not inspected",
        "version 3, moved outside roadworthy",
    ]
    document = json.loads(run("deployed", "intent", "--history", "--json").out)
    assert [entry["kind"] for entry in document["history"]] == ["promote", "promote", "reject", "outside"]


@pytest.mark.usefixtures("released")
def test_what_was_undone_is_marked(run: Run, released: MemoryStore) -> None:
    last = history("intent")[-1]
    released.models["intent"].tags[last.key] = last.model_copy(update={"state": "started"}).written()
    released.models["intent"].aliases["champion"] = "1"
    assert run("deployed", "intent", "--history").out.splitlines()[2].endswith("by force (undone)")


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--at", "someday"), "'someday' is no time"),
        (("--at", "2999-01-01"), "is in the future"),
        (("--at", "today", "--history"), "two questions"),
    ],
)
def test_questions_that_cannot_be_answered(run: Run, options: tuple[str, ...], said: str) -> None:
    ended = run("deployed", "intent", *options)
    assert ended.code == 2
    assert said in ended.err
