"""Figures read the same in every renderer, and rounding never hides a failed bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.errors import counted
from roadworthy.inspection.summary import Figure
from roadworthy.report.wording import (
    IMITATED,
    NBSP,
    REAL,
    apart,
    cell,
    group_title,
    group_words,
    listed,
    metric_words,
    percent,
    points,
    quantity,
    restated,
    unit_of,
)


def plain(text):
    return text.replace(NBSP, " ")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0 %"),
        (0.0001, "< 0.1 %"),
        (0.004, "0.4 %"),
        (0.57, "57 %"),
        (0.996, "99.6 %"),
        (1.0, "100 %"),
        (-0.2, "−20 %"),
    ],
)
def test_a_share_reads_as_per_cent(value, said):
    assert plain(percent(value)) == said


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_only_nothing_reads_as_0_and_only_all_as_100(value):
    assert plain(percent(value)) not in ("0 %", "0.0 %", "100 %", "100.0 %")


def test_an_undefined_number_is_a_dash_in_every_unit():
    assert {quantity(None, unit) for unit in ("percent", "points", "decimal")} == {"–"}
    assert points(None) == "–"


def test_a_figure_without_an_interval_still_has_its_n():
    shown = cell(Figure(value=0.5, n=1))
    assert (plain(shown.value), shown.interval, shown.n, str(shown)) == ("50 %", "", "1", shown.value)


def test_an_undefined_figure_keeps_its_n_and_has_no_place():
    shown = cell(Figure(n=7))
    assert (shown.value, shown.n, shown.defined) == ("–", "7", False)
    assert cell(None).n == "0"


def test_intervals_bear_the_unit_of_their_value():
    figure = Figure(value=-0.2, low=-0.3, high=0.0, n=50)
    assert plain(cell(figure, "points").interval) == "−30 to 0 pp"
    assert cell(Figure(value=0.2, low=0.1, high=0.3, n=5), "decimal").interval == "0.10 to 0.30"


@pytest.mark.parametrize(
    ("value", "limit", "unit", "said"),
    [
        (0.748, 0.75, "percent", ["74.8 %", "75.0 %"]),
        (-0.102, -0.1, "points", ["−10.2 pp", "−10.0 pp"]),
        (0.101, 0.1, "decimal", ["0.101", "0.100"]),
        (0.6, 0.75, "percent", ["60 %", "75 %"]),
        (0.75, 0.75, "percent", ["75 %", "75 %"]),
    ],
)
def test_a_value_beyond_its_limit_never_reads_like_the_limit(value, limit, unit, said):
    assert [plain(text) for text in apart(value, limit, unit)] == said


def test_an_unknown_metric_is_a_share_with_its_own_words():
    assert (metric_words("worst_case"), unit_of("worst_case")) == ("worst case", "percent")


def test_groups_have_words(inspection):
    said = {
        key: group_words(inspection.group(key), REAL)
        for key in ("clean", "mixed_languages/3", "real", "real/out_of_scope")
    }
    assert said == {
        "clean": "clean messages",
        "mixed_languages/3": "messages with mixed languages at severity 3",
        "real": "real messages",
        "real/out_of_scope": "real messages of the kind 'out of scope'",
    }
    assert group_title(inspection.group("real/slang"), REAL) == "real, slang"


def test_groups_that_imitate_users_are_not_called_real(inspection):
    assert group_words(inspection.group("real"), IMITATED) == "real-user-style messages"
    assert group_title(inspection.group("real"), IMITATED) == "real-user style, all"


def test_our_sentences_are_restated_and_quoted_words_are_not():
    sentence = "Users' real messages are answered 'real messages': drop on real messages, or \"real messages\""
    assert restated(sentence, IMITATED) == (
        "Users' real-user-style messages are answered 'real messages': drop on real-user-style messages, "
        'or "real messages"'
    )
    assert restated(sentence, REAL) == sentence
    assert restated("a really real message", IMITATED) == "a really real message"


def test_counts_and_lists_are_english():
    assert (counted(2, "class", "classes"), counted(1, "class", "classes")) == ("2 classes", "1 class")
    assert listed(["a", "b"]) == "a and b"
