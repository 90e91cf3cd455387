"""Familiarity and its prototypes, against brute force, on random rows and on the messages of the support desk."""

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from math import e, isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize

from roadworthy import familiarity, support_desk
from roadworthy.familiarity import PROTOTYPES, Familiarity, Parts, Prototypes
from roadworthy.features import text_features, vocabulary_of

DESK = support_desk.load_train().sample(150, seed=1)
TEXTS = ["where is my order", "track my order", "order status", "i want a refund", "refund me", "my refund"]
LABELS = ["order"] * 3 + ["refund"] * 3
COLUMNS = 12

seeds = st.integers(0, 2**32 - 1)
caps = st.integers(1, 6)
shares = st.floats(0, 1)
anything = st.text(st.characters()) | st.lists(st.sampled_from([*"aeiou?", "where", "my", "order", "zzz"])).map(
    " ".join
)


class Sides:
    """An encoder for which orders and all other things are opposites."""

    dimension = 2

    def encode(self, texts):
        return np.array([[1, 0] if "order" in text else [-1, 0] for text in texts], dtype=np.float32).reshape(-1, 2)


@pytest.fixture(scope="module")
def desk():
    return Familiarity.fit(DESK.texts, DESK.labels)


@pytest.fixture(scope="module")
def small():
    return Familiarity.fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def embedding():
    return Familiarity.fit(TEXTS, LABELS, encoder=Sides())


def drawn(seed, *, n=25, classes=3):
    """Sparse rows, none of them empty, and a code for each; every class has one at least."""
    rng = np.random.default_rng(seed)
    rows = rng.random((n, COLUMNS)) * (rng.random((n, COLUMNS)) < 0.4)
    rows[np.arange(n), rng.integers(COLUMNS, size=n)] += 0.1
    return csr_matrix(rows), rng.permutation(np.r_[np.arange(classes), rng.integers(classes, size=n - classes)])


def cosine(prototypes, row, code):
    return prototypes.similarity(csr_matrix(row).indices, csr_matrix(row).data, code)


def covered(unit, picked):
    """The facility location objective: how near all rows are to the nearest of those picked."""
    return (unit @ unit[picked].T).toarray().max(axis=1).sum()


@given(seeds, caps)
def test_a_class_has_as_many_prototypes_as_it_may(seed, cap):
    rows, codes = drawn(seed)
    found = Prototypes.pick(rows, codes, cap=cap, seed=0)
    assert len(found) == 3
    assert found.size == COLUMNS
    assert np.diff(found.starts).tolist() == np.minimum(np.bincount(codes), cap).tolist()


@given(seeds, caps)
def test_prototypes_are_rows_of_their_class_brought_to_length_one(seed, cap):
    rows, codes = drawn(seed)
    unit = normalize(rows).toarray()
    found = Prototypes.pick(rows, codes, cap=cap, seed=0)
    for code in range(3):
        own = {tuple(row) for row in unit[codes == code]}
        picked = [tuple(row) for row in found.rows[found.starts[code] : found.starts[code + 1]].toarray()]
        assert len(set(picked)) == len(picked)
        assert set(picked) <= own


@given(seeds, caps)
def test_a_prototype_is_most_similar_to_itself(seed, cap):
    rows, codes = drawn(seed)
    found = Prototypes.pick(rows, codes, cap=cap, seed=0)
    for code in range(3):
        for row in found.rows[found.starts[code] : found.starts[code + 1]]:
            assert cosine(found, row, code) == pytest.approx(1, abs=1e-9)


@given(seeds, seeds, caps)
def test_similarity_is_the_cosine_of_the_nearest(seed, other, cap):
    rows, codes = drawn(seed)
    found = Prototypes.pick(rows, codes, cap=cap, seed=0)
    asked, _ = drawn(other)
    exact = (normalize(asked) @ found.rows.T).toarray()
    for row, products in zip(asked, exact, strict=True):
        for code in range(3):
            similarity = cosine(found, row, code)
            assert similarity == pytest.approx(products[found.starts[code] : found.starts[code + 1]].max(), abs=1e-12)
            assert -1e-9 <= similarity <= 1 + 1e-9


@given(seeds, seeds)
def test_small_classes_are_kept_whole(seed, other):
    rows, codes = drawn(seed)
    found = Prototypes.pick(rows, codes, cap=25, seed=0)
    asked, _ = drawn(other, n=5)
    nearest = (normalize(asked) @ normalize(rows).T).toarray()
    for row, products in zip(asked, nearest, strict=True):
        for code in range(3):
            assert cosine(found, row, code) == pytest.approx(products[codes == code].max(), abs=1e-12)


def test_what_has_no_features_is_similar_to_nothing():
    rows, codes = drawn(0)
    found = Prototypes.pick(rows, codes, cap=3, seed=0)
    assert cosine(found, np.zeros((1, COLUMNS)), 0) == 0
    assert found.similarity(np.array([2]), np.array([0.0]), 0) == 0


@given(seeds)
def test_asking_leaves_nothing_behind(seed):
    rows, codes = drawn(seed)
    found = Prototypes.pick(rows, codes, cap=3, seed=0)
    first = [cosine(found, row, 0) for row in rows]
    assert [cosine(found, row, 0) for row in rows[::-1]] == first[::-1]


@given(seeds, st.integers(1, 4))
def test_picks_cover_nearly_as_much_as_the_best_choice(seed, cap):
    rows, codes = drawn(seed, n=9, classes=1)
    unit = normalize(rows)
    picked = familiarity._spread(unit, cap)
    assert picked.tolist() == sorted(set(picked.tolist()))
    best = max(covered(unit, list(choice)) for choice in combinations(range(9), cap))
    assert covered(unit, picked) >= (1 - 1 / e) * best - 1e-9
    assert Prototypes.pick(rows, codes, cap=cap, seed=0).rows.toarray().tolist() == unit[picked].toarray().tolist()


def test_picks_cover_more_than_random_ones():
    unit = normalize(text_features(len(DESK)).fit_transform(DESK.texts))
    rng = np.random.default_rng(0)
    at_random = [covered(unit, rng.choice(len(DESK), PROTOTYPES, replace=False)) for _ in range(20)]
    assert covered(unit, familiarity._spread(unit, PROTOTYPES)) > max(at_random)


def test_each_pick_is_for_what_the_others_leave():
    many, few = [[1, 0.01 * i, 0] for i in range(6)], [[0, 0, 1], [0, 0.01, 1]]
    picked = familiarity._spread(normalize(csr_matrix(many + few)), 2)
    assert [row < 6 for row in picked] == [True, False]


def test_no_row_is_picked_twice():
    assert len(set(familiarity._spread(csr_matrix(np.ones((7, 1))), 3).tolist())) == 3


def test_of_many_messages_only_some_are_candidates(monkeypatch):
    monkeypatch.setattr(familiarity, "_CANDIDATES", 6)
    rows, codes = drawn(3, n=40, classes=2)
    found, same, other = (Prototypes.pick(rows, codes, cap=20, seed=seed).rows.toarray() for seed in (0, 0, 1))
    assert len(found) == 12
    assert found.tolist() == same.tolist() != other.tolist()


class Interrupted:
    """Columns that let somebody else ask once, when they are looked at."""

    def __init__(self, columns, ask):
        self._columns, self._ask = columns, [ask]

    def __array__(self, dtype=None, copy=None):
        if self._ask:
            self._ask.pop()()
        return self._columns


def test_who_asks_in_between_disturbs_nobody():
    rows, codes = drawn(5)
    found = Prototypes.pick(rows, codes, cap=16, seed=0)
    wanted = [cosine(found, row, 0) for row in rows[:2]]
    among = []
    data, columns, starts = found._of_class[0]
    found._of_class[0] = data, Interrupted(columns, lambda: among.append(cosine(found, rows[1], 0))), starts
    assert [cosine(found, rows[0], 0), *among] == wanted
    assert [cosine(found, row, 0) for row in rows[:2]] == wanted


def test_threads_get_the_answers_of_one():
    rows, codes = drawn(5, n=200)
    asked = [(row, code) for row in rows for code in range(3)]
    found = Prototypes.pick(rows, codes, cap=16, seed=0)
    wanted = [cosine(found, row, code) for row, code in asked]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda pair: cosine(found, *pair), asked)) == wanted
    finally:
        sys.setswitchinterval(before)


@given(seeds, caps)
def test_arrays_are_all_that_prototypes_are(seed, cap):
    found = Prototypes.pick(*drawn(seed), cap=cap, seed=0)
    arrays = found.arrays("mine")
    again = Prototypes.of_arrays({**arrays, "other_starts": np.zeros(3)}, "mine")
    assert {name.split("_")[0] for name in arrays} == {"mine"}
    for name, array in again.arrays("mine").items():
        assert array.dtype == arrays[name].dtype
        np.testing.assert_array_equal(array, arrays[name])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("data", lambda array: array[:-1]),
        ("columns", lambda array: array + COLUMNS),
        ("columns", lambda array: array[1:]),
        ("columns", lambda array: -1 - array),
        ("pointers", lambda array: array[:-1]),
        ("pointers", lambda array: array[::-1]),
        ("pointers", lambda array: array + 1),
        ("shape", lambda array: array - [1, 0]),
        ("shape", lambda array: array - [0, COLUMNS - 1]),
        ("starts", lambda array: np.r_[1, array[1:]]),
        ("starts", lambda array: array[:-1]),
        ("starts", lambda array: np.r_[array, array[-1] + 5]),
        ("starts", lambda array: np.r_[array[:1], array]),
        ("starts", lambda array: array[[0, 2, 1, 3]]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name, change):
    arrays = Prototypes.pick(*drawn(0), cap=3, seed=0).arrays("mine")
    arrays[f"mine_{name}"] = change(arrays[f"mine_{name}"])
    with pytest.raises(ValueError, match="."):
        Prototypes.of_arrays(arrays, "mine")


def test_arrays_of_another_name_are_missed():
    with pytest.raises(KeyError, match="yours_data"):
        Prototypes.of_arrays(Prototypes.pick(*drawn(0), cap=3, seed=0).arrays("mine"), "yours")


@given(shares, shares | st.just(nan), shares | st.just(nan))
def test_familiarity_is_a_mean_of_what_is_known(similarity, meaning, certainty):
    near = similarity if isnan(meaning) else meaning
    found = Parts(similarity, meaning, certainty).familiarity
    assert found == pytest.approx(near if isnan(certainty) else (near + certainty) / 2)


@given(shares, shares | st.just(nan), shares, shares)
def test_more_certainty_never_makes_less_familiar(similarity, meaning, one, other):
    low, high = sorted([one, other])
    assert Parts(similarity, meaning, low).familiarity <= Parts(similarity, meaning, high).familiarity


@given(anything, st.sampled_from([*DESK.classes, "no such class"]), shares | st.just(nan))
def test_parts_are_shares(desk, text, label, certainty):
    parts = desk.parts(text, label, certainty)
    assert -1e-9 <= parts.similarity <= 1 + 1e-9
    assert isnan(parts.meaning)
    assert parts.certainty == certainty or isnan(certainty)
    assert -1e-9 <= parts.familiarity <= 1 + 1e-9
    assert 0 <= desk.known_words(text) <= 1


@settings(max_examples=50)
@given(anything, st.sampled_from(["order", "refund", "no such class"]), shares)
def test_parts_are_shares_with_an_encoder_too(embedding, text, label, certainty):
    parts = embedding.parts(text, label, certainty)
    assert all(-1e-9 <= part <= 1 + 1e-9 for part in parts)


def test_a_training_message_is_wholly_familiar(small):
    for text, label in zip(TEXTS, LABELS, strict=True):
        assert small.parts(text, label, 1.0).familiarity == pytest.approx(1, abs=1e-9)
        assert small.known_words(text) == 1
        assert small.unknown_words(text) == ()


def test_a_label_that_no_message_has_is_similar_to_nothing(small, embedding):
    similarity, meaning, certainty = small.parts(TEXTS[0], "no such class", 0.5)
    assert (similarity, certainty) == (0, 0.5)
    assert isnan(meaning)
    assert embedding.parts(TEXTS[0], "no such class", 0.5) == (0, 0, 0.5)


@pytest.mark.parametrize("text", ["", " ", "\u200b", "ψψ 123"])
def test_a_message_of_unknown_things_is_similar_to_nothing(small, text):
    assert small.parts(text, "order", 1.0).similarity == 0
    assert small.known_words(text) == 0


def test_the_answered_class_counts(small):
    right, wrong = (small.parts("where is my order", label, 0.5).similarity for label in ("order", "refund"))
    assert right > wrong > 0


def test_unknown_ngrams_make_a_message_less_similar(small):
    texts = ["my refund", "my refund zzqx", "my refund zzqx vvkw", "my refund zzqx vvkw yyjj"]
    similarities = [small.parts(text, "refund", 0.5).similarity for text in texts]
    assert similarities == sorted(set(similarities), reverse=True)


def test_similarity_is_a_cosine_times_what_is_known(small):
    text = "where is my parcel"
    unit = normalize(small.features.transform([text]))
    nearest = (unit @ normalize(small.features.transform(TEXTS[:3])).T).max()
    known = small.compiled.of_one(text).known
    assert 0 < known < 1
    assert small.parts(text, "order", 0.5).similarity == pytest.approx(nearest * known, abs=1e-12)


def test_meaning_is_the_cosine_of_embeddings_and_never_negative(embedding):
    def meaning(text, label):
        return embedding.parts(text, label, 0.5).meaning

    assert meaning("reorder", "order") == pytest.approx(1)
    assert meaning("zzz", "refund") == pytest.approx(1)
    assert meaning("reorder", "refund") == 0
    assert isnan(embedding.parts("x", "order", 0.5, embedding.compiled.of_one("x")).meaning)


def test_an_encoder_leaves_similarity_as_it_is(small, embedding):
    for text in [*TEXTS, "where is my parcel"]:
        found = embedding.parts(text, "order", 0.5).similarity
        assert found == pytest.approx(small.parts(text, "order", 0.5).similarity, abs=1e-12)


def test_features_that_are_there_already_are_used(small):
    features = small.compiled.of(["my refund"])[0]
    assert small.parts("anything", "refund", 0.5, features) == pytest.approx(
        small.parts("my refund", "refund", 0.5), nan_ok=True
    )
    fitted = text_features(6).fit(TEXTS)
    assert Familiarity.fit(TEXTS, LABELS, features=fitted).features is fitted


def test_a_cap_keeps_so_many_prototypes(embedding):
    few = Familiarity.fit(DESK.texts, DESK.labels, cap=2)
    assert (np.diff(few.prototypes.starts).tolist(), few.labels) == ([2] * len(DESK.classes), DESK.classes)
    assert np.diff(embedding.meanings.starts).tolist() == [3, 3]


def test_known_and_unknown_words(small):
    text = "Where is the order of the king, plsss?"
    assert small.unknown_words(text) == ("the", "of", "king", ",", "plss", "?")
    assert small.known_words(text) == pytest.approx(3 / 10)
    assert small.known_words("my my mine") == pytest.approx(2 / 3)
    assert "refund me" in vocabulary_of(small.features)
    assert sorted(small.words) == sorted({word for message in TEXTS for word in message.split()})


def test_prototypes_of_something_else_are_refused(small, embedding):
    other = Familiarity.fit(["hello there", "bye"], ["hello", "bye"])
    wrong = [
        (small.features, small.labels, other.prototypes, None),
        (small.features, (*small.labels, "third"), small.prototypes, None),
        (small.features, small.labels, small.prototypes, small.prototypes),
        (embedding.features, embedding.labels, embedding.prototypes, None),
        (embedding.features, embedding.labels, embedding.prototypes, embedding.prototypes),
    ]
    for given_parts in wrong:
        with pytest.raises(ValueError, match="other features or classes"):
            Familiarity(*given_parts)
    again = Familiarity(small.features, small.labels, small.prototypes)
    assert again.parts(TEXTS[0], "order", 0.5) == pytest.approx(small.parts(TEXTS[0], "order", 0.5), nan_ok=True)


@pytest.mark.parametrize("encoder", [None, Sides()])
@pytest.mark.parametrize("label", ["a", "order", "refund", "z"])
def test_a_training_message_of_nothing_is_like_nothing(label, encoder):
    found = Familiarity.fit([*TEXTS, "\u200b"], [*LABELS, label], encoder=encoder)
    assert all(0 <= found.parts(text, label, 0.5).similarity <= 1 + 1e-9 for text in ("my refund", "order", ""))
    assert found.parts("my refund", "refund", 1.0).familiarity == pytest.approx(1)
    if label in ("a", "z"):
        assert found.parts("my refund", label, 0.5).similarity == 0


def test_words_are_known_once_their_spelling_is_corrected(small):
    assert small.known_words("where is my ordre") == 1
    assert small.unknown_words("track my refnud quickly") == ("quickly",)
    right, wrong = (small.parts(text, "refund", 0.5).similarity for text in ("my refund", "my refnud"))
    assert right == pytest.approx(wrong)
