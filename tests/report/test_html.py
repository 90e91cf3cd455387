"""The page stands alone, is inert, and leaves out what is not known."""

import re
from html.parser import HTMLParser

import pytest

from roadworthy.report import notebook_html, to_html

VOID = {"meta", "br", "link", "img", "hr", "input"}


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.tags = [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parse(document):
    parser = Balance()
    parser.feed(document)
    parser.close()
    return parser


@pytest.fixture(scope="module")
def page(inspection):
    return to_html(inspection)


@pytest.mark.parametrize("name", ["inspection", "clean_only", "unlabelled", "black_box"])
def test_pages_are_well_formed_and_their_ids_unique(name, request):
    parsed = parse(to_html(request.getfixturevalue(name)))
    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {"header", "main", "footer", "h1", "h2"} <= parsed.tags


def test_the_page_needs_no_script_and_no_network(page):
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert "<script" not in page
    assert not re.search(r"(?:href|src)=\"(?!#)|url\(|@import", page)
    assert len(page) < 400_000


def test_messages_are_inert(page):
    assert "&lt;script&gt;alert(" in page
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_the_verdict_stands_first_with_its_reason(page):
    assert page.index("<b>fail</b>6 of 10 checks failed.") < page.index("Key figures") < page.index("Before you trust")


def test_charts_take_their_colours_from_the_page_and_are_named(page):
    assert 'stroke="var(--step1)"' in page
    assert page.count('role="img" aria-label=') == 6
    assert "prefers-color-scheme:dark" in page


def test_unseen_words_are_marked(page):
    assert "<mark>wheres</mark> my stuff" in page


def test_tables_have_captions_and_scopes(page):
    tables = page.count("<table>")
    assert tables == page.count("<caption>") == page.count("<thead>")
    assert page.count('<th scope="row">') > 50


def test_a_page_without_real_messages_has_no_such_section(clean_only):
    page = to_html(clean_only)
    assert 'id="h-real"' not in page
    assert 'id="h-families"' not in page
    assert "Label by label" in page


def test_a_page_of_a_black_box_has_neither_confidence_nor_vocabulary(black_box):
    page = to_html(black_box)
    assert 'id="h-confidence"' not in page
    assert "Unseen words</th>" not in page
    assert "not tested" in page


def test_unlabelled_messages_have_a_table_but_no_chart(unlabelled):
    page = to_html(unlabelled)
    assert "Real messages by kind" in page
    assert page.count('role="img" aria-label=') == 4


def test_a_page_without_checks_says_so(clean_only):
    bare = clean_only.model_copy(update={"checks": (), "groups": ()})
    assert "No bound was checked." in to_html(bare)


def test_the_fragment_is_short_inert_and_styled_by_itself_alone(inspection):
    fragment = notebook_html(inspection)
    assert parse(fragment).open == []
    assert "<style" not in fragment
    assert "typos, severity 3" in fragment
    assert "typos, severity 5" not in fragment
    assert "<script" not in notebook_html(inspection.model_copy(update={"examples": inspection.examples[4:]}))
