"""The terminal shows the verdict first, fits its width, and takes no message for markup."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from roadworthy.report import print_terminal


def printed(inspection, width=100):
    out = io.StringIO()
    print_terminal(inspection, Console(file=out, width=width, color_system=None))
    return out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_every_line_fits(inspection, width):
    assert max(cell_len(line) for line in printed(inspection, width).splitlines()) <= min(width, 100)


def test_the_verdict_comes_first_in_words(inspection):
    head, *_ = printed(inspection).split("Before you trust this")
    assert "✗ FAIL" in head
    assert "6 of 10 checks failed." in head


def test_at_80_columns_no_figure_is_cut(inspection):
    text = printed(inspection, 80)
    assert "mixed languages  82 %  62 %  40 %" in text.replace("\u00a0", " ")
    assert "46 to 58 %" in text.replace("\u00a0", " ")


def test_messages_are_not_taken_for_markup(inspection):
    text = printed(inspection)
    assert "[bold]x[/x] :bomb:" in text
    assert "\x1b" not in text


def test_messages_that_do_not_fit_are_counted(inspection):
    assert "and 2 more in the report" in printed(inspection)
    few = inspection.model_copy(update={"examples": inspection.examples[-2:]})
    text = printed(few)
    assert "more in the report" not in text
    assert "69\u00a0% confident, flagged" in text


def test_what_is_unknown_is_left_out(clean_only, black_box):
    text = printed(clean_only)
    assert "Real messages\n" not in text
    assert "Read these first" not in text
    assert "Where wrong answers" not in text
    assert "Before you trust" not in text
    assert "Conf." not in printed(black_box)
    assert "! not tested" in printed(black_box)


def test_families_without_clean_messages_have_no_reference_row(inspection):
    groups = tuple(group for group in inspection.groups if group.kind == "perturbed")
    assert "\n(clean)" not in printed(inspection.model_copy(update={"groups": groups}))
