"""Profiles: who the users are, as a mix of perturbations, each with how often it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache, cached_property
from importlib.resources import files
from itertools import repeat
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, overload

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from roadworthy.errors import PerturbationError, counted
from roadworthy.language import is_latin
from roadworthy.output import write_text
from roadworthy.perturbations.draw import Draw, draws
from roadworthy.perturbations.evidence import Evidence, Source
from roadworthy.perturbations.learning import beyond_chance, corrected, steps_for
from roadworthy.perturbations.manners import Step, find_step
from roadworthy.perturbations.registry import STRETCH, Members, listed_texts, require_severity
from roadworthy.perturbations.slip_document import SlipDocument
from roadworthy.perturbations.slips import Slips
from roadworthy.perturbations.surface import Seen, surface
from roadworthy.perturbations.words import TIMES, keeps

BUILT_IN = ("real_users", "typing", "texting", "hinglish", "non_native", "angry", "dictated")
FEWEST = 30
# How often the shares of steps are corrected by what they make, and of how many clean messages.
_ROUNDS, _MOST = 4, 2_000
# Two messages that have nothing to do with each other share about a fifth of their words, mistyped ones nearly all.
_SAME_WORDS = 0.5
_MEND = "learn one: roadworthy profile MESSAGES --out FILE"


class _Planned(NamedTuple):
    """A step at the severity that is asked for."""

    chance: float
    members: Members
    severity: int


class Profile(BaseModel):
    """A mix of perturbations; several may meet in one message, in their order.

    A profile is a function of messages; it keeps numbers and negations, and is the same whatever the order or number of
    the messages. At severity 3 everything comes as often as was measured, at 1 and 5 about 0.4 and 2 times as often.

    Parameters
    ----------
    name, description
        What it is called, and who these users are.
    steps
        The perturbations.
    slips
        How these users mistype, where that was learned; it comes last.
    evidence
        What it was learned from, where it was; it changes no message.

    Examples
    --------
    >>> shouting = Profile(name="shouting", steps=(Step(name="shouted_words", severity=5),))
    >>> shouting("where is it")
    'WHERE IS IT'
    >>> Profile.load("dictated")(["Where is my parcel?", "I'd like a refund, please."])
    ['where is my parcel', "I'd like a refund please"]
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_version: Literal[1] = 1
    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: str = ""
    steps: tuple[Step, ...] = ()
    slips: SlipDocument | None = None
    evidence: Evidence | None = None

    @field_validator("steps")
    @classmethod
    def _known(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        for step in steps:
            try:
                find_step(step.name)
            except PerturbationError:
                raise ValueError(f"no perturbation, family or manner {step.name!r}") from None
        return steps

    @classmethod
    def learn(cls, messages: Sequence[str], *, clean: Sequence[str] = (), name: str = "learned") -> Profile:
        """Learn how often users write in which way from their messages; no label is needed.

        Parameters
        ----------
        messages
            What users sent, at least 30 messages.
        clean
            What the model was trained on, at least 30 messages: only what users do more often is simulated. Without
            them, clean messages are taken to show nothing of it.

        Raises
        ------
        PerturbationError
            There are too few messages.
        """
        require_enough(messages, "message")
        if clean:
            require_enough(clean, "clean message")
        beside = f" beside {len(clean):,} clean ones" if clean else ""
        evidence = Evidence.of(messages, clean=clean)
        return cls(
            name=name,
            description=f"learned from {len(messages):,} messages{beside}",
            steps=_fitted(Seen(**evidence.shares), surface(clean, known=clean), clean),
            evidence=evidence,
        )

    @classmethod
    def learn_pairs(cls, pairs: Iterable[tuple[str, str]], *, name: str = "learned") -> Profile:
        """Learn how people type from at least 30 pairs of messages: as they were meant, and as they were typed.

        Their typing slips are learned as they are made, letter by letter; how else the typed messages look, as from
        `learn`.

        Raises
        ------
        PerturbationError
            There are too few pairs, their messages are not the same ones, or they show nothing that can be learned.
        """
        found = list(pairs)
        require_enough(found, "pair")
        _require_same(found)
        meant, typed = [clean for clean, _ in found], [sent for _, sent in found]
        slips = SlipDocument.learn(found)
        evidence = Evidence.of(typed, clean=meant)
        # Slips are made letter by letter; what they bring of other ways of writing needs no step.
        seen = replace(Seen(**evidence.shares), slips=0.0)
        mistyped = cls(name="learned", slips=slips)(meant)
        before = surface(mistyped, known=meant)
        steps = _fitted(beyond_chance(seen, before, len(found)), before, meant, slips)
        if slips is None and not steps:
            raise PerturbationError("the pairs show nothing to learn", mend="give pairs of which some were mistyped")
        return cls(
            name=name,
            description=f"learned from {len(found):,} pairs",
            steps=steps,
            slips=slips,
            evidence=evidence,
        )

    def seen_at(self, source: Source) -> Profile:
        """The same profile, which says where the messages are that it was learned from."""
        assert self.evidence is not None
        return self.model_copy(update={"evidence": self.evidence.model_copy(update={"source": source})})

    def beside(self, clean: Sequence[str]) -> Profile:
        """The same users, starting from these clean messages; a profile that was learned beside others stays as it is.

        Of a message that is written without capitals or final mark already, none can be taken away.

        Examples
        --------
        >>> users = [f"hi, where is number {number}?" for number in range(30)]
        >>> ours = Profile.learn(users)
        >>> [[step.name for step in one.steps] for one in (ours, ours.beside([text.upper() for text in users]))]
        [['all_lowercase'], ['all_lowercase']]
        >>> ours.beside(users).steps
        ()
        """
        evidence = self.evidence
        if evidence is None or evidence.clean or self.slips is not None or not clean:
            return self
        # Its users' slips were counted without clean messages, whose words are known to be spelt rightly.
        steps = _fitted(Seen(**evidence.shares), surface(clean), clean, known=())
        return self.model_copy(update={"steps": steps})

    @classmethod
    def load(cls, spec: str | Path) -> Profile:
        """A built-in profile by its name, or what `save` wrote.

        Raises
        ------
        PerturbationError
            There is no such profile or file, or it is no profile.
        """
        name = str(spec).strip().lower().replace("-", "_").replace(" ", "_")
        return _built_in(name) if name in BUILT_IN else cls._read(Path(spec))

    @classmethod
    def _read(cls, file: Path) -> Profile:
        try:
            found = cls.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            known = ", ".join(BUILT_IN)
            raise PerturbationError(f"no such profile; built in are {known}", where=file, mend=_MEND) from None
        except (OSError, ValueError) as error:
            # A ValueError is a document that is none, or a name that no file can have.
            raise PerturbationError(_refused(error), where=file, mend=_MEND) from None
        if not found.steps and found.slips is None:
            raise PerturbationError("a profile without steps and slips changes nothing", where=file, mend=_MEND)
        return found

    def save(self, path: str | Path) -> Path:
        """Write it to a file, which `load` reads.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        write_text(Path(path), self.to_json())
        return Path(path)

    def to_json(self) -> str:
        """The profile as one JSON document."""
        return self.model_dump_json(exclude_none=True, indent=1) + "\n"

    @overload
    def __call__(self, texts: str, *, severity: int = 3, seed: int = 0) -> str: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, texts: Sequence[str], *, severity: int = 3, seed: int = 0) -> list[str]: ...
    def __call__(self, texts: str | Sequence[str], *, severity: int = 3, seed: int = 0) -> str | list[str]:
        """Messages as these users would write them; the same seed gives the same messages.

        Raises
        ------
        PerturbationError
            A severity that is not 1 to 5, or a perturbation of another package that fails.
        DataError
            What is given is no texts.
        """
        require_severity(severity)
        plan = self._plan(severity)
        begin = draws(self.name, severity, seed)
        if isinstance(texts, str):
            return self._changed([texts], [begin(texts)], plan, severity)[0]
        made = listed_texts(texts)
        # Those that begin alike are much the same work, which is done sooner in one go; none depends on the order.
        order = sorted(range(len(made)), key=made.__getitem__)
        for rows in (order[start : start + STRETCH] for start in range(0, len(made), STRETCH)):
            stretch = [made[i] for i in rows]
            for i, new in zip(rows, self._changed(stretch, list(map(begin, stretch)), plan, severity), strict=True):
                made[i] = new
        return made

    def applies_to(self, text: str) -> bool:
        """Whether any of it covers the language and script of a message.

        Examples
        --------
        >>> [Profile.load("texting").applies_to(text) for text in ("where is it", "где он")]
        [True, False]
        """
        slips = self.slips is not None and is_latin(text)
        return slips or any(one.applies_to(text) for step in self.steps for one in find_step(step.name))

    def _plan(self, severity: int) -> list[_Planned]:
        severities = [min(5, max(1, step.severity + severity - 3)) for step in self.steps]
        return [
            _Planned(share_at(step.share, severity), Members.of(find_step(step.name)), at)
            for step, at in zip(self.steps, severities, strict=True)
        ]

    def _changed(
        self, texts: Sequence[str], draws: Sequence[Draw], plan: Sequence[_Planned], severity: int
    ) -> list[str]:
        """Each text as these users would write it, step by step: what is done in one go is done sooner."""
        found = list(texts)
        kept = [1 - step.chance for step in plan]
        coming = [draw.losses(kept) for draw in draws]
        # The texts that each step is tried on; behind the last one, those that no step is left for.
        due: list[list[int]] = [[] for _ in range(len(plan) + 1)]
        for i, steps in enumerate(coming):
            due[next(steps, -1)].append(i)
        for step, rows in zip(plan, due, strict=False):
            if not rows:
                continue
            given, written = [found[i] for i in rows], [texts[i] for i in rows]
            # What was written tells the language; what it has become may be in none.
            made = step.members.change(given, step.severity, [draws[i] for i in rows], written)
            for i, new in zip(rows, made, strict=True):
                # A perturbation keeps the sense of a message; one after another might make a negation of two pieces.
                if found[i] == texts[i] or keeps(texts[i], new):
                    found[i] = new
                due[next(coming[i], -1)].append(i)
        return found if self._learned is None else list(map(self._mistyped, texts, found, draws, repeat(severity)))

    def _mistyped(self, text: str, found: str, draw: Draw, severity: int) -> str:
        assert self._learned is not None
        new = self._learned.change(found, draw, times=TIMES[severity])
        return new if keeps(text, new) else found

    @cached_property
    def _learned(self) -> Slips | None:
        return None if self.slips is None else self.slips.slips()


def _fitted(
    seen: Seen,
    before: Seen,
    clean: Sequence[str],
    slips: SlipDocument | None = None,
    *,
    known: Sequence[str] | None = None,
) -> tuple[Step, ...]:
    """The steps by which clean messages, which look like `before`, come to look like `seen`.

    The words of `known` messages, by default of the clean ones, are taken to be spelt rightly.
    """
    known = clean if known is None else known
    steps = steps_for(seen, before)
    # A message that comes twice is changed twice in the same way, and would count twice.
    tried = list(dict.fromkeys(clean))[:_MOST]
    for _ in range(_ROUNDS if len(tried) >= FEWEST else 0):
        made = Profile(name="learned", steps=steps, slips=slips)(tried)
        steps = corrected(steps, seen, before, surface(made, known=known))
    return tuple(step for step in steps if step.share)


def _require_same(pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse pairs most of whose words are others: they are not the same messages twice."""
    words = [[Counter(text.lower().split()) for text in pair] for pair in pairs]
    both = sum((meant & typed).total() for meant, typed in words)
    share = both / max(1, sum(meant.total() for meant, _ in words))
    if share < _SAME_WORDS:
        raise PerturbationError(
            f"only {share:.0%} of the words that were meant were typed as well",
            mend="give each message twice in its row: as it was meant, and as it was typed",
        )


def require_enough(rows: Sequence[object], what: str, *, where: object = None) -> None:
    """Refuse fewer than 30 rows, which tell too little."""
    if len(rows) < FEWEST:
        few = counted(len(rows), f"{what} is", f"{what}s are")
        raise PerturbationError(f"{few} too few to learn from", where=where, mend=f"give at least {FEWEST}")


def _refused(error: OSError | ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        if first["loc"] == ("schema_version",):
            return f"schema_version {first['input']!r}: this Roadworthy reads 1; another one wrote it"
        place = ".".join(map(str, first["loc"])) or "document"
        return f"not a profile ({place}: {first['msg']})"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


@cache
def _built_in(name: str) -> Profile:
    document = files("roadworthy").joinpath("perturbations", "profiles", f"{name}.json")
    return Profile.model_validate_json(document.read_bytes())


def share_at(share: float, severity: int) -> float:
    """The share of messages at a severity: as if each chance came that many times as often.

    Examples
    --------
    >>> [share_at(0.3, severity) for severity in (1, 3, 5)], share_at(1.0, 1)
    ([0.133, 0.3, 0.51], 1.0)
    """
    left: float = (1 - share) ** TIMES[severity]
    return round(1 - left, 4)
