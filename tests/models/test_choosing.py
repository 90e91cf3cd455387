"""Settings are chosen on held-out messages, and no class is ever held out as a whole."""

import pickle
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.models import choosing
from roadworthy.models.choosing import (
    COPY_SEVERITY,
    PARTS,
    PENALTIES,
    REPEATS,
    WORD_WEIGHTS,
    Choice,
    TrainingMessages,
    Tried,
    both,
    choose,
    fit,
    held_out_folds,
    helps,
    parts_of,
    splits,
    strings,
    written_by_users,
)

ORDER = ["where is my order", "track my order please", "my order is late", "order status", "when will it come"]
REFUND = ["give me a refund", "refund my money", "i want my money back", "money back please", "a refund now"]
HOURS = ["when are you open", "opening hours", "are you open today", "what time do you close", "is the shop open"]


def made(*classes: Sequence[str]) -> TrainingMessages:
    texts = [text for several in classes for text in several]
    codes = np.repeat(np.arange(len(classes)), [len(several) for several in classes])
    copies = written_by_users(texts, severity=COPY_SEVERITY, seed=0)
    return TrainingMessages(strings(texts), strings(copies), codes, None)


def reached(choice: Choice, clean: float, balanced: float, perturbed: float, n: int = 10) -> Tried:
    """As if every message contributed the same."""
    return Tried(choice, clean, balanced, perturbed, np.full(n, (clean + balanced + perturbed) / 3))


class Judge:
    """In the place of the real trials: scores by the sort of setting, and what it was asked.

    One penalty and weight, which are not the usual ones, are better than all others.
    """

    best = Choice(PENALTIES[0], WORD_WEIGHTS[-1])

    def __init__(self, **scores: tuple[float, float]) -> None:
        self.scores = scores
        self.asked: list[tuple[TrainingMessages, Sequence[Any], Sequence[Choice]]] = []

    def __call__(
        self, messages: TrainingMessages, perturbed: Any, folds: Sequence[Any], choices: Sequence[Choice]
    ) -> list[Tried]:
        self.asked.append((messages, folds, choices))
        assert len(perturbed) == len(messages.codes)
        return [self._of(choice) for choice in choices]

    def _of(self, choice: Choice) -> Tried:
        sort = "copies" if choice.copies else "balanced" if choice.balanced else "plain"
        clean, perturbed = self.scores.get(sort, (0.5, 0.5))
        edge = 0.1 if replace(choice, balanced=False, copies=False) == self.best else 0.0
        return reached(choice, clean + edge, clean + edge, perturbed + edge)


# Held-out folds

several = st.lists(st.integers(0, 6), min_size=1, max_size=60).map(np.array)


@given(several, st.integers(2, 10), st.integers(0, 3))
def test_only_an_only_member_is_never_held_out(codes: np.ndarray, parts: int, seed: int) -> None:
    folds = held_out_folds(codes, seed, parts=parts)
    counts = np.bincount(codes)[codes]
    assert ((folds == -1) == (counts == 1)).all()
    assert folds.max() < parts
    assert np.array_equal(folds, held_out_folds(codes, seed, parts=parts))


@given(several, st.integers(2, 10))
def test_the_model_of_every_part_knows_every_class(codes: np.ndarray, parts: int) -> None:
    folds = held_out_folds(codes, 0, parts=parts)
    for train, test in splits(folds):
        assert set(codes[train]) == set(codes)
        assert sorted([*train, *test]) == list(range(len(codes)))
        assert len(test)
    held_out = [row for _, test in splits(folds) for row in test]
    assert sorted(held_out) == np.flatnonzero(folds >= 0).tolist()


def test_parts_are_stratified() -> None:
    folds = held_out_folds(np.repeat([0, 1], [40, 8]), 0, parts=4)
    assert [np.bincount(folds[:40]).tolist(), np.bincount(folds[40:]).tolist()] == [[10] * 4, [2] * 4]


def test_another_seed_holds_out_other_messages() -> None:
    codes = np.repeat([0, 1], 20)
    assert not np.array_equal(held_out_folds(codes, 0, parts=4), held_out_folds(codes, 1, parts=4))


def test_there_are_no_more_parts_than_the_largest_class_has_messages() -> None:
    folds = held_out_folds(np.array([0, 0, 1, 1, 2]), 0, parts=10)
    assert sorted(folds.tolist()) == [-1, 0, 0, 1, 1]


def test_without_two_messages_of_a_class_there_are_no_parts() -> None:
    folds = held_out_folds(np.arange(5), 0, parts=4)
    assert folds.tolist() == [-1] * 5
    assert list(splits(folds)) == []


@pytest.mark.parametrize(("n", "parts"), [(1, 10), (1_999, 10), (2_000, 5), (100_000, 5)])
def test_many_messages_are_held_out_in_fewer_parts(n: int, parts: int) -> None:
    assert parts_of(n) == parts


# Choosing


@pytest.mark.parametrize(
    ("clean", "perturbed", "expected"),
    [
        (0.0, 0.1, True),
        (0.1, 0.0, True),
        (0.1, 0.1, True),
        (0.0, 0.0, False),
        (-0.01, 0.5, False),
        (0.5, -0.01, False),
        (-0.1, -0.1, False),
    ],
)
def test_a_change_helps_if_nothing_gets_worse_and_something_better(
    clean: float, perturbed: float, expected: bool
) -> None:
    before = reached(Choice(), 0.5, 0.5, 0.5)
    # Balanced accuracy is no part of it.
    assert helps(reached(Choice(copies=True), 0.5 + clean, 0.0, 0.5 + perturbed), before) is expected


def test_settings_are_compared_by_the_mean_of_three_accuracies() -> None:
    assert reached(Choice(), 0.9, 0.6, 0.3).score == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("gains", "taken"),
    [
        ([0.1] * 10, True),
        ([0.0] * 10, False),
        ([-0.1] * 10, False),
        # Better in the mean, but by less than two standard errors, and by more.
        ([1.0, -1.0, 1.0, -1.0, 1.0], False),
        ([1.0, 0.0, 1.0, 0.0] * 10, True),
    ],
)
def test_what_is_better_by_chance_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, gains: list[float], taken: bool
) -> None:
    n = len(gains)

    def judge(_: Any, __: Any, ___: Any, choices: Sequence[Choice]) -> list[Tried]:
        usual = [reached(choice, 0.5, 0.5, 0.5, n) for choice in choices]
        gain = np.array(gains) / 10
        better = Tried(Judge.best, *[0.5 + gain.mean()] * 3, 0.5 + gain)
        return [better if choice == Judge.best else one for choice, one in zip(choices, usual, strict=True)]

    monkeypatch.setattr(choosing, "_try", judge)
    assert choose(made(ORDER, REFUND), 0)[0].choice == (Judge.best if taken else Choice())


@pytest.mark.parametrize(
    ("scores", "balanced", "copies"),
    [
        ({}, False, False),
        ({"balanced": (0.6, 0.6)}, True, False),
        ({"copies": (0.5, 0.6)}, False, True),
        ({"balanced": (0.6, 0.6), "copies": (0.6, 0.7)}, True, True),
        # A better mean is not enough: the clean messages get worse.
        ({"copies": (0.49, 0.9)}, False, False),
        ({"balanced": (0.4, 0.4), "copies": (0.5, 0.5)}, False, False),
    ],
)
def test_the_best_comes_first_and_copies_only_where_they_help(
    monkeypatch: pytest.MonkeyPatch, scores: dict[str, tuple[float, float]], balanced: bool, copies: bool
) -> None:
    judge = Judge(**scores)
    monkeypatch.setattr(choosing, "_try", judge)
    tried = choose(made(ORDER, REFUND), 0)
    assert tried[0].choice == replace(Judge.best, balanced=balanced, copies=copies)
    assert len({setting.choice for setting in tried}) == len(tried) == len(PENALTIES) * len(WORD_WEIGHTS) + 2
    assert sum(setting.choice.copies for setting in tried) == 1
    assert sum(setting.choice.balanced for setting in tried) == 1 + balanced


def test_few_messages_are_split_anew_and_many_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    for most, expected in ((1_000, (10, REPEATS)), (20, (10, 2)), (10, (10, 1)), (6, (6, 1))):
        judge = Judge()
        monkeypatch.setattr(choosing, "_try", judge)
        monkeypatch.setattr(choosing, "MESSAGES", most)
        choose(made(ORDER, REFUND), 0)
        messages, folds, _ = judge.asked[0]
        assert (len(messages.codes), len(folds)) == expected
        assert len({tuple(fold) for fold in folds}) == len(folds)
        assert max(fold.max() for fold in folds) < PARTS
        assert all(asked[0] is messages for asked in judge.asked)


def test_a_sample_keeps_texts_copies_and_classes_together(monkeypatch: pytest.MonkeyPatch) -> None:
    judge, whole = Judge(), made(ORDER, REFUND)
    monkeypatch.setattr(choosing, "_try", judge)
    monkeypatch.setattr(choosing, "MESSAGES", 6)
    choose(whole, 3)
    part = judge.asked[0][0]
    rows = set(zip(whole.texts, whole.copies, whole.codes, strict=True))
    assert set(zip(part.texts, part.copies, part.codes, strict=True)) < rows


def test_a_sample_that_misses_the_rare_class_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "MESSAGES", 8)
    messages = made([f"my order number {i} is late" for i in range(40)], REFUND[:2])
    for seed in range(3):
        assert choose(messages, seed)


def test_trying_is_what_fitting_and_asking_would_have_found() -> None:
    messages = made(ORDER, REFUND, HOURS)
    perturbed = strings(written_by_users([*messages.texts], severity=3, seed=1))
    folds = [held_out_folds(messages.codes, seed, parts=3) for seed in range(2)]
    choices = [Choice(1.0, 0.4), Choice(2.0, 1.0, balanced=True)]
    for choice, found in zip(choices, choosing._try(messages, perturbed, folds, choices), strict=True):
        clean, noisy, recall = [], [], []
        for train, test in (part for fold in folds for part in splits(fold)):
            features, linear = fit(messages.take(train), choice)
            right = linear.predict(features.transform(messages.texts[test])) == messages.codes[test]
            clean += right.tolist()
            recall += list(zip(messages.codes[test], right, strict=True))
            noisy += (linear.predict(features.transform(perturbed[test])) == messages.codes[test]).tolist()
        assert found.choice == choice
        assert found.accuracy == pytest.approx(np.mean(clean))
        assert found.perturbed_accuracy == pytest.approx(np.mean(noisy))
        by_class = [np.mean([right for code, right in recall if code == wanted]) for wanted in range(3)]
        assert found.balanced_accuracy == pytest.approx(np.mean(by_class))


def test_balanced_accuracy_is_the_mean_over_the_classes_that_are_held_out() -> None:
    # Of the first class three in four, of the third one in two; of the second none is held out.
    right, codes = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 0.0]), np.array([0, 0, 0, 0, 2, 2])
    found = choosing._reached(Choice(), right, np.zeros(6), codes)
    assert (found.accuracy, found.perturbed_accuracy) == (pytest.approx(4 / 6), 0)
    assert found.balanced_accuracy == pytest.approx((0.75 + 0.5) / 2)
    assert found.merits.mean() == pytest.approx(found.score)


def test_choosing_is_repeatable_and_tries_every_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "REPEATS", 1)
    messages = made(ORDER, REFUND)
    tried = choose(messages, 0)
    assert tried == choose(messages, 0)
    grid = {(setting.choice.penalty, setting.choice.word_weight) for setting in tried}
    assert grid == set(product(PENALTIES, WORD_WEIGHTS))
    assert tried[0].summary()["choice"] == asdict(tried[0].choice)
    assert tried[0].summary()["accuracy"] == tried[0].accuracy


# Fitting


def test_copies_are_trained_on_beside_the_messages() -> None:
    texts, copies = strings(["my order", "a refund"]), strings(["my oxder", "a refund"])
    messages = TrainingMessages(texts, copies, np.array([0, 1]), None)
    plain, copied = (pickle.dumps(fit(messages, Choice(copies=taken))[0]) for taken in (False, True))
    assert (b"oxder" in plain, b"oxder" in copied, b"order" in copied) == (False, True, True)
    kept = choosing._with_copies(messages, True)
    assert [part.tolist() for part in kept] == [["my order", "a refund", "my oxder"], [0, 1, 0], [1.0, 1.0, 0.5]]


def test_a_copy_that_changes_nothing_is_left_out() -> None:
    texts = strings([*ORDER, *REFUND])
    messages = TrainingMessages(texts, texts.copy(), np.repeat([0, 1], 5), None)
    plain, copied = (fit(messages, Choice(copies=taken))[1] for taken in (False, True))
    assert np.array_equal(plain.coef_, copied.coef_)


def test_rare_classes_weigh_more_where_that_is_chosen() -> None:
    messages = made([f"{text} {i}" for i in range(6) for text in ORDER], ["please give me that"])
    asked = strings(["please give me my order"])
    scores = []
    for balanced in (False, True):
        features, linear = fit(messages, Choice(balanced=balanced))
        scores.append(float(linear.decision_function(features.transform(asked))[0]))
    assert scores[0] < scores[1]


@given(st.integers(1, 8))
def test_two_classes_have_two_columns(n: int) -> None:
    scores = np.arange(n, dtype=float)
    assert both(scores).tolist() == [[-score, score] for score in range(n)]
    assert np.array_equal(both(np.eye(3)), np.eye(3))


def test_messages_as_users_write_them_are_repeatable() -> None:
    texts = [*ORDER, *REFUND, *HOURS]
    found = written_by_users(texts, severity=3, seed=5)
    assert found == written_by_users(texts, severity=3, seed=5)
    assert found != written_by_users(texts, severity=3, seed=6)
    assert len(found) == len(texts)
    assert sum(new != old for new, old in zip(found, texts, strict=True)) > len(texts) / 3
    assert written_by_users([], severity=3, seed=5) == []
