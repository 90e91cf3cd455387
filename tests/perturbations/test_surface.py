"""What is counted of how messages look."""

import pytest

from roadworthy import support_desk
from roadworthy.perturbations.surface import Seen, surface

SHOWS = [
    ("lowercase", "where is it", "Where is it"),
    ("lowercase", "wo ist es 12", "12"),
    ("capitals", "WHERE IS IT", "OK"),
    ("no_final_mark", "Where is it", "Where is it?"),
    ("repeated_marks", "Where is it??", "Where is it?"),
    ("dots", "Well...", "Well."),
    ("emoji", "Where is it 😡", "Where is it é"),
    ("emoticon", "thanks :)", "at 12:30 (or so)"),
    ("shorthand", "where r u", "Where is the site of your phone?"),
    ("no_apostrophe", "i dont know", "I don't know"),
    ("stretched", "pleaseee", "see"),
    ("keywords", "parcel lost", "The parcel is lost"),
    ("keywords", "parcel lost", "parcel"),
    ("hinglish", "mera order kahan hai", "Where is my order?"),
]


@pytest.mark.parametrize(("name", "shown", "other"), SHOWS)
def test_a_way_of_writing_is_seen_where_it_is(name, shown, other):
    assert getattr(surface([shown, other]), name) == 0.5


@pytest.mark.parametrize(
    ("word", "is_slip"),
    [
        ("parcl", True),
        ("pacrel", True),
        ("pancel", True),
        ("parcell", True),
        ("parcels", False),
        ("parking", False),
        ("PARCEL", False),
    ],
)
def test_a_rare_word_one_letter_away_from_a_known_one_is_a_slip(word, is_slip):
    assert surface([f"my {word}"], known=["my parcel"]).slips == float(is_slip)


def test_without_known_messages_the_common_words_are_known():
    assert surface(["my parcel"] * 30 + ["my pracel"]).slips == pytest.approx(1 / 31)
    assert surface(["my parcel"] * 3 + ["my pracel"] * 2).slips == 0


def test_a_negation_is_no_slip():
    assert surface(["nothing", "nothin"], known=["nothing"]).slips == 0


def test_of_no_messages_nothing_is_seen():
    assert surface([]) == Seen()


def test_clean_messages_show_little():
    seen = surface(support_desk.load_clean_test().texts, known=support_desk.load_train().texts)
    rare = set(Seen.names()) - {"no_final_mark", "slips"}
    assert {name for name in rare if getattr(seen, name) > 0.05} == set()
