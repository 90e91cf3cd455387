"""The sentence below the verdict says why."""

import pytest

from roadworthy.inspection.summary import Figure, Finding
from roadworthy.report.headline import headline
from roadworthy.report.wording import NBSP


def said(inspection):
    return headline(inspection).replace(NBSP, " ")


def test_a_failure_names_the_real_check_that_is_furthest_from_its_bound(inspection):
    assert said(inspection) == (
        "6 of 10 checks failed. On real messages, the silent failure rate is 58 % (interval 52 to 63 %); "
        "the bound asks for at most 15 %."
    )


def test_a_figure_without_an_interval_is_told_without_one(inspection):
    checks = [c for c in inspection.checks if c.group == "real" and c.bound == "real accuracy"]
    bare = checks[0].model_copy(update={"figure": checks[0].figure.model_copy(update={"low": None})})
    assert "accuracy is 52 %; the bound" in said(inspection.model_copy(update={"checks": (bare,)}))


def test_a_failed_finding_comes_before_the_checks(inspection):
    constant = Finding(level="fail", code="constant_model", message="It does not classify.")
    assert (
        said(inspection.model_copy(update={"findings": (constant,)})) == "It does not classify. 6 of 10 checks failed."
    )


def test_a_check_of_an_unknown_bound_speaks_for_itself(inspection):
    check = next(check for check in inspection.checks if check.verdict == "fail")
    alone = inspection.model_copy(update={"checks": (check,), "bounds": ()})
    assert said(alone) == f"1 of 1 check failed. {check.sentence}"


def test_an_advisory_without_checks_is_told_by_finding_or_reason(inspection):
    bare = inspection.model_copy(update={"verdict": "advisory", "checks": ()})
    assert said(bare).startswith("The model has no guard")
    reason = bare.groups[0].model_copy(update={"verdict": "advisory", "reasons": ("not tested: too few",)})
    assert said(bare.model_copy(update={"findings": (), "groups": (reason,)})) == "not tested: too few"
    assert said(bare.model_copy(update={"findings": (), "groups": ()})) == "No bound could be checked."


def test_an_advisory_counts_its_checks(inspection):
    check = inspection.checks[0].model_copy(update={"verdict": "advisory"})
    advisory = inspection.model_copy(update={"verdict": "advisory", "checks": (check,)})
    assert said(advisory).startswith("1 of 1 check gave cause for caution. On clean messages, the accuracy is 96 %")


@pytest.mark.parametrize(
    ("update", "sentence"),
    [
        ({}, "The only check passed: accuracy is 96 % on clean messages."),
        ({"checks": ()}, "No bound was checked, so nothing failed."),
        ({"groups": ()}, "The only check passed."),
    ],
)
def test_a_pass_is_told_by_the_figures_that_hold(clean_only, update, sentence):
    assert said(clean_only.model_copy(update=update)) == sentence


def test_a_pass_of_several_checks_counts_them(clean_only):
    twice = clean_only.model_copy(update={"checks": clean_only.checks * 2})
    assert said(twice).startswith("All 2 checks passed")


def test_of_advisories_the_one_that_may_be_furthest_beyond_its_bound_is_named(inspection):
    check = next(check for check in inspection.checks if check.group == "typos/3")
    mild, grave = (
        check.model_copy(
            update={"group": key, "verdict": "advisory", "figure": Figure(value=value, low=low, high=0.05, n=50)}
        )
        for key, value, low in (("emoji/3", -0.02, -0.1), ("typos/3", -0.08, -0.18))
    )
    doubtful = inspection.model_copy(update={"verdict": "advisory", "checks": (mild, grave), "findings": ()})
    assert "On messages with typos at severity 3" in said(doubtful)
