"""What an inspection costs beyond the model: 10,000 messages, each in 30 perturbed versions, in one process.

    python benchmarks/inspect_overhead.py [--data CSV] [--messages 10000]

Prints the CPU seconds of the model's own batched predict_proba on the distinct texts, of the perturbing, of the whole
inspection, and what is left over as a multiple of the model's own; and the peak memory of the process. Without --data
the messages are those of support_desk, perturbed into as many distinct ones as are asked for.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from roadworthy import Dataset, inspect, support_desk
from roadworthy.data import read_labelled
from roadworthy.inspection import Suite
from roadworthy.inspection.plan import make_plan
from roadworthy.models.ask import BATCH_SIZE
from roadworthy.perturbations import families, perturb_all
from roadworthy.training.notebook import train_notebook

SEVERITIES = (1, 2, 3, 4, 5)


class Timed:
    """A classifier that adds up the CPU seconds of its own predict_proba."""

    def __init__(self, vectorizer: Any, model: Any) -> None:
        self.vectorizer, self.model = vectorizer, model
        self.classes = tuple(model.classes_)
        self.estimator = vectorizer
        self.seconds = 0.0

    def predict_proba(self, texts: Sequence[str]) -> Any:
        """Probabilities, shape (n, k)."""
        begun = time.process_time()
        probabilities = self.model.predict_proba(self.vectorizer.transform(texts))
        self.seconds += time.process_time() - begun
        return probabilities


def many_messages(n: int) -> Dataset:
    """As many distinct labelled messages as asked for, made of those of support_desk."""
    train = support_desk.load_train()
    found: dict[str, str] = {}
    for seed in range(10_000):
        for family in families():
            texts = perturb_all(train.texts, family, severity=2, seed=seed).texts
            found.update(zip(texts, train.labels or (), strict=True))
            if len(found) >= n:
                return Dataset.of(list(found)[:n], list(found.values())[:n])
    raise SystemExit("too few messages")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="labelled messages")
    parser.add_argument("--messages", type=int, default=10_000)
    options = parser.parse_args()
    data = read_labelled(options.data) if options.data else many_messages(options.messages)
    data = data.sample(options.messages)
    trained = train_notebook(data.sample(min(len(data), 2_000)) if not options.data else data)
    suite = Suite("benchmark", tuple(families())[:6], SEVERITIES)

    begun = time.process_time()
    texts = make_plan(data, None, suite, seed=0).texts
    planning = time.process_time() - begun
    begun = time.process_time()
    for family, severity in suite.versions:
        perturb_all(data.texts, family, severity=severity, seed=0)
    perturbing = time.process_time() - begun

    model = Timed(trained.vectorizer, trained.model)
    for start in range(0, len(texts), BATCH_SIZE):
        model.predict_proba(texts[start : start + BATCH_SIZE])
    own, model.seconds = model.seconds, 0.0
    del texts

    begun = time.process_time()
    inspection = inspect(model, data, suite=suite)
    whole = time.process_time() - begun
    rest = whole - perturbing - model.seconds
    print(
        f"{len(data):,} messages x {len(suite.versions)} versions, {len(data.classes)} classes, "
        f"{inspection.cost.predicted:,} distinct texts"
    )
    print(f"the model's own batched predict_proba    {own:6.2f} CPU s")
    print(f"perturbing (of planning {planning:.2f})            {perturbing:6.2f} CPU s")
    print(f"the whole inspection                     {whole:6.2f} CPU s")
    print(
        f"all but predict_proba and perturbing     {rest:6.2f} CPU s = {rest / own:.2f} of the model's own "
        "(must 1.0, aim 0.4)"
    )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB (must 1,500)")


if __name__ == "__main__":
    main()
