"""The words that a model knows: for each message, how many of its words the model had never seen, and which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.data import Codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

# How many messages are split at a time: few enough for the processor's cache.
_BLOCK = 2_000
_END = "\0"
# What scikit-learn's vectorizers call a token unless told otherwise.
_DEFAULT_TOKEN = r"\b\w\w+\b"  # noqa: S105 (not a password)


class Vocabulary:
    """The vocabulary of a fitted word vectorizer, and its own way of finding words in a message.

    Parameters
    ----------
    words
        The known words.
    tokenise
        The vectorizer's analyzer, single words only.
    by_chunk
        Whether a message may be tokenised one white-space separated chunk at a time, which is exact for the
        default token pattern and several times as fast.

    Examples
    --------
    >>> vocabulary = Vocabulary({"my", "order"}, str.split, by_chunk=True)
    >>> vocabulary.unseen("my ordr order")
    ('ordr',)
    """

    def __init__(self, words: Iterable[str], tokenise: Callable[[str], list[str]], *, by_chunk: bool) -> None:
        self.words = frozenset(words)
        self._tokenise = tokenise
        self._by_chunk = by_chunk

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def of_vectorizer(cls, vectorizer: Any) -> Vocabulary:
        """The single words that a fitted word vectorizer knows."""
        only_single = vectorizer.ngram_range == (1, 1)
        words = [word for word in vectorizer.vocabulary_ if only_single or " " not in word]
        return cls(words, _analyzer(vectorizer), by_chunk=_splits_at_spaces(vectorizer))

    def unseen(self, text: str) -> tuple[str, ...]:
        """The words of a message that the model does not know, in their order, each once."""
        return tuple(dict.fromkeys(word for word in self._tokenise(text) if word not in self.words))

    def count(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each message the number of unseen words and of all words, both of shape (n,)."""
        if self._by_chunk:
            return self._count_chunks(texts)
        pairs = [self._count_one(text) for text in texts]
        counts = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return counts[:, 0], counts[:, 1]

    def _count_one(self, text: str) -> tuple[int, int]:
        tokens = self._tokenise(text)
        return len(tokens) - sum(map(self.words.__contains__, tokens)), len(tokens)

    def _count_chunks(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Every distinct chunk is tokenised once; a message's counts are the sums over its chunks."""
        codes = Codes()
        blocks = [_code_chunks(texts[start : start + _BLOCK], codes) for start in range(0, len(texts), _BLOCK)]
        per_chunk = np.array([self._count_one(chunk) for chunk in codes], dtype=np.int64).reshape(-1, 2)
        counts = [_sums(per_chunk, chunks, lengths) for chunks, lengths in blocks]
        both = np.concatenate(counts) if counts else np.empty((0, 2), dtype=np.int64)
        return both[:, 0], both[:, 1]


def _code_chunks(texts: Sequence[str], codes: Codes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The numbers of all chunks of some messages one after another, and how many each message has.

    The messages are split in one go, which is about twice as fast as one by one; a chunk that stands in none of them
    marks their ends.
    """
    end = _END
    while any(end in text for text in texts):
        end += _END
    numbers = codes.of(f" {end} ".join([*texts, ""]).split())
    ends = np.flatnonzero(numbers == codes[end])
    return np.delete(numbers, ends), np.diff(ends, prepend=-1) - 1


def _sums(per_chunk: NDArray[np.int64], chunks: NDArray[np.intp], lengths: NDArray[np.intp]) -> NDArray[np.int64]:
    running = np.zeros((len(chunks) + 1, 2), dtype=np.int64)
    np.cumsum(per_chunk[chunks], axis=0, out=running[1:])
    ends = np.cumsum(lengths)
    sums: NDArray[np.int64] = running[ends] - running[ends - lengths]
    return sums


def vocabulary_of(model: Any) -> Vocabulary | None:
    """The words that a model knows: those of its first word vectorizer, or else those that its guard knows.

    None where there is neither, or where the vectorizer knows no single words.

    Examples
    --------
    >>> vocabulary_of(len) is None
    True
    """
    vectorizer = _find_vectorizer(getattr(model, "estimator", None) or model)
    if vectorizer is not None and vectorizer.ngram_range[0] <= 1:
        return Vocabulary.of_vectorizer(vectorizer)
    # Only what says on its class that it is a guarded model: a proxy may have any attribute.
    if not hasattr(type(model), "answer_one"):
        return None
    return Vocabulary(model.guard.familiarity_.words, _tokens, by_chunk=True)


def _tokens(text: str) -> list[str]:
    from roadworthy.tokens import tokenise

    return list(tokenise(text))


def _find_vectorizer(estimator: Any) -> Any:
    """Depth first through pipelines, unions and wrappers."""
    if isinstance(getattr(estimator, "vocabulary_", None), dict) and getattr(estimator, "analyzer", "") == "word":
        return estimator
    for inner in _inside(estimator):
        found = _find_vectorizer(inner)
        if found is not None:
            return found
    return None


def _inside(estimator: Any) -> list[Any]:
    # Only what says on its class that it is an estimator: a proxy may have any attribute without end.
    if not hasattr(type(estimator), "get_params"):
        return []
    steps = [step for _, step in getattr(estimator, "steps", ())]
    union = [step for _, step in getattr(estimator, "transformer_list", ())]
    fitted = getattr(estimator, "best_estimator_", None)
    calibrated = [inner.estimator for inner in getattr(estimator, "calibrated_classifiers_", ())][:1]
    return [*steps, *union, *([fitted] if fitted is not None else []), *calibrated]


def _analyzer(vectorizer: Any) -> Callable[[str], list[str]]:
    """The vectorizer's own analyzer, whatever a subclass made of it, without n-grams of several words."""
    analyse = vectorizer.build_analyzer()
    if vectorizer.ngram_range == (1, 1):
        return lambda text: list(analyse(text))
    return lambda text: [token for token in analyse(text) if " " not in token]


def _splits_at_spaces(vectorizer: Any) -> bool:
    """Whether white space always parts two words: ASCII folding, for one, drops some sorts of it."""
    own = type(vectorizer).__module__.startswith("sklearn.")
    plain = own and vectorizer.tokenizer is None and vectorizer.preprocessor is None
    kept = vectorizer.strip_accents in (None, "unicode")
    return plain and kept and vectorizer.token_pattern.removeprefix("(?u)") == _DEFAULT_TOKEN
