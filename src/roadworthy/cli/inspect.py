"""`roadworthy inspect`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli import gating
from roadworthy.cli.options import (
    AllowPickle,
    Debug,
    Json,
    LabelColumn,
    ModelSpec,
    Seed,
    TextColumn,
    Track,
    origin_of,
    progress_bar,
    record,
    shown,
    stderr,
    stdout,
    wants_tracking,
)
from roadworthy.errors import counted

if TYPE_CHECKING:
    from roadworthy.comparison import Comparison
    from roadworthy.data import Dataset
    from roadworthy.gate import Decision
    from roadworthy.gate.champion import Champion, Terms
    from roadworthy.inspection import Inspection
    from roadworthy.models.adapt import Model
    from roadworthy.models.mlflow_model import Registered
    from roadworthy.tracking.origin import Origin


def inspect(
    context: typer.Context,
    model: ModelSpec,
    clean: Annotated[Path, typer.Argument(help="Clean labelled messages that the model was not trained on.")],
    real: Annotated[Path | None, typer.Option(help="Messages that real users sent, with labels or without.")] = None,
    kind: Annotated[str | None, typer.Option(help="Column of --real that says what kind a message is.")] = None,
    slices: Annotated[
        list[str] | None, typer.Option("--slice", help="Column to tell the figures apart by; may be given again.")
    ] = None,
    train: Annotated[Path | None, typer.Option(help="The training messages, to find overlaps with them.")] = None,
    oos_label: Annotated[str | None, typer.Option(help="The label of messages that belong to no class.")] = None,
    suite: Annotated[str, typer.Option(help="quick, standard, full, or a TOML file.")] = "standard",
    profile: Annotated[
        str | None,
        typer.Option(
            help="Who the users are: a built-in profile, or a file that roadworthy profile wrote "
            "(default: real_users, or what the suite's file says)."
        ),
    ] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="Inspect at most that many messages of each file.")] = None,
    engine: Annotated[str, typer.Option(help="Where it runs: local, processes, or ray.")] = "local",
    gate: Annotated[
        bool,
        typer.Option(
            "--gate",
            help="Decide by a gate: [gate] of roadworthy.toml or pyproject.toml (the nearest), or the defaults.",
        ),
    ] = False,
    gate_file: Annotated[Path | None, typer.Option(help="A gate in a file of its own; stands for --gate, too.")] = None,
    champion: Annotated[
        str | None,
        typer.Option(help="The model that it must not be worse than (default: the champion, for models:/NAME…)."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("roadworthy-report"),
    write_messages: Annotated[
        Path | None, typer.Option(help="Only write the messages that it would ask about, to predict them elsewhere.")
    ] = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    seed: Seed = 0,
    allow_pickle: AllowPickle = False,
    track: Track = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Inspect a model; write a verdict and a report.

    Without a gate it exits 0 when the verdict is pass or advisory, and 1 when it is fail; with one it exits 0 only if
    the model passes. With one, every inspection of a version in MLflow's registry is recorded, as promote goes by it.
    """
    asked = _Asked(
        model=model,
        clean=clean,
        real=real,
        kind=kind,
        slices=tuple(slices or ()),
        train=train,
        oos_label=oos_label,
        suite=suite,
        profile=profile,
        sample=sample,
        engine=engine,
        gate=gate,
        gate_file=gate_file,
        champion=champion,
        out=out,
        text=text,
        label=label,
        seed=seed,
        allow_pickle=allow_pickle,
        track=track,
        as_json=as_json,
    )
    if write_messages is not None:
        return _write_messages(asked, write_messages)
    origin = origin_of(context, clean=clean, real=real)
    with gating.closed(gate or gate_file is not None, out, model, origin) as attempt:
        return _inspect(asked, attempt, origin)


@dataclass(frozen=True)
class _Asked:
    """The options of one call."""

    model: str
    clean: Path
    real: Path | None
    kind: str | None
    slices: tuple[str, ...]
    train: Path | None
    oos_label: str | None
    suite: str
    profile: str | None
    sample: int | None
    engine: str
    gate: bool
    gate_file: Path | None
    champion: str | None
    out: Path
    text: str | None
    label: str | None
    seed: int
    allow_pickle: bool
    track: bool | None
    as_json: bool


@dataclass(frozen=True)
class _Loaded:
    """The model and the messages, and which version of a registered model it is."""

    model: Model
    version: Registered | None
    clean: Dataset
    real: Dataset | None
    train: Dataset | None


@dataclass(frozen=True)
class _Found:
    """What came of it."""

    result: Inspection
    comparison: Comparison | None = None
    champion: Champion | None = None
    decision: Decision | None = None

    @property
    def code(self) -> int:
        """The exit code."""
        if self.decision is not None:
            return 0 if self.decision.passed else 1
        return 1 if self.result.verdict == "fail" else 0


def _inspect(asked: _Asked, attempt: gating.Attempt, origin: Origin) -> int:
    from roadworthy import inspection
    from roadworthy.gate.champion import find_champion
    from roadworthy.models import mlflow_model
    from roadworthy.output import require_writable

    chosen = gating.find_gate(asked.gate, asked.gate_file, asked.champion)
    inspection.find_suite(asked.suite, asked.profile)
    clean, real = _messages(asked)
    tracked = wants_tracking(asked.track)
    attempt.version = version = mlflow_model.find_registered(asked.model)
    loaded = _Loaded(_load(asked, version), version, clean, real, _training(asked, version, clean))
    require_writable(asked.out)
    champion = None if chosen is None else find_champion(asked.champion, version)
    rival = None if champion is None else _load_champion(asked, loaded, champion)
    with _remembered(loaded.model, asked.out):
        result = _run(asked, loaded)
        comparison = None if rival is None else _compare(rival, loaded.model, result)
    decision = None if chosen is None else gating.decide(result, chosen, comparison, champion)
    found = _Found(result, comparison, champion, decision)
    _write(asked, found, chosen)
    gating.note_verdict(result, asked.model, asked.clean)
    if tracked or _must_track(version, chosen):
        _track(asked, loaded, found, origin)
    return found.code


def _messages(asked: _Asked) -> tuple[Dataset, Dataset | None]:
    """The clean and the real messages."""
    from roadworthy.data import read_dataset, read_labelled

    clean = read_labelled(asked.clean, text=asked.text, label=asked.label, slices=asked.slices)
    if asked.real is None:
        return clean, None
    return clean, read_dataset(
        asked.real, text=asked.text, label=asked.label, kind=asked.kind, needs_label=False, slices=asked.slices
    )


def _sampled(asked: _Asked, clean: Dataset, real: Dataset | None) -> tuple[Dataset, Dataset | None]:
    """Those of the messages that an inspection takes."""
    taken = None if real is None else real.sample(asked.sample, seed=asked.seed)
    return clean.sample(asked.sample, seed=asked.seed), taken


def _must_track(version: Registered | None, chosen: gating.AskedGate | None) -> bool:
    """Whether it is recorded although --no-track says otherwise: a promotion must not overlook what a gate said."""
    if version is None or chosen is None:
        return False
    told = f"roadworthy: recorded all the same, as promote goes by every gated inspection of {version.spec}"
    stderr().print(told, soft_wrap=True, markup=False)
    return True


def _training(asked: _Asked, version: Registered | None, clean: Dataset) -> Dataset | None:
    """The training messages that were given, or else the clean ones where the model's record says that it is them."""
    from roadworthy.comparison.runs import is_trained_on
    from roadworthy.data import read_dataset

    if asked.train is None:
        spec = asked.model if version is None else version.spec
        if not is_trained_on(spec, clean):
            return None
        told = f"roadworthy: {clean.name}: the very messages that {spec} was trained on, as its record says"
        stderr().print(told, soft_wrap=True, markup=False)
        return clean
    return read_dataset(asked.train, text=asked.text, label=asked.label, needs_label=False)


def _load(asked: _Asked, version: Registered | None) -> Model:
    from roadworthy.models import load_model

    return load_model(asked.model if version is None else version.spec, allow_pickle=asked.allow_pickle)


@contextmanager
def _remembered(model: Model, out: Path) -> Iterator[None]:
    """An endpoint's answers are kept as they come, so that a run that was cut off goes on where it was."""
    remember = getattr(model, "remember", None)
    if remember is None:
        yield
        return
    file = out / "answers.jsonl"
    remember(file)
    yield
    if resumed := getattr(model, "resumed", 0):
        stderr().print(f"{resumed:,} answers were there from a run that was cut off.", soft_wrap=True)
    file.unlink(missing_ok=True)


def _run(asked: _Asked, loaded: _Loaded) -> Inspection:
    from roadworthy import inspection, parallel

    with progress_bar() as progress:
        return inspection.inspect(
            loaded.model,
            loaded.clean,
            real=loaded.real,
            train=loaded.train,
            oos_label=asked.oos_label,
            suite=asked.suite,
            profile=asked.profile,
            sample=asked.sample,
            seed=asked.seed,
            engine=parallel.find_engine(asked.engine),
            announce=_announce,
            progress=progress,
            slices=asked.slices,
        )


def _announce(asked: int, distinct: int) -> None:
    told = f"{counted(asked, 'message')}: {counted(distinct, 'prediction')}, identical texts only once."
    stderr().print(told, soft_wrap=True)


@dataclass(frozen=True)
class _Rival:
    """The champion, loaded, and what both are asked."""

    champion: Champion
    model: Model
    terms: Terms


def _load_champion(asked: _Asked, loaded: _Loaded, champion: Champion) -> _Rival:
    from roadworthy import parallel
    from roadworthy.gate.champion import load_champion, terms_of

    terms = terms_of(
        loaded.clean,
        real=loaded.real,
        suite=asked.suite,
        profile=asked.profile,
        sample=asked.sample,
        oos_label=asked.oos_label,
        seed=asked.seed,
        slices=asked.slices,
        engine=parallel.find_engine(asked.engine),
    )
    return _Rival(champion, load_champion(champion, terms, allow_pickle=asked.allow_pickle), terms)


def _compare(rival: _Rival, model: Model, result: Inspection) -> Comparison:
    from roadworthy.gate.champion import compare_with

    spec = rival.champion.spec
    stderr().print(f"Comparing with the champion, {spec}.", soft_wrap=True, markup=False)
    with progress_bar() as progress:
        return compare_with(rival.model, model, rival.terms, names=(spec, result.model.name), progress=progress)


def _write(asked: _Asked, found: _Found, chosen: gating.AskedGate | None) -> None:
    """Write the report, and print it; what the gate decided comes last, as a log is read from its end."""
    from roadworthy.report import print_terminal, write_report
    from roadworthy.report.decision import print_decision

    result, decision = found.result, found.decision
    gating.remove_decision(asked.out)
    files = write_report(result, asked.out)
    if decision is not None and chosen is not None:
        gating.keep(decision, asked.out, source=chosen.source, result=result, comparison=found.comparison)
    if asked.as_json:
        typer.echo(_document(found))
    else:
        print_terminal(result, stdout())
    if decision is not None and chosen is not None:
        console = stderr() if asked.as_json else stdout()
        console.print()
        print_decision(decision, console, source=chosen.source)
    stderr().print(f"Report: {shown(files['html'])}", soft_wrap=True, markup=False)


def _document(found: _Found) -> str:
    """The inspection; with a gate what it decided beside it."""
    if found.decision is None:
        return found.result.to_json()
    both = {"inspection": found.result, "decision": found.decision}
    return json.dumps({name: part.model_dump(mode="json") for name, part in both.items()}, indent=2)


def _track(asked: _Asked, loaded: _Loaded, found: _Found, origin: Origin) -> None:
    from roadworthy import tracking
    from roadworthy.models.artifact import load_artifact
    from roadworthy.models.load import find_artifact

    place = find_artifact(Path(asked.model))
    run = partial(
        tracking.track_inspection,
        found.result,
        asked.out,
        artifact=None if place is None else load_artifact(place),
        estimator=getattr(loaded.model, "estimator", None),
        clean=loaded.clean,
        real=loaded.real,
        decision=found.decision,
        comparison=found.comparison,
        registered=loaded.version,
        champion=None if found.champion is None else found.champion.registered,
        origin=origin,
    )
    record(run, wanted=asked.track is True)


def _write_messages(asked: _Asked, file: Path) -> int:
    """Write the distinct texts that an inspection with these options would ask about."""
    import pandas as pd

    from roadworthy import inspection
    from roadworthy.models.answers_file import render, require_format
    from roadworthy.output import require_apart, write_bytes

    require_format(file)
    require_apart(file, asked.clean, asked.real, asked.train, option="--write-messages")
    suite = inspection.find_suite(asked.suite, asked.profile)
    texts = inspection.plan_texts(*_sampled(asked, *_messages(asked)), suite, asked.seed)
    write_bytes(file, render(pd.DataFrame({"text": texts}), file.suffix))
    if asked.as_json:
        typer.echo(json.dumps({"file": str(file), "messages": len(texts)}))
    else:
        typer.echo(f"saved {shown(file)}: {counted(len(texts), 'message')}")
        typer.echo("next: have them predicted, and add a column label (and one confidence, if there is one)")
        typer.echo(f"      roadworthy inspect predictions:FILE {asked.clean} with the same options")
    return 0
