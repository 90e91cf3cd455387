"""Slips are learned from pairs, and made in other messages."""

import json
import pickle
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.checks import HOSTILE, MESSAGES
from roadworthy.perturbations import Perturbation, negations
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.slip_counts import chunks, slips_of
from roadworthy.perturbations.slip_templates import Slip, Template, make
from roadworthy.perturbations.slips import Slips

PAIRS = [
    ("where is my order?", "where is my oder"),
    ("what is the status?", "what is teh status?"),
    ("the parcel came late.", "the parcell came late"),
    ("please cancel my order today", "please cancel myorder today"),
    ("cancel it now", "csncel it now"),
    ("refund me today please", "re fund me today plwease"),
    ("the address is wrong", "the adress is wrpng"),
    ("thank you very much", "Thank u very muchx"),
    ("is it late?", "is it late"),
]
LEARNED = Slips.learn(PAIRS * 5)


def typed(text, seed=0, times=4.0):
    return LEARNED.change(text, Draw("slips", 3, seed, text), times=times)


def slip(meant, came):
    (found,) = slips_of(meant, came)
    return found


@pytest.mark.parametrize(
    ("meant", "came", "kind", "place"),
    [
        ("order", "oder", "dropped", "middle"),
        ("order", "rder", "dropped", "first"),
        ("order", "orderr", "inserted", "last"),
        ("order", "prder", "replaced", "first"),
        ("order", "oredr", "swapped", "middle"),
    ],
)
def test_a_slip_has_a_kind_and_a_place(meant, came, kind, place):
    assert slip(meant, came)[:2] == (kind, place)


@pytest.mark.parametrize(("meant", "came"), [("lamp", "refund"), ("abcdefgh", "axcxexgx"), ("no", "certainly")])
def test_another_word_is_no_slip(meant, came):
    assert slips_of(meant, came) == ()


def test_letters_that_differ_apart_are_two_slips():
    assert [one.kind for one in slips_of("address", "sddresd")] == ["replaced", "replaced"]
    assert slip("abc", "adc").kind == "replaced"


@pytest.mark.parametrize(
    ("word", "template", "outcomes"),
    [
        ("letter", slip("better", "beter"), {"leter"}),
        ("parcel", slip("teh", "the"), {"parcle", "pracel", "pacrel"}),
        ("go", slip("it", "itt"), {"goo"}),
        ("my", slip("the", "xhe"), set()),
        ("abc", slip("cbz", "cbzp"), set()),
        ("Lamp", slip("Desk", "desk"), {"lamp"}),
    ],
)
def test_a_slip_is_made_where_it_fits(word, template, outcomes):
    found = {
        make(word, Template(len(word), (template._replace(place=""),)), Draw("x", 1, seed, "")) for seed in range(60)
    }
    assert found - {None} <= outcomes or found & outcomes
    assert bool(found - {None}) == bool(outcomes)


def test_a_neighbour_of_the_letter_comes():
    template = Template(5, (slip("order", "otder"),))
    assert {make("lamps", template, Draw("x", 1, seed, "")) for seed in range(50)} > {"lanps"}


def test_a_letter_beside_no_neighbour_comes_beside_its_own():
    template = Template(5, (slip("order", "ordqer"),))
    assert make("order", template, Draw("x", 1, 0, "")) == "ordqer"
    assert make("lamps", template, Draw("x", 1, 0, "")) is None


def test_where_tokens_differ():
    assert list(chunks(["a", "b", "c"], ["a", "x", "c"])) == [(["b"], ["x"])]
    assert list(chunks(["my", "order"], ["myorder"])) == [(["my", "order"], ["myorder"])]


def test_rates_are_learned():
    assert LEARNED.joined > 0
    assert LEARNED.split > 0
    assert LEARNED.signs["."] == 1.0
    assert max(LEARNED.words) > 0.1


def test_slips_come_as_often_as_told():
    counts = [sum(typed(text, seed, times) != text for text in MESSAGES for seed in range(20)) for times in (0, 0.2, 3)]
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert counts[1] < counts[2]


def test_it_is_the_same_after_json():
    again = Slips.of_dict(json.loads(json.dumps(LEARNED.as_dict())))
    assert [again.change(text, Draw("slips", 3, 1, text)) for text in MESSAGES] == [
        LEARNED.change(text, Draw("slips", 3, 1, text)) for text in MESSAGES
    ]


@pytest.mark.parametrize("pairs", [[], [("all is well", "all is well")], [("lamp", "refund")]])
def test_of_pairs_without_slips_nothing_is_changed(pairs):
    learned = Slips.learn(pairs)
    assert not learned.templates
    assert [learned.change(text, Draw("slips", 3, 0, text), times=4) for text in MESSAGES] == list(MESSAGES)


def test_a_template_that_fits_nothing_leaves_the_word():
    only = Slips(words=[1.0] * 12, templates=[Template(5, (Slip("replaced", "first", "qqq", "x", "", ""),))])
    assert only.change("where is it", Draw("x", 1, 0, "")) == "where is it"
    assert Slips(words=[1.0] * 12, templates=[]).change("where", Draw("x", 1, 0, "")) == "where"


@given(text=st.one_of(st.text(max_size=60), st.sampled_from(HOSTILE[:-2])), seed=st.integers(0, 9))
def test_numbers_and_negations_stay(text, seed):
    found = typed(text, seed, 8.0)
    assert len(negations(found)) == len(negations(text))
    assert re.findall(r"\d+", found) == re.findall(r"\d+", text)
    assert found.strip() or not text.strip()


def test_a_giant_word_stays():
    begun = time.process_time()
    assert typed("x" * 10_000) == "x" * 10_000
    assert time.process_time() - begun < 0.1


def test_what_fits_few_words_is_found_all_the_same():
    slips = [(Slip("replaced", "middle", letter, "z", "", ""),) for letter in "bcdfghjklmnpqrtvwx"]
    slipping = Slips(words=[1.0] * 12, templates=[Template(5, (slip,)) for (slip,) in slips])
    assert {slipping.change("aaxaa", Draw("x", 1, seed, "")) for seed in range(20)} == {"aazaa"}


def test_spaces_and_line_breaks_stay_where_no_word_is_joined():
    only = Slips(words=[1.0] * 12, templates=[Template(5, (Slip("dropped", "middle", "r", "", "o", "d"),))])
    assert only.change("my  order\n order", Draw("x", 1, 0, "")) == "my  oder\n oder"


def test_slips_can_be_sent_to_another_process():
    wanted = [typed(text) for text in MESSAGES]
    again = pickle.loads(pickle.dumps(LEARNED))
    assert [again.change(text, Draw("slips", 3, 0, text), times=4.0) for text in MESSAGES] == wanted


def test_slips_keep_the_contract_of_perturbations():
    from roadworthy.checks import check_perturbation

    def slipped(text, severity, draw):
        """A message as it was typed."""
        return LEARNED.change(text, draw, times=severity / 2)

    check_perturbation(Perturbation("slipped", "typos", slipped))
