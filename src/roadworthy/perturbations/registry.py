"""The registry of perturbations: what a perturbation is, how one is added, and how messages go through one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, repeat
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

# How many messages are perturbed at a time: what is known of them on the way then takes little memory.
STRETCH = 1 << 10
_GIVEN = "the messages to perturb"
_WEIGHT = attrgetter("weight")

Change = Callable[[str, int, Draw], str]
ChangeAll = Callable[[Sequence[str], int, Sequence[Draw]], list[str]]


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
    change_all
        What gives for many texts, each with its `Draw`, the same as the function for each of them, where that is sooner
        done in one go.

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
    change_all: ChangeAll | None = None

    def __call__(self, text: str, *, severity: int = 3, seed: int = 0) -> str:
        """Perturb one message.

        Raises
        ------
        PerturbationError
            Its function raised, or gave something else than a text.
        """
        return self.apply([text], severity, [Draw(self.name, severity, seed, text)])[0]

    def apply(self, texts: Sequence[str], severity: int, draws: Sequence[Draw]) -> list[str]:
        """As calling it for each of n texts, with draws that a family or a profile began.

        Raises
        ------
        PerturbationError
            As calling it.
        """
        try:
            if self.change_all is None:
                perturbed = list(map(self.change, texts, repeat(severity), draws))
            else:
                perturbed = self.change_all(texts, severity, draws)
        except Exception as error:
            raise self._refused(f"raised {named(error)}", "mend it, or leave its family out") from error
        if len(perturbed) != len(texts):
            raise self._refused(f"gave {len(perturbed):,} texts for {len(texts):,}", "return one for each")
        for given in perturbed:
            if not isinstance(given, str):
                raise self._refused(f"gave {type(given).__name__}, not a text", "return a str")
        return perturbed

    def _refused(self, said: str, mend: str) -> PerturbationError:
        return PerturbationError(said, where=f"perturbation {self.name}", mend=mend)

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


def perturbation(
    family: str, *, languages: Iterable[str] = ("en",), weight: float = 1.0, change_all: ChangeAll | None = None
) -> Callable[[Change], Change]:
    """Register the decorated function under its own name."""

    def decorate(change: Change) -> Change:
        name = change.__name__
        register(Perturbation(name, family, change, tuple(languages), weight, change_all))
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
    stretches = (texts[start : start + STRETCH] for start in range(0, len(texts), STRETCH))
    return [new for stretch in stretches for new in one.change(stretch, severity, list(map(begin, stretch)), stretch)]


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

    def change(self, texts: Sequence[str], severity: int, draws: Sequence[Draw], written: Sequence[str]) -> list[str]:
        """Each of n texts as one of them leaves it, drawn by its weight; another one where that changes nothing.

        Those that do not apply to what was written at first are left out. What one member changes is done in one go, as
        a processor does the same thing again sooner than another one.
        """
        changed = list(texts)
        for row, drawn in self._drawn(draws).items():
            covered = self.covering[row]
            tried = [i for i in drawn if covered(written[i])]
            perturbed = self.members[row].apply([texts[i] for i in tried], severity, [draws[i] for i in tried])
            for i, new in zip(tried, perturbed, strict=True):
                changed[i] = new
            left = [i for i in drawn if changed[i] == texts[i]] if len(self.members) > 1 else []
            if left:
                given = ([texts[i] for i in left], severity, [draws[i] for i in left], [written[i] for i in left])
                for i, new in zip(left, self._without(row).change(*given), strict=True):
                    changed[i] = new
        return changed

    def _drawn(self, draws: Sequence[Draw]) -> dict[int, Sequence[int]]:
        """The rows of the texts that each member is drawn for."""
        if len(self.members) == 1:
            return {0: range(len(draws))}
        found: defaultdict[int, list[int]] = defaultdict(list)
        for i, draw in enumerate(draws):
            found[draw.weighted(self.ends)].append(i)
        return {**found}

    def _without(self, row: int) -> Members:
        left = self.members[:row] + self.members[row + 1 :]
        return Members(left, _ends(left), self.covering[:row] + self.covering[row + 1 :])


def _ends(members: Sequence[Perturbation]) -> tuple[float, ...]:
    return tuple(accumulate(map(_WEIGHT, members)))


def _is_english(text: str) -> bool:
    return guess_language(text)[0] == "en"


_COVERING: dict[tuple[str, ...], Callable[[str], bool]] = {(LATIN_SCRIPT,): is_latin, ("en",): _is_english}


def require_severity(severity: int) -> None:
    """Refuse a severity that is not an integer from 1 to 5."""
    if severity not in SEVERITIES or isinstance(severity, bool):
        raise PerturbationError(f"severity {severity!r}", mend="give 1 (mild) to 5 (heavy)")
