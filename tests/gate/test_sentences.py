"""What is said of a bound: the figure, the limit, and by how much it is missed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy import metrics
from roadworthy.gate.judge import hold
from roadworthy.gate.sentences import amount, messages_needed, sentence
from roadworthy.inspection import Figure

UNKNOWN = Figure(n=0)


def say(metric, figure, limit, outcome="fail", short_by=0.05):
    return sentence("clean messages", metric, figure, limit, outcome=outcome, short_by=short_by)


@pytest.mark.parametrize(
    ("metric", "limit", "said"),
    [
        (
            "accuracy",
            0.8,
            "Clean messages: accuracy is 75 % (70 to 80, n=240); at least 80 % is asked for: failed by 5",
        ),
        (
            "silent_failure_rate",
            0.2,
            "75 % are answered wrongly without a warning (70 to 80, n=240); at most 20 % may be",
        ),
        ("coverage", 0.8, "75 % are answered without being flagged (70 to 80, n=240); at least 80 % must be"),
        ("oov_rate", 0.1, "75 % of the words were never seen in training (70 to 80, n=240); at most 10 % may be"),
        ("recall", 0.5, "75 % of its messages are answered rightly (70 to 80, n=240); at least 50 % must be"),
        ("calibration_error", 0.1, "the calibration error is 0.75 (0.70 to 0.80, n=240); at most 0.10 is allowed"),
    ],
)
def test_every_metric_has_its_words(metric, limit, said):
    assert said in say(metric, Figure(value=0.75, low=0.7, high=0.8, n=240), limit)


def test_a_drop_and_a_regression_are_in_points():
    figure = Figure(value=-0.15, low=-0.2, high=-0.11, n=240)
    assert say("difference", figure, -0.1) == (
        "Clean messages: accuracy changes by −15 points (−20 to −11, n=240); it may drop by at most 10 points: failed "
        "by 5 points"
    )
    assert say("regression", figure, -0.05, short_by=0.15) == (
        "Clean messages: accuracy differs from the champion's by −15 points (−20 to −11, n=240); it must not be worse, "
        "and more than 5 points must be ruled out: failed by 15 points"
    )
    rise = Figure(value=0.15, low=0.1, high=0.2, n=240)
    assert "silent failures rise by 15 points against the champion's" in say("silent_regression", rise, 0.0)


def test_what_is_kept_and_what_cannot_be_told():
    figure = Figure(value=0.82, low=0.76, high=0.88, n=150)
    assert say("accuracy", figure, 0.7, "pass", None).endswith(": kept")
    assert say("accuracy", figure, 0.8, "not enough data", None).endswith(
        ": 150 messages cannot tell, about 1,400 would"
    )
    one = Figure(value=1.0, n=1)
    assert say("accuracy", one, 0.8, "not enough data", None).endswith(
        "(n=1); at least 80 % is asked for: 1 message cannot tell"
    )


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("calibration_error", "the calibration error is unknown, as the model states no confidence"),
        ("oov_rate", "the share of unseen words is unknown, as the model has no vocabulary"),
        ("difference", "the change in accuracy is unknown, as no message tells it"),
    ],
)
def test_an_unknown_figure_says_why(metric, said):
    assert said in say(metric, UNKNOWN, 0.1, "not enough data", None)


def test_a_value_never_reads_as_the_limit_that_it_misses():
    assert "accuracy is 79.6 %" in say("accuracy", Figure(value=0.796, low=0.79, high=0.799, n=9000), 0.8)
    assert "−10.4 points" in say("difference", Figure(value=-0.104, low=-0.11, high=-0.101, n=9000), -0.1)


def test_one_point_is_singular_and_nothing_has_no_sign():
    assert [amount(x, "difference") for x in (0.01, -0.01, -0.0)] == ["1 point", "−1 point", "0 points"]


@given(n=st.integers(20, 2_000), k=st.floats(0.05, 0.95), limit=st.floats(0.05, 0.95))
def test_as_many_messages_as_are_said_to_be_needed_would_about_tell(n, k, limit):
    share = round(k * n) / n
    figure = Figure.of(metrics.proportion(round(k * n), n), n)
    needed = messages_needed(figure, limit)
    if hold(figure, limit, at_most=False) != "not enough data" or needed is None:
        return
    assert needed > n
    enough = Figure.of(metrics.proportion(round(share * 4 * needed), 4 * needed), 4 * needed)
    assert hold(enough, limit, at_most=False) != "not enough data" or math.isclose(share, limit, abs_tol=0.01)
