"""Pure functions of arrays: shares, calibration, and the intervals that every figure bears."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CONFIDENCE_LEVEL = 0.95
POWER = 0.8
CALIBRATION_BINS = 10


class Interval(NamedTuple):
    """An estimate and its two-sided confidence interval; NaN where undefined."""

    value: float
    low: float
    high: float


UNDEFINED = Interval(math.nan, math.nan, math.nan)


def _z(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))


def proportion(successes: int, n: int, *, level: float = CONFIDENCE_LEVEL) -> Interval:
    """A share of n with its Wilson score interval (Wilson, 1927).

    Examples
    --------
    >>> value, low, high = proportion(8, 10)
    >>> round(value, 3), round(low, 3), round(high, 3)
    (0.8, 0.49, 0.943)
    >>> proportion(0, 0)
    Interval(value=nan, low=nan, high=nan)
    """
    if n == 0:
        return UNDEFINED
    return _wilson(successes / n, n, level)


def _wilson(share: float, n: float, level: float) -> Interval:
    z = _z(level)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share)))


def paired_difference(
    before: NDArray[np.bool_], after: NDArray[np.bool_], *, level: float = CONFIDENCE_LEVEL
) -> Interval:
    """Change of a share on the same messages, after minus before.

    Newcombe's hybrid score interval for paired proportions (Newcombe, 1998, Statistics in Medicine 17, method 10).

    Parameters
    ----------
    before, after
        Boolean, shape (n,): for each message, once before and once after.

    Examples
    --------
    >>> before = np.array([True] * 18 + [False] * 2)
    >>> after = np.array([True] * 10 + [False] * 10)
    >>> [round(x, 3) for x in paired_difference(before, after)]
    [-0.4, -0.602, -0.141]
    """
    n = len(before)
    if n == 0:
        return UNDEFINED
    both, first = int(np.sum(before & after)), int(np.sum(before & ~after))
    second, neither = int(np.sum(~before & after)), int(np.sum(~before & ~after))
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    cross: float = both * neither - first * second
    if cross > 0:
        cross = max(cross - n / 2, 0.0)
    phi = cross / math.sqrt(margins) if margins else 0.0
    return _score_difference(proportion(both + second, n, level=level), proportion(both + first, n, level=level), phi)


def difference(k_after: int, n_after: int, k_before: int, n_before: int) -> Interval:
    """Difference of two independent shares, after minus before (Newcombe, 1998, Statistics in Medicine 17:873).

    Examples
    --------
    >>> [round(x, 3) for x in difference(48, 80, 56, 70)]
    [-0.2, -0.334, -0.052]
    """
    if not n_after or not n_before:
        return UNDEFINED
    return _score_difference(proportion(k_after, n_after), proportion(k_before, n_before), 0.0)


def mcnemar(lost: int, gained: int) -> float:
    """Two-sided p-value of a change on the same messages: McNemar's exact test, in its mid-p form.

    Messages that are right both times, or wrong both times, say nothing. The mid-p form holds its level in practice
    and is less timid than the exact one (Fagerland, Lydersen and Laake, 2013, BMC Medical Research Methodology 13:91).

    Parameters
    ----------
    lost, gained
        How many messages were right before only, and after only.

    Examples
    --------
    The example of that paper, table 1: 1 and 7 discordant pairs.

    >>> round(mcnemar(1, 7), 4)
    0.0391
    >>> mcnemar(0, 0)
    1.0
    """
    from scipy.stats import binom

    n, fewer = lost + gained, min(lost, gained)
    if lost == gained:
        return 1.0
    return float(2 * binom.cdf(fewer, n, 0.5) - binom.pmf(fewer, n, 0.5))


def difference_p_value(k_one: int, n_one: int, k_other: int, n_other: int) -> float:
    """Two-sided p-value of the difference of two independent shares; NaN where one has no messages.

    Fisher's exact test in its mid-p form (Lydersen, Fagerland and Laake, 2009, Statistics in Medicine 28:1159), because
    a test by the normal curve takes a single wrong message for a difference where one share is of few messages.

    Examples
    --------
    Fisher's table of the lady who tastes tea, whose exact p-value is 0.4857, less half the probability of that table:

    >>> round(difference_p_value(3, 4, 1, 4), 4), round(difference_p_value(48, 80, 56, 70), 4)
    (0.3714, 0.0104)
    >>> difference_p_value(5, 5, 7, 7)
    1.0
    """
    from scipy.stats import hypergeom

    if not n_one or not n_other:
        return math.nan
    if k_one * n_other == k_other * n_one:
        return 1.0
    right, n = k_one + k_other, n_one + n_other
    possible = hypergeom.pmf(np.arange(max(0, right - n_other), min(n_one, right) + 1), n, right, n_one)
    own = float(possible[k_one - max(0, right - n_other)])
    # Tables that are as likely as this one differ from it in the last digits only by rounding.
    return min(1.0, float(possible[possible <= own * (1 + 1e-7)].sum()) - own / 2)


def adjusted(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number, so that of what is called shown at most that share is chance on average.

    The procedure of Benjamini and Hochberg (1995, Journal of the Royal Statistical Society B 57:289).

    Examples
    --------
    >>> [round(q, 3) for q in adjusted([0.01, 0.04, 0.03, 0.5])]
    [0.04, 0.053, 0.053, 0.5]
    """
    from scipy.stats import false_discovery_control

    return [float(q) for q in false_discovery_control(p_values)] if len(p_values) else []


def smallest_drop_shown(n: int, *, discordant: float = 0.1, level: float = CONFIDENCE_LEVEL) -> float:
    """The smallest drop in accuracy that n messages, asked before and after, are likely to show.

    Likely is four times in five. The sample size of McNemar's test after Connor (1987, Biometrics 43:207), solved for
    the difference.

    Parameters
    ----------
    n
        How many messages.
    discordant
        The share of messages whose answer changes between right and wrong, in either direction.

    Examples
    --------
    >>> round(smallest_drop_shown(30), 2), round(smallest_drop_shown(240), 3), round(smallest_drop_shown(2000), 3)
    (0.24, 0.057, 0.02)
    """
    from scipy.optimize import brentq
    from scipy.special import ndtri

    if n < 1:
        return math.nan
    z_level, z_power = _z(level), float(ndtri(POWER))

    def lacking(drop: float) -> float:
        changes = max(discordant, drop)
        wanted = (z_level * math.sqrt(changes) + z_power * math.sqrt(max(0.0, changes - drop * drop))) ** 2
        return wanted - n * drop * drop

    return 1.0 if lacking(1.0) > 0 else float(brentq(lacking, 1e-9, 1.0))


def _score_difference(a: Interval, b: Interval, phi: float) -> Interval:
    def half(x: float, y: float) -> float:
        return math.sqrt(max(0.0, x * x - 2 * phi * x * y + y * y))

    value = a.value - b.value
    low = value - half(a.value - a.low, b.high - b.value)
    high = value + half(a.high - a.value, b.value - b.low)
    return Interval(value, max(-1.0, low), min(1.0, high))


def mean(values: NDArray[np.float64], *, level: float = CONFIDENCE_LEVEL) -> Interval:
    """A mean of probabilities with its Student t interval, cut off at 0 and 1; undefined for fewer than two.

    Examples
    --------
    >>> [round(x, 3) for x in mean(np.array([0.2, 0.4, 0.6]))]
    [0.4, 0.0, 0.897]
    """
    n = len(values)
    if n == 0:
        return UNDEFINED
    value = float(np.mean(values))
    if n == 1:
        return Interval(value, math.nan, math.nan)
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, 0.5 + level / 2)) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return Interval(value, max(0.0, value - half), min(1.0, value + half))


def share_of_parts(parts: NDArray[np.int64], wholes: NDArray[np.int64], *, level: float = CONFIDENCE_LEVEL) -> Interval:
    """A share of tokens drawn message by message: sum of parts over sum of wholes.

    The variance is that of the ratio estimator under cluster sampling, a message being a cluster (Cochran, Sampling
    Techniques, 1977, section 2.11), so it does not pretend that the words of a message are independent. The interval
    is Wilson's for as many independent tokens as have that variance (Korn and Graubard, 1998, Survey Methodology
    24:193), at most all of them; where every message has the same share, a message counts as one token.

    Parameters
    ----------
    parts, wholes
        Integers, shape (n,): for each message the tokens counted and all its tokens.

    Examples
    --------
    >>> [round(x, 3) for x in share_of_parts(np.array([1, 0, 2, 1]), np.array([4, 4, 4, 4]))]
    [0.25, 0.102, 0.495]
    """
    n, total = len(parts), int(np.sum(wholes))
    if n == 0 or total == 0:
        return UNDEFINED
    value = float(np.sum(parts)) / total
    if n == 1:
        return Interval(value, math.nan, math.nan)
    residuals = parts - value * wholes
    variance = float(np.sum(residuals**2)) / (n - 1) * n / total**2
    return _wilson(value, min(value * (1 - value) / variance, total) if variance > 1e-12 else n, level)


def calibration_error(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_], *, bins: int = CALIBRATION_BINS
) -> float:
    """Expected calibration error: the mean gap between confidence and accuracy over equal-width bins.

    Naeini, Cooper and Hauskrecht (2015); 0 is perfect.

    Parameters
    ----------
    confidence
        Shape (n,), between 0 and 1.
    correct
        Boolean, shape (n,).

    Examples
    --------
    >>> calibration_error(np.array([0.9, 0.9, 0.9, 0.9]), np.array([True, True, False, False]))
    0.4
    """
    if len(confidence) == 0:
        return math.nan
    rows = _bins(confidence, bins)
    gaps = np.bincount(rows, weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def calibration_error_interval(
    confidence: NDArray[np.float64],
    correct: NDArray[np.bool_],
    *,
    bins: int = CALIBRATION_BINS,
    level: float = CONFIDENCE_LEVEL,
    resamples: int = 200,
    seed: int = 0,
) -> Interval:
    """`calibration_error` with a bootstrap interval, corrected for the bias that resampling adds.

    Messages are resampled as counts of their distinct (bin, correct, hundredth of confidence) cells: the same
    bootstrap on confidences rounded to 0.01, at a cost that does not grow with n. The error of a resample is
    biased upwards by as much as the resamples' mean exceeds the estimate; the interval is shifted down by that
    much (basic bias correction, Efron and Tibshirani, 1993, section 10.6).

    Examples
    --------
    >>> value, low, high = calibration_error_interval(np.full(50, 0.9), np.arange(50) < 25)
    >>> bool(low < value < high)
    True
    """
    n = len(confidence)
    if n == 0:
        return UNDEFINED
    value = calibration_error(confidence, correct, bins=bins)
    cells = np.rint(confidence * 100).astype(np.int64) * 2 + correct
    rows, counts = np.unique(_bins(confidence, bins) * 1000 + cells, return_counts=True)
    gaps = rows % 2 - (rows % 1000 // 2) / 100
    draws = np.random.default_rng(seed).multinomial(n, counts / n, size=resamples) * gaps
    edges = np.flatnonzero(np.diff(rows // 1000, prepend=-1))
    errors = np.abs(np.add.reduceat(draws, edges, axis=1)).sum(axis=1) / n
    errors = errors - max(0.0, float(errors.mean()) - value)
    low, high = np.quantile(errors, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(value, max(0.0, min(float(low), value)), min(1.0, max(float(high), value)))


def _bins(confidence: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    return np.minimum((confidence * bins).astype(np.int64), bins - 1)


def confidence_histogram(
    confidence: NDArray[np.float64], chosen: NDArray[np.bool_], *, bins: int = CALIBRATION_BINS
) -> tuple[int, ...]:
    """How many of the chosen messages fall into each of the equal-width bins of confidence.

    Examples
    --------
    >>> confidence_histogram(np.array([0.05, 0.95, 1.0]), np.array([True, True, True]), bins=2)
    (1, 2)
    """
    known = chosen & ~np.isnan(confidence)
    return tuple(int(count) for count in np.bincount(_bins(confidence[known], bins), minlength=bins))


def silent_failures(right: NDArray[np.bool_], flagged: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which messages were answered wrongly and not flagged: nobody could have noticed.

    Parameters
    ----------
    right
        Boolean, shape (n,): the answer is right. An out-of-scope message is answered rightly only by the
        out-of-scope label.
    flagged
        Boolean, shape (n,): the guard withheld its trust.

    Examples
    --------
    >>> silent_failures(np.array([True, False, False]), np.array([False, False, True])).tolist()
    [False, True, False]
    """
    return ~right & ~flagged
