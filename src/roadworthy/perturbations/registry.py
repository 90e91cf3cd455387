"""The registry of perturbations: what a perturbation is, how one is added, and how messages go through one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple, overload

from roadworthy.columns import listed, require_strings
from roadworthy.errors import PerturbationError, named
from roadworthy.language import guess_language, is_latin
from roadworthy.perturbations.draw import Draw, draws

SEVERITIES = (1, 2, 3, 4, 5)
ANY_LANGUAGE = "any"
LATIN_SCRIPT = "latin"
ENTRY_POINTS = "roadworthy.perturbations"

# How many messages are perturbed at a time, so that what they draw from takes little memory.
_STRETCH = 1 << 13
_GIVEN = "the messages to perturb"
_WEIGHT = attrgetter("weight")

Change = Callable[[str, int, Draw], str]


@dataclass(frozen=True)
class Perturbation:
    """One way in which users write otherwise than the training set, the label staying the same.

    Parameters
    ----------
    name, family
        Names in snake_case; a family holds perturbations of one kind.
    change
        The function: text, severity and a `Draw` give the perturbed text. It draws from nothing else.
    languages
        Codes of the languages that it can be applied to, ``"latin"`` for every language in that script, or
        ``"any"``.
    weight
        How often its family draws it, beside the other members.

    Examples
    --------
    >>> shout = Perturbation("shout", "casing", lambda text, severity, draw: text.upper())
    >>> shout("where is it", severity=1, seed=0)
    'WHERE IS IT'
    """

    name: str
    family: str
    change: Change
    languages: tuple[str, ...] = ("en",)
    weight: float = 1.0

    def __call__(self, text: str, *, severity: int = 3, seed: int = 0) -> str:
        """Perturb one message.

        Raises
        ------
        PerturbationError
            Its function raised, or gave something else than a text.
        """
        return self.apply(text, severity, Draw(self.name, severity, seed, text))

    def apply(self, text: str, severity: int, draw: Draw) -> str:
        """As calling it, with draws that a family or a profile began.

        Raises
        ------
        PerturbationError
            As calling it.
        """
        try:
            perturbed = self.change(text, severity, draw)
        except Exception as error:
            raise PerturbationError(
                f"raised {named(error)}", where=f"perturbation {self.name}", mend="mend it, or leave its family out"
            ) from error
        if not isinstance(perturbed, str):
            given = type(perturbed).__name__
            raise PerturbationError(f"gave {given}, not a text", where=f"perturbation {self.name}", mend="return a str")
        return perturbed

    def covers(self, language: str, script: str) -> bool:
        """Whether it can be applied to a message in that language and script."""
        return ANY_LANGUAGE in self.languages or script in self.languages or language in self.languages

    def applies_to(self, text: str) -> bool:
        """Whether it covers the language and script of a message; the language is guessed only where that matters.

        Examples
        --------
        >>> [find(name)[0].applies_to("¿Dónde está mi pedido?") for name in ("dropped_letter", "shorthand")]
        [True, False]
        """
        languages = self.languages
        if ANY_LANGUAGE in languages or (LATIN_SCRIPT in languages and is_latin(text)):
            return True
        language, script = guess_language(text)
        return language in languages or script in languages


@dataclass(frozen=True)
class Perturbed:
    """n perturbed messages, and for each whether the perturbation applies to its language and changed it."""

    texts: list[str]
    applicable: list[bool]
    changed: list[bool]


REGISTRY: dict[str, Perturbation] = {}


def register(perturbation: Perturbation) -> Perturbation:
    """Add a perturbation to the registry.

    Raises
    ------
    PerturbationError
        Its name is taken by another one or by a family, or its family bears the name of a perturbation.
    """
    taken = REGISTRY.get(perturbation.name)
    if taken is not None and taken != perturbation:
        raise PerturbationError(f"two perturbations are called {perturbation.name!r}", mend="rename one of them")
    if perturbation.name in {perturbation.family, *(p.family for p in REGISTRY.values())}:
        raise PerturbationError(f"{perturbation.name!r} is the name of a family", mend="rename the perturbation")
    if perturbation.family in REGISTRY:
        raise PerturbationError(f"{perturbation.family!r} is the name of a perturbation", mend="rename the family")
    REGISTRY[perturbation.name] = perturbation
    return perturbation


def perturbation(family: str, *, languages: Iterable[str] = ("en",), weight: float = 1.0) -> Callable[[Change], Change]:
    """Register the decorated function under its own name."""

    def decorate(change: Change) -> Change:
        name = change.__name__
        register(Perturbation(name, family, change, tuple(languages), weight))
        return change

    return decorate


@cache
def load_entry_points() -> None:
    """Register the perturbations that installed packages offer; done once, on first use.

    Raises
    ------
    PerturbationError
        An entry point does not load, or is not a `Perturbation`.
    """
    from importlib.metadata import entry_points

    for entry in entry_points(group=ENTRY_POINTS):
        where = f"entry point {entry.name} ({entry.value})"
        try:
            loaded = entry.load()
        except Exception as error:
            raise PerturbationError(
                f"does not load: {error}", where=where, mend="mend or uninstall that package"
            ) from error
        if not isinstance(loaded, Perturbation):
            raise PerturbationError("is not a Perturbation", where=where, mend="point it at a Perturbation")
        register(loaded)


def families() -> dict[str, tuple[Perturbation, ...]]:
    """Every family with its members, in the order of registration."""
    load_entry_points()
    found: dict[str, list[Perturbation]] = {}
    for member in REGISTRY.values():
        found.setdefault(member.family, []).append(member)
    return {family: tuple(members) for family, members in found.items()}


def find(name: str) -> tuple[Perturbation, ...]:
    """The perturbation of that name alone, or all members of that family.

    Raises
    ------
    PerturbationError
        There is neither; the message lists the families.
    """
    load_entry_points()
    wanted = name.strip().lower().replace(" ", "_").replace("-", "_")
    for spelling in (name, wanted):
        if spelling in REGISTRY:
            return (REGISTRY[spelling],)
        found = tuple(member for member in REGISTRY.values() if member.family == spelling)
        if found:
            return found
    raise PerturbationError(
        f"no perturbation or family {name!r}",
        mend=f"families are {', '.join(families())}; see roadworthy perturb --help",
    )


@overload
def perturb(texts: str, name: str, *, severity: int = 3, seed: int = 0) -> str: ...  # type: ignore[overload-overlap]
@overload
def perturb(texts: Sequence[str], name: str, *, severity: int = 3, seed: int = 0) -> list[str]: ...
def perturb(texts: str | Sequence[str], name: str, *, severity: int = 3, seed: int = 0) -> str | list[str]:
    """Messages as such users would write them.

    Parameters
    ----------
    texts
        One message, or a sequence of n.
    name
        A perturbation, or a family; a family draws one of its members for each message, the next where that one
        changes nothing.
    severity
        1 (mild) to 5 (heavy).
    seed
        The same seed gives the same messages, whatever their order or number.

    Returns
    -------
    str or list of str
        As many messages as were given. A message in a language that is not covered stays as it is.

    Raises
    ------
    PerturbationError
        No such perturbation, or a severity that is not 1 to 5.
    DataError
        What is given is no texts.

    Examples
    --------
    >>> perturb("Where is my order?", "all_lowercase")
    'where is my order?'
    """
    if isinstance(texts, str):
        return _perturbed([texts], find(name), severity, seed)[0]
    return _perturbed(listed_texts(texts), find(name), severity, seed)


def listed_texts(texts: Iterable[str]) -> list[str]:
    """Texts as a list, once it is sure that they are texts; they may be empty."""
    found = listed(texts, "text", _GIVEN) if isinstance(texts, Iterable) else [texts]
    require_strings(found, _GIVEN)
    return found


def perturb_all(texts: Sequence[str], name: str, *, severity: int = 3, seed: int = 0) -> Perturbed:
    """As `perturb`, and for each message whether it was applicable and whether it changed."""
    members = find(name)
    result = _perturbed(texts, members, severity, seed)
    changed = [a != b for a, b in zip(texts, result, strict=True)]
    applicable = [
        done or any(member.applies_to(text) for member in members) for done, text in zip(changed, texts, strict=True)
    ]
    return Perturbed(result, applicable, changed)


def _perturbed(texts: Sequence[str], members: Sequence[Perturbation], severity: int, seed: int) -> list[str]:
    """Texts, each as one of the members leaves it."""
    require_severity(severity)
    key = members[0].name if len(members) == 1 else members[0].family
    one, begin = Members.of(members), draws(key, severity, seed)
    stretches = (texts[start : start + _STRETCH] for start in range(0, len(texts), _STRETCH))
    return [new for stretch in stretches for new in one.change_all(stretch, severity, list(map(begin, stretch)))]


class Members(NamedTuple):
    """Perturbations one of which is to change a message, the sums of their weights up to each, and what each covers."""

    members: tuple[Perturbation, ...]
    ends: tuple[float, ...]
    covering: tuple[Callable[[str], bool], ...]

    @classmethod
    def of(cls, members: Sequence[Perturbation]) -> Members:
        """These perturbations, by their weights."""
        # Most cover one script or language, which is asked for at once.
        covering = tuple(_COVERING.get(tuple(member.languages), member.applies_to) for member in members)
        return cls(tuple(members), _ends(members), covering)

    def change(self, text: str, severity: int, draw: Draw, written: str) -> str:
        """The text as one of them leaves it, drawn by its weight; another one where that changes nothing.

        Those that do not apply to what was written at first are left out.
        """
        return self._changed(self._drawn(draw), text, severity, draw, written)

    def change_all(self, texts: Sequence[str], severity: int, draws: Sequence[Draw]) -> list[str]:
        """As `change` for each of n texts with its draw.

        What one member changes is done in one go, as a processor does the same thing again sooner than another one.
        """
        rows = list(map(self._drawn, draws))
        changed = list(texts)
        for i in sorted(range(len(rows)), key=rows.__getitem__):
            changed[i] = self._changed(rows[i], texts[i], severity, draws[i], texts[i])
        return changed

    def _drawn(self, draw: Draw) -> int:
        return draw.weighted(self.ends) if len(self.ends) > 1 else 0

    def _changed(self, row: int, text: str, severity: int, draw: Draw, written: str) -> str:
        members, _, covering = self
        if covering[row](written):
            perturbed = members[row].apply(text, severity, draw)
            if perturbed != text:
                return perturbed
        if len(members) == 1:
            return text
        left = members[:row] + members[row + 1 :]
        others = Members(left, _ends(left), covering[:row] + covering[row + 1 :])
        return others.change(text, severity, draw, written)


def _ends(members: Sequence[Perturbation]) -> tuple[float, ...]:
    return tuple(accumulate(map(_WEIGHT, members)))


def _is_english(text: str) -> bool:
    return guess_language(text)[0] == "en"


_COVERING: dict[tuple[str, ...], Callable[[str], bool]] = {(LATIN_SCRIPT,): is_latin, ("en",): _is_english}


def require_severity(severity: int) -> None:
    """Refuse a severity that is not an integer from 1 to 5."""
    if severity not in SEVERITIES or isinstance(severity, bool):
        raise PerturbationError(f"severity {severity!r}", mend="give 1 (mild) to 5 (heavy)")
