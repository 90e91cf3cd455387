"""Whether two models are equal: the same labels and verdicts, and probabilities that agree to a millionth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from roadworthy.errors import ModelError
from roadworthy.reproduce import answers
from roadworthy.reproduce.environment import run_quietly

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-6
# What no training set holds, and every model must answer: nothing known, nothing but signs, other scripts, much.
ODD = (
    "qwrtz zxcv",
    "?!?!",
    "12345 67890",
    "😀😀😀",
    "где мой заказ",
    "मेरा ऑर्डर कहाँ है",
    "私の注文はどこですか",
    "a",
    "word " * 500,
)


class Proof(NamedTuple):
    """How far two models agree.

    Parameters
    ----------
    n
        How many messages both were asked about.
    labels_differ, verdicts_differ
        How many of them they label, or flag, differently.
    largest_difference
        The largest difference between two probabilities; None where their classes differ.
    """

    n: int
    labels_differ: int
    verdicts_differ: int
    largest_difference: float | None

    @property
    def equal(self) -> bool:
        """Whether they are one and the same model, as far as anybody can tell by asking."""
        close = self.largest_difference is not None and self.largest_difference <= TOLERANCE
        return close and not self.labels_differ and not self.verdicts_differ


def probes() -> list[str]:
    """Fixed messages to ask about beside the training messages: such as users write, and odd ones."""
    from roadworthy import support_desk

    return [*support_desk.load_real_style().texts, *ODD]


def ask_both(python: Path, specs: Sequence[str], texts: Sequence[str], folder: Path) -> Proof:
    """Ask two models about the same texts, in the environment that they belong to, and compare what they answer.

    Raises
    ------
    ModelError
        One of them cannot be asked.
    """
    asked = folder / "texts.json"
    asked.write_text(json.dumps(list(texts)), encoding="utf-8")
    found = []
    for number, spec in enumerate(specs):
        out = folder / f"answers-{number}.npz"
        ended = run_quietly([str(python), "-P", answers.__file__, spec, str(asked), str(out)])
        if ended.returncode:
            said = (ended.stderr.strip().splitlines() or ["it ended without a word"])[-1]
            raise ModelError(
                f"cannot be asked in the run's environment ({said[:300]})", where=spec, mend="check the run's packages"
            )
        with np.load(out) as content:
            found.append({name: content[name] for name in content.files})
    return compare_answers(*found)


def compare_answers(a: dict[str, NDArray[np.generic]], b: dict[str, NDArray[np.generic]]) -> Proof:
    """Compare what `write_answers` wrote for two models.

    Examples
    --------
    >>> one = {"classes": np.array(["x", "y"]), "probabilities": np.array([[0.4, 0.6]]), "flagged": np.array([False])}
    >>> compare_answers(one, one).equal
    True
    """
    first, second = (np.asarray(side["probabilities"], dtype=float) for side in (a, b))
    labels = [side["classes"][found.argmax(axis=1)] for side, found in ((a, first), (b, second))]
    same_classes = np.array_equal(a["classes"], b["classes"])
    return Proof(
        n=len(first),
        labels_differ=int(np.sum(labels[0] != labels[1])),
        verdicts_differ=int(np.sum(a["flagged"] != b["flagged"])),
        largest_difference=float(np.abs(first - second).max()) if same_classes else None,
    )
