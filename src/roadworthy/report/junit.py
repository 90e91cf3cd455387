"""JUnit XML, which CI servers show beside the tests: a check that failed is a test that failed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from roadworthy.report.prepare import prepared
from roadworthy.report.wording import VERDICT_RANK, adjective, group_words

if TYPE_CHECKING:
    from roadworthy.inspection.summary import Check, Group, Inspection


def render_junit(inspection: Inspection) -> str:
    """One suite for each kind of messages and one for the findings."""
    found = prepared(inspection)
    real = adjective(found)
    root = ET.Element("testsuites", name=f"roadworthy: {found.model.name}")
    for kind in dict.fromkeys(group.kind for group in found.groups):
        suite = ET.SubElement(root, "testsuite", name=real if kind == "real" else kind)
        for group in found.of_kind(kind):
            _group_cases(suite, group, real, [check for check in found.checks if check.group == group.key])
    if found.findings:
        suite = ET.SubElement(root, "testsuite", name="findings")
        for number, finding in enumerate(found.findings, 1):
            _case(suite, "findings", f"{finding.code} {number}", finding.level, finding.message)
    stamp = f"{found.created:%Y-%m-%dT%H:%M:%S}"
    for suite in [root, *root]:
        for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
            suite.set(attribute, str(sum(1 for _ in suite.iter(tag))))
        suite.set("errors", "0")
        suite.set("timestamp", stamp)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _group_cases(suite: ET.Element, group: Group, real: str, checks: list[Check]) -> None:
    key = group.key.replace("real", real, 1) if group.kind == "real" else group.key
    for check in checks:
        _case(suite, key, check.bound, check.verdict, check.sentence)
    told = max((VERDICT_RANK[check.verdict] for check in checks), default=0)
    reasons = "; ".join(group.reasons)
    if group.verdict is not None and VERDICT_RANK[group.verdict] > told:
        _case(suite, key, "verdict", group.verdict, reasons or f"see {group_words(group, real)}")
    elif not checks:
        _case(suite, key, "verdict", "skipped", reasons or f"no bound applies to {group_words(group, real)}")


def _case(suite: ET.Element, group: str, name: str, level: str, message: str) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"roadworthy.{group}", name=name, time="0")
    if level == "fail":
        ET.SubElement(case, "failure", message=message, type="fail").text = message
    elif level == "skipped":
        ET.SubElement(case, "skipped", message=message)
    elif level != "pass":
        ET.SubElement(case, "system-out").text = f"{level}: {message}"
