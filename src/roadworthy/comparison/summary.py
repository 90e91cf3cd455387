"""The frozen result of a comparison: every difference once, paired, with its interval and its p-values."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from roadworthy.errors import DataError
from roadworthy.inspection import DataCard, Figure, Finding, Settings
from roadworthy.inspection.summary import Kind
from roadworthy.metrics import CONFIDENCE_LEVEL

SCHEMA_VERSION: Literal[1] = 1
FILE = "comparison.json"

Shown = Literal["better", "worse", "no difference shown"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Paired(_Frozen):
    """The in-scope accuracy of two models on the same messages.

    `difference` is that of b minus that of a, paired. `p_value` is of McNemar's test, and `q_value` is it corrected
    (Benjamini-Hochberg) for all that was tested beside it. `broken` counts the messages that only a answers rightly,
    `mended` those that only b does; both count out-of-scope messages, too.
    """

    n: int
    accuracy_a: Figure
    accuracy_b: Figure
    difference: Figure
    p_value: float | None = None
    q_value: float | None = None
    broken: int = 0
    mended: int = 0


class Compared(_Paired):
    """One group of messages, answered by both models; its key is that of the same group in an inspection.

    `silent_failure_difference` is over all messages, and bears the p-values of its own test. `disagreement` is the
    share of messages that they label differently; it needs no true labels. `could_show` is the smallest difference
    in accuracy that so many messages are likely to show. A group that is `judged` counts for the verdict.
    """

    key: str
    kind: Kind
    name: str
    severity: int | None = None
    judged: bool = False
    silent_failure_a: Figure
    silent_failure_b: Figure
    silent_failure_difference: Figure
    silent_failure_p_value: float | None = None
    silent_failure_q_value: float | None = None
    disagreement: Figure
    could_show: float | None = None
    outcome: Shown = "no difference shown"


class ComparedSlice(_Paired):
    """Those clean or real messages that share a label, a length, a language, a kind, or the value of a column."""

    messages: Literal["clean", "real"]
    by: str
    value: str
    outcome: Shown = "no difference shown"


class Answered(_Frozen):
    """A message that one model answers rightly and the other does not; personal data is redacted."""

    group: str
    text: str
    clean_text: str | None = None
    label: str
    a: str
    b: str
    confidence_a: float | None = None
    confidence_b: float | None = None
    flagged_a: bool = False
    flagged_b: bool = False


class Comparison(_Frozen):
    """What two models answer to the same messages: clean ones, perturbed copies of them, and real ones.

    The verdict is about b: worse where any judged group (clean messages, real ones, and each family at the judged
    severity) is shown to be worse, in accuracy or in silent failures; else better where any is shown to be better.
    `broken_messages` and `mended_messages` count over clean and real messages, as they were written; `broken` and
    `mended` keep some to read, of the perturbed messages as well.

    Examples
    --------
    >>> from roadworthy import support_desk
    >>> from roadworthy.comparison import compare_models
    >>> data = support_desk.load_clean_test().take(range(0, 240, 8))
    >>> always = lambda texts: ["order_status"] * len(texts)
    >>> comparison = compare_models(always, always, data, suite="quick", names=("yesterday", "today"))
    >>> Comparison.from_json(comparison.to_json()) == comparison
    True
    >>> comparison
    <Comparison of yesterday (a) and today (b): no difference shown>
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    roadworthy_version: str
    created: datetime
    a: str
    b: str
    clean: DataCard
    real: DataCard | None = None
    settings: Settings
    verdict: Shown
    reasons: tuple[str, ...] = ()
    groups: tuple[Compared, ...]
    slices: tuple[ComparedSlice, ...] = ()
    broken_messages: int
    mended_messages: int
    broken: tuple[Answered, ...] = ()
    mended: tuple[Answered, ...] = ()
    findings: tuple[Finding, ...] = ()
    confidence_level: Annotated[float, Field(gt=0, lt=1)] = CONFIDENCE_LEVEL

    def group(self, key: str) -> Compared:
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

    def to_json(self) -> str:
        """The whole comparison as one JSON document."""
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, document: str | bytes, *, where: object = None) -> Comparison:
        """Read back what `to_json` wrote.

        Raises
        ------
        DataError
            The document is not a comparison, or of a schema that this version does not read.
        """
        try:
            return cls.model_validate_json(document)
        except ValidationError as error:
            first: Any = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "document"
            raise DataError(
                f"not a comparison of schema {SCHEMA_VERSION} ({place}: {first['msg']})",
                where=where,
                mend="compare the models again with this version",
            ) from None

    @classmethod
    def load(cls, path: str | Path) -> Comparison:
        """Read a `comparison.json`, or the one in a folder."""
        path = Path(path)
        file = path / FILE if path.is_dir() else path
        if not file.is_file():
            raise DataError(f"no {FILE}", where=path, mend="give a folder written by roadworthy compare")
        return cls.from_json(file.read_bytes(), where=file)

    def __repr__(self) -> str:
        return f"<Comparison of {self.a} (a) and {self.b} (b): {self.verdict}>"

    __str__ = __repr__
