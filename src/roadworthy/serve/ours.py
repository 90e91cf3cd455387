"""Which models are all ours: known without importing what loading one takes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def is_ours(spec: str) -> bool:
    """Whether a spec names a folder that `train` or `wrap` wrote, with no code of the user's own in it.

    Examples
    --------
    >>> is_ours("python:ours:classify")
    False
    """
    cards = (Path(spec) / "roadworthy.json", Path(spec) / "roadworthy" / "roadworthy.json")
    try:
        card = json.loads(next(path for path in cards if path.is_file()).read_bytes())
    except (OSError, ValueError, StopIteration):
        return False
    return isinstance(card, dict) and card.get("reference") is None


@contextmanager
def left_out(*names: str) -> Iterator[None]:
    """Import what follows as if some packages were not installed; those that are imported already stay.

    Whoever imports one of them afterwards gets it.
    """
    missing = [name for name in names if name not in sys.modules]
    for name in missing:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in missing:
            sys.modules.pop(name, None)


def leave_out_pandas() -> None:
    """Import scikit-learn as if pandas were not installed: it imports it for nothing that a model of ours needs.

    It is 65 MB in each process.
    """
    if "pandas" in sys.modules or "sklearn" in sys.modules:
        return
    with left_out("pandas"):
        import sklearn.feature_extraction.text
        import sklearn.linear_model
        import sklearn.pipeline
        import sklearn.svm  # noqa: F401
