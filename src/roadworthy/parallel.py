"""One map for one process, worker processes and Ray: the same results in the same order, whatever runs them."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Literal, TypeVar, get_args

from roadworthy.errors import EngineError, MissingExtraError, RoadworthyError

Job = TypeVar("Job")
Result = TypeVar("Result")
Engine = Literal["local", "processes", "ray"]
Progress = Callable[[int, int], None]

# What we start has its own telemetry switched off unless the user switched it on.
_RAY_SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0"}


def find_engine(name: str) -> Engine:
    """The engine of that name.

    Raises
    ------
    EngineError
        There is none.
    """
    for engine in get_args(Engine):
        if engine == name:
            return engine  # type: ignore[no-any-return]
    raise EngineError(f"no engine {name!r}", mend=f"use one of {', '.join(get_args(Engine))}")


def run_jobs(
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    *,
    engine: Engine = "local",
    progress: Progress | None = None,
) -> list[Result]:
    """Apply a function to every job.

    Parameters
    ----------
    function
        Depends on nothing but its job; for other engines than ``"local"`` it can be pickled.
    jobs
        n of them.
    engine
        ``"local"`` is this process; ``"processes"`` one worker a processor; ``"ray"`` the Ray cluster that
        ``RAY_ADDRESS`` names, or one on this machine.
    progress
        Called with the number of finished jobs and n.

    Returns
    -------
    list
        n results, in the order of the jobs.

    Raises
    ------
    EngineError
        No such engine, or the function cannot be sent to where it should run.
    MissingExtraError
        Ray is not installed.

    Examples
    --------
    >>> run_jobs(len, ["a", "bb"])
    [1, 2]
    """
    results: list[Any] = [None] * len(jobs)
    run = {"local": _local, "processes": _processes, "ray": _ray}[find_engine(engine)]
    for done, (place, result) in enumerate(run(function, jobs), 1):
        results[place] = result
        if progress is not None:
            progress(done, len(jobs))
    return results


def _local(function: Callable[[Any], Any], jobs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    return enumerate(map(function, jobs))


def _processes(function: Callable[[Any], Any], jobs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    from multiprocessing import get_context

    try:
        sent = pickle.dumps(function)
    except Exception as error:
        raise _unsendable(error, "processes") from error
    workers = max(1, min(len(jobs), os.cpu_count() or 1))
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_receive, initargs=(sent,)) as pool:
        places: dict[Future[Any], int] = {pool.submit(_attempt, job): place for place, job in enumerate(jobs)}
        for future in as_completed(places):
            try:
                outcome = future.result()
            except BrokenProcessPool as error:
                raise EngineError(
                    "a worker process died, or could not load the model",
                    where="engine processes",
                    mend="use --engine local",
                ) from error
            yield places[future], _result(outcome)


# What a worker process applies to its jobs: sent once to each, not once a job.
_received: list[Callable[[Any], Any]] = []


def _receive(sent: bytes) -> None:
    _received[:] = [pickle.loads(sent)]  # noqa: S301 (from our own parent process)


def _attempt(job: Any, function: Callable[[Any], Any] | None = None) -> tuple[Any, RoadworthyError | None]:
    """A result, or the error that a user can mend, which pools would wrap in their own."""
    try:
        return (function or _received[0])(job), None
    except RoadworthyError as error:
        return None, error.with_traceback(None)


def _result(outcome: tuple[Any, RoadworthyError | None]) -> Any:
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]


def _ray(function: Callable[[Any], Any], jobs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    for name, value in _RAY_SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtraError("the engine 'ray'", extra="ray") from None

    def apply(row: dict[str, Any]) -> dict[str, Any]:
        return {"place": row["place"], "outcome": pickle.dumps(_attempt(pickle.loads(row["job"]), function))}  # noqa: S301 (our own job)

    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level="error", include_dashboard=False)
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        ray.data.DataContext.get_current().enable_progress_bars = False
    rows = [{"place": place, "job": pickle.dumps(job)} for place, job in enumerate(jobs)]
    if not rows:
        return
    for row in ray.data.from_items(rows, override_num_blocks=len(rows)).map(apply).iter_rows():
        yield row["place"], _result(pickle.loads(row["outcome"]))  # noqa: S301 (from our own workers)


def _unsendable(error: Exception, engine: str) -> EngineError:
    return EngineError(
        f"the model cannot be sent to other processes ({type(error).__name__}: {error})",
        where=f"engine {engine}",
        mend="use --engine local",
    )
