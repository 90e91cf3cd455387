"""Short forms, by how they come about."""

import re

import pytest

from roadworthy import lexicon
from roadworthy.checks import check_perturbation
from roadworthy.perturbations import Perturbation
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.texter import CHANCES, text_like

NONE = dict.fromkeys(CHANCES, 0.0)


def forms(text, times=60, **chances):
    return {text_like(text, Draw("texter", 3, seed, text), NONE | chances) for seed in range(times)}


@pytest.mark.parametrize(
    ("kind", "text", "form"),
    [
        ("homophone", "are you there", "r u there"),
        ("contraction", "Going to pay", "Gonna pay"),
        ("apostrophe", "what's this?", "whats this?"),
        ("acronym", "by the way", "btw"),
        ("g_drop", "it was shipping", "it was shippin"),
        ("clipped", "delivery", "dlvry"),
        ("stretched", "so", "sooo"),
        ("joined", "my order", "myorder"),
        ("exclaimed", "my order", "my order lol"),
        ("exclaimed", "my order", "lol my order"),
    ],
)
def test_each_kind_has_its_form(kind, text, form):
    assert form in forms(text, **{kind: 1.0})


def test_without_chances_nothing_changes():
    assert forms("are you going to refund  my order?") == {"are you going to refund  my order?"}


def test_slips_are_of_every_sort():
    found = forms("order", times=300, slip=1.0)
    assert {len(word) for word in found} == {4, 5, 6}
    assert {"oder", "odrer", "ordar"} <= found


def test_a_digit_never_stands_by_a_number():
    assert forms("5 to 7", homophone=1.0) == {"5 to 7"}
    assert "2 u" in forms("to you", homophone=1.0)


def test_forms_come_as_often_as_their_chance_says():
    for chance, times in ((0.2, 1.0), (0.2, 2.0)):
        drawn = (Draw("texter", 3, seed, "you") for seed in range(1_000))
        changed = sum(text_like("you", draw, NONE | {"homophone": chance}, times=times) == "u" for draw in drawn)
        assert changed / 1_000 == pytest.approx(chance * times, abs=0.05)


def test_a_phrase_is_tried_before_its_words():
    found = [text_like("by the way", Draw("x", 3, s, ""), NONE | {"acronym": 0.5, "slip": 0.5}) for s in range(400)]
    assert sum(text == "btw" for text in found) / 400 == pytest.approx(0.5, abs=0.08)
    assert any(text not in ("btw", "by the way") for text in found)


def test_negations_stay():
    assert forms("i do not know", acronym=1.0) == {"idk"}
    assert forms("i do know", acronym=1.0) == {"i do know"}
    assert forms("not it", joined=1.0) == {"not it"}


def test_a_phrase_does_not_reach_across_punctuation():
    assert forms("by the, way", acronym=1.0) == {"by the, way"}


def test_a_blank_message_gets_nothing_added():
    assert forms("  ", exclaimed=1.0) == {"  "}


def test_no_vulgar_form_is_made():
    said = {form for _, _, listed in lexicon.rows("texter.tsv") for form in listed.split("|")}
    assert not said & {"wtf", "lmao", "lmfao", "ffs", "fml", "stfu", "af", "bs"}


def test_every_kind_of_form_has_a_chance():
    assert {kind for kind, _, _ in lexicon.rows("texter.tsv")} <= set(CHANCES)


def test_it_keeps_the_contract_of_perturbations():
    def texted(text, severity, draw):
        """A message as it is texted."""
        return text_like(text, draw, times=severity / 3)

    check_perturbation(Perturbation("texted", "texting", texted))


def test_more_forms_come_with_more_times():
    text = "are you going to send it to me because i am waiting for you " * 5
    short = [len(re.findall(r"\S+", text_like(text, Draw("x", 1, 0, text), times=times))) for times in (0, 1)]
    assert short[0] > short[1]


def test_broken_and_for_have_no_short_form_that_nobody_uses():
    assert "busted" not in {form for _, word, form in lexicon.rows("texter.tsv") if word == "broken"}
    assert "fa" not in {form for _, word, form in lexicon.rows("texter.tsv") if word == "for"}


@pytest.mark.parametrize("name", ["slang.tsv", "texter.tsv"])
def test_too_late_is_no_more_than_that(name):
    assert not any("way too" in row[-1] for row in lexicon.rows(name))
