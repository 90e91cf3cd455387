"""What a gate asks for, and where a project says so."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from roadworthy.errors import SettingsError

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
                raise ValueError(f"no bound is called {name!r}{_nearest(name, BOUNDS)}")
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


def read_gate(path: str | Path | None = None) -> Gate:
    """The gate of a project.

    Parameters
    ----------
    path
        A TOML file whose table [gate] ([tool.roadworthy.gate] in a pyproject.toml) is the gate, or that holds nothing
        but its keys; or a folder, by default the working directory: [gate] in its roadworthy.toml, else
        [tool.roadworthy.gate] in its pyproject.toml, else the defaults.

    Raises
    ------
    SettingsError
        The file is missing or not TOML, holds no gate, or asks for what no gate can.
    """
    found, table = _find(path)
    try:
        return Gate.model_validate(table)
    except ValidationError as error:
        raise _first(error, found) from None


def gate_source(path: str | Path | None = None) -> str:
    """Where `read_gate` finds the gate, for people to read."""
    return str(_find(path)[0] or DEFAULTS)


def _find(path: str | Path | None) -> tuple[Path | None, dict[str, Any]]:
    place = Path() if path is None else Path(path)
    if not place.is_dir():
        return place, _named_table(place)
    for name in FILES:
        file = place / name
        table = _table(_document(file), name) if file.is_file() else None
        if table is not None:
            return file, _checked(table, file)
    return None, {}


def _named_table(file: Path) -> dict[str, Any]:
    """The gate in a file that somebody named: it must be there."""
    if not file.is_file():
        raise SettingsError("no such file", where=file, mend="check the path of the gate")
    document = _document(file)
    table = _table(document, file.name)
    if table is None and file.name not in FILES and document:
        table = document
    if table is None:
        section = "[tool.roadworthy.gate]" if file.name == FILES[1] else "[gate]"
        raise SettingsError("holds no gate", where=file, mend=f"write {section} and, say, min_accuracy = 0.8")
    return _checked(table, file)


def _document(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"not TOML ({error})", where=file, mend="mend the file") from None
    except OSError as error:
        raise SettingsError(f"cannot be read ({error.strerror})", where=file, mend="check the file") from None


def _table(document: dict[str, Any], name: str) -> object:
    """The gate in a project's file; a table that is nearly called so is refused, as it would ask for nothing."""
    tables = document.get("tool", {}).get("roadworthy", {}) if name == "pyproject.toml" else document
    if not isinstance(tables, dict):
        return None
    near = [key for key in tables if key != "gate" and difflib.get_close_matches(key.lower(), ["gate"])]
    if "gate" not in tables and near:
        prefix = "tool.roadworthy." if name == "pyproject.toml" else ""
        said = f"a table [{prefix}{near[0]}], which nothing reads"
        raise SettingsError(said, where=name, mend=f"did you mean [{prefix}gate]?")
    return tables.get("gate")


def _checked(table: object, file: Path) -> dict[str, Any]:
    if isinstance(table, dict):
        return table
    raise SettingsError("gate is no table", where=file, mend="write [gate] and its keys below it")


def _first(error: ValidationError, file: Path | None) -> SettingsError:
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        keys = tuple(Gate.model_fields)
        nearest = _nearest(key, keys) or f"; use one of {', '.join(keys)}"
        return SettingsError(f"a gate has no {key!r}{nearest}", where=file)
    said = first["msg"].removeprefix("Value error, ")
    given = first["input"]
    if first["type"] in {"less_than_equal", "greater_than_equal", "float_type", "float_parsing"}:
        hint = f"write {given / 100:g}" if isinstance(given, (int, float)) and 1 < given <= 100 else "write, say, 0.1"
        return SettingsError(f"{key} is {given!r}, not a share between 0 and 1", where=file, mend=hint)
    return SettingsError(f"{key}: {said[:1].lower()}{said[1:]}", where=file)


def _nearest(name: str, names: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
