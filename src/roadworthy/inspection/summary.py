"""The frozen result of an inspection: every figure once, with its n and its interval; renderers read only this."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError

from roadworthy.errors import DataError
from roadworthy.inspection.figure import Figure as Figure
from roadworthy.inspection.figure import Frozen
from roadworthy.inspection.profile_card import ProfileCard
from roadworthy.metrics import CONFIDENCE_LEVEL

if TYPE_CHECKING:
    import pandas as pd

    from roadworthy.comparison import Comparison
    from roadworthy.gate.bounds import Gate
    from roadworthy.gate.decision import Decision

SCHEMA_VERSION: Literal[1] = 1

Kind = Literal["clean", "perturbed", "real"]
Verdict = Literal["pass", "advisory", "fail"]


class Sink(Frozen):
    """The label that wrong answers pile into, and its share of all wrong answers."""

    label: str
    share: Figure


class Group(Frozen):
    """The figures of one group of messages: the clean ones, one family at one severity, or one kind of real ones.

    `accuracy` is over in-scope messages; `accuracy_all`, `silent_failure_rate` and `coverage` are over all of them.
    `difference` is this group's in-scope accuracy minus that of the clean messages: for perturbed messages paired, and
    over those that changed, like `flip_rate`; for real ones independent. `changed` is the share of applicable messages
    that the perturbation changed, `not_applicable` the number of messages in a language that it does not cover.
    `p_value` is that of the difference (McNemar's test for perturbed messages, Fisher's for real ones), `q_value` is it
    corrected for the number of families at the judged severity, or of kinds (Benjamini-Hochberg).
    `verdict` is None where no bound applies: the figures are reported, not judged. What a profile made is perturbed
    too; its name is that of the profile after ``profile: ``.
    """

    kind: Kind
    name: str
    severity: int | None = None
    n: int
    out_of_scope: int = 0
    not_applicable: int = 0
    changed: Figure | None = None
    accuracy: Figure
    accuracy_all: Figure
    difference: Figure
    flip_rate: Figure
    mean_confidence: Figure
    calibration_error: Figure
    oov_rate: Figure
    silent_failure_rate: Figure
    coverage: Figure
    recall: dict[str, Figure]
    sink: Sink | None = None
    p_value: float | None = None
    q_value: float | None = None
    verdict: Verdict | None = None
    reasons: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A short name that no other group of the inspection bears.

        Clean messages are ``clean``, perturbed ones ``typos/3``, real ones ``real`` or ``real/slang``.
        """
        if self.kind == "clean":
            return "clean"
        if self.kind == "perturbed":
            return f"{self.name}/{self.severity}"
        return "real" if self.name == "all" else f"real/{self.name}"

    @property
    def profile(self) -> str | None:
        """The profile that made the messages; None of those that a family made, and of clean and real ones."""
        name = self.name.removeprefix("profile: ")
        return name if self.kind == "perturbed" and name != self.name else None


class Slice(Frozen):
    """Those clean or real messages that share something: a label, a length, a language, a kind, or a user's column.

    `accuracy` and `difference` are over in-scope messages; the difference is to those outside the slice. `q_value` is
    the p-value of that difference, corrected for the number of slices (Benjamini-Hochberg); of fewer than ten messages
    both are None. A slice is weak where it is shown to be worse.
    """

    messages: Literal["clean", "real"]
    by: str
    value: str
    n: int
    accuracy: Figure
    silent_failure_rate: Figure
    coverage: Figure
    difference: Figure
    p_value: float | None = None
    q_value: float | None = None
    weak: bool = False


class Example(Frozen):
    """A message worth reading: what was asked, what was answered, and which words the model had never seen."""

    group: str
    text: str
    clean_text: str | None = None
    label: str
    predicted: str
    confidence: float | None = None
    clean_confidence: float | None = None
    unseen_words: tuple[str, ...] = ()
    flagged: bool = False


class Confusion(Frozen):
    """How often a label was answered as another one."""

    kind: Kind
    label: str
    predicted: str
    count: int
    of: int


class Histogram(Frozen):
    """Counts of right and wrong answers over equal-width bins of confidence from 0 to 1."""

    kind: Kind
    right: tuple[int, ...]
    wrong: tuple[int, ...]


class Bound(Frozen):
    """A limit that a figure must keep, and the messages whose figure it is."""

    name: str
    metric: str
    applies_to: Kind
    limit: float
    at_most: bool
    sentence: str


class Check(Frozen):
    """One bound held against one group."""

    bound: str
    group: str
    figure: Figure
    limit: float
    verdict: Verdict
    sentence: str


class Finding(Frozen):
    """Something found on the way that limits what the figures can say."""

    level: Literal["note", "advisory", "fail"]
    code: str
    message: str


class ModelCard(Frozen):
    """Which model was inspected."""

    name: str
    type: str
    classes: tuple[str, ...]
    vocabulary_size: int | None = None
    guarded: bool = False


class DataCard(Frozen):
    """Which messages it was inspected on; those that are not authentic imitate users, and are never called real."""

    name: str
    n: int
    sha256: str
    labelled: bool
    classes: int
    kinds: tuple[str, ...] = ()
    authentic: bool = True


class Settings(Frozen):
    """What makes the inspection repeatable; the verdict is about the judged severity."""

    suite: str
    families: tuple[str, ...]
    profile: str | None = None
    severities: tuple[int, ...]
    judged_severity: int
    seed: int
    sample: int | None = None
    oos_label: str | None = None


class Cost(Frozen):
    """What the predictions cost on the machine that ran them.

    `asked` counts the messages of every group, `predicted` the distinct texts that the model was really asked. CPU
    seconds are those of the processes that predicted; `memory_mb` is the peak that Python allocated in this one while
    it predicted a batch of `memory_batch` messages.
    """

    asked: int
    predicted: int
    cpu_seconds_per_1000: float
    memory_mb: float
    memory_batch: int


class Inspection(Frozen):
    """What an inspection found.

    Examples
    --------
    An inspection survives a round trip through JSON without loss:

    >>> from roadworthy import inspect, support_desk
    >>> data = support_desk.load_clean_test().take(range(0, 240, 8))
    >>> inspection = inspect(lambda texts: ["order_status"] * len(texts), data, suite="quick")
    >>> Inspection.from_json(inspection.to_json()) == inspection
    True
    >>> inspection.verdict
    'fail'
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    roadworthy_version: str
    created: datetime
    model: ModelCard
    clean: DataCard
    real: DataCard | None = None
    profile: ProfileCard | None = None
    settings: Settings
    cost: Cost
    verdict: Verdict
    groups: tuple[Group, ...]
    checks: tuple[Check, ...]
    bounds: tuple[Bound, ...]
    findings: tuple[Finding, ...]
    examples: tuple[Example, ...]
    evidence: tuple[Example, ...] = ()
    confusions: tuple[Confusion, ...]
    histograms: tuple[Histogram, ...]
    slices: tuple[Slice, ...] = ()
    confidence_level: Annotated[float, Field(gt=0, lt=1)] = CONFIDENCE_LEVEL

    def group(self, key: str) -> Group:
        """The group of that key.

        Raises
        ------
        KeyError
            There is no such group; the message lists those that there are.
        """
        for group in self.groups:
            if group.key == key:
                return group
        raise KeyError(f"no group {key!r}; there are {', '.join(group.key for group in self.groups)}")

    def of_kind(self, kind: Kind) -> tuple[Group, ...]:
        """The groups of clean, perturbed or real messages."""
        return tuple(group for group in self.groups if group.kind == kind)

    @property
    def weak_slices(self) -> tuple[Slice, ...]:
        """The slices that are shown to be worse than the rest, the worst first."""
        weak = (found for found in self.slices if found.weak)
        return tuple(sorted(weak, key=lambda found: found.difference.value or 0.0))

    def passes(
        self,
        gate: Gate | str | Path | None = None,
        comparison: Comparison | None = None,
        *,
        champion: str | None = None,
    ) -> Decision:
        """Hold the inspection against a gate; the decision is true only if the model may go on.

        Parameters
        ----------
        gate, comparison, champion
            As `roadworthy.gate.decide` takes them.

        Raises
        ------
        SettingsError
            The gate cannot be read.
        """
        from roadworthy.gate import decide

        return decide(self, gate, comparison, champion=champion)

    def to_json(self) -> str:
        """The whole inspection as one JSON document."""
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, document: str | bytes, *, where: object = None) -> Inspection:
        """Read back what `to_json` wrote.

        Raises
        ------
        DataError
            The document is not an inspection, or of a schema that this version does not read.
        """
        try:
            return cls.model_validate_json(document)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "document"
            raise DataError(
                f"not an inspection of schema {SCHEMA_VERSION} ({place}: {first['msg']})",
                where=where,
                mend="inspect the model again with this version",
            ) from None

    @classmethod
    def load(cls, path: str | Path) -> Inspection:
        """Read an `inspection.json`, or the one in a report folder."""
        path = Path(path)
        file = path / "inspection.json" if path.is_dir() else path
        if not file.is_file():
            raise DataError("no inspection.json", where=path, mend="give a folder written by roadworthy inspect")
        return cls.from_json(file.read_bytes(), where=file)

    def to_frame(self) -> pd.DataFrame:
        """One row a group; a figure's interval stands in columns that end in _low and _high, its n in _n."""
        import pandas as pd

        return pd.DataFrame([_flat(group) for group in self.groups])

    def __repr__(self) -> str:
        return f"<Inspection of {self.model.name}: {self.verdict}, clean accuracy {self.groups[0].accuracy}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from roadworthy.report import notebook_html

        return notebook_html(self)


def _flat(group: Group) -> dict[str, object]:
    row: dict[str, object] = {"group": group.key}
    for name in type(group).model_fields:
        value = getattr(group, name)
        if isinstance(value, Figure):
            row |= {
                name: value.value,
                f"{name}_low": value.low,
                f"{name}_high": value.high,
                f"{name}_n": value.n,
            }
        elif isinstance(value, Sink):
            row |= {"sink": value.label, "sink_share": value.share.value}
        elif name == "reasons":
            row[name] = "; ".join(value)
        elif name != "recall":
            row[name] = value
    return row
