"""`inspect`: plan, ask the model once, measure, judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from roadworthy.data import Dataset, require_classes
from roadworthy.errors import DataError
from roadworthy.inspection.examples import count_confusions, count_histograms, pick_examples
from roadworthy.inspection.findings import find_all
from roadworthy.inspection.judge import BOUNDS, judge, overall
from roadworthy.inspection.measure import Asked, code_labels, measure, outcome_of
from roadworthy.inspection.plan import Plan, make_plan
from roadworthy.inspection.suite import Suite, find_suite
from roadworthy.inspection.summary import Cost, DataCard, Inspection, ModelCard, Settings
from roadworthy.models import Answers, Vocabulary, as_model, ask, vocabulary_of
from roadworthy.models.adapt import Model
from roadworthy.models.ask import BATCH_SIZE
from roadworthy.parallel import Engine

Progress = Callable[[str, int, int], None]


def inspect(
    model: Any,
    texts: Dataset | Sequence[str],
    labels: Sequence[Any] | None = None,
    *,
    real: Dataset | None = None,
    train: Dataset | None = None,
    oos_label: str | None = None,
    suite: str | Path | Suite = "standard",
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
        Messages that real users sent, with labels and kinds where known.
    train
        The training messages, to find out whether clean or real messages are among them.
    oos_label
        The label of messages that belong to no class; only that answer, or a flag, is right for them.
    suite
        ``"quick"``, ``"standard"`` or ``"full"``, a TOML file, or a `Suite`.
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
        Frozen; shows itself richly in a notebook; `to_frame()` gives every figure.

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
    chosen = find_suite(suite)
    whole = require_classes(texts if isinstance(texts, Dataset) else Dataset.of(texts, labels))
    adapted = as_model(model, name=name) if name else as_model(model)
    clean, sampled_real = whole.sample(sample, seed=seed), real.sample(sample, seed=seed) if real else None
    _require_known(adapted, clean, sampled_real, oos_label)
    plan = make_plan(clean, sampled_real, chosen, seed=seed, engine=engine, progress=_part(progress, "perturbing"))
    if announce is not None:
        announce(plan.asked, len(plan.texts))
    answers = ask(adapted, plan.texts, batch_size=batch_size, engine=engine, progress=_part(progress, "predicting"))
    sizes = [len(whole), *([len(real)] if real else [])]
    return _summarise(adapted, plan, answers, clean, sampled_real, train, oos_label, chosen, seed, sample, sizes, name)


def _part(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(what, done, total)


def _require_known(model: Model, clean: Dataset, real: Dataset | None, oos_label: str | None) -> None:
    """Refuse labels that the model cannot answer: they would count as wrong whatever it does."""
    known = set(getattr(model, "classes", ()))
    for data in (clean, real):
        if data is None or data.labels is None or not known:
            continue
        unknown = sorted(set(data.labels) - known - {oos_label})
        if unknown:
            rows = sum(label in unknown for label in data.labels)
            shown = ", ".join(map(repr, unknown[:5])) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
            raise DataError(
                f"{rows:,} messages bear labels that the model does not know: {shown}",
                where=data.name,
                mend="name an out-of-scope label with --oos-label (oos_label=...), or drop these rows",
            )
    if set(clean.labels or ()) <= {oos_label}:
        raise DataError("every clean message is out of scope", where=clean.name, mend="give in-scope messages")


def _require_common(names: set[str], clean: Dataset) -> None:
    """Refuse a model whose classes were unknown, and that answered not one of the labels of the data."""
    if not names & set(clean.classes):
        answered, labels = (", ".join(map(repr, sorted(found)[:5])) for found in (names, clean.classes))
        raise DataError(
            f"the model answers {answered}, the data are labelled {labels}",
            where=clean.name,
            mend="map the model's labels to those of the data",
        )


def _summarise(
    model: Model,
    plan: Plan,
    answers: Answers,
    clean: Dataset,
    real: Dataset | None,
    train: Dataset | None,
    oos_label: str | None,
    suite: Suite,
    seed: int,
    sample: int | None,
    sizes: Sequence[int],
    name: str | None,
) -> Inspection:
    vocabulary = vocabulary_of(model)
    codes, predicted = code_labels(answers.predictions, clean, real)
    if not getattr(model, "classes", ()):
        _require_common(set(answers.predictions.labels), clean)
    unseen, words = vocabulary.count(plan.texts) if vocabulary else (None, None)
    asked = Asked(list(codes), predicted, answers.predictions.confidence, answers.predictions.flagged, unseen, words)
    true = {
        "clean": codes.of(clean.labels or ()),
        "perturbed": codes.of(clean.labels or ()),
        "real": codes.of((real.labels or ()) if real else ()),
    }
    oos = codes.get(oos_label, -2) if oos_label else -2
    outcomes = [outcome_of(version, asked, true[version.kind], oos) for version in plan.versions]
    groups, checks = judge([measure(outcome, asked, outcomes[0]) for outcome in outcomes], suite.judged)
    findings = find_all(asked, groups, clean, real, train, sampled_from=sizes)
    return Inspection(
        roadworthy_version=version("roadworthy"),
        created=datetime.now(UTC).replace(microsecond=0),
        model=_model_card(model, answers, vocabulary, name),
        clean=_data_card(clean),
        real=None if real is None else _data_card(real),
        settings=Settings(
            suite=suite.name,
            families=suite.families,
            severities=suite.severities,
            judged_severity=suite.judged,
            seed=seed,
            sample=sample,
            oos_label=oos_label,
        ),
        cost=Cost(
            asked=plan.asked,
            predicted=len(plan.texts),
            cpu_seconds_per_1000=answers.cpu_seconds_per_1000,
            memory_mb=answers.memory_mb,
            memory_batch=answers.memory_batch,
        ),
        verdict=overall(groups, findings),
        groups=groups,
        checks=checks,
        bounds=BOUNDS,
        findings=findings,
        examples=pick_examples(outcomes, asked, plan.texts, clean, vocabulary, judged_severity=suite.judged),
        confusions=count_confusions(outcomes, asked, judged_severity=suite.judged),
        histograms=count_histograms(outcomes, judged_severity=suite.judged),
    )


def _model_card(model: Model, answers: Answers, vocabulary: Vocabulary | None, name: str | None) -> ModelCard:
    inner = getattr(model, "estimator", None) or getattr(model, "function", None) or model
    steps = getattr(inner, "steps", None)
    kind = " + ".join(type(step).__name__ for _, step in steps) if steps else type(inner).__name__
    classes = getattr(model, "classes", ()) or sorted(set(answers.predictions.labels))
    return ModelCard(
        name=str(name or getattr(model, "name", type(model).__name__)),
        type=kind,
        classes=tuple(classes),
        vocabulary_size=None if vocabulary is None else len(vocabulary),
        guarded=bool(answers.predictions.flagged.any()),
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
