"""Short and slang forms stand only where somebody could have written them."""

import pytest

from roadworthy import lexicon
from roadworthy.perturbations import find
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.fitting import RULES
from roadworthy.perturbations.phrases import beside
from roadworthy.perturbations.texter import CHANCES, text_like

SURE = {**dict.fromkeys(CHANCES, 0.0), "contraction": 1.0, "slang": 1.0, "acronym": 1.0}
NEVER = [
    ("I have a question", " ive "),
    ("I have two accounts", " ive "),
    ("tell me where it is", " its it's "),
    ("tell me what it is, please", " its it's "),
    ("do you know who I am?", " im i'm "),
    ("yes, I will", " ill i'll "),
    ("I am going to the bank", " gonna ima imma "),
    ("we got to the shop", " gotta "),
    ("will I have to pay", " will_gotta "),
    ("convert dollars to pounds", " bucks quid "),
    ("play a happy song", " chuffed stoked "),
    ("a fixed rate", " sorted "),
    ("what is the exchange rate", " swap "),
    ("a sad film", " gutted bummed "),
    ("the currently blocked card", " right "),
    ("my parcel was received by my neighbour", " got "),
    ("how are you going to fix it", " hru "),
    ("I came in may I think", " can "),
    ("many thanks", " cheers ta "),
    ("my item number", " thing "),
]
GONE = ["cancelled", "to cancel", "problem", "shoes", "waiting", "annoying", "deliver", "fraud", "issue", "replace"]


def several(name, text, severity=5, times=60):
    (member,) = find(name)
    return [member(text, severity=severity, seed=seed).lower() for seed in range(times)]


def texted(text, times=60):
    return [text_like(text, Draw("x", 3, seed, text), SURE).lower() for seed in range(times)]


@pytest.mark.parametrize(("text", "forms"), NEVER)
def test_forms_stand_only_where_they_fit(text, forms):
    for found in (*several("shorthand", text), *several("informal_words", text), *texted(text)):
        words = found.replace(",", "").replace("?", "").split()
        assert not set(forms.split()) & set(words), found


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("shorthand", "I have paid", "ive paid"),
        ("shorthand", "I have been charged", "ive"),
        ("informal_words", "it is late", "it's late"),
        ("informal_words", "it cost 20 dollars", "20 bucks"),
        ("informal_words", "I bought a lamp", "I got a lamp"),
        ("informal_words", "I am happy with it", "chuffed with it"),
        ("informal_words", "thanks, it is here", "cheers, "),
        ("informal_words", "there is an issue with it", "a snag with"),
    ],
)
def test_forms_do_stand_where_they_fit(name, text, form):
    assert any(form.lower() in found for found in several(name, text))


def test_the_texter_asks_the_same_rules():
    assert "i have a question" in texted("i have a question")
    assert any("ive paid" in found for found in texted("i have paid"))
    assert "tell me where it is" in texted("tell me where it is")


@pytest.mark.parametrize("key", GONE)
def test_slang_that_changes_the_sense_is_gone(key):
    assert key not in lexicon.alternatives("slang.tsv")
    assert not [row for row in lexicon.rows("texter.tsv") if row[:2] == ("slang", key)]


def test_every_rule_is_of_a_word_that_some_lexicon_has():
    known = {*lexicon.alternatives("slang.tsv"), *lexicon.alternatives("texting.tsv")}
    known |= {key for _, key, _ in lexicon.rows("texter.tsv")}
    assert not set(RULES) - known


def test_a_number_stands_beside_as_it_is():
    assert beside(["cost", "20.50", "dollars"], 2, 3) == ("20.50", "")
    assert beside(["x", "", "it", "is"], 2, 4) == ("", "")
