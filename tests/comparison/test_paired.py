from roadworthy.comparison.paired import corrected, verdict_on
from roadworthy.comparison.summary import Compared
from roadworthy.inspection import Figure


def compared(key, *, value=None, p=None, silent=None, silent_p=None, judged=True):
    figure, none = Figure(value=0.9, n=10), Figure(n=0)
    return Compared(
        key=key,
        kind="clean",
        name=key,
        judged=judged,
        n=10,
        accuracy_a=figure,
        accuracy_b=figure,
        difference=none if value is None else Figure(value=value, n=10),
        p_value=p,
        silent_failure_a=figure,
        silent_failure_b=figure,
        silent_failure_difference=none if silent is None else Figure(value=silent, n=10),
        silent_failure_p_value=silent_p,
        disagreement=figure,
    )


def outcomes(*groups):
    return [group.outcome for group in corrected(groups)]


def test_a_group_is_what_its_corrected_p_value_shows():
    assert outcomes(compared("x", value=-0.1, p=0.01)) == ["worse"]
    assert outcomes(compared("x", value=0.1, p=0.01)) == ["better"]
    assert outcomes(compared("x", value=-0.1, p=0.2)) == ["no difference shown"]
    assert outcomes(compared("x")) == ["no difference shown"]


def test_one_small_p_value_among_many_is_no_evidence():
    groups = [compared("x", value=-0.1, p=0.03), *(compared(str(i), value=0.01, p=0.9) for i in range(9))]
    assert set(outcomes(*groups)) == {"no difference shown"}


def test_silent_failures_that_rise_are_worse_whatever_accuracy_does():
    group = compared("x", value=0.1, p=0.001, silent=0.2, silent_p=0.001)
    assert outcomes(group) == ["worse"]
    assert outcomes(compared("x", silent=-0.2, silent_p=0.001)) == ["better"]


def test_the_verdict_is_that_of_the_judged_groups():
    better, worse = compared("x", value=0.1, p=0.001), compared("y", value=-0.1, p=0.001)
    assert verdict_on(corrected([better, worse])) == "worse"
    assert verdict_on(corrected([better, worse.model_copy(update={"judged": False})])) == "better"
    assert verdict_on(corrected([compared("z")])) == "no difference shown"
