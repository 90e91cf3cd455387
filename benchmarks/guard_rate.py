"""Whether the guard flags as many ordinary messages as it states: clean in-scope ones that nothing was trained on.

    python benchmarks/guard_rate.py --data DIR [--splits 10]

DIR holds hint3_sofmattress/train.csv and clinc150/{train,val}.csv; support_desk's training messages are built in. Each
split draws two thirds of the messages at random to train on and holds out the rest; of CLINC150's 18,000 in-scope
messages it draws 4,500 first, so 3,000 are trained on. Four models, each at four stated rates:

- hardened: trained on the two thirds, with its own guard;
- notebook, held out: the notebook pipeline trained on one half of the two thirds, its guard learned from the other;
- notebook, seen: the notebook pipeline trained on the two thirds, its guard learned from the very same messages;
- function, seen: the same, but wrapped as a function, which cannot be trained again.

Printed for each: the mean share flagged over the splits with its 95 % t interval; the smallest and largest share; in
how many splits the wrapper took the messages for ones that the model was trained on; how many messages calibrated the
guard and how many were asked; and the error of one split, 1.96 times sqrt(a (1 - a) (1/calibrated + 1/asked)), because
both are samples. A split is a random order of the messages, whatever these are, so the mean over splits is what the
guard promises of them, and the spread between splits holds both sampling errors. The last column says "as stated"
where the stated rate lies in the t interval, else whether fewer or more were flagged, and adds "within one split's
error" where the mean is no farther from it than that.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np

from roadworthy import metrics, support_desk
from roadworthy.data import Dataset, read_labelled
from roadworthy.guard import Guard
from roadworthy.metrics import Interval
from roadworthy.models.guarded import GuardedModel
from roadworthy.models.hardened import certainty_of
from roadworthy.training.hardened import held_out_answers, train_hardened
from roadworthy.training.notebook import train_notebook
from roadworthy.training.wrap import wrap

RATES = (0.02, 0.05, 0.10, 0.20)
MOST = 4_500
OUT_OF_SCOPE = "oos"
TITLES = (
    "messages", "model", "stated", "flagged, mean (95 % interval)", "smallest", "largest", "taken for seen",
    "calibrated on, asked", "error of one split", "verdict",
)  # fmt: skip


@dataclass
class Measured:
    """What one guard flagged at one rate: a share a split.

    Parameters
    ----------
    rate
        The stated share.
    calibrated, asked
        How many messages the threshold comes from, and how many were asked, in each split.
    shares
        The share flagged in each split.
    seen
        How often the messages were taken for ones that the model was trained on; it does not arise for hardened.
    """

    rate: float
    calibrated: int = 0
    asked: int = 0
    shares: list[float] = field(default_factory=list)
    seen: int = 0

    def add(self, guarded: GuardedModel, seen: bool, test: Dataset) -> None:
        """Ask the held-out messages of one split."""
        self.calibrated, self.asked = guarded.guard.calibrated_on_, len(test)
        self.shares.append(float(guarded.answer(test.texts).flagged.mean()))
        self.seen += seen

    @property
    def mean(self) -> Interval:
        """Over the splits."""
        return metrics.mean(np.array(self.shares))

    @property
    def error(self) -> float:
        """How far the share of one split may be from the stated one by chance, at 95 %."""
        return 1.96 * sqrt(self.rate * (1 - self.rate) * (1 / self.calibrated + 1 / self.asked))

    @property
    def verdict(self) -> str:
        """Whether what was stated is what was measured."""
        value, low, high = self.mean
        if low <= self.rate <= high:
            return "as stated"
        side = "fewer" if value < self.rate else "more"
        return f"{side}, within one split's error" if abs(value - self.rate) <= self.error else side


Guards = Iterator[tuple[float, GuardedModel, bool]]


def main() -> None:
    """Measure and print, one row a rate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--splits", type=int, default=10)
    options = parser.parse_args()
    print(f"| {' | '.join(TITLES)} |\n| {' | '.join(['---'] * len(TITLES))} |")
    for name, data in message_sets(options.data):
        for model, guards in MODELS.items():
            for found in measure(data, guards, options.splits):
                print(row(name, model, found), flush=True)


def message_sets(directory: Path) -> Iterator[tuple[str, Dataset]]:
    """The clean in-scope messages of each data set."""
    yield "support_desk", support_desk.load_train()
    yield "SOFMattress", read_labelled(directory / "hint3_sofmattress" / "train.csv")
    parts = [read_labelled(directory / "clinc150" / name) for name in ("train.csv", "val.csv")]
    rows = [row for part in parts for row in zip(part.texts, part.labels or (), strict=True) if row[1] != OUT_OF_SCOPE]
    yield "CLINC150", Dataset.of(*zip(*rows, strict=True), name="clinc150")


def measure(data: Dataset, guards: Callable[[Dataset, int], Guards], splits: int) -> list[Measured]:
    """What the guards of one model flag at each rate."""
    found = {rate: Measured(rate) for rate in RATES}
    for seed in range(splits):
        train, test = split(data, seed)
        for rate, guarded, seen in guards(train, seed):
            found[rate].add(guarded, seen, test)
    return list(found.values())


def split(data: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """Two thirds to train on, and the rest."""
    rows = np.random.default_rng(seed).permutation(len(data))[:MOST]
    cut = 2 * len(rows) // 3
    return data.take(rows[:cut]), data.take(rows[cut:])


def hardened(train: Dataset, seed: int) -> Guards:
    """One model, and a guard a rate: only what depends on the rate is learned anew."""
    trained = train_hardened(train, seed=seed).model
    estimator: Any = trained.estimator
    labels = list(train.labels or ())
    answers, folds = held_out_answers(estimator), estimator.held_out_folds_
    certainty = certainty_of(estimator.held_out_scores_.max(axis=1))
    for rate in RATES:
        guard = Guard(rate)
        guard.fit(train.texts, labels, answers, folds, features=estimator.features_, certainty=certainty)
        yield rate, GuardedModel(trained.model, guard, name=trained.name, estimator=estimator), False


def notebook_held_out(train: Dataset, seed: int) -> Guards:
    """The notebook pipeline of one half, and guards of the other."""
    half = len(train) // 2
    pipeline = train_notebook(train.take(range(half))).pipeline
    yield from _wrapped(pipeline, train.take(range(half, len(train))), seed)


def notebook_seen(train: Dataset, seed: int) -> Guards:
    """The notebook pipeline, and guards of what it was trained on."""
    yield from _wrapped(train_notebook(train).pipeline, train, seed)


def function_seen(train: Dataset, seed: int) -> Guards:
    """The same behind a function, of which nothing is known but its answers."""
    pipeline = train_notebook(train).pipeline
    yield from _wrapped(lambda texts: pipeline.predict(texts).tolist(), train, seed)


def _wrapped(model: object, messages: Dataset, seed: int) -> Guards:
    for rate in RATES:
        wrapped = wrap(model, messages, flag_rate=rate, seed=seed)
        yield rate, wrapped.artifact.model, wrapped.seen


MODELS = {
    "hardened": hardened,
    "notebook, held out": notebook_held_out,
    "notebook, seen": notebook_seen,
    "function, seen": function_seen,
}


def row(name: str, model: str, found: Measured) -> str:
    """A line of the table."""
    value, low, high = found.mean
    cells = (
        name,
        model,
        f"{found.rate:.0%}",
        f"{value:.1%} ({low:.1%} to {high:.1%})",
        f"{min(found.shares):.1%}",
        f"{max(found.shares):.1%}",
        "–" if model == "hardened" else f"{found.seen} of {len(found.shares)}",
        f"{found.calibrated:,}, {found.asked:,}",
        f"± {found.error:.1%}",
        found.verdict,
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
