"""The table of severities: its figures by hand, and that the documentation shows what it prints."""

import importlib
import sys
from pathlib import Path

import pytest

from roadworthy import support_desk

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def benchmark():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("severities")
        sys.modules.pop("severities")


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (["where is it", "a refund"], ["where is it", "a refund"], "0%, 0"),
        (["where is it", "a refund"], ["were is it", "a refund"], "50%, 20"),
        (["where is it"], ["hello there where is it"], "100%, 67"),
        (["where is my order"], ["order"], "100%, 75"),
    ],
)
def test_words_changed_added_and_lost_count(benchmark, before, after, shown):
    assert str(benchmark.Effect.of(before, after)) == shown


def test_the_documentation_shows_what_is_printed(benchmark):
    shown = (ROOT / "docs" / "noise.md").read_text(encoding="utf-8")
    assert "\n".join(benchmark.table(support_desk.load_clean_test().texts)) in shown


def test_a_file_and_single_perturbations(benchmark, tmp_path, monkeypatch, capsys):
    file = tmp_path / "messages.csv"
    file.write_text("text\nWhere is my order?\n")
    monkeypatch.setattr(sys, "argv", ["severities", "--data", str(file), "--members"])
    benchmark.main()
    printed = capsys.readouterr().out
    assert printed.startswith("1 messages")
    assert "| all lowercase | 100%, 25 |" in printed
