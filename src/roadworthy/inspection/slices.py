"""Slices: the messages that share something, held against the rest, corrected for how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Literal

import numpy as np

from roadworthy import metrics
from roadworthy.errors import DataError
from roadworthy.inspection.summary import Figure, Slice
from roadworthy.language import guess_language
from roadworthy.redaction import redact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.data import Dataset
    from roadworthy.inspection.measure import Outcome

BUILT_IN = ("label", "length", "language", "kind")
WEAK = 0.05
# Slices of fewer in-scope messages have their figures, but nothing is concluded from them.
LEAST = 10
# A column with more values than that is no slice but an identifier; the commonest are kept.
MOST_VALUES = 200
# Up to so many words each; what is longer comes last.
_LENGTHS = ((1, "1 word"), (3, "2 to 3 words"), (7, "4 to 7 words"), (15, "8 to 15 words"))
_LONG = "more than 15 words"


def require_columns(names: Sequence[str], *datasets: Dataset | None) -> None:
    """Refuse columns to slice by that none of the datasets has, or that bear the name of a built-in slice.

    Raises
    ------
    DataError
        There is such a column.
    """
    known = {name for data in datasets if data is not None for name in data.columns}
    for name in names:
        if name in BUILT_IN:
            raise DataError(f"slices by {name!r} are always told", mend="leave it out")
        if name not in known:
            raise DataError(f"no messages have a column {name!r}", mend="check its spelling (--slice)")


def measure_slices(outcomes: Sequence[Outcome], clean: Dataset, real: Dataset | None) -> tuple[Slice, ...]:
    """Every slice of the clean and of the real messages; none of messages without labels.

    Each is compared with the messages of the same file outside it, by their in-scope accuracy.
    """
    whole = {outcome.version.kind: outcome for outcome in outcomes if outcome.version.whole and outcome.labelled}
    found = [
        *(_slices("clean", whole["clean"], clean) if "clean" in whole else ()),
        *(_slices("real", whole["real"], real) if "real" in whole and real is not None else ()),
    ]
    tested = [part for part in found if part.p_value is not None]
    adjusted = dict(zip(map(id, tested), metrics.adjusted([part.p_value or 0.0 for part in tested]), strict=True))
    return tuple(_corrected(part, adjusted.get(id(part))) for part in found)


def _corrected(part: Slice, q_value: float | None) -> Slice:
    weak = q_value is not None and q_value < WEAK and (part.difference.value or 0.0) < 0
    return part.model_copy(update={"q_value": q_value, "weak": weak})


def _slices(messages: Literal["clean", "real"], outcome: Outcome, data: Dataset) -> Iterator[Slice]:
    columns = {
        "label": data.labels,
        "length": tuple(map(length_of, data.texts)),
        "language": tuple(guess_language(text)[0] for text in data.texts),
        "kind": data.kinds,
        **{name: redacted_values(values) for name, values in data.columns.items()},
    }
    named = ((by, values) for by, values in columns.items() if values is not None)
    yield from chain.from_iterable(_by(messages, by, values, outcome) for by, values in named)


def redacted_values(values: Sequence[str]) -> tuple[str, ...]:
    """The values of a user's column, which may name people; each distinct one is looked at once."""
    shown = {value: redact(value) for value in set(values)}
    return tuple(shown[value] for value in values)


def _by(messages: Literal["clean", "real"], by: str, values: Sequence[str], outcome: Outcome) -> Iterator[Slice]:
    names, codes, counts = np.unique(np.array(values, dtype=object), return_inverse=True, return_counts=True)
    if len(names) < 2:
        return
    for code in sorted(np.argsort(-counts, kind="stable")[:MOST_VALUES].tolist()):
        yield _slice(messages, by, str(names[code]), codes == code, outcome)


def _slice(
    messages: Literal["clean", "real"], by: str, value: str, inside: NDArray[np.bool_], outcome: Outcome
) -> Slice:
    right, scope = outcome.right, outcome.in_scope
    own, rest = right[inside & scope], right[~inside & scope]
    counts = int(own.sum()), len(own), int(rest.sum()), len(rest)
    silent = metrics.silent_failures(right, outcome.flagged)[inside]
    return Slice(
        messages=messages,
        by=by,
        value=value,
        n=int(inside.sum()),
        accuracy=_share(own),
        silent_failure_rate=_share(silent),
        coverage=_share(~outcome.flagged[inside]),
        difference=Figure.of(metrics.difference(*counts), len(own)),
        p_value=metrics.difference_p_value(*counts) if len(own) >= LEAST and len(rest) else None,
    )


def _share(chosen: NDArray[np.bool_]) -> Figure:
    return Figure.of(metrics.proportion(int(chosen.sum()), len(chosen)), len(chosen))


def length_of(text: str) -> str:
    """How long a message is, in words, in one of a few classes.

    Examples
    --------
    >>> length_of("refund"), length_of("where is my order")
    ('1 word', '4 to 7 words')
    """
    words = len(text.split())
    return next((name for most, name in _LENGTHS if words <= most), _LONG)
