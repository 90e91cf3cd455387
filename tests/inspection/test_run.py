import json

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from roadworthy import support_desk
from roadworthy.data import Dataset
from roadworthy.errors import DataError, ModelError, PerturbationError
from roadworthy.inspection import Suite, inspect

SUITE = Suite("one", ("typos",), (3,))


@pytest.fixture(scope="module")
def data():
    return support_desk.load_clean_test().take(range(0, 240, 4))


@pytest.fixture(scope="module")
def pair():
    train = support_desk.load_train()
    vectorizer = CountVectorizer()
    return vectorizer, LogisticRegression(max_iter=200).fit(vectorizer.fit_transform(train.texts), train.labels)


@pytest.fixture(scope="module")
def pipeline(pair):
    return make_pipeline(*pair)


def as_function(pipeline, form):
    def answer(texts):
        matrix = pipeline.predict_proba(texts)
        best = matrix.argmax(axis=1)
        labels, confidence = pipeline.classes_[best], matrix.max(axis=1)
        if form == "labels":
            return list(labels)
        if form == "pairs":
            return list(zip(labels, confidence, strict=True))
        if form == "dicts":
            return [{"label": label, "confidence": score} for label, score in zip(labels, confidence, strict=True)]
        return matrix

    answer.classes = list(pipeline.classes_)
    return answer


@pytest.fixture(scope="module")
def reference(pipeline, data):
    return inspect(pipeline, data, suite=SUITE)


@pytest.mark.parametrize("form", ["pair", "labels", "pairs", "dicts", "matrix"])
def test_every_form_of_a_model_gives_the_same_figures(pair, pipeline, data, reference, form):
    model = pair if form == "pair" else as_function(pipeline, form)
    inspection = inspect(model, data, suite=SUITE)
    for mine, wanted in zip(inspection.groups, reference.groups, strict=True):
        assert mine.accuracy == wanted.accuracy
        assert mine.flip_rate == wanted.flip_rate
        if form == "labels":
            assert mine.mean_confidence.value is None
        else:
            assert mine.mean_confidence.value == pytest.approx(wanted.mean_confidence.value)
        assert (mine.oov_rate == wanted.oov_rate) == (form == "pair")


def test_messages_and_labels_come_as_any_sequences(pipeline, data, reference):
    inspection = inspect(pipeline, np.array(data.texts, dtype=object), list(data.labels), suite=SUITE)
    assert inspection.groups == reference.groups


def test_the_same_seed_gives_the_same_inspection(pipeline, data, reference):
    def figures(inspection):
        document = json.loads(inspection.to_json())
        document.pop("created")
        document.pop("cost")
        return document

    assert figures(inspect(pipeline, data, suite=SUITE, batch_size=7)) == figures(reference)
    other = inspect(pipeline, data, suite=SUITE, seed=1)
    assert other.settings.seed == 1
    assert other.groups[1] != reference.groups[1]


def test_identical_texts_are_predicted_once(keyword, clean):
    doubled = Dataset.of([*clean.texts, *clean.texts], [*clean.labels, *clean.labels])
    inspection = inspect(keyword, doubled, suite=Suite("s", ("all_lowercase", "telegram"), (3,)), real=clean)
    assert len(keyword.asked) == len(set(keyword.asked)) == inspection.cost.predicted
    assert inspection.cost.asked == 3 * len(doubled) + len(clean)
    assert inspection.cost.predicted < inspection.cost.asked / 3


def test_progress_and_announcement(keyword, clean):
    told, announced = [], []
    inspect(
        keyword,
        clean,
        suite=SUITE,
        announce=lambda *counts: announced.append((counts, len(keyword.asked))),
        progress=lambda *what: told.append(what),
    )
    (((asked, distinct), before),) = announced
    assert (asked, before) == (2 * len(clean), 0)
    assert told[0] == ("perturbing", 1, 1)
    assert distinct == len(set(keyword.asked))
    what, done, total = told[-1]
    assert what == "predicting"
    assert done == total


def test_a_constant_model_never_passes():
    texts = [f"parcel number {n}" for n in range(300)]
    data = Dataset.of(texts, ["order"] * 299 + ["refund"])
    inspection = inspect(lambda texts: [("order", 0.99) for _ in texts], data, suite=SUITE)
    assert inspection.group("clean").verdict == "pass"
    assert inspection.verdict == "fail"


def test_a_good_model_passes(keyword, many):
    inspection = inspect(keyword, many, suite=Suite("s", ("casing",), (3,)))
    assert inspection.verdict == "pass"
    assert [group.verdict for group in inspection.groups] == ["pass", "pass"]


def test_out_of_scope_messages_count_as_wrong_unless_flagged(keyword, guarded, clean, real):
    plain = inspect(keyword, clean, real=real, oos_label="oos", suite=SUITE).group("real")
    wary = inspect(guarded, clean, real=real, oos_label="oos", suite=SUITE).group("real")
    assert (plain.accuracy.value, plain.accuracy_all.value) == (0.75, 0.5)
    assert plain.silent_failure_rate.value == 0.5
    assert (wary.accuracy.value, wary.accuracy_all.value) == (0.75, pytest.approx(5 / 6))
    assert wary.silent_failure_rate.value == 0.0
    assert wary.coverage.value == 0.5
    assert (plain.out_of_scope, wary.out_of_scope) == (2, 2)


def test_unlabelled_real_messages_are_measured_but_not_judged_right_or_wrong(keyword, clean, real):
    inspection = inspect(keyword, clean, real=Dataset.of(real.texts, name="mail"), suite=SUITE)
    group = inspection.group("real")
    assert (group.accuracy.value, group.coverage.value, group.verdict) == (None, 1.0, "advisory")
    assert inspection.real.labelled is False
    assert inspection.verdict != "pass"


def test_the_cards_say_what_was_inspected(pipeline, data, reference):
    assert reference.model.type == "CountVectorizer + LogisticRegression"
    assert reference.model.vocabulary_size == len(pipeline.steps[0][1].vocabulary_)
    assert reference.model.classes == tuple(pipeline.classes_)
    assert (reference.clean.n, reference.clean.classes, reference.clean.sha256) == (60, 10, data.sha256)
    assert reference.real is None
    assert reference.settings.families == ("typos",)


@pytest.mark.parametrize("as_what", ["box", "function", "pipeline"])
def test_a_model_is_called_what_the_caller_calls_it(keyword, clean, pipeline, data, as_what):
    model = {"box": keyword, "function": lambda texts: list(keyword.answer(texts).labels), "pipeline": pipeline}[
        as_what
    ]
    chosen = data if as_what == "pipeline" else clean
    assert inspect(model, chosen, suite=SUITE, name="intents v3").model.name == "intents v3"


def test_a_guarded_model_is_called_so(guarded, clean, real):
    assert inspect(guarded, clean, real=real, oos_label="oos", suite=SUITE).model.guarded


def test_a_sample_is_drawn_of_both_files(keyword, clean, real):
    inspection = inspect(keyword, clean, real=real, oos_label="oos", sample=5, suite=SUITE, seed=2)
    assert (inspection.clean.n, inspection.real.n) == (5, 5)
    assert inspection.settings.sample == 5


def test_a_model_that_answers_a_class_without_messages_fails_instead_of_being_refused(clean):
    class Elsewhere:
        classes = ("order", "refund", "other")

        def predict_proba(self, texts):
            return np.tile([0.1, 0.1, 0.8], (len(texts), 1))

    assert inspect(Elsewhere(), clean, suite=SUITE).verdict == "fail"


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"texts": ["a"], "labels": None}, DataError, "no labels; give one label a message"),
        ({"texts": ["a", "b"], "labels": ["x", "x"]}, DataError, "a single class"),
        ({"texts": ["a", "b"], "labels": ["x"]}, DataError, "2 texts but 1 labels"),
        ({"suite": "slow"}, PerturbationError, "no suite 'slow'"),
        (
            {"real": Dataset.of(["hi"], ["oos"])},
            DataError,
            "1 message has labels that the model does not know: 'oos'",
        ),
        ({"real": Dataset.of(list("abcdefg"), list("tuvwxyz"))}, DataError, "'t', 'u', 'v', 'w', 'x' and 2 more"),
        ({"sample": 0}, DataError, "a sample of 0 messages"),
        ({"model": object()}, ModelError, "not a classifier"),
        (
            {"model": lambda texts: ["lost" for _ in texts]},
            DataError,
            "the model answers 'lost', the data are labelled",
        ),
        ({"model": lambda texts: []}, ModelError, "0 answers to"),
    ],
)
def test_what_cannot_be_inspected_is_refused_in_one_line(keyword, clean, options, error, said):
    with pytest.raises(error, match=said) as caught:
        inspect(**({"model": keyword, "texts": clean, "suite": SUITE} | options))
    assert "\n" not in str(caught.value)


def test_clean_messages_that_are_all_out_of_scope_are_refused(keyword):
    data = Dataset.of([f"hi {n}" for n in range(20)], ["oos"] * 19 + ["order"])
    with pytest.raises(DataError, match="every clean message is out of scope; give in-scope messages"):
        inspect(keyword, data, oos_label="oos", sample=2, suite=SUITE)
