"""The figures of the field exam: pure functions of what is true and of what a system answered.

A draw of the bootstrap is a row of weights, how often each message was drawn; the figure itself is the row of ones. So
every system is measured on the same draws, and differences between two systems are paired.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from roadworthy import metrics
from roadworthy.errors import ModelError
from roadworthy.metrics import UNDEFINED, Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

OUT_OF_SCOPE = "NO_NODES_DETECTED"
DRAWS = 1_000


@dataclass(frozen=True, eq=False)
class Answered:
    """What a system answered to n messages.

    Parameters
    ----------
    labels
        Strings, shape (n,): the label answered, whatever was flagged.
    scores
        Finite, shape (n,): how far the system takes each message to be in scope.
    flagged
        Boolean, shape (n,), at the system's own threshold; None for a system whose threshold is unknown.
    """

    labels: NDArray[np.object_]
    scores: NDArray[np.float64]
    flagged: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self.scores).all():
            row = int(np.flatnonzero(~np.isfinite(self.scores))[0]) + 1
            raise ModelError(f"the score of message {row} is no finite number", mend="give every message a score")


@dataclass(frozen=True, eq=False)
class Figures:
    """What a system scores on the messages of one bot; None where its own threshold is unknown.

    `in_scope_right` holds one boolean an in-scope message, `auroc_draws` and `mcc_draws` one figure a draw.
    """

    in_scope_accuracy: Interval
    auroc: Interval
    best_mcc: Interval
    silent_failure_rate: Interval | None
    coverage: Interval | None
    right_answers_kept: Interval | None
    in_scope_right: NDArray[np.bool_]
    auroc_draws: NDArray[np.float64]
    mcc_draws: NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """One system minus another, on the same messages."""

    in_scope_accuracy: Interval
    auroc: Interval
    best_mcc: Interval


def measure(truth: NDArray[np.object_], answered: Answered, *, draws: int = DRAWS, seed: int = 0) -> Figures:
    """Every figure of one system, with its 95 % interval.

    Shares have Wilson's; AUROC and MCC the percentiles of a bootstrap over messages, in which the best threshold is
    chosen anew in each draw.

    Parameters
    ----------
    truth
        Strings, shape (n,): the true labels; OUT_OF_SCOPE is that of messages which belong to no class.

    Examples
    --------
    >>> truth = np.array(["refund", "order", OUT_OF_SCOPE, OUT_OF_SCOPE], dtype=object)
    >>> labels = np.array(["refund", "refund", "order", "order"], dtype=object)
    >>> flagged = np.array([False, False, True, False])
    >>> found = measure(truth, Answered(labels, np.array([0.9, 0.4, 0.3, 0.6]), flagged))
    >>> found.in_scope_accuracy.value, found.auroc.value, found.silent_failure_rate.value, found.coverage.value
    (0.5, 0.75, 0.5, 0.75)
    """
    n = len(truth)
    weights = np.vstack([np.ones(n), np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)])
    in_scope, right = truth != OUT_OF_SCOPE, answered.labels == truth
    areas = auroc(in_scope, answered.scores, weights)
    correlations = best_mcc(truth, answered, weights)
    silent, coverage, kept = _at_own_threshold(in_scope, right, answered.flagged)
    return Figures(
        in_scope_accuracy=_share(right[in_scope]),
        auroc=_percentiles(areas),
        best_mcc=_percentiles(correlations),
        silent_failure_rate=silent,
        coverage=coverage,
        right_answers_kept=kept,
        in_scope_right=right[in_scope],
        auroc_draws=areas[1:],
        mcc_draws=correlations[1:],
    )


def compare(ours: Figures, other: Figures) -> Difference:
    """Ours minus the other, both measured on the same messages and the same draws."""
    return Difference(
        metrics.paired_difference(other.in_scope_right, ours.in_scope_right),
        _percentiles(np.append(ours.auroc.value - other.auroc.value, ours.auroc_draws - other.auroc_draws)),
        _percentiles(np.append(ours.best_mcc.value - other.best_mcc.value, ours.mcc_draws - other.mcc_draws)),
    )


def auroc(
    in_scope: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How often an in-scope message scores higher than an out-of-scope one, ties counting half.

    Parameters
    ----------
    in_scope
        Boolean, shape (n,).
    scores
        Shape (n,).
    weights
        Shape (draws, n): how often each message counts.

    Returns
    -------
    ndarray
        Shape (draws,); NaN where a draw lacks one of the two sorts.

    Examples
    --------
    >>> auroc(np.array([True, True, False]), np.array([0.9, 0.2, 0.2]), np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0]]))
    array([0.75, 1.  ,  nan])
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.nan))
    inside = np.add.reduceat((weights * in_scope)[:, order], starts, axis=1)
    outside = np.add.reduceat((weights * ~in_scope)[:, order], starts, axis=1)
    below = np.cumsum(outside, axis=1) - outside
    pairs = inside.sum(axis=1) * outside.sum(axis=1)
    won = (inside * (below + outside / 2)).sum(axis=1)
    return np.where(pairs > 0, won / np.where(pairs > 0, pairs, 1), np.nan)


def best_mcc(truth: NDArray[np.object_], answered: Answered, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The best multi-class Matthews correlation over all thresholds, as in HINT3 (Arora et al., 2020).

    A message whose score is below the threshold counts as answered OUT_OF_SCOPE. Every distinct score is tried, in one
    pass: from the highest down, each message passes from OUT_OF_SCOPE to the label answered. The correlation is that of
    Gorodkin (2004, Computational Biology and Chemistry 28:367), 0 where undefined, as in scikit-learn.

    Parameters
    ----------
    truth
        Strings, shape (n,).
    answered
        Labels and scores; what is flagged does not matter.
    weights
        Shape (draws, n): how often each message counts; none is all zeros.

    Returns
    -------
    ndarray
        Shape (draws,).

    Examples
    --------
    >>> truth = np.array(["refund", "order", OUT_OF_SCOPE], dtype=object)
    >>> answered = Answered(np.array(["refund", "order", "order"], dtype=object), np.array([0.9, 0.8, 0.3]))
    >>> best_mcc(truth, answered, np.ones((1, 3)))
    array([1.])
    """
    order = np.argsort(-answered.scores, kind="stable")
    true, said, counts = truth[order], answered.labels[order], weights[:, order].astype(np.float64)
    total = counts.sum(axis=1, keepdims=True)
    of_truth = {label: counts[:, true == label].sum(axis=1, keepdims=True) for label in {*truth, OUT_OF_SCOPE}}
    correct = np.where(true == OUT_OF_SCOPE, counts, 0).sum(axis=1, keepdims=True)
    correct = correct + np.cumsum(counts * ((said == true).astype(int) - (true == OUT_OF_SCOPE)), axis=1)
    expected, squares = _agreement_by_chance(said, counts, of_truth)
    spread = total**2 - sum(count**2 for count in of_truth.values())
    both = (total**2 - squares) * spread
    found = np.where(both > 0, (correct * total - expected) / np.sqrt(np.where(both > 0, both, 1)), 0.0)
    found = np.where(np.cumsum(counts, axis=1) > 0, found, -1.0)
    ends = np.flatnonzero(np.diff(answered.scores[order], append=np.nan))
    best: NDArray[np.float64] = found[:, ends].max(axis=1)
    return best


def _agreement_by_chance(
    said: NDArray[np.object_], counts: NDArray[np.float64], of_truth: dict[str, NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum of true times answered counts over labels, and of squared answered counts, as messages pass one by one."""
    expected, squares, passed = np.zeros_like(counts), np.zeros_like(counts), np.zeros_like(counts)
    for label, rows in _rows_by_label(said):
        own = counts[:, rows]
        reached = np.cumsum(own, axis=1)
        expected[:, rows] = own * (of_truth.get(label, 0.0) - of_truth[OUT_OF_SCOPE])
        squares[:, rows] = reached**2 - (reached - own) ** 2
        passed[:, rows] = own
    total = counts.sum(axis=1, keepdims=True)
    held_back = total - np.cumsum(passed, axis=1)
    return (
        total * of_truth[OUT_OF_SCOPE] + np.cumsum(expected, axis=1),
        np.cumsum(squares, axis=1) + held_back**2,
    )


def _rows_by_label(said: NDArray[np.object_]) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Each label but OUT_OF_SCOPE, which no threshold changes, and the rows that it was answered to."""
    for label in sorted(set(said) - {OUT_OF_SCOPE}):
        yield label, np.flatnonzero(said == label)


def _at_own_threshold(
    in_scope: NDArray[np.bool_], right: NDArray[np.bool_], flagged: NDArray[np.bool_] | None
) -> tuple[Interval, Interval, Interval] | tuple[None, None, None]:
    """Silent failures, coverage, and right answers kept."""
    if flagged is None:
        return None, None, None
    return _share(metrics.silent_failures(right, flagged)), _share(~flagged), _share(~flagged[in_scope & right])


def _share(chosen: NDArray[np.bool_]) -> Interval:
    return metrics.proportion(int(np.sum(chosen)), len(chosen))


def _percentiles(figures: Sequence[float] | NDArray[np.float64]) -> Interval:
    """The first figure, and the percentiles of those that the others, the draws, gave."""
    value, *others = (float(figure) for figure in figures)
    defined = [figure for figure in others if not math.isnan(figure)]
    if math.isnan(value) or not defined:
        return Interval(value, *UNDEFINED[1:])
    tail = (1 - metrics.CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(value, float(low), float(high))
