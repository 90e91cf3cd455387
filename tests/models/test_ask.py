"""A model is asked about every message once, in batches, and what goes wrong is said."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.data import Predictions
from roadworthy.errors import DataError, ModelError
from roadworthy.models.adapt import as_model
from roadworthy.models.ask import ERROR, NO_ANSWER, ask


@given(st.integers(1, 60), st.integers(1, 25))
def test_every_message_is_asked_about_once_in_its_order(n: int, batch_size: int) -> None:
    batches: list[list[str]] = []
    steps: list[tuple[int, int]] = []

    def echo(texts: list[str]) -> list[str]:
        batches.append(texts)
        return texts

    texts = [f"message {i}" for i in range(n)]
    answers = ask(as_model(echo), texts, batch_size=batch_size, progress=lambda *step: steps.append(step))
    assert answers.predictions.labels.tolist() == texts
    assert [text for batch in batches for text in batch] == texts
    assert max(map(len, batches)) <= batch_size
    assert len(batches[0]) == answers.memory_batch
    assert steps == [(sum(map(len, batches[: i + 1])), n) for i in range(len(batches))]


def test_the_cost_is_measured() -> None:
    def hungry(texts: list[str]) -> list[str]:
        np.ones(5_000_000).sum()
        return texts

    answers = ask(as_model(hungry), ["a", "b", "c", "d"])
    assert 39 < answers.memory_mb < 45
    assert answers.cpu_seconds_per_1000 > 0
    assert not tracemalloc.is_tracing()


def test_one_message_has_no_time_of_its_own() -> None:
    assert ask(as_model(lambda texts: texts), ["a"]).cpu_seconds_per_1000 == 0


def test_a_measurement_that_is_already_running_goes_on() -> None:
    tracemalloc.start()
    try:
        ask(as_model(lambda texts: texts), ["a", "b"])
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


def raises(error: BaseException) -> Callable[[list[str]], Any]:
    def model(texts: list[str]) -> Any:
        raise error

    return model


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("two\nlines"), "raised ValueError: two lines on a batch of 1 message; make it predict"),
        (KeyError("x"), "raised KeyError: 'x' on a batch"),
        (RuntimeError(), "raised RuntimeError on a batch"),
        (SystemExit(0), "raised SystemExit: 0 on a batch"),
    ],
)
def test_a_model_that_raises_is_named_with_what_it_said(error: BaseException, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        ask(as_model(raises(error), name="m"), ["a", "b"])
    assert str(caught.value).startswith(f"m: {said}")
    assert caught.value.__cause__ is error
    assert not tracemalloc.is_tracing()


def test_an_error_of_ours_stays_as_it_is() -> None:
    error = DataError("no rows")
    with pytest.raises(DataError) as caught:
        ask(as_model(raises(error)), ["a"])
    assert caught.value is error


def test_an_interruption_stays_an_interruption() -> None:
    with pytest.raises(KeyboardInterrupt):
        ask(as_model(raises(KeyboardInterrupt())), ["a"])


@pytest.mark.parametrize(
    ("texts", "batch_size", "said"), [([], 5, "no message to ask about"), (["a"], 0, "a batch of 0 messages")]
)
def test_nothing_cannot_be_asked(texts: list[str], batch_size: int, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        ask(as_model(lambda texts: texts), texts, batch_size=batch_size)


def failing(*bad: str) -> Callable[[list[str]], Any]:
    def model(texts: list[str]) -> list[str]:
        if any(text in bad for text in texts):
            raise ValueError("cannot read this")
        return ["ok"] * len(texts)

    return model


def test_messages_that_the_model_raises_on_are_found_and_counted() -> None:
    texts = [f"message {i}" for i in range(100)]
    bad = ("message 3", "message 60", "message 99")
    answers = ask(as_model(failing(*bad)), texts, batch_size=30)
    assert [texts[row] for row in np.flatnonzero(answers.predictions.labels == ERROR)] == list(bad)
    assert np.isnan(answers.predictions.confidence[3])
    (found,) = answers.unanswered
    assert (found.code, found.n) == ("model_errors", 3)
    assert "ValueError: cannot read this" in found.sentence
    assert "'message 3'" in found.sentence


@pytest.mark.parametrize("form", [lambda label: label, lambda label: (label, 0.5), lambda label: {"label": label}])
@pytest.mark.parametrize("raises_too", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3, 40, 200])
def test_messages_that_get_none_for_a_label_are_counted_and_shown(
    form: Callable[[Any], Any], raises_too: bool, batch_size: int
) -> None:
    texts = [f"message {i}" for i in range(200)]
    none = {texts[row] for row in range(1, 30, 2)}
    bad = {texts[0], texts[100]} if raises_too else set()

    def model(asked: list[str]) -> list[Any]:
        if bad & set(asked):
            raise ValueError("cannot read this")
        return [form(None if text in none else text) for text in asked]

    answers = ask(as_model(model), texts, batch_size=batch_size)
    expected = [ERROR if text in none | bad else text for text in texts]
    assert answers.predictions.labels.tolist() == expected
    *raised, unlabelled = answers.unanswered
    assert [found.n for found in raised] == ([2] if raises_too else [])
    assert (unlabelled.code, unlabelled.n) == ("model_errors", 15)
    assert unlabelled.sentence == (
        "The model gave no label (None) for 15 messages, among them 'message 1', 'message 3', 'message 5'."
    )


def test_many_messages_without_a_label_do_not_end_it_and_none_with_one_does() -> None:
    texts = [f"message {i}" for i in range(400)]
    model = as_model(lambda asked: [None if text.endswith("3") else text for text in asked])
    assert ask(model, texts).unanswered[0].n == 40
    with pytest.raises(ModelError, match="an answer that is not a label"):
        ask(as_model(lambda asked: [None] * len(asked)), texts)


def test_no_gate_passes_a_model_that_gives_no_label_for_a_message() -> None:
    from roadworthy import Gate, inspect, support_desk

    data = support_desk.load_clean_test()
    known = dict(zip(data.texts, data.labels or (), strict=True))
    gate = Gate(max_drop=None, min_accuracy=0.01, max_silent_failure_rate=None, min_coverage=None)
    found = inspect(
        lambda texts: [None if text == data.texts[7] else known.get(text, "order_status") for text in texts],
        data,
        suite="quick",
    )
    decision = found.passes(gate)
    assert found.verdict == "fail"
    assert [refusal.code for refusal in decision.refusals] == ["model_errors"]
    assert repr(data.texts[7]) in decision.reason


@pytest.mark.parametrize("batch_size", [1, 2, 30])
@pytest.mark.parametrize("bad", [(0,), (9,), (0, 1), (8, 9), (0, 1, 2, 3, 4)])
def test_batches_without_any_answer_do_not_end_it(bad: tuple[int, ...], batch_size: int) -> None:
    texts = [f"message {i}" for i in range(10)]
    answers = ask(as_model(failing(*(texts[row] for row in bad))), texts, batch_size=batch_size)
    assert tuple(np.flatnonzero(answers.predictions.labels == ERROR)) == bad
    assert answers.unanswered[0].n == len(bad)


def test_a_model_that_never_answers_is_not_asked_about_everything() -> None:
    asked: list[str] = []

    def broken(texts: list[str]) -> list[str]:
        asked.extend(texts)
        raise ValueError("no weights")

    with pytest.raises(ModelError, match="raised ValueError: no weights"):
        ask(as_model(broken), [f"message {i}" for i in range(1_000)], batch_size=1)
    assert len(set(asked)) == 21


def test_a_model_that_knows_beforehand_refuses_all_messages_at_once() -> None:
    class Lookup:
        def require(self, texts: list[str]) -> None:
            raise ModelError(f"no prediction for {len(texts)} messages")

        def answer(self, texts: list[str]) -> Predictions:
            raise AssertionError("asked all the same")

    with pytest.raises(ModelError, match="no prediction for 3 messages"):
        ask(Lookup(), ["a", "b", "c"], batch_size=1)


def test_a_model_that_raises_on_most_messages_does_not_work() -> None:
    texts = [f"message {i}" for i in range(100)]
    with pytest.raises(ModelError, match="raised ValueError"):
        ask(as_model(failing(*texts[10:60])), texts)


def test_what_a_model_says_of_its_answers_is_told() -> None:
    class Endpoint:
        def answer(self, texts: list[str]) -> Predictions:
            return Predictions(np.array([NO_ANSWER, *["ok"] * (len(texts) - 1)], dtype=object), np.ones(len(texts)))

    class Talking(Endpoint):
        def notes(self) -> list[tuple[str, int, str]]:
            return [("model_errors", 1, "The endpoint refused it."), ("model_unparsable", 5, "Long ago.")]

    silent, talking = (ask(model, ["a", "b", "c", "d"]).unanswered for model in (Endpoint(), Talking()))
    assert [(found.code, found.n) for found in silent] == [("model_errors", 2)]
    assert [found.sentence for found in talking] == ["The endpoint refused it."]
