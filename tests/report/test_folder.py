"""A report folder holds whole files or none."""

from pathlib import Path

import pytest

from roadworthy.errors import OutputError
from roadworthy.inspection.summary import Inspection
from roadworthy.report import to_markdown, write_report


def test_four_files_are_written_into_a_new_folder(clean_only, tmp_path):
    files = write_report(clean_only, tmp_path / "new" / "out")
    assert {kind: file.name for kind, file in files.items()} == {
        "html": "report.html",
        "markdown": "report.md",
        "junit": "junit.xml",
        "json": "inspection.json",
    }
    assert {p.name for p in (tmp_path / "new" / "out").iterdir()} == {file.name for file in files.values()}
    assert Inspection.load(files["html"].parent) == clean_only
    assert files["markdown"].read_text(encoding="utf-8") == to_markdown(clean_only)


def test_figures_bear_their_own_colours(inspection, tmp_path):
    write_report(inspection, tmp_path)
    figures = {file.stem: file.read_text(encoding="utf-8") for file in (tmp_path / "figures").iterdir()}
    assert set(figures) == {"families", "real", "confidence"}
    assert all(figure.startswith("<svg") and "--ink:" in figure for figure in figures.values())


def test_a_second_report_replaces_the_first(clean_only, tmp_path):
    write_report(clean_only, tmp_path)
    other = clean_only.model_copy(update={"roadworthy_version": "9"})
    assert Inspection.load(write_report(other, tmp_path)["json"]).roadworthy_version == "9"
    assert len(list(tmp_path.iterdir())) == 4


def test_charts_of_an_earlier_inspection_do_not_stay(inspection, clean_only, tmp_path):
    write_report(inspection, tmp_path)
    note = tmp_path / "figures" / "note.txt"
    note.write_text("mine", encoding="utf-8")
    write_report(clean_only, tmp_path)
    assert list((tmp_path / "figures").iterdir()) == [note]


def test_an_earlier_chart_that_cannot_be_removed_is_told(clean_only, tmp_path):
    (tmp_path / "figures" / "real.svg").mkdir(parents=True)
    with pytest.raises(OutputError, match="cannot be removed"):
        write_report(clean_only, tmp_path)


def test_a_place_that_is_no_folder_is_told_in_one_line(clean_only, tmp_path):
    place = tmp_path / "file"
    place.write_text("")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        write_report(clean_only, place)
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_the_old_file_and_no_litter(clean_only, tmp_path, monkeypatch):
    write_report(clean_only, tmp_path)
    before = (tmp_path / "report.html").read_text(encoding="utf-8")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_report(clean_only.model_copy(update={"roadworthy_version": "9"}), tmp_path)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == before
    assert len(list(tmp_path.iterdir())) == 4
