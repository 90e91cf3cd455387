"""JUnit XML says to a CI server what the checks say to people."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.inspection.summary import Finding
from roadworthy.report import to_junit


def cases(document):
    return {(case.get("classname"), case.get("name")): case for case in ET.fromstring(document).iter("testcase")}


def test_checks_are_test_cases_and_suites_count_them(inspection):
    root = ET.fromstring(to_junit(inspection))
    assert [suite.get("name") for suite in root] == ["clean", "perturbed", "real", "findings"]
    for suite in [root, *root]:
        assert int(suite.get("tests")) == len(list(suite.iter("testcase")))
        assert int(suite.get("failures")) == len(list(suite.iter("failure")))
        assert int(suite.get("skipped")) == len(list(suite.iter("skipped")))
    assert root.get("failures") == "6"


def test_a_failed_check_fails_and_a_passed_one_is_silent(inspection):
    found = cases(to_junit(inspection))
    failed = found["roadworthy.typos/3", "drop"].find("failure")
    assert failed.get("message").startswith("difference of typos/3")
    assert len(found["roadworthy.clean", "clean accuracy"]) == 0


def test_a_group_that_no_bound_looks_at_is_skipped(inspection, black_box):
    skipped = cases(to_junit(inspection))["roadworthy.real/slang", "verdict"].find("skipped")
    assert skipped.get("message") == "no bound applies to real messages of the kind 'slang'"
    untested = cases(to_junit(black_box))["roadworthy.slang/1", "verdict"].find("skipped")
    assert untested.get("message").startswith("not applicable")


def test_a_verdict_worse_than_its_checks_has_its_own_case(inspection):
    group = inspection.group("casing/3").model_copy(update={"verdict": "advisory"})
    found = cases(to_junit(inspection.model_copy(update={"groups": (group,)})))
    told = found["roadworthy.casing/3", "verdict"].find("system-out").text
    assert told == "advisory: see messages with casing at severity 3"


def test_findings_fail_by_their_level(inspection):
    finding = Finding(level="fail", code="constant_model", message="It does not classify.")
    found = cases(to_junit(inspection.model_copy(update={"findings": (finding,)})))
    assert found["roadworthy.findings", "constant_model 1"].find("failure") is not None


def test_no_findings_no_suite(clean_only):
    assert "findings" not in to_junit(clean_only)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_message_gives_readable_xml(clean_only, text):
    finding = Finding(level="advisory", code="odd", message=text)
    odd = clean_only.model_copy(update={"findings": (finding,), "groups": ()})
    assert ET.fromstring(to_junit(odd)).get("tests") == "1"
