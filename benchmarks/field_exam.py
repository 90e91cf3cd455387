"""The exam in the field: ours, the notebook pipeline and known platforms on the messages that real users sent.

    python benchmarks/field_exam.py --data DIR [--encoder DIR] [--results FILE]

DIR is one bot of HINT3 (Arora et al., 2020; github.com/hellohaptik/HINT3) or holds some of them: each a folder with
train.csv and test.csv, and in platforms/*.csv what platforms answered to the same messages (columns sentence, label,
predicted_node, predicted_node_score). A folder of which no test message is labelled NO_NODES_DETECTED, out of scope, is
passed over.

Printed for each bot, with 95 % intervals:

- in-scope accuracy: of the label answered, whatever was flagged;
- AUROC: how well the score (familiarity of ours, confidence of the notebook, predicted_node_score of a platform, 0
  where it answered NO_NODES_DETECTED) tells in scope from out of scope;
- best MCC over all thresholds, below which a message counts as answered NO_NODES_DETECTED;
- at the system's own threshold: silent failures (wrong and not flagged) and coverage, as shares of all messages, and
  the share of right in-scope answers that are kept;
- CPU seconds of this process and wall seconds that the training took, scikit-learn being imported already.

A second table holds ours minus each platform, paired. Every run is recorded in the results file, by default
field_exam_results.csv beside this script: whoever tries until it fits leaves a trace.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exam_figures import OUT_OF_SCOPE, Answered, Difference, Figures, compare, measure
from roadworthy.data import Dataset, read_dataset, read_labelled
from roadworthy.errors import DataError, OutputError, RoadworthyError
from roadworthy.metrics import Interval
from roadworthy.tables import read_frame
from roadworthy.training.notebook import train_notebook

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESULTS = Path(__file__).with_name("field_exam_results.csv")
FIGURES = ("in_scope_accuracy", "auroc", "best_mcc", "silent_failure_rate", "coverage", "right_answers_kept")
SECONDS = ("training_cpu_s", "training_wall_s")
HEADER = ("date", "commit", "bot", "system", "n", "in_scope_n", *FIGURES, *SECONDS)
NONE = "–"

Answer = Callable[[Sequence[str]], Answered]


@dataclass(frozen=True, eq=False)
class System:
    """A name, what answers messages, and what its training took; None for a platform."""

    name: str
    answer: Answer
    cpu_seconds: float | None = None
    wall_seconds: float | None = None


@dataclass(frozen=True, eq=False)
class Bot:
    """The messages of one bot, and what each platform answered to those of the test."""

    name: str
    train: Dataset
    test: Dataset
    platforms: dict[str, Answered]


@dataclass(frozen=True)
class Row:
    """One system's line in the table."""

    system: System
    figures: Figures


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, ask, print and record, bot by bot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="one bot, or a folder of bots")
    parser.add_argument("--encoder", metavar="DIR", help="a sentence encoder: ours is examined with and without it")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FILE", help="where every run is recorded")
    options = parser.parse_args(arguments)
    try:
        begin_record(options.results)
        for bot in [read_bot(folder) for folder in find_bots(options.data)]:
            sit(bot, options.encoder, options.results)
    except RoadworthyError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


def sit(bot: Bot, encoder: str | None, results: Path) -> None:
    """Train on the training messages of one bot, and examine what came out on its test messages."""
    examine(bot, train_ours(bot.train, encoder), [train_baseline(bot.train)], results)


def examine(bot: Bot, ours: Sequence[System], others: Sequence[System], results: Path) -> None:
    """Ask every system, print the tables of one bot, and record the run, also where printing fails.

    The test labels are first looked at when all systems have answered.
    """
    platforms = [System(name, partial(_as_it_answered, said)) for name, said in bot.platforms.items()]
    systems = [*ours, *others, *platforms]
    answers = [system.answer(bot.test.texts) for system in systems]
    truth = _labels(bot.test.labels or ())
    rows = [Row(system, measure(truth, said)) for system, said in zip(systems, answers, strict=True)]
    mine, known = rows[: len(ours)], rows[len(systems) - len(platforms) :]
    try:
        print("\n".join([*table(bot, rows), "", *table_of_differences(mine, known)]), flush=True)
    finally:
        append_record(results, bot, rows)


def find_bots(directory: Path) -> list[Path]:
    """The folders of bots: the directory itself, or those in it.

    Raises
    ------
    DataError
        There is none.
    """
    candidates = [directory, *sorted(path for path in directory.glob("*") if path.is_dir())]
    folders = [path for path in candidates if (path / "train.csv").is_file() and (path / "test.csv").is_file()]
    found = [path for path in folders if OUT_OF_SCOPE in read_dataset(path / "test.csv").classes]
    for path in folders:
        if path not in found:
            print(f"{path.name}: no test message is labelled {OUT_OF_SCOPE}; passed over", file=sys.stderr)
    if not found:
        raise DataError("no bot", where=directory, mend="give a folder with train.csv and test.csv, or one of such")
    return found


def read_bot(folder: Path) -> Bot:
    """The messages of a bot and the answers of its platforms."""
    test = read_labelled(folder / "test.csv")
    answers = {path.stem: read_platform(path, test) for path in sorted(folder.glob("platforms/*.csv"))}
    return Bot(folder.resolve().name, read_labelled(folder / "train.csv"), test, answers)


def read_platform(path: Path, test: Dataset) -> Answered:
    """What a platform answered to the test messages.

    Raises
    ------
    DataError
        A column is missing, a score is no finite number, or the rows are not those of the test messages.
    """
    frame = read_frame(path)
    for column in ("predicted_node", "predicted_node_score"):
        if column not in frame.columns:
            raise DataError(f"no column {column!r}", where=path, mend="give what the platform answered")
    _require_aligned(read_labelled(path), test, path)
    labels = _labels([str(label).strip() for label in frame["predicted_node"]])
    scores = np.array([_number(score) for score in frame["predicted_node_score"]])
    wrong = np.flatnonzero(~np.isfinite(scores))
    if len(wrong):
        raise DataError(f"row {wrong[0] + 1}: the score is no finite number", where=path, mend="give a number")
    return Answered(labels, np.where(labels == OUT_OF_SCOPE, 0.0, scores))


def _require_aligned(answered: Dataset, test: Dataset, path: Path) -> None:
    if len(answered) != len(test):
        raise DataError(f"{len(answered)} rows for {len(test)} messages", where=path, mend="give one row a message")
    ours, theirs = (list(zip(data.texts, data.labels or (), strict=True)) for data in (test, answered))
    for row, (mine, other) in enumerate(zip(ours, theirs, strict=True), 1):
        if mine != other:
            raise DataError(f"row {row} is not that of test.csv", where=path, mend="keep the rows of test.csv in order")


def _number(cell: object) -> float:
    try:
        return float(str(cell))
    except ValueError:
        return float("nan")


def train_ours(train: Dataset, encoder: str | None) -> list[System]:
    """Ours without an encoder, and with it when one is given."""
    from roadworthy.training.hardened import train_hardened

    oos_label = OUT_OF_SCOPE if OUT_OF_SCOPE in train.classes else None

    def trained(encoder: str | None) -> Answer:
        return partial(_ask_ours, train_hardened(train, encoder=encoder, oos_label=oos_label).model)

    systems = [_timed("ours", partial(trained, None))]
    if encoder is not None:
        systems.append(_timed(f"ours with {Path(encoder).name}", partial(trained, encoder)))
    return systems


def train_baseline(train: Dataset) -> System:
    """The notebook pipeline, which flags nothing."""
    return _timed("notebook", lambda: partial(_ask_notebook, train_notebook(train).pipeline))


def _timed(name: str, train: Callable[[], Answer]) -> System:
    # Imported before the clock starts, whoever trains first.
    import sklearn.feature_extraction.text
    import sklearn.linear_model
    import sklearn.svm  # noqa: F401

    wall, cpu = time.perf_counter(), time.process_time()
    answer = train()
    return System(name, answer, time.process_time() - cpu, time.perf_counter() - wall)


def _ask_ours(model: Any, texts: Sequence[str]) -> Answered:
    said = model.answer(texts)
    return Answered(said.labels, said.familiarity, said.flagged)


def _ask_notebook(pipeline: Any, texts: Sequence[str]) -> Answered:
    probabilities = pipeline.predict_proba(texts)
    labels = _labels(pipeline.classes_)[probabilities.argmax(axis=1)]
    return Answered(labels, probabilities.max(axis=1), np.zeros(len(texts), dtype=bool))


def _as_it_answered(said: Answered, _: Sequence[str]) -> Answered:
    return said


def _labels(labels: Iterable[object]) -> NDArray[np.object_]:
    return np.array([str(label) for label in labels], dtype=object)


def table(bot: Bot, rows: Sequence[Row]) -> list[str]:
    """The lines of a bot's table in Markdown, a row a system."""
    in_scope = sum(label != OUT_OF_SCOPE for label in bot.test.labels or ())
    titles = (
        "system", "in-scope accuracy", "AUROC", "best MCC", "silent failures", "coverage", "right answers kept",
        "training, CPU s", "training, wall s",
    )  # fmt: skip
    lines = [f"## {bot.name}: {len(bot.test):,} messages, {in_scope:,} in scope", "", *_head(titles)]
    for row in rows:
        cells = [*(_cell(getattr(row.figures, name)) for name in FIGURES), *(value or NONE for value in _seconds(row))]
        lines.append(_line([row.system.name, *cells]))
    return lines


def table_of_differences(ours: Sequence[Row], platforms: Sequence[Row]) -> list[str]:
    """The lines of ours minus each platform, in Markdown; none without platforms."""
    if not platforms:
        return []
    lines = _head(("difference", "in-scope accuracy", "AUROC", "best MCC"))
    for mine in ours:
        for other in platforms:
            found: Difference = compare(mine.figures, other.figures)
            cells = (_cell(figure, "+") for figure in (found.in_scope_accuracy, found.auroc, found.best_mcc))
            lines.append(_line([f"{mine.system.name} - {other.system.name}", *cells]))
    return lines


def _head(titles: Sequence[str]) -> list[str]:
    return [_line(titles), _line(["---"] * len(titles))]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(figure: Interval | None, sign: str = "") -> str:
    if figure is None or np.isnan(figure.value):
        return NONE
    return f"{figure.value:{sign}.3f} ({figure.low:{sign}.3f} to {figure.high:{sign}.3f})"


def _seconds(row: Row) -> list[str]:
    return ["" if taken is None else f"{taken:.3f}" for taken in (row.system.cpu_seconds, row.system.wall_seconds)]


def begin_record(path: Path) -> None:
    """See to it, before any message is predicted, that the run can be recorded: a file that begins with the header.

    Raises
    ------
    OutputError
        The file cannot be written to, or is not a file of results.
    """
    header = _csv([HEADER])
    try:
        with path.open("xb", buffering=0) as file:
            file.write(header)
    except FileExistsError:
        _require_results(path, header)
    except OSError as error:
        raise OutputError(error.strerror or str(error), where=path, mend="name another file with --results") from None


def _require_results(path: Path, header: bytes) -> None:
    if not path.is_file() or not os.access(path, os.R_OK | os.W_OK):
        raise OutputError("not a file that can be written to", where=path, mend="name another with --results")
    held = path.read_bytes()
    if not held.startswith(header) or not held.endswith(b"\n"):
        raise OutputError("not a file of this exam's results", where=path, mend="name another with --results")


def append_record(path: Path, bot: Bot, rows: Sequence[Row]) -> None:
    """Append a line a system, all of them in one write."""
    in_scope = sum(label != OUT_OF_SCOPE for label in bot.test.labels or ())
    run = (datetime.now(UTC).isoformat(timespec="seconds"), commit(Path(__file__).parent), bot.name)
    lines = []
    for row in rows:
        figures = (getattr(row.figures, name) for name in FIGURES)
        values = ("" if figure is None or np.isnan(figure.value) else f"{figure.value:.3f}" for figure in figures)
        lines.append((*run, row.system.name, len(bot.test), in_scope, *values, *_seconds(row)))
    with path.open("ab", buffering=0) as file:
        file.write(_csv(lines))


def _csv(lines: Iterable[Sequence[object]]) -> bytes:
    held = io.StringIO()
    csv.writer(held, lineterminator="\n").writerows(lines)
    return held.getvalue().encode()


def commit(folder: Path) -> str:
    """The short hash of what is checked out there, with "+" when files differ from it; "unknown" without git.

    The results themselves, which every run changes, do not count as a difference.
    """
    git = shutil.which("git")
    if git is None:
        return "unknown"
    changes = ["status", "--porcelain", "--", ":/", f":(exclude){RESULTS.name}"]
    try:
        head, changed = (
            subprocess.run(  # noqa: S603 (git as found, fixed arguments)
                [git, "--no-optional-locks", *asked], cwd=folder, capture_output=True, text=True, timeout=30, check=True
            ).stdout.strip()
            for asked in (["rev-parse", "--short", "HEAD"], changes)
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{head}+" if changed else head


if __name__ == "__main__":
    main()
