"""`roadworthy compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from roadworthy.cli.options import (
    AllowPickle,
    Debug,
    Json,
    LabelColumn,
    OosLabel,
    Seed,
    TextColumn,
    progress_bar,
    shown,
    stderr,
    stdout,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from roadworthy.comparison import Comparison
    from roadworthy.comparison.changes import Changes
    from roadworthy.comparison.runs import RunFacts
    from roadworthy.data import Dataset
    from roadworthy.models.adapt import Model

MODEL = "A model, as inspect takes it, or the id of an MLflow run."


def compare(
    a: Annotated[str, typer.Argument(help=f"{MODEL} What is there now.")],
    b: Annotated[str, typer.Argument(help=f"{MODEL} What would take its place.")],
    data: Annotated[Path, typer.Argument(help="Clean labelled messages that neither model was trained on.")],
    real: Annotated[Path | None, typer.Option(help="Messages that real users sent, with labels or without.")] = None,
    kind: Annotated[str | None, typer.Option(help="Column of --real that says what kind a message is.")] = None,
    oos_label: OosLabel = None,
    suite: Annotated[str, typer.Option(help="quick, standard, full, or a TOML file.")] = "standard",
    slices: Annotated[
        list[str] | None, typer.Option("--slice", help="Column to compare by, beside label, length and language.")
    ] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="At most that many messages of each file.")] = None,
    engine: Annotated[str, typer.Option(help="Where it runs: local, processes, or ray.")] = "local",
    out: Annotated[Path | None, typer.Option(help="Folder for the report (default: none is written).")] = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    seed: Seed = 0,
    allow_pickle: AllowPickle = False,
    fail_if_worse: Annotated[bool, typer.Option("--fail-if-worse", help="Exit 1 if b is shown to be worse.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Compare two models on the same messages, and say what changed between the runs that made them.

    Each message is paired with itself: what b answers to it, against what a answers. Exits 0, or 1 where b is worse and
    --fail-if-worse is given.
    """
    from roadworthy import parallel
    from roadworthy.comparison import compare_models
    from roadworthy.data import read_dataset, read_labelled
    from roadworthy.output import require_writable

    columns = tuple(slices or ())
    clean = read_labelled(data, text=text, label=label, slices=columns).sample(sample, seed=seed)
    users = None
    if real is not None:
        users = read_dataset(real, text=text, label=label, kind=kind, needs_label=False, slices=columns)
        users = users.sample(sample, seed=seed)
    if out is not None:
        require_writable(out)
    sides = [_side(spec, allow_pickle) for spec in (a, b)]
    with progress_bar() as progress:
        comparison = compare_models(
            sides[0].model,
            sides[1].model,
            clean,
            real=users,
            suite=suite,
            oos_label=oos_label,
            seed=seed,
            slices=columns,
            engine=parallel.find_engine(engine),
            progress=progress,
            names=(sides[0].name, sides[1].name),
        )
    changes = _changes(sides, [clean, users])
    if out is not None:
        _write(comparison, changes, out)
    _say(comparison, changes, as_json)
    return 1 if fail_if_worse and comparison.verdict == "worse" else 0


class _Side(NamedTuple):
    """A loaded model, what it is called, and the run that made it where that is known."""

    name: str
    model: Model
    run: RunFacts | None


def _side(spec: str, allow_pickle: bool) -> _Side:
    from roadworthy.comparison.runs import named_run, read_run
    from roadworthy.errors import ModelError
    from roadworthy.models import load_model

    run_id = named_run(spec)
    if run_id is None:
        model = load_model(spec, allow_pickle=allow_pickle)
        return _Side(_name(spec, model), model, _run_behind(spec))
    run = read_run(run_id)
    if run.model is None:
        raise ModelError("the run has no model in MLflow", where=spec, mend="compare its model by another spec")
    return _Side(f"run {run_id[:8]}", load_model(run.model, allow_pickle=allow_pickle), run)


def _name(spec: str, model: Model) -> str:
    """A folder by its name, for artifacts of one recipe all call themselves alike; else what the model says."""
    from roadworthy.output import short_name

    return short_name(Path(spec)) if Path(spec).is_dir() else str(getattr(model, "name", spec))


def _run_behind(spec: str) -> RunFacts | None:
    """The run that made a model; a store that does not know it is told of, and nothing else."""
    from roadworthy.comparison.runs import read_run, run_behind
    from roadworthy.errors import MissingExtraError, TrackingError

    try:
        run = run_behind(spec)
        return None if run is None else read_run(run)
    except (TrackingError, MissingExtraError) as error:
        stderr().print(f"roadworthy: how {spec} was made is not known: {error}", soft_wrap=True, markup=False)
        return None


def _changes(sides: Sequence[_Side], datasets: Sequence[Dataset | None]) -> Changes | None:
    """What changed between the runs of both models, where both are known."""
    from roadworthy.comparison.changes import changes_between, vocabulary_change

    a, b = sides
    if a.run is None or b.run is None:
        return None
    texts = [text for data in datasets if data is not None for text in data.texts]
    return changes_between(a.run, b.run, vocabulary=vocabulary_change(a.model, b.model, texts))


def _say(comparison: Comparison, changes: Changes | None, as_json: bool) -> None:
    from roadworthy.report.comparison_terminal import print_comparison

    if not as_json:
        print_comparison(comparison, stdout(), changes)
        return
    known = None if changes is None else changes.model_dump(mode="json")
    typer.echo(json.dumps({"comparison": comparison.model_dump(mode="json"), "changes": known}))


def _write(comparison: Comparison, changes: Changes | None, out: Path) -> None:
    from roadworthy.output import write_text
    from roadworthy.report.comparison import documents

    for name, content in documents(comparison, changes).items():
        write_text(out / name, content)
    stderr().print(f"Report: {shown(out / 'comparison.html')}", soft_wrap=True, markup=False)
