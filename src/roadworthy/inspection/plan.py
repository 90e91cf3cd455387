"""The plan of an inspection: every group of messages, and each distinct text once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from roadworthy.data import Codes
from roadworthy.inspection.suite import PROFILE
from roadworthy.inspection.summary import Kind
from roadworthy.parallel import Engine, Progress, run_jobs
from roadworthy.perturbations import Perturbed, perturb_all

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.data import Dataset
    from roadworthy.inspection.suite import Suite
    from roadworthy.perturbations.profile import Profile

ALL = "all"


@dataclass(frozen=True, eq=False)
class Version:
    """The messages of one group.

    Parameters
    ----------
    rows
        Which messages of their file these are, shape (n,).
    codes
        Where each one's text stands among the distinct texts, shape (n,).
    changed
        For perturbed messages whether each one changed, shape (n,).
    not_applicable
        How many more messages are in a language that the perturbation does not cover.
    """

    kind: Kind
    name: str
    severity: int | None
    rows: NDArray[np.intp]
    codes: NDArray[np.intp]
    changed: NDArray[np.bool_] | None = None
    not_applicable: int = 0

    @property
    def whole(self) -> bool:
        """Whether these are all clean or all real messages, not one kind of them."""
        return self.kind == "clean" or (self.kind == "real" and self.name == ALL)


@dataclass(frozen=True, eq=False)
class Plan:
    """All groups, and the distinct texts that they are made of: the first version is the clean one."""

    versions: list[Version]
    texts: list[str]

    @property
    def asked(self) -> int:
        """How many messages all groups hold together; kinds of real messages are part of all real ones."""
        return sum(len(version.rows) for version in self.versions if version.kind == "perturbed" or version.whole)


def make_plan(
    clean: Dataset,
    real: Dataset | None,
    suite: Suite,
    *,
    seed: int,
    engine: Engine = "local",
    progress: Progress | None = None,
) -> Plan:
    """Perturb the clean messages and number the distinct texts."""
    profile = None if suite.profile is None else suite.profile.beside(clean.texts)
    perturb = partial(_perturb, clean.texts, seed, profile)
    results = run_jobs(perturb, suite.tried, engine=engine, progress=progress)
    texts = Codes()
    every = np.arange(len(clean))
    versions = [Version("clean", "clean", None, every, texts.of(clean.texts))]
    versions += [_perturbed(job, result, texts) for job, result in zip(suite.tried, results, strict=True)]
    if real is not None:
        versions += _real(real, texts)
    return Plan(versions, list(texts))


def plan_texts(clean: Dataset, real: Dataset | None, suite: Suite, seed: int = 0) -> list[str]:
    """The distinct texts that an inspection asks the model about, to have them predicted elsewhere.

    Examples
    --------
    >>> from roadworthy.data import Dataset
    >>> from roadworthy.inspection.suite import Suite
    >>> plan_texts(Dataset.of(["Where?"], ["order"]), None, Suite("mine", ("caps_lock",), (3,)))
    ['Where?', 'wHERE?']
    """
    return make_plan(clean, real, suite, seed=seed).texts


def _perturb(texts: Sequence[str], seed: int, profile: Profile | None, job: tuple[str, int]) -> Perturbed:
    name, severity = job
    if profile is None or name != PROFILE + profile.name:
        return perturb_all(texts, name, severity=severity, seed=seed)
    written = profile(texts, severity=severity, seed=seed)
    return Perturbed(written, [True] * len(texts), [a != b for a, b in zip(texts, written, strict=True)])


def _perturbed(job: tuple[str, int], result: Perturbed, texts: Codes) -> Version:
    rows = np.flatnonzero(result.applicable)
    return Version(
        "perturbed",
        *job,
        rows,
        texts.of([result.texts[row] for row in rows]),
        np.asarray(result.changed, dtype=bool)[rows],
        len(result.texts) - len(rows),
    )


def _real(real: Dataset, texts: Codes) -> list[Version]:
    codes = texts.of(real.texts)
    versions = [Version("real", ALL, None, np.arange(len(real)), codes)]
    kinds = np.array(real.kinds or (), dtype=object)
    for kind in dict.fromkeys(real.kinds or ()):
        rows = np.flatnonzero(kinds == kind)
        name = f"kind {kind}" if kind == ALL else kind
        versions.append(Version("real", name, None, rows, codes[rows]))
    return versions
