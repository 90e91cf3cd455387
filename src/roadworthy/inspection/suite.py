"""Suites: which families of perturbations an inspection tries, and at which severities."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from roadworthy.errors import PerturbationError
from roadworthy.perturbations import SEVERITIES, families, find, require_severity

_NAMED = {"quick": (3,), "standard": (1, 3, 5), "full": SEVERITIES}


@dataclass(frozen=True)
class Suite:
    """Families (or single perturbations) and severities; an inspection tries each with each.

    Examples
    --------
    >>> Suite("mine", ("typos", "texting"), (1, 3)).judged
    3
    """

    name: str
    families: tuple[str, ...]
    severities: tuple[int, ...]

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


def find_suite(suite: str | Path | Suite) -> Suite:
    """A suite by its name (quick, standard, full) or from a TOML file with `families` and `severities`.

    Raises
    ------
    PerturbationError
        No such suite, or a file that does not describe one.

    Examples
    --------
    >>> find_suite("quick").severities
    (3,)
    """
    if isinstance(suite, Suite):
        return suite
    if str(suite) in _NAMED:
        return Suite(str(suite), tuple(families()), _NAMED[str(suite)])
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
    unknown = set(document) - {"families", "severities"}
    chosen = document.get("families", list(families()))
    severities = document.get("severities", [1, 3, 5])
    if unknown or not _all_are(chosen, str) or not _all_are(severities, int):
        raise PerturbationError(
            "not a suite",
            where=path,
            mend='write families = ["typos", ...] and severities = [1, 3, 5], nothing else',
        )
    return Suite(path.stem, tuple(chosen), tuple(severities))


def _all_are(values: object, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)
