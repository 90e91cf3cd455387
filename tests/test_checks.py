"""The conformance suite finds what it is there to find."""

import random
import time

import numpy as np
import pytest

from roadworthy.checks import check_model, check_perturbation
from roadworthy.data import Predictions
from roadworthy.perturbations import Perturbation

TEXTS = ["where is it", "money back please", "the app is broken", "cancel it"]


def made(change, *, name="mine", family="own", **more):
    change.__doc__ = "Something is changed."
    return Perturbation(name, family, change, **more)


def hurry(text, severity, draw):
    return f"{text} now"


def test_a_good_one_passes():
    check_perturbation(made(hurry, languages=("any",)))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "Mine"}, "'Mine' is not snake_case"),
        ({"family": "my-own"}, "'my-own' is not snake_case"),
        ({"name": "typos"}, "a family bears this name"),
        ({"name": "own"}, "a family bears this name"),
        ({"languages": ()}, "covers no language"),
        ({"weight": 0}, "weight 0 is not a positive number"),
        ({"weight": float("inf")}, "weight inf is not"),
    ],
)
def test_what_it_says_of_itself_is_checked(options, said):
    with pytest.raises(AssertionError, match=said):
        check_perturbation(made(hurry, **options))


def test_it_must_be_described():
    with pytest.raises(AssertionError, match="no docstring"):
        check_perturbation(Perturbation("mine", "own", lambda text, severity, draw: text))


def test_many_in_one_go_must_come_out_as_one_alone():
    def hurry_all(texts, severity, draws):
        return [f"{text} now" for text in texts]

    def number(texts, severity, draws):
        return [f"{text} now{'w' * i}" for i, text in enumerate(texts)]

    check_perturbation(made(hurry, languages=("any",), change_all=hurry_all))
    with pytest.raises(AssertionError, match="mine depends on other messages: at severity 1 it gives of"):
        check_perturbation(made(hurry, languages=("any",), change_all=number))


_CALLS = []


def count_calls(text, severity, draw):
    _CALLS.append(text)
    return f"{text} x{'x' * (len(_CALLS) % 7)}"


def draw_globally(text, severity, draw):
    random.random()
    return text


def quadratic(text, severity, draw):
    for _ in range(len(text) ** 2 // 300):
        pass
    return text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text, severity, draw: text.encode("utf-8", "surrogatepass"), "gave bytes, not a text"),
        (lambda text, severity, draw: text.encode() and text, "raised UnicodeEncodeError"),
        (lambda text, severity, draw: 1 / (severity - 4) and text, "at severity 4.*raised ZeroDivisionError"),
        (lambda text, severity, draw: "" if len(text) == 1 else text, "is blank"),
        (lambda text, severity, draw: text.replace("3", "e"), "loses a number"),
        (lambda text, severity, draw: text.replace(" not ", " "), "had 1 negations and has 0"),
        (lambda text, severity, draw: f"{text} no", "had . negations and has"),
        (count_calls, "is not a pure function"),
        (draw_globally, "draws from the global generator"),
        (lambda text, severity, draw: f"{text} ok" if draw.chance(2) else text, "the same messages whatever the seed"),
        (quadratic, "more than in proportion"),
    ],
)
def test_what_it_does_is_checked(change, said):
    with pytest.raises(AssertionError, match=said):
        check_perturbation(made(change))


class Fixed:
    """A classifier that answers the same to everybody, and what a test makes it do wrong."""

    def __init__(self, classes=("a", "b"), row=(0.5, 0.5), wrong=lambda values, texts: values):
        self.classes, self._row, self._wrong = list(classes), row, wrong

    def predict_proba(self, texts):
        return self._wrong(np.tile(np.array(self._row), (len(texts), 1)), texts)


def add_class(values, texts, model):
    model.classes.append("late")
    return values


@pytest.mark.parametrize(
    "model",
    [
        Fixed(),
        lambda texts: ["a" for _ in texts],
        lambda texts: [("a", 0.5 if "it" in text else 0.25) for text in texts],
        lambda texts: [{"label": "a", "score": 0.5} for _ in texts],
    ],
)
def test_a_good_model_passes(model):
    check_model(model, TEXTS)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Fixed(classes=("a", "a")), "hold one twice"),
        (Fixed(classes=()), "are not strings"),
        (Fixed(row=(0.5, 0.6)), "do not add up to 1"),
        (Fixed(row=(1.5, -0.5)), "negative"),
        (Fixed(row=(float("nan"), 1)), "NaN"),
        (Fixed(row=("x", "y")), "not numbers"),
        (Fixed(row=(1.0,)), r"gave shape \(4, 1\), wanted \(4, 2\)"),
        (Fixed(wrong=lambda values, texts: values[:1]), r"gave shape \(1, 2\)"),
        (Fixed(wrong=lambda values, texts: texts.clear() or values), "changed the list"),
        (Fixed(wrong=lambda values, texts: 1 / 0), "raises ZeroDivisionError on 4 messages"),
        (
            Fixed(wrong=lambda values, texts: np.eye(2)[np.arange(len(texts)) % 2]),
            "otherwise when it is asked in reverse",
        ),
        (
            Fixed(wrong=lambda values, texts: values if len(texts) == 4 else np.tile([0.4, 0.6], (len(texts), 1))),
            "two batches",
        ),
        (lambda texts: texts.clear() or ["a"] * 4, "changed the list|raises"),
        (lambda texts: ["ab"[row % 2] for row in range(len(texts))], "otherwise when it is asked in reverse"),
        (lambda texts: [("a", 0.1 * len(texts)) for _ in texts], "two batches"),
        ("a string", "is not a classifier"),
    ],
)
def test_a_bad_model_is_found_out(model, said):
    with pytest.raises(AssertionError, match=said):
        check_model(model, TEXTS)


def test_classes_may_not_change():
    model = Fixed()
    model._wrong = lambda values, texts: add_class(values, texts, model)
    with pytest.raises(AssertionError, match="changed its classes"):
        check_model(model, TEXTS)


class Box:
    def __init__(self, answer):
        self.answer = answer


def predictions(labels, confidence):
    return Predictions(np.array(labels, dtype=object), np.array(confidence))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda texts: ["a"] * len(texts), "gave list, not Predictions"),
        (lambda texts: predictions(["a"], [0.5]), "1 answer to 4 messages"),
        (lambda texts: predictions([1] * len(texts), [0.5] * len(texts)), "not a string"),
        (lambda texts: predictions(["a"] * len(texts), [1.5] * len(texts)), "outside 0 to 1"),
        (lambda texts: texts.clear() or predictions(["a"] * 4, [0.5] * 4), "changed the list"),
        (lambda texts: 1 / 0, "raises ZeroDivisionError"),
    ],
)
def test_a_bad_black_box_is_found_out(answer, said):
    with pytest.raises(AssertionError, match=said):
        check_model(Box(answer), TEXTS)


def test_two_messages_are_needed():
    with pytest.raises(AssertionError, match="at least two messages"):
        check_model(Fixed(), TEXTS[:1])


def test_the_whole_check_of_a_quick_model_is_quick():
    begun = time.process_time()
    check_model(Fixed(), TEXTS * 50)
    assert time.process_time() - begun < 5
