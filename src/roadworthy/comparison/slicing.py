"""Slices of clean and real messages, each compared like a group: by label, length, language, kind and columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from roadworthy.comparison.paired import Pair, corrected_slices, paired_figures
from roadworthy.comparison.summary import ComparedSlice
from roadworthy.inspection.slices import length_of, redacted_values
from roadworthy.language import guess_language

if TYPE_CHECKING:
    from roadworthy.data import Dataset

# Fewer messages show no difference that could be told from chance.
LEAST = 10
# A slice that holds nearly all messages says nothing that they do not.
MOST = 0.8


def compare_slices(
    pairs: Sequence[Pair], clean: Dataset, real: Dataset | None, columns: Sequence[str]
) -> tuple[ComparedSlice, ...]:
    """The slices of clean and of real messages, with p-values corrected over all of them.

    Slices of fewer than ten messages, and those that hold nearly all of them, are left out.
    """
    datasets = {"clean": clean, "real": real}
    found = []
    for pair in pairs:
        data = datasets.get(pair.version.kind)
        if data is not None and pair.version.whole and pair.a.labelled:
            found += list(_slices(pair, data, columns))
    return corrected_slices(found)


def _slices(pair: Pair, data: Dataset, columns: Sequence[str]) -> Iterator[ComparedSlice]:
    for by, values in _values(data, columns):
        of = np.array(values, dtype=object)
        for value in dict.fromkeys(values):
            chosen = of == value
            if LEAST <= chosen.sum() <= MOST * len(data):
                yield ComparedSlice(
                    messages="real" if pair.version.kind == "real" else "clean",
                    by=by,
                    value=value,
                    n=int(chosen.sum()),
                    **paired_figures(pair, chosen),
                )


def _values(data: Dataset, columns: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """What each message has of what slices are made by."""
    yield "label", data.labels or ()
    yield "length", [length_of(text) for text in data.texts]
    yield "language", [guess_language(text)[0] for text in data.texts]
    if data.kinds is not None:
        yield "kind", data.kinds
    for column in columns:
        if column in data.columns:
            yield column, redacted_values(data.columns[column])
