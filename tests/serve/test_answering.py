"""Each request gets its own answers, by the model that it asked, whatever it is batched with."""

import asyncio
import threading
from collections.abc import Sequence

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.models.guarded import Answer
from roadworthy.serve import answering as answering_module
from roadworthy.serve.answering import Answering

from .conftest import scripted, trusted

BAD = "bad"


def echo(texts: Sequence[str], mark: str = "") -> list[Answer]:
    if BAD in texts:
        raise ValueError(BAD)
    return [trusted(mark + text) for text in texts]


def labels(found: object) -> object:
    return [answer.label for answer in found] if isinstance(found, list) else type(found)


requests = st.lists(
    st.tuples(st.booleans(), st.lists(st.sampled_from(["a", "b", "c", BAD]), min_size=1, max_size=70)), max_size=12
)


@given(requests, st.booleans())
def test_each_request_gets_its_own_answers_and_fails_alone(asked: list[tuple[bool, list[str]]], fast: bool) -> None:
    models = [scripted(echo, fast=fast), scripted(lambda texts: echo(texts, "other "), fast=fast)]
    answering = Answering()

    async def ask() -> list[object]:
        waiting = [answering.answers(models[other], texts) for other, texts in asked]
        return await asyncio.gather(*waiting, return_exceptions=True)

    try:
        found = anyio.run(ask)
    finally:
        answering.close()
    expected = [
        ValueError if BAD in texts else [("other " if other else "") + text for text in texts] for other, texts in asked
    ]
    assert [labels(one) for one in found] == expected


class Slow:
    """A model that notes what it is asked at a time, and waits until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Event()

    def __call__(self, texts: Sequence[str]) -> list[Answer]:
        self.batches.append([*texts])
        assert self.go.wait(10)
        return echo(texts)


async def _until(condition) -> None:
    with anyio.fail_after(10):
        while not condition():
            await anyio.sleep(0.001)


def batches_of(*asked: list[str]) -> list[list[str]]:
    """The batches that a model is asked when all the rest comes while it is busy with the first."""
    slow, answering = Slow(), Answering()
    served = scripted(slow)

    async def scene() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(answering.answers, served, asked[0])
            await _until(lambda: slow.batches)
            for texts in asked[1:]:
                tasks.start_soon(answering.answers, served, texts)
            await _until(lambda: len(answering._gathered) == len(asked) - 1)
            slow.go.set()

    anyio.run(scene)
    answering.close()
    return slow.batches


def test_what_comes_while_the_model_is_busy_is_answered_as_one_batch() -> None:
    assert batches_of(["a"], ["b"], ["c", "d"], ["e"]) == [["a"], ["b", "c", "d", "e"]]


def test_a_batch_has_so_many_messages_at_most_but_no_request_is_taken_apart() -> None:
    sizes = [len(batch) for batch in batches_of(["a"], ["b"] * 40, ["c"] * 24, ["d"], ["e"] * 100, ["f"])]
    assert sizes == [1, 64, 1, 100, 1]


def test_a_batch_is_for_one_model() -> None:
    slow, answering = Slow(), Answering()
    one, other = scripted(slow), scripted(slow)

    async def scene() -> None:
        async with anyio.create_task_group() as tasks:
            for served, text in ((one, "a"), (one, "b"), (other, "c"), (one, "d")):
                tasks.start_soon(answering.answers, served, [text])
            await _until(lambda: slow.batches)
            slow.go.set()

    anyio.run(scene)
    answering.close()
    assert slow.batches[-3:] == [["b"], ["c"], ["d"]] or slow.batches == [["a", "b"], ["c"], ["d"]]


def test_a_request_that_is_given_up_harms_no_other() -> None:
    slow, answering = Slow(), Answering()
    served = scripted(slow)

    async def scene() -> list[Answer]:
        given_up = asyncio.ensure_future(answering.answers(served, ["a"]))
        await _until(lambda: slow.batches)
        waits = asyncio.ensure_future(answering.answers(served, ["b"]))
        await anyio.sleep(0)
        given_up.cancel()
        slow.go.set()
        return await waits

    assert [answer.label for answer in anyio.run(scene)] == ["b"]
    answering.close()


@pytest.mark.parametrize(("fast", "characters", "here"), [(True, 2_000, True), (True, 2_001, False), (False, 1, False)])
def test_only_a_fast_model_and_a_short_request_are_answered_at_once(fast: bool, characters: int, here: bool) -> None:
    threads: list[str] = []

    def note(texts: Sequence[str]) -> list[Answer]:
        threads.append(threading.current_thread().name)
        return echo(texts)

    answering = Answering()
    texts = ["x" * (characters - 1), "y"]
    found = anyio.run(answering.answers, scripted(note, fast=fast), texts)
    answering.close()
    assert [answer.label for answer in found] == texts
    assert (threads == [threading.current_thread().name]) is here


def test_a_model_that_answers_too_few_of_a_batch_gives_no_request_the_answers_of_another() -> None:
    def too_few(texts: Sequence[str]) -> list[Answer]:
        return echo(texts[:1])

    served = scripted(too_few)
    found = answering_module._in_one([(served, ["a"], None), (served, ["b"], None)])
    assert [labels(one) for one in found] == [["a"], ["b"]]


def test_a_quick_model_is_asked_at_once_by_whoever_is_alone() -> None:
    threads: list[str] = []

    def quick(texts: Sequence[str]) -> list[Answer]:
        threads.append(threading.current_thread().name)
        return echo(texts)

    answering, model = Answering(), scripted(quick)

    async def ask() -> None:
        for alone in (True, True, False):
            assert labels(await answering.answers(model, ["a"], alone=alone)) == ["a"]

    try:
        anyio.run(ask)
    finally:
        answering.close()
    assert [name.startswith("answering") for name in threads] == [True, False, True]


def test_a_slow_model_is_asked_on_its_thread_by_whoever_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering_module, "_QUICK_SECONDS", 0.0)
    threads: list[str] = []

    def slow(texts: Sequence[str]) -> list[Answer]:
        threads.append(threading.current_thread().name)
        return echo(texts)

    answering, model = Answering(), scripted(slow)

    async def ask() -> None:
        for _ in range(2):
            await answering.answers(model, ["a"], alone=True)

    try:
        anyio.run(ask)
    finally:
        answering.close()
    assert all(name.startswith("answering") for name in threads)
