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
    """Let scikit-learn do without pandas, which it imports wherever that is installed, and no model of ours uses.

    It is 65 MB in each process.
    """
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]
