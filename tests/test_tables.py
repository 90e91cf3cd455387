"""Files come back cell by cell as they were written; what cannot be read is said in one line."""

import csv
import io
import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from roadworthy.errors import DataError, MissingExtraError
from roadworthy.tables import is_known_format, read_frame

texts = st.text(st.characters(exclude_categories=["Cs"]))
rows = st.lists(st.tuples(texts, texts), min_size=1, max_size=5)
TRICKY = [
    "NA",
    "null",
    "None",
    "nan",
    "1e5",
    "007",
    "TRUE",
    '"',
    "a\nb",
    "a\r\nb",
    "a\rb",
    "=1+1",
    " a ",
    "",
    ",",
    "\t",
]
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@example([(text, text) for text in TRICKY])
@given(rows)
@in_one_folder
@pytest.mark.parametrize(("suffix", "separator"), [(".csv", ","), (".tsv", "\t")])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_keeps_every_cell(
    tmp_path: Path, suffix: str, separator: str, start: str, newline: str, cells: list[tuple[str, str]]
) -> None:
    file, written = tmp_path / f"a{suffix}", io.StringIO()
    writer = csv.writer(written, delimiter=separator, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "note"), *cells])
    file.write_bytes((start + written.getvalue()).encode())
    frame = read_frame(file)
    assert list(frame.columns) == ["text", "note"]
    last = max((row for row, cell in enumerate(cells) if any(cell)), default=-1)
    assert list(frame.itertuples(index=False, name=None)) == cells[: last + 1]


def test_blank_lines_at_the_end_are_no_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nhello,a\n\nyes,b\n\n,\n")
    assert read_frame(tmp_path / "a.csv")["text"].fillna("").tolist() == ["hello", "", "yes"]


@example([(text, text) for text in TRICKY])
@given(rows)
@in_one_folder
@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".ndjson"])
@pytest.mark.parametrize("is_ascii", [True, False])
def test_json_keeps_every_cell(tmp_path: Path, suffix: str, is_ascii: bool, cells: list[tuple[str, str]]) -> None:
    file = tmp_path / f"a{suffix}"
    objects = [json.dumps({"text": text, "note": note}, ensure_ascii=is_ascii) for text, note in cells]
    document = f"[{','.join(objects)}]" if suffix == ".json" else "\n\n".join(objects) + "\n"
    file.write_bytes(document.encode())
    assert list(read_frame(file).itertuples(index=False, name=None)) == cells


@example([(text, text) for text in TRICKY])
@given(rows)
@in_one_folder
@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".arrow"])
def test_arrow_files_keep_every_cell(tmp_path: Path, suffix: str, cells: list[tuple[str, str]]) -> None:
    file = tmp_path / f"a{suffix}"
    frame = pd.DataFrame(cells, columns=["text", "note"])
    frame.to_parquet(file) if suffix == ".parquet" else frame.to_feather(file)
    assert list(read_frame(file).itertuples(index=False, name=None)) == cells


def test_json_lines_may_end_as_on_windows_and_lack_keys(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"text": "a"}\r\n{"label": 3}\r\n')
    assert read_frame(file).to_dict("records") == [{"text": "a", "label": None}, {"text": None, "label": 3}]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.doc", b"x", "unknown format '.doc'; use one of .arrow, .csv"),
        ("a", b"x", "unknown format '(no suffix)'"),
        ("a.csv", None, "no such file; check the path"),
        ("a.csv", b"", "empty file; give a header line"),
        ("a.csv", b"text\n\xff\n", "not UTF-8 (byte 5: invalid start byte); save it as UTF-8"),
        ("a.jsonl", b'{"text": "\xff"}', "not UTF-8"),
        ("a.json", b'[{"text": "\xff"}]', "not UTF-8"),
        ("a.csv", b"text,label\nx,a\ny,a,b\n", "not a readable table: Expected 2 fields in line 3, saw 3; quote cells"),
        ("a.csv", b"text,label\nx,a,b\ny,a,b\n", "not a readable table: "),
        ("a.csv", b'text,label\n"x,a\n', "not a readable table: EOF inside string"),
        ("a.tsv", b"text\tlabel\nx\ta\tb\n", "not a readable table: "),
        ("a.json", b"{", "not JSON: "),
        ("a.json", b'{"text": "x"}', 'not a list of objects; write [{"text": "..."}, ...]'),
        ("a.json", b"[1]", "not a list of objects"),
        ("a.json", b"[]", "empty file"),
        ("a.json", b"[" * 100_000, "not JSON: "),
        ("a.json", b'[{"n": ' + b"1" * 5_000 + b"}]", "not JSON: "),
        ("a.jsonl", b'{"text": "x"}\n{', "line 2 is not JSON: "),
        ("a.jsonl", b"[" * 100_000, "line 1 is not JSON: "),
        ("a.jsonl", b"[1]", 'line 1 is not an object; write {"text": "..."} on each line'),
        ("a.jsonl", b"\n\n", "empty file"),
        ("a.parquet", b"x", "not a readable table: "),
        ("a.parquet", b"PAR1" + b"x" * 20 + b"PAR1", "a.parquet: "),
        ("a.feather", b"x", "not a readable table: "),
    ],
)
def test_a_file_that_cannot_be_read_says_why_in_one_line(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_frame(file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(DataError, match="no such file"):
        read_frame(tmp_path / "a.csv")


def test_a_file_that_the_system_refuses_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.csv").touch()
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match="Permission denied; check that it can be read"):
        read_frame(tmp_path / "a.csv")


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"reading .parquet files needs the extra 'arrow'"):
        read_frame(tmp_path / "a.parquet")


def test_formats_are_known_by_their_suffix() -> None:
    assert is_known_format(Path("a.FEATHER"))
    assert not is_known_format(Path("where is my order.really"))
