"""What to read of a comparison: the messages that only one of the two models answers rightly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from roadworthy.comparison.summary import Answered
from roadworthy.redaction import redact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.comparison.paired import Pair
    from roadworthy.comparison.summary import Compared
    from roadworthy.data import Dataset, Predictions
    from roadworthy.inspection.plan import Plan

KEPT = 20
# A gate that stops a model shows three messages of the group that it fails on.
_PER_GROUP = 3


class _Sources(NamedTuple):
    """Where an example is put together from."""

    texts: Sequence[str]
    clean: Dataset
    labels: dict[str, Sequence[str]]
    answers: Sequence[Predictions]


def pick_answered(
    pairs: Sequence[Pair],
    groups: Sequence[Compared],
    plan: Plan,
    answers: Sequence[Predictions],
    clean: Dataset,
    real: Dataset | None,
) -> tuple[tuple[Answered, ...], tuple[Answered, ...]]:
    """The messages that b breaks, and those that it mends, at most 20 of each; personal data is redacted.

    Three of each judged group come first, the clean and the real ones before the families, and of these the ones that
    are most surely worse (or better); what room is left goes to clean and real messages. Within a group the first are
    those whose wrong answer nobody was warned of, and which is stated with the most confidence; of a family those
    whose clean copy shows nothing.
    """
    labels: dict[str, Sequence[str]] = {
        "clean": clean.labels or (),
        "real": (real.labels or ()) if real is not None else (),
    }
    sources = _Sources(plan.texts, clean, labels, answers)
    judged = [(pair, group) for pair, group in zip(pairs, groups, strict=True) if group.judged]
    judged.sort(key=lambda found: (found[1].p_value or 0.0) if found[1].kind == "perturbed" else -1.0)
    first = pairs[0]
    broken = [(pair, group.key, _ranked(pair, pair.broken, first.broken, answers[1])) for pair, group in judged]
    mended = [(pair, group.key, _ranked(pair, pair.mended, first.mended, answers[0])) for pair, group in judged]
    return (
        tuple(_answered(pair, key, row, sources) for pair, key, row in _picked(broken)),
        tuple(_answered(pair, key, row, sources) for pair, key, row in _picked(mended)),
    )


def _ranked(pair: Pair, chosen: NDArray[np.bool_], on_clean: NDArray[np.bool_], wrong: Predictions) -> list[int]:
    """The rows of a group to read, the silent and the confident wrong answers first."""
    rows = np.flatnonzero(chosen)
    codes = pair.version.codes[rows]
    confidence = np.nan_to_num(wrong.confidence[codes], nan=0.0)
    known = on_clean[pair.version.rows[rows]] if pair.version.kind == "perturbed" else np.zeros(len(rows), dtype=bool)
    order = np.lexsort((rows, -confidence, wrong.flagged[codes], known))
    return [int(row) for row in rows[order]]


def _picked(ranked: Sequence[tuple[Pair, str, list[int]]]) -> list[tuple[Pair, str, int]]:
    first = [(pair, key, row) for pair, key, rows in ranked for row in rows[:_PER_GROUP]]
    more = [(pair, key, row) for pair, key, rows in ranked if pair.version.whole for row in rows[_PER_GROUP:]]
    return list(_distinct([*first, *more]))[:KEPT]


def _distinct(found: Sequence[tuple[Pair, str, int]]) -> Iterator[tuple[Pair, str, int]]:
    """Each text of a group once."""
    seen: set[tuple[str, int]] = set()
    for pair, key, row in found:
        place = (key, int(pair.version.codes[row]))
        if place not in seen:
            seen.add(place)
            yield pair, key, row


def _answered(pair: Pair, key: str, row: int, sources: _Sources) -> Answered:
    version = pair.version
    whole_row, code = int(version.rows[row]), int(version.codes[row])
    a, b = sources.answers
    perturbed = version.kind == "perturbed"
    return Answered(
        group=key,
        text=redact(sources.texts[code]),
        clean_text=redact(sources.clean.texts[whole_row]) if perturbed else None,
        label=sources.labels["real" if version.kind == "real" else "clean"][whole_row],
        a=str(a.labels[code]),
        b=str(b.labels[code]),
        confidence_a=_stated(a.confidence[code]),
        confidence_b=_stated(b.confidence[code]),
        flagged_a=bool(a.flagged[code]),
        flagged_b=bool(b.flagged[code]),
    )


def _stated(confidence: float) -> float | None:
    return None if np.isnan(confidence) else float(confidence)
