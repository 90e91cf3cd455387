"""The view holds formatted text, in reading order, and says what is unknown."""

import pytest

from roadworthy.inspection.summary import Check, Figure, Sink
from roadworthy.report.view import view_of, worst_family
from roadworthy.report.wording import NBSP


@pytest.fixture(scope="module")
def view(inspection):
    return view_of(inspection)


def test_key_figures_stand_with_interval_and_n(view):
    shown = [(k.label, k.cell.value, k.cell.interval, k.cell.n, k.note) for k in view.key_figures]
    assert [tuple(text.replace(NBSP, " ") for text in row) for row in shown] == [
        ("Clean accuracy", "96 %", "93 to 98 %", "240", "on unperturbed messages"),
        ("Worst family", "62 %", "56 to 68 %", "240", "mixed languages, at severity 3"),
        ("Real messages", "52 %", "46 to 58 %", "260", "in scope; 60 more are not"),
        ("Silent failures", "58 %", "52 to 63 %", "320", "of real messages; coverage 100 %"),
    ]


def test_silent_failures_come_from_the_worst_family_or_the_clean_messages_otherwise(unlabelled, clean_only):
    assert "of these messages" in view_of(unlabelled).key_figures[-1].note
    assert "of clean messages" in view_of(clean_only).key_figures[-1].note


def test_real_messages_without_labels_show_their_confidence(unlabelled):
    real = view_of(unlabelled).key_figures[2]
    assert (real.label, real.note) == ("Confidence on real messages", "no labels, so no accuracy")


def test_real_messages_all_in_scope_are_said_to_be(inspection):
    groups = tuple(group.model_copy(update={"out_of_scope": 0}) for group in inspection.groups)
    assert view_of(inspection.model_copy(update={"groups": groups})).key_figures[2].note == "all in scope"


def test_unknown_silent_failures_are_left_out(clean_only):
    blind = tuple(g.model_copy(update={"silent_failure_rate": Figure(n=0)}) for g in clean_only.groups)
    labels = [figure.label for figure in view_of(clean_only.model_copy(update={"groups": blind})).key_figures]
    assert labels == ["Clean accuracy"]


def test_families_stand_worst_first_and_untested_ones_last(black_box):
    rows = view_of(black_box).families
    assert [row.name for row in rows][:2] == ["mixed languages", "fragments"]
    assert (rows[-1].name, rows[-1].said) == ("slang", "not tested")
    assert rows[-1].reasons == ("not applicable: no message is in a language that it covers",)


def test_a_family_without_the_judged_severity_has_dashes(inspection):
    groups = tuple(group for group in inspection.groups if group.key != "typos/3")
    typos = next(
        row for row in view_of(inspection.model_copy(update={"groups": groups})).families if row.name == "typos"
    )
    assert (typos.accuracy[1].value, typos.change.value, typos.said) == ("–", "–", "–")


def test_reasons_that_repeat_a_check_are_dropped(inspection):
    check = next(check for check in inspection.checks if check.group == "real")
    group = inspection.group("real").model_copy(update={"reasons": (f"{check.bound}: {check.sentence}", "too few")})
    shown = view_of(inspection.model_copy(update={"groups": (inspection.groups[0], group)}))
    assert shown.real_groups[0].reasons == ("too few",)


def test_columns_that_nothing_is_known_of_are_hidden(view, black_box):
    assert (view.has_vocabulary, view.has_confidence) == (True, True)
    bare = view_of(black_box)
    assert (bare.has_vocabulary, bare.has_confidence, bare.bars) == (False, False, ())


def test_checks_stand_worst_first_in_the_unit_of_their_bound(view):
    first, last = view.checks[0], view.checks[-1]
    assert (first.verdict, first.limit.replace(NBSP, " ")) == ("fail", "at least −10 pp")
    assert last.verdict == "pass"
    assert view.counts == (("fail", 6), ("advisory", 0), ("pass", 4))


def test_a_check_of_unknown_bound_and_group_is_shown_all_the_same(inspection):
    odd = Check(bound="odd", group="gone", figure=Figure(n=0), limit=0.5, verdict="advisory", sentence="odd")
    (row,) = view_of(inspection.model_copy(update={"checks": (odd,)})).checks
    assert (row.group, row.limit.replace(NBSP, " "), row.cell.value) == ("gone", "50 %", "–")


def test_an_example_of_an_unknown_group_keeps_its_key(inspection):
    lost = inspection.examples[0].model_copy(update={"group": "real/gone"})
    assert view_of(inspection.model_copy(update={"examples": (lost,)})).examples[0].title == "real/gone"


def test_confusions_of_no_message_have_no_share(inspection):
    empty = inspection.confusions[0].model_copy(update={"count": 0, "of": 0})
    assert view_of(inspection.model_copy(update={"confusions": (empty,)})).confusions[0].width == 0.0


def test_sinks_of_real_messages_come_first(view):
    assert view.sinks[0].title == "real, all"
    assert view.sinks[1].share.at >= view.sinks[-1].share.at


def test_settings_say_what_is_needed_to_repeat_it(inspection):
    sampled = inspection.settings.model_copy(update={"sample": 1000, "oos_label": "oos"})
    pairs = dict(view_of(inspection.model_copy(update={"settings": sampled})).settings)
    assert (pairs["Sample"], pairs["Out-of-scope label"], pairs["Seed"]) == (
        "at most 1,000 messages",
        "oos",
        "0",
    )


def test_a_model_without_a_vocabulary_but_with_a_guard_says_so(inspection):
    card = inspection.model.model_copy(update={"vocabulary_size": None, "guarded": True})
    facts = dict(view_of(inspection.model_copy(update={"model": card})).facts)
    assert (facts["Answers"], facts["Guard"]) == ("10 classes", "has a guard")


def test_a_sparse_recall_leaves_dashes(inspection):
    group = inspection.group("real")
    recall = {"refund": group.recall["refund"], "new": Figure(n=0)}
    groups = (inspection.groups[0], group.model_copy(update={"recall": recall}))
    rows = dict(view_of(inspection.model_copy(update={"groups": groups})).recall)
    assert (rows["refund"][1].defined, rows["invoice"][1].value) == (True, "–")


def test_confusions_of_real_messages_come_first(inspection):
    turned = inspection.model_copy(update={"confusions": inspection.confusions[::-1]})
    assert [row.kind for row in view_of(turned).confusions] == ["real"] * 2 + ["perturbed"] * 2 + ["clean"]


def test_the_worst_family_is_the_least_accurate_one_at_the_judged_severity(inspection, clean_only):
    worst = worst_family(inspection, 3)
    assert worst.accuracy.value == min(g.accuracy.value for g in inspection.of_kind("perturbed") if g.severity == 3)
    assert worst_family(clean_only, None) is None


def test_only_where_wrong_answers_really_pile_up_is_a_sink_shown(inspection):
    shown = len(view_of(inspection).sinks)
    shallow = Sink(label="refund_status", share=Figure(value=0.12, low=0.05, high=0.2, n=40))
    groups = [g.model_copy(update={"sink": shallow}) if g.key == "real" else g for g in inspection.groups]
    assert len(view_of(inspection.model_copy(update={"groups": tuple(groups)})).sinks) == shown - 1
