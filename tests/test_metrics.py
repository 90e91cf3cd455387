"""Intervals against published figures, against scipy, and against what they claim to cover."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binomtest, fisher_exact, hypergeom

from roadworthy import metrics
from roadworthy.metrics import Interval

counts = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
booleans = arrays(bool, st.shared(st.integers(1, 60), key="n"))
probabilities = arrays(np.float64, st.shared(st.integers(1, 60), key="n"), elements=st.floats(0, 1))

DRAWS = 2_000


def pairs(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    sizes = [both, first, second, neither]
    return np.repeat([True, True, False, False], sizes), np.repeat([True, False, True, False], sizes)


def assert_holds(interval: Interval, low: float, high: float) -> None:
    assert low <= interval.low <= interval.value <= interval.high <= high


@given(counts, st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_is_what_scipy_gives(count: tuple[int, int], level: float) -> None:
    successes, n = count
    expected = binomtest(successes, n).proportion_ci(confidence_level=level, method="wilson")
    value, low, high = metrics.proportion(successes, n, level=level)
    assert (value, low, high) == pytest.approx((successes / n, expected.low, expected.high), abs=1e-12)
    assert_holds(Interval(value, low, high), 0, 1)


@given(counts, counts)
def test_a_difference_is_antisymmetric_and_bounded(a: tuple[int, int], b: tuple[int, int]) -> None:
    forth, back = metrics.difference(*a, *b), metrics.difference(*b, *a)
    assert tuple(forth) == pytest.approx((-back.value, -back.high, -back.low), abs=1e-12)
    assert_holds(forth, -1, 1)


@given(booleans, booleans)
def test_a_paired_difference_is_antisymmetric_and_bounded(before: np.ndarray, after: np.ndarray) -> None:
    forth, back = metrics.paired_difference(before, after), metrics.paired_difference(after, before)
    assert tuple(forth) == pytest.approx((-back.value, -back.high, -back.low), abs=1e-12)
    assert forth.value == pytest.approx(after.mean() - before.mean())
    assert_holds(forth, -1, 1)


@pytest.mark.parametrize(
    ("before", "after", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((2, 7), (6, 7), 0.0582, 0.8062),
        ((0, 29), (5, 56), -0.0381, 0.1926),
        ((0, 20), (0, 10), -0.1611, 0.2775),
        ((0, 20), (10, 10), 0.6791, 1.0),
        ((0, 10), (10, 10), 0.6075, 1.0),
    ],
)
def test_independent_shares_differ_as_newcombe_published(
    before: tuple[int, int], after: tuple[int, int], low: float, high: float
) -> None:
    """Newcombe (1998), Statistics in Medicine 17:873, table II, method 10."""
    interval = metrics.difference(*after, *before)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_paired_shares_differ_as_newcombe_published() -> None:
    """Newcombe (1998), Statistics in Medicine 17:2635, the first example of table III, method 10."""
    after, before = pairs(36, 12, 2, 0)
    assert tuple(metrics.paired_difference(before, after)) == pytest.approx((0.2, 0.0569, 0.3404), abs=5e-5)


def paired_as_in_the_paper(both: int, first: int, second: int, neither: int) -> tuple[float, float]:
    """Newcombe's method 10 once more, by the letters e, f, g, h of the paper and scipy's score intervals."""
    e, f, g, h = both, second, first, neither
    n = e + f + g + h
    (l1, u1), (l2, u2) = (binomtest(k, n).proportion_ci(method="wilson") for k in (e + f, e + g))
    p1, p2 = (e + f) / n, (e + g) / n
    margins = (e + f) * (g + h) * (e + g) * (f + h)
    excess = e * h - f * g
    phi = (max(excess - n / 2, 0) if excess > 0 else excess) / math.sqrt(margins) if margins else 0
    below = (p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2
    above = (p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2
    return p1 - p2 - math.sqrt(max(below, 0)), p1 - p2 + math.sqrt(max(above, 0))


@example((14, 5, 0, 22))
@given(st.tuples(*[st.integers(0, 40)] * 4).filter(any))
def test_paired_shares_differ_as_the_paper_says(table: tuple[int, int, int, int]) -> None:
    interval = metrics.paired_difference(*pairs(*table))
    assert (interval.low, interval.high) == pytest.approx(paired_as_in_the_paper(*table), abs=1e-9)


@pytest.mark.parametrize("table", [(20, 0, 0, 0), (0, 0, 0, 20), (0, 20, 0, 0), (5, 0, 0, 5)])
def test_a_paired_difference_is_defined_where_a_margin_is_empty(table: tuple[int, int, int, int]) -> None:
    assert_holds(metrics.paired_difference(*pairs(*table)), -1, 1)


@given(counts, st.integers(2, 20))
def test_more_messages_never_widen_an_interval(count: tuple[int, int], times: int) -> None:
    few, many = (metrics.proportion(count[0] * k, count[1] * k) for k in (1, times))
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("n", [30, 240])
def test_intervals_of_shares_cover_what_they_claim(share: float, n: int) -> None:
    random = np.random.default_rng(n)
    before = random.random((DRAWS, n)) < share
    kept = random.random((DRAWS, n)) < 0.6
    after = np.where(kept, before, random.random((DRAWS, n)) < share - 0.2)
    other = random.binomial(n, share - 0.2, DRAWS)
    alone = [metrics.proportion(int(row.sum()), n) for row in before]
    paired = [metrics.paired_difference(*rows) for rows in zip(before, after, strict=True)]
    apart = [metrics.difference(int(k), n, int(row.sum()), n) for k, row in zip(other, before, strict=True)]
    assert 0.925 <= coverage(alone, share) <= 0.98
    # With its continuity correction the paired interval is known to err on the safe side.
    assert 0.925 <= coverage(paired, -0.4 * 0.2) <= 0.999
    assert 0.925 <= coverage(apart, -0.2) <= 0.98


@pytest.mark.parametrize("n", [15, 100])
def test_the_interval_of_a_mean_covers_what_it_claims(n: int) -> None:
    random = np.random.default_rng(n)
    assert 0.925 <= coverage([metrics.mean(random.beta(5, 2, n)) for _ in range(DRAWS)], 5 / 7) <= 0.98


@pytest.mark.parametrize(("share", "n"), [(0.02, 30), (0.1, 30), (0.02, 240), (0.1, 240), (0.6, 240)])
def test_the_interval_of_a_share_of_words_covers_what_it_claims(share: float, n: int) -> None:
    random = np.random.default_rng(n)
    intervals = []
    for _ in range(DRAWS):
        words = random.integers(2, 14, n)
        rate = random.beta(share * 20, (1 - share) * 20, n)
        intervals.append(metrics.share_of_parts(random.binomial(words, rate), words))
    assert 0.925 <= coverage(intervals, share) <= 0.985


def coverage(intervals: list[Interval], truth: float) -> float:
    return float(np.mean([interval.low <= truth <= interval.high for interval in intervals]))


@given(
    arrays(np.int64, st.shared(st.integers(2, 30), key="n"), elements=st.integers(0, 9)),
    arrays(np.int64, st.shared(st.integers(2, 30), key="n"), elements=st.integers(0, 9)),
)
def test_a_share_of_words_lies_in_its_interval(parts: np.ndarray, more: np.ndarray) -> None:
    wholes = parts + more
    interval = metrics.share_of_parts(parts, wholes)
    if not wholes.sum():
        assert math.isnan(interval.value)
        return
    assert interval.value == pytest.approx(parts.sum() / wholes.sum())
    assert_holds(interval, 0, 1)


def test_no_unseen_word_among_few_is_not_certainty() -> None:
    few = metrics.share_of_parts(np.zeros(5, dtype=np.int64), np.full(5, 8))
    many = metrics.share_of_parts(np.zeros(500, dtype=np.int64), np.full(500, 8))
    assert (few.value, few.low) == (0, 0)
    assert few.high > 0.2 > 0.01 > many.high


@given(probabilities, booleans, st.integers(1, 20))
def test_calibration_error_is_the_mean_gap_over_the_bins(confidence: np.ndarray, right: np.ndarray, bins: int) -> None:
    expected = 0.0
    for k in range(bins):
        inside = np.array([min(int(c * bins), bins - 1) == k for c in confidence])
        if inside.any():
            expected += abs(right[inside].mean() - confidence[inside].mean()) * inside.mean()
    assert metrics.calibration_error(confidence, right, bins=bins) == pytest.approx(expected, abs=1e-12)


@given(probabilities, booleans)
def test_a_calibration_error_lies_in_its_interval(confidence: np.ndarray, right: np.ndarray) -> None:
    interval = metrics.calibration_error_interval(confidence, right, resamples=50)
    assert interval.value == metrics.calibration_error(confidence, right)
    assert_holds(interval, 0, 1)
    assert interval == metrics.calibration_error_interval(confidence, right, resamples=50)


def test_the_interval_of_an_overconfident_model_finds_its_error_and_narrows() -> None:
    random = np.random.default_rng(0)
    widths = []
    for n in (100, 1_000, 10_000):
        confidence = random.uniform(0.7, 1, n)
        interval = metrics.calibration_error_interval(confidence, random.random(n) < confidence - 0.3)
        widths.append(interval.high - interval.low)
        assert interval.low <= 0.3 <= interval.high
    assert widths[0] > widths[1] > widths[2]


def test_the_calibration_interval_covers_a_clear_error() -> None:
    random = np.random.default_rng(1)
    intervals = []
    for _ in range(400):
        confidence = random.uniform(0.7, 1, 200)
        right = random.random(200) < confidence - 0.3
        intervals.append(metrics.calibration_error_interval(confidence, right, resamples=200))
    assert 0.9 <= coverage(intervals, 0.3) <= 0.99


def test_the_calibration_interval_lies_around_the_error_not_above_it() -> None:
    random = np.random.default_rng(3)
    off = []
    for _ in range(100):
        confidence = random.uniform(0.3, 1, 100)
        value, low, high = metrics.calibration_error_interval(confidence, random.random(100) < confidence - 0.15)
        off.append((low + high) / 2 - value)
    assert abs(np.mean(off)) < 0.01


def test_a_calibrated_model_is_not_found_guilty() -> None:
    random = np.random.default_rng(2)
    confidence = random.uniform(0.3, 1, 2_000)
    assert metrics.calibration_error_interval(confidence, random.random(2_000) < confidence).low < 0.02


def test_a_confidence_histogram_counts_the_chosen_with_a_known_confidence() -> None:
    confidence = np.array([0.0, 0.1, 0.1, 1.0, math.nan])
    chosen = np.array([True, True, False, True, True])
    assert metrics.confidence_histogram(confidence, chosen) == (1, 1, 0, 0, 0, 0, 0, 0, 0, 1)


@given(booleans, booleans)
def test_a_silent_failure_is_wrong_and_unflagged(right: np.ndarray, flagged: np.ndarray) -> None:
    expected = [not r and not f for r, f in zip(right, flagged, strict=True)]
    assert metrics.silent_failures(right, flagged).tolist() == expected


def test_what_no_message_shows_is_undefined() -> None:
    none, no = np.array([]), np.array([], dtype=bool)
    undefined = [
        metrics.proportion(0, 0),
        metrics.paired_difference(no, no),
        metrics.difference(0, 0, 1, 2),
        metrics.difference(1, 2, 0, 0),
        metrics.mean(none),
        metrics.share_of_parts(none, none),
        metrics.share_of_parts(np.array([0]), np.array([0])),
        metrics.calibration_error_interval(none, no),
    ]
    assert all(math.isnan(x) for interval in undefined for x in interval)
    assert math.isnan(metrics.calibration_error(none, no))


def test_one_message_has_a_value_and_no_interval() -> None:
    for interval in (metrics.mean(np.array([0.4])), metrics.share_of_parts(np.array([2]), np.array([5]))):
        assert interval.value == 0.4
        assert math.isnan(interval.low)
        assert math.isnan(interval.high)


@given(probabilities)
def test_a_mean_confidence_stays_a_probability(confidence: np.ndarray) -> None:
    interval = metrics.mean(confidence)
    assert interval.value == pytest.approx(confidence.mean())
    assert math.isnan(interval.low) or (interval.low >= 0 and interval.high <= 1)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_a_p_value_blind_to_the_direction(lost, gained):
    assert 0 <= metrics.mcnemar(lost, gained) <= 1
    assert metrics.mcnemar(lost, gained) == metrics.mcnemar(gained, lost)


@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusted_p_values_are_no_smaller_and_keep_their_order(p_values):
    q_values = metrics.adjusted(p_values)
    assert all(q >= p - 1e-12 for p, q in zip(p_values, q_values, strict=True))
    ranked = [q for _, q in sorted(zip(p_values, q_values, strict=True))]
    assert ranked == sorted(ranked)


@given(st.integers(1, 5_000), st.floats(0.01, 0.5))
def test_more_messages_show_smaller_drops(n, discordant):
    assert (
        0
        < metrics.smallest_drop_shown(2 * n, discordant=discordant)
        <= metrics.smallest_drop_shown(n, discordant=discordant)
    )


def test_a_drop_that_is_said_to_show_does_show_four_times_in_five():
    n, drop, discordant = 300, metrics.smallest_drop_shown(300, discordant=0.2), 0.2
    rng = np.random.default_rng(0)
    shares = ((discordant + drop) / 2, (discordant - drop) / 2, 1 - discordant)
    found = [metrics.mcnemar(int(lost), int(gained)) for lost, gained, _ in rng.multinomial(n, shares, size=600)]
    assert 0.75 < np.mean(np.array(found) < 0.05) < 0.88


@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 300), st.integers(1, 300))
def test_the_p_value_of_a_difference_is_fishers_less_half_of_the_table_seen(k_one, n_one, k_other, n_other):
    k_one, k_other = min(k_one, n_one), min(k_other, n_other)
    found = metrics.difference_p_value(k_one, n_one, k_other, n_other)
    assert found == pytest.approx(metrics.difference_p_value(k_other, n_other, k_one, n_one))
    if k_one * n_other == k_other * n_one:
        assert found == 1.0
        return
    exact = fisher_exact([[k_one, n_one - k_one], [k_other, n_other - k_other]]).pvalue
    seen = hypergeom.pmf(k_one, n_one + n_other, k_one + k_other, n_one)
    assert found == pytest.approx(exact - seen / 2, abs=1e-9)


@pytest.mark.parametrize("sizes", [[1] * 20 + [55] * 4, [2] * 10 + [44] * 5, [5] * 20 + [35] * 4, [30] * 8])
def test_small_slices_that_differ_by_chance_alone_are_seldom_found(sizes):
    rng = np.random.default_rng(0)
    chance = 0
    for _ in range(100):
        right = rng.random(sum(sizes)) < 0.93
        parts = np.split(right, np.cumsum(sizes)[:-1])
        counts = [(int(x.sum()), len(x), int(right.sum() - x.sum()), len(right) - len(x)) for x in parts]
        chance += min(metrics.adjusted([metrics.difference_p_value(*c) for c in counts])) < 0.05
    assert chance <= 10


def test_differences_without_messages_are_undefined():
    assert np.isnan(metrics.difference_p_value(0, 0, 1, 2))
    assert np.isnan(metrics.smallest_drop_shown(0))
