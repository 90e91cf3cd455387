"""Files of rows: CSV, TSV, JSON, JSON Lines, Parquet and Arrow, every cell exactly as it stands."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roadworthy.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    import pandas as pd


def is_known_format(path: Path) -> bool:
    """Whether the suffix is that of a file that can be read.

    Examples
    --------
    >>> is_known_format(Path("messages.CSV")), is_known_format(Path("Where is my order?"))
    (True, False)
    """
    return path.suffix.lower() in _READERS


def read_frame(path: Path) -> pd.DataFrame:
    """Every column of a file, texts left exactly as they stand (an "NA" stays an "NA").

    Raises
    ------
    DataError
        The file is missing, empty, not UTF-8, of an unknown format, or not what its suffix says.
    MissingExtraError
        A Parquet or Arrow file, and pyarrow is not installed.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(sorted(_READERS))
        raise DataError(f"unknown format {path.suffix or '(no suffix)'!r}", where=path, mend=f"use one of {known}")
    if not path.is_file():
        raise DataError("no such file", where=path, mend="check the path")
    try:
        return reader(path)
    except UnicodeDecodeError as error:
        raise DataError(
            f"not UTF-8 (byte {error.start}: {error.reason})", where=path, mend="save it as UTF-8"
        ) from None
    except OSError as error:
        raise DataError(error.strerror or str(error), where=path, mend="check that it can be read") from None


def _read_csv(path: Path, separator: str = ",") -> pd.DataFrame:
    import pandas as pd

    path.read_bytes().decode("utf-8-sig")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            # Without index_col=False a row with one cell too many would shift every column by one.
            frame = pd.read_csv(
                path,
                sep=separator,
                dtype=object,
                index_col=False,
                keep_default_na=False,
                encoding="utf-8-sig",
                skip_blank_lines=False,
            )
            return _without_blank_end(frame)
    except pd.errors.EmptyDataError:
        raise DataError("empty file", where=path, mend="give a header line and at least one message") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        said = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise DataError(
            f"not a readable table: {said}",
            where=path,
            mend="quote cells that hold separators or line breaks",
        ) from None


def _without_blank_end(frame: pd.DataFrame) -> pd.DataFrame:
    """Blank lines at the end, which spreadsheets leave, are no rows; one in the middle is a row that lacks its text."""
    filled = (frame.fillna("") != "").any(axis="columns").to_numpy().nonzero()[0]
    return frame.iloc[: filled[-1] + 1 if len(filled) else 0]


def _read_tsv(path: Path) -> pd.DataFrame:
    return _read_csv(path, "\t")


def _read_jsonl(path: Path) -> pd.DataFrame:
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    return _frame_of([_object(line, path, number) for number, line in enumerate(lines, 1) if line.strip()], path)


def _read_json(path: Path) -> pd.DataFrame:
    document = path.read_text(encoding="utf-8-sig")
    try:
        rows = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", where=path, mend="give a list of objects") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError("not a list of objects", where=path, mend='write [{"text": "..."}, ...]')
    return _frame_of(rows, path)


def _object(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"line {number} is not JSON: {error}", where=path, mend="write one object a line") from None
    if not isinstance(row, dict):
        raise DataError(f"line {number} is not an object", where=path, mend='write {"text": "..."} on each line')
    return row


def _frame_of(rows: list[dict[str, Any]], path: Path) -> pd.DataFrame:
    import pandas as pd

    if not rows:
        raise DataError("empty file", where=path, mend="give at least one message")
    columns = dict.fromkeys(key for row in rows for key in row)
    return pd.DataFrame({key: pd.Series([row.get(key) for row in rows], dtype=object) for key in columns})


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    return _with_arrow(pd.read_parquet, path)


def _read_feather(path: Path) -> pd.DataFrame:
    import pandas as pd

    return _with_arrow(pd.read_feather, path)


def _with_arrow(reader: Callable[[Path], pd.DataFrame], path: Path) -> pd.DataFrame:
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError(f"reading {path.suffix} files", extra="arrow") from None
    try:
        return reader(path)
    except pa.ArrowException as error:
        raise DataError(f"not a readable table: {error}", where=path, mend="write it again") from None


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".json": _read_json,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".parquet": _read_parquet,
    ".arrow": _read_feather,
    ".feather": _read_feather,
}
