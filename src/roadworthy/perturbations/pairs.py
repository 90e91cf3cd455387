"""Files of pairs: messages as they were meant, and as they were typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from roadworthy.columns import checked_texts
from roadworthy.data import text_column
from roadworthy.errors import DataError
from roadworthy.tables import read_frame

if TYPE_CHECKING:
    import pandas as pd

CLEAN_COLUMNS = ("clean", "clean_text", "meant", "corrected", "original", "normalised", "normalized")
NOISY_COLUMNS = ("noisy", "typed", "perturbed", "sent", "raw")


def read_pairs(path: str | Path, *, text: str | None = None) -> list[tuple[str, str]]:
    """Read what was meant and what was typed, row by row.

    Parameters
    ----------
    text
        The column of what was typed; by default noisy, typed and the like, then the usual names of texts.

    Raises
    ------
    DataError
        The file cannot be read, or lacks one of the columns or a text.
    """
    path = Path(path)
    frame = read_frame(path)
    meant = _named(frame, CLEAN_COLUMNS)
    if meant is None:
        raise DataError("no column of what was meant", where=path, mend="name that column clean")
    rest = frame.drop(columns=[meant])
    typed = _named(rest, NOISY_COLUMNS) if text is None else None
    typed = text_column(rest, text, path) if typed is None else typed
    columns = (checked_texts(frame[column].tolist(), f"{path}, column {column}") for column in (meant, typed))
    return list(zip(*columns, strict=True))


def _named(frame: pd.DataFrame, names: tuple[str, ...]) -> Any:
    """The first column that bears one of the names, in their order; None where none does."""
    columns = {str(column).strip().lower(): column for column in frame.columns}
    return next((columns[name] for name in names if name in columns), None)
