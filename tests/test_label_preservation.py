"""The judge of labels against cases worked out by hand, and every family on a few messages."""

import importlib
import sys
from pathlib import Path

import pytest

from roadworthy import metrics, support_desk
from roadworthy.perturbations import families
from roadworthy.perturbations.profile import BUILT_IN

ROOT = Path(__file__).parents[1]
FEW = support_desk.load_train().texts[::7] + support_desk.load_clean_test().texts[::7]


@pytest.fixture(scope="module")
def benchmark():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("label_preservation")
        sys.modules.pop("label_preservation")


def test_the_judge_finds_the_nearest_and_lets_a_duplicate_pass(benchmark):
    judge = benchmark.Judge(["where is my order", "I want a refund", "I WANT a refund"])
    found = judge.finds([0, 1, 2, 0, 0], ["wheres my order", "want refund", "want refund", "I want a refund", "xyzq"])
    assert found.tolist() == [True, True, True, False, False]
    assert judge.finds([], []).tolist() == []


def test_a_row_says_whether_enough_was_kept(benchmark):
    def verdict(kept, n, *, exempt=False):
        return benchmark.Kept("typos", 1, n, metrics.proportion(kept, n), exempt).verdict

    assert [verdict(97, 100), verdict(96, 100), verdict(0, 0), verdict(1, 9, exempt=True)] == [
        *("kept", "too few", "kept", "exempt")
    ]


def test_fragments_and_clauses_are_exempt(benchmark):
    exempt = {name for name, is_exempt in benchmark.names() if is_exempt}
    assert exempt == {
        *("fragments", "mixed_languages", "hinglish_sentences"),
        *("spanglish_clauses", "denglisch_clauses", "taglish_clauses", "profile: hinglish"),
    }
    assert ("cut_off", True) in benchmark.names(every=True)


def test_every_family_keeps_its_messages(benchmark):
    found = list(benchmark.judged(FEW, (1, 3), seed=0))
    assert {kept.name for kept in found} >= {*families(), *(f"profile: {name}" for name in BUILT_IN)}
    assert [str(kept) for kept in found if kept.verdict == "too few"] == []


def test_the_table_of_a_file(benchmark, tmp_path, monkeypatch, capsys):
    file = tmp_path / "messages.csv"
    file.write_text("text\nWhere is my order?\nI want a refund.\n")
    monkeypatch.setattr(sys, "argv", ["label_preservation", "--data", str(file), "--severities", "2"])
    benchmark.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 messages")
    assert sum(line.startswith("| casing | 2 | 2 | 100.0 % (34.2 to 100.0) | kept |") for line in lines) == 1


def test_support_desk_is_judged_by_default(benchmark):
    assert len(benchmark.messages(None)) == 800
