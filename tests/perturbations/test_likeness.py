"""How like its users a learned profile writes: what is told apart, and on which messages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy import Profile, support_desk
from roadworthy.perturbations import perturb
from roadworthy.perturbations.likeness import learn_and_judge, learn_and_judge_pairs, tell_apart

CLEAN = support_desk.load_train().texts
SENT = [text.lower().rstrip(".?!") for text in support_desk.load_clean_test().texts]
PAIRS = [(text, typed) for text, typed in zip(CLEAN, perturb(CLEAN, "typos", severity=3), strict=True)]


SOME = st.lists(st.text(min_size=1, max_size=20).filter(str.strip), min_size=5, max_size=30)


@settings(max_examples=20, deadline=None)
@given(SOME, SOME)
def test_any_messages_can_be_asked_about(one, other):
    told = tell_apart(one, other)
    assert 0 <= told.low <= told.value <= told.high <= 1


def test_messages_of_one_kind_are_not_told_apart_and_others_are():
    same = tell_apart(CLEAN[::2], CLEAN[1::2])
    assert same.low < 0.5 < same.high + 0.1
    assert tell_apart(CLEAN[:200], [text.upper() for text in CLEAN[:200]]).low > 0.99


def test_what_both_sides_say_tells_nothing():
    assert tell_apart(CLEAN, CLEAN).value == pytest.approx(0.5, abs=0.02)
    assert tell_apart(["where is it"] * 20, ["where is it?"] * 20).value == 1.0


def test_a_fold_that_would_hold_all_of_one_side():
    assert tell_apart(["a"] * 5, ["a", "b", "c", "d", *["e"] * 26]).value <= 1


@pytest.mark.parametrize("change", [str.lower, lambda text: text.rstrip(".?!"), lambda text: text + "!!"])
def test_how_it_is_written_is_told_apart_even_of_few_messages(change):
    assert tell_apart([change(text) for text in CLEAN[:60]], CLEAN[60:120]).value > 0.9


def test_more_messages_give_a_narrower_interval():
    few, many = (tell_apart(CLEAN[:n:2], CLEAN[1:n:2]) for n in (40, 240))
    assert many.high - many.low < few.high - few.low


def test_a_profile_is_judged_on_messages_that_it_was_not_learned_from():
    profile = learn_and_judge(SENT, clean=CLEAN, name="ours")
    likeness = profile.evidence.likeness
    assert (likeness.held_out, likeness.messages, likeness.others) == (True, 120, 280)
    assert likeness.simulated.value < likeness.clean.value
    assert profile.steps == Profile.learn(SENT, clean=CLEAN).steps
    assert learn_and_judge(SENT, clean=CLEAN, name="ours") == profile


def test_of_few_messages_it_says_that_it_was_learned_from_them():
    assert not learn_and_judge(SENT[:100], clean=CLEAN).evidence.likeness.held_out
    assert learn_and_judge(SENT[:40], clean=CLEAN[:40]).evidence.likeness.messages == 40


@pytest.mark.parametrize(
    ("n", "held_out", "messages"),
    [pytest.param(560, True, 140, marks=pytest.mark.slow), (240, True, 60), (100, False, 50), (30, False, 15)],
)
def test_pairs_are_judged_likewise(n, held_out, messages):
    likeness = learn_and_judge_pairs(PAIRS[:n]).evidence.likeness
    assert (likeness.held_out, likeness.messages) == (held_out, messages)
