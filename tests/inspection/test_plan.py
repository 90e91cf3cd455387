import numpy as np

from roadworthy.data import Dataset
from roadworthy.inspection import Suite
from roadworthy.inspection.plan import make_plan


def test_every_group_points_at_its_own_texts(clean, real, small_suite):
    plan = make_plan(clean, real, small_suite, seed=0)
    assert [version.name for version in plan.versions] == [
        "clean", "casing", "clipped_words", "all", "slang", "short", "chat",
    ]  # fmt: skip
    first, *_, chat = plan.versions
    assert [plan.texts[code] for code in first.codes] == list(clean.texts)
    assert [plan.texts[code] for code in chat.codes] == ["are you a robot", "hi"]
    assert chat.rows.tolist() == [4, 5]
    assert len(set(plan.texts)) == len(plan.texts)


def test_all_groups_are_counted_once_and_kinds_not_again(clean, real, small_suite):
    plan = make_plan(clean, real, small_suite, seed=0)
    assert plan.asked == 3 * len(clean) + len(real)
    assert [version.whole for version in plan.versions] == [True, False, False, True, False, False, False]


def test_identical_texts_are_numbered_once(small_suite):
    clean = Dataset.of(["same", "same", "other"], ["a", "a", "b"])
    plan = make_plan(clean, Dataset.of(["same"]), small_suite, seed=0)
    assert plan.versions[0].codes.tolist() == [0, 0, 1]
    assert plan.versions[-1].codes.tolist() == [0]


def test_messages_in_other_languages_are_left_out_of_a_group(small_suite):
    clean = Dataset.of(["where is my order", "где мой заказ"], ["a", "b"])
    _, casing, clipped = make_plan(clean, None, small_suite, seed=0).versions
    assert (casing.rows.tolist(), casing.not_applicable) == ([0, 1], 0)
    assert (clipped.rows.tolist(), clipped.not_applicable) == ([0], 1)
    assert clipped.changed is not None
    assert clipped.changed.dtype == np.bool_


def test_kinds_called_like_a_whole_file_are_told_apart(clean, small_suite):
    real = Dataset.of(["a b", "c d", "e f"], ["order", "order", "refund"], ["all", "clean", "all"])
    versions = make_plan(clean, real, small_suite, seed=0).versions[3:]
    assert [(version.name, version.whole) for version in versions] == [
        ("all", True),
        ("kind all", False),
        ("clean", False),
    ]


def test_progress_is_told_after_each_version(clean):
    told = []
    make_plan(
        clean, None, Suite("s", ("casing",), (1, 2)), seed=0, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 2), (2, 2)]
