"""What each severity does: the share of messages that changes, and how many words do, or are added, to a hundred.

    python benchmarks/severities.py [--data FILE] [--seed 0] [--members]

The messages are support_desk's clean test messages, or those of FILE. Printed for each family, each built-in profile,
and with --members every perturbation by itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from realism_measures import edits
from roadworthy import support_desk
from roadworthy.data import read_dataset
from roadworthy.perturbations import families
from roadworthy.perturbations.profile import BUILT_IN, Profile
from roadworthy.perturbations.registry import perturb_all

SEVERITIES = (1, 2, 3, 4, 5)


class Effect(NamedTuple):
    """What one severity does to messages: the share of them that changes, and words changed or added to a hundred."""

    changed: float
    words: float

    def __str__(self) -> str:
        return f"{self.changed:.0%}, {self.words:.0f}"

    @classmethod
    def of(cls, before: Sequence[str], after: Sequence[str]) -> Effect:
        """What was done to messages, none of them blank.

        Examples
        --------
        >>> print(Effect.of(["where is it", "a refund"], ["were is it", "a refund"]))
        50%, 20
        """
        changed = sum(one != other for one, other in zip(before, after, strict=True)) / len(before)
        found = [edit for pair in zip(before, after, strict=True) for edit in edits(*pair)]
        words = sum(max(len(meant.split()), len(came.split())) for meant, came in found)
        return cls(changed, 100 * words / sum(len(text.split()) for text in before))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a file with a column of messages; support_desk by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--members", action="store_true", help="every perturbation by itself as well")
    options = parser.parse_args()
    known = support_desk.load_clean_test() if options.data is None else read_dataset(options.data, needs_label=False)
    print(f"{len(known.texts):,} messages: the share that changes, and words changed or added to a hundred\n")
    print("\n".join(table(known.texts, options.seed, every=options.members)))


def table(texts: Sequence[str], seed: int = 0, *, every: bool = False) -> Iterator[str]:
    """The table, line by line."""
    yield f"| severity | {' | '.join(map(str, SEVERITIES))} |"
    yield "| --- |" + " --- |" * len(SEVERITIES)
    for family, members in families().items():
        for name in (family, *(member.name for member in members if every)):
            yield _row(name, [_by_name(texts, name, severity, seed) for severity in SEVERITIES])
    for name in BUILT_IN:
        profile = Profile.load(name)
        effects = [Effect.of(texts, profile(texts, severity=severity, seed=seed)) for severity in SEVERITIES]
        yield _row(f"profile {name}", effects)


def _by_name(texts: Sequence[str], name: str, severity: int, seed: int) -> Effect:
    return Effect.of(texts, perturb_all(texts, name, severity=severity, seed=seed).texts)


def _row(name: str, effects: Sequence[Effect]) -> str:
    return f"| {name.replace('_', ' ')} | {' | '.join(map(str, effects))} |"


if __name__ == "__main__":
    main()
