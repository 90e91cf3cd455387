"""A model behind an address: asked in batches, several at once, and never about what it has answered already."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from roadworthy.data import Predictions
from roadworthy.errors import ModelError, counted
from roadworthy.models.answers import read_answers
from roadworthy.models.chat import UNPARSABLE
from roadworthy.models.endpoint_calls import Calls, RefusedError
from roadworthy.models.endpoint_formats import format_of
from roadworthy.models.endpoint_settings import read_endpoint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.models.endpoint_journal import Journal
    from roadworthy.models.endpoint_settings import EndpointSettings

NO_ANSWER = "(no answer)"
"""The label of a message that the endpoint refuses."""

# So many messages refused and none answered: it is not about the messages.
_ALL_REFUSED = 20
# So many answers of an earlier run are asked for again, to see that the endpoint still gives them.
_ASKED_AGAIN = 20


def load_endpoint(spec: str) -> EndpointModel:
    """The model behind ``http://…``, ``https://…``, or an endpoint that ``endpoint:FILE.toml`` describes.

    Nothing is asked yet.

    Raises
    ------
    ModelError
        The address or the file does not say how to ask, or the environment variable of a key is not set.
    MissingExtraError
        The extra `http` is not installed.

    Examples
    --------
    >>> load_endpoint("http://127.0.0.1:8000/v1/predict").name
    'http://127.0.0.1:8000/v1/predict'
    """
    settings, name = read_endpoint(spec)
    return EndpointModel(settings, name)


class EndpointModel:
    """A classifier that answers over HTTP; a `BlackBox`.

    A message that the endpoint refuses is found by halving its batch, and gets the label ``(no answer)``; one whose
    answer a chat model put in no allowed label gets ``(unparsable)``. `notes` counts both.

    Parameters
    ----------
    settings
        Where it is, and how it may be asked.
    name
        What to call it in messages.
    """

    def __init__(self, settings: EndpointSettings, name: str) -> None:
        self.settings = settings
        self.name = name
        self.classes: Sequence[str] = settings.classes if settings.chat is None else settings.chat.labels
        self.resumed = 0
        self._calls = Calls(settings, name)
        weakref.finalize(self, self._calls.close)
        self._format = format_of(settings)
        self._size = 1 if self._format.alone else settings.batch_size
        self._journal: Journal | None = None
        self._is_checked = False
        self._lock = threading.Lock()
        self._has_answered = False
        self._refused: dict[str, str] = {}
        self._unparsed: set[str] = set()

    def __reduce__(self) -> NoReturn:
        raise TypeError("an endpoint is asked by several threads of one process")

    @property
    def unanswered(self) -> int:
        """How many messages the endpoint refused."""
        return len(self._refused)

    @property
    def unparsable(self) -> int:
        """How many messages got an answer that is no allowed label."""
        return len(self._unparsed)

    def notes(self) -> list[tuple[str, int, str]]:
        """What went wrong with single messages: a code, how many, and a sentence for each sort that there was."""
        notes = []
        if self._refused:
            n, said = self.unanswered, next(iter(self._refused.values()))
            notes.append(("model_errors", n, f"The endpoint refused {counted(n, 'message')} ({said})."))
        if self._unparsed:
            n = self.unparsable
            notes.append(
                ("model_unparsable", n, f"The answers to {counted(n, 'message')} name none of the allowed labels.")
            )
        return notes

    def remember(self, file: Path) -> None:
        """Keep every answer in a file as it comes, and take from it what it holds already.

        Before anything is taken from it, a few of the messages are asked about again: an endpoint that answers them
        otherwise now has changed, and the file is dropped.

        Raises
        ------
        OutputError
            The file cannot be read or written.
        """
        from roadworthy.models.endpoint_journal import Journal

        self._journal = Journal(file, self.settings.identity)
        self._is_checked = not len(self._journal)
        self.resumed = 0

    def answer(self, texts: Sequence[str]) -> Predictions:
        """One answer a message.

        Raises
        ------
        ModelError
            The endpoint cannot be reached, stays busy, refuses every message, or answers in an unknown form, or about
            another number of messages.
        OutputError
            The file that `remember` was given cannot be written.
        """
        if not len(texts):
            return read_answers([], 0, self.name)
        self._settle()
        known = self._known(texts)
        fresh = np.flatnonzero(~known)
        parts = self._ask([texts[row] for row in fresh.tolist()])
        if known.any() and self._journal is not None:
            reused = [texts[row] for row in np.flatnonzero(known).tolist()]
            parts.append(self._journal.answers(reused))
            self._count(reused, parts[-1])
        order = np.concatenate([fresh, np.flatnonzero(known)])
        return Predictions.concatenate(parts).take(np.argsort(order))

    def _settle(self) -> None:
        """Find out once how the endpoint wants its messages."""
        with self._lock:
            if self._format.settle is not None:
                body = self._format.settle(self._accepts, self._calls.get)
                self._format = replace(self._format, body=body or self._format.body, settle=None)

    def _accepts(self, body: Any) -> bool:
        try:
            self._calls.post(body, alone=False, stopped=threading.Event())
        except RefusedError:
            return False
        return True

    def _known(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the messages the journal answers."""
        journal = self._journal
        known = np.array([journal is not None and journal.knows(text) for text in texts])
        if journal is None or not known.any():
            return known
        if not self._is_checked:
            if self._has_changed(journal, [texts[row] for row in np.flatnonzero(known).tolist()]):
                journal.forget()
                known[:] = False
            self._is_checked = True
        self.resumed += int(known.sum())
        return known

    def _has_changed(self, journal: Journal, texts: Sequence[str]) -> bool:
        """Whether some of its earlier answers would be others now; a chat model's may be by chance."""
        if self.settings.chat is not None:
            return False
        again = texts[: min(self._size, _ASKED_AGAIN)]
        [answered] = self._ask(again)
        return bool(np.any(answered.labels != journal.answers(again).labels))

    def _ask(self, texts: Sequence[str]) -> list[Predictions]:
        """The answers to messages in batches, so many requests at a time; the first failure ends all of them."""
        starts = range(0, len(texts), self._size)
        if not starts:
            return []
        stopped = threading.Event()
        with ThreadPoolExecutor(min(self.settings.concurrency, len(starts))) as pool:
            under_way = [pool.submit(self._batch, texts[i : i + self._size], i, stopped) for i in starts]
            try:
                for done in as_completed(under_way):
                    done.result()
            except BaseException:
                stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        if not self._has_answered:
            self._raise_all_refused()
        return [done.result() for done in under_way]

    def _batch(self, texts: Sequence[str], first: int, stopped: threading.Event) -> Predictions:
        """The answers to one request, or to the two halves of one that was refused."""
        try:
            document = self._calls.post(self._format.body(texts), alone=len(texts) == 1, stopped=stopped)
        except RefusedError as refused:
            if len(texts) == 1:
                return self._no_answer(texts[0], str(refused))
            half = len(texts) // 2
            halves = (texts[:half], first), (texts[half:], first + half)
            return Predictions.concatenate([self._batch(*part, stopped) for part in halves])
        answered = self._format.read(document, len(texts), self._where(first, len(texts)))
        self._count(texts, answered)
        if self._journal is not None:
            self._journal.add(texts, answered)
        return answered

    def _no_answer(self, text: str, said: str) -> Predictions:
        with self._lock:
            self._refused[text] = said
            hopeless = not self._has_answered and len(self._refused) >= _ALL_REFUSED
        if hopeless:
            self._raise_all_refused()
        return read_answers([NO_ANSWER], 1, self.name)

    def _raise_all_refused(self) -> NoReturn:
        said = next(iter(self._refused.values()))
        raise ModelError(
            f"refuses every message ({said})",
            where=self.name,
            mend="check the format in which it is asked, by hand with one message",
        )

    def _count(self, texts: Sequence[str], answered: Predictions) -> None:
        with self._lock:
            self._has_answered = True
            for text, label in zip(texts, answered.labels, strict=True):
                self._refused.pop(text, None)
                if self.settings.chat is not None:
                    (self._unparsed.add if label == UNPARSABLE else self._unparsed.discard)(text)

    def _where(self, first: int, n: int) -> str:
        return (
            f"{self.name}, message {first + 1:,}" if n == 1 else f"{self.name}, messages {first + 1:,} to {first + n:,}"
        )
