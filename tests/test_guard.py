"""The guard: the share that it flags, its reasons, and that what was restored says the same."""

import io
import json
import re
from math import floor, inf, isnan, nan

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from roadworthy import support_desk
from roadworthy.data import Predictions
from roadworthy.errors import DataError
from roadworthy.features import with_encoder
from roadworthy.guard import FLAG_RATE, REASONS, Guard, _threshold, require_flag_rate

EMPTY, TOO_LONG, UNKNOWN_LANGUAGE, OUT_OF_SCOPE, LOW_CONFIDENCE, UNFAMILIAR_WORDS = REASONS
DESK = support_desk.load_train().sample(150, seed=1)
TEXTS = ["where is my order", "track my order", "order status", "i want a refund", "refund me", "my refund"]
LABELS = ["order"] * 3 + ["refund"] * 3
SPANISH = "dónde está mi pedido, todavía no lo veo"
HINDI = "मेरा ऑर्डर कहाँ है"

shares = st.floats(0, 1)
rates = st.integers(1, 999).map(lambda per_mille: per_mille / 1000)
anything = st.text(st.characters()) | st.lists(
    st.sampled_from(["where", "is", "my", "order", "refund", "zzz", "?", "मेरा", "dónde", "está", "word " * 200])
).map(" ".join)
answered = st.sampled_from(["order", "refund", "oos", "no such class"])


class Lengths:
    """An encoder that counts how many messages it was given."""

    dimension = 2

    def __init__(self):
        self.given = 0

    def encode(self, texts):
        self.given += len(texts)
        rows = np.array([[len(text) - 12, 3 * text.count("o") - 4] for text in texts], dtype=np.float32).reshape(-1, 2)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def answers(labels, confidence=0.9):
    return Predictions(np.array(labels, dtype=object), np.broadcast_to(confidence, len(labels)).astype(float))


def learned(texts=TEXTS, labels=LABELS, *, said=None, folds=3, flag_rate=0.2, confidence=0.9, **told):
    """A guard that learned from right answers, held out in turn."""
    said = answers(labels if said is None else said, confidence)
    return Guard(flag_rate, **told).fit(texts, labels, said, np.arange(len(texts)) % folds)


def changed(guard, settings=(), **arrays):
    """The same guard with other settings and numbers."""
    arrays = {name: np.array(value) for name, value in arrays.items()}
    return Guard.restore(
        {**guard.settings(), **dict(settings)}, {**guard.arrays(), **arrays}, guard.familiarity_.features
    )


@pytest.fixture(scope="module")
def small():
    """A guard of six messages, one of whose labels is for what is out of scope."""
    return learned(oos_label="oos")


@pytest.fixture(scope="module")
def desk():
    rng = np.random.default_rng(0)
    return learned(DESK.texts, DESK.labels, confidence=rng.uniform(0.5, 1, len(DESK)), flag_rate=0.1)


@pytest.fixture(scope="module")
def deaf():
    """A guard for which confidence does not count."""
    return learned(uses_confidence=False, confidence=nan)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=60, unique=True), rates)
def test_the_stated_share_of_new_values_is_below_the_threshold(values, rate):
    wanted = floor(rate * len(values) + 1e-9)
    assume(wanted >= 1)
    below = [value < _threshold(values[:i] + values[i + 1 :], rate) for i, value in enumerate(values)]
    assert sum(below) == wanted <= rate * len(values) + 1e-9


@given(st.lists(st.sampled_from([-inf, 0.1, 0.2, 0.9]), min_size=2, max_size=60), rates)
def test_ties_never_make_it_more(values, rate):
    wanted = floor(rate * len(values) + 1e-9)
    assume(wanted >= 1)
    below = [value < _threshold(values[:i] + values[i + 1 :], rate) for i, value in enumerate(values)]
    assert sum(below) <= wanted


@pytest.mark.parametrize(("rate", "n", "rank"), [(0.1, 9, 1), (0.1, 18, 1), (0.1, 19, 2), (0.5, 1, 1), (0.29, 99, 29)])
def test_the_threshold_is_one_of_the_values(rate, n, rank):
    assert _threshold(list(range(n, 0, -1)), rate) == rank


@given(rates)
def test_too_few_messages_are_told_how_many_it_takes(rate):
    with pytest.raises(DataError, match="are too few for a flag rate of") as caught:
        _threshold([], rate)
    least = int(re.search(r"at least (\d+) messages", str(caught.value))[1])
    assert _threshold([0.5] * least, rate) == 0.5
    with pytest.raises(DataError, match=f"at least {least} messages"):
        _threshold([0.5] * (least - 1), rate)


def test_a_guard_learns_from_so_many_messages():
    def of(n):
        return Guard(0.2).fit(TEXTS, LABELS, answers(LABELS), np.where(np.arange(6) < n, np.arange(6) % 2, -1))

    assert of(4).calibrated_on_ == 4
    for n in (0, 3):
        with pytest.raises(DataError, match=f"^{n} messages are too few for a flag rate of 20%; .*at least 4 messages"):
            of(n)


def test_the_threshold_comes_from_messages_in_scope():
    guard = learned([*TEXTS, "what is love", "hello"], [*LABELS, "oos", "oos"], oos_label="oos")
    assert guard.calibrated_on_ == 6
    assert learned([*TEXTS, "what is love", "hello"], [*LABELS, "oos", "oos"]).calibrated_on_ == 8
    with pytest.raises(DataError, match="^3 messages"):
        learned(TEXTS, LABELS, oos_label="refund")


@pytest.mark.parametrize("rate", [0, 1, -0.1, 1.5, 10, nan, inf, -inf])
def test_a_flag_rate_is_a_share(rate):
    with pytest.raises(DataError, match=r"a flag rate of .*; give a share between 0 and 1"):
        require_flag_rate(rate)
    with pytest.raises(DataError, match="flag rate"):
        Guard(rate)


def test_reasons_and_the_usual_rate_are_those_that_are_documented():
    assert REASONS[:3] == ("empty", "too_long", "unknown_language")
    assert REASONS[3:] == ("out_of_scope", "low_confidence", "unfamiliar_words")
    assert require_flag_rate(0.5) == 0.5
    assert Guard().flag_rate == FLAG_RATE == 0.1


@pytest.mark.parametrize("seed", [0, 1])
def test_new_messages_are_flagged_at_the_stated_rate(seed):
    both = support_desk.load_train(), support_desk.load_clean_test()
    texts, labels = ([value for data in both for value in getattr(data, name)] for name in ("texts", "labels"))
    rows = np.random.default_rng(seed).permutation(len(texts)).tolist()
    texts, labels = [texts[row] for row in rows], [labels[row] for row in rows]
    guard = learned(texts[:400], labels[:400], folds=4, flag_rate=0.1, uses_confidence=False)
    verdicts = guard.judge(texts[400:], labels[400:], [0.9] * len(texts[400:]))
    # Twice 400 messages are drawn: those behind the threshold, and those that are judged.
    assert abs(np.mean([verdict.flagged for verdict in verdicts]) - 0.1) < 3 * np.sqrt(2 * 0.1 * 0.9 / 400)


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000", "\u200b", "\ufeff \u2060\u00ad"])
def test_a_message_of_nothing_is_empty(small, text):
    for label in ("order", "oos"):
        verdict = small.judge_one(text, label, 1.0)
        assert verdict == (0.0, (EMPTY,))
        assert verdict.flagged


def test_a_familiar_message_is_trusted(small):
    for text, label in zip(TEXTS, LABELS, strict=True):
        verdict = small.judge_one(text, label, 1.0)
        assert verdict.familiarity == pytest.approx(1)
        assert verdict.reasons == ()
        assert not verdict.flagged
        assert changed(small, threshold=verdict.familiarity).judge_one(text, label, 1.0) == verdict


def test_a_message_longer_than_four_times_the_longest_is_too_long(small):
    longest = 4 * max(map(len, TEXTS))
    assert small.longest_ == longest
    text = "where is my order " * 9
    assert TOO_LONG not in small.judge_one(text[:longest], "order", 1.0).reasons
    assert TOO_LONG in small.judge_one(text[: longest + 1], "order", 1.0).reasons


@pytest.mark.parametrize("text", [SPANISH, HINDI, "где мой order"])
def test_a_language_that_was_not_trained_on_is_unknown(small, text):
    assert small.languages_ == ("en",)
    assert UNKNOWN_LANGUAGE in small.judge_one(text, "order", 1.0).reasons


@pytest.mark.parametrize("text", ["where is my order", "12345", "??", "🙂", "refund"])
def test_no_language_is_not_an_unknown_one(small, text):
    assert UNKNOWN_LANGUAGE not in small.judge_one(text, "order", 1.0).reasons


def test_a_language_of_one_message_in_two_hundred_is_known():
    for n, known in ((199, True), (200, True), (201, False)):
        texts = [*DESK.texts, *DESK.texts][: n - 1]
        guard = learned([*texts, SPANISH], [*[*DESK.labels, *DESK.labels][: n - 1], DESK.labels[0]], folds=2)
        assert guard.languages_ == (("en", "es") if known else ("en",))
        assert (UNKNOWN_LANGUAGE in guard.judge_one("está mi pedido", "x", 1.0).reasons) is not known


def test_being_answered_out_of_scope_is_being_flagged(small):
    assert small.judge_one("where is my order", "oos", 1.0).reasons[0] == OUT_OF_SCOPE
    assert OUT_OF_SCOPE not in learned().judge_one("where is my order", "order", 1.0).reasons


@given(anything, answered, shares | st.just(nan))
def test_a_verdict_is_flagged_for_a_reason(small, text, label, confidence):
    familiarity, reasons = verdict = small.judge_one(text, label, confidence)
    assert -1e-9 <= familiarity <= 1 + 1e-9
    assert verdict.flagged == (len(reasons) > 0)
    assert list(reasons) == [reason for reason in REASONS if reason in reasons]
    if familiarity < small.threshold_:
        assert reasons
    elif reasons:
        assert set(reasons) <= {EMPTY, TOO_LONG, UNKNOWN_LANGUAGE} or label == "oos"


@given(anything, answered, shares, shares)
def test_more_confidence_never_makes_less_familiar(small, text, label, one, other):
    low, high = sorted([one, other])
    unsure, sure = (small.judge_one(text, label, confidence) for confidence in (low, high))
    assert unsure.familiarity <= sure.familiarity
    assert unsure.flagged or not sure.flagged


def test_unsure_answers_are_flagged(desk):
    text, label = DESK.texts[0], DESK.labels[0]
    assert not desk.judge_one(text, label, 1.0).flagged
    unsure = changed(desk, threshold=0.9).judge_one(text, label, 0.1)
    assert unsure.reasons == (LOW_CONFIDENCE,)


@given(anything, answered, shares | st.just(nan), shares | st.just(nan))
def test_confidence_that_does_not_count_changes_nothing(deaf, text, label, one, other):
    assert deaf.judge_one(text, label, one) == deaf.judge_one(text, label, other, certainty=one)


def test_confidence_that_does_not_count_is_not_learned_from(deaf):
    rng = np.random.default_rng(0)
    others = [learned(uses_confidence=False, confidence=value) for value in (0.1, rng.uniform(size=6))]
    for guard in others:
        assert guard.threshold_ == deaf.threshold_
        assert isnan(guard.low_.confidence)
        assert guard.judge_one("zzz", "order", 0.0) == deaf.judge_one("zzz", "order", 1.0)
    assert learned(confidence=0.1).threshold_ < learned(confidence=0.9).threshold_


def test_a_better_measure_than_confidence_takes_its_place(small):
    text = "where is my parcel"
    assert (
        small.judge_one(text, "order", 0.2, certainty=0.8).familiarity
        == small.judge_one(text, "order", 0.8).familiarity
    )
    folds, said = np.arange(6) % 3, answers(LABELS, 0.3)
    certain = Guard(0.2).fit(TEXTS, LABELS, said, folds, certainty=np.full(6, 0.9))
    assert certain.threshold_ == learned(confidence=0.9).threshold_
    assert certain.low_.confidence == 0.3


@pytest.mark.parametrize(
    ("low", "reasons"),
    [
        ((2, nan, 0, 0), (OUT_OF_SCOPE,)),
        ((0, nan, 2, 0), (LOW_CONFIDENCE,)),
        ((0, nan, 0, 2), (UNFAMILIAR_WORDS,)),
        ((0, nan, 2, 2), (LOW_CONFIDENCE, UNFAMILIAR_WORDS)),
        ((2, nan, 2, 2), (OUT_OF_SCOPE, LOW_CONFIDENCE, UNFAMILIAR_WORDS)),
        ((0, nan, 0, 0), (OUT_OF_SCOPE,)),
    ],
)
def test_what_is_low_is_the_reason(small, low, reasons):
    guard = changed(small, threshold=2, low=low)
    assert guard.judge_one("track my refund", "order", 0.5).reasons == reasons
    assert guard.judge_one("track my refund", "oos", 0.5).reasons == (
        OUT_OF_SCOPE,
        *(reason for reason in reasons if reason != OUT_OF_SCOPE),
    )
    foreign = guard.judge_one(f"{SPANISH} " * 9, "order", 0.5).reasons
    assert foreign == (TOO_LONG, UNKNOWN_LANGUAGE, *reasons)
    assert changed(guard, threshold=0).judge_one("track my refund", "order", 0.5).reasons == ()


def test_confidence_that_does_not_count_is_no_reason(small):
    guard = changed(small, {"uses_confidence": False}, threshold=2, low=(0, nan, 2, 0))
    assert guard.judge_one("track my refund", "order", 0.5).reasons == (OUT_OF_SCOPE,)
    sure = changed(small, threshold=2, low=(0, nan, 2, 0))
    assert sure.judge_one("track my refund", "order", nan).reasons == (OUT_OF_SCOPE,)


def test_what_is_low_is_lower_than_in_the_stated_share(desk):
    columns = [[], [], []]
    for fold in range(3):
        seen = [i for i in range(len(DESK)) if i % 3 != fold]
        known = type(desk.familiarity_).fit([DESK.texts[i] for i in seen], [DESK.labels[i] for i in seen])
        for i in range(fold, len(DESK), 3):
            columns[0].append(known.parts(DESK.texts[i], DESK.labels[i], 0.5).similarity)
            columns[2].append(known.known_words(DESK.texts[i]))
    columns[1] = np.random.default_rng(0).uniform(0.5, 1, len(DESK)).tolist()
    wanted = [_threshold(column, 0.1) for column in columns]
    assert (desk.low_.similarity, desk.low_.confidence, desk.low_.words) == pytest.approx(wanted)
    assert isnan(desk.low_.meaning)


def test_what_the_rules_flag_counts_as_flagged():
    guard = learned(said=["oos", "order", "order", "refund", "oos", "refund"], oos_label="oos")
    assert guard.threshold_ == -inf
    assert guard.judge_one("zzz", "order", 0.0).reasons == ()
    foreign = learned([*DESK.texts[:-1], HINDI], DESK.labels, flag_rate=1 / 151)
    assert foreign.threshold_ > -inf
    assert learned([*[*DESK.texts] * 2, HINDI], [*[*DESK.labels] * 2, "x"], flag_rate=1 / 302).threshold_ == -inf


@settings(max_examples=50)
@given(st.lists(st.tuples(anything, answered, shares)))
def test_many_are_judged_as_one(small, rows):
    texts, labels, confidence = ([row[i] for row in rows] for i in range(3))
    assert small.judge(texts, labels, confidence) == [small.judge_one(*row) for row in rows]


def test_answers_of_another_length_are_refused(small):
    with pytest.raises(ValueError, match="shorter"):
        small.judge(["a", "b"], ["order"], [0.5])


def kept(guard):
    """What is left of a guard in files: settings as JSON, arrays without pickles."""
    content = io.BytesIO()
    np.savez(content, **guard.arrays())
    content.seek(0)
    with np.load(content, allow_pickle=False) as arrays:
        return json.loads(json.dumps(guard.settings())), {name: arrays[name] for name in arrays.files}


@settings(max_examples=50)
@given(st.lists(st.tuples(anything, answered, shares | st.just(nan)), max_size=4))
def test_a_restored_guard_gives_the_same_verdicts(small, rows):
    again = Guard.restore(*kept(small), small.familiarity_.features)
    assert [again.judge_one(*row) for row in rows] == [small.judge_one(*row) for row in rows]
    assert again.settings() == small.settings()
    np.testing.assert_equal(again.arrays(), small.arrays())


def test_settings_say_what_was_told_and_learned(small):
    wanted = (0.2, "oos", True, True, False, ["en"], 4 * len("where is my order"), 6, ["order", "refund"])
    names = (
        "flag_rate",
        "oos_label",
        "uses_confidence",
        "uses_label",
        "uses_certainty",
        "languages",
        "longest",
        "calibrated_on",
        "labels",
    )
    assert small.settings() == dict(zip(names, wanted, strict=True))


def without(mapping, part):
    return {name: value for name, value in mapping.items() if part not in name}


def test_what_belongs_to_another_guard_is_refused(small, desk):
    (told, arrays), (_, others) = kept(small), kept(desk)
    more = {**told, "labels": [*told["labels"], "third"]}
    own, foreign = small.familiarity_.features, desk.familiarity_.features
    for wrong in ((told, others, own), (told, arrays, foreign), (more, arrays, own)):
        with pytest.raises(ValueError, match="other features or classes"):
            Guard.restore(*wrong)


def test_what_is_missing_is_missed(small):
    told, arrays = kept(small)
    for name in told:
        with pytest.raises(KeyError, match=name):
            Guard.restore(without(told, name), arrays, small.familiarity_.features)
    for name in arrays:
        with pytest.raises(KeyError, match=name):
            Guard.restore(told, without(arrays, name), small.familiarity_.features)


def test_an_encoder_counts_and_embeds_each_message_once():
    encoder = Lengths()
    guard = learned(encoder=encoder)
    assert encoder.given == len(TEXTS)
    assert guard.familiarity_.compiled.encoder is encoder
    assert not isnan(guard.low_.meaning)
    rows = [*zip(TEXTS, LABELS, np.linspace(0, 1, 6).tolist(), strict=True), ("zzz", "order", 0.5), ("", "order", 0.5)]
    verdicts = guard.judge(*map(list, zip(*rows, strict=True)))
    assert verdicts == [guard.judge_one(*row) for row in rows]
    assert verdicts[5].familiarity == pytest.approx(1)
    told, arrays = kept(guard)
    again = Guard.restore(told, arrays, with_encoder(guard.familiarity_.features, Lengths()))
    assert [again.judge_one(*row) for row in rows] == verdicts
    with pytest.raises(ValueError, match="other features or classes"):
        Guard.restore(told, arrays, with_encoder(guard.familiarity_.features, None))
    with pytest.raises(ValueError, match="other features or classes"):
        Guard.restore(told, without(arrays, "meaning"), guard.familiarity_.features)
    odd = changed(guard, threshold=2, low=(0, 2, 2, 0)).judge_one("track my refund", "order", 0.5)
    assert odd.reasons == (OUT_OF_SCOPE, LOW_CONFIDENCE)


def test_features_that_are_fitted_already_are_kept(small):
    fitted = small.familiarity_.features
    guard = Guard(0.2).fit(TEXTS, LABELS, answers(LABELS), np.arange(6) % 3, features=fitted)
    assert guard.familiarity_.features is fitted


def test_a_small_flag_rate_is_told_as_it_is():
    with pytest.raises(DataError, match="a flag rate of 0.1%"):
        _threshold([], 0.001)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_flag_rate_of_nearly_all(n):
    assert _threshold([0.5] * n, 1 - 1e-12) == 0.5
