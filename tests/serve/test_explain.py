"""The words that an explanation marks are those that the guard does not know, and the pieces make up the message."""

import time
from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from roadworthy.data import Predictions
from roadworthy.errors import ModelError
from roadworthy.guard import Guard
from roadworthy.models import as_model
from roadworthy.models.compiled import as_fast_model
from roadworthy.models.guarded import GuardedModel
from roadworthy.serve.explain import explain

TEXTS = ("where is my order", "track my order, please!", "order status", "i want a refund", "refund me", "my refund")
LABELS = ("order",) * 3 + ("refund",) * 3


def guard():
    answers = Predictions(np.array(LABELS, dtype=object), np.full(6, 0.9))
    return Guard(flag_rate=0.2).fit(TEXTS, LABELS, answers, np.array([0, 1, 2, 0, 1, 2]))


def classifier():
    return as_fast_model(make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, LABELS), name="desk")


@pytest.fixture(scope="module")
def model():
    return GuardedModel(classifier(), guard(), name="desk")


def marked(model, text):
    return [piece for piece, unfamiliar in explain(model, text).words if unfamiliar]


@pytest.mark.parametrize(
    ("text", "unfamiliar"),
    [
        ("where is my order", []),
        ("WHERE is my ordr, pls!!", []),
        ("where is my pizza", ["pizza"]),
        ("refund,pizza!", ["pizza"]),
        ("pizza pizza", ["pizza", "pizza"]),
        ("my 😡😡?", ["😡😡", "?"]),
        ("i want a don’t", ["don’t"]),
        ("ｏｒｄｅｒ", []),
        ("or\u200bder p\u200bizza", ["p\u200bizza"]),
        ("my cafe\u0301s-order", ["cafe\u0301s", "-"]),
        ("कहाँ?", ["कहाँ", "?"]),
        ("'pizza' i'm_new", ["'", "pizza", "'", "i'm_new"]),
        ("\u0301\u200b", ["\u0301\u200b"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_what_the_training_messages_do_not_hold_is_marked_as_it_was_written(model, text, unfamiliar):
    assert marked(model, text) == unfamiliar


def test_what_normalisation_joins_is_marked_as_a_whole(model):
    # The guard reads the sign № and the figure after it as one word, no5.
    assert marked(model, "my №5,order") == ["№5,order"]


def test_what_is_familiar_stays_in_one_piece(model):
    assert explain(model, "where  is pizza\nmy order").words == (
        ("where  is ", False),
        ("pizza", True),
        ("\nmy order", False),
    )


@given(
    st.text(st.characters(codec=None, categories=None) | st.sampled_from("or der’s!:)😡\u0301\u200b\n"), max_size=60)
)
def test_the_pieces_are_the_message_and_marks_agree_with_the_guard(text):
    model = _shared()
    found = explain(model, text)
    assert "".join(piece for piece, _ in found.words) == text
    unknown = model.guard.familiarity_.unknown_words
    assert {*chain.from_iterable(map(unknown, text.split()))} == {
        *chain.from_iterable(unknown(piece) for piece, unfamiliar in found.words if unfamiliar)
    }


def _shared(made=[]):  # noqa: B006 (hypothesis takes no fixture of a module)
    if not made:
        made.append(GuardedModel(classifier(), guard(), name="desk"))
    return made[0]


@pytest.mark.parametrize(
    "unit", ["x", "😡", "qz ", "-a", "a'", "\u0300", "ﷺ", "⨠⥦", "pizza "], ids=lambda unit: f"{ord(unit[0]):x}"
)
def test_long_messages_take_time_in_proportion(model, unit):
    def seconds(n):
        begun = time.process_time()
        explain(model, (unit * n)[:n])
        return time.process_time() - begun

    best = [min(seconds(n) for _ in range(3)) for n in (5_000, 20_000)]
    assert best[0] < 0.5
    assert best[1] < 12 * best[0] + 0.05


def test_alternatives_are_the_other_labels_by_probability(model):
    found = explain(model, "my refund")
    expected = model.model.predict_proba(["my refund"])[0]
    assert found.alternatives == (("order", pytest.approx(expected[0])),)


def test_at_most_three_alternatives_and_none_that_is_impossible():
    class Fixed:
        classes = ("a", "b", "c", "d", "e")

        def __init__(self, *row):
            self.row = row

        def predict_proba(self, texts):
            return np.array([self.row])

    assert explain(Fixed(0.1, 0.5, 0.2, 0.05, 0.15), "x").alternatives == (("c", 0.2), ("e", 0.15), ("a", 0.1))
    assert explain(Fixed(0, 1, 0, 0, 0), "x").alternatives == ()
    with pytest.raises(ModelError):
        explain(Fixed(0.1, 0.5), "x")


def test_a_black_box_with_a_guard_has_marks_but_no_alternatives():
    model = GuardedModel(as_model(lambda texts: ["order"] * len(texts)), guard(), name="box")
    found = explain(model, "where is pizza")
    assert found.words[-1] == ("pizza", True)
    assert found.alternatives == ()
    assert found.knows_words


def test_without_a_guard_the_vectorizer_says_what_it_knows():
    found = explain(classifier(), "where is pizza, x")
    assert [piece for piece, unfamiliar in found.words if unfamiliar] == ["pizza"]
    assert found.knows_words
    assert len(found.alternatives) == 1


def test_without_guard_and_vectorizer_nothing_is_marked_and_nothing_claimed():
    found = explain(as_model(lambda texts: ["order"] * len(texts)), "where is pizza")
    assert found == ((("where is pizza", False),), (), False)


def test_what_has_any_attribute_is_no_guarded_model():
    proxy = SimpleNamespace(classes=("a", "b"), predict_proba=lambda texts: np.array([[0.7, 0.3]]))
    assert explain(proxy, "pizza") == ((("pizza", False),), (("b", 0.3),), False)
