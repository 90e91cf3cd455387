"""`compare_models`: one plan, both models asked once about each distinct text, every message paired with itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from roadworthy.columns import label_text
from roadworthy.comparison.notes import find_notes
from roadworthy.comparison.paired import Pair, compare_group, corrected, verdict_on
from roadworthy.comparison.reading import pick_answered
from roadworthy.comparison.slicing import compare_slices
from roadworthy.comparison.summary import Comparison
from roadworthy.comparison.wording import reasons_for
from roadworthy.data import Codes, Dataset, Predictions, require_classes
from roadworthy.errors import DataError
from roadworthy.inspection import DataCard, Settings, Suite, find_suite
from roadworthy.inspection.measure import NO_CODE, Asked, outcome_of
from roadworthy.inspection.plan import Plan, Version, make_plan
from roadworthy.inspection.slices import require_columns
from roadworthy.models import Answers, as_model, ask
from roadworthy.models.adapt import Model
from roadworthy.parallel import Engine

Progress = Callable[[str, int, int], None]


def compare_models(
    a: Any,
    b: Any,
    clean: Dataset,
    *,
    real: Dataset | None = None,
    suite: str | Path | Suite = "standard",
    oos_label: str | None = None,
    seed: int = 0,
    slices: Sequence[str] = (),
    engine: Engine = "local",
    progress: Progress | None = None,
    names: tuple[str, str] | None = None,
) -> Comparison:
    """Compare two text classifiers on the same messages: clean, perturbed and real ones.

    Parameters
    ----------
    a, b
        Two models, as `inspect` takes them; a is what is there, b is what would take its place.
    clean
        n clean labelled messages that neither model was trained on.
    real
        Messages that real users sent.
    suite
        ``"quick"``, ``"standard"`` or ``"full"``, a TOML file, or a `Suite`.
    oos_label
        The label of messages that belong to no class; only that answer, or a flag, is right for them.
    seed
        Of the perturbations; the same seed gives the same messages as `inspect`.
    slices
        Columns of the messages to compare by, beside label, length, language and kind.
    engine
        Where the perturbing and the predicting run: ``"local"``, ``"processes"`` or ``"ray"``.
    progress
        Called with what is going on, how much is done, and how much there is.
    names
        What to call the models; by default what they call themselves.

    Returns
    -------
    Comparison
        Frozen; differences are those of b minus those of a.

    Raises
    ------
    DataError
        Messages or labels that cannot be used, or labels that neither model knows.
    ModelError
        A model cannot be used, or answered what no classifier may answer.

    Examples
    --------
    >>> from roadworthy import support_desk
    >>> from roadworthy.training.notebook import train_notebook
    >>> train, test = support_desk.load_train(), support_desk.load_clean_test()
    >>> few, all_of_them = (train_notebook(data).pipeline for data in (train.sample(60), train))
    >>> compare_models(few, all_of_them, test, suite="quick").verdict
    'better'
    """
    job = _Job(
        models=(as_model(a), as_model(b)),
        clean=require_classes(clean),
        real=real,
        suite=find_suite(suite),
        seed=seed,
        oos_label=None if oos_label is None else label_text(oos_label),
        slices=tuple(slices),
    )
    called = _told_apart(names or (_name(job.models[0]), _name(job.models[1])))
    _require_known(job)
    require_columns(job.slices, *job.datasets)
    plan = make_plan(clean, real, job.suite, seed=seed, engine=engine, progress=_part(progress, "perturbing"))
    answers = [
        ask(model, plan.texts, engine=engine, progress=_part(progress, f"asking {name}"))
        for model, name in zip(job.models, called, strict=True)
    ]
    return _summarise(job, called, plan, answers)


@dataclass(frozen=True)
class _Job:
    """What is compared, on what, and how."""

    models: tuple[Model, Model]
    clean: Dataset
    real: Dataset | None
    suite: Suite
    seed: int
    oos_label: str | None
    slices: tuple[str, ...]

    @property
    def datasets(self) -> list[Dataset]:
        """The messages as they were written."""
        return [data for data in (self.clean, self.real) if data is not None]


def _name(model: Model) -> str:
    return str(getattr(model, "name", type(model).__name__))


def _told_apart(names: tuple[str, str]) -> tuple[str, str]:
    """The names, with which is which where they are the same."""
    a, b = names
    return (a, b) if a != b else (f"{a} (a)", f"{b} (b)")


def _part(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(what, done, total)


def _require_known(job: _Job) -> None:
    """Refuse labels that neither model can answer: both would count as wrong whatever they do."""
    known = [set(getattr(model, "classes", ())) for model in job.models]
    if not all(known):
        return
    for data in job.datasets:
        unknown = [label for label in data.classes if label not in known[0] | known[1] | {job.oos_label}]
        if unknown:
            shown = ", ".join(map(repr, unknown[:5])) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
            raise DataError(
                f"neither model knows the label {shown}",
                where=data.name,
                mend="name an out-of-scope label with --oos-label (oos_label=...), or drop these rows",
            )


def _require_common(job: _Job, given: Sequence[Predictions]) -> None:
    """Refuse models that answer not one of the labels of the data."""
    answered = {str(label) for found in given for label in found.labels}
    if not answered & set(job.clean.classes):
        said, labels = (", ".join(map(repr, sorted(found)[:5])) for found in (answered, job.clean.classes))
        raise DataError(
            f"the models answer {said}, the data are labelled {labels}",
            where=job.clean.name,
            mend="map the models' labels to those of the data",
        )


def _summarise(job: _Job, called: tuple[str, str], plan: Plan, answers: Sequence[Answers]) -> Comparison:
    given = [found.predictions for found in answers]
    _require_common(job, given)
    pairs = _pairs(job, plan, given)
    names = [pair_names(pair.version) for pair in pairs]
    groups = corrected(
        [
            compare_group(pair, key, judged=_judged(pair.version, job.suite))
            for pair, key in zip(pairs, names, strict=True)
        ]
    )
    whole = [group for group, pair in zip(groups, pairs, strict=True) if pair.version.whole]
    broken, mended = pick_answered(pairs, groups, plan, given, job.clean, job.real)
    return Comparison(
        roadworthy_version=version("roadworthy"),
        created=datetime.now(UTC).replace(microsecond=0),
        a=called[0],
        b=called[1],
        clean=_data_card(job.clean),
        real=None if job.real is None else _data_card(job.real),
        settings=_settings(job),
        verdict=verdict_on(groups),
        reasons=reasons_for(groups, authentic=job.real is None or job.real.authentic),
        groups=groups,
        slices=compare_slices(pairs, job.clean, job.real, job.slices),
        broken_messages=sum(group.broken for group in whole),
        mended_messages=sum(group.mended for group in whole),
        broken=broken,
        mended=mended,
        findings=find_notes(job.models, called, answers, job.datasets, groups, oos_label=job.oos_label),
    )


def _pairs(job: _Job, plan: Plan, answers: Sequence[Predictions]) -> list[Pair]:
    """The answers of both models to every group, labels as codes; those of the data come first among them."""
    codes = Codes()
    true = {kind: codes.of(data.labels or ()) for kind, data in (("clean", job.clean), ("real", job.real)) if data}
    asked = [_asked(given, codes) for given in answers]
    oos = codes.get(job.oos_label or "", NO_CODE)
    return [
        Pair(*(outcome_of(group, side, true["real" if group.kind == "real" else "clean"], oos) for side in asked))
        for group in plan.versions
    ]


def _asked(given: Predictions, codes: Codes) -> Asked:
    predicted = codes.of(given.labels)
    return Asked(list(codes), predicted, given.confidence, given.flagged, None, None)


def pair_names(group: Version) -> str:
    """The key of a group, as an inspection names it."""
    if group.kind == "clean":
        return "clean"
    if group.kind == "perturbed":
        return f"{group.name}/{group.severity}"
    return "real" if group.whole else f"real/{group.name}"


def _judged(group: Version, suite: Suite) -> bool:
    return group.whole or (group.kind == "perturbed" and group.severity == suite.judged)


def _settings(job: _Job) -> Settings:
    return Settings(
        suite=job.suite.name,
        families=job.suite.families,
        severities=job.suite.severities,
        judged_severity=job.suite.judged,
        seed=job.seed,
        oos_label=job.oos_label,
    )


def _data_card(data: Dataset) -> DataCard:
    return DataCard(
        name=data.name,
        n=len(data),
        sha256=data.sha256,
        labelled=data.labels is not None,
        classes=len(data.classes),
        kinds=tuple(dict.fromkeys(data.kinds or ())),
        authentic=data.authentic,
    )
