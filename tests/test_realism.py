"""The measures of realism against cases worked out by hand, and both benchmarks of noise on a few messages."""

import csv
import importlib
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from roadworthy import support_desk

ROOT = Path(__file__).parents[1]
NAMES = ("realism_measures", "realism_peers", "realism_hinglish", "realism", "perturb_speed")
TEXTS = support_desk.load_clean_test().texts[:120]


@pytest.fixture(scope="module")
def benchmarks():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in NAMES})
        for name in NAMES:
            sys.modules.pop(name)


@pytest.fixture
def no_peers(benchmarks, monkeypatch):
    monkeypatch.setattr(benchmarks.realism, "peers", dict)
    monkeypatch.setattr(benchmarks.perturb_speed, "peers", lambda: {"shouting": lambda texts, seed: texts})


def run(module, monkeypatch, capsys, *arguments):
    """The lines that a benchmark prints."""
    monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
    module.main()
    return capsys.readouterr().out.splitlines()


def write(path, *rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.mark.parametrize(
    ("meant", "came", "kind"),
    [
        ("laughing out loud", "lol", "acronym (lol, idk)"),
        ("", "lol", "acronym (lol, idk)"),
        ("great", "gr8", "number/letter homophone (u, 2, gr8)"),
        ("don't", "dont", "apostrophe drop"),
        ("going to", "gonna", "contraction/slang multiword (gonna, wanna, im)"),
        ("my order", "that thing there", "slang/lexical replacement"),
        ("my order", "myorder", "token split/join"),
        ("so", "sooo", "letter repetition (soooo)"),
        ("order", "oder", "single deletion (consonant)"),
        ("order", "ordr", "vowel drop"),
        ("letter", "leter", "doubled letter dropped"),
        ("order", "oreder", "single insertion"),
        ("order", "ordder", "letter repetition (soooo)"),
        ("order", "ordor", "vowel substitution"),
        ("lamp", "lsmp", "keyboard-adjacent substitution"),
        ("lamp", "ltmp", "other single substitution"),
        ("order", "odrer", "transposition"),
        ("picture", "pic", "truncation (pic, prob)"),
        ("about", "abt", "vowel drop"),
        ("tomorrow", "tmw", "abbreviation (ppl, tmrw)"),
        ("the", "da", "phonetic respelling (luv, wuz)"),
        ("lamps", "lqmpz", "multi-edit typo (2 edits)"),
        ("hello", "yo", "slang/lexical replacement"),
        ("Order", "order", None),
        ("order", "", None),
        ("?", "!", None),
    ],
)
def test_types_of_edits(benchmarks, meant, came, kind):
    assert benchmarks.realism_measures.edit_type(meant, came) == kind


def test_the_rate_is_in_a_hundred_tokens(benchmarks):
    assert benchmarks.realism_measures.edits_per_100([("a b c d", "a x c d"), ("e f g h", "e f g h")]) == 12.5


def test_what_is_alike_cannot_be_told_apart(benchmarks):
    measures = benchmarks.realism_measures
    assert measures.text_auc(TEXTS[::2], TEXTS[1::2]) == pytest.approx(0.5, abs=0.2)
    assert measures.text_auc(TEXTS[:60], [text.replace("e", "#") for text in TEXTS[60:]]) > 0.95


def test_edits_of_another_shape_are_told_apart(benchmarks):
    measures = benchmarks.realism_measures
    dropped = [(text, text[:1] + text[2:]) for text in ("order", "parcel", "refund")] * 30
    doubled = [(text, text + text[-1]) for text in ("order", "parcel", "refund")] * 30
    assert measures.edit_auc(dropped, doubled) == 1.0
    assert np.isnan(measures.edit_auc(dropped[:59], doubled))


def test_noise_is_judged_on_the_half_that_nothing_was_learned_from(benchmarks):
    pairs = [(f"clean {i}", f"noisy {i}") for i in range(40)]
    seen = []

    def simulate(half, seed):
        seen.append(half)
        return [clean for clean, _ in half]

    found = benchmarks.realism.measure(pairs, simulate, range(2))
    times = benchmarks.realism.TIMES
    assert [len(half) for half in seen] == [20] * 2 * times
    assert sorted(seen[0]) == sorted(seen[times - 1]) != sorted(seen[times])
    assert found.rate == [0.0, 0.0]


def test_the_first_corpus_is_the_one_to_be_like(benchmarks, tmp_path):
    header = ("corpus", "edits_per_100_tokens", "edit_type", "share_of_edits_percent")
    file = write(tmp_path / "types.csv", header, ("a", 1, "x", 60), ("a", 1, "y", 40), ("b", 1, "x", 100))
    assert benchmarks.realism.read_types(file) == Counter(x=60.0, y=40.0)


@pytest.mark.usefixtures("no_peers")
def test_the_table_of_realism(benchmarks, tmp_path, monkeypatch, capsys):
    typed = [text.replace("order", "oder").replace("the", "teh", 1) for text in TEXTS]
    spoken = [text.lower().strip("?.") for text in TEXTS]
    pairs = write(tmp_path / "pairs.csv", ("clean", "noisy", "spoken"), *zip(TEXTS, typed, spoken, strict=True))
    header = ("corpus", "edits_per_100_tokens", "edit_type", "share_of_edits_percent")
    types = write(tmp_path / "types.csv", header, ("tweets", 12, "apostrophe drop", 100))
    lines = run(benchmarks.realism, monkeypatch, capsys, "--pairs", pairs, "--edit-types", types, "--seeds", 1)
    cells = [tuple(cell.strip() for cell in line.split("|")[1:3]) for line in lines[2:]]
    ours, ends = "Roadworthy", ("real against real", "nothing")
    wanted = [(noise, by) for noise in ("typing", "dictated") for by in (*ends, ours)]
    assert cells == [*wanted, ("texting", ours)]
    assert all(line.count("|") == len(benchmarks.realism.TITLES) + 1 for line in lines)


@pytest.mark.usefixtures("no_peers")
def test_the_tables_of_hinglish(benchmarks, tmp_path, monkeypatch, capsys):
    said = [
        ("set alarm for tomorrow", "kal ke liye alarm set karo", "alarm"),
        ("play a song", "ek gana bajao", "music"),
    ]
    rows = [(f"{english} {i}", f"{hinglish} {i}", intent) for i in range(20) for english, hinglish, intent in said]
    for name in ("train.csv", "validation.csv"):
        write(tmp_path / name, ("english", "hinglish", "intent"), *rows)
    lines = run(benchmarks.realism, monkeypatch, capsys, "--hinglish", tmp_path, "--held-out", "--seeds", 1)
    assert sum(line.startswith("| Hinglish, ") for line in lines) == 6
    assert lines[-1].startswith("| mean of 10 ")


@pytest.mark.usefixtures("no_peers")
def test_the_table_of_speed(benchmarks, monkeypatch, capsys):
    lines = run(benchmarks.perturb_speed, monkeypatch, capsys, "--messages", 20, "--rounds", 1)
    names = [line.split("|")[1].strip() for line in lines[2:]]
    assert {"**typos**", "hinglish_sentences", "shouting"} <= set(names)
    assert len(set(benchmarks.perturb_speed.messages(1_000))) == 1_000


def test_peers_that_are_not_there_are_left_out(benchmarks, monkeypatch):
    for name in ("nlpaug", "augly", "textattack"):
        monkeypatch.setitem(sys.modules, name, None)
    assert benchmarks.realism_peers.peers() == {}


@pytest.mark.usefixtures("no_peers")
def test_a_peer_that_breaks_off_says_so(benchmarks, tmp_path, monkeypatch, capsys):
    def breaks_off(texts):
        raise AttributeError("no lower")

    broken = {"AugLy": benchmarks.realism_peers._seeded(breaks_off)}
    for module in (benchmarks.realism, benchmarks.perturb_speed):
        monkeypatch.setattr(module, "peers", lambda: broken)
    header = ("corpus", "edits_per_100_tokens", "edit_type", "share_of_edits_percent")
    types = write(tmp_path / "types.csv", header, ("tweets", 12, "apostrophe drop", 100))
    messages = write(tmp_path / "messages.csv", ("text",), ("what's this",))
    arguments = ("--edit-types", types, "--messages", messages, "--seeds", 1)
    assert "breaks off: AttributeError: no lower" in run(benchmarks.realism, monkeypatch, capsys, *arguments)[-1]
    lines = run(benchmarks.perturb_speed, monkeypatch, capsys, "--messages", 9, "--rounds", 1)
    assert "breaks off" in lines[-1]
