import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy import lexicon
from roadworthy.perturbations import Draw, is_negation, negations
from roadworthy.perturbations.phrases import find_phrases, replace_phrases
from roadworthy.perturbations.words import change_words, is_number, keeps, like, parts


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


def test_a_phrase_ends_with_the_message():
    entries = lexicon.Entries({"are you there": ("u there",), "are you": ("r u",), "you": ("u",)})
    assert find_phrases(["are", "you"], entries) == [(0, 2, "are you")]
    assert find_phrases(["are", "you", "there?"], entries) == [(0, 3, "are you there")]
    assert find_phrases(["are", "you,", "there?"], entries) == [(0, 2, "are you")]
    assert find_phrases(["are"], entries) == []


@given(st.lists(st.sampled_from(["are", "Are", "you", "you,", "(you", "there", "a1", ""]), max_size=8))
def test_phrases_are_those_that_a_plain_search_finds(tokens):
    entries = {"are": ("r",), "are you": ("r u",), "are you there": ("u there",), "you there": ("u der",)}
    wanted, start = [], 0
    while start < len(tokens):
        ends = [end for end in range(len(tokens), start, -1) if spoken(tokens[start:end]) in entries]
        if ends:
            wanted.append((start, ends[0], spoken(tokens[start : ends[0]])))
        start = ends[0] if ends else start + 1
    assert find_phrases(tokens, entries) == find_phrases(tokens, lexicon.Entries(entries)) == wanted


def spoken(tokens):
    split = [parts(token) for token in tokens]
    broken = any(after for *_, after in split[:-1]) or any(before for before, *_ in split[1:])
    return None if broken else " ".join(word.lower() for _, word, _ in split)


@given(st.text(), st.text())
def test_what_must_stay_is_seen_piece_by_piece_as_in_the_whole(before, after):
    words = re.findall(r"\bw/o\b|[^\W\d_]+(?:['’][^\W\d_]+)*", before, re.IGNORECASE)
    assert negations(before) == [word for word in words if is_negation(word)]
    if keeps(before, after):
        assert len(negations(before)) == len(negations(after))
        assert after.strip() or not before.strip()


def test_a_number_may_be_added_but_none_lost_or_moved():
    assert keeps("order 7 of 12", "order 7 of the 9th, 12")
    assert not keeps("order 7 of 12", "order 12 of 7")
    assert not keeps("order 7", "")
    assert keeps(" ", "")


def test_words_that_could_change_are_told_the_same_by_a_function_made_anew():
    texts = ["where is my order", "it is", "not here, my order?"]
    for text in texts:
        made_anew = change_words(text, 3, a_draw(text), lambda word, draw: "Z", lambda word: len(word) > 3)
        assert made_anew == change_words(text, 3, a_draw(text), lambda word, draw: "Z", is_long)


def is_long(word):
    return len(word) > 3


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
