"""Messages and what is known of them: datasets, predictions, the classifier's contract, and the readers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from roadworthy.columns import checked_column, checked_texts, is_missing, listed, wrong_length
from roadworthy.errors import DataError
from roadworthy.output import short_name
from roadworthy.tables import read_frame

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

TEXT_COLUMNS = ("text", "message", "sentence", "utterance", "query")
LABEL_COLUMNS = ("label", "intent", "category", "class")
KIND_COLUMNS = ("kind",)
NO_KIND = "(none)"


@runtime_checkable
class Classifier(Protocol):
    """What a text classifier must offer: its classes, and a probability for each of them."""

    @property
    def classes(self) -> Sequence[str]:
        """The labels that it can answer, in the order of the columns of `predict_proba`."""

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities, shape (n, k)."""


@runtime_checkable
class BlackBox(Protocol):
    """A classifier that says only what it answered, and perhaps how confident it is."""

    def answer(self, texts: Sequence[str]) -> Predictions:
        """One label a message; confidence is NaN where the model states none."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model answered to n messages.

    Parameters
    ----------
    labels
        Strings, shape (n,).
    confidence
        The probability of the answered label, shape (n,), between 0 and 1; NaN where unknown.
    flagged
        Boolean, shape (n,): the guard withheld its trust. Without a guard nothing is flagged.
    familiarity
        How much a message is like those of the training set, shape (n,), 0 to 1; NaN without a guard.
    reasons
        Why each message is flagged, n tuples; empty for those that are not.
    """

    labels: NDArray[np.object_]
    confidence: NDArray[np.float64]
    flagged: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    familiarity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    reasons: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        n = len(self.labels)
        if len(self.flagged) == 0:
            object.__setattr__(self, "flagged", np.zeros(n, dtype=bool))
        if len(self.familiarity) == 0:
            object.__setattr__(self, "familiarity", np.full(n, np.nan))
        if len(self.reasons) == 0:
            object.__setattr__(self, "reasons", ((),) * n)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.intp] | slice) -> Predictions:
        """The predictions of the given rows, in their order."""
        picked = np.arange(len(self))[rows]
        reasons = tuple(self.reasons[row] for row in picked)
        return Predictions(
            self.labels[rows], self.confidence[rows], self.flagged[rows], self.familiarity[rows], reasons
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Predictions]) -> Predictions:
        """Batches joined in their order."""
        return cls(
            np.concatenate([p.labels for p in parts]),
            np.concatenate([p.confidence for p in parts]),
            np.concatenate([p.flagged for p in parts]),
            np.concatenate([p.familiarity for p in parts]),
            tuple(reasons for p in parts for reasons in p.reasons),
        )


@dataclass(frozen=True)
class Dataset:
    """Messages, with their true labels and kinds where these are known.

    Parameters
    ----------
    texts
        The messages; none is empty or blank.
    labels
        One label a message, or None for unlabelled messages.
    kinds
        What sort of message each is (slang, misspelt, ...), or None.
    name
        Where the messages come from, for people to read.
    authentic
        False for messages that only imitate those of users: they are called real-user style, never real.
    columns
        Further columns by their names, one value a message: what figures may be told apart by.

    Examples
    --------
    >>> data = Dataset.of(["where is it", "refund pls"], ["order", "refund"])
    >>> len(data), data.classes
    (2, ('order', 'refund'))
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    name: str = "messages"
    authentic: bool = True
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    @classmethod
    def of(
        cls,
        texts: Iterable[Any],
        labels: Iterable[Any] | None = None,
        kinds: Iterable[Any] | None = None,
        *,
        name: str = "messages",
        columns: Mapping[str, Iterable[Any]] | None = None,
    ) -> Dataset:
        """Check columns of any sequence type (lists, arrays, Series) and make a dataset of them.

        Raises
        ------
        DataError
            No message, an empty or non-string message, a missing label, several labels for one message, columns
            of different lengths, or a single string or a table in place of a column.
        """
        checked = checked_texts(listed(texts, "text", name), name)
        return cls(
            checked,
            None if labels is None else checked_column(listed(labels, "label", name), len(checked), "label", name),
            None if kinds is None else checked_column(listed(kinds, "kind", name), len(checked), "kind", name),
            name,
            columns={
                role: checked_column(listed(values, role, name), len(checked), role, name)
                for role, values in (columns or {}).items()
            },
        )

    def __post_init__(self) -> None:
        for role, column in (("label", self.labels), ("kind", self.kinds), *self.columns.items()):
            if column is not None and len(column) != len(self.texts):
                wrong_length(len(self.texts), len(column), role, self.name)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def classes(self) -> tuple[str, ...]:
        """The distinct labels, sorted; empty for unlabelled messages."""
        return tuple(sorted(set(self.labels or ())))

    @property
    def sha256(self) -> str:
        """A fingerprint of texts and labels in their order."""
        digest = hashlib.sha256()
        for row in zip(self.texts, self.labels or (None,) * len(self), strict=True):
            digest.update(json.dumps(row).encode() + b"\n")
        return digest.hexdigest()

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> Dataset:
        """The given rows, in their order."""
        picked = [int(row) for row in rows]
        return Dataset(
            tuple(self.texts[row] for row in picked),
            None if self.labels is None else tuple(self.labels[row] for row in picked),
            None if self.kinds is None else tuple(self.kinds[row] for row in picked),
            self.name,
            self.authentic,
            {name: tuple(values[row] for row in picked) for name, values in self.columns.items()},
        )

    def sample(self, n: int | None, *, seed: int = 0) -> Dataset:
        """At most n messages, drawn without replacement and kept in file order.

        Examples
        --------
        >>> Dataset.of(["a", "b", "c"]).sample(2, seed=1).texts == Dataset.of(["a", "b", "c"]).sample(2, seed=1).texts
        True
        """
        if n is None or n >= len(self):
            return self
        if n < 1:
            raise DataError(f"a sample of {n} messages", mend="sample at least 1")
        rows = np.random.default_rng(seed).choice(len(self), size=n, replace=False)
        return self.take(np.sort(rows))

    def overlap(self, other: Dataset) -> int:
        """How many of these messages also stand in the other dataset, case and white space aside."""
        seen = {_folded(text) for text in other.texts}
        return sum(_folded(text) in seen for text in self.texts)


class Codes(dict[str, int]):
    """Numbers for strings, given out from 0 in the order in which new ones are asked for.

    Examples
    --------
    >>> codes = Codes()
    >>> codes["refund"], codes["order"], codes["refund"]
    (0, 1, 0)
    """

    def __missing__(self, string: str) -> int:
        self[string] = code = len(self)
        return code

    def of(self, strings: Iterable[str]) -> NDArray[np.intp]:
        """The numbers of many strings."""
        return np.fromiter(map(self.__getitem__, strings), dtype=np.intp)


def read_dataset(
    path: str | Path,
    *,
    text: str | None = None,
    label: str | None = None,
    kind: str | None = None,
    slices: Sequence[str] = (),
    needs_label: bool = True,
) -> Dataset:
    """Read messages from a CSV, TSV, JSON, JSON Lines, Parquet or Arrow (Feather) file.

    Parameters
    ----------
    path
        The file; its suffix says its format.
    text, label, kind
        Names of the columns; by default the usual ones are looked for.
    slices
        Further columns to keep where they are there: figures shall be told apart by them.
    needs_label
        Whether the columns of text and label that are named must be there; else the usual ones will do, and a label
        need not be.

    Raises
    ------
    DataError
        The file is missing, empty, not UTF-8 or of an unknown format, or has no text column.
    """
    path = Path(path)
    frame = read_frame(path)
    if frame.empty:
        raise DataError("no rows", where=path, mend="give a file with at least one message")
    texts = text_column(frame, text if needs_label or text in frame.columns else None, path)
    named = label if needs_label or label in frame.columns else None
    label_column = _find(frame, named, LABEL_COLUMNS, "label", path, required=named is not None)
    kind_column = _find(frame, kind, KIND_COLUMNS, "kind", path, required=kind is not None)
    found = {name: _find(frame, name, (), "slice", path, required=False) for name in slices}
    return Dataset.of(
        frame[texts].tolist(),
        None if label_column is None else frame[label_column].tolist(),
        None if kind_column is None else filled(frame, kind_column),
        name=short_name(path),
        columns={name: filled(frame, column) for name, column in found.items() if column is not None},
    )


def read_messages(path: str | Path, *, text: str | None = None) -> tuple[Dataset, int]:
    """Read what users sent, the messages alone.

    Returns
    -------
    The messages, and how many rows were left out: production holds messages that say nothing.

    Raises
    ------
    DataError
        As `read_dataset`, or every message is blank.
    """
    path = Path(path)
    frame = read_frame(path)
    values = frame[text_column(frame, text, path)].tolist()
    kept = [value for value in values if not (is_missing(value) or (isinstance(value, str) and not value.strip()))]
    if not kept:
        raise DataError("no messages", where=path, mend="give a file with at least one")
    return Dataset.of(kept, name=short_name(path)), len(values) - len(kept)


def filled(frame: pd.DataFrame, column: Any) -> list[Any]:
    """A column of kinds or slices, in which what is missing has a name, too."""
    return [NO_KIND if is_missing(value) else value for value in frame[column].tolist()]


def text_column(frame: pd.DataFrame, name: str | None, path: Path) -> Any:
    """The column of that name, or the one that usually holds texts."""
    return _find(frame, name, TEXT_COLUMNS, "text", path)


def read_labelled(
    path: str | Path, *, text: str | None = None, label: str | None = None, slices: Sequence[str] = ()
) -> Dataset:
    """Read messages that must have labels, of at least two classes."""
    data = read_dataset(path, text=text, label=label, slices=slices)
    if data.labels is None:
        seen = _columns(read_frame(Path(path)))
        raise DataError(f"no label column among: {seen}", where=path, mend="name it with --label")
    return require_classes(data)


def require_classes(data: Dataset) -> Dataset:
    """The same dataset, once it is sure that it is labelled and holds at least two classes."""
    if data.labels is None:
        raise DataError("no labels", where=data.name, mend="give one label a message")
    if len(data.classes) < 2:
        raise DataError(
            f"a single class ({data.classes[0]!r})",
            where=data.name,
            mend="give messages of at least two classes",
        )
    return data


def _find(
    frame: pd.DataFrame,
    name: str | None,
    usual: Sequence[str],
    role: str,
    path: Path,
    *,
    required: bool = True,
) -> Any:
    columns = {str(column).strip().lower(): column for column in reversed(list(frame.columns))}
    if name is not None and name in frame.columns:
        return name
    if name is not None:
        usual = (name.strip().lower(),)
    for candidate in usual:
        if candidate in columns:
            return columns[candidate]
    if not required:
        return None
    missing = f"no {role} column" if name is None else f"no column {name!r}"
    raise DataError(f"{missing} among: {_columns(frame)}", where=path, mend=_mend(frame, role))


def _mend(frame: pd.DataFrame, role: str) -> str:
    if len(frame.columns) == 1 and any(mark in str(frame.columns[0]) for mark in ";|\t"):
        return "separate columns by commas, or by tabs in a file that ends in .tsv"
    return f"name it with --{role}"


def _columns(frame: pd.DataFrame) -> str:
    names = [repr(str(column)) for column in frame.columns]
    more = [f"and {len(names) - 20:,} more"] if len(names) > 20 else []
    return ", ".join([*names[:20], *more])


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
