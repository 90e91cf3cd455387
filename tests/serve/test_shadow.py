"""The shadow model is asked behind the first one's back; whatever it does, nobody waits for it."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from roadworthy.models.guarded import Answer
from roadworthy.serve import shadow as shadow_module
from roadworthy.serve.shadow import Shadow

from .conftest import scripted, trusted


class Heard:
    """What a shadow hands over."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.errors: list[Exception] = []
        self.threads: set[str] = set()

    def answered(self, served: Any, found: list[Answer]) -> None:
        self.threads.add(threading.current_thread().name)
        self.answers.append((served, [answer.label for answer in found]))

    def failed(self, error: Exception) -> None:
        self.errors.append(error)

    def ask(self, shadow: Shadow, *texts: str) -> bool:
        return shadow.ask(texts, self.answered, self.failed)


class Held:
    """A model that waits until it is let go."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()

    def __call__(self, texts: Sequence[str]) -> list[Answer]:
        self.asked.set()
        assert self.go.wait(10)
        return [trusted(text) for text in texts]


def test_it_answers_in_order_on_a_thread_of_its_own() -> None:
    heard, held = Heard(), Held()
    served = scripted(held)
    shadow = Shadow(served)
    assert heard.ask(shadow, "a", "b")
    held.go.set()
    assert heard.ask(shadow, "c")
    shadow._thread.submit(lambda: None).result(10)
    shadow.close()
    assert heard.answers == [(served, ["a", "b"]), (served, ["c"])]
    assert threading.current_thread().name not in heard.threads


def test_what_it_is_too_slow_for_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow_module, "_WAITING", 2)
    heard, held = Heard(), Held()
    shadow = Shadow(scripted(held))
    assert [heard.ask(shadow, text) for text in "abc"] == [True, True, False]
    held.go.set()
    shadow._thread.submit(lambda: None).result(10)
    assert heard.ask(shadow, "d")
    shadow._thread.submit(lambda: None).result(10)
    shadow.close()
    assert [labels for _, labels in heard.answers] == [["a"], ["b"], ["d"]]


def test_a_failure_is_handed_over_and_the_next_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow_module, "_WAITING", 1)
    heard = Heard()

    def fails(texts: Sequence[str]) -> list[Answer]:
        raise ValueError(texts[0])

    shadow = Shadow(scripted(fails))
    for text in "ab":
        assert heard.ask(shadow, text)
        shadow._thread.submit(lambda: None).result(10)
    shadow.close()
    assert [str(error) for error in heard.errors] == ["a", "b"]


def test_closing_finishes_what_is_asked_and_drops_what_waits() -> None:
    heard, held = Heard(), Held()
    shadow = Shadow(scripted(held))
    heard.ask(shadow, "a")
    heard.ask(shadow, "b")
    assert held.asked.wait(10)
    threading.Timer(0.05, held.go.set).start()
    shadow.close()
    assert [labels for _, labels in heard.answers] == [["a"]]
