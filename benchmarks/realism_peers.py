"""What others make typing noise with, each as a function from messages and a seed to messages; where it installs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import numpy as np

Noise = Callable[[Sequence[str], int], list[str]]


class BrokenPeerError(Exception):
    """A peer raised an error of its own."""


def peers() -> dict[str, Noise]:
    """The peers that can be imported here, by name."""
    found: dict[str, Noise] = {}
    for of_one_tool in (_nlpaug, _augly, _textattack):
        # A peer that is not there, or does not import with what is, is left out of the table.
        with suppress(ImportError, LookupError, OSError):
            found.update(of_one_tool())
    return found


def _nlpaug() -> Iterator[tuple[str, Noise]]:
    from nlpaug.augmenter.char import KeyboardAug
    from nlpaug.augmenter.word import SpellingAug

    keyboard, spelling = KeyboardAug(), SpellingAug(aug_p=0.1)
    yield "nlpaug keyboard, default", _seeded(lambda texts: keyboard.augment(texts))
    yield "nlpaug spelling, 10 %", _seeded(lambda texts: spelling.augment(texts))


def _augly() -> Iterator[tuple[str, Noise]]:
    from augly.text import simulate_typos

    yield "AugLy typos, 10 %", _seeded(lambda texts: simulate_typos(texts, aug_word_p=0.1))


def _textattack() -> Iterator[tuple[str, Noise]]:
    from textattack.augmentation import Augmenter
    from textattack.transformations import (
        CompositeTransformation,
        WordSwapNeighboringCharacterSwap,
        WordSwapQWERTY,
        WordSwapRandomCharacterDeletion,
    )

    swaps = [WordSwapNeighboringCharacterSwap(), WordSwapQWERTY(), WordSwapRandomCharacterDeletion()]
    augmenter = Augmenter(CompositeTransformation(swaps), pct_words_to_swap=0.1)
    yield "TextAttack swaps, 10 %", _seeded(lambda texts: [augmenter.augment(text)[0] for text in texts])


def _seeded(change: Callable[[list[str]], str | list[str]]) -> Noise:
    """Peers draw from the global generators: these are set before, and put back after."""

    def noise(texts: Sequence[str], seed: int) -> list[str]:
        states = random.getstate(), np.random.get_state()  # noqa: NPY002 (theirs, not ours)
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            found = change(list(texts))
        except Exception as error:
            raise BrokenPeerError(f"{type(error).__name__}: {error}") from error
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002
        return [found] if isinstance(found, str) else list(found)

    return noise
