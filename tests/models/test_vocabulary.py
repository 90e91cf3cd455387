"""Unseen words are counted exactly as the vectorizer itself would find them, however fast."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union

from roadworthy.models.adapt import as_model
from roadworthy.models.vocabulary import Vocabulary, vocabulary_of

TEXTS = ["Where is my order?", "my örder is late", "ΟΔΟΣ is a street", "refund my order", "late refund", "the order"]
LABELS = ["a", "b", "a", "b", "a", "b"]
words = st.sampled_from(
    ["order", "ORDER", "ordr", "my", "a", "is.late", "örder", "ΟΔΟΣ", "Σ", "the", "\0", "\0\0", "don't"]
)
gaps = st.sampled_from([" ", "  ", "\n", "\u2028", "\x1c", "\u3000", "\xa0", "\x85", "\u200b", "", "¨"])
messages = st.text() | st.lists(st.tuples(words, gaps)).map(lambda parts: "".join(map("".join, parts)))


class Stemmed(CountVectorizer):
    """The usual way to add a stemmer, an analyzer that is a generator included."""

    def build_analyzer(self) -> Callable[[str], Any]:
        analyse = super().build_analyzer()
        return lambda text: (token[:4] for token in analyse(text))


class Leading(CountVectorizer):
    """An analyzer that looks at a message as a whole."""

    def build_analyzer(self) -> Callable[[str], Any]:
        analyse = super().build_analyzer()
        return lambda text: analyse(text)[:2]


VECTORIZERS = [
    CountVectorizer(),
    CountVectorizer(lowercase=False),
    CountVectorizer(strip_accents="unicode"),
    CountVectorizer(strip_accents="ascii"),
    CountVectorizer(strip_accents=lambda text: text.replace("\u3000", "")),
    CountVectorizer(stop_words=["is", "my"]),
    CountVectorizer(token_pattern=r"\b\w\w+\b"),
    CountVectorizer(token_pattern=r"(?u)\S+"),
    CountVectorizer(token_pattern=r"(?u)\w+ \w+"),
    CountVectorizer(tokenizer=str.split, token_pattern=None),
    CountVectorizer(preprocessor=lambda text: text.replace(" ", "")),
    CountVectorizer(max_features=2),
    TfidfVectorizer(),
    Stemmed(),
    Leading(),
]


@pytest.mark.parametrize("vectorizer", VECTORIZERS, ids=range(len(VECTORIZERS)))
@given(texts=st.lists(messages, max_size=6))
@example([])
@example(["", " ", "\0", "Where is my order", "where\u2028is my refund"])
def test_counts_are_those_of_the_vectorizers_own_analyzer(vectorizer: CountVectorizer, texts: list[str]) -> None:
    vocabulary = vocabulary_of(vectorizer.fit(TEXTS))
    assert vocabulary is not None
    tokens = [list(vectorizer.build_analyzer()(text)) for text in texts]
    unseen, total = vocabulary.count(texts)
    assert total.tolist() == [len(found) for found in tokens]
    assert unseen.tolist() == [sum(token not in vectorizer.vocabulary_ for token in found) for found in tokens]
    assert unseen.dtype == total.dtype == np.int64
    distinct = [[t for t in dict.fromkeys(found) if t not in vectorizer.vocabulary_] for found in tokens]
    assert [list(vocabulary.unseen(text)) for text in texts] == distinct


@given(st.lists(messages, max_size=6))
def test_the_fast_path_counts_as_the_slow_one(texts: list[str]) -> None:
    analyse = CountVectorizer().build_analyzer()
    fast, slow = (Vocabulary(["order", "my", "is"], analyse, by_chunk=by_chunk) for by_chunk in (True, False))
    assert np.array_equal(fast.count(texts), slow.count(texts))


def test_more_messages_than_a_block_are_counted() -> None:
    texts = [f"word{i % 7} order" for i in range(4_500)]
    vocabulary = Vocabulary(["order", "word3"], str.split, by_chunk=True)
    unseen, total = vocabulary.count(texts)
    assert unseen.tolist() == [int(i % 7 != 3) for i in range(4_500)]
    assert set(total) == {2}


@given(messages)
def test_n_grams_of_several_words_are_left_out(text: str) -> None:
    single, double = (vocabulary_of(CountVectorizer(ngram_range=(1, n)).fit(TEXTS)) for n in (1, 2))
    assert single is not None
    assert double is not None
    assert single.words == double.words
    assert np.array_equal(single.count([text]), double.count([text]))


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(CountVectorizer(), LogisticRegression()),
        make_pipeline(
            make_union(HashingVectorizer(n_features=8), TfidfVectorizer()), "passthrough", LogisticRegression()
        ),
        GridSearchCV(make_pipeline(CountVectorizer(), LogisticRegression()), {"logisticregression__C": [1.0]}, cv=2),
        CalibratedClassifierCV(make_pipeline(CountVectorizer(), LogisticRegression()), cv=2, ensemble=False),
    ],
    ids=["pipeline", "union", "search", "calibrated"],
)
def test_a_vectorizer_is_found_inside_a_model(model: Any) -> None:
    vocabulary = vocabulary_of(as_model(model.fit(TEXTS, LABELS)))
    assert vocabulary is not None
    assert len(vocabulary) == len(vocabulary.words) > 0
    assert vocabulary.unseen("my order, my ordr ordr xyz") == ("ordr", "xyz")


class Proxy:
    """A client of some service, which answers any attribute."""

    def __getattr__(self, name: str) -> "Proxy":
        return Proxy()


class Stepping:
    steps = 5


@pytest.mark.parametrize(
    "model",
    [
        len,
        Proxy(),
        Stepping(),
        CountVectorizer(),
        CountVectorizer(analyzer="char").fit(TEXTS),
        CountVectorizer(ngram_range=(2, 2)).fit(TEXTS),
        make_pipeline(HashingVectorizer(), LogisticRegression()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_knows_no_single_words_has_no_vocabulary(model: Any) -> None:
    assert vocabulary_of(model) is None


def test_a_guarded_model_knows_the_words_of_its_guard() -> None:
    from roadworthy import support_desk
    from roadworthy.training.wrap import wrap

    guarded = wrap(lambda texts: ["cancel_order"] * len(texts), support_desk.load_train().sample(60)).artifact.model
    vocabulary = vocabulary_of(guarded)
    assert vocabulary is not None
    assert vocabulary.unseen("my qwrtz, order") == ("qwrtz",)
