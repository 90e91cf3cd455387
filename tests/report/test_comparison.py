import io

import pytest
from rich.console import Console

from roadworthy.comparison import compare_models
from roadworthy.comparison.changes import Change, MessagesChange, Relabelled, VocabularyChange, Word, changes_between
from roadworthy.data import Dataset
from roadworthy.report.comparison import documents, render_markdown, render_page, view_of
from roadworthy.report.comparison_terminal import print_comparison

from ..comparison.conftest import Keyword, facts, messages  # noqa: F401

HOSTILE = "cash <script>alert(1)</script> [bold]x[/bold] | @you \x1b[31mred \u202e"


def compared(*models, **options):
    return compare_models(*models, messages(60), suite="quick", **options)


@pytest.fixture
def worse():
    return compared(Keyword("money", "cash", name="old"), Keyword("money", name="new"))


@pytest.fixture
def changes(facts):  # noqa: F811
    other = facts.model_copy(update={"commit": "d" * 40, "dirty": True, "parameters": {"C": "1.23456789"}})
    words = VocabularyChange(
        size_a=3,
        size_b=4,
        gained=2,
        lost=1,
        gained_words=(Word(word="parcel", count=2), Word(word="rare", count=0)),
        lost_words=tuple(Word(word=f"word{i}", count=20 - i) for i in range(15)),
    )
    found = changes_between(facts, other, vocabulary=words)
    relabelled = MessagesChange(
        only_a=1, only_b=2, relabelled=3, examples=(Relabelled(text="where is it", a="order", b="refund"),)
    )
    many = tuple(Change(what=f"package{i}", a="1.0", b=None) for i in range(15))
    return found.model_copy(update={"messages": relabelled, "environment": many})


def printed(comparison, changes=None, width=100):
    console = Console(file=io.StringIO(), width=width)
    print_comparison(comparison, console, changes)
    return console.file.getvalue()


def test_the_terminal_tells_the_verdict_first_and_what_broke(worse):
    said = printed(worse)
    assert "✗ WORSE" in said.splitlines()[1]
    assert "new against old" in said.splitlines()[0]
    assert "Only old answers these rightly" in said
    assert "→ a: refund" in said
    assert "Only new answers" not in said
    assert "−25.0" in said


def test_the_terminal_tells_what_changed(worse, changes):
    said = printed(worse, changes)
    for line in (
        "3 relabelled, 1 gone, 2 new",
        "“where is it”: order → refund",
        "C: (none) → 1.235",
        "package0: 1.0 → (none)",
        "and 3 more",
        "commit: cccccccccccc → dddddddddddd",
        "3 → 4 words; 2 gained, 1 lost",
        "gained, and used in these messages: parcel (2)",
        "3 more",
    ):
        assert line in said
    assert "rare" not in said


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_terminal(worse, changes, width):
    assert max(map(len, printed(worse, changes, width).splitlines())) <= width


def test_what_did_not_change_is_said(worse, facts):  # noqa: F811
    same = VocabularyChange(size_a=3, size_b=3, gained=0, lost=0)
    said = dict(view_of(worse, changes_between(facts, facts, vocabulary=same)).changes)
    assert said["Training messages"] == said["Parameters"] == said["Environment"] == said["Code"] == ("the same",)
    assert said["Vocabulary"] == ("the same 3 words",)
    unused = VocabularyChange(size_a=3, size_b=4, gained=1, lost=0, gained_words=(Word(word="rare", count=0),))
    assert dict(view_of(worse, changes_between(facts, facts, vocabulary=unused)).changes)["Vocabulary"] == (
        "3 → 4 words; 1 gained, 0 lost",
    )
    dirty, bare = (facts.model_copy(update=update) for update in ({"dirty": True}, {"commit": None, "dirty": None}))
    assert dict(view_of(worse, changes_between(dirty, dirty)).changes)["Code"] == (
        "the same commit, but files beside it had changed both times",
    )
    assert "outside a git repository" in dict(view_of(worse, changes_between(bare, bare)).changes)["Code"][0]


def test_slices_that_differ_have_a_table_of_their_own(worse):
    view = view_of(worse)
    assert [row.name for row in view.slices] == ["clean, label refund"]
    assert "Slices that differ" in printed(worse)
    assert "clean, label refund" in render_markdown(worse)


def test_models_that_are_equal_show_no_difference():
    found = compared(Keyword("money", name="old"), Keyword("money", name="new"))
    assert "NO DIFFERENCE SHOWN" in printed(found)
    assert "same label to every message" in printed(found)
    assert "### Only" not in render_markdown(found)


def test_a_better_model_is_called_so():
    found = compared(Keyword("money", name="old"), Keyword("money", "cash", name="new"))
    assert "✓ BETTER" in printed(found)
    assert "Only new answers these rightly" in render_page(found)


def test_messages_that_imitate_users_are_never_called_real():
    real = Dataset(("cash pls", "my parcel"), ("refund", "order"), ("slang", "short"), "imitated", authentic=False)
    found = compared(Keyword("money", "cash", name="old"), Keyword("money", name="new"), real=real)
    view = view_of(found)
    assert "real-user-style" in [row.name for row in view.rows]
    assert "real-user-style, slang" in [row.name for row in view.others]


def test_figures_that_are_not_known_are_dashes():
    real = Dataset.of(["cash pls", "my parcel"], name="real")
    found = compared(Keyword("money", "cash", name="old"), Keyword("money", name="new"), real=real)
    row = next(row for row in view_of(found).rows if row.name == "real")
    assert (row.a, row.difference, row.interval, row.silent, row.q) == ("–", "–", "–", "–", "–")


def test_hostile_messages_are_inert_everywhere():
    data = Dataset.of([HOSTILE, "my parcel"], ["refund", "order"], name="<b>data</b>")
    found = compare_models(Keyword("cash", name="<i>old</i>"), Keyword("gold", name="new"), data, suite="quick")
    page, markdown, said = render_page(found), render_markdown(found), printed(found)
    assert "<script" not in page
    assert "<i>" not in page
    assert "<script" not in markdown
    assert "@you" not in markdown
    assert "\x1b[31m" not in said + page + markdown
    assert "[bold]x[/bold]" in said


def test_a_comparison_is_kept_as_page_markdown_and_data(worse, changes):
    assert list(documents(worse)) == ["comparison.html", "comparison.md", "comparison.json"]
    kept = documents(worse, changes)
    assert list(kept)[-1] == "changes.json"
    assert kept["comparison.html"].startswith("<!doctype html>") or "<!doctype html>" in kept["comparison.html"][:20]
    assert "What changed between the runs" in kept["comparison.html"]
    assert "### What changed" in kept["comparison.md"]


def test_guarded_answers_say_that_they_were_flagged():
    wary = Keyword("money", name="wary", flags=("cash",))
    found = compared(Keyword("money", "cash", name="old"), wary)
    assert any("flagged" in message.b for message in view_of(found).broken)
