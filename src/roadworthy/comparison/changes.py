"""What changed from one run to another: messages, parameters, environment, code, and the words that a model knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from roadworthy.comparison.runs import RunFacts
from roadworthy.data import Dataset, read_dataset
from roadworthy.errors import RoadworthyError
from roadworthy.redaction import redact

if TYPE_CHECKING:
    from roadworthy.comparison.runs import DataFacts

_RELABELLED = 5
_WORDS = 50


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Change(_Frozen):
    """One thing that differs; None on the side that does not have it."""

    what: str
    a: str | None = None
    b: str | None = None


class Relabelled(_Frozen):
    """A training message that bears another label in b; personal data is redacted."""

    text: str
    a: str
    b: str


class MessagesChange(_Frozen):
    """How the training messages differ, message by message: known where both files are still there."""

    only_a: int
    only_b: int
    relabelled: int
    examples: tuple[Relabelled, ...] = ()


class Word(_Frozen):
    """A word that one model knows and the other does not, and how often the compared messages use it."""

    word: str
    count: int


class VocabularyChange(_Frozen):
    """The words that b has gained and lost, the most used first; at most 50 of each are kept."""

    size_a: int
    size_b: int
    gained: int
    lost: int
    gained_words: tuple[Word, ...] = ()
    lost_words: tuple[Word, ...] = ()


class Changes(_Frozen):
    """What changed from the run of a to the run of b; what is the same on both sides is left out."""

    a: RunFacts
    b: RunFacts
    data: tuple[Change, ...] = ()
    messages: MessagesChange | None = None
    parameters: tuple[Change, ...] = ()
    environment: tuple[Change, ...] = ()
    code: tuple[Change, ...] = ()
    vocabulary: VocabularyChange | None = None

    def to_json(self) -> str:
        """The whole as one JSON document."""
        return self.model_dump_json(indent=2)


def changes_between(a: RunFacts, b: RunFacts, *, vocabulary: VocabularyChange | None = None) -> Changes:
    """Everything that two runs differ in.

    Parameters
    ----------
    a, b
        What `read_run` gave.
    vocabulary
        What `vocabulary_change` gave, where both models have a vocabulary.
    """
    return Changes(
        a=a,
        b=b,
        data=_data_changes(a.data, b.data),
        messages=_messages_change(a, b),
        parameters=(
            *_differing({"recipe": a.recipe}, {"recipe": b.recipe}),
            *_differing(_named(a.options), _named(b.options)),
            *_differing(_without(a.parameters, "recipe"), _without(b.parameters, "recipe")),
        ),
        environment=(
            *_differing({"Python": a.python, "platform": a.platform}, {"Python": b.python, "platform": b.platform}),
            *_differing(a.packages, b.packages),
        ),
        code=tuple(_differing(_code(a), _code(b))),
        vocabulary=vocabulary,
    )


def _differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Change]:
    """What differs, in a's order; then what only b has.

    Examples
    --------
    >>> _differing({"x": 1, "y": 2}, {"y": 3, "z": None})
    [Change(what='x', a='1', b=None), Change(what='y', a='2', b='3')]
    """
    names = dict.fromkeys([*a, *b])
    return [
        Change(what=name, a=_said(a.get(name)), b=_said(b.get(name))) for name in names if a.get(name) != b.get(name)
    ]


def _said(value: object) -> str | None:
    return None if value is None else str(value)


def _named(options: Mapping[str, str]) -> dict[str, str]:
    """Options under the names that they are typed by; the folder of the model says nothing about it."""
    return {f"--{name.replace('_', '-')}": value for name, value in options.items() if name not in ("out", "data")}


def _without(parameters: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in parameters.items() if key != name}


def _code(run: RunFacts) -> dict[str, object]:
    state = None if run.dirty is None else "changed files beside the commit" if run.dirty else "as committed"
    return {"commit": run.commit, "branch": run.branch, "working tree": state}


def _data_changes(a: DataFacts | None, b: DataFacts | None) -> tuple[Change, ...]:
    sides: list[dict[str, object]] = []
    for data in (a, b):
        side: dict[str, object] = {}
        if data is not None:
            side = {"file": data.name, "messages": data.n, "sha256": data.sha256}
            side |= {f"label {label}": count for label, count in (data.labels or {}).items()}
        sides.append(side)
    if not (a and a.labels and b and b.labels):
        sides = [{name: value for name, value in side.items() if not name.startswith("label ")} for side in sides]
    return tuple(_differing(*sides))


def _messages_change(a: RunFacts, b: RunFacts) -> MessagesChange | None:
    if a.data is None or b.data is None or a.data.sha256 == b.data.sha256:
        return None
    first, second = local_data(a), local_data(b)
    return None if first is None or second is None else messages_change(first, second)


def local_data(run: RunFacts) -> Dataset | None:
    """The training messages of a run, where their file is still there, and is what it was."""
    source = None if run.data is None else run.data.source
    if run.data is None or source is None or not Path(source).is_file():
        return None
    try:
        found = read_dataset(source, text=run.options.get("text"), label=run.options.get("label"))
    except RoadworthyError:
        return None
    return found if found.sha256 == run.data.sha256 else None


def messages_change(a: Dataset, b: Dataset) -> MessagesChange:
    """How messages differ from one dataset to another.

    Examples
    --------
    >>> before = Dataset.of(["where is it", "refund pls"], ["order", "refund"])
    >>> after = Dataset.of(["where is it", "hello"], ["refund", "greeting"])
    >>> change = messages_change(before, after)
    >>> change.only_a, change.only_b, change.relabelled
    (1, 1, 1)
    """
    sides = [Counter(zip(data.texts, data.labels or ("",) * len(data), strict=True)) for data in (a, b)]
    gone, new = (Counter(dict(sides[0] - sides[1])), Counter(dict(sides[1] - sides[0])))
    relabelled = []
    labels: dict[str, list[str]] = {}
    for (text, label), count in new.items():
        labels.setdefault(text, []).extend([label] * count)
    for text, label in gone.elements():
        if labels.get(text):
            relabelled.append(Relabelled(text=redact(text), a=label, b=labels[text].pop()))
    moved = len(relabelled)
    return MessagesChange(
        only_a=gone.total() - moved,
        only_b=new.total() - moved,
        relabelled=moved,
        examples=tuple(relabelled[:_RELABELLED]),
    )


def vocabulary_change(a: Any, b: Any, texts: Sequence[str]) -> VocabularyChange | None:
    """The words that model b knows and a does not, and the other way round; None where one has no vocabulary.

    Parameters
    ----------
    texts
        The compared messages, in which the words are counted.
    """
    from roadworthy.models import vocabulary_of

    first, second = vocabulary_of(a), vocabulary_of(b)
    if first is None or second is None:
        return None
    # What the one does not know of a message, and the other does.
    gained = _counted(second.words - first.words, (first.unseen(text) for text in texts))
    lost = _counted(first.words - second.words, (second.unseen(text) for text in texts))
    return VocabularyChange(
        size_a=len(first),
        size_b=len(second),
        gained=len(gained),
        lost=len(lost),
        gained_words=gained[:_WORDS],
        lost_words=lost[:_WORDS],
    )


def _counted(words: Iterable[str], used: Iterable[Sequence[str]]) -> tuple[Word, ...]:
    counts = Counter(word for message in used for word in message)
    found = [Word(word=word, count=counts[word]) for word in words]
    return tuple(sorted(found, key=lambda word: (-word.count, word.word)))
