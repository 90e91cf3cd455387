"""The champion that a model must not be worse than: which one it is, and the two compared on the same messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roadworthy.data import Dataset
from roadworthy.inspection import Inspection, Suite, find_suite, inspect, plan_texts
from roadworthy.inspection.run import as_dataset
from roadworthy.models import mlflow_model

if TYPE_CHECKING:
    from roadworthy.comparison import Comparison
    from roadworthy.models.adapt import Model
    from roadworthy.models.mlflow_model import Registered
    from roadworthy.parallel import Engine

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Champion:
    """What a model is compared with: its spec, and its version where it is a registered one."""

    spec: str
    registered: Registered | None


@dataclass(frozen=True)
class Terms:
    """What both are asked, and how; the messages are those that an inspection takes."""

    clean: Dataset
    real: Dataset | None
    suite: Suite
    oos_label: str | None
    seed: int
    slices: tuple[str, ...]
    engine: Engine


def find_champion(given: str | None, inspected: Registered | None) -> Champion | None:
    """The champion that was named, or else that of the registered model, unless it is the inspected version itself.

    Raises
    ------
    TrackingError
        The store cannot be asked.
    """
    if given is not None:
        registered = mlflow_model.find_registered(given)
        return Champion(given if registered is None else registered.spec, registered)
    found = None if inspected is None else mlflow_model.champion_of(inspected.name)
    if inspected is None or found is None or found.version == inspected.version:
        return None
    return Champion(found.spec, found)


def terms_of(
    texts: Any,
    labels: Any = None,
    *,
    real: Any = None,
    suite: str | Path | Suite = "standard",
    profile: Any = None,
    sample: int | None = None,
    oos_label: str | None = None,
    seed: int = 0,
    slices: Sequence[str] = (),
    engine: Engine = "local",
    **_others: Any,
) -> Terms:
    """The terms of an inspection; `roadworthy.inspect` says what each option means. Others are of no concern here."""
    clean, users = as_dataset(texts, labels), None if real is None else as_dataset(real)
    return Terms(
        clean=clean.sample(sample, seed=seed),
        real=None if users is None else users.sample(sample, seed=seed),
        suite=find_suite(suite, profile),
        oos_label=oos_label,
        seed=seed,
        slices=tuple(slices),
        engine=engine,
    )


def load_champion(champion: Champion, terms: Terms, *, allow_pickle: bool) -> Model:
    """The champion, which has shown that it answers: what is wrong with it is not to be found after all the work."""
    from roadworthy.models import load_model
    from roadworthy.models.ask import require_answer

    before = load_model(champion.spec, allow_pickle=allow_pickle)
    require = getattr(before, "require", None)
    if require is not None:
        require(plan_texts(terms.clean, terms.real, terms.suite, terms.seed))
    else:
        require_answer(before, terms.clean.texts)
    return before


def compare_with(
    before: Any, model: Any, terms: Terms, *, names: tuple[str, str], progress: Progress | None = None
) -> Comparison:
    """The model against the champion, on the messages that it was inspected on."""
    from roadworthy.comparison import compare_models

    return compare_models(
        before,
        model,
        terms.clean,
        real=terms.real,
        suite=terms.suite,
        oos_label=terms.oos_label,
        seed=terms.seed,
        slices=terms.slices,
        engine=terms.engine,
        progress=progress,
        names=names,
    )


def inspect_against(
    champion: Champion | None, model: Any, texts: Any, labels: Any = None, *, allow_pickle: bool = False, **options: Any
) -> tuple[Inspection, Comparison | None]:
    """Inspect a model, and compare it with its champion where there is one; options as of `roadworthy.inspect`."""
    if champion is None:
        return inspect(model, texts, labels, **options), None
    terms = terms_of(texts, labels, **options)
    before = load_champion(champion, terms, allow_pickle=allow_pickle)
    inspection = inspect(model, texts, labels, **options)
    return inspection, compare_with(before, model, terms, names=(champion.spec, inspection.model.name))
