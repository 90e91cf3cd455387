"""What to do next, derived from what was found; each rule looks at figures and says one thing, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from roadworthy.errors import counted
from roadworthy.report.wording import REAL, adjective, cell, group_words, listed, name_words, percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from roadworthy.inspection.summary import Figure, Group, Inspection

UNSEEN_RISE = 0.1
OVERCONFIDENCE = 0.1
SILENT_FAILURES = 0.1
SINK_SHARE = 0.4
FEWEST_WRONG = 20
WIDEST_INTERVAL = 0.2


@dataclass(frozen=True)
class Advice:
    """A step to take, and the figures that ask for it."""

    title: str
    text: str


def advise(inspection: Inspection) -> tuple[Advice, ...]:
    """Collect the steps that the figures ask for, in the order to take them; at least one."""
    steps = [step for rule in RULES if (step := rule(inspection)) is not None]
    return tuple(steps) or (
        Advice(
            "Ship it, and keep watching",
            "Keep this report with the model, and inspect again with newer messages: what users write changes.",
        ),
    )


def _mend_findings(found: Inspection) -> Advice | None:
    if not any(finding.level == "fail" for finding in found.findings):
        return None
    return Advice(
        "Mend the findings first",
        "A finding above makes the figures themselves doubtful. Mend it and inspect again before acting on the rest.",
    )


def _hold_out(found: Inspection) -> Advice | None:
    for finding in found.findings:
        if finding.code == "clean_in_training":
            return Advice(
                "Inspect on messages held out from training",
                "The clean accuracy is the yardstick of every drop, and it is flattered. Take the "
                "training messages out of the clean ones, and inspect again.",
            )
    return None


def _train_on_noise(found: Inspection) -> Advice | None:
    usual = _clean_value(found, "oov_rate")
    worst = _highest(found, "oov_rate")
    if usual is None or worst is None or _value(worst.oov_rate) - usual < UNSEEN_RISE:
        return None
    failing = _failing(found)
    where = f" Begin with what failed: {listed(failing)}." if failing else ""
    return Advice(
        "Train with perturbed copies of the messages",
        f"{percent(worst.oov_rate.value)} of the words in {_words(worst, found)} are not in the "
        f"model's vocabulary, against {percent(usual)} in clean ones. Train again on the messages together with "
        f"perturbed copies of them, with features below the word (character n-grams) or an encoder.{where}",
    )


def _harden(found: Inspection) -> Advice | None:
    failing = _failing(found)
    if not failing or _train_on_noise(found) is not None:
        return None
    return Advice(
        "Train with perturbed copies of the messages",
        f"{_these(found)} failed: {listed(failing)}. Train again on the messages together with "
        "copies perturbed in the same way; the label of a copy is that of its message.",
    )


def _failing(found: Inspection) -> list[str]:
    """What failed at the judged severity, each once: families, and the profile."""
    groups = [group for group in found.of_kind("perturbed") if group.verdict == "fail"]
    told = (name_words(g.name) if g.profile is None else f"the profile {name_words(g.profile)}" for g in groups)
    return list(dict.fromkeys(told))


def _these(found: Inspection) -> str:
    alone = all(group.profile is None for group in found.of_kind("perturbed") if group.verdict == "fail")
    return "These families" if alone else "These"


def _calibrate(found: Inspection) -> Advice | None:
    worst = max(_measured(found), key=_overconfidence, default=None)
    if worst is None or _overconfidence(worst) < OVERCONFIDENCE:
        return None
    return Advice(
        "Calibrate the model",
        f"On {_words(worst, found)} it is {percent(worst.mean_confidence.value)} confident and "
        f"{percent(worst.accuracy_all.value)} right: its confidence cannot be relied on to catch wrong "
        "answers. Calibrate on held-out messages that look like those of real users.",
    )


def _add_guard(found: Inspection) -> Advice | None:
    worst = _highest(found, "silent_failure_rate")
    if worst is None or _value(worst.silent_failure_rate) < SILENT_FAILURES:
        return None
    rate = cell(worst.silent_failure_rate)
    said = f"{rate} of {_words(worst, found)} were answered wrongly without a warning."
    if found.model.guarded:
        return Advice("Tighten the guard", f"{said} Let the guard flag more, and hand flagged messages to people.")
    return Advice(
        "Add a guard",
        f"{said} Add one that flags doubtful messages, and hand those to people.",
    )


def _out_of_scope(found: Inspection) -> Advice | None:
    asked = [group for group in found.groups if group.out_of_scope and group.accuracy_all.value is not None]
    worst = max(asked, key=lambda group: group.out_of_scope, default=None)
    if worst is None:
        return None
    if found.settings.oos_label in found.model.classes:
        return Advice(
            "Watch what is out of scope",
            f"{worst.out_of_scope:,} of {worst.n:,} {_words(worst, found)} are out of scope. "
            f"Read those answered with a label other than '{found.settings.oos_label}', and train on "
            "messages like them.",
        )
    or_guard = "" if found.model.guarded else ", or a guard that flags them"
    return Advice(
        "Give out-of-scope messages a way out",
        f"{worst.out_of_scope:,} of {worst.n:,} {_words(worst, found)} are out of scope, and the model has "
        f"no label for them. Add an out-of-scope label with examples{or_guard}.",
    )


def _empty_the_sink(found: Inspection) -> Advice | None:
    sinks = [(group, group.sink) for group in found.groups if group.sink and group.sink.share.n >= FEWEST_WRONG]
    sinks = [pair for pair in sinks if pair[0].key == "real"] or sinks
    group, sink = max(sinks, key=lambda pair: _value(pair[1].share), default=(None, None))
    if group is None or sink is None or _value(sink.share) < SINK_SHARE:
        return None
    return Advice(
        f"Look at the label '{sink.label}'",
        f"{percent(sink.share.value)} of the wrong answers on {_words(group, found)} are '{sink.label}'. "
        "See whether it has more training messages than the others, or vaguer ones.",
    )


def _more_messages(found: Inspection) -> Advice | None:
    wide = [g for g in (*found.of_kind("clean"), *found.of_kind("real")) if _is_wide(g.accuracy)]
    if not wide:
        return None
    worst = max(wide, key=lambda group: _value(group.accuracy, "high") - _value(group.accuracy, "low"))
    return Advice(
        "Collect more messages",
        f"The accuracy on {_words(worst, found)} lies anywhere from {cell(worst.accuracy).interval}, as it "
        f"comes from {counted(worst.accuracy.n, 'message')}. Four times as many messages halve an interval.",
    )


def _bring_real_messages(found: Inspection) -> Advice | None:
    real = adjective(found)
    if found.real is None or real != REAL:
        these = "Perturbed" if found.real is None else f"Perturbed and {real}"
        return Advice(
            "Inspect on messages from your users",
            f"{these} messages only imitate users. Label a few hundred messages that real users sent, "
            "and give them with roadworthy inspect MODEL CLEAN --real FILE.",
        )
    if not found.real.labelled:
        return Advice(
            f"Label some of the {real} messages",
            f"The {found.real.n:,} {real} messages have no labels, so their accuracy is unknown. A random "
            "few hundred of them, labelled, are enough to measure it.",
        )
    return None


RULES: tuple[Callable[[Inspection], Advice | None], ...] = (
    _mend_findings,
    _hold_out,
    _train_on_noise,
    _harden,
    _calibrate,
    _add_guard,
    _out_of_scope,
    _empty_the_sink,
    _more_messages,
    _bring_real_messages,
)


def _words(group: Group, found: Inspection) -> str:
    return group_words(group, adjective(found))


def _value(figure: Figure, part: str = "value") -> float:
    value: float | None = getattr(figure, part)
    return 0.0 if value is None else value


def _clean_value(found: Inspection, metric: str) -> float | None:
    return next((getattr(group, metric).value for group in found.of_kind("clean")), None)


def _highest(found: Inspection, metric: str) -> Group | None:
    """Find the noisy group in which a metric is highest: that of all real messages where it is known."""
    real = [g for g in found.of_kind("real") if g.name == "all" and getattr(g, metric).value is not None]
    known = [g for g in found.groups if g.kind != "clean" and getattr(g, metric).value is not None]
    return max(real or known, key=lambda group: _value(getattr(group, metric)), default=None)


def _measured(found: Inspection) -> list[Group]:
    known = [g for g in found.groups if g.mean_confidence.value is not None and g.accuracy_all.value is not None]
    return [group for group in known if group.key == "real"] or known


def _overconfidence(group: Group) -> float:
    return _value(group.mean_confidence) - _value(group.accuracy_all)


def _is_wide(figure: Figure) -> bool:
    return figure.low is not None and figure.high is not None and figure.high - figure.low > WIDEST_INTERVAL
