"""Markdown tables stay tables, and messages stay text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.report import to_markdown
from roadworthy.report.markdown import as_text


@given(st.text())
def test_no_message_can_form_markup(text):
    bare = re.sub(r"&#\d+;", "", as_text(text))
    assert not set(bare) & set("\\`*[]<>&#~@$|")


def test_words_with_underscores_and_sentences_stay_readable():
    assert as_text("order_status: _late_") == "order_status: &#95;late&#95;"
    assert as_text("www.evil.example http://x") == "www&#46;evil.example http&#58;//x"


def test_the_verdict_comes_first_and_every_table_row_has_its_columns(inspection):
    document = to_markdown(inspection)
    assert document.startswith("## ✗ FAIL: Inspection of support-desk\n\n6 of 10 checks failed.")
    tables = re.findall(r"(?:^\|.*\|\n)+", document, re.MULTILINE)
    assert len(tables) == 4
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_messages_are_inert(inspection):
    document = to_markdown(inspection)
    assert "<script" not in document
    assert "@you" not in document
    assert "](http" not in document


def test_what_is_missing_leaves_no_empty_heading(clean_only):
    document = to_markdown(clean_only)
    assert "Real messages\n" not in document
    assert "Read these first" not in document
    assert "### What to do next" in document
