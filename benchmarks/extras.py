"""Every extra in a fresh environment, the newest releases: does it install, does it import, how large is it.

    python benchmarks/extras.py [EXTRA ...]

Without names: the core alone, then every extra of pyproject.toml but `all`. For each an environment is made and
Roadworthy is installed in it with that extra, nothing pinned; then the modules that need the extra are imported in a
new process where every warning of Roadworthy's own is an error, and the command line is started. Printed: megabytes of
what was installed beyond the empty environment, seconds, and the releases of what the extra names. Exits 1 if any of
them fails. uv installs where it is there, otherwise pip.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
CORE = "(core)"
# What each extra is there for, by the modules that do it.
MODULES = {
    CORE: ("roadworthy.inspection", "roadworthy.report.html", "roadworthy.training.hardened", "roadworthy.gate"),
    "arrow": ("pyarrow.parquet", "roadworthy.tables"),
    "encoder": ("onnxruntime", "tokenizers", "safetensors", "roadworthy.models.encoder"),
    "http": ("httpx", "tenacity", "roadworthy.models.endpoint"),
    "mlflow": ("mlflow", "roadworthy.tracking", "roadworthy.registry", "roadworthy.tracking.evaluator"),
    "postgres": ("psycopg", "roadworthy.prediction_log"),
    "ray": ("ray.data", "roadworthy.parallel"),
    "serve": ("roadworthy.serve.app", "roadworthy.prediction_log"),
    "transformers": ("torch", "transformers", "onnx", "roadworthy.models.huggingface"),
}
_TITLES = ("extra", "MB installed", "seconds to install", "imports", "releases")


class Outcome(NamedTuple):
    """What came of one extra."""

    megabytes: int
    seconds: float
    releases: str
    error: str | None


def main(names: list[str]) -> int:
    """Try each extra; print a row for each."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = names or [CORE, *sorted(set(extras) - {"all"})]
    unknown = [name for name in wanted if name not in {CORE, *extras}]
    if unknown:
        print(f"no extra {unknown[0]!r}; there are {', '.join(sorted(extras))}", file=sys.stderr)
        return 2
    print("| " + " | ".join(_TITLES) + " |\n|" + " --- |" * len(_TITLES), flush=True)
    failed = False
    for name in wanted:
        outcome = _try(name, requirements=extras.get(name, []))
        failed = failed or outcome.error is not None
        said = "yes" if outcome.error is None else f"**no: {outcome.error}**"
        print(f"| {name} | {outcome.megabytes:,} | {outcome.seconds:.0f} | {said} | {outcome.releases} |", flush=True)
    return int(failed)


def _try(name: str, requirements: list[str]) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "environment"
        venv.create(place, with_pip=shutil.which("uv") is None)
        before, began = _megabytes(place), time.perf_counter()
        error = _install(place, str(ROOT) if name == CORE else f"{ROOT}[{name}]")
        seconds = time.perf_counter() - began
        if error is None:
            error = _starts(place, MODULES[name])
        return Outcome(_megabytes(place) - before, seconds, _releases(place, requirements), error)


def _python(place: Path) -> str:
    return str(place / ("Scripts" if sys.platform == "win32" else "bin") / "python")


def _install(place: Path, what: str) -> str | None:
    uv = shutil.which("uv")
    command = [uv, "pip", "install", "--quiet", "--python", _python(place), what]
    pip = [_python(place), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", what]
    return _run(pip if uv is None else command)


def _starts(place: Path, modules: tuple[str, ...]) -> str | None:
    imported = "; ".join(f"import {module}" for module in modules)
    warned = ["-W", "error:::roadworthy"]
    return _run([_python(place), *warned, "-c", imported]) or _run([_python(place), "-m", "roadworthy", "--version"])


def _run(command: list[str | None]) -> str | None:
    """The last line of what a command that failed has said; None for one that did not fail."""
    done = subprocess.run([part for part in command if part], capture_output=True, text=True, check=False, cwd="/")  # noqa: S603
    if done.returncode == 0:
        return None
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200]


def _releases(place: Path, requirements: list[str]) -> str:
    wanted = [match[0] for need in requirements if (match := re.match(r"[\w.-]+", need)) and match[0] != "roadworthy"]
    asked = "import importlib.metadata as m, sys; [print(n, m.version(n)) for n in sys.argv[1:] if m.distribution(n)]"
    done = subprocess.run([_python(place), "-c", asked, *wanted], capture_output=True, text=True, check=False)  # noqa: S603
    return ", ".join(done.stdout.split("\n")[:-1])


def _megabytes(place: Path) -> int:
    files = {(file.stat().st_ino, file.stat().st_size) for file in place.rglob("*") if file.is_file()}
    return round(sum(size for _, size in files) / 1e6)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
