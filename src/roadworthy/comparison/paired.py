"""The figures of a comparison, from the answers of two models to the same messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy import metrics
from roadworthy.comparison.summary import Compared, ComparedSlice, Shown
from roadworthy.inspection import Figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.inspection.measure import Outcome
    from roadworthy.inspection.plan import Version

# A difference counts as shown where its corrected p-value is below this; intervals have the level 1 - ALPHA.
ALPHA = 0.05


@dataclass(frozen=True, eq=False)
class Pair:
    """What both models answered to the messages of one group, in the same order."""

    a: Outcome
    b: Outcome

    @property
    def version(self) -> Version:
        """The messages."""
        return self.a.version

    @property
    def broken(self) -> NDArray[np.bool_]:
        """Which messages only a answers rightly, shape (n,)."""
        return self._known(self.a.right & ~self.b.right)

    @property
    def mended(self) -> NDArray[np.bool_]:
        """Which messages only b answers rightly, shape (n,)."""
        return self._known(self.b.right & ~self.a.right)

    def _known(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return chosen & self.a.labelled


def compare_group(pair: Pair, key: str, *, judged: bool) -> Compared:
    """The figures of one group; those that need labels are undefined without them."""
    version, a, b = pair.version, pair.a, pair.b
    silent_a, silent_b = (metrics.silent_failures(side.right, side.flagged) for side in (a, b))
    known = np.full(len(version.rows), a.labelled)
    silent = _shares(silent_a, silent_b, known)
    return Compared(
        key=key,
        kind=version.kind,
        name=version.name,
        severity=version.severity,
        judged=judged,
        n=len(version.rows),
        **paired_figures(pair, known),
        silent_failure_a=silent["a"],
        silent_failure_b=silent["b"],
        silent_failure_difference=silent["difference"],
        silent_failure_p_value=silent["p_value"],
        disagreement=_share(a.predicted != b.predicted),
        could_show=_could_show(pair, known & a.in_scope),
    )


def paired_figures(pair: Pair, chosen: NDArray[np.bool_]) -> dict[str, Any]:
    """Accuracy of both on some messages of a group, and how they differ, as fields of `Compared`."""
    scope = chosen & pair.a.in_scope & pair.a.labelled
    shares = _shares(pair.a.right, pair.b.right, scope)
    return {
        "accuracy_a": shares["a"],
        "accuracy_b": shares["b"],
        "difference": shares["difference"],
        "p_value": shares["p_value"],
        "broken": int(np.sum(pair.broken & chosen)),
        "mended": int(np.sum(pair.mended & chosen)),
    }


def _shares(a: NDArray[np.bool_], b: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> dict[str, Any]:
    a, b = a[chosen], b[chosen]
    lost, gained = int(np.sum(a & ~b)), int(np.sum(b & ~a))
    return {
        "a": _share(a),
        "b": _share(b),
        "difference": Figure.of(metrics.paired_difference(a, b), len(a)),
        "p_value": metrics.mcnemar(lost, gained) if len(a) else None,
    }


def _share(chosen: NDArray[np.bool_]) -> Figure:
    return Figure.of(metrics.proportion(int(np.sum(chosen)), len(chosen)), len(chosen))


def _could_show(pair: Pair, chosen: NDArray[np.bool_]) -> float | None:
    n = int(np.sum(chosen))
    if not n:
        return None
    return metrics.smallest_drop_shown(n, discordant=float(np.mean((pair.broken | pair.mended)[chosen])))


def corrected(groups: Sequence[Compared]) -> tuple[Compared, ...]:
    """The groups with p-values corrected over all of them, accuracy and silent failures apart, and what they show.

    Groups share messages, and the same message is easy or hard in all of them: their tests depend on one another
    positively, under which the correction holds (Benjamini and Yekutieli, 2001, Annals of Statistics 29:1165).
    """
    accuracy = _adjusted([group.p_value for group in groups])
    silent = _adjusted([group.silent_failure_p_value for group in groups])
    found = []
    for group, q, silent_q in zip(groups, accuracy, silent, strict=True):
        signs = [
            _sign(group.difference, q),
            -_sign(group.silent_failure_difference, silent_q),
        ]
        found.append(
            group.model_copy(
                update={"q_value": q, "silent_failure_q_value": silent_q, "outcome": _outcome(min(signs), max(signs))}
            )
        )
    return tuple(found)


def corrected_slices(slices: Sequence[ComparedSlice]) -> tuple[ComparedSlice, ...]:
    """The slices with p-values corrected over all of them, and what they show."""
    found = []
    for part, q in zip(slices, _adjusted([part.p_value for part in slices]), strict=True):
        sign = _sign(part.difference, q)
        found.append(part.model_copy(update={"q_value": q, "outcome": _outcome(sign, sign)}))
    return tuple(found)


def verdict_on(groups: Sequence[Compared]) -> Shown:
    """Worse where any judged group is, else better where any is."""
    shown = {group.outcome for group in groups if group.judged}
    return "worse" if "worse" in shown else "better" if "better" in shown else "no difference shown"


def _adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    """Corrected p-values; None stays None, and counts for nothing."""
    known = iter(metrics.adjusted([p for p in p_values if p is not None]))
    return [None if p is None else float(next(known)) for p in p_values]


def _sign(difference: Figure, q: float | None) -> int:
    if q is None or q >= ALPHA or not difference.value:
        return 0
    return 1 if difference.value > 0 else -1


def _outcome(worst: int, best: int) -> Shown:
    return "worse" if worst < 0 else "better" if best > 0 else "no difference shown"
