"""Dictated messages: no capital is left of a sentence, and nobody stumbles in the middle of a name or a set phrase."""

import pytest

from roadworthy import lexicon
from roadworthy.perturbations import find
from roadworthy.perturbations.manners import manners

HESITATIONS = ("um", "uh", "er", "uhm", "erm", "you know", "hmm")
AUXILIARIES = {"is", "are", "was", "were"}


def several(name, text, severity=5, times=100):
    member = manners().get(name) or find(name)[0]
    return [member(text, severity=severity, seed=seed) for seed in range(times)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("My order is late. Please check.", "please"),
        ("Stop it! Why me? Tell me", "tell"),
        ("Two things: First it broke", "first"),
    ],
)
def test_no_capital_of_a_sentence_is_left(text, said):
    assert not any(said.capitalize() in found for found in several("dictated", text))


@pytest.mark.parametrize("kept", ["I", "IBAN", "NHS"])
def test_other_capitals_are_left(kept):
    assert any(kept in found for found in several("dictated", f"It broke. {kept} told you"))


def test_is_and_are_are_not_confused():
    for heard in AUXILIARIES:
        assert not AUXILIARIES & set(lexicon.alternatives("dictation.tsv").get(heard, ()))


@pytest.mark.parametrize("word", ["always", "news", "Charles"])
def test_only_plurals_lose_their_s(word):
    assert not any(word[:-1] in found.split() for found in several("dictated", f"see {word} here", times=400))


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("my manager is John Smith here", "john smith"),
        ("my credit card order number is wrong", "credit card order number"),
        ("send it as soon as possible", "as soon as possible"),
        ("thank you for that", "thank you"),
        ("I want to log in to it", "log in"),
    ],
)
@pytest.mark.parametrize("name", ["hesitation", "repeated_words"])
def test_names_and_phrases_stay_whole(name, text, phrase):
    assert all(phrase in found for found in several(name, text))


def test_hesitation_comes_before_content_words():
    found = " ".join(several("hesitation", "where is the parcel", 5))
    assert "um parcel" in found
    assert "um the" not in found
    assert "um is" not in found


@pytest.mark.parametrize("words", ["my my order", "where where is"])
def test_small_words_are_said_twice(words):
    assert any(words in found for found in several("repeated_words", "where is my order"))


def test_nobody_says_hello_twice():
    assert not any(
        "hi hello" in found or "hi um hello" in found for found in several("hesitation", "Hello, where is it")
    )
