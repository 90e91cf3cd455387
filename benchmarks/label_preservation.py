"""Whether perturbed messages keep their label, by a fixed judge that knows nothing of perturbations.

    python benchmarks/label_preservation.py [--data FILE] [--severities 1 2 3] [--seed 0] [--members]

The judge takes a perturbed message for a copy of the message of the dataset that it is nearest to, by the cosine of
lower-cased character 3-grams under TF-IDF, fitted on the dataset. It is kept where that is the message it was made of;
a message that is as near as that one (a duplicate, say) counts as kept. At severities 1 to 3 at least 97 % must be.

The dataset is support_desk's training and clean test messages, or the messages of FILE. For each family, each member of
mixed languages, each built-in profile, and with --members for every member: how many messages were perturbed (those
that stayed as they were are left out), and which share of them was kept, with its 95 % Wilson interval. Exempt, and
marked so, are fragments and mixed languages by the clause, which leave too little of a message by their nature; so are
that family as a whole, which draws from both, and the profile hinglish, which is made of clauses.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from roadworthy import metrics, support_desk
from roadworthy.data import read_dataset
from roadworthy.inspection.suite import PROFILE
from roadworthy.metrics import Interval
from roadworthy.perturbations import families, perturb
from roadworthy.perturbations.profile import BUILT_IN, Profile

MUST = 0.97
JUDGED = (1, 2, 3)
MIXED = "mixed_languages"
EXEMPT = ("fragments", MIXED)
# It writes whole clauses in Hindi.
EXEMPT_PROFILES = ("hinglish",)
CLAUSES = ("_clauses", "_sentences")
# Of equal cosines, sums in another order may differ by rounding.
_ROUNDING = 1e-9
_ROWS = 500


class Kept(NamedTuple):
    """Of the messages that one name changed at one severity: how many, and the share that the judge found again."""

    name: str
    severity: int
    n: int
    share: Interval
    exempt: bool

    def __str__(self) -> str:
        value, low, high = (100 * figure for figure in self.share)
        cells = (self.name, self.severity, self.n, f"{value:.1f} % ({low:.1f} to {high:.1f})", self.verdict)
        return f"| {' | '.join(map(str, cells))} |"

    @property
    def verdict(self) -> str:
        """Whether as many were kept as must be."""
        if self.exempt:
            return "exempt"
        return "kept" if self.n == 0 or self.share.value >= MUST else "too few"


class Judge:
    """Finds the message of a dataset that a text is nearest to.

    Examples
    --------
    >>> judge = Judge(["where is my order", "I want a refund"])
    >>> judge.finds([0, 1], ["were is my ordr", "where is the order"]).tolist()
    [True, False]
    """

    def __init__(self, texts: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._features: Any = TfidfVectorizer(analyzer="char", ngram_range=(3, 3), lowercase=True)
        self._known = self._features.fit_transform(texts)

    def finds(self, rows: Sequence[int], texts: Sequence[str]) -> np.ndarray:
        """For each text whether no message is nearer to it than the one of its row; boolean, shape (n,).

        A text that shares nothing with any message is found nowhere.
        """
        found = [
            self._finds(np.asarray(rows[start : start + _ROWS]), texts[start : start + _ROWS])
            for start in range(0, len(texts), _ROWS)
        ]
        return np.concatenate(found) if found else np.empty(0, dtype=bool)

    def _finds(self, rows: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        cosines = (self._features.transform(texts) @ self._known.T).toarray()
        own = cosines[np.arange(len(rows)), rows]
        return (own > 0) & (own >= cosines.max(axis=1) - _ROUNDING)


def main() -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a file with a column of messages; support_desk by default")
    parser.add_argument("--severities", type=int, nargs="+", default=list(JUDGED), choices=range(1, 6))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--members", action="store_true", help="every perturbation by itself as well")
    options = parser.parse_args()
    texts = messages(options.data)
    print(f"{len(texts):,} messages; at least {MUST:.0%} must be kept.\n")
    print("| perturbation | severity | changed | kept (95 % interval) | verdict |\n| --- | --- | --- | --- | --- |")
    for kept in judged(texts, options.severities, options.seed, every=options.members):
        print(kept, flush=True)


def messages(file: Path | None) -> list[str]:
    """The messages of a file, or those of support_desk."""
    if file is None:
        return [*support_desk.load_train().texts, *support_desk.load_clean_test().texts]
    return list(read_dataset(file, needs_label=False).texts)


def judged(texts: Sequence[str], severities: Iterable[int], seed: int, *, every: bool = False) -> Iterator[Kept]:
    """What was kept, by name and severity."""
    judge, chosen = Judge(texts), tuple(severities)
    for name, exempt in names(every=every):
        for severity in chosen:
            written = perturbed(texts, name, severity, seed)
            rows = [row for row, (before, after) in enumerate(zip(texts, written, strict=True)) if before != after]
            found = judge.finds(rows, [written[row] for row in rows])
            yield Kept(name, severity, len(rows), metrics.proportion(int(found.sum()), len(rows)), exempt)


def perturbed(texts: Sequence[str], name: str, severity: int, seed: int) -> list[str]:
    """Messages by a family, a perturbation or a profile."""
    if name.startswith(PROFILE):
        return Profile.load(name.removeprefix(PROFILE))(texts, severity=severity, seed=seed)
    return perturb(texts, name, severity=severity, seed=seed)


def names(*, every: bool = False) -> Iterator[tuple[str, bool]]:
    """What is judged, and whether it is exempt."""
    for family, members in families().items():
        yield family, family in EXEMPT
        if every or family == MIXED:
            for member in members:
                yield member.name, _is_exempt(family, member.name)
    for profile in BUILT_IN:
        yield PROFILE + profile, profile in EXEMPT_PROFILES


def _is_exempt(family: str, name: str) -> bool:
    return name.endswith(CLAUSES) if family == MIXED else family in EXEMPT


if __name__ == "__main__":
    main()
