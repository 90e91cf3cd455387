"""Words that a single slip of the finger makes of known ones."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from roadworthy.spelling import SpellingCorrector

KNOWN = ["where is my mattress", "mattress size", "small mall size", "don't cancel my order", "order 12345"]


@pytest.fixture(scope="module")
def corrector():
    return SpellingCorrector().fit(KNOWN)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("matress", "mattress"),
        ("mattres", "mattress"),
        ("mattrexs", "mattress"),
        ("mattrress", "mattress"),
        ("mtatress", "mattress"),
        ("cancle", "cancel"),
        ("Wher", "where"),
    ],
)
def test_a_slip_is_mended(corrector, typed, meant):
    assert corrector.transform([typed]) == [meant]


@pytest.mark.parametrize(
    "typed", ["mattresses", "matrse", "siz", "sze", "12346", "dont1", "Where is my mattress?", "ordre1", "x" * 31, ""]
)
def test_what_is_known_or_no_slip_stays(corrector, typed):
    assert corrector.correct(typed) == typed


def test_of_several_words_the_one_with_the_same_first_letter_is_meant(corrector):
    assert corrector.correct("smalk") == "small"
    assert corrector.correct("mmall") == "mall"


def test_of_words_alike_the_commonest_is_meant():
    assert SpellingCorrector().fit(["cart", "card card"]).correct("cars") == "card"


def test_the_rest_of_the_message_stays_with_its_words(corrector):
    assert corrector.correct("WHERE is my matress?!") == "where is my mattress ? !"


@given(st.text())
def test_it_takes_any_text_and_mends_nothing_twice(text):
    corrector = SpellingCorrector().fit(KNOWN)
    once = corrector.correct(text)
    assert corrector.correct(once) == once


@given(st.lists(st.text(), min_size=1))
def test_training_messages_stay_as_they_are(texts):
    assert SpellingCorrector().fit(texts).transform(texts) == texts


def test_a_copy_corrects_alike(corrector):
    again = pickle.loads(pickle.dumps(corrector))
    assert again.correct("matress") == "mattress"
    assert "_index" not in corrector.__getstate__()
    assert not hasattr(pickle.loads(pickle.dumps(clone(corrector))), "words_")
