"""What to read first: the messages, and the confusions, that show best what breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

import numpy as np

from roadworthy import metrics
from roadworthy.inspection.summary import Confusion, Example, Histogram, Kind
from roadworthy.redaction import redact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.data import Dataset
    from roadworthy.inspection.measure import Asked, Outcome
    from roadworthy.inspection.plan import Version
    from roadworthy.models import Vocabulary

EXAMPLES = 10
CONFUSIONS = 6
_PER_GROUP = 3


def pick_examples(
    outcomes: Sequence[Outcome],
    asked: Asked,
    texts: Sequence[str],
    clean: Dataset,
    vocabulary: Vocabulary | None,
    *,
    judged_severity: int,
) -> tuple[Example, ...]:
    """The ten messages to look at first: wrong answers that nobody was told of, the most confident ones first.

    Half are real messages where there are any; the groups take turns, and no message comes twice. Personal data is
    redacted.
    """
    pools: dict[str, list[Example]] = {"real": [], "perturbed": []}
    for outcome in outcomes:
        if outcome.labelled and _shows(outcome, outcomes, judged_severity):
            rows = _worst_rows(outcome, outcomes[0])
            pools[outcome.version.kind] += [
                _example(outcome, row, outcomes[0], asked, texts, clean, vocabulary) for row in rows
            ]
    return _ten(pools)


def pick_evidence(
    outcomes: Sequence[Outcome],
    asked: Asked,
    texts: Sequence[str],
    clean: Dataset,
    vocabulary: Vocabulary | None,
    *,
    judged_severity: int,
) -> tuple[Example, ...]:
    """Up to three wrong answers of every group that a bound may judge, and of the clean messages' worst class."""
    return tuple(
        _example(outcome, row, outcomes[0], asked, texts, clean, vocabulary)
        for outcome in outcomes
        if outcome.labelled and (outcome.version.whole or outcome.version.severity == judged_severity)
        for row in _evidence_rows(outcome, outcomes[0])
    )


def _ten(pools: dict[str, list[Example]]) -> tuple[Example, ...]:
    real = _distinct(_in_turns(pools["real"]))[:EXAMPLES]
    perturbed = _distinct(_in_turns(pools["perturbed"]))[:EXAMPLES]
    half = EXAMPLES - EXAMPLES // 2
    first = real[: max(half, EXAMPLES - len(perturbed))]
    return (*first, *perturbed[: EXAMPLES - len(first)])


def _shows(outcome: Outcome, outcomes: Sequence[Outcome], judged_severity: int) -> bool:
    version = outcome.version
    if version.kind == "perturbed":
        return version.severity == judged_severity
    by_kind = any(not other.version.whole for other in outcomes if other.version.kind == "real")
    return version.kind == "real" and version.whole != by_kind


def _worst_rows(outcome: Outcome, clean: Outcome) -> Iterator[int]:
    """Wrong answers by falling confidence; of perturbed messages only those whose clean copy was answered rightly."""
    bad = metrics.silent_failures(outcome.right, outcome.flagged)
    if outcome.version.kind == "perturbed":
        bad = bad & clean.right[outcome.version.rows]
    rows = np.flatnonzero(bad)
    confidence = np.nan_to_num(outcome.confidence[rows], nan=0.0)
    return (int(row) for row in rows[np.argsort(-confidence, kind="stable")][:_PER_GROUP])


def _evidence_rows(outcome: Outcome, clean: Outcome) -> list[int]:
    """Wrong answers that show why a group broke a bound, those that nobody was told of before the others.

    Of clean messages also some of the class that is answered rightly least often.
    """
    bad = ~outcome.right
    if outcome.version.kind == "perturbed":
        bad = bad & clean.right[outcome.version.rows]
    rows = _by_confidence(outcome, bad)
    if outcome.version.kind != "clean" or not len(rows):
        return rows[:_PER_GROUP]
    wrong = np.bincount(outcome.true[bad])
    worst = int(np.argmax(wrong / np.maximum(np.bincount(outcome.true, minlength=len(wrong))[: len(wrong)], 1)))
    of_worst = [row for row in rows if outcome.true[row] == worst][:_PER_GROUP]
    # Several bounds are about clean messages, and no message shall show two of them.
    return list(dict.fromkeys(rows[: 3 * _PER_GROUP] + of_worst))


def _by_confidence(outcome: Outcome, bad: NDArray[np.bool_]) -> list[int]:
    rows = np.flatnonzero(bad)
    order = np.lexsort((-np.nan_to_num(outcome.confidence[rows], nan=0.0), outcome.flagged[rows]))
    return [int(row) for row in rows[order]]


def _example(
    outcome: Outcome,
    row: int,
    clean_outcome: Outcome,
    asked: Asked,
    texts: Sequence[str],
    clean: Dataset,
    vocabulary: Vocabulary | None,
) -> Example:
    version = outcome.version
    original = texts[version.codes[row]]
    text = redact(original)
    source = int(version.rows[row]) if version.kind == "perturbed" else None
    return Example(
        group=_key(version),
        text=text,
        clean_text=None if source is None else redact(clean.texts[source]),
        label=asked.names[outcome.true[row]],
        predicted=asked.names[outcome.predicted[row]],
        confidence=_stated(outcome.confidence[row]),
        clean_confidence=None if source is None else _stated(clean_outcome.confidence[source]),
        unseen_words=_unseen(vocabulary, original, text),
        flagged=bool(outcome.flagged[row]),
    )


def _key(version: Version) -> str:
    """The key of the group that the messages make up."""
    if version.kind == "perturbed":
        return f"{version.name}/{version.severity}"
    return version.kind if version.whole else f"real/{version.name}"


def _unseen(vocabulary: Vocabulary | None, original: str, shown: str) -> tuple[str, ...]:
    """The unseen words of a message that still stand in the redacted one; its marks are no words of the user."""
    if vocabulary is None:
        return ()
    left = set(vocabulary.unseen(shown))
    return tuple(word for word in vocabulary.unseen(original) if word in left)


def _stated(confidence: float) -> float | None:
    return None if np.isnan(confidence) else float(confidence)


def _in_turns(examples: Sequence[Example]) -> list[Example]:
    """One of each group, then the next of each group, and so on."""
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(example.group, []).append(example)
    rounds = chain.from_iterable(zip_longest(*groups.values()))
    return [example for example in rounds if example is not None]


def _distinct(examples: Iterable[Example]) -> list[Example]:
    """Each original message once."""
    seen: dict[str, Example] = {}
    for example in examples:
        seen.setdefault(example.clean_text or example.text, example)
    return list(seen.values())


def count_confusions(outcomes: Sequence[Outcome], asked: Asked, *, judged_severity: int) -> tuple[Confusion, ...]:
    """For each kind of messages the commonest wrong answers, counted over the judged severity.

    A message that several families lead to the same wrong answer counts once.
    """
    found: list[Confusion] = []
    for kind, chosen in _by_kind(outcomes, judged_severity).items():
        rows = np.concatenate([outcome.version.rows for outcome in chosen])
        true = np.concatenate([outcome.true for outcome in chosen])
        predicted = np.concatenate([outcome.predicted for outcome in chosen])
        bad = np.concatenate([~outcome.right for outcome in chosen])
        wrong = np.unique(np.column_stack([rows, true, predicted])[bad], axis=0)
        counts = Counter(map(tuple, wrong[:, 1:].tolist()))
        totals = Counter(np.unique(np.column_stack([rows, true]), axis=0)[:, 1].tolist())
        found += [
            Confusion(kind=kind, label=asked.names[label], predicted=asked.names[answer], count=count, of=totals[label])
            for (label, answer), count in counts.most_common(CONFUSIONS)
        ]
    return tuple(found)


def count_histograms(outcomes: Sequence[Outcome], *, judged_severity: int) -> tuple[Histogram, ...]:
    """For each kind of messages how confident right and wrong answers were; none where no confidence is stated."""
    found = []
    for kind, chosen in _by_kind(outcomes, judged_severity).items():
        confidence = np.concatenate([outcome.confidence for outcome in chosen])
        right = np.concatenate([outcome.right for outcome in chosen])
        if not np.isnan(confidence).all():
            found.append(
                Histogram(
                    kind=kind,
                    right=metrics.confidence_histogram(confidence, right),
                    wrong=metrics.confidence_histogram(confidence, ~right),
                )
            )
    return tuple(found)


def _by_kind(outcomes: Sequence[Outcome], judged_severity: int) -> dict[Kind, list[Outcome]]:
    """The labelled messages of each kind once: perturbed ones at the judged severity, real ones not by kind again."""
    chosen: dict[Kind, list[Outcome]] = {}
    for outcome in outcomes:
        version = outcome.version
        counted = version.severity == judged_severity if version.kind == "perturbed" else version.whole
        if counted and outcome.labelled and len(version.rows):
            chosen.setdefault(version.kind, []).append(outcome)
    return chosen
