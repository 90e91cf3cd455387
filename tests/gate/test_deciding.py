"""A gate passes a good model, and whatever it cannot be sure of it does not let through."""

from datetime import UTC, datetime

import pytest

from roadworthy import gate as gates
from roadworthy.data import Dataset
from roadworthy.errors import DataError, SettingsError
from roadworthy.gate import Decision, Gate, decide, refused
from roadworthy.inspection import Example, Figure, Finding, Suite, inspect

from .conftest import FAMILIES, LABELS, change, changed, keyword, messages, share

STRICT = Gate(max_drop_on_real=0.1, max_calibration_error=0.2, max_oov_rate=0.5)


def bounds(decision, outcome):
    return {(r.bound, r.group) for r in decision.results if r.outcome == outcome}


def codes(decision):
    return [refusal.code for refusal in decision.refusals]


def test_a_good_model_passes_every_default_bound(good):
    decision = decide(good, Gate())
    assert decision.passed
    assert decision
    assert decision.outcome == "pass"
    assert bounds(decision, "pass") == {
        ("min_accuracy", "clean"),
        ("min_coverage", "clean"),
        ("max_silent_failure_rate", "clean"),
        ("max_silent_failure_rate", "real"),
        ("max_drop", "typos/3"),
        ("max_drop", "punctuation/3"),
        ("max_drop_on_real", "real"),
        ("min_worst_class", "clean"),
    }
    assert [(u.bound, u.reason) for u in decision.unasked] == [("max_regression", "no champion")]
    assert decision.reason == "8 of 8 bounds are kept, and none stops the model"
    assert (decision.model, decision.messages) == (good.model.name, 480)


def test_each_bound_fails_on_its_own_figure_and_says_by_how_much(good):
    figures = {
        ("min_accuracy", "clean"): {"accuracy": share(120, 240)},
        ("min_coverage", "clean"): {"coverage": share(120, 240)},
        ("max_silent_failure_rate", "real"): {"silent_failure_rate": share(120, 240)},
        ("max_drop", "typos/3"): {"difference": change(92, 0, 230)},
        ("max_drop_on_real", "real"): {"difference": change(96, 0, 240)},
        ("max_calibration_error", "clean"): {"calibration_error": Figure(value=0.5, low=0.4, high=0.6, n=240)},
        ("max_oov_rate", "real"): {"oov_rate": Figure(value=0.8, low=0.7, high=0.9, n=240)},
        ("min_worst_class", "clean"): {"recall": {"order": share(120, 120), "refund": share(24, 120)}},
    }
    for (bound, group), figure in figures.items():
        decision = decide(changed(good, group, **figure), STRICT)
        assert decision.outcome == "fail"
        assert bounds(decision, "fail") == {(bound, group)}
        [stopping] = [result for result in decision.stopped_by if result.outcome == "fail"]
        assert stopping.short_by == pytest.approx(0.3, abs=0.011)
        assert decision.stopped_by[0] == stopping
        assert decision.reason == stopping.sentence
        assert "failed by 30 points" in stopping.sentence or "failed by 0.30" in stopping.sentence


def test_an_interval_across_the_limit_is_not_enough_data_and_does_not_pass(good):
    decision = decide(changed(good, "clean", accuracy=share(25, 30)), Gate())
    assert decision.outcome == "not enough data"
    assert not decision.passed
    assert [r.bound for r in decision.stopped_by] == ["min_accuracy"]
    assert "30 messages cannot tell" in decision.reason


def test_a_bound_may_lack_data_or_inform_only(good):
    unclear = changed(good, "clean", accuracy=share(25, 30))
    assert decide(unclear, Gate(may_lack_data=("min_accuracy",))).passed
    broken = changed(good, "clean", accuracy=share(3, 30))
    assert not decide(broken, Gate(may_lack_data=("min_accuracy",)))
    informed = decide(broken, Gate(advisory=("min_accuracy",)))
    assert informed.passed
    assert bounds(informed, "fail") == {("min_accuracy", "clean")}
    assert informed.reason == "7 of 8 bounds are kept, and none stops the model"


def test_only_the_judged_severity_counts(good):
    assert decide(changed(good, "typos/1", difference=change(200, 0, 230)), Gate()).passed


def test_a_family_may_have_a_limit_of_its_own(good):
    dropped = changed(good, "typos/3", difference=change(30, 0, 230))
    assert not decide(dropped, Gate())
    assert decide(dropped, Gate(max_drop_of={"typos": 0.2})).passed
    assert decide(dropped, Gate(max_drop_of={"typos": None})).passed


def test_the_worst_class_is_the_one_that_fails_then_the_one_that_might():
    assert _worst({"many": share(60, 100), "few": share(7, 10)}) == ("few", "not enough data")
    assert _worst({"many": share(60, 100), "few": share(7, 10), "lost": share(20, 100)}) == ("lost", "fail")
    assert _worst({"a": share(99, 100), "b": share(98, 100)}) == ("b", "pass")


def _worst(recall):
    found = inspect(keyword, messages(40), suite=Suite("one", FAMILIES, (3,)))
    decision = decide(changed(found, "clean", recall=recall), Gate())
    [result] = [result for result in decision.results if result.bound == "min_worst_class"]
    return result.on, result.outcome


def test_the_classes_share_the_chance_of_a_false_alarm(good):
    one_of_many = {f"c{i}": share(16, 16) for i in range(49)} | {"unlucky": share(4, 16)}
    decision = decide(changed(good, "clean", recall=one_of_many), Gate())
    [result] = [result for result in decision.results if result.bound == "min_worst_class"]
    assert (result.on, result.outcome) == ("unlucky", "not enough data")


def test_three_messages_show_what_failed(good):
    shown = [
        Example(group=group, text=f"{group} {i}", clean_text="before", label=label, predicted="other", flagged=flagged)
        for group in ("typos/3", "real/slang", "clean")
        for i, (label, flagged) in enumerate([("order", True), *[("refund", False)] * 4])
    ]
    broken = good.model_copy(update={"examples": tuple(shown)})
    broken = changed(broken, "typos/3", difference=change(92, 0, 230))
    broken = changed(broken, "real", silent_failure_rate=share(120, 240))
    broken = changed(broken, "clean", recall={"order": share(120, 120), "refund": share(24, 120)})
    examples = {r.bound: r.examples for r in decide(broken, Gate()).stopped_by}
    assert [e.text for e in examples["max_drop"]] == ["typos/3 0", "typos/3 1", "typos/3 2"]
    assert [e.text for e in examples["max_silent_failure_rate"]] == [f"real/slang {i}" for i in (1, 2, 3)]
    assert [e.label for e in examples["min_worst_class"]] == ["refund"] * 3
    assert all(not r.examples for r in decide(broken, Gate()).results if r.outcome == "pass")


def test_real_messages_that_are_asked_for_must_be_there(good):
    without = good.model_copy(update={"real": None, "groups": tuple(g for g in good.groups if g.kind != "real")})
    assert decide(without, Gate()).passed
    assert ("max_drop_on_real", "no real messages") in {(u.bound, u.reason) for u in decide(without, Gate()).unasked}
    asked = decide(without, Gate(max_drop_on_real=0.1))
    assert codes(asked) == ["no_real_messages"]
    assert asked.reason.endswith("there are none; give them with --real.")
    unlabelled = changed(good, "real", recall={}, silent_failure_rate=Figure(n=0), difference=Figure(n=0))
    assert decide(unlabelled, Gate()).passed
    assert decide(unlabelled, Gate()).unasked[0].reason == "the real messages have no labels"
    assert "those given have no labels" in decide(unlabelled, Gate(max_drop_on_real=0.1)).reason


def test_what_is_switched_off_is_said(good):
    decision = decide(good, Gate(min_accuracy=None, max_drop_on_real=None, max_regression=None))
    assert [(u.bound, u.reason) for u in decision.unasked] == [
        ("min_accuracy", "switched off"),
        ("max_drop_on_real", "switched off"),
        ("max_regression", "switched off"),
    ]


def test_a_gate_that_asks_for_nothing_lets_nothing_through(good):
    nothing = Gate(**dict.fromkeys(gates.bounds.BOUNDS))
    assert codes(decide(good, nothing)) == ["nothing_asked"]


def test_every_finding_that_fails_an_inspection_is_a_refusal(good):
    found = Finding(level="fail", code="model_errors", message="The model raised on 3 messages.")
    note = Finding(level="note", code="no_guard", message="It flags nothing.")
    decision = decide(good.model_copy(update={"findings": (found, note)}), Gate())
    assert (codes(decision), decision.outcome) == (["model_errors"], "fail")
    assert decision.reason == "The model raised on 3 messages."


def test_messages_may_not_go_missing(good):
    assert codes(decide(changed(good, "clean", n=239), Gate())) == ["skipped_rows"]
    assert decide(changed(good, "typos/3", n=200), Gate()).reason == (
        "40 of 240 perturbed messages were not inspected (typos/3)."
    )
    assert decide(changed(good, "typos/3", n=200, not_applicable=40), Gate()).passed
    assert codes(decide(changed(good, "real", n=100), Gate())) == ["skipped_rows"]
    nothing = good.model_copy(update={"groups": ()})
    assert codes(decide(nothing, Gate())) == ["no_rows"]


def test_a_family_that_changed_too_little_is_refused_unless_nothing_is_asked_of_it(good):
    idle = changed(good, "typos/3", changed=share(12, 240))
    decision = decide(idle, Gate())
    assert codes(decision) == ["family_changed_too_little"]
    assert decision.reason.endswith("(share changed): typos/3 5%.")
    assert decide(idle, Gate(max_drop_of={"typos": None})).passed
    assert decide(idle, Gate(max_drop=None)).passed
    assert decide(changed(good, "typos/1", changed=share(12, 240)), Gate()).passed
    absent = changed(good, "typos/3", n=0, not_applicable=240, changed=Figure(n=0))
    assert decide(absent, Gate()).passed


@pytest.mark.parametrize(
    ("family", "said"),
    [("typo", "which the suite did not try; did you mean 'typos'?"), ("zzz", "which the suite did not try.")],
)
def test_a_family_that_the_gate_names_must_have_been_tried(good, family, said):
    decision = decide(good, Gate(max_drop_of={family: 0.1}))
    assert codes(decision) == ["family_not_tried"]
    assert said in decision.reason


def test_a_family_that_the_gate_names_must_cover_some_message(good):
    absent = changed(good, "typos/3", n=0, not_applicable=240, changed=Figure(n=0))
    assert codes(decide(absent, Gate(max_drop_of={"typos": 0.1}))) == ["family_not_tried"]
    assert decide(absent, Gate(max_drop_of={"typos": None})).passed


def test_labels_that_the_model_never_answers_are_refused():
    data = messages(40)
    labels = [*data.labels[:-4], *["brand_new"] * 4]
    found = inspect(keyword, Dataset.of(data.texts, labels), suite=Suite("one", FAMILIES, (3,)))
    decision = decide(found, Gate())
    assert "unknown_label" in codes(decision)
    assert "4 clean messages have labels that the model never answers: 'brand_new'." in decision.reason
    many = [f"new {i}" if i > 30 else label for i, label in enumerate(data.labels)]
    found = inspect(keyword, Dataset.of(data.texts, many), suite=Suite("one", FAMILIES, (3,)))
    assert "'new 35' and 4 more." in decide(found, Gate()).reason


def test_a_constant_model_is_refused_as_such_and_not_for_its_labels():
    found = inspect(lambda texts: ["order"] * len(texts), messages(40), suite=Suite("one", FAMILIES, (3,)))
    assert codes(decide(found, Gate())) == ["constant_model"]


def test_out_of_scope_messages_need_no_label_of_the_model():
    data = messages(40)
    found = inspect(
        keyword, Dataset.of(data.texts, [*data.labels[:-1], "oos"]), oos_label="oos", suite=Suite("a", FAMILIES, (3,))
    )
    assert "unknown_label" not in codes(decide(found, Gate()))


def test_messages_that_imitate_users_are_not_called_real(good):
    imitated = good.model_copy(update={"real": good.real.model_copy(update={"authentic": False})})
    [result] = [r for r in decide(imitated, Gate()).results if r.bound == "max_drop_on_real"]
    assert result.on == "real-user-style"
    assert result.sentence.startswith("Real-user-style messages: ")


def test_a_gate_may_be_given_by_its_file_or_be_that_of_the_project(good, tmp_path, monkeypatch):
    (tmp_path / "roadworthy.toml").write_text("[gate]\nmin_accuracy = 0.999\n")
    monkeypatch.chdir(tmp_path)
    assert decide(good).gate.min_accuracy == 0.999
    assert decide(good, tmp_path / "roadworthy.toml").outcome == "not enough data"
    with pytest.raises(SettingsError):
        decide(good, "none.toml")


def test_a_decision_survives_json_and_a_folder(good, tmp_path):
    decision = decide(changed(good, "clean", accuracy=share(3, 30)), Gate(max_drop_on_real=None))
    assert Decision.from_json(decision.to_json()) == decision
    (tmp_path / "decision.json").write_text(decision.to_json())
    assert Decision.load(tmp_path) == Decision.load(tmp_path / "decision.json") == decision
    with pytest.raises(DataError, match="no decision.json; give a folder written by roadworthy inspect --gate"):
        Decision.load(tmp_path / "none")


def test_a_decision_that_contradicts_itself_is_refused(good):
    decision = decide(changed(good, "clean", accuracy=share(3, 30)), Gate())
    forged = decision.to_json().replace('"outcome": "fail"', '"outcome": "pass"', 1)
    with pytest.raises(DataError, match="not a decision \\(document: the outcome is not that of the results"):
        Decision.from_json(forged)
    with pytest.raises(DataError, match="a: not a decision \\(roadworthy_version: Field required"):
        Decision.from_json("{}".replace("}", '"outcome": "pass"}'), where="a")


def test_a_decision_prints_its_table(good):
    decision = decide(good, Gate())
    assert "PASSED" in str(decision)
    assert repr(decision) == f"<Decision on {good.model.name}: pass>"


def test_what_could_not_be_inspected_does_not_pass():
    decision = refused("unusable_messages", "a.csv: no rows", model="a", gate=Gate())
    assert (decision.outcome, decision.messages, decision.reason) == ("fail", 0, "a.csv: no rows")
    assert Decision.from_json(decision.to_json()) == decision
    assert (datetime.now(UTC) - decision.created).total_seconds() < 60


def test_labels_of_the_fixture_are_what_the_model_answers(good):
    assert good.model.classes == LABELS


def test_a_model_is_not_let_through_on_its_own_training_messages(good):
    found = Finding(level="advisory", code="clean_in_training", message="12 of the 80 clean messages are known.")
    decision = decide(good.model_copy(update={"findings": (*good.findings, found)}), Gate())
    assert not decision.passed
    assert codes(decision) == ["clean_in_training"]


@pytest.mark.parametrize(("file", "table"), [("roadworthy.toml", "gates"), ("pyproject.toml", "tool.roadworthy.Gate")])
def test_a_misspelt_table_is_no_gate(tmp_path, file, table):
    (tmp_path / file).write_text(f"[{table}]\nmin_accuracy = 0.99\n")
    with pytest.raises(SettingsError, match=r"which nothing reads; did you mean \[(tool\.roadworthy\.)?gate\]"):
        gates.read_gate(tmp_path)
