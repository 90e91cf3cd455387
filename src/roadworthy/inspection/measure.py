"""The figures of one group, from arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from roadworthy import metrics
from roadworthy.data import Codes
from roadworthy.inspection.summary import Figure, Group, Sink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from roadworthy.data import Dataset, Predictions
    from roadworthy.inspection.plan import Version

NO_LABEL = -1
# The code of a label that occurs nowhere; another one than that of a message without a label.
NO_CODE = -2


@dataclass(frozen=True, eq=False)
class Asked:
    """What the model answered to each distinct text, its labels as integer codes.

    Parameters
    ----------
    names
        The label of each code.
    predicted, confidence, flagged
        Shape (m,), one entry a distinct text.
    unseen, words
        How many of its words the model had never seen, and of how many, shape (m,); None without a vocabulary.
    """

    names: list[str]
    predicted: NDArray[np.intp]
    confidence: NDArray[np.float64]
    flagged: NDArray[np.bool_]
    unseen: NDArray[np.int64] | None
    words: NDArray[np.int64] | None


@dataclass(frozen=True, eq=False)
class Outcome:
    """The answers to the messages of one group beside their true labels (codes; -1 where there is none), shape (n,)."""

    version: Version
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]
    confidence: NDArray[np.float64]
    flagged: NDArray[np.bool_]
    labelled: bool
    in_scope: NDArray[np.bool_]

    @property
    def right(self) -> NDArray[np.bool_]:
        """The answered label is the true one; an out-of-scope message is also rightly answered by being flagged."""
        right: NDArray[np.bool_] = (self.predicted == self.true) | (~self.in_scope & self.flagged)
        return right


def code_labels(predictions: Predictions, *datasets: Dataset | None) -> tuple[Codes, NDArray[np.intp]]:
    """A number for each label that occurs anywhere, and the predicted labels as numbers."""
    codes = Codes()
    for data in datasets:
        codes.of(data.classes if data is not None else ())
    return codes, codes.of(predictions.labels)


def outcome_of(version: Version, asked: Asked, true: NDArray[np.intp], oos: int) -> Outcome:
    """The answers to one group of messages, whose true labels (of the whole file) are given as codes."""
    labels = true[version.rows] if len(true) else np.full(len(version.rows), NO_LABEL)
    return Outcome(
        version,
        labels,
        asked.predicted[version.codes],
        asked.confidence[version.codes],
        asked.flagged[version.codes],
        labelled=len(true) > 0,
        in_scope=labels != oos,
    )


def measure(outcome: Outcome, asked: Asked, clean: Outcome) -> Group:
    """Every figure of one group; those that need labels are undefined without them."""
    version, n = outcome.version, len(outcome.version.rows)
    known = outcome.labelled
    right = outcome.right
    scope = outcome.in_scope if known else np.zeros(n, dtype=bool)
    silent = metrics.silent_failures(right, outcome.flagged)
    return Group(
        kind=version.kind,
        name=version.name,
        severity=version.severity,
        n=n,
        out_of_scope=int(np.sum(~outcome.in_scope)) if known else 0,
        not_applicable=version.not_applicable,
        changed=None if version.changed is None else _share(version.changed),
        accuracy=_share(right[scope]),
        accuracy_all=_share(right) if known else Figure(n=0),
        difference=_difference(outcome, clean),
        flip_rate=_flips(outcome, clean),
        mean_confidence=_mean_confidence(outcome.confidence),
        calibration_error=_calibration(outcome.confidence[scope], right[scope]),
        oov_rate=_oov(asked, version.codes),
        silent_failure_rate=_share(silent) if known else Figure(n=0),
        coverage=_share(~outcome.flagged),
        recall=_recall(outcome, asked.names) if known else {},
        sink=_sink(outcome, asked.names) if known else None,
        p_value=_p_value(outcome, clean),
    )


def with_q_values(groups: Sequence[Group], judged_severity: int) -> list[Group]:
    """The groups, p-values corrected for what was tested beside them: the families at a severity, or the kinds.

    Only the judged severity is corrected: the others show how the drop grows, and nothing is concluded from them.
    """
    families = [group for group in groups if group.kind == "perturbed" and group.severity == judged_severity]
    kinds = [group for group in groups if group.kind == "real"]
    found: dict[str, float] = {}
    for tested in (families, kinds):
        known = [(group.key, group.p_value) for group in tested if group.p_value is not None]
        found |= dict(zip((key for key, _ in known), metrics.adjusted([p for _, p in known]), strict=True))
    return [group.model_copy(update={"q_value": found.get(group.key)}) for group in groups]


def _p_value(outcome: Outcome, clean: Outcome) -> float | None:
    """Of the difference from the clean messages."""
    version = outcome.version
    if version.kind == "clean" or not outcome.labelled:
        return None
    if version.changed is None:
        after, before = outcome.right[outcome.in_scope], clean.right[clean.in_scope]
        if not len(after) or not len(before):
            return None
        return metrics.difference_p_value(int(after.sum()), len(after), int(before.sum()), len(before))
    chosen = outcome.in_scope & version.changed
    before, after = clean.right[version.rows][chosen], outcome.right[chosen]
    lost, gained = int(np.sum(before & ~after)), int(np.sum(after & ~before))
    return metrics.mcnemar(lost, gained) if len(after) else None


def _share(chosen: NDArray[np.bool_]) -> Figure:
    return Figure.of(metrics.proportion(int(np.sum(chosen)), len(chosen)), len(chosen))


def _difference(outcome: Outcome, clean: Outcome) -> Figure:
    """In-scope accuracy minus that of the clean messages.

    For perturbed messages paired, and over those that changed: the others would dilute it. For real ones independent.
    """
    version = outcome.version
    if version.kind == "clean" or not outcome.labelled:
        return Figure(n=0)
    after = outcome.right[outcome.in_scope]
    if version.changed is not None:
        chosen = outcome.in_scope & version.changed
        before, after = clean.right[version.rows][chosen], outcome.right[chosen]
        return Figure.of(metrics.paired_difference(before, after), len(after))
    before = clean.right[clean.in_scope]
    interval = metrics.difference(int(after.sum()), len(after), int(before.sum()), len(before))
    return Figure.of(interval, len(after))


def _flips(outcome: Outcome, clean: Outcome) -> Figure:
    """Share of the changed messages that are answered differently from their clean copy."""
    version = outcome.version
    if version.changed is None:
        return Figure(n=0)
    return _share((outcome.predicted != clean.predicted[version.rows])[version.changed])


def _mean_confidence(confidence: NDArray[np.float64]) -> Figure:
    stated = confidence[~np.isnan(confidence)]
    return Figure.of(metrics.mean(stated), len(stated))


def _calibration(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Figure:
    stated = ~np.isnan(confidence)
    interval = metrics.calibration_error_interval(confidence[stated], right[stated])
    return Figure.of(interval, int(stated.sum()))


def _oov(asked: Asked, codes: NDArray[np.intp]) -> Figure:
    if asked.unseen is None or asked.words is None:
        return Figure(n=0)
    return Figure.of(metrics.share_of_parts(asked.unseen[codes], asked.words[codes]), len(codes))


def _recall(outcome: Outcome, names: list[str]) -> dict[str, Figure]:
    size = len(names)
    totals = np.bincount(outcome.true, minlength=size)
    hits = np.bincount(outcome.true[outcome.right], minlength=size)
    present = sorted(np.flatnonzero(totals), key=lambda code: names[code])
    return {
        names[code]: Figure.of(metrics.proportion(int(hits[code]), int(totals[code])), int(totals[code]))
        for code in present
    }


def _sink(outcome: Outcome, names: list[str]) -> Sink | None:
    """The label that wrong answers pile into."""
    wrong = outcome.predicted[~outcome.right]
    if not len(wrong):
        return None
    counts = np.bincount(wrong, minlength=len(names))
    code = int(counts.argmax())
    share = metrics.proportion(int(counts[code]), len(wrong))
    return Sink(label=names[code], share=Figure.of(share, len(wrong)))
