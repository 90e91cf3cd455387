"""A decision is readable at every width, and nothing that users wrote acts in it."""

import io
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len
from rich.console import Console

from roadworthy.errors import OutputError
from roadworthy.gate import Decision, Evidence, Gate, Refusal, Result, Unasked, decide, refused
from roadworthy.inspection import Figure
from roadworthy.report import to_junit
from roadworthy.report.decision import (
    decision_junit,
    decision_markdown,
    decision_text,
    print_decision,
    row_of,
    write_decision,
)

HOSTILE = "<script>alert('x')</script> | [click](http://evil.example) @you \x1b[31mred [bold]x[/x]\nnew"


def result(bound="max_drop", outcome="fail", **changes):
    known = {
        "group": "typos/3",
        "on": "typos",
        "metric": "difference",
        "figure": Figure(value=-0.39, low=-0.45, high=-0.33, n=231),
        "limit": -0.1,
        "at_most": False,
        "short_by": 0.29 if outcome == "fail" else None,
        "stops": outcome != "pass",
        "sentence": "Messages with typos at severity 3: accuracy changes by −39 points; at least 80 % is asked for",
    }
    return Result(bound=bound, outcome=outcome, **known | changes)


def decision(*results, outcome="fail", **changes):
    known = {
        "roadworthy_version": "0.1.0",
        "created": datetime(2026, 3, 14, 9, 26, tzinfo=UTC),
        "model": "models:/intent/7",
        "messages": 240,
        "gate": Gate(),
    }
    return Decision(outcome=outcome, results=results, **known | changes)


SHOWN = (
    Evidence(
        text="I wnat to retrun it",
        clean_text="I want to return it",
        label="return_item",
        predicted="order_status",
        confidence=0.88,
    ),
    Evidence(text=HOSTILE, label="refund", predicted=HOSTILE),
)
PASSED = result(
    "min_accuracy",
    "pass",
    on="clean",
    group="clean",
    metric="accuracy",
    limit=0.8,
    figure=Figure(value=0.92, low=0.87, high=0.95, n=240),
)
REJECTED = decision(
    result(examples=SHOWN),
    result(
        "max_silent_failure_rate",
        "not enough data",
        metric="silent_failure_rate",
        at_most=True,
        limit=0.2,
        on="clean",
        group="clean",
        figure=Figure(value=0.18, low=0.14, high=0.24, n=240),
    ),
    result(
        "min_worst_class",
        "not enough data",
        metric="recall",
        stops=False,
        on="a_class_of_a_very_long_name_indeed",
        group="clean",
        figure=Figure(value=0.6, low=0.4, high=0.8, n=24),
        limit=0.5,
    ),
    PASSED,
    refusals=(Refusal(code="constant_model", message=f"The model answered {HOSTILE!r}."),),
    unasked=(Unasked(bound="max_regression", reason="no champion"),),
)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_every_line_fits(width):
    assert max(map(cell_len, decision_text(REJECTED, width).splitlines())) <= min(width, 100)


def test_a_rejection_says_what_failed_by_how_much_and_shows_the_messages():
    text = decision_text(REJECTED).replace("\u00a0", " ")
    assert "✗ REJECTED  models:/intent/7 on 240 messages" in text
    assert "Of 4 bounds, 1 failed: drop (typos); 1 without enough data: silent failures (clean)." in text
    assert "✗ fail by 29 pp    drop             typos" in text
    assert "−45 to −33" in text
    assert "? not enough data  silent failures" in text
    assert "– not enough data  worst class" in text
    assert "✗ max_drop  Messages with typos at severity 3" in text
    assert "    I wnat to retrun it\n    → order_status, 88 % confident; meant: return_item" in text
    assert "Families at severity 3" in text
    assert "Not asked: max_regression (no champion)." in text


@pytest.mark.parametrize("width", [80, 100])
def test_no_outcome_is_cut_on_a_terminal(width):
    assert "? not enough data" in decision_text(REJECTED, width)
    assert "≤\u00a020\u00a0%" in decision_text(REJECTED, width)


def test_a_number_is_not_parted_from_its_unit():
    for width in range(60, 101):
        assert not any(line.lstrip().startswith("%") for line in decision_text(REJECTED, width).splitlines())


def test_a_pass_is_short():
    text = decision_text(decision(PASSED, outcome="pass"))
    assert "✓ PASSED" in text
    assert "1 of 1 bound kept." in text
    assert decision_markdown(decision(PASSED, outcome="pass")).startswith("## ✓ PASSED: <code>")
    informed = decision(PASSED, result(stops=False), outcome="pass")
    assert "1 of 2 bounds kept, and none of the others stops the model." in decision_text(informed)
    assert "– fail by" in decision_text(informed)


def test_what_could_not_be_inspected_has_no_table():
    nothing = refused("unusable_messages", "a.csv: no rows", model="m", gate=Gate())
    lines = [line.strip("│ ") for line in decision_text(nothing).splitlines()]
    assert lines[1:3] == ["✗ REJECTED  m", "✗ a.csv: no rows"]
    assert len(lines) == 4
    assert decision_markdown(nothing) == "## ✗ REJECTED: <code>m</code>\n\n- ✗ a.csv: no rows\n\n"


def test_the_champion_and_the_place_of_the_gate_are_named():
    out = io.StringIO()
    against = decision(PASSED, outcome="pass", champion="models:/intent/6")
    print_decision(against, Console(file=out, width=100), source="roadworthy.toml")
    assert "Gate: roadworthy.toml" in out.getvalue()
    assert "models:/intent/7 on 240 messages, against models:/intent/6" in out.getvalue()


def test_only_the_gravest_are_explained_in_a_terminal():
    many = decision(*[result(group=f"f{i}/3", on=f"f{i}") for i in range(6)])
    assert decision_text(many).count("✗ max_drop") == 4
    assert "and 2 more bounds that the table above names" in decision_text(many)
    assert decision_markdown(many).count("### ✗") == 6


def test_a_message_is_shown_once():
    twice = decision(
        result(examples=SHOWN[:1]), result("max_drop_on_real", group="real", on="real", examples=SHOWN[:1])
    )
    assert decision_text(twice).count("I wnat to retrun it") == 1
    assert decision_text(twice).endswith("    (the messages above)")
    assert decision_markdown(twice).count("I wnat to retrun it") == 2


def test_messages_that_were_shown_above_are_counted():
    others = tuple(SHOWN[0].model_copy(update={"text": f"other {i}"}) for i in range(3))
    some = decision(
        result(examples=others), result("max_drop_on_real", group="real", on="real", examples=(*others[:2], SHOWN[0]))
    )
    assert decision_text(some).endswith("    (and 2 of the messages above)")


def test_every_bound_is_explained_before_one_is_twice():
    many = [result(group=f"f{i}/3", on=f"f{i}", sentence=f"family {i}") for i in range(6)]
    text = decision_text(decision(*many, result("min_accuracy", on="clean", group="clean", sentence="last")))
    explained = [line for line in text.splitlines() if line.startswith(("✗ max", "✗ min"))]
    assert explained == [
        "✗ max_drop  family 0",
        "✗ min_accuracy  last",
        "✗ max_drop  family 1",
        "✗ max_drop  family 2",
    ]


def test_nothing_that_users_wrote_acts():
    text = decision_text(REJECTED)
    assert "\x1b" not in text
    assert "[bold]x[/x]" in text
    document = decision_markdown(REJECTED, source="a|b.toml")
    assert not any(mark in document for mark in ("<script", "[click]", "@you", "\x1b", "a|b.toml"))
    rows = [line for line in document.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {8, 4}
    ET.fromstring(decision_junit(REJECTED))


def test_small_misses_are_not_said_to_be_nothing():
    close = result(figure=Figure(value=-0.102, low=-0.103, high=-0.101, n=90_000), short_by=0.002)
    row = row_of(close)
    assert row.outcome.replace("\u00a0", " ") == "✗ fail by < 1 pp"
    assert (row.value, row.limit) == ("−10.2\u00a0pp", "≥\u00a0−10.0\u00a0pp")
    error = result(
        "max_calibration_error",
        metric="calibration_error",
        short_by=0.2,
        limit=0.1,
        figure=Figure(value=0.3, low=0.2, high=0.4, n=90),
    )
    assert row_of(error).outcome == "✗ fail by 0.20"


def test_an_unknown_figure_is_a_dash():
    row = row_of(result(outcome="not enough data", figure=Figure(n=0)))
    assert (row.value, row.interval, row.limit) == ("–", "–", "≥\u00a0−10\u00a0pp")


def test_junit_fails_where_the_gate_stops_and_nowhere_else(inspection):
    root = ET.fromstring(decision_junit(REJECTED, to_junit(inspection)))
    assert to_junit(inspection).count("<failure") > 0
    failed = [
        (case.get("name"), case.find("failure").get("type"))
        for case in root.iter("testcase")
        if case.find("failure") is not None
    ]
    assert failed == [
        ("constant_model", "fail"),
        ("max_drop", "fail"),
        ("max_silent_failure_rate", "not enough data"),
    ]
    assert root.get("failures") == "3"
    assert root.get("tests") == str(len(list(root.iter("testcase"))))
    assert root[0].get("name") == "gate"
    assert root[0].get("skipped") == "1"
    assert any("fail: " in (out.text or "") for suite in root[1:] for out in suite.iter("system-out"))


def test_junit_shows_the_messages():
    failure = ET.fromstring(decision_junit(REJECTED)).find(".//testcase[@name='max_drop']/failure")
    assert "I wnat to retrun it\n    → order_status" in failure.text


def test_the_files_are_written_together(inspection, tmp_path):
    gated = decide(inspection, Gate())
    files = write_decision(gated, tmp_path / "out", inspection_junit=to_junit(inspection), source="roadworthy.toml")
    assert {file.name for file in files.values()} == {"decision.json", "summary.md", "junit.xml"}
    assert Decision.load(tmp_path / "out") == gated
    assert "by the gate in <code>roadworthy.toml</code>" in files["summary"].read_text()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_decision(gated, tmp_path / "file")
