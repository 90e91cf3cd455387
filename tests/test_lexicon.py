"""The word lists are well formed: what a perturbation relies on, and what a person who edits one may overlook."""

from importlib.resources import files

import pytest

from roadworthy import lexicon
from roadworthy.perturbations import negations

NAMES = sorted(entry.name for entry in files("roadworthy").joinpath("lexicons").iterdir())
REPLACED = [
    name for name in NAMES if name in {"texting.tsv", "slang.tsv", "misspellings.tsv", "hinglish.tsv", "spanglish.tsv"}
]


def raw(name):
    return files("roadworthy").joinpath("lexicons", name).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_a_list_says_where_it_comes_from(name):
    assert raw(name)[0].startswith("# source:")


@pytest.mark.parametrize("name", NAMES)
def test_no_entry_stands_twice(name):
    rows = lexicon.rows(name)
    assert len(set(rows)) == len(rows)
    assert {len(row) for row in rows} in ([{1}] if name.endswith(".txt") else [{2}, {3}, {4}])


@pytest.mark.parametrize("name", [*REPLACED, "emoji.tsv"])
def test_each_key_stands_once_in_lower_case_and_is_never_its_own_alternative(name):
    keys = [key for key, _ in lexicon.rows(name)]
    assert len(set(keys)) == len(keys)
    assert all(key == key.lower() for key in keys)
    for key, values in lexicon.alternatives(name).items():
        assert key not in values
        assert all(values), key


@pytest.mark.parametrize("name", REPLACED)
def test_no_entry_adds_or_loses_a_negation(name):
    wrong = {
        (key, value)
        for key, values in lexicon.alternatives(name).items()
        for value in values
        if len(negations(key)) != len(negations(value))
    }
    assert wrong <= {
        ("never mind", "nvm"),
        ("no problem", "np"),
        ("not going to lie", "ngl"),
        ("never mind", "nevermind"),
    }


@pytest.mark.parametrize("name", ["hinglish.tsv", "spanglish.tsv", "slang.tsv", "emoji.tsv", "texting.tsv"])
def test_words_of_several_meanings_are_left_alone(name):
    assert not {"like", "that", "was", "is", "have", "i have", "work", "run", "book", "so", "light"} & set(
        lexicon.alternatives(name)
    ) - ({"have", "work", "i have"} if name == "texting.tsv" else set())


def test_numbers_are_never_translated():
    numbers = {"two", "three", "four", "five", "ten", "hundred"}
    for name in REPLACED:
        assert not [key for key in lexicon.alternatives(name) if numbers & set(key.split())]


def test_the_words_that_phrases_begin_with_are_known():
    entries = lexicon.alternatives("texting.tsv")
    assert {key.split()[0] for key in entries if " " in key} == {first for first, _ in entries.phrases}
    assert all(list(lengths) == sorted(lengths, reverse=True) for lengths in entries.phrases.values())


def test_grouped_keeps_the_order_of_the_file():
    assert lexicon.grouped("emoji_mood.tsv")["worried"][0] == "😭"


def test_a_reader_keeps_file_order_and_leaves_comments_out(monkeypatch):
    class Folder:
        def joinpath(self, *names):
            return self

        def read_text(self, encoding):
            return "# source: me\n\nyou\tu|ya\nplease\t pls \n"

    monkeypatch.setattr(lexicon, "files", lambda package: Folder())
    assert lexicon.rows("mine.tsv") == (("you", "u|ya"), ("please", "pls"))
    assert lexicon.words("mine.tsv") == {"you", "please"}
    assert lexicon.alternatives("mine.tsv") == {"you": ("u", "ya"), "please": ("pls",)}
    assert lexicon.grouped("mine.tsv") == {"you": ("u|ya",), "please": ("pls",)}
