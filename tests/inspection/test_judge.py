import pytest

from roadworthy.inspection import Figure, Finding, Group
from roadworthy.inspection.judge import BOUNDS, check, hold, judge, overall, worst

NONE = Figure(n=0)


def figure(value, half=0.01, n=100):
    return Figure(value=value, low=value - half, high=value + half, n=n)


def a_group(kind="clean", name="clean", severity=None, *, n=100, **figures):
    undefined = (
        "accuracy accuracy_all difference flip_rate mean_confidence calibration_error oov_rate "
        "silent_failure_rate coverage"
    )
    every = dict.fromkeys(undefined.split(), NONE)
    return Group(kind=kind, name=name, severity=severity, n=n, recall={}, **(every | figures))


@pytest.mark.parametrize(
    ("low", "high", "at_most", "wanted"),
    [
        (0.8, 0.9, False, "pass"),
        (0.79, 0.9, False, "advisory"),
        (0.7, 0.8, False, "advisory"),
        (0.7, 0.79, False, "fail"),
        (0.7, 0.8, True, "pass"),
        (0.7, 0.9, True, "advisory"),
        (0.81, 0.9, True, "fail"),
        (None, None, False, "advisory"),
        (0.9, None, False, "advisory"),
    ],
)
def test_the_whole_interval_counts(low, high, at_most, wanted):
    assert hold(Figure(value=0.85, low=low, high=high, n=9), 0.8, at_most=at_most) == wanted


def test_each_kind_is_held_to_its_own_bounds():
    groups = [
        a_group(accuracy=figure(0.9)),
        a_group("perturbed", "typos", 3, difference=figure(-0.3), changed=figure(0.9)),
        a_group("perturbed", "typos", 5, difference=figure(-0.5), changed=figure(0.9)),
        a_group("real", "all", difference=figure(-0.05), silent_failure_rate=figure(0.4)),
        a_group("real", "slang", difference=figure(-0.5), silent_failure_rate=figure(0.9)),
        a_group("real", "clean", difference=figure(-0.5), silent_failure_rate=figure(0.9)),
        a_group("real", "short", difference=figure(-0.02), silent_failure_rate=figure(0.9)),
    ]
    judged, checks = judge(groups, 3)
    assert [group.verdict for group in judged] == ["pass", "fail", None, "fail", "advisory", "advisory", None]
    assert [(held.group, held.bound, held.verdict) for held in checks] == [
        ("clean", "clean accuracy", "pass"),
        ("typos/3", "drop under noise", "fail"),
        ("real", "drop on real messages", "pass"),
        ("real", "silent failures", "fail"),
    ]
    assert judged[1].reasons == (
        "drop under noise: accuracy changes by −30 points (−31 to −29, n=100), "
        "the bound is at least −10 points: broken",
    )
    assert len(judged[3].reasons) == 1


def test_too_few_changed_messages_are_not_a_pass():
    idle = a_group("perturbed", "typos", 3, difference=figure(0.0), changed=figure(0.1))
    (judged,), (held,) = judge([idle], 3)
    assert judged.verdict == held.verdict == "advisory"
    assert judged.reasons == ("not tested: it changed only 10% of the messages",)


def test_a_group_without_messages_is_not_applicable():
    (judged,), checks = judge([a_group("perturbed", "mixed_languages", 3, n=0, changed=NONE)], 3)
    assert (judged.verdict, checks) == (None, ())
    assert judged.reasons == ("not applicable: no message is in a language that it covers",)


@pytest.mark.parametrize(
    ("value", "half", "said"),
    [(0.9, 0.01, "kept"), (0.8, 0.05, "cannot be told from these messages"), (0.5, 0.1, "broken")],
)
def test_a_check_says_in_words_what_it_found(value, half, said):
    held = check(BOUNDS[0], a_group(accuracy=figure(value, half)))
    assert held.sentence.endswith(f"the bound is at least 80 %: {said}")
    assert held.limit == 0.8


def test_the_worst_counts():
    assert worst([]) == worst(["pass", "note"]) == "pass"
    assert worst(["note", "advisory", "pass"]) == "advisory"
    note = Finding(level="note", code="x", message="x")
    grave = Finding(level="fail", code="y", message="y")
    passing = a_group().model_copy(update={"verdict": "pass"})
    assert overall([passing, a_group()], [note]) == "pass"
    assert overall([passing], [note, grave]) == "fail"


def test_every_bound_is_about_a_figure_that_groups_have():
    assert {bound.metric for bound in BOUNDS} <= set(Group.model_fields)
    assert len({bound.name for bound in BOUNDS}) == len(BOUNDS)


def test_out_of_scope_clean_messages_are_held_to_the_silent_failures():
    group = a_group(accuracy=figure(0.95), silent_failure_rate=figure(0.4))
    assert judge([group], 3)[0][0].verdict == "pass"
    assert judge([group.model_copy(update={"out_of_scope": 40})], 3)[0][0].verdict == "fail"


def test_an_unknown_figure_is_said_to_be_unknown():
    group = a_group("real", "all", difference=Figure(n=0), silent_failure_rate=Figure(value=0.5, n=1))
    first, second = judge([group], 3)[1]
    assert first.sentence.startswith("accuracy changes by unknown, the bound")
    assert second.sentence.startswith("silent failures are 50 % (n=1), the bound is at most 20 %")
