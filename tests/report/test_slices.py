"""Weak slices stand in every rendering, the weakest first, and their values stay text."""

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from roadworthy.inspection import Figure, Slice
from roadworthy.report import print_terminal, to_html, to_markdown

from .conftest import SCRIPT, make_inspection, share


def weak(value, right, *, messages="real", by="channel"):
    """Make a slice of 40 messages of which so many are answered rightly."""
    change = right / 40 - 0.9
    difference = Figure(value=change, low=change - 0.1, high=change + 0.1, n=40)
    return Slice(
        messages=messages,
        by=by,
        value=value,
        n=40,
        accuracy=share(right, 40),
        silent_failure_rate=share(40 - right, 40),
        coverage=share(40, 40),
        difference=difference,
        p_value=0.001,
        q_value=0.01,
        weak=True,
    )


def printed(inspection, width=100):
    out = io.StringIO()
    print_terminal(inspection, Console(file=out, width=width, color_system=None))
    return out.getvalue().replace("\u00a0", " ")


@pytest.fixture(scope="module")
def sliced():
    strong = weak("fax", 40).model_copy(update={"weak": False})
    return make_inspection(slices=(weak("web", 20), weak("app", 10), strong, weak("refund", 30, by="label")))


@pytest.fixture(scope="module")
def hostile():
    return make_inspection(slices=(weak(SCRIPT, 20), weak("x" * 300, 10)))


@pytest.mark.parametrize("render", [printed, to_markdown, to_html])
def test_the_weakest_slice_comes_first_and_others_are_not_named(sliced, render):
    shown = re.split(r"Weak spots|Where wrong answers", render(sliced))[1]
    assert shown.index("app") < shown.index("web") < shown.index("refund")
    assert "fax" not in shown


@pytest.mark.parametrize("render", [printed, to_markdown, to_html])
def test_without_a_weak_slice_there_is_no_section(inspection, render):
    assert "Weak spots" not in render(inspection)


def test_the_terminal_names_a_few_and_counts_the_others():
    slices = tuple(weak(f"value {i}", i) for i in range(1, 8))
    text = printed(make_inspection(slices=slices))
    assert "'value 4' (n=40)" in text
    assert "'value 5'" not in text
    assert "and 3 more in the report" in text


def test_the_page_names_a_dozen_and_counts_the_others():
    page = to_html(make_inspection(slices=tuple(weak(f"value {i}", i) for i in range(1, 16))))
    assert "value 12<" in page
    assert "value 13<" not in page
    assert "and 3 more in inspection.json" in page


@pytest.mark.parametrize("width", [60, 100])
def test_the_terminal_keeps_its_width_whatever_a_value_is(hostile, width):
    text = printed(hostile, width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert not {"\x1b", "\u202e"} & set(text)


def test_values_are_inert_on_the_page_and_in_markdown(hostile):
    assert "<script>alert" not in to_html(hostile)
    document = to_markdown(hostile)
    assert "<script" not in document
    assert "@you" not in document
    table = re.search(r"### Weak spots\n+((?:^\|.*\n)+)", document, re.MULTILINE)
    assert len({line.count("|") for line in table[1].splitlines()}) == 1
