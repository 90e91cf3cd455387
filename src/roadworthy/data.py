"""Messages and what is known of them: datasets, predictions, the classifier's contract, and the readers."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, runtime_checkable

import numpy as np

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
_SURROGATE = re.compile("[\ud800-\udfff]")


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
    """

    labels: NDArray[np.object_]
    confidence: NDArray[np.float64]
    flagged: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        if len(self.flagged) == 0:
            object.__setattr__(self, "flagged", np.zeros(len(self.labels), dtype=bool))

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.intp] | slice) -> Predictions:
        """The predictions of the given rows, in their order."""
        return Predictions(self.labels[rows], self.confidence[rows], self.flagged[rows])

    @classmethod
    def concatenate(cls, parts: Sequence[Predictions]) -> Predictions:
        """Batches joined in their order."""
        return cls(
            np.concatenate([p.labels for p in parts]),
            np.concatenate([p.confidence for p in parts]),
            np.concatenate([p.flagged for p in parts]),
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

    @classmethod
    def of(
        cls,
        texts: Iterable[Any],
        labels: Iterable[Any] | None = None,
        kinds: Iterable[Any] | None = None,
        *,
        name: str = "messages",
    ) -> Dataset:
        """Check columns of any sequence type (lists, arrays, Series) and make a dataset of them.

        Raises
        ------
        DataError
            No message, an empty or non-string message, a missing label, several labels for one message, columns
            of different lengths, or a single string or a table in place of a column.
        """
        checked = _texts(_listed(texts, "text", name), name)
        return cls(
            checked,
            None if labels is None else _column(_listed(labels, "label", name), len(checked), "label", name),
            None if kinds is None else _column(_listed(kinds, "kind", name), len(checked), "kind", name),
            name,
        )

    def __post_init__(self) -> None:
        for role, column in (("label", self.labels), ("kind", self.kinds)):
            if column is not None and len(column) != len(self.texts):
                _wrong_length(len(self.texts), len(column), role, self.name)

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
    needs_label: bool = True,
) -> Dataset:
    """Read messages from a CSV, TSV, JSON, JSON Lines, Parquet or Arrow (Feather) file.

    Parameters
    ----------
    path
        The file; its suffix says its format.
    text, label, kind
        Names of the columns; by default the usual ones are looked for.
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
    return Dataset.of(
        frame[texts].tolist(),
        None if label_column is None else frame[label_column].tolist(),
        None if kind_column is None else [NO_KIND if _is_missing(x) else x for x in frame[kind_column].tolist()],
        name=short_name(path),
    )


def text_column(frame: pd.DataFrame, name: str | None, path: Path) -> Any:
    """The column of that name, or the one that usually holds texts."""
    return _find(frame, name, TEXT_COLUMNS, "text", path)


def read_labelled(path: str | Path, *, text: str | None = None, label: str | None = None) -> Dataset:
    """Read messages that must have labels, of at least two classes."""
    data = read_dataset(path, text=text, label=label)
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
    raise DataError(f"{missing} among: {_columns(frame)}", where=path, mend=f"name it with --{role}")


def _columns(frame: pd.DataFrame) -> str:
    names = [repr(str(column)) for column in frame.columns]
    more = [f"and {len(names) - 20:,} more"] if len(names) > 20 else []
    return ", ".join([*names[:20], *more])


def _listed(values: Iterable[Any], role: str, where: str) -> list[Any]:
    """A column as a list; what would be taken apart into letters, keys or column names is refused."""
    if isinstance(values, (str, bytes, Mapping, Set)) or hasattr(values, "columns"):
        raise DataError(
            f"a {type(values).__name__} in place of a column of {role}s",
            where=where,
            mend="give a list or a Series",
        )
    return list(values)


def _texts(values: list[Any], where: str) -> tuple[str, ...]:
    if not values:
        raise DataError("no messages", where=where, mend="give at least one")
    blank = [row for row, value in enumerate(values, 1) if _is_missing(value)]
    if blank:
        raise DataError(f"{_rows(blank)}: the text is empty", where=where, mend="drop or fill these rows")
    wrong = [row for row, value in enumerate(values, 1) if not isinstance(value, str)]
    if wrong:
        kind = type(values[wrong[0] - 1]).__name__
        raise DataError(f"{_rows(wrong)}: the text is not a string ({kind})", where=where, mend="give texts as strings")
    _require_unicode(values, "text", where)
    return tuple(values)


def _column(values: list[Any], n: int, role: str, where: str) -> tuple[str, ...]:
    if len(values) != n:
        _wrong_length(n, len(values), role, where)
    several = [row for row, value in enumerate(values, 1) if _is_several(value)]
    if several:
        raise DataError(
            f"{_rows(several)}: several {role}s for one message",
            where=where,
            mend=f"give one {role} a message (multi-label is not supported)",
        )
    missing = [row for row, value in enumerate(values, 1) if _is_missing(value)]
    if missing:
        raise DataError(f"{_rows(missing)}: the {role} is empty", where=where, mend="drop or fill these rows")
    found = [label_text(value) for value in values]
    _require_unicode(found, role, where)
    return tuple(found)


def _wrong_length(texts: int, values: int, role: str, where: str) -> NoReturn:
    raise DataError(f"{texts} texts but {values} {role}s", where=where, mend=f"give one {role} a message")


def _require_unicode(values: list[str], role: str, where: str) -> None:
    """Refuse half a surrogate pair, which JSON can spell and no file or terminal can be given."""
    broken = [row for row, value in enumerate(values, 1) if not value.isascii() and _SURROGATE.search(value)]
    if broken:
        raise DataError(
            f"{_rows(broken)}: the {role} holds half a surrogate pair",
            where=where,
            mend="drop or mend these rows",
        )


def label_text(value: Any) -> str:
    """A label as text: labels are compared as strings, whatever type a file or a model gives them.

    Examples
    --------
    >>> label_text(np.int64(3)), label_text(True), label_text(" refund ")
    ('3', 'True', 'refund')
    """
    return str(value).strip()


def _is_several(value: Any) -> bool:
    """A list, or a list as a file spells it: "['a']", '["a", "b"]', "[a, b]"; "[other]" is one label."""
    if isinstance(value, str):
        inner = value.strip()[1:-1]
        return value.strip() == f"[{inner}]" and ("," in inner or inner.strip()[:1] in {"", "'", '"'})
    return isinstance(value, (list, tuple, set, frozenset, dict, np.ndarray))


def _is_missing(value: Any) -> bool:
    """None, NaN, or nothing but white space; pandas' own missing values go by their names, to spare its import."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, (float, np.floating)):
        return bool(np.isnan(value))
    return value is None or type(value).__name__ in {"NAType", "NaTType"}


def _rows(rows: list[int]) -> str:
    if len(rows) == 1:
        return f"row {rows[0]}"
    shown = ", ".join(map(str, rows[:3]))
    return f"rows {shown}" if len(rows) <= 3 else f"rows {shown} and {len(rows) - 3:,} more"


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
