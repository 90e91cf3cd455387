from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.perturbations import Draw


def a_draw(text="text", seed=0):
    return Draw("name", 3, seed, text)


def test_the_same_key_gives_the_same_stream():
    one, other = a_draw(), a_draw()
    assert [one.below(1000) for _ in range(20)] == [other.below(1000) for _ in range(20)]


@pytest.mark.parametrize(
    "key", [("other", 3, 0, "text"), ("name", 4, 0, "text"), ("name", 3, 1, "text"), ("name", 3, 0, "t")]
)
def test_each_part_of_the_key_matters(key):
    one, other = a_draw(), Draw(*key)
    assert [one.below(1000) for _ in range(5)] != [other.below(1000) for _ in range(5)]


def test_lone_surrogates_are_keys_as_well():
    assert 0 <= a_draw("\ud800").uniform() < 1


def test_uniform_draws_are_uniform():
    values = [a_draw(seed=seed).uniform() for seed in range(2000)]
    assert 0.47 < sum(values) / len(values) < 0.53
    assert max(Counter(int(value * 10) for value in values).values()) < 260


def test_chance_keeps_its_probability():
    assert 500 < sum(a_draw(seed=seed).chance(0.3) for seed in range(2000)) < 700
    assert not a_draw().chance(0)
    assert a_draw().chance(1)


def test_pick_reaches_every_item_and_pick_early_prefers_the_first():
    picked = Counter(a_draw(seed=seed).pick("abc") for seed in range(600))
    early = Counter(a_draw(seed=seed).pick_early("abc") for seed in range(600))
    assert set(picked) == set(early) == set("abc")
    assert early["a"] > early["b"] > early["c"]
    assert early["a"] > picked["a"]


@given(st.integers(0, 40), st.integers(0, 60), st.integers(0, 99))
def test_a_sample_is_distinct_ascending_and_in_range(n, k, seed):
    rows = a_draw(seed=seed).sample(n, k)
    assert rows == sorted(set(rows))
    assert len(rows) == min(n, k)
    assert all(0 <= row < n for row in rows)


@given(st.integers(1, 50), st.floats(0, 1), st.integers(0, 99))
def test_a_count_is_at_least_one_and_rounds_by_chance(n, share, seed):
    count = a_draw(seed=seed).count(n, share)
    assert 1 <= count <= n
    assert count <= n * share + 1


def test_the_mean_count_is_the_share():
    counts = [a_draw(seed=seed).count(10, 0.25) for seed in range(1000)]
    assert 2.4 < sum(counts) / len(counts) < 2.6


def test_a_weighted_draw_follows_the_weights():
    drawn = Counter(a_draw(seed=seed).weighted([1, 10, 11]) for seed in range(1100))
    assert set(drawn) == {0, 1, 2}
    assert 830 < drawn[1] < 960
    assert 60 < drawn[0] < 140


def test_events_come_as_often_as_chances_say_and_apart_from_each_other():
    found = [tuple(a_draw(seed=seed).events([0.5, 0.0, 0.2, 1.0, 0.2])) for seed in range(2000)]
    shares = [sum(place in places for places in found) / len(found) for place in range(5)]
    assert shares == pytest.approx([0.5, 0, 0.2, 1, 0.2], abs=0.04)
    both = sum({0, 2} <= set(places) for places in found) / len(found)
    assert both == pytest.approx(0.1, abs=0.03)


def test_events_come_the_more_often_the_more_times():
    counts = [
        sum(len(list(a_draw(seed=seed).events([0.1] * 9, times=times))) for seed in range(99)) for times in (0, 1, 3)
    ]
    assert counts[0] == 0
    assert 2 * counts[1] < counts[2] < 4 * counts[1]
    assert list(a_draw().events([0.6, 0.6], times=2)) == [0, 1]


def test_neighbouring_messages_draw_apart():
    firsts = Counter(Draw("name", 3, 0, f"message {i}").below(10) for i in range(2000))
    assert max(firsts.values()) < 260
