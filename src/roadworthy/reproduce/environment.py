"""The environment of a run: the present one where it is the same in what matters, else one that is built for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from roadworthy.comparison.changes import Change
from roadworthy.errors import EngineError, named

if TYPE_CHECKING:
    from roadworthy.comparison.runs import RunFacts

# What a trained model depends on; an encoder adds what runs it.
PACKAGES = ("numpy", "scipy", "scikit-learn", "skops", "roadworthy")
ENCODER_PACKAGES = ("onnxruntime", "tokenizers")
Tell = Callable[[str], None]


def packages_of(run: RunFacts) -> tuple[str, ...]:
    """The packages that matter to a run."""
    return (*PACKAGES, *ENCODER_PACKAGES) if run.options.get("encoder") or run.parameters.get("encoder") else PACKAGES


def differing(run: RunFacts) -> tuple[Change, ...]:
    """What differs between a run's environment and the present one, as far as it matters to the model."""
    recorded = {name.lower(): found for name, found in run.packages.items()}
    before = {"Python": minor(run.python), **{name: recorded.get(name) for name in packages_of(run)}}
    now = {"Python": minor(_here()), **{name: _installed(name) for name in packages_of(run)}}
    return tuple(Change(what=name, a=before[name], b=now[name]) for name in before if before[name] != now[name])


def minor(python: str | None) -> str | None:
    """A Python version without its last part.

    Examples
    --------
    >>> minor("3.12.4")
    '3.12'
    """
    return None if python is None else ".".join(python.split(".")[:2])


def _here() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def build(run: RunFacts, folder: Path, *, tell: Tell) -> Path:
    """Build an environment with the versions that a run had; give its Python.

    It holds Roadworthy and what that needs, each in the version that the run's environment lists; uv builds it where
    there is one, else venv and pip. One that was built for the same versions is used again.

    Raises
    ------
    EngineError
        Its Python is not here, or a package cannot be installed.
    """
    python = minor(run.python) or minor(_here()) or ""
    pins = [f"{name}=={found}" for name, found in sorted(run.packages.items()) if name.lower() != "roadworthy"]
    asked = {"python": python, "pins": pins, "packages": [_ourselves(run)]}
    interpreter, built = folder / "bin" / "python", folder / "roadworthy-environment.json"
    if sys.platform == "win32":
        interpreter = folder / "Scripts" / "python.exe"
    if built.is_file() and json.loads(built.read_text(encoding="utf-8")) == asked:
        tell(f"the environment in {folder} is the run's already")
        return interpreter
    tell(f"building Python {python} with the run's versions in {folder}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    constraints = folder.parent / "constraints.txt"
    constraints.write_text("\n".join(pins) + "\n", encoding="utf-8")
    for command in _commands(python, folder, interpreter, [*asked["packages"], "-c", str(constraints)]):
        _run(command)
    built.write_text(json.dumps(asked), encoding="utf-8")
    return interpreter


def _commands(python: str, folder: Path, interpreter: Path, wanted: Sequence[str]) -> list[list[str]]:
    uv = find_uv()
    if uv is not None:
        return [
            [uv, "venv", "--quiet", "--clear", "--python", python, str(folder)],
            [uv, "pip", "install", "--quiet", "--python", str(interpreter), *wanted],
        ]
    own = sys.executable if python == minor(_here()) else shutil.which(f"python{python}")
    if own is None:
        raise EngineError(f"there is no Python {python}", mend="install it, or uv, which fetches it")
    return [
        [own, "-m", "venv", "--clear", str(folder)],
        [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted],
    ]


def find_uv() -> str | None:
    """The program uv, on the path or beside this Python; None where there is none."""
    return shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))


def _ourselves(run: RunFacts) -> str:
    """What installs Roadworthy in the run's version: the folder or file that it was installed from, or the registry."""
    extra = "[encoder]" if packages_of(run) != PACKAGES else ""
    wanted = {name.lower(): found for name, found in run.packages.items()}.get("roadworthy", version("roadworthy"))
    here = _installed_from()
    if wanted == version("roadworthy") and here is not None:
        return f"roadworthy{extra} @ {here.as_uri()}"
    return f"roadworthy{extra}=={wanted}"


def _installed_from() -> Path | None:
    """The local folder or file that Roadworthy was installed from; None where it came from a registry."""
    origin = distribution("roadworthy").read_text("direct_url.json")
    url = urlsplit(json.loads(origin)["url"]) if origin else None
    if url is None or url.scheme != "file":
        return None
    path = Path(unquote(url.path))
    return path if path.exists() else None


def _run(command: Sequence[str]) -> None:
    ended = run_quietly(command)
    if ended.returncode:
        said = (ended.stderr or ended.stdout).strip().splitlines() or ["it ended without a word"]
        raise EngineError(
            f"the run's environment cannot be built ({' '.join(line.strip() for line in said[-3:])[:300]})",
            mend="build it by hand from the run's environment.txt, and run roadworthy reproduce in it",
        )


def run_quietly(command: Sequence[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program, whose words are kept from the terminal; another Python than this one sees nothing of this one's.

    Raises
    ------
    EngineError
        It cannot be started.
    """
    left_out = () if command[0] == sys.executable else ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    environment: Mapping[str, str] = {name: value for name, value in os.environ.items() if name not in left_out}
    try:
        return subprocess.run(  # noqa: S603
            list(command), capture_output=True, text=True, check=False, env={**environment, **variables}
        )
    except OSError as error:
        raise EngineError(f"cannot be started ({named(error)})", where=command[0], mend="check that it works") from None
