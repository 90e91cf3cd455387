"""A program of its own: what a model answers to some texts, written down in full.

It is run by the Python of the environment that the model belongs to, and imports no more than any version of
Roadworthy has.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def write_answers(spec: str, texts: Path, out: Path) -> None:
    """Ask a model, and write its classes, its probabilities, and what its guard flags.

    Parameters
    ----------
    spec
        A model, as `load_model` takes it; pickles are read only where it names two, which were trained just now.
    texts
        A JSON file that holds a list of n texts.
    out
        A .npz file: `classes` (k,), `probabilities` (n, k), `flagged` (n,) and `familiarity` (n,).
    """
    from roadworthy import load_model

    asked = json.loads(texts.read_text(encoding="utf-8"))
    model = load_model(spec, allow_pickle=spec.startswith("pickles:"))
    flagged, familiarity = np.zeros(len(asked), dtype=bool), np.full(len(asked), np.nan)
    if hasattr(model, "answer"):
        answers = model.answer(asked)
        flagged, familiarity = answers.flagged, answers.familiarity
    inner: Any = getattr(model, "model", model)
    np.savez(
        out,
        classes=np.array([str(label) for label in inner.classes]),
        probabilities=np.asarray(inner.predict_proba(asked), dtype=float),
        flagged=flagged,
        familiarity=familiarity,
    )


if __name__ == "__main__":
    write_answers(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
