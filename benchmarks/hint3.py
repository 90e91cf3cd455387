"""The notebook pipeline on messages that real users sent: the table of the README.

    python benchmarks/hint3.py DIR [DIR ...]

Each DIR holds one bot of HINT3 (Arora et al., 2020; github.com/hellohaptik/HINT3, version 1): train.csv and test.csv.
Printed for each bot: accuracy on the training set, in three-fold cross-validation, on real in-scope messages, on all
real messages, and silent failures, the last three with their 95 % intervals, as `roadworthy inspect` computes them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from roadworthy import inspect
from roadworthy.data import read_dataset, read_labelled
from roadworthy.inspection import Figure
from roadworthy.training.notebook import train_notebook

OUT_OF_SCOPE = "NO_NODES_DETECTED"


def main() -> None:
    """Measure and print, one row a bot."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bots", nargs="+", type=Path)
    columns = ("bot", "on its training set", "3-fold cross-validation", "in scope", "all", "silent failures")
    print(f"| {' | '.join(columns)} |")
    print(f"| {' | '.join(['---'] * len(columns))} |")
    for folder in parser.parse_args().bots:
        train, real = read_labelled(folder / "train.csv"), read_dataset(folder / "test.csv")
        trained = train_notebook(train)
        folds = StratifiedKFold(3, shuffle=True, random_state=0)
        validated = cross_val_score(trained.pipeline, list(train.texts), list(train.labels or ()), cv=folds).mean()
        found = inspect(trained.pipeline, train, real=real, train=train, oos_label=OUT_OF_SCOPE, suite="quick")
        group = found.group("real")
        figures = (group.accuracy, group.accuracy_all, group.silent_failure_rate)
        cells = [f"{trained.training_accuracy:.3f}", f"{validated:.3f}", *map(_cell, figures)]
        print(f"| {folder.name} | {' | '.join(cells)} |")


def _cell(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f}, n={figure.n})"


if __name__ == "__main__":
    main()
