"""The report as a folder of files, none of which is ever half-written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.errors import OutputError
from roadworthy.output import write_text
from roadworthy.report.html import render_page_and_figures
from roadworthy.report.junit import render_junit
from roadworthy.report.markdown import render_markdown

if TYPE_CHECKING:
    from roadworthy.inspection.summary import Inspection

NAMES = {"html": "report.html", "markdown": "report.md", "junit": "junit.xml", "json": "inspection.json"}
FIGURES = "figures"


def write_folder(inspection: Inspection, directory: str | Path) -> dict[str, Path]:
    """Render everything, then write it; see `roadworthy.report.write_report`."""
    directory = Path(directory)
    page, figures = render_page_and_figures(inspection)
    documents = {
        "html": page,
        "markdown": render_markdown(inspection),
        "junit": render_junit(inspection),
        "json": inspection.to_json() + "\n",
    }
    files = {kind: directory / NAMES[kind] for kind in documents}
    for kind, file in files.items():
        write_text(file, documents[kind])
    for name, figure in figures.items():
        write_text(directory / FIGURES / f"{name}.svg", figure)
    _remove_others(directory / FIGURES, set(figures))
    return files


def _remove_others(directory: Path, names: set[str]) -> None:
    """Remove the charts of an earlier inspection that this one does not have."""
    for file in directory.glob("*.svg"):
        if file.stem not in names:
            try:
                file.unlink()
            except OSError as error:
                raise OutputError(
                    f"cannot be removed ({error.strerror})", where=file, mend="name another place with --out"
                ) from None
