"""A file is written whole or not at all, and a place that cannot be written to is said."""

from pathlib import Path

import pytest

from roadworthy.errors import OutputError
from roadworthy.output import require_writable, write_bytes, write_text


def test_a_file_is_written_with_its_folders_and_nothing_beside_it(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "folder" / "a.txt", "é\r\n")
    assert (tmp_path / "new" / "folder" / "a.txt").read_bytes() == "é\r\n".encode()
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["a.txt"]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    write_bytes(file, b"old and long")
    write_bytes(file, b"new")
    assert file.read_bytes() == b"new"


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a.bin").write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "a.bin", b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_name_as_long_as_a_name_may_be_can_be_written(tmp_path: Path) -> None:
    write_text(tmp_path / ("a" * 255), "x")
    assert (tmp_path / ("a" * 255)).read_text() == "x"


@pytest.mark.parametrize("name", ["file/below", "folder", ".", "a" * 256])
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("folder").mkdir()
    with pytest.raises(OutputError, match=r"cannot be written \(.+\); name another place with --out"):
        write_text(Path(name), "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("name", [".", "new", "new/and/deep"])
def test_a_folder_is_tried_without_leaving_a_trace(tmp_path: Path, name: str) -> None:
    require_writable(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_keeps_what_is_in_it_when_it_is_tried(tmp_path: Path) -> None:
    write_text(tmp_path / "out" / "a.txt", "x")
    require_writable(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.txt"]


@pytest.mark.parametrize("name", ["file", "file/below", "a" * 256])
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot be written \(.+\); name another place with --out"):
        require_writable(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
