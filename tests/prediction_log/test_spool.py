"""Segments and the spool: whole lines, locked by one process, each row given once."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from roadworthy.prediction_log import segment as segments
from roadworthy.prediction_log import spool as spools
from roadworthy.prediction_log.database import LogError
from roadworthy.prediction_log.rows import Group, stored_group
from roadworthy.prediction_log.segment import Segment
from roadworthy.prediction_log.spool import Spool

from .conftest import Events, prediction


def group(n: int = 1, **fields: Any) -> Group:
    return stored_group([prediction(**fields) for _ in range(n)], "raw")


def ids(rows: Group) -> list[str]:
    return [row[0] for row in rows.predictions]


@pytest.fixture
def events() -> Events:
    return []


@pytest.fixture
def spool(tmp_path: Path, events: Events) -> Spool:
    return Spool(tmp_path / "spool", lambda *event: events.append(event))


def other(spool: Spool, events: Events) -> Spool:
    return Spool(spool.folder, lambda *event: events.append(event))


def replayed(spool: Spool) -> list[str]:
    found: list[str] = []
    while (batch := spool.next_batch()) is not None:
        found += ids(batch)
        spool.batch_is_kept()
    return found


def test_rows_come_back_in_their_order_and_leave_nothing(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "CHUNK_BYTES", 700)
    written = [group(3) for _ in range(4)]
    for rows in written:
        spool.append(rows)
    assert spool.rows == 12
    assert replayed(spool) == [id_ for rows in written for id_ in ids(rows)]
    assert spool.rows == 0
    assert spool.empty
    assert list(spool.folder.iterdir()) == []


def test_a_line_longer_than_a_chunk_is_read_whole(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "CHUNK_BYTES", 100)
    rows = group(text="long " * 1000)
    spool.append(rows)
    assert replayed(spool) == ids(rows)


def test_a_batch_that_was_not_kept_comes_again(spool: Spool) -> None:
    rows = group(2)
    spool.append(rows)
    assert spool.next_batch() == spool.next_batch() == rows


def test_a_large_segment_is_followed_by_another(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "SEGMENT_BYTES", 300)
    written = [group(2) for _ in range(3)]
    for rows in written:
        spool.append(rows)
    assert len(list(spool.folder.glob("*.jsonl"))) == 3
    assert replayed(spool) == [id_ for rows in written for id_ in ids(rows)]


def test_the_segment_of_a_living_process_is_left_alone(spool: Spool, events: Events) -> None:
    rows = group()
    spool.append(rows)
    second = other(spool, events)
    second.take_over()
    assert second.empty
    spool.close()
    second.take_over()
    second.take_over()
    assert second.rows == 1
    assert replayed(second) == ids(rows)


def test_the_segment_of_a_killed_process_is_taken_over(spool: Spool) -> None:
    code = (
        "import os, sys; from pathlib import Path; from roadworthy.prediction_log.segment import Segment; "
        f"Segment.create(Path({str(spool.folder / 'a.jsonl')!r})).append(b'{{}}\\n', 1); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    spool.take_over()
    assert spool.rows == 1


def test_an_empty_segment_is_removed_on_closing(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _full_disk)
        with pytest.raises(OSError, match="No space"):
            Segment.create(spool.folder / "a.jsonl")
        assert list(spool.folder.iterdir()) == []
    spool._active = Segment.create(spool.folder / "b.jsonl")
    spool.close()
    assert list(spool.folder.iterdir()) == []


def test_a_torn_line_is_dropped_and_told(spool: Spool, events: Events) -> None:
    rows = group(2)
    spool.append(rows)
    spool.close()
    (path,) = spool.folder.glob("*.jsonl")
    with path.open("ab") as file:
        file.write(b'{"id": "torn')
    second = other(spool, events)
    second.take_over()
    assert events == [("spool_torn", {"segment": path.name, "bytes": 12})]
    assert replayed(second) == ids(rows)
    assert list(spool.folder.iterdir()) == []


def test_lines_that_cannot_be_read_are_kept_aside(spool: Spool, events: Events) -> None:
    rows = group(1)
    (spool.folder / "a.jsonl").write_bytes(b"\0\0\0\n")
    spool.append(rows)
    spool.take_over()
    assert replayed(spool) == ids(rows)
    assert events == [("spool_torn", {"segment": "a.jsonl", "lines": 1})]
    assert (spool.folder / "a.unreadable").read_bytes() == b"\0\0\0\n"


def _full_disk(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("call", ["pwrite", "fsync"])
def test_what_the_disk_did_not_take_is_taken_back(
    spool: Spool, events: Events, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    first, last = group(), group()
    spool.append(first)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, _full_disk)
        with pytest.raises(OSError, match="No space"):
            spool.append(group())
    spool.append(last)
    spool.close()
    second = other(spool, events)
    second.take_over()
    assert replayed(second) == ids(first) + ids(last)
    assert events == []


def test_a_segment_that_went_between_looking_and_opening_is_passed_over(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = spool.folder / "a.jsonl"
    assert Segment.take_over(path) is None
    path.write_bytes(b"{}\n")
    monkeypatch.setattr(segments, "lock", lambda descriptor: path.unlink() is None)
    assert Segment.take_over(path) is None


def test_an_error_while_taking_over_leaves_no_file_open(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    path = spool.folder / "a.jsonl"
    path.write_bytes(b"{}\n")
    monkeypatch.setattr(segments, "lock", _full_disk)
    open_before = list(Path("/dev/fd").iterdir())
    with pytest.raises(OSError, match="No space"):
        Segment.take_over(path)
    assert len(list(Path("/dev/fd").iterdir())) == len(open_before)


def test_what_a_killed_process_had_begun_to_make_is_swept_away(spool: Spool) -> None:
    old, new = spool.folder / ".old.jsonl", spool.folder / ".new.jsonl"
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    spool.take_over()
    assert list(spool.folder.iterdir()) == [new]


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LogError, match="the spool cannot be written to .*; name another folder"):
        Spool(tmp_path / "file" / "spool", lambda *event: None)
