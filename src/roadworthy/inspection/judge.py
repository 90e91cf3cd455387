"""Bounds and verdicts: an interval wholly within its bound passes, wholly beyond it fails, else it is an advisory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from roadworthy.inspection.summary import Bound, Check, Figure, Finding, Group, Verdict

BOUNDS = (
    Bound(
        name="clean accuracy",
        metric="accuracy",
        applies_to="clean",
        limit=0.80,
        at_most=False,
        sentence="At least 80 % of the clean in-scope messages are answered correctly.",
    ),
    Bound(
        name="drop under noise",
        metric="difference",
        applies_to="perturbed",
        limit=-0.10,
        at_most=False,
        sentence="User noise of the judged severity costs at most 10 points of accuracy.",
    ),
    Bound(
        name="drop on real messages",
        metric="difference",
        applies_to="real",
        limit=-0.10,
        at_most=False,
        sentence="Real in-scope messages are answered at most 10 points worse than clean ones.",
    ),
    Bound(
        name="silent failures",
        metric="silent_failure_rate",
        applies_to="real",
        limit=0.20,
        at_most=True,
        sentence="At most 20 % of all real messages are answered wrongly without a warning.",
    ),
    Bound(
        name="silent failures on clean messages",
        metric="silent_failure_rate",
        applies_to="clean",
        limit=0.20,
        at_most=True,
        sentence="Where clean messages are out of scope, at most 20 % of all clean messages are answered wrongly "
        "without a warning.",
    ),
)

LEAST_CHANGED = 0.2
_RANK: dict[str, int] = {"pass": 0, "note": 0, "advisory": 1, "fail": 2}
_VERDICTS: tuple[Verdict, ...] = ("pass", "advisory", "fail")


def judge(groups: Sequence[Group], judged_severity: int) -> tuple[tuple[Group, ...], tuple[Check, ...]]:
    """The groups with their verdicts, and each bound held against the groups that it applies to."""
    checks = [check(bound, group) for group in groups for bound in BOUNDS if _applies(bound, group, judged_severity)]
    return tuple(_with_verdict(group, checks) for group in groups), tuple(checks)


def _applies(bound: Bound, group: Group, judged_severity: int) -> bool:
    if bound.applies_to != group.kind or group.n == 0:
        return False
    if bound.applies_to == "clean" and bound.metric == "silent_failure_rate" and not group.out_of_scope:
        return False
    return group.severity == judged_severity if group.kind == "perturbed" else group.key in ("clean", "real")


def check(bound: Bound, group: Group) -> Check:
    """Hold one bound against one group by the interval of its figure."""
    figure: Figure = getattr(group, bound.metric)
    verdict = "advisory" if changed_too_few(group) else hold(figure, bound.limit, at_most=bound.at_most)
    return Check(
        bound=bound.name,
        group=group.key,
        figure=figure,
        limit=bound.limit,
        verdict=verdict,
        sentence=_sentence(bound, figure, verdict),
    )


def hold(figure: Figure, limit: float, *, at_most: bool) -> Verdict:
    """Pass where the whole interval keeps the limit, fail where none of it does, else advisory.

    Examples
    --------
    >>> hold(Figure(value=0.7, low=0.65, high=0.75, n=300), 0.8, at_most=False)
    'fail'
    >>> hold(Figure(value=0.82, low=0.76, high=0.88, n=150), 0.8, at_most=False)
    'advisory'
    """
    if figure.low is None or figure.high is None:
        return "advisory"
    low, high, limit = (-figure.high, -figure.low, -limit) if at_most else (figure.low, figure.high, limit)
    return "pass" if low >= limit else "fail" if high < limit else "advisory"


def _sentence(bound: Bound, figure: Figure, verdict: Verdict) -> str:
    """The bound and the figure in words: shares in per cent, differences in points."""
    outcome = {"pass": "kept", "advisory": "cannot be told from these messages", "fail": "broken"}[verdict]
    name, unit = _WORDS[bound.metric]
    side = "at most" if bound.at_most else "at least"
    return f"{name} {_in_words(figure, unit)}, the bound is {side} {_number(bound.limit, unit)}: {outcome}"


# A metric and its unit, as a sentence has them.
_WORDS = {
    "accuracy": ("accuracy is", " %"),
    "difference": ("accuracy changes by", " points"),
    "silent_failure_rate": ("silent failures are", " %"),
}


def _in_words(figure: Figure, unit: str) -> str:
    if figure.value is None:
        return "unknown"
    interval = (
        ""
        if figure.low is None or figure.high is None
        else (f"{_number(figure.low, '')} to {_number(figure.high, '')}, ")
    )
    return f"{_number(figure.value, unit)} ({interval}n={figure.n:,})"


def _number(value: float, unit: str) -> str:
    return f"{value * 100:.0f}{unit}".replace("-", "−")


def _with_verdict(group: Group, checks: Iterable[Check]) -> Group:
    own = [held for held in checks if held.group == group.key]
    verdict: Verdict | None = worst(held.verdict for held in own) if own else None
    reasons = [f"{held.bound}: {held.sentence}" for held in own if held.verdict != "pass"]
    if group.n == 0:
        return group.model_copy(update={"reasons": ("not applicable: no message is in a language that it covers",)})
    if group.kind == "real" and not own:
        return _with_advisory(group)
    if changed_too_few(group):
        changed = group.changed.value if group.changed and group.changed.value is not None else 0.0
        verdict = "advisory"
        reasons = [f"not tested: it changed only {changed:.0%} of the messages"]
    return group.model_copy(update={"verdict": verdict, "reasons": tuple(reasons)})


def _with_advisory(group: Group) -> Group:
    """A kind of real messages does not fail a model by itself, but one that breaks the bound is never passed over."""
    bound = next(bound for bound in BOUNDS if bound.applies_to == "real" and bound.metric == "difference")
    if hold(group.difference, bound.limit, at_most=bound.at_most) != "fail":
        return group
    reason = f"{bound.name}: {_sentence(bound, group.difference, 'fail')}"
    return group.model_copy(update={"verdict": "advisory", "reasons": (reason,)})


def changed_too_few(group: Group) -> bool:
    """Whether it tested nothing; a profile changes as many messages as its users do, be they few, but never none."""
    if group.changed is None or group.changed.value is None:
        return False
    return group.changed.value < LEAST_CHANGED if group.profile is None else not group.changed.value


def worst(verdicts: Iterable[str]) -> Verdict:
    """The worst of verdicts and levels of findings; pass for none.

    Examples
    --------
    >>> worst(["pass", "fail", "advisory"])
    'fail'
    """
    return _VERDICTS[max((_RANK[verdict] for verdict in verdicts), default=0)]


def overall(groups: Iterable[Group], findings: Iterable[Finding]) -> Verdict:
    """The verdict on the model: the worst of all groups and findings."""
    return worst([*(group.verdict for group in groups if group.verdict), *(finding.level for finding in findings)])
