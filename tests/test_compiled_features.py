"""Features by a dictionary and numpy: what scikit-learn computes, to the last digits, whatever the options."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline

from roadworthy.compiled_features import CompiledFeatures
from roadworthy.features import CHARACTERS, MEANING, WORDS, SentenceEmbedding, text_features
from roadworthy.spelling import SpellingCorrector
from roadworthy.tokens import tokenise

TRAINING = [
    "Where is my order",
    "where is my ORDER my order",
    # Twice, so that whatever the options there are n-grams that stand in two messages.
    "late order refund please",
    "late order refund please",
    "I want a refund, a refund please",
    "Café über naïve CAFÉ",
    "is it late or is it lost",
    "मेरा ऑर्डर कहाँ है",
]
WORDS_MET = ["where", "Order", "my", "is", "refund", "café", "cafe", "CAFÉ", "it", "कहाँ", "zzz", "late,", "😡", "x"]

texts = st.lists(st.text(st.characters()) | st.lists(st.sampled_from(WORDS_MET)).map(" ".join), min_size=1, max_size=6)
shared = {
    "binary": st.booleans(),
    "lowercase": st.booleans(),
    "strip_accents": st.sampled_from([None, "ascii", "unicode"]),
    "ngram_range": st.sampled_from([(1, 1), (1, 2), (2, 3)]),
    "min_df": st.sampled_from([1, 2]),
}
of_words = st.fixed_dictionaries(
    shared,
    optional={
        "stop_words": st.sampled_from([["is", "my"], "english"]),
        "token_pattern": st.sampled_from([r"(?u)\b\w+\b", r"\S+"]),
    },
)
of_characters = st.fixed_dictionaries({**shared, "analyzer": st.sampled_from(["char", "char_wb"])})
by_hand = st.fixed_dictionaries(
    {**shared, "min_df": st.just(1), "token_pattern": st.none(), "tokenizer": st.sampled_from([str.split, list])}
)
given_vocabulary = st.fixed_dictionaries(
    {
        "binary": st.booleans(),
        "vocabulary": st.sampled_from([["where", "order", "refund"], {"is": 1, "it": 0, "my": 2}]),
    }
)
options = of_words | of_characters | by_hand | given_vocabulary
weighing = st.fixed_dictionaries(
    {
        "sublinear_tf": st.booleans(),
        "norm": st.sampled_from(["l1", "l2", None]),
        "use_idf": st.booleans(),
        "smooth_idf": st.just(True),
    }
)
counting = st.builds(lambda told: CountVectorizer(**told), options)
weighted = st.builds(lambda told, more: TfidfVectorizer(**told, **more), options, weighing)


class Angles:
    """A small encoder that gives the same rows again."""

    dimension = 3

    def __init__(self):
        self.calls = 0

    def encode(self, texts):
        self.calls += 1
        rows = np.array([[len(text) % 5 - 2, text.count("e") - 1, 1] for text in texts], dtype=np.float32)
        return rows.reshape(-1, 3) / np.linalg.norm(rows.reshape(-1, 3), axis=1, keepdims=True)


class Shouting(CountVectorizer):
    """A vectorizer that nobody but its author knows."""


def dense(features, compiled):
    row = np.zeros(compiled.ngrams)
    row[features.columns] = features.values
    return row if features.meaning is None else np.concatenate((row, features.meaning))


def assert_equal_to_scikit_learn(transformer, messages):
    compiled = CompiledFeatures(transformer)
    expected = transformer.transform(messages).toarray()
    found = compiled.of(messages)
    assert compiled.ngrams + compiled.dimension == expected.shape[1]
    assert len(found) == len(messages)
    for features, row in zip(found, expected, strict=True):
        assert len(set(features.columns.tolist())) == len(features.columns) == len(features.values)
        assert 0 <= features.known <= 1
        np.testing.assert_allclose(dense(features, compiled), row, rtol=0, atol=1e-12)


@settings(max_examples=150)
@given(counting | weighted, texts)
def test_a_vectorizer(vectorizer, messages):
    assert_equal_to_scikit_learn(vectorizer.fit(TRAINING), [*messages, *TRAINING])


@given(texts, st.sampled_from(["l1", "l2", None]), st.booleans())
def test_idf_that_is_not_smoothed(messages, norm, sublinear):
    vectorizer = TfidfVectorizer(smooth_idf=False, norm=norm, sublinear_tf=sublinear)
    assert_equal_to_scikit_learn(vectorizer.fit(TRAINING), messages)


def test_a_vocabulary_that_was_given():
    vectorizer = TfidfVectorizer(vocabulary=["order", "is", "my"], use_idf=False).fit(["anything at all"])
    assert_equal_to_scikit_learn(vectorizer, TRAINING)


@settings(max_examples=40)
@given(
    st.lists(counting | weighted, min_size=1, max_size=3),
    st.lists(st.sampled_from([0.0, 0.3, 1.0, 2.5, "missing"]), min_size=3, max_size=3),
    texts,
)
def test_a_union_with_weights(vectorizers, weights, messages):
    blocks = [(f"block {i}", vectorizer) for i, vectorizer in enumerate(vectorizers)]
    told = {name: weight for (name, _), weight in zip(blocks, weights, strict=False) if weight != "missing"}
    union = FeatureUnion(blocks, transformer_weights=told or None).fit(TRAINING)
    assert_equal_to_scikit_learn(union, messages)


@settings(max_examples=50)
@given(texts, st.sampled_from([0.0, 0.7, 1.5]), st.booleans())
def test_our_own_features(messages, weight, embeds):
    union = text_features(len(TRAINING), word_weight=weight, encoder=Angles() if embeds else None)
    assert_equal_to_scikit_learn(union.fit(TRAINING), [*messages, *TRAINING])


@given(
    st.lists(st.lists(st.sampled_from(["where", "wher", "ordre", "my", "refund", "refnd,", "zzzz", "k"])).map(" ".join))
)
def test_spelling_is_corrected_first(messages):
    pipeline = make_pipeline(SpellingCorrector(), CountVectorizer()).fit(TRAINING)
    assert_equal_to_scikit_learn(pipeline, [*messages, ""])
    compiled = CompiledFeatures(pipeline)
    assert [compiled.read(text) for text in messages] == [*map(tokenise, pipeline[0].transform(messages))]
    assert CompiledFeatures(pipeline[1]).read("wher is") == ("wher", "is")


def test_an_encoder_gets_all_messages_at_once():
    encoder = Angles()
    compiled = CompiledFeatures(text_features(len(TRAINING), encoder=encoder).fit(TRAINING))
    encoder.calls = 0
    assert len(compiled.of(TRAINING)) == len(TRAINING)
    assert encoder.calls == 1
    assert compiled.encoder is encoder
    assert compiled.of([]) == []


def test_one_message_comes_without_its_embedding():
    plain = CompiledFeatures(text_features(len(TRAINING)).fit(TRAINING))
    embedding = CompiledFeatures(text_features(len(TRAINING), encoder=Angles()).fit(TRAINING))
    found, wanted = embedding.of_one("my order"), plain.of_one("my order")
    np.testing.assert_array_equal(found.columns, wanted.columns)
    np.testing.assert_array_equal(found.values, wanted.values)
    assert found.meaning is None
    assert (embedding.ngrams, embedding.dimension) == (plain.ngrams, Angles.dimension)
    assert plain.encoder is None
    assert plain.of(["my order"])[0].meaning is None


@pytest.mark.parametrize("make", [CountVectorizer, TfidfVectorizer, lambda: text_features(len(TRAINING))])
def test_of_a_training_message_all_is_known(make):
    compiled = CompiledFeatures(make().fit(TRAINING))
    assert [features.known for features in compiled.of(TRAINING)] == [1.0] * len(TRAINING)


@pytest.mark.parametrize("make", [CountVectorizer, TfidfVectorizer, lambda: text_features(len(TRAINING))])
@pytest.mark.parametrize("text", ["", "???", "0123456789", "ψψ"])
def test_of_what_was_never_met_nothing_is_known(make, text):
    found = CompiledFeatures(make().fit(["where is it", "a refund"])).of_one(text)
    assert found.known == 0
    assert len(found.columns) == len(found.values) == 0


def test_an_unknown_ngram_weighs_as_much_as_the_rarest():
    vectorizer = TfidfVectorizer().fit(["order late", "order lost", "order"])
    rarest, order = vectorizer.idf_.max() ** 2, vectorizer.idf_.min() ** 2
    known = CompiledFeatures(vectorizer).of_one("order order mine yours").known
    assert known == pytest.approx(order / (order + 2 * rarest))
    for binary in (True, False):
        counting = CountVectorizer(binary=binary).fit(["order"])
        assert CompiledFeatures(counting).of_one("order mine mine").known == 0.5


def test_how_much_is_known_is_said_by_the_last_vectorizer():
    first, last = CountVectorizer().fit(["order"]), CountVectorizer().fit(["refund"])
    union = FeatureUnion([("first", first), ("last", last)])
    assert CompiledFeatures(union).of_one("order").known == 0
    assert CompiledFeatures(union).of_one("refund").known == 1


def fitted(**told):
    return CountVectorizer(**told).fit(TRAINING)


@pytest.mark.parametrize(
    "transformer",
    [
        HashingVectorizer(),
        Shouting().fit(TRAINING),
        fitted(dtype=np.float32),
        TfidfVectorizer(dtype=np.float32).fit(TRAINING),
        CountVectorizer(input="file").fit(map(io.StringIO, TRAINING)),
        CountVectorizer(input="filename"),
        FeatureUnion([(WORDS, fitted()), (CHARACTERS, HashingVectorizer())]),
        FeatureUnion([(WORDS, fitted()), ("dropped", "drop")]),
        make_pipeline(CountVectorizer(), TfidfTransformer()).fit(TRAINING),
        make_pipeline(SpellingCorrector(), HashingVectorizer()).fit(TRAINING),
        make_pipeline(SpellingCorrector(), CountVectorizer(), TfidfTransformer()).fit(TRAINING),
        FeatureUnion([(WORDS, FeatureUnion([("inner", fitted())]))]),
        FeatureUnion([(MEANING, SentenceEmbedding(Angles())), (WORDS, fitted())]),
        None,
        len,
    ],
    ids=lambda transformer: type(transformer).__name__,
)
def test_what_cannot_be_compiled_is_refused(transformer):
    with pytest.raises(TypeError, match="is not compiled"):
        CompiledFeatures(transformer)


class Flat:
    dimension = 2

    def encode(self, texts):
        return np.ones((len(texts), 2), dtype=np.float32)


@pytest.mark.parametrize("union", [FeatureUnion([("meaning", SentenceEmbedding(Flat()))]), FeatureUnion([])])
def test_features_without_ngrams_are_not_compiled(union):
    with pytest.raises(TypeError, match="is not compiled"):
        CompiledFeatures(union)
