"""Hostile text cannot steer a terminal, a reading direction or a parser."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.report.inert import all_visible, clipped, marked, visible


@given(st.text(alphabet=st.characters()))
def test_nothing_that_acts_survives(text):
    shown = visible(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


@given(st.text(alphabet=st.characters()))
def test_what_is_visible_stays_as_it_is(text):
    assert visible(visible(text)) == visible(text)


def test_a_tab_is_a_space_and_a_line_break_an_arrow():
    assert visible("a\tb\r\nc\nd") == "a b ↵ c ↵ d"


def test_every_string_of_an_inspection_is_made_visible(inspection):
    shown = all_visible(inspection)
    assert any("‹U+202E›" in example.text for example in shown.examples)
    assert shown.model_copy(update={"examples": inspection.examples}) == inspection


def test_a_long_message_is_clipped_with_an_ellipsis():
    assert clipped("abcdef", 6) == "abcdef"
    assert clipped("abcdefg", 6) == "abcde…"


@given(st.text(), st.lists(st.text(), max_size=4))
def test_marking_words_loses_no_text(text, words):
    assert "".join(part for part, _ in marked(text, tuple(words))) == text


def test_words_are_marked_whole_whatever_their_case():
    assert marked("Pls help, plsss 📦", ("pls", "📦")) == (
        ("Pls", True),
        (" help, plsss ", False),
        ("📦", True),
    )
