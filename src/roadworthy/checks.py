"""The conformance suite: what every perturbation and every model must satisfy, for the tests of other packages as well.

Each check raises an AssertionError that says what is wrong; it returns nothing where all is well.
"""

from __future__ import annotations

import inspect
import math
import random
import re
import time
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.data import BlackBox, Predictions
from roadworthy.errors import ModelError, counted
from roadworthy.models import as_model
from roadworthy.perturbations import SEVERITIES, Draw, Perturbation, families, negations

if TYPE_CHECKING:
    from numpy.typing import NDArray

MESSAGES = (
    "Where is my order? It was due on 14 March, and I have not received it.",
    "Please cancel order 48213, because I don't need the 2 lamps any more.",
    "I was charged twice (49.90 and 49,90) and nobody answers my emails!",
    "The app doesn't open, nothing happens when I press the button, please help.",
    "How can I change the delivery address? I can't find it, and there is no search.",
    "Your driver never rang; the parcel came without a note on the 3rd, between 5 to 7 pm.",
    "it's still not here and i didnt get a refund, why won't you tell me anything",
    "Thank you so much, the new table is wonderful.",
    "refund?",
    "Where is it",
)
"""Ordinary English messages with numbers and negations."""

HOSTILE = (
    "?",
    "...",
    " . ",
    "\u200b",
    "a",
    "I",
    "12345678",
    "3 4 5 6",
    "😡😡😡",
    "👩‍👩‍👧‍👦 ❤️ 🏳️‍🌈",
    "\ud800",
    "refund \udfff not \ud83d here",
    "אני רוצה לבטל את ההזמנה שלי",
    "أين طلبي رقم 12؟",
    "मेरा ऑर्डर 12 कहाँ है",
    "我的订单在哪里？",
    "Ça n'a pas marché, où est ma commande ?",
    "where\tis\nmy\r\norder\n\n",
    "  two  spaces   and more  ",
    "é̂ö̧ z̴̡̢a̵l̶g̷ò̸ combining",
    "<script>alert(1)</script> =1+1 {{7*7}} %s \\0",
    "not no never nothing",
    "n'o w/o can't shan’t 'tis",
    "straße ŉ İstanbul ǅ ﬁ",
    "a.b@example.org https://example.org/?q=1&r=2 +44 20 7946 0958",
    "x" * 10_000,
    "where is my order 7? " * 500,
)
"""Texts that no perturbation may stumble over."""

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_DIGITS = re.compile(r"\d+")
_SEEDS = (0, 1, 2)
_SHORT = 5_000
_TIMES_LONGER = 8
_QUICK = 0.02
_TOLERANCE = 1e-6


class _WatchedDraw(Draw):
    """A `Draw` that can tell whether anything was drawn from it."""

    __slots__ = ("_first",)

    def __init__(self, name: str, severity: int, seed: int, text: str) -> None:
        super().__init__(name, severity, seed, text)
        self._first = self._state

    @property
    def used(self) -> bool:
        return self._state != self._first


def check_perturbation(perturbation: Perturbation) -> None:
    """Hold a perturbation against its contract.

    It bears a snake_case name that no family bears, says what it does, and is a pure function of text, severity and
    seed that survives every text: it gives a string that is not blank, keeps the numbers, neither adds nor loses a
    negation (which may lose its apostrophe), and takes time in proportion to the length of the text.

    Raises
    ------
    AssertionError
        It breaks the contract; the message says how, and with which text.

    Examples
    --------
    >>> from roadworthy.perturbations import find
    >>> check_perturbation(find("closing_emoji")[0])
    """
    _check_description(perturbation)
    for severity, text in product(SEVERITIES, (*MESSAGES, *HOSTILE)):
        for seed in _SEEDS if len(text) < _SHORT else _SEEDS[:1]:
            _check_result(perturbation, text, severity, seed)
    _check_purity(perturbation)
    _check_together(perturbation)
    _check_seed(perturbation)
    for unit in ("where is my order, it isn't here. ", ".", "a", "a'", "😡", " "):
        _check_time(perturbation, unit)


def _require(kept: object, message: str) -> None:
    if not kept:
        raise AssertionError(message)


def _check_description(perturbation: Perturbation) -> None:
    name = perturbation.name
    _require(isinstance(perturbation, Perturbation), f"{perturbation!r} is not a Perturbation")
    for word in (name, perturbation.family):
        _require(_SNAKE_CASE.fullmatch(word), f"{name}: {word!r} is not snake_case")
    _require(name not in {*families(), perturbation.family}, f"{name}: a family bears this name")
    _require(inspect.getdoc(perturbation.change), f"{name}: its function has no docstring to describe it")
    _require(perturbation.languages, f"{name}: it covers no language")
    _require(
        math.isfinite(perturbation.weight) and perturbation.weight > 0,
        f"{name}: its weight {perturbation.weight} is not a positive number",
    )


def _check_result(perturbation: Perturbation, text: str, severity: int, seed: int) -> None:
    what = f"{perturbation.name} at severity {severity}, seed {seed}, of {_shown(text)}"
    try:
        result = perturbation(text, severity=severity, seed=seed)
    except Exception as error:
        raise AssertionError(f"{what}: {error}") from error
    _require(result.strip() or not text.strip(), f"{what} is blank")
    _require(_in_order(_DIGITS.findall(text), _DIGITS.findall(result)), f"{what} loses a number: {_shown(result)}")
    before, after = len(negations(text)), len(negations(result))
    _require(before == after, f"{what} had {before} negations and has {after}: {_shown(result)}")


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 80 else text[:77] + "...")


def _in_order(wanted: Sequence[str], found: Sequence[str]) -> bool:
    """Whether the wanted items stand among the found ones, in their order."""
    left = iter(found)
    return all(item in left for item in wanted)


def _check_purity(perturbation: Perturbation) -> None:
    """The same again, whatever came before it, and nothing taken from the global generator."""
    cases = list(product(MESSAGES, SEVERITIES))
    state = random.getstate()
    first = [perturbation(text, severity=severity, seed=5) for text, severity in cases]
    again = [perturbation(text, severity=severity, seed=5) for text, severity in reversed(cases)][::-1]
    _require(random.getstate() == state, f"{perturbation.name} draws from the global generator, not from its draw")
    for (text, severity), one, other in zip(cases, first, again, strict=True):
        _require(
            one == other,
            f"{perturbation.name} is not a pure function: at severity {severity} it gives of {_shown(text)} once "
            f"{_shown(one)} and then {_shown(other)}",
        )


def _check_together(perturbation: Perturbation) -> None:
    """What it makes of a text does not depend on those that are changed in the same go."""
    texts = (*MESSAGES, *HOSTILE)
    for severity in SEVERITIES:
        draws = [Draw(perturbation.name, severity, 5, text) for text in texts]
        for text, other in zip(texts, perturbation.apply(texts, severity, draws), strict=True):
            one = perturbation.change(text, severity, Draw(perturbation.name, severity, 5, text))
            _require(
                one == other,
                f"{perturbation.name} depends on other messages: at severity {severity} it gives of {_shown(text)} "
                f"{_shown(other)} among them, and {_shown(one)} alone",
            )


def _check_seed(perturbation: Perturbation) -> None:
    """Where anything is drawn, some message comes out otherwise with another seed."""
    drawn, results = False, set()
    for seed in range(10):
        outcome = []
        for text, severity in product(MESSAGES, SEVERITIES):
            draw = _WatchedDraw(perturbation.name, severity, seed, text)
            outcome.append(perturbation.change(text, severity, draw))
            drawn = drawn or draw.used
        results.add(tuple(outcome))
    _require(len(results) > 1 or not drawn, f"{perturbation.name} gives the same messages whatever the seed")


def _check_time(perturbation: Perturbation, unit: str) -> None:
    short, long = (unit * (length // len(unit)) + "x1" for length in (_SHORT, _SHORT * _TIMES_LONGER))
    for _ in range(3):
        took = _seconds(perturbation, long)
        if took < _QUICK or took < 3 * _TIMES_LONGER * _seconds(perturbation, short):
            return
    raise AssertionError(
        f"{perturbation.name} takes {took:.2f} s for {len(long):,} characters of {unit!r}: more than in proportion"
    )


def _seconds(perturbation: Perturbation, text: str) -> float:
    begun = time.process_time()
    perturbation(text, severity=4, seed=0)
    return time.process_time() - begun


def check_model(model: Any, texts: Sequence[str]) -> None:
    """Hold a model, or an adapter for one, against the contract of `Classifier` or `BlackBox`.

    It names its classes, gives one answer a message (probabilities that add up to 1, or labels with a confidence
    between 0 and 1), the same whatever the batches and the order, and leaves its input as it was.

    Parameters
    ----------
    model
        Whatever `inspect` takes.
    texts
        At least two messages; a dozen different ones show most.

    Raises
    ------
    AssertionError
        It breaks the contract; the message says how.

    Examples
    --------
    >>> check_model(lambda texts: [("refund", len(text) / 99) for text in texts], ["money back", "refund?", "order"])
    """
    _require(len(texts) > 1, "give at least two messages to check the model with")
    try:
        adapted = as_model(model)
    except ModelError as error:
        raise AssertionError(str(error)) from error
    answer = _labels if isinstance(adapted, BlackBox) else _probabilities
    whole = answer(adapted, texts)
    for how, order, batches in _batchings(len(texts)):
        parts = [answer(adapted, [texts[row] for row in order[start:end]]) for start, end in batches]
        _require_same(whole[order], np.concatenate(parts), how)


def _batchings(n: int) -> Iterator[tuple[str, NDArray[np.intp], list[tuple[int, int]]]]:
    rows = np.arange(n)
    yield "asked again", rows, [(0, n)]
    yield "asked in reverse order", rows[::-1], [(0, n)]
    yield "asked in two batches", rows, [(0, n // 2), (n // 2, n)]
    yield "asked one by one", rows, [(row, row + 1) for row in range(n)]


def _require_same(wanted: NDArray[Any], found: NDArray[Any], how: str) -> None:
    if wanted.dtype == object:
        same = all(a[0] == b[0] and _close(a[1:], b[1:]) for a, b in zip(wanted, found, strict=True))
    else:
        same = _close(wanted, found)
    _require(same, f"the model answers otherwise when it is {how}")


def _close(wanted: Any, found: Any) -> bool:
    one, other = (np.asarray(values, dtype=np.float64) for values in (wanted, found))
    return bool(np.allclose(one, other, atol=_TOLERANCE, equal_nan=True))


def _probabilities(model: Any, texts: Sequence[str]) -> NDArray[np.float64]:
    classes = list(model.classes)
    _require(classes and all(isinstance(label, str) for label in classes), f"classes {classes} are not strings")
    _require(len(set(classes)) == len(classes), f"classes {classes} hold one twice")
    given = list(texts)
    values = np.asarray(_call(model.predict_proba, given))
    _require(given == list(texts), "the model changed the list that it was given")
    wanted = (len(given), len(classes))
    _require(values.shape == wanted, f"predict_proba gave shape {values.shape}, wanted {wanted}")
    _require(np.issubdtype(values.dtype, np.number), f"predict_proba gave {values.dtype}, not numbers")
    _require(np.isfinite(values).all() and (values >= 0).all(), "predict_proba gave NaN, infinite or negative numbers")
    _require(np.allclose(values.sum(axis=1), 1, atol=1e-3), "the probabilities of a message do not add up to 1")
    _require(list(model.classes) == classes, "the model changed its classes when it predicted")
    return values.astype(np.float64)


def _labels(model: Any, texts: Sequence[str]) -> NDArray[np.object_]:
    """One row a message: label, confidence, flagged."""
    given = list(texts)
    found = _call(model.answer, given)
    _require(given == list(texts), "the model changed the list that it was given")
    _require(isinstance(found, Predictions), f"answer gave {type(found).__name__}, not Predictions")
    columns = (found.labels, found.confidence, found.flagged)
    for column in columns:
        _require(len(column) == len(given), f"{counted(len(column), 'answer')} to {counted(len(given), 'message')}")
    _require(all(isinstance(label, str) and label for label in found.labels), "a label is not a string, or is empty")
    stated = found.confidence[~np.isnan(found.confidence)]
    _require(((stated >= 0) & (stated <= 1)).all(), "a confidence lies outside 0 to 1")
    rows = np.empty((len(given), 3), dtype=object)
    rows[:, 0], rows[:, 1], rows[:, 2] = columns
    return rows


def _call(method: Any, texts: list[str]) -> Any:
    try:
        return method(texts)
    except Exception as error:
        raise AssertionError(
            f"the model raises {type(error).__name__} on {counted(len(texts), 'message')}: {error}"
        ) from error
