"""What can go wrong, said in one line: what, where, and how to mend it."""


class RoadworthyError(Exception):
    """Base of every error that a user can cause and mend.

    Parameters
    ----------
    what
        What is wrong, without a full stop.
    where
        The file, column, row or model that it was found in.
    mend
        What to do about it.

    Examples
    --------
    >>> print(RoadworthyError("no label column", where="a.csv", mend="name it with --label"))
    a.csv: no label column; name it with --label
    """

    def __init__(self, what: str, *, where: object = None, mend: str | None = None) -> None:
        line = what if where is None else f"{where}: {what}"
        super().__init__(" ".join(f"{line}; {mend}".split()) if mend else " ".join(line.split()))

    def __reduce__(self) -> tuple[object, ...]:
        return _as_it_was, (type(self), str(self))


def _as_it_was(kind: type[RoadworthyError], line: str) -> RoadworthyError:
    """The error as another process raised it: its line is made up already."""
    error = kind.__new__(kind)
    Exception.__init__(error, line)
    return error


def named(error: BaseException) -> str:
    """Another library's error in a few words: its kind, and what it says.

    Examples
    --------
    >>> named(KeyError("label")), named(EOFError())
    ("KeyError: 'label'", 'EOFError')
    """
    said = " ".join(str(error).split())
    said = said if len(said) <= 300 else f"{said[:299]}…"
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def counted(n: int, singular: str, plural: str | None = None) -> str:
    """Say a count with its noun.

    Examples
    --------
    >>> counted(1, "message"), counted(1200, "message"), counted(0, "message is", "messages are")
    ('1 message', '1,200 messages', '0 messages are')
    """
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


class DataError(RoadworthyError):
    """Messages or labels that cannot be used."""


class ModelError(RoadworthyError):
    """A model that cannot be loaded, or that answers what no classifier may answer."""


class PerturbationError(RoadworthyError):
    """An unknown perturbation, family, suite or severity, or one that breaks its contract."""


class EngineError(RoadworthyError):
    """An unknown engine, or a job that could not be sent to where it should run."""


class OutputError(RoadworthyError):
    """A place that cannot be written to."""


class TrackingError(RoadworthyError):
    """The tracking store could not be reached or refused the run."""


class ReleaseError(RoadworthyError):
    """A version that cannot be registered, promoted or rolled back."""


class RefusedError(ReleaseError):
    """A promotion that was decided against."""


class SettingsError(RoadworthyError):
    """A setting that cannot be used, or settings that contradict each other."""


class MissingExtraError(RoadworthyError):
    """A feature whose extra is not installed.

    Examples
    --------
    >>> print(MissingExtraError("tracking", extra="mlflow"))
    tracking needs the extra 'mlflow'; install it with: pip install "roadworthy[mlflow]"
    """

    def __init__(self, feature: str, *, extra: str) -> None:
        super().__init__(
            f"{feature} needs the extra '{extra}'", mend=f'install it with: pip install "roadworthy[{extra}]"'
        )
