"""Asking a model: in batches, each answer checked, the cost measured."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from roadworthy.data import Predictions
from roadworthy.errors import ModelError, RoadworthyError, named
from roadworthy.models.adapt import Model
from roadworthy.models.answers import read_probabilities, require_predictions
from roadworthy.parallel import Engine, Progress, run_jobs
from roadworthy.redaction import redact

BATCH_SIZE = 2_000
_MEASURED = 1_000


@dataclass(frozen=True)
class Answers:
    """The predictions for n messages and what they cost: CPU seconds a thousand, peak megabytes for one batch."""

    predictions: Predictions
    cpu_seconds_per_1000: float
    memory_mb: float
    memory_batch: int


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
    slows it down, so its time does not count towards the CPU seconds.

    Raises
    ------
    ModelError
        The model raised, or answered in a form that no classifier may answer in.
    EngineError
        The model cannot be sent to other processes.
    """
    if not texts:
        raise ModelError("no message to ask about", mend="give at least one")
    if batch_size < 1:
        raise ModelError(f"a batch of {batch_size} messages", mend="ask about at least 1 at a time")
    size = max(1, min(_MEASURED, batch_size, len(texts) // 2))
    first, memory = _with_memory(model, texts[:size])
    batches = [texts[start : start + batch_size] for start in range(size, len(texts), batch_size)]

    def told(done: int, _: int) -> None:
        if progress is not None:
            progress(min(size + done * batch_size, len(texts)), len(texts))

    told(0, 0)
    rest = run_jobs(partial(_timed, model), batches, engine=engine, progress=told)
    seconds, timed = sum(cpu for _, cpu in rest), len(texts) - size
    predictions = Predictions.concatenate([first, *(part for part, _ in rest)])
    return Answers(predictions, seconds / timed * 1000 if timed else 0.0, memory, size)


def _timed(model: Model, texts: Sequence[str]) -> tuple[Predictions, float]:
    begun = time.process_time()
    return predict(model, texts), time.process_time() - begun


def _with_memory(model: Model, texts: Sequence[str]) -> tuple[Predictions, float]:
    already = tracemalloc.is_tracing()
    if not already:
        tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    try:
        part = predict(model, texts)
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
        raise ModelError(
            f"raised {redact(named(error))} on a batch of {len(texts)} messages",
            where=where,
            mend="make it predict these messages, then inspect again",
        ) from error
    if answer is not None:
        return require_predictions(answered, len(texts), where)
    return read_probabilities(answered, len(texts), model.classes, where)  # type: ignore[union-attr]
