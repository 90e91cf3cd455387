"""`inspect`: plan, ask the model once, measure, judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from roadworthy.columns import label_text
from roadworthy.data import Codes, Dataset, require_classes
from roadworthy.errors import DataError, counted
from roadworthy.inspection.examples import count_confusions, count_histograms, pick_evidence, pick_examples
from roadworthy.inspection.findings import find_all
from roadworthy.inspection.judge import BOUNDS, judge, overall
from roadworthy.inspection.measure import NO_CODE, Asked, Outcome, code_labels, measure, outcome_of, with_q_values
from roadworthy.inspection.plan import Plan, make_plan
from roadworthy.inspection.profiled import card_of
from roadworthy.inspection.slices import measure_slices, require_columns
from roadworthy.inspection.suite import Suite, find_suite
from roadworthy.inspection.summary import Cost, DataCard, Inspection, ModelCard, Settings
from roadworthy.models import Answers, Vocabulary, as_model, ask, vocabulary_of
from roadworthy.models.adapt import Model
from roadworthy.models.ask import BATCH_SIZE
from roadworthy.parallel import Engine
from roadworthy.perturbations.profile import Profile

Progress = Callable[[str, int, int], None]


def inspect(
    model: Any,
    texts: Dataset | Sequence[str],
    labels: Sequence[Any] | None = None,
    *,
    real: Dataset | Sequence[Any] | None = None,
    train: Dataset | None = None,
    oos_label: str | None = None,
    suite: str | Path | Suite = "standard",
    profile: str | Path | Profile | None = None,
    slices: Sequence[str] = (),
    sample: int | None = None,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
    engine: Engine = "local",
    name: str | None = None,
    announce: Callable[[int, int], None] | None = None,
    progress: Progress | None = None,
) -> Inspection:
    """Inspect a text classifier: clean, perturbed and real messages, with intervals and a verdict.

    Parameters
    ----------
    model
        A fitted scikit-learn pipeline, a (vectorizer, model) pair, a function from texts to answers, or what
        `load_model` gave.
    texts, labels
        n clean labelled messages that the model was not trained on, as a `Dataset` or as two sequences.
    real
        Messages that real users sent: a `Dataset`, a sequence of texts, or a (texts, labels) pair.
    train
        The training messages, to find out whether clean or real messages are among them.
    oos_label
        The label of messages that belong to no class; only that answer, or a flag, is right for them.
    suite
        ``"quick"``, ``"standard"`` or ``"full"``, a TOML file, or a `Suite`.
    profile
        Who the users are: the clean messages are also inspected as this profile writes them. A built-in one by its
        name, the file of one that was learned, or a `Profile`; by default that of the suite, ``"real_users"`` where it
        is a named one.
    slices
        Columns of the datasets to tell the figures apart by, besides label, length, language and kind.
    sample
        Inspect on at most that many clean and that many real messages, drawn at random.
    seed
        Of the perturbations and the sample; the same seed gives the same inspection.
    batch_size
        How many messages the model is asked about at a time.
    engine
        Where the perturbing and the predicting run: ``"local"``, ``"processes"`` or ``"ray"``.
    name
        What to call the model.
    announce
        Called once, before the model is asked, with the number of messages and of distinct texts.
    progress
        Called with what is going on, how much is done, and how much there is.

    Returns
    -------
    Inspection
        Frozen; shows itself richly in a notebook; `to_frame()` gives the figures of every group.

    Raises
    ------
    DataError
        Messages or labels that cannot be used, or labels that the model does not know.
    ModelError
        The model cannot be used, or answered what no classifier may answer.

    Examples
    --------
    >>> from roadworthy import support_desk
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> train, test = support_desk.load_train(), support_desk.load_clean_test()
    >>> pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(train.texts, train.labels)
    >>> inspection = inspect(pipeline, list(test.texts), list(test.labels), suite="quick")
    >>> inspection.group("typos/3").n
    240
    """
    chosen = find_suite(suite, profile)
    whole, whole_real = require_classes(as_dataset(texts, labels)), None if real is None else as_dataset(real)
    job = _Job(
        model=as_model(model, name=name) if name else as_model(model),
        name=name,
        clean=whole.sample(sample, seed=seed),
        real=None if whole_real is None else whole_real.sample(sample, seed=seed),
        train=train,
        oos_label=None if oos_label is None else label_text(oos_label),
        suite=chosen,
        seed=seed,
        sample=sample,
        sampled_from=tuple(len(data) for data in (whole, whole_real) if data is not None),
    )
    _require_known(job)
    require_columns(slices, whole, whole_real)
    plan = make_plan(job.clean, job.real, chosen, seed=seed, engine=engine, progress=_part(progress, "perturbing"))
    if announce is not None:
        announce(plan.asked, len(plan.texts))
    answers = ask(job.model, plan.texts, batch_size=batch_size, engine=engine, progress=_part(progress, "predicting"))
    return _summarise(job, plan, answers)


@dataclass(frozen=True)
class _Job:
    """What is inspected, on what, and how."""

    model: Model
    name: str | None
    clean: Dataset
    real: Dataset | None
    train: Dataset | None
    oos_label: str | None
    suite: Suite
    seed: int
    sample: int | None
    sampled_from: tuple[int, ...]


def as_dataset(texts: Dataset | Sequence[Any], labels: Sequence[Any] | None = None) -> Dataset:
    """A dataset as it is, or one made of texts and their labels, or of a (texts, labels) pair."""
    if isinstance(texts, Dataset):
        if labels is not None:
            raise DataError("a Dataset and labels beside it", mend="give the labels inside the Dataset")
        return texts
    if labels is None and isinstance(texts, tuple) and len(texts) == 2 and not isinstance(texts[0], str):
        return Dataset.of(*texts)
    return Dataset.of(texts, labels)


def _part(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(what, done, total)


def _require_known(job: _Job) -> None:
    """Refuse labels that the model cannot answer: they would count as wrong whatever it does."""
    known = set(getattr(job.model, "classes", ()))
    datasets = [data for data in (job.clean, job.real) if data is not None and data.labels is not None]
    for data in datasets:
        unknown = [label for label in data.classes if label not in known | {job.oos_label}]
        if known and unknown:
            rows = sum(label in unknown for label in data.labels or ())
            shown = ", ".join(map(repr, unknown[:5])) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
            raise DataError(
                f"{counted(rows, 'message has', 'messages have')} labels that the model does not know: {shown}",
                where=data.name,
                mend="name an out-of-scope label with --oos-label (oos_label=...), or drop these rows",
            )
    if set(job.clean.classes) <= {job.oos_label}:
        raise DataError("every clean message is out of scope", where=job.clean.name, mend="give in-scope messages")


def _require_common(names: set[str], clean: Dataset) -> None:
    """Refuse a model whose classes were unknown, and that answered not one of the labels of the data."""
    if not names & set(clean.classes):
        answered, labels = (", ".join(map(repr, sorted(found)[:5])) for found in (names, clean.classes))
        raise DataError(
            f"the model answers {answered}, the data are labelled {labels}",
            where=clean.name,
            mend="map the model's labels to those of the data",
        )


def _summarise(job: _Job, plan: Plan, answers: Answers) -> Inspection:
    vocabulary = vocabulary_of(job.model)
    asked = _read(job, plan, answers, vocabulary)
    outcomes = _outcomes(job, plan, asked)
    judged = job.suite.judged
    measured = with_q_values([measure(outcome, asked, outcomes[0]) for outcome in outcomes], judged)
    groups, checks = judge(measured, judged)
    slices = measure_slices(outcomes, job.clean, job.real)
    findings = find_all(
        asked,
        groups,
        job.clean,
        job.real,
        job.train,
        oos_label=job.oos_label,
        sampled_from=job.sampled_from,
        slices=slices,
        unanswered=answers.unanswered,
    )
    return Inspection(
        roadworthy_version=version("roadworthy"),
        created=datetime.now(UTC).replace(microsecond=0),
        model=_model_card(job, answers, vocabulary),
        clean=_data_card(job.clean),
        real=None if job.real is None else _data_card(job.real),
        profile=None if job.suite.profile is None else card_of(job.suite.profile, job.clean.texts, seed=job.seed),
        settings=_settings(job),
        cost=_cost(plan, answers),
        verdict=overall(groups, findings),
        groups=groups,
        checks=checks,
        bounds=BOUNDS,
        findings=findings,
        examples=pick_examples(outcomes, asked, plan.texts, job.clean, vocabulary, judged_severity=judged),
        evidence=pick_evidence(outcomes, asked, plan.texts, job.clean, vocabulary, judged_severity=judged),
        confusions=count_confusions(outcomes, asked, judged_severity=judged),
        histograms=count_histograms(outcomes, judged_severity=judged),
        slices=slices,
    )


def _read(job: _Job, plan: Plan, answers: Answers, vocabulary: Vocabulary | None) -> Asked:
    """The answers as arrays of codes; labels of the data come first among them."""
    given = answers.predictions
    if not getattr(job.model, "classes", ()):
        _require_common(set(given.labels), job.clean)
    codes, predicted = code_labels(given, job.clean, job.real)
    unseen, words = vocabulary.count(plan.texts) if vocabulary else (None, None)
    return Asked(list(codes), predicted, given.confidence, given.flagged, unseen, words)


def _outcomes(job: _Job, plan: Plan, asked: Asked) -> list[Outcome]:
    codes = Codes((name, code) for code, name in enumerate(asked.names))
    clean, real = codes.of(job.clean.labels or ()), codes.of((job.real.labels or ()) if job.real else ())
    oos = codes.get(job.oos_label or "", NO_CODE)
    return [outcome_of(version, asked, real if version.kind == "real" else clean, oos) for version in plan.versions]


def _settings(job: _Job) -> Settings:
    return Settings(
        suite=job.suite.name,
        families=job.suite.families,
        profile=None if job.suite.profile is None else job.suite.profile.name,
        severities=job.suite.severities,
        judged_severity=job.suite.judged,
        seed=job.seed,
        sample=job.sample,
        oos_label=job.oos_label,
    )


def _cost(plan: Plan, answers: Answers) -> Cost:
    return Cost(
        asked=plan.asked,
        predicted=len(plan.texts),
        cpu_seconds_per_1000=answers.cpu_seconds_per_1000,
        memory_mb=answers.memory_mb,
        memory_batch=answers.memory_batch,
    )


def _model_card(job: _Job, answers: Answers, vocabulary: Vocabulary | None) -> ModelCard:
    model = job.model
    inner = _innermost(model)
    steps = getattr(inner, "steps", None)
    kind = " + ".join(type(step).__name__ for _, step in steps) if steps else type(inner).__name__
    classes = getattr(model, "classes", ()) or sorted(set(answers.predictions.labels))
    return ModelCard(
        name=str(job.name or getattr(model, "name", type(model).__name__)),
        type=kind,
        classes=tuple(classes),
        vocabulary_size=None if vocabulary is None else len(vocabulary),
        guarded=hasattr(type(model), "answer_one") or bool(answers.predictions.flagged.any()),
    )


def _innermost(model: object) -> object:
    """What is behind adapters and a guard: an estimator, or a function."""
    inner = getattr(model, "estimator", None) or getattr(model, "function", None) or getattr(model, "model", None)
    return model if inner is None else _innermost(inner)


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
