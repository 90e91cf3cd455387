"""What is refused is told as RFC 9457 has it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.serve.problems import Problem, of_status


@given(st.integers(400, 599), st.from_regex(r"[a-z]+(-[a-z]+)*", fullmatch=True), st.text(), st.text(), st.text())
def test_a_problem_is_a_document_with_the_members_of_the_rfc(
    status: int, kind: str, detail: str, request_id: str, extra: str
) -> None:
    found = json.loads(Problem(status, kind, detail, field=extra).body(request_id))
    assert found == {
        "type": f"urn:roadworthy:problem:{kind}",
        "title": kind.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        "instance": f"urn:roadworthy:request:{request_id}",
        "field": extra,
    }


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (404, "not-found", "nothing here"),
        (405, "method-not-allowed", "other methods"),
        (426, "refused", "refused with status 426"),
    ],
)
def test_what_the_framework_refuses_is_named(status: int, kind: str, said: str) -> None:
    problem = of_status(status)
    assert (problem.status, problem.kind, problem.headers) == (status, kind, {})
    assert said in problem.detail
