"""The log as a file: Parquet, CSV or JSON Lines, a chunk at a time, whole or not at all."""

from __future__ import annotations

import csv
import importlib.util
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from roadworthy.errors import MissingExtraError, OutputError
from roadworthy.output import require_writable
from roadworthy.prediction_log.reading import CHUNK_ROWS, COLUMNS, Rows, stream_predictions
from roadworthy.redaction import inert

if TYPE_CHECKING:
    from sqlalchemy import Engine

Write: TypeAlias = Callable[[Path, Iterable[Rows]], None]

# What a spreadsheet takes for the start of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_predictions(
    log: str | Engine,
    path: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    verdict: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write the rows of `read_predictions` to a file; return how many.

    Parameters
    ----------
    path
        Its suffix says the format: .parquet, .csv or .jsonl. In CSV, which people open in spreadsheets, a text that
        starts like a formula gets an apostrophe before it, and control characters are dropped; the other formats
        hold every text as it stands in the log.
    progress
        Called with the rows written so far.

    Raises
    ------
    LogError
        There is no log, or it cannot be read.
    OutputError
        Another suffix, or the file cannot be written.
    MissingExtraError
        Parquet, and pyarrow is not installed.
    """
    write = _writer(path)
    done = 0

    def counted() -> Iterator[Rows]:
        nonlocal done
        for rows in stream_predictions(log, since=since, until=until, verdict=verdict, chunk=CHUNK_ROWS):
            yield rows
            done += len(rows)
            if progress is not None:
                progress(done)

    require_writable(path.parent)
    with _whole(path) as temporary:
        write(temporary, counted())
    return done


def _writer(path: Path) -> Write:
    write = _FORMATS.get(path.suffix.lower())
    if write is None:
        raise OutputError(
            f"unknown format {path.suffix or '(no suffix)'!r}",
            where=path,
            mend=f"give --out a name that ends in one of {', '.join(_FORMATS)}",
        )
    if path.suffix.lower() == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise MissingExtraError("writing .parquet files", extra="arrow")
    return write


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A temporary file beside another, whose name it takes once it is written."""
    temporary = path.parent / f".{uuid.uuid4().hex}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror or error})", where=path, mend="name another place with --out"
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def _write_parquet(path: Path, chunks: Iterable[Rows]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {"time": pa.timestamp("us", "UTC"), "feedback_time": pa.timestamp("us", "UTC")}
    kinds |= dict.fromkeys(("confidence", "familiarity", "latency_ms"), pa.float64())
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in chunks:
            columns = zip(*rows, strict=True)
            arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _write_csv(path: Path, chunks: Iterable[Rows]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for rows in chunks:
            writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> Any:
    """A cell that does nothing in a spreadsheet."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return f"'{inert(value)}" if value.startswith(_FORMULA) else inert(value)
    return value


def _write_jsonl(path: Path, chunks: Iterable[Rows]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for rows in chunks:
            file.writelines(f"{_object(row)}\n" for row in rows)


def _object(row: tuple[Any, ...]) -> str:
    values = (value.isoformat() if isinstance(value, datetime) else value for value in row)
    return json.dumps(dict(zip(COLUMNS, values, strict=True)), ensure_ascii=False)


_FORMATS: dict[str, Write] = {".parquet": _write_parquet, ".csv": _write_csv, ".jsonl": _write_jsonl}
