"""What an endpoint has answered, kept in a file as it comes: a run that was cut off goes on where it was."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from roadworthy.data import Predictions
from roadworthy.errors import OutputError
from roadworthy.models.answers import read_answers


class Journal:
    """Answers by a hash of the endpoint and the message; neither a message nor a key stands in the file.

    Parameters
    ----------
    file
        Made with the first answer; what is in it already is read.
    identity
        The endpoint: its other answers in the file are let be.

    Raises
    ------
    OutputError
        The file cannot be read or written.
    """

    def __init__(self, file: Path, identity: str) -> None:
        self.file = file
        self._identity = identity
        self._answers: dict[str, dict[str, Any]] = {}
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.exists():
                self._read()
        except OSError as error:
            raise self._unwritable(error) from None

    def __len__(self) -> int:
        return len(self._answers)

    def knows(self, text: str) -> bool:
        """Whether the file held an answer to a message when it was opened."""
        return self._key(text) in self._answers

    def answers(self, texts: Sequence[str]) -> Predictions:
        """The answers to messages that it knows."""
        return read_answers([self._answers[self._key(text)] for text in texts], len(texts), str(self.file))

    def add(self, texts: Sequence[str], answered: Predictions) -> None:
        """Write the answers to a batch, in one piece: whatever ends the process, no more than a line is torn.

        Raises
        ------
        OutputError
            The disk is full, or the folder is gone.
        """
        line = json.dumps({self._key(text): _as_json(answered, row) for row, text in enumerate(texts)})
        try:
            file = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(file, f"{line}\n".encode())
            finally:
                os.close(file)
        except OSError as error:
            raise self._unwritable(error) from None

    def forget(self) -> None:
        """Drop all of it, in the file as well."""
        self._answers = {}
        self.file.unlink(missing_ok=True)

    def _read(self) -> None:
        lines = self.file.read_bytes().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            os.truncate(self.file, self.file.stat().st_size - len(lines.pop()))
        for line in lines:
            self._answers |= _entries(line)

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self._identity}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()

    def _unwritable(self, error: OSError) -> OutputError:
        what = f"cannot be written ({error.strerror or error})"
        return OutputError(what, where=self.file, mend="name another place with --out")


def _entries(line: bytes) -> dict[str, dict[str, Any]]:
    """The answers on a line; none where it is broken."""
    try:
        found = json.loads(line)
        read_answers(list(found.values()), len(found), "")
        return {key: dict(answer) for key, answer in found.items()}
    except Exception:
        return {}


def _as_json(answered: Predictions, row: int) -> dict[str, Any]:
    """One answer in the form in which our own service gives it."""
    said: dict[str, Any] = {"label": str(answered.labels[row])}
    for name, value in (("confidence", answered.confidence[row]), ("familiarity", answered.familiarity[row])):
        if not math.isnan(value):
            said[name] = float(value)
    if answered.flagged[row]:
        said |= {"verdict": "flagged", "reasons": list(answered.reasons[row])}
    return said
