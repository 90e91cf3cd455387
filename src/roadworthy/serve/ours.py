"""Which models are all ours: known without importing what loading one takes."""

from __future__ import annotations

import json
import sys
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


def leave_out_pandas() -> None:
    """Import scikit-learn as if pandas were not installed: it imports it for nothing that a model of ours needs.

    It is 65 MB in each process. Whoever imports pandas afterwards gets it.
    """
    if "pandas" in sys.modules or "sklearn" in sys.modules:
        return
    sys.modules["pandas"] = None  # type: ignore[assignment]
    try:
        import sklearn.feature_extraction.text
        import sklearn.linear_model
        import sklearn.pipeline
        import sklearn.svm  # noqa: F401
    finally:
        del sys.modules["pandas"]
