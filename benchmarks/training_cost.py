"""What training a hardened model and its guard costs, on few messages and on many.

    python benchmarks/training_cost.py --data DIR

DIR holds hint3_train_only/curekart.csv, 600 messages, and clinc150/train.csv, 15,000. Printed for each: wall and CPU
seconds from messages to a guarded model, the choice of settings, the calibration of the guard and what is imported on
the way included; megabytes of the saved artifact; and the peak memory of the process until then. Each stands beside its
bound where it has one.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from roadworthy.data import Dataset, read_labelled
from roadworthy.training.hardened import train_hardened

MOST_MEGABYTES = 60
TITLES = ("messages", "classes", "wall s (must)", "CPU s", "artifact MB (must)", "peak memory MB")


@dataclass(frozen=True)
class Cost:
    """What one training took."""

    wall_seconds: float
    cpu_seconds: float
    megabytes_on_disk: float
    megabytes_in_memory: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    print(f"| {' | '.join(TITLES)} |\n| {' | '.join(['---'] * len(TITLES))} |")
    for data, must in message_sets(parser.parse_args().data):
        print(row(data, measure(data), must), flush=True)


def message_sets(directory: Path) -> Iterator[tuple[Dataset, int]]:
    """Messages, the fewer ones first, and how many seconds their training may take."""
    yield read_labelled(directory / "hint3_train_only" / "curekart.csv"), 10
    yield read_labelled(directory / "clinc150" / "train.csv"), 180


def measure(data: Dataset) -> Cost:
    """Train, save, and look."""
    wall, cpu = time.perf_counter(), time.process_time()
    trained = train_hardened(data)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    with tempfile.TemporaryDirectory() as folder:
        saved = trained.save(Path(folder) / "model")
        size = sum(path.stat().st_size for path in saved.rglob("*") if path.is_file())
    return Cost(wall, cpu, size / 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def row(data: Dataset, cost: Cost, must: int) -> str:
    """A line of the table."""
    cells = (
        f"{len(data):,} ({data.name})",
        f"{len(data.classes)}",
        f"{cost.wall_seconds:.1f} ({must})",
        f"{cost.cpu_seconds:.1f}",
        f"{cost.megabytes_on_disk:.1f} ({MOST_MEGABYTES})",
        f"{cost.megabytes_in_memory:,.0f}",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
