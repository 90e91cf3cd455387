"""What a gate asks for, and where a project says so."""

from __future__ import annotations

import difflib
import math
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from roadworthy.errors import SettingsError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FILES = ("roadworthy.toml", "pyproject.toml")
DEFAULTS = "the defaults"
BOUNDS = (
    "min_accuracy",
    "max_drop",
    "max_drop_on_real",
    "max_silent_failure_rate",
    "min_coverage",
    "max_calibration_error",
    "max_oov_rate",
    "min_worst_class",
    "max_regression",
)


def _asked(value: object) -> object:
    """TOML has no null, so false says that nothing is asked; true says nothing."""
    if value is True:
        raise ValueError("true is no limit; write a share between 0 and 1, or false for no limit")
    return None if value is False else value


Share = Annotated[float, Field(ge=0, le=1)]
Limit = Annotated[Share | None, BeforeValidator(_asked)]


class Gate(BaseModel):
    """The bounds that a model must keep; None (in TOML: false) where nothing is asked.

    Each is judged by the interval of its figure: kept where all of it keeps the limit, failed where none of it does,
    and otherwise there is not enough data. All must be kept at once, so no correction for their number is needed
    (an intersection-union test; Berger, 1982, Technometrics 24:295): the more bounds, the harder it is to pass by luck.

    Parameters
    ----------
    min_accuracy
        Least accuracy on clean in-scope messages. Default 0.80: below it the model is no use even to careful writers.
    max_drop
        Most accuracy that a family of perturbations may cost, at the judged severity and over the messages that it
        changed. Default 0.10: about one message in ten.
    max_drop_of
        Other limits for single families.
    max_drop_on_real
        Most accuracy that real in-scope messages may cost against clean ones. Default 0.10, where there are labelled
        real messages.
    max_silent_failure_rate
        Most messages answered wrongly and not flagged, clean and real ones. Default 0.20.
    min_coverage
        Least share of clean messages that are not flagged. Default 0.80, because a guard that flags everything fails
        silently on nothing; ours flags about 10 %.
    max_calibration_error
        Largest calibration error on clean and on real messages. Not asked unless you do: it matters where somebody acts
        on the confidence.
    max_oov_rate
        Most words that the model has never seen, in clean and in real messages. Not asked unless you do: it says as
        much about the messages as about the model, and many models have no vocabulary.
    min_worst_class
        Least recall of any class on clean messages; intervals are corrected for the number of classes (Bonferroni).
        Default 0.50: a class of which half is lost is not known. Few messages a class are common, so by default only a
        failure stops.
    max_regression
        How much worse than the champion the model may still be, on clean and on real messages, without them showing it
        (paired). What they show to be worse fails, however little; so does a family that is shown to be worse by more
        than this. Default 0.05: what a few hundred messages can tell.
    may_lack_data
        Bounds that "not enough data" does not stop; a failure does.
    advisory
        Bounds that only inform.

    Examples
    --------
    >>> Gate(min_accuracy=0.9, max_drop_of={"slang": 0.15}).limit_of_drop("slang")
    0.15
    >>> Gate(max_drop_on_real=False).max_drop_on_real is None
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    min_accuracy: Limit = 0.80
    max_drop: Limit = 0.10
    max_drop_of: dict[str, Limit] = {}
    max_drop_on_real: Limit = 0.10
    max_silent_failure_rate: Limit = 0.20
    min_coverage: Limit = 0.80
    max_calibration_error: Limit = None
    max_oov_rate: Limit = None
    min_worst_class: Limit = 0.50
    max_regression: Limit = 0.05
    may_lack_data: tuple[str, ...] = ("min_worst_class",)
    advisory: tuple[str, ...] = ()

    @field_validator("may_lack_data", "advisory")
    @classmethod
    def _are_bounds(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in BOUNDS:
                raise ValueError(f"no bound is called {name!r}{_one_of(name, BOUNDS)}")
        return names

    def limit_of_drop(self, family: str) -> float | None:
        """The most accuracy that a family may cost."""
        return self.max_drop_of.get(family, self.max_drop)

    def asks_for(self, bound: str) -> bool:
        """Whether a bound was asked for by name; one that holds by default gives way where there is nothing to judge.

        Examples
        --------
        >>> Gate().asks_for("max_drop_on_real"), Gate(max_drop_on_real=0.1).asks_for("max_drop_on_real")
        (False, True)
        """
        return bound in self.model_fields_set and getattr(self, bound) is not None

    @property
    def changed(self) -> str:
        """What differs from the defaults, in words; empty where nothing does.

        Examples
        --------
        >>> Gate(min_accuracy=0.01, max_drop=False, max_drop_of={"slang": 0.125}, advisory=["min_coverage"]).changed
        'min_accuracy 0.01 (default 0.80), max_drop not asked (default 0.10), advisory min_coverage (default none),
        max_drop_of.slang 0.125 (default 0.10)'
        >>> Gate(min_accuracy=0.8).changed
        ''
        """
        default = Gate()
        pairs = {
            name: (getattr(self, name), getattr(default, name)) for name in Gate.model_fields if name != "max_drop_of"
        }
        pairs |= {f"max_drop_of.{family}": (limit, default.max_drop) for family, limit in self.max_drop_of.items()}
        told = (
            f"{name} {bound_text(own)} (default {bound_text(usual)})"
            for name, (own, usual) in pairs.items()
            if own != usual
        )
        return ", ".join(told)


def read_gate(path: str | Path | None = None, *, start: Path | None = None) -> Gate:
    """The gate of a project.

    Parameters
    ----------
    path
        A TOML file whose table [gate] ([tool.roadworthy.gate] in a pyproject.toml) is the gate, or that holds nothing
        but its keys; or a folder: [gate] in its roadworthy.toml, else [tool.roadworthy.gate] in its pyproject.toml,
        else the defaults. By default the working directory is searched, then each folder above it up to the one that
        holds .git; the nearest gate is the gate.
    start
        Where that search begins, in place of the working directory.

    Raises
    ------
    SettingsError
        The file is missing or not TOML, holds no gate, or asks for what no gate can.
    """
    found, table = _find(path, start)
    try:
        return Gate.model_validate(table)
    except ValidationError as error:
        raise _first(error, found) from None


def bound_text(value: float | tuple[str, ...] | None) -> str:
    """A limit, or a list of bounds, for people to read.

    Examples
    --------
    >>> bound_text(0.8), bound_text(0.125), bound_text(None), bound_text(("max_drop", "min_coverage")), bound_text(())
    ('0.80', '0.125', 'not asked', 'max_drop and min_coverage', 'none')
    """
    if isinstance(value, tuple):
        return " and ".join(value) or "none"
    if value is None:
        return "not asked"
    return f"{value:.2f}" if round(value, 2) == value else f"{value:g}"


def gate_source(path: str | Path | None = None, *, start: Path | None = None) -> str:
    """Where `read_gate` finds the gate, for people to read."""
    return str(_find(path, start)[0] or DEFAULTS)


def _find(path: str | Path | None, start: Path | None) -> tuple[Path | None, dict[str, Any]]:
    if path is not None and not Path(path).is_dir():
        return Path(path), _named_table(Path(path))
    for folder in _upwards(start) if path is None else [Path(path)]:
        for name in FILES:
            file = folder / name
            table = _table(_document(file), file) if file.is_file() else None
            if table is not None:
                return file, _checked(table, file)
    return None, {}


def _upwards(start: Path | None) -> Iterator[Path]:
    """A folder and those above it, as seen from the working directory; the last is the root of its repository."""
    here = Path.cwd()
    first = here if start is None else start.resolve()
    for folder in (first, *first.parents):
        yield Path(os.path.relpath(folder, here))
        if (folder / ".git").exists():
            return


def _named_table(file: Path) -> dict[str, Any]:
    """The gate in a file that somebody named: it must be there."""
    if not file.is_file():
        raise SettingsError("no such file", where=file, mend="check the path of the gate")
    document = _document(file)
    table = _table(document, file)
    if table is None and file.name not in FILES and document:
        table = document
    if table is None:
        raise SettingsError("holds no gate", where=file, mend=f"write {_section(file)} and, say, min_accuracy = 0.8")
    return _checked(table, file)


def _document(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"not TOML ({error})", where=file, mend="mend the file") from None
    except OSError as error:
        raise SettingsError(f"cannot be read ({error.strerror})", where=file, mend="check the file") from None


def _section(file: Path) -> str:
    return "[tool.roadworthy.gate]" if file.name == "pyproject.toml" else "[gate]"


def _table(document: dict[str, Any], file: Path) -> object:
    """The gate in a project's file; one that stands elsewhere, or is nearly called so, would ask for nothing."""
    ours = _inside(document, "tool", "roadworthy")
    own, other = (ours, document) if file.name == "pyproject.toml" else (document, ours)
    if "gate" in own:
        return own["gate"]
    section = _section(file)
    wrong = [section.replace("gate]", f"{key}]") for key in own if difflib.get_close_matches(key.lower(), ["gate"])]
    if "gate" in other:
        wrong.append("[gate]" if own is ours else "[tool.roadworthy.gate]")
    if wrong:
        raise SettingsError(f"a table {wrong[0]}, which nothing reads", where=file, mend=f"did you mean {section}?")
    return None


def _inside(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """A table in tables; empty where there is none."""
    for name in names:
        found = document.get(name)
        document = found if isinstance(found, dict) else {}
    return document


def _checked(table: object, file: Path) -> dict[str, Any]:
    if isinstance(table, dict):
        return table
    raise SettingsError("gate is no table", where=file, mend=f"write {_section(file)} and its keys below it")


def _first(error: ValidationError, file: Path | None) -> SettingsError:
    """The first mistake, in the words of who wrote the file."""
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        said = f"a table [{key}], which no gate has" if isinstance(first["input"], dict) else f"a gate has no {key!r}"
        return SettingsError(f"{said}{_one_of(key, tuple(Gate.model_fields))}", where=file)
    if first["type"] == "value_error":
        return SettingsError(f"{key}: {first['msg'].removeprefix('Value error, ')}", where=file)
    what, mend = _mistake(first)
    return SettingsError(what, where=file, mend=mend)


def _mistake(error: ErrorDetails) -> tuple[str, str]:
    """What is wrong with the value of a key, and what to write instead."""
    name, *deeper = map(str, error["loc"])
    given = error["input"]
    if name in ("may_lack_data", "advisory"):
        if deeper:
            return f"{name} lists {_as_toml(given)}, which names no bound", f"list some of {', '.join(BOUNDS)}"
        example = given if given in BOUNDS else "min_worst_class"
        return f"{name} is {_as_toml(given)}, not a list of bounds", f'write {name} = ["{example}"]'
    if name == "max_drop_of" and not deeper:
        mend = "write, say, max_drop_of = { typos = 0.1 }; for every family it is max_drop"
        return f"max_drop_of is {_as_toml(given)}, not a table of families and limits", mend
    is_percentage = isinstance(given, (int, float)) and 1 < given <= 100
    return (
        f"{'.'.join((name, *deeper))} is {_as_toml(given)}, not a share between 0 and 1",
        f"write {given / 100:g}" if is_percentage else "write, say, 0.1, or false for no limit",
    )


def _as_toml(value: object) -> str:
    """A value as a gate's file holds it, and the kind alone of a long one."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, (str, int, float)) else str(value)


def _one_of(name: str, names: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; use one of {', '.join(names)}"
