"""Where a run comes from: the command and its options, the files that it read, and the code that was run."""

from __future__ import annotations

import getpass
import json
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

LONGEST_COMMAND = 4_000


@dataclass(frozen=True)
class Origin:
    """The command that makes a run, and the files that it reads.

    Parameters
    ----------
    command
        The command as it can be typed again; None for a call from Python.
    options
        Its options by name; they become parameters of the run, `option.NAME`.
    files
        Files or URIs by what they are for: training, clean, real.

    Examples
    --------
    >>> origin = Origin("roadworthy train a.csv --seed 3", {"seed": 3}, {"training": "s3://bucket/a.csv"})
    >>> origin.tags["mlflow.source.name"], origin.params
    ('roadworthy train', {'option.seed': 3})
    >>> origin.source("training", "a.csv")
    ('s3', '{"uri": "s3://bucket/a.csv"}')
    """

    command: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, Path | str] = field(default_factory=dict)

    @property
    def tags(self) -> dict[str, str]:
        """The entry point, and the whole command."""
        if self.command is None:
            return {"mlflow.source.name": "roadworthy", "mlflow.source.type": "LOCAL"}
        entry = " ".join(self.command.split()[:2])
        return {
            "mlflow.source.name": entry,
            "mlflow.source.type": "LOCAL",
            "roadworthy.command": self.command[:LONGEST_COMMAND],
        }

    @property
    def params(self) -> dict[str, object]:
        """The options under the names that they have in a run."""
        return {f"option.{name}": value for name, value in self.options.items()}

    def source(self, context: str, name: str) -> tuple[str, str]:
        """Type and description of a dataset's source, as MLflow keeps them.

        A local file is named by its absolute URI. Where no file was named, one of that name in the working directory
        is it; messages that were given from memory have no more than their name.
        """
        given = self.files.get(context, Path(name))
        if isinstance(given, Path):
            uri = given.resolve().as_uri() if given.is_file() else name
            return "local", json.dumps({"uri": uri})
        scheme = urlsplit(given).scheme
        if scheme in ("http", "https"):
            return "http", json.dumps({"url": given})
        return ("local" if scheme in ("", "file") else scheme), json.dumps({"uri": given})


NOWHERE = Origin()


def code_tags() -> dict[str, str]:
    """Who runs it, and at which commit of which branch; whether files differ from the commit is said, too."""
    tags: dict[str, str] = {}
    with suppress(OSError, KeyError, ImportError):
        tags["mlflow.user"] = getpass.getuser()
    commit = _git("rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return tags
    tags["mlflow.source.git.commit"] = commit
    branch = _git("symbolic-ref", "--quiet", "--short", "HEAD")
    if branch:
        tags["mlflow.source.git.branch"] = branch
    changed = _git("--no-optional-locks", "status", "--porcelain", "--untracked-files=no")
    if changed is not None:
        tags["mlflow.source.git.dirty"] = str(bool(changed)).lower()
    return tags


def _git(*arguments: str) -> str | None:
    """What git says of this directory; None outside a repository, or without git."""
    git = shutil.which("git")
    if git is None:
        return None
    with suppress(OSError, subprocess.SubprocessError):
        asked = [git, *arguments]
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True)  # noqa: S603
        return answer.stdout.strip()
    return None
