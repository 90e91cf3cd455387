"""Suites: which families of perturbations and which profile an inspection tries, and at which severities."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from roadworthy.errors import PerturbationError
from roadworthy.perturbations import SEVERITIES, families, find, require_severity
from roadworthy.perturbations.profile import BUILT_IN, Profile

DEFAULT_PROFILE = "real_users"
# What the name of a group begins with that a profile made.
PROFILE = "profile: "
_NAMED = {"quick": (3,), "standard": (1, 3, 5), "full": SEVERITIES}


@dataclass(frozen=True)
class Suite:
    """Families (or single perturbations) and severities; an inspection tries each with each, and the profile likewise.

    Examples
    --------
    >>> Suite("mine", ("typos", "texting"), (1, 3)).judged
    3
    """

    name: str
    families: tuple[str, ...]
    severities: tuple[int, ...]
    profile: Profile | None = None

    def __post_init__(self) -> None:
        if not self.families or not self.severities:
            raise PerturbationError(
                "no family or no severity", where=f"suite {self.name}", mend="name at least one of each"
            )
        for named in (self.families, self.severities):
            if len(set(named)) < len(named):
                raise PerturbationError("something is named twice", where=f"suite {self.name}", mend="name it once")
        for family in self.families:
            find(family)
        for severity in self.severities:
            require_severity(severity)

    @property
    def judged(self) -> int:
        """The severity that the verdict is about: 3, or the nearest one that the suite has."""
        return min(self.severities, key=lambda severity: (abs(severity - 3), severity))

    @property
    def versions(self) -> list[tuple[str, int]]:
        """Every (family, severity), in reading order."""
        return [(family, severity) for family in self.families for severity in self.severities]

    @property
    def tried(self) -> list[tuple[str, int]]:
        """The versions, and those of the profile, named after it."""
        if self.profile is None:
            return self.versions
        return self.versions + [(PROFILE + self.profile.name, severity) for severity in self.severities]


def find_suite(suite: str | Path | Suite, profile: str | Path | Profile | None = None) -> Suite:
    """A suite by its name (quick, standard, full) or from a TOML file with `families`, `severities` and `profile`.

    Parameters
    ----------
    profile
        The profile to try, by its name, its file or as it is. Without one it is that of the suite: of a named one
        `real_users`, of a file or a `Suite` the one that it names, if it names one.

    Raises
    ------
    PerturbationError
        No such suite or profile, or a file that does not describe one.

    Examples
    --------
    >>> find_suite("quick").severities, find_suite("quick").profile.name
    ((3,), 'real_users')
    >>> find_suite(Suite("mine", ("typos",), (3,)), "texting").tried
    [('typos', 3), ('profile: texting', 3)]
    """
    found = suite if isinstance(suite, Suite) else _named(suite)
    if profile is None:
        return found
    return replace(found, profile=profile if isinstance(profile, Profile) else Profile.load(profile))


def _named(suite: str | Path) -> Suite:
    if str(suite) in _NAMED:
        return Suite(str(suite), tuple(families()), _NAMED[str(suite)], Profile.load(DEFAULT_PROFILE))
    path = Path(suite)
    if path.suffix != ".toml":
        raise PerturbationError(f"no suite {str(suite)!r}", mend=f"use one of {', '.join(_NAMED)}, or a .toml file")
    if not path.is_file():
        raise PerturbationError("no such file", where=path, mend="check the path")
    return _from_toml(path)


def _from_toml(path: Path) -> Suite:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PerturbationError(f"not TOML: {error}", where=path, mend='write families = ["typos"]') from None
    unknown = set(document) - {"families", "severities", "profile"}
    chosen = document.get("families", list(families()))
    severities = document.get("severities", [1, 3, 5])
    profile = document.get("profile")
    if unknown or not _all_are(chosen, str) or not _all_are(severities, int) or not isinstance(profile, str | None):
        raise PerturbationError(
            "not a suite",
            where=path,
            mend='write families = ["typos", ...], severities = [1, 3, 5] and profile = "texting", nothing else',
        )
    return Suite(path.stem, tuple(chosen), tuple(severities), None if profile is None else _beside(path, profile))


def _beside(path: Path, profile: str) -> Profile:
    """A built-in profile, or a file that is named from where the suite is."""
    return Profile.load(profile if profile in BUILT_IN else path.parent / profile)


def _all_are(values: object, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)
