"""The journal: read back as written, and replayed."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.registry.journal import PREFIX, Entry, Journal, Kind

START = datetime(2026, 3, 1, tzinfo=UTC)
TEXTS = st.none() | st.text(max_size=20)


def entry(number: int, kind: Kind = "promote", version: str | None = "1", **known: object) -> Entry:
    at = START + timedelta(days=number)
    given = {"id": f"{number:03}", "number": number, "kind": kind, "state": "done", "by": "jo", "at": at}
    return Entry.model_validate({**given, "version": version, **known})


@given(TEXTS, TEXTS, TEXTS, st.datetimes(timezones=st.just(UTC)), st.sampled_from(["promote", "rollback", "outside"]))
def test_an_entry_is_read_back_as_it_was_written(
    reason: str | None, despite: str | None, before: str | None, live: datetime, kind: Kind
) -> None:
    written = entry(3, kind, reason=reason, despite=despite, before=before, live=live)
    assert Entry.read("003", written.written()) == written
    assert "\n" not in written.written()


def test_what_cannot_be_read_is_named_and_left_out() -> None:
    good = entry(1)
    tags = {good.key: good.written(), PREFIX + "x": "no json", PREFIX + "y": "[]", PREFIX + "z": "{}", "owner": "a"}
    journal = Journal.of(tags)
    assert journal.entries == (good,)
    assert journal.unreadable == (PREFIX + "x", PREFIX + "y", PREFIX + "z")


def test_a_later_version_may_add_to_an_entry() -> None:
    assert Entry.read("001", entry(1).written().replace("{", '{"colour":"red",', 1)) == entry(1)


def test_entries_are_ordered_by_their_number_not_by_the_clocks() -> None:
    second = entry(2, version="2", at=START - timedelta(days=9))
    journal = Journal.of({each.key: each.written() for each in (second, entry(1))})
    assert [each.version for each in journal.entries] == ["1", "2"]
    assert journal.next_number == 3
    assert Journal().next_number == 1


def test_what_was_deployed_when() -> None:
    journal = Journal((entry(1), entry(2, "reject", "9"), entry(3, version="2"), entry(4, state="undone", version="3")))
    assert journal.at(START) is None
    assert [journal.at(START + timedelta(days=day)).version for day in (1, 2, 3, 9)] == ["1", "1", "2", "2"]  # type: ignore[union-attr]
    assert journal.champion == "2"
    assert Journal().champion is None
    assert journal.after(entry(1)) == entry(3, version="2")
    assert journal.after(entry(3)) is None


def test_the_champion_that_was_taken_away_is_the_first_to_roll_back_to() -> None:
    journal = Journal((entry(1), entry(2, version="2"), entry(3, "outside", None)))
    assert journal.earlier(None) == ("2", "1")
    assert journal.champion is None


def test_the_same_version_put_in_place_twice_is_one_step() -> None:
    journal = Journal((entry(1), entry(2, "outside", None), entry(3, "outside", "1"), entry(4, version="2")))
    assert journal.earlier("2") == ("1",)


def test_rolling_back_to_a_version_that_never_led_here() -> None:
    assert Journal((entry(1), entry(2, "rollback", "7"))).earlier("7") == ("1",)


@given(st.lists(st.sampled_from(["promote", "rollback"]), max_size=30))
def test_as_many_rollbacks_as_promotions_lead_back_to_the_first(steps: list[Kind]) -> None:
    """The law: promotion and rollback are push and pop of one stack."""
    entries, stack = [entry(1, version="v1")], ["v1"]
    for number, kind in enumerate(steps, start=2):
        if kind == "promote":
            stack.append(f"v{number}")
        elif len(stack) == 1:
            continue
        else:
            stack.pop()
        entries.append(entry(number, kind, stack[-1]))
    earlier = Journal(tuple(entries)).earlier(stack[-1])
    assert list(earlier) == stack[-2::-1]
