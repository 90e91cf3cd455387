"""Asking a model: in batches, each answer checked, the cost measured."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from roadworthy.data import Predictions
from roadworthy.errors import ModelError, RoadworthyError, counted, named
from roadworthy.models.adapt import Model
from roadworthy.models.answers import NoLabelError, read_probabilities, require_predictions
from roadworthy.parallel import Engine, Progress, run_jobs
from roadworthy.redaction import redact

BATCH_SIZE = 2_000
_MEASURED = 1_000
# What stands in the place of a label where there is none.
ERROR, NO_ANSWER, UNPARSABLE = "(error)", "(no answer)", "(unparsable)"
# A model that raises on more messages of a batch does not work at all.
_MOST_FAILURES = 20
_SHOWN = 3


class Unanswered(NamedTuple):
    """Messages that a model gave no label for: a code, how many, and what to say of it."""

    code: str
    n: int
    sentence: str


class Failures(NamedTuple):
    """The messages of a batch on which the model raised, the first error, and those for which it returned None."""

    texts: tuple[str, ...] = ()
    error: str = ""
    without_label: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answers:
    """The predictions for n messages and what they cost: CPU seconds a thousand, peak megabytes for one batch.

    Where the model gave no label, the predictions hold `ERROR`, `NO_ANSWER` or `UNPARSABLE`, and `unanswered` says why.
    """

    predictions: Predictions
    cpu_seconds_per_1000: float
    memory_mb: float
    memory_batch: int
    unanswered: tuple[Unanswered, ...] = ()


class _RaisedError(ModelError):
    """The model raised, on some message of the batch."""


def ask(
    model: Model,
    texts: Sequence[str],
    *,
    batch_size: int = BATCH_SIZE,
    engine: Engine = "local",
    progress: Progress | None = None,
) -> Answers:
    """Predict every message, once, in batches.

    The first batch is half of the messages, at most 1,000, and runs in this process: its peak memory is measured, which
    slows it down, so its time does not count towards the CPU seconds. An endpoint's memory is not here to be measured.

    Where the model raises, the messages that it raises on are found by halving the batch; they count as answered with
    `ERROR`, up to 20 a batch, and so do those for which it returns None, however many. If those are all of the first
    batch, it must answer one of the next 20 messages.

    Raises
    ------
    ModelError
        The model raised on more messages than that, or on all, or answered in a form that no classifier may answer in.
    EngineError
        The model cannot be sent to other processes.
    """
    if not texts:
        raise ModelError("no message to ask about", mend="give at least one")
    if batch_size < 1:
        raise ModelError(f"a batch of {batch_size} messages", mend="ask about at least 1 at a time")
    require = getattr(model, "require", None)
    if require is not None:
        # A model that can tell beforehand that it will not answer says so of all messages at once.
        require(texts)
    size = max(1, min(_MEASURED, batch_size, len(texts) // 2))
    is_elsewhere = hasattr(model, "notes")
    (first, failed), memory = (
        (_patiently(model, texts[:size]), 0.0) if is_elsewhere else _with_memory(model, texts[:size])
    )
    if len(failed.texts) + len(failed.without_label) == size:
        require_answer(model, texts[size - 1 :])
    batches = [texts[start : start + batch_size] for start in range(size, len(texts), batch_size)]

    def told(done: int, _: int) -> None:
        if progress is not None:
            progress(min(size + done * batch_size, len(texts)), len(texts))

    told(0, 0)
    rest = run_jobs(partial(_timed, model), batches, engine=engine, progress=told)
    seconds, timed = sum(cpu for _, _, cpu in rest), len(texts) - size
    predictions = Predictions.concatenate([first, *(part for part, _, _ in rest)])
    unanswered = _unanswered(model, predictions, [failed, *(failures for _, failures, _ in rest)])
    return Answers(predictions, seconds / timed * 1000 if timed else 0.0, memory, size, unanswered)


def _timed(model: Model, texts: Sequence[str]) -> tuple[Predictions, Failures, float]:
    begun = time.process_time()
    predictions, failures = _patiently(model, texts)
    return predictions, failures, time.process_time() - begun


def _patiently(model: Model, texts: Sequence[str]) -> tuple[Predictions, Failures]:
    """The answers to a batch, and the messages on which the model raises or gives no label, which get none."""
    try:
        return predict(model, texts), Failures()
    except NoLabelError as error:
        if error.n == len(texts):
            return _without(model, texts, error.rows)
        first: ModelError = error
    except _RaisedError as error:
        first = error
    failed: list[int] = []
    unlabelled: list[int] = []
    parts = _halved(model, texts, 0, (failed, unlabelled), first)
    cause = first.__cause__
    said = str(first) if cause is None else redact(named(cause))
    raised, none = (tuple(texts[row] for row in rows) for rows in (failed, unlabelled))
    return Predictions.concatenate(parts), Failures(raised, said, none)


def _without(model: Model, texts: Sequence[str], rows: Sequence[int]) -> tuple[Predictions, Failures]:
    """The answers to a batch in which some rows are no label: the others are asked again, without them."""
    none = set(rows)
    others = [row for row in range(len(texts)) if row not in none]
    answered, failures = _patiently(model, [texts[row] for row in others]) if others else (_failed(0), Failures())
    place = np.empty(len(texts), dtype=np.intp)
    place[others], place[list(rows)] = range(len(others)), range(len(others), len(texts))
    found = Predictions.concatenate([answered, _failed(len(rows))]).take(place)
    return found, failures._replace(without_label=(*(texts[row] for row in rows), *failures.without_label))


def _failed(n: int) -> Predictions:
    """What stands for the answers to n messages that got none."""
    return Predictions(np.full(n, ERROR, dtype=object), np.full(n, np.nan))


def require_answer(model: Model, texts: Sequence[str]) -> None:
    """Make sure that a model answers one of the first 21 messages.

    Raises
    ------
    ModelError
        It raised on each of them, or answered in a form that no classifier may answer in.
    """
    *others, last = texts[: _MOST_FAILURES + 1]
    for text in others:
        try:
            predict(model, [text])
        except (_RaisedError, NoLabelError):
            continue
        return
    predict(model, [last])


def _halved(
    model: Model, texts: Sequence[str], start: int, found_out: tuple[list[int], list[int]], error: ModelError
) -> list[Predictions]:
    """The answers to a batch on which the model raises: to each half of it, and so on.

    The rows on which it raises are added to the first list, those for which it gives no label to the second.
    """
    if len(texts) == 1:
        failed, unlabelled = found_out
        (unlabelled if isinstance(error, NoLabelError) else failed).append(start)
        if len(failed) + len(unlabelled) > _MOST_FAILURES:
            raise error
        return [_failed(1)]
    middle = len(texts) // 2
    found: list[Predictions] = []
    for half, at in ((texts[:middle], start), (texts[middle:], start + middle)):
        try:
            found.append(predict(model, half))
        except (_RaisedError, NoLabelError) as its_own:
            found += _halved(model, half, at, found_out, its_own)
    return found


def _unanswered(model: Model, predictions: Predictions, failures: Sequence[Failures]) -> tuple[Unanswered, ...]:
    """What there is to say of messages without a label: by the model itself where it knows more."""
    found = []
    failed = [text for failure in failures for text in failure.texts]
    if failed:
        said = next(failure.error for failure in failures if failure.error)
        sentence = f"The model raised on {counted(len(failed), 'message')} ({said}), among them {_shown(failed)}."
        found.append(Unanswered("model_errors", len(failed), sentence))
    none = [text for failure in failures for text in failure.without_label]
    if none:
        sentence = f"The model gave no label (None) for {counted(len(none), 'message')}, among them {_shown(none)}."
        found.append(Unanswered("model_errors", len(none), sentence))
    # What a model notes, it notes of all that it was ever asked: only the sentence of what came up here is taken.
    notes = {code: sentence for code, _, sentence in getattr(model, "notes", list)()}
    for code, label in (("model_errors", NO_ANSWER), ("model_unparsable", UNPARSABLE)):
        n = int(np.sum(predictions.labels == label))
        if n:
            found.append(Unanswered(code, n, notes.get(code, f"{counted(n, 'message')} got no label.")))
    return tuple(found)


def _shown(texts: Sequence[str]) -> str:
    return ", ".join(repr(redact(text)[:80]) for text in texts[:_SHOWN])


def _with_memory(model: Model, texts: Sequence[str]) -> tuple[tuple[Predictions, Failures], float]:
    already = tracemalloc.is_tracing()
    if not already:
        tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    try:
        part = _patiently(model, texts)
        return part, max(0, tracemalloc.get_traced_memory()[1] - before) / 1e6
    finally:
        if not already:
            tracemalloc.stop()


def predict(model: Model, texts: Sequence[str]) -> Predictions:
    """What a model answers to one batch, checked.

    Raises
    ------
    ModelError
        The model raised, or answered in a form that no classifier may answer in.
    """
    where = getattr(model, "name", type(model).__name__)
    try:
        answer = getattr(model, "answer", None)
        answered = model.predict_proba(texts) if answer is None else answer(texts)  # type: ignore[union-attr]
    except RoadworthyError:
        raise
    except (Exception, SystemExit) as error:
        raise _RaisedError(
            f"raised {redact(named(error))} on a batch of {counted(len(texts), 'message')}",
            where=where,
            mend="make it predict these messages, then inspect again",
        ) from error
    if answer is not None:
        return require_predictions(answered, len(texts), where)
    return read_probabilities(answered, len(texts), model.classes, where)  # type: ignore[union-attr]
