"""The training messages of a run: found where they were, or where the user says, and verified by their hash."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from roadworthy.comparison.changes import Change
from roadworthy.comparison.runs import asked
from roadworthy.data import Dataset, read_labelled
from roadworthy.errors import DataError, TrackingError

if TYPE_CHECKING:
    from roadworthy.comparison.runs import DataFacts, RunFacts


def find_messages(run: RunFacts, given: Path | None, folder: Path) -> Path:
    """The file of the training messages.

    Parameters
    ----------
    given
        Where the user says that they are; None to look where they were.
    folder
        Where they are copied to if they come from a URI.

    Raises
    ------
    DataError
        They are not where they were, or nothing says where that was.
    TrackingError
        A URI does not give them.
    """
    if given is not None:
        return given
    source = None if run.data is None else run.data.source
    if source is None:
        raise DataError(
            "does not say where its messages were", where=f"run {run.run_id}", mend="give them with --data FILE"
        )
    if len(urlsplit(source).scheme) > 1:
        return _downloaded(source, folder)
    if not Path(source).is_file():
        raise DataError("the training messages are not there any more", where=source, mend="give them with --data FILE")
    return Path(source)


def _downloaded(uri: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with asked(uri):
            from mlflow.artifacts import download_artifacts

            return Path(download_artifacts(artifact_uri=uri, dst_path=str(folder)))
    except TrackingError as error:
        raise DataError("does not give the training messages", where=uri, mend="give them with --data FILE") from error


def read_messages(run: RunFacts, file: Path) -> Dataset:
    """Read the messages as the run did."""
    return read_labelled(file, text=run.options.get("text"), label=run.options.get("label"))


def differences(found: Dataset, recorded: DataFacts) -> tuple[Change, ...]:
    """What differs between messages and those that a run was trained on; nothing if their hashes are the same.

    Examples
    --------
    >>> from roadworthy.comparison.runs import DataFacts
    >>> data = Dataset.of(["where is it", "refund pls"], ["order", "refund"])
    >>> differences(data, DataFacts(name="a.csv", n=2, sha256=data.sha256))
    ()
    >>> [change.what for change in differences(data, DataFacts(name="a.csv", n=3, sha256="0"))]
    ['sha256', 'messages']
    """
    if found.sha256 == recorded.sha256:
        return ()
    changes = [Change(what="sha256", a=recorded.sha256, b=found.sha256)]
    if recorded.n != len(found):
        changes.append(Change(what="messages", a=None if recorded.n is None else str(recorded.n), b=str(len(found))))
    if recorded.labels is None:
        return tuple(changes)
    counts = Counter(found.labels or ())
    for label in sorted({*recorded.labels, *counts}):
        before, now = recorded.labels.get(label, 0), counts[label]
        if before != now:
            changes.append(Change(what=f"label {label}", a=str(before), b=str(now)))
    return tuple(changes)
