"""Against the champion: what is shown to be worse fails, and what might be worse must be told by the messages."""

import numpy as np
import pytest

from roadworthy.comparison import compare_models
from roadworthy.data import Predictions
from roadworthy.gate import Gate, decide
from roadworthy.gate.champion import Champion, find_champion
from roadworthy.inspection import Suite, inspect
from roadworthy.models import mlflow_model
from roadworthy.models.mlflow_model import Registered

from .conftest import FAMILIES, LABELS, keyword, messages

SUITE = Suite("two", FAMILIES, (1, 3))


def worse(every):
    """A model that answers every n-th message wrongly."""

    def answer(texts):
        numbers = [int("".join(filter(str.isdigit, text)) or 0) for text in texts]
        right = [label for label, _ in keyword(texts)]
        return [
            ("order" if label == "refund" else "refund") if n % every == 0 else label
            for n, label in zip(numbers, right, strict=True)
        ]

    return answer


def decided(model, champion=keyword, n=240, gate=None, **options):
    clean = messages(n)
    comparison = compare_models(champion, model, clean, suite=SUITE, names=("before", "after"))
    return decide(inspect(model, clean, suite=SUITE), gate or Gate(max_drop=None), comparison, **options)


def against(decision):
    return {r.group: r for r in decision.results if r.bound == "max_regression"}


def test_an_equal_model_passes():
    decision = decided(keyword)
    assert decision.passed
    assert decision.champion == "before"
    assert against(decision)["clean"].outcome == "pass"
    assert "max_regression" not in {u.bound for u in decision.unasked}


def test_a_worse_model_fails_with_the_messages_that_it_broke():
    decision = decided(worse(8))
    result = against(decision)["clean"]
    assert result.outcome == "fail"
    assert result.short_by == pytest.approx(0.125, abs=0.01)
    assert "accuracy differs from the champion's by −12 points" in result.sentence.replace("−13", "−12")
    assert len(result.examples) == 3
    assert all(example.label != example.predicted for example in result.examples)


def test_few_messages_cannot_rule_a_regression_out():
    result = against(decided(keyword, n=40))["clean"]
    assert result.outcome == "not enough data"
    assert result.stops
    assert "40 messages cannot tell" in result.sentence


def test_a_family_is_judged_only_where_it_is_shown_to_be_worse():
    assert set(against(decided(keyword))) == {"clean"}
    clean = set(messages(240).texts)

    def troubled(texts):
        wrong = worse(4)(texts)
        return [
            label if text in clean else bad for text, bad, (label, _) in zip(texts, wrong, keyword(texts), strict=True)
        ]

    broken = against(decided(troubled))
    assert {group: result.outcome for group, result in broken.items()} == {
        "clean": "pass",
        "typos/3": "fail",
        "punctuation/3": "fail",
    }
    assert len(broken["typos/3"].examples) == 3


def test_families_are_passed_over_where_the_clean_messages_show_it_already():
    assert set(against(decided(worse(4)))) == {"clean"}


class Flagging:
    """Answers every fourth message wrongly, and flags those if it is careful."""

    classes = LABELS

    def __init__(self, *, careful):
        self.careful = careful
        self.name = "careful" if careful else "careless"

    def answer(self, texts):
        right = [label for label, _ in keyword(texts)]
        labels = np.array(worse(4)(texts), dtype=object)
        return Predictions(labels, np.full(len(texts), 0.9), (labels != right) & self.careful)


def test_more_silent_failures_are_a_regression_too():
    decision = decided(Flagging(careful=False), Flagging(careful=True))
    results = [r for r in decision.results if r.bound == "max_regression" and r.group == "clean"]
    assert {(r.metric, r.outcome) for r in results} == {("regression", "pass"), ("silent_regression", "fail")}
    [fail] = [r for r in results if r.outcome == "fail"]
    assert "silent failures rise by 25 points against the champion's" in fail.sentence


def test_a_champion_must_have_been_compared_with():
    found = inspect(keyword, messages(240), suite=SUITE)
    gate = Gate(max_drop=None)
    decision = decide(found, gate, champion="models:/intent/3")
    assert [refusal.code for refusal in decision.refusals] == ["champion_not_compared"]
    assert "models:/intent/3" in decision.reason
    assert decide(found, gate).passed
    assert decide(found, Gate(max_drop=None, max_regression=None), champion="models:/intent/3").passed


def test_it_must_have_been_compared_on_the_messages_that_were_inspected():
    comparison = compare_models(keyword, keyword, messages(100), suite=SUITE, names=("before", "after"))
    decision = decide(inspect(keyword, messages(240), suite=SUITE), Gate(max_drop=None), comparison)
    assert [refusal.code for refusal in decision.refusals] == ["compared_on_other_messages"]


def test_switched_off_it_asks_nothing():
    decision = decided(worse(8), gate=Gate(max_drop=None, max_regression=None, min_worst_class=None))
    assert not against(decision)
    assert decision.passed


def test_numbers_are_kept_by_the_families_of_this_test():
    texts = messages(20).texts
    assert np.all([any(c.isdigit() for c in text) for text in texts])


def test_the_champion_is_not_compared_with_itself(monkeypatch):
    monkeypatch.setattr(mlflow_model, "champion_of", {"intent": Registered("intent", "1", "run of 1")}.get)
    assert find_champion(None, Registered("intent", "1", None)) is None
    assert find_champion(None, Registered("new", "1", None)) is None
    assert find_champion(None, None) is None
    found = find_champion(None, Registered("intent", "2", None))
    assert found == Champion("models:/intent/1", Registered("intent", "1", "run of 1"))


def test_a_named_champion_of_the_registry_is_one_fixed_version(monkeypatch):
    known = {"models:/intent@champion": Registered("intent", "4", "run4")}
    monkeypatch.setattr(mlflow_model, "find_registered", known.get)
    found = find_champion("models:/intent@champion", None)
    assert found == Champion("models:/intent/4", Registered("intent", "4", "run4"))
    assert find_champion("model", None) == Champion("model", None)
