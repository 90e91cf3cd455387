"""No more at a time than there are places, no more in line than may wait, and no larger body than is allowed."""

from collections.abc import Iterator, Mapping
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.serve.limits import Bodies, Gate
from roadworthy.serve.problems import Problem


@given(st.integers(1, 4), st.integers(0, 4), st.lists(st.integers(0, 3), max_size=16))
def test_never_more_come_in_than_there_are_places(concurrency: int, queue: int, turns: list[int]) -> None:
    gate, inside, most = Gate(concurrency, queue), 0, 0
    told: list[object] = []

    async def request(pause: int) -> None:
        nonlocal inside, most
        try:
            async with gate:
                inside += 1
                most = max(most, inside)
                for _ in range(pause):
                    await anyio.lowlevel.checkpoint()
                inside -= 1
        except Problem as problem:
            told.append((problem.status, problem.headers))

    async def all_at_once() -> None:
        async with anyio.create_task_group() as tasks:
            for pause in turns:
                tasks.start_soon(request, pause)

    anyio.run(all_at_once)
    assert most <= concurrency
    assert inside == 0
    assert (gate.inside, gate._waiting) == (0, 0)
    assert told == [(429, {"Retry-After": "1"})] * len(told)
    assert len(told) <= max(0, len(turns) - concurrency - queue)


def test_a_place_in_line_is_given_back_by_who_leaves_it() -> None:
    async def enter(gate: Gate) -> None:
        async with gate:
            pass

    async def scene() -> None:
        gate = Gate(1, 1)
        async with gate, anyio.create_task_group() as tasks:
            with anyio.move_on_after(0.01):
                await enter(gate)
            tasks.start_soon(enter, gate)
            await anyio.lowlevel.checkpoint()
            with pytest.raises(Problem, match="busy"):
                await enter(gate)
            tasks.cancel_scope.cancel()

    anyio.run(scene)


def test_a_place_is_given_back_by_who_fails() -> None:
    async def scene() -> None:
        gate = Gate(1, 0)
        for _ in range(3):
            with pytest.raises(KeyError):
                async with gate:
                    raise KeyError
        async with gate:
            pass

    anyio.run(scene)


def read(parts: list[Mapping[str, Any]], limit: int, headers: Mapping[bytes, bytes] | None = None) -> tuple[Any, int]:
    """The body or the problem, and how many parts were left unread."""
    left: Iterator[Mapping[str, Any]] = iter(parts)

    async def receive() -> Mapping[str, Any]:
        return next(left)

    async def body() -> Any:
        try:
            return await Bodies().read(receive, headers or {}, limit)
        except Problem as problem:
            return problem

    return anyio.run(body), len([*left])


def parts_of(chunks: list[bytes]) -> list[dict[str, Any]]:
    last = len(chunks) - 1
    return [{"type": "http.request", "body": chunk, "more_body": row < last} for row, chunk in enumerate(chunks)]


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=8), st.integers(1, 40))
def test_a_body_is_read_whole_or_refused_for_its_size(chunks: list[bytes], limit: int) -> None:
    found, _ = read(parts_of(chunks), limit)
    whole = b"".join(chunks)
    if len(whole) <= limit:
        assert found == whole
    else:
        assert (found.status, found.kind, found.headers) == (413, "body-too-large", {"Connection": "close"})


def test_a_body_that_says_that_it_is_too_large_is_not_read() -> None:
    found, left = read(parts_of([b"x"]), 10, {b"content-length": b"11"})
    assert (found.status, left) == (413, 1)


def test_of_a_body_that_goes_on_no_more_than_the_limit_is_read() -> None:
    found, left = read(parts_of([b"xxx"] * 100), 10)
    assert (found.status, left) == (413, 96)


@pytest.mark.parametrize("declared", [b"", b"-1", b"many", b"10"])
def test_a_length_that_says_nothing_is_passed_over(declared: bytes) -> None:
    assert read(parts_of([b"0123456789"]), 10, {b"content-length": declared})[0] == b"0123456789"


async def never() -> Mapping[str, Any]:
    await anyio.sleep_forever()
    raise AssertionError


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def scene() -> list[tuple[int, dict[str, str]]]:
        bodies, told = Bodies(0.02), []
        for _ in range(2):
            with pytest.raises(Problem) as found:
                await bodies.read(never, {}, 10)
            told.append((found.value.status, found.value.headers))
        # The other bodies are not touched by it.
        assert await bodies.read(quick, {}, 10) == b"{}"
        return told

    async def quick() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    assert anyio.run(scene) == [(408, {"Connection": "close"})] * 2


def test_who_stops_waiting_for_a_body_is_not_told_that_it_was_late() -> None:
    async def scene() -> bool:
        with anyio.move_on_after(0.01) as waited:
            await Bodies().read(never, {}, 10)
        return waited.cancelled_caught

    assert anyio.run(scene)


@pytest.mark.parametrize("before", [[], [{"type": "http.request", "body": b"{", "more_body": True}]])
def test_a_body_that_ends_early_is_no_body(before: list[dict[str, Any]]) -> None:
    found, _ = read([*before, {"type": "http.disconnect"}], 10)
    assert (found.status, found.kind) == (400, "disconnected")
