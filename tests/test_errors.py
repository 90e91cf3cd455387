"""Every error is one line: what, where, how to mend it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy import errors
from roadworthy.errors import DataError, MissingExtraError, RoadworthyError, named


def test_what_where_and_how_to_mend_it_stand_in_this_order() -> None:
    assert str(DataError("no rows", where="a.csv", mend="add one")) == "a.csv: no rows; add one"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RoadworthyError("no rows"), "no rows"),
        (RoadworthyError("no rows", where="a.csv"), "a.csv: no rows"),
        (RoadworthyError("no rows", mend="add one"), "no rows; add one"),
    ],
)
def test_parts_that_are_not_given_leave_no_trace(error: RoadworthyError, line: str) -> None:
    assert str(error) == line


@given(what=st.text(min_size=1), where=st.none() | st.text(), mend=st.none() | st.text())
def test_an_error_is_one_line_whatever_it_is_made_of(what: str, where: str | None, mend: str | None) -> None:
    assert len(str(RoadworthyError(what, where=where, mend=mend)).splitlines()) <= 1


def test_every_error_of_the_package_is_a_roadworthy_error() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) >= 7
    assert all(issubclass(kind, RoadworthyError) for kind in kinds)


def test_a_missing_extra_says_what_to_install() -> None:
    assert str(MissingExtraError("serving", extra="serve")).endswith('pip install "roadworthy[serve]"')


def test_a_long_message_of_another_library_is_cut() -> None:
    said = named(ValueError("several\nlines " + "x" * 1_000))
    assert said.startswith("ValueError: several lines x")
    assert said.endswith("…")
    assert len(said) < 320
