"""Every step is asked for by a figure, and nothing is asked for without one."""

from roadworthy.inspection.summary import Figure, Finding
from roadworthy.report.advice import advise


def titles(inspection):
    return [step.title for step in advise(inspection)]


def without(inspection, *metrics):
    nothing = dict.fromkeys(metrics, Figure(n=0))
    return inspection.model_copy(update={"groups": tuple(g.model_copy(update=nothing) for g in inspection.groups)})


def test_a_brittle_model_gets_its_steps_in_order(inspection):
    assert titles(inspection) == [
        "Inspect on messages held out from training",
        "Train with perturbed copies of the messages",
        "Calibrate the model",
        "Add a guard",
        "Give out-of-scope messages a way out",
        "Look at the label 'order_status'",
        "Collect more messages",
    ]


def test_a_failed_finding_is_mended_first(inspection):
    failed = Finding(level="fail", code="nothing_tested", message="Nothing was tested.")
    assert titles(inspection.model_copy(update={"findings": (failed,)}))[0] == "Mend the findings first"


def test_failed_families_ask_for_training_even_without_a_vocabulary(black_box):
    step = next(step for step in advise(black_box) if step.title.startswith("Train"))
    assert step.text.startswith("These families failed: typos, fragments and mixed languages.")


def test_unseen_words_ask_for_training_even_where_nothing_failed(inspection):
    calm = tuple(group.model_copy(update={"verdict": None}) for group in inspection.groups)
    step = next(s for s in advise(inspection.model_copy(update={"groups": calm})) if s.title.startswith("Train"))
    assert "Begin with" not in step.text


def test_a_guarded_model_is_told_to_tighten_its_guard(inspection):
    guarded = inspection.model_copy(update={"model": inspection.model.model_copy(update={"guarded": True})})
    assert "Tighten the guard" in titles(guarded)


def test_a_model_with_an_out_of_scope_label_is_told_to_watch_it(inspection):
    settings = inspection.settings.model_copy(update={"oos_label": "none_of_these"})
    card = inspection.model.model_copy(update={"classes": (*inspection.model.classes, "none_of_these")})
    labelled = inspection.model_copy(update={"settings": settings, "model": card})
    assert "Watch what is out of scope" in titles(labelled)
    assert "Watch what is out of scope" not in titles(inspection.model_copy(update={"settings": settings}))


def test_unlabelled_real_messages_ask_for_labels(unlabelled):
    assert titles(unlabelled)[-1] == "Label some of the real messages"


def test_without_real_messages_they_are_asked_for(clean_only):
    assert titles(clean_only) == ["Inspect on messages from your users"]


def test_unknown_figures_ask_for_nothing(inspection):
    blind = without(
        inspection, "accuracy", "accuracy_all", "mean_confidence", "oov_rate", "silent_failure_rate"
    ).model_copy(update={"findings": ()})
    calm = tuple(group.model_copy(update={"sink": None, "verdict": None}) for group in blind.groups)
    assert titles(blind.model_copy(update={"groups": calm})) == ["Ship it, and keep watching"]


def test_a_shallow_sink_is_no_sink(inspection):
    def shallow(group):
        sink = group.sink and group.sink.model_copy(update={"share": Figure(value=0.2, low=0.1, high=0.3, n=90)})
        return group.model_copy(update={"sink": sink})

    groups = tuple(shallow(group) for group in inspection.groups)
    assert not any("label '" in title for title in titles(inspection.model_copy(update={"groups": groups})))
