import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.perturbations import Draw, is_negation, negations
from roadworthy.perturbations.words import change_words, find_phrases, is_number, like, parts, replace_phrases


def a_draw(text=""):
    return Draw("x", 5, 0, text)


@pytest.mark.parametrize(
    "word", ["not", "No", "NEVER", "don't", "don’t", "dont", "w/o", "nahi", "nunca", "shan't", "needn't"]
)
def test_negations_are_known_with_and_without_apostrophe(word):
    assert is_negation(word)


@pytest.mark.parametrize("word", ["note", "nothings", "paint", "know", "", "now", "it's"])
def test_other_words_are_no_negations(word):
    assert not is_negation(word)


def test_negations_are_found_wherever_they_stand():
    assert negations("No,it isn't...never (w/o) a note") == ["No", "isn't", "never", "w/o"]


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        ("order", ("", "order", "")),
        ("(order)!?", ("(", "order", ")!?")),
        ("don't", ("", "don't", "")),
        ("ça😡", ("", "ça", "😡")),
        ("a/b", ("a/b", "", "")),
        ("x2", ("x2", "", "")),
        ("", ("", "", "")),
        ("...", ("...", "", "")),
    ],
)
def test_parts(token, wanted):
    assert parts(token) == wanted


@given(st.text())
def test_parts_lose_nothing(token):
    assert "".join(parts(token)) == token


@pytest.mark.parametrize(
    ("token", "wanted"), [("7", True), ("x2", True), ("£49.90", True), ("two,", True), ("too", False)]
)
def test_numbers_are_digits_or_words(token, wanted):
    assert is_number(token) is wanted


def test_words_that_must_not_change_do_not():
    changed = change_words("I have not paid 30 for x2 a@b.c", 5, a_draw(), lambda word, draw: "Z", lambda word: True)
    assert " not " in changed
    assert "30" in changed
    assert "x2 a@b.c" in changed
    assert "Z" in changed


def test_an_edit_never_makes_a_negation():
    assert change_words("note", 5, a_draw(), lambda word, draw: word[:-1], lambda word: True) == "note"


def test_phrases_go_longest_first_and_not_across_punctuation():
    entries = {"are you": ("r u",), "are": ("r",), "you": ("u",)}
    assert find_phrases(["are", "you", "are,", "you"], entries) == [(0, 2, "are you"), (2, 3, "are"), (3, 4, "you")]
    assert find_phrases(["are", "(you)", "are", "?you"], entries)[0] == (0, 1, "are")


def test_replaced_phrases_keep_case_and_marks():
    assert replace_phrases("(Are you?) ARE", 5, a_draw(), {"are you": ["r u"]}) == "(R u?) ARE"
    assert replace_phrases("PLEASE", 5, a_draw(), {"please": ["pls"]}) == "PLS"


def test_nothing_to_replace_leaves_the_text():
    assert replace_phrases("where", 5, a_draw(), {"are": ["r"]}) == "where"


def test_no_digit_comes_to_stand_beside_a_number():
    entries = {"to": ["2"], "for": ["4"]}
    for text in ("5 to 7 days", "three for two", "sent to 48213", "10 for me"):
        assert replace_phrases(text, 5, a_draw(), entries) == text
    assert replace_phrases("go to work", 5, a_draw(), entries) == "go 2 work"


def test_an_i_inside_a_sentence_stays_small_when_replaced():
    entries = {"i am": ["estoy"]}
    assert replace_phrases("I am here", 5, a_draw(), entries) == "Estoy here"
    assert replace_phrases("now I am here", 5, a_draw(), entries) == "now estoy here"


def test_like_takes_over_the_casing():
    assert [like(model, "wat") for model in ("what", "What", "WHAT", "W")] == ["wat", "Wat", "WAT", "Wat"]
