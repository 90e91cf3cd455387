"""An inspection made readable: summarised into plain view data, then rendered; no figure is measured here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from roadworthy.inspection.summary import Inspection

__all__ = ["notebook_html", "print_terminal", "to_html", "to_junit", "to_markdown", "write_report"]


def to_html(inspection: Inspection) -> str:
    """Render one self-contained page: styles and charts inside, no script, nothing fetched.

    Examples
    --------
    >>> from roadworthy import inspect, support_desk
    >>> data = support_desk.load_clean_test().take(range(0, 240, 8))
    >>> page = to_html(inspect(lambda texts: ["order_status"] * len(texts), data, suite="quick"))
    >>> page.startswith("<!doctype html>"), "<script" in page
    (True, False)
    """
    from roadworthy.report.html import render_page

    return render_page(inspection)


def notebook_html(inspection: Inspection) -> str:
    """Render a compact fragment for a notebook cell, readable on light and on dark."""
    from roadworthy.report.html import render_fragment

    return render_fragment(inspection)


def to_markdown(inspection: Inspection) -> str:
    """Render Markdown for pull-request comments and the step summaries of CI."""
    from roadworthy.report.markdown import render_markdown

    return render_markdown(inspection)


def to_junit(inspection: Inspection) -> str:
    """Render JUnit XML: one suite a kind of messages and one for the findings, one test case a check."""
    from roadworthy.report.junit import render_junit

    return render_junit(inspection)


def print_terminal(inspection: Inspection, console: Console) -> None:
    """Print to a terminal, the verdict first."""
    from roadworthy.report.terminal import render_terminal

    render_terminal(inspection, console)


def write_report(inspection: Inspection, directory: str | Path) -> dict[str, Path]:
    """Write report.html, report.md, junit.xml and inspection.json into a folder, made if it is missing.

    Every document is rendered before the first is written, and each replaces its forerunner in one step.

    Returns
    -------
    dict
        The files by what they are: html, markdown, junit, json.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    from roadworthy.report.folder import write_folder

    return write_folder(inspection, directory)
