"""A realistic inspection made by hand: a shop's support desk with ten intents and a linear model."""

from datetime import UTC, datetime

import pytest

from roadworthy.inspection.summary import (
    Bound,
    Check,
    Confusion,
    Cost,
    DataCard,
    Example,
    Figure,
    Finding,
    Group,
    Histogram,
    Inspection,
    ModelCard,
    Settings,
    Sink,
)
from roadworthy.metrics import Interval, difference, proportion

CLASSES = (
    "cancel_order",
    "change_address",
    "damaged_item",
    "delivery_time",
    "invoice",
    "login_problem",
    "order_status",
    "payment_failed",
    "refund",
    "return_item",
)
CLEAN = (240, 231)
FAMILIES = {
    "typos": (219, 187, 142),
    "slang": (214, 171, 118),
    "emoji": (229, 222, 209),
    "fragments": (205, 168, 131),
    "mixed_languages": (196, 149, 97),
    "casing": (231, 231, 231),
    "punctuation": (231, 230, 227),
}
SEVERITIES = (1, 3, 5)
REAL = {
    "slang": (40, 19),
    "emoji": (36, 24),
    "short": (44, 21),
    "misspelt": (42, 20),
    "mixed": (31, 9),
    "angry": (38, 27),
    "several": (29, 15),
}
OUT_OF_SCOPE = 60
SCRIPT = (
    "<script>alert('x')</script> | [click](http://evil.example) @you \x1b[31mred \u202ebackwards [bold]x[/x] :bomb:"
)


def share(k: int, n: int) -> Figure:
    return Figure.of(proportion(k, n), n)


def around(value: float, half: float, n: int) -> Figure:
    return Figure.of(Interval(value, max(0.0, value - half), min(1.0, value + half)), n)


def change(k: int, n: int) -> Figure:
    return Figure.of(difference(k, n, CLEAN[1], CLEAN[0]), n) if n else Figure(n=0)


def make_group(kind: str, name: str, n: int, right: int, *, severity: int | None = None, oos: int = 0) -> Group:
    scope = n - oos
    accuracy = right / scope if scope else 0.3
    nothing = Figure(n=0)
    wrong = n - right
    return Group(
        kind=kind,
        name=name,
        severity=severity,
        n=n,
        out_of_scope=oos,
        changed=share(round(n * 0.93), n) if kind == "perturbed" else None,
        accuracy=share(right, scope),
        accuracy_all=share(right, n),
        difference=nothing if kind == "clean" else change(right, scope),
        flip_rate=share(round(n * (1 - accuracy) * 0.96), n) if kind == "perturbed" else nothing,
        mean_confidence=around(0.45 + 0.42 * accuracy, 0.03, n),
        calibration_error=around(0.04 + 0.3 * (1 - accuracy), 0.03, scope) if scope else nothing,
        oov_rate=around(0.03 + 0.6 * (1 - accuracy), 0.02, n),
        silent_failure_rate=share(wrong, n),
        coverage=share(n, n),
        recall={label: share(round(accuracy * 23) + i % 3 - 1, 25) for i, label in enumerate(CLASSES)} if scope else {},
        sink=Sink(label="order_status", share=share(round(wrong * 0.52), wrong)) if wrong > 15 else None,
    )


BOUNDS = (
    Bound(
        name="clean accuracy",
        metric="accuracy",
        applies_to="clean",
        limit=0.9,
        at_most=False,
        sentence="Accuracy on clean messages is at least 90 %.",
    ),
    Bound(
        name="drop",
        metric="difference",
        applies_to="perturbed",
        limit=-0.1,
        at_most=False,
        sentence="At severity 3, no family costs more than 10 percentage points of accuracy.",
    ),
    Bound(
        name="real accuracy",
        metric="accuracy",
        applies_to="real",
        limit=0.75,
        at_most=False,
        sentence="In-scope accuracy on real messages is at least 75 %.",
    ),
    Bound(
        name="silent failures",
        metric="silent_failure_rate",
        applies_to="real",
        limit=0.15,
        at_most=True,
        sentence="At most 15 % of real messages are answered wrongly without a warning.",
    ),
)


def make_check(bound: Bound, group: Group) -> Check:
    figure = getattr(group, bound.metric)
    value, low, high = (figure.value or 0, figure.low or 0, figure.high or 0)
    kept, sure = (
        (value <= bound.limit, high <= bound.limit) if bound.at_most else (value >= bound.limit, low >= bound.limit)
    )
    verdict = "pass" if sure else "advisory" if kept else "fail"
    asked = "at most" if bound.at_most else "at least"
    return Check(
        bound=bound.name,
        group=group.key,
        figure=figure,
        limit=bound.limit,
        verdict=verdict,
        sentence=f"{bound.metric} of {group.key} is {figure}, {asked} {bound.limit} is asked.",
    )


def judge(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    rank = ("pass", "advisory", "fail")
    checks = make_checks(groups)
    return tuple(
        group.model_copy(
            update={"verdict": max((c.verdict for c in checks if c.group == group.key), key=rank.index, default=None)}
        )
        for group in groups
    )


def make_groups() -> tuple[Group, ...]:
    perturbed = [
        make_group("perturbed", name, 240, right, severity=severity)
        for name, rights in FAMILIES.items()
        for severity, right in zip(SEVERITIES, rights, strict=True)
    ]
    n = sum(n for n, _ in REAL.values()) + OUT_OF_SCOPE
    right = sum(right for _, right in REAL.values())
    real = [make_group("real", "all", n, right, oos=OUT_OF_SCOPE)]
    real += [make_group("real", kind, n, right) for kind, (n, right) in REAL.items()]
    real.append(make_group("real", "out_of_scope", OUT_OF_SCOPE, 0, oos=OUT_OF_SCOPE))
    return judge((make_group("clean", "clean", *CLEAN), *perturbed, *real))


def make_checks(groups: tuple[Group, ...]) -> tuple[Check, ...]:
    judged = [g for g in groups if g.kind != "perturbed" or g.severity == 3]
    judged = [g for g in judged if g.kind != "real" or g.name == "all"]
    return tuple(make_check(b, g) for b in BOUNDS for g in judged if b.applies_to == g.kind)


def make_examples() -> tuple[Example, ...]:
    def example(group: str, text: str, label: str, predicted: str, confidence: float, **more: object) -> Example:
        return Example(group=group, text=text, label=label, predicted=predicted, confidence=confidence, **more)

    return (
        example(
            "real/slang",
            "yo wheres my stuff at its been like 2 wks smh",
            "delivery_time",
            "login_problem",
            0.94,
            unseen_words=("yo", "wheres", "wks", "smh"),
        ),
        example(
            "typos/3",
            "I wnat to retrun the jakcet I bougth last weke",
            "return_item",
            "order_status",
            0.88,
            clean_text="I want to return the jacket I bought last week",
            clean_confidence=0.97,
            unseen_words=("wnat", "retrun", "jakcet", "bougth", "weke"),
        ),
        example(
            "mixed_languages/3",
            "hola my pago didn't go through otra vez",
            "payment_failed",
            "order_status",
            0.81,
            clean_text="Hello, my payment didn't go through again",
            clean_confidence=0.99,
            unseen_words=("hola", "pago", "otra", "vez"),
        ),
        example(
            "real/emoji",
            "📦💔 arrived like this 😡😡",
            "damaged_item",
            "order_status",
            0.77,
            unseen_words=("📦💔",),
        ),
        example("real/out_of_scope", SCRIPT, "out_of_scope", "refund", 0.71),
        example("real/angry", "REFUND" + "!" * 30 + " " + "a" * 600, "refund", "invoice", 0.69, flagged=True),
        example(
            "real/mixed",
            "اريد إلغاء الطلب please",
            "cancel_order",
            "order_status",
            0.66,
            unseen_words=("اريد",),
        ),
    )


def make_histograms() -> tuple[Histogram, ...]:
    return (
        Histogram(kind="clean", right=(0, 0, 0, 1, 3, 6, 14, 27, 58, 122), wrong=(0, 0, 0, 1, 2, 1, 2, 1, 1, 1)),
        Histogram(
            kind="perturbed",
            right=(0, 2, 31, 98, 187, 305, 466, 702, 981, 1148),
            wrong=(0, 9, 88, 154, 178, 161, 155, 149, 133, 93),
        ),
        Histogram(
            kind="real",
            right=(0, 1, 4, 9, 14, 18, 22, 26, 24, 17),
            wrong=(0, 2, 14, 24, 28, 30, 31, 25, 18, 13),
        ),
    )


def make_inspection(**changes: object) -> Inspection:
    """Make the whole inspection; changes replace fields of it."""
    groups = make_groups()
    n_real = next(group.n for group in groups if group.key == "real")
    whole = Inspection(
        roadworthy_version="0.1.0",
        created=datetime(2025, 3, 14, 9, 26, tzinfo=UTC),
        model=ModelCard(
            name="support-desk",
            type="CountVectorizer + LogisticRegression",
            classes=CLASSES,
            vocabulary_size=812,
        ),
        clean=DataCard(name="clean_test.csv", n=240, sha256="9f2c" * 16, labelled=True, classes=10),
        real=DataCard(
            name="chat_export.csv",
            n=n_real,
            sha256="41ab" * 16,
            labelled=True,
            classes=11,
            kinds=(*REAL, "out_of_scope"),
        ),
        settings=Settings(suite="standard", families=tuple(FAMILIES), severities=SEVERITIES, judged_severity=3, seed=0),
        cost=Cost(asked=5600, predicted=4312, cpu_seconds_per_1000=0.042, memory_mb=3.4, memory_batch=1000),
        verdict="fail",
        groups=groups,
        checks=make_checks(groups),
        bounds=BOUNDS,
        findings=(
            Finding(
                level="note",
                code="small_kinds",
                message="7 kinds of real messages hold fewer than 50 messages each.",
            ),
            Finding(
                level="advisory",
                code="no_guard",
                message="The model has no guard, so every answer counts as trusted and coverage is 100 %.",
            ),
            Finding(
                level="advisory",
                code="clean_in_training",
                message="12 of 240 clean messages also stand in the training messages; that flatters.",
            ),
        ),
        examples=make_examples(),
        confusions=(
            Confusion(kind="real", label="delivery_time", predicted="order_status", count=18, of=26),
            Confusion(kind="real", label="refund", predicted="return_item", count=9, of=27),
            Confusion(kind="perturbed", label="payment_failed", predicted="order_status", count=161, of=504),
            Confusion(kind="perturbed", label="return_item", predicted="refund", count=97, of=504),
            Confusion(kind="clean", label="refund", predicted="return_item", count=3, of=24),
        ),
        histograms=make_histograms(),
    )
    return whole.model_copy(update=changes)


@pytest.fixture(scope="session")
def inspection() -> Inspection:
    return make_inspection()


@pytest.fixture(scope="session")
def clean_only() -> Inspection:
    groups = tuple(group for group in make_groups() if group.kind == "clean")
    return make_inspection(
        real=None,
        groups=groups,
        verdict="pass",
        checks=make_checks(groups),
        findings=(),
        examples=(),
        confusions=(),
        histograms=(),
    )


@pytest.fixture(scope="session")
def unlabelled() -> Inspection:
    """Real messages without labels, from a model that has a vocabulary and states confidence."""
    nothing = Figure(n=0)
    whole = make_inspection()
    blind = dict.fromkeys(
        ("accuracy", "accuracy_all", "difference", "calibration_error", "silent_failure_rate"), nothing
    )
    groups = tuple(
        group.model_copy(update={**blind, "recall": {}, "sink": None, "verdict": None})
        if group.kind == "real"
        else group
        for group in whole.groups
    )
    assert whole.real is not None
    return whole.model_copy(
        update={
            "real": whole.real.model_copy(update={"labelled": False, "classes": 0}),
            "groups": groups,
            "checks": make_checks(tuple(g for g in groups if g.kind != "real")),
            "histograms": whole.histograms[:2],
        }
    )


@pytest.fixture(scope="session")
def black_box() -> Inspection:
    """Inspect a model that states no confidence and has no vocabulary; one family could not be tested."""
    nothing = Figure(n=0)
    groups = tuple(
        g.model_copy(update={"mean_confidence": nothing, "calibration_error": nothing, "oov_rate": nothing})
        for g in make_groups()
    )
    untested = dict.fromkeys(("accuracy", "accuracy_all", "difference", "flip_rate", "silent_failure_rate"), nothing)
    reason = "not applicable: no message is in a language that it covers"
    groups = tuple(
        g.model_copy(update={**untested, "n": 0, "verdict": None, "reasons": (reason,), "sink": None})
        if g.name == "slang" and g.kind == "perturbed"
        else g
        for g in groups
    )
    examples = tuple(e.model_copy(update={"confidence": None, "unseen_words": ()}) for e in make_examples())
    return make_inspection(groups=groups, histograms=(), examples=examples)
