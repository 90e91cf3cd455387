"""Slices are counted over the right messages, corrected for their number, and found weak only where they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy import metrics
from roadworthy.data import Dataset, Predictions, read_dataset
from roadworthy.errors import DataError
from roadworthy.inspection import Inspection, Suite, inspect, plan_texts
from roadworthy.inspection.slices import BUILT_IN, length_of

SUITE = Suite("one", ("casing",), (3,))


class OnChannel:
    """Right except on messages from the app, where it always answers order; flags single words."""

    classes = ("order", "refund")

    def answer(self, texts):
        low = [text.lower() for text in texts]
        labels = np.array(["refund" if "money" in t and "app" not in t else "order" for t in low], dtype=object)
        return Predictions(labels, np.full(len(texts), 0.9), np.array([len(t.split()) == 1 for t in low]))


@pytest.fixture(scope="module")
def data():
    channels = ["app", "web"]
    texts = [f"{channels[i % 2]} {'money' if i // 2 % 2 else 'parcel'} please number {i}" for i in range(200)]
    labels = ["refund" if i // 2 % 2 else "order" for i in range(200)]
    return Dataset.of(texts, labels, name="clean", columns={"channel": [channels[i % 2] for i in range(200)]})


@pytest.fixture(scope="module")
def inspection(data):
    return inspect(OnChannel(), data, suite=SUITE, slices=("channel",))


def part(inspection, by, value):
    return next(found for found in inspection.slices if (found.by, found.value) == (by, value))


def test_a_column_of_the_users_is_a_slice_with_figures_worked_out_by_hand(inspection):
    app, web = part(inspection, "channel", "app"), part(inspection, "channel", "web")
    assert (app.n, app.accuracy.value, app.difference.value) == (100, 0.5, -0.5)
    assert (web.accuracy.value, web.difference.value) == (1.0, 0.5)
    assert app.silent_failure_rate.value == 0.5
    assert app.coverage.value == 1.0
    assert app.p_value == pytest.approx(metrics.difference_p_value(50, 100, 100, 100))


def test_only_what_is_shown_to_be_worse_is_weak_and_a_finding_names_the_worst(inspection):
    assert {(found.by, found.value) for found in inspection.weak_slices} == {("channel", "app"), ("label", "refund")}
    (finding,) = [found for found in inspection.findings if found.code == "weak_slices"]
    assert finding.level == "advisory"
    assert "50 points below the others" in finding.message


def test_q_values_are_corrected_over_all_slices(inspection):
    tested = [found for found in inspection.slices if found.p_value is not None]
    assert [found.q_value for found in tested] == pytest.approx(metrics.adjusted([found.p_value for found in tested]))


def test_a_slice_with_a_single_value_says_nothing_and_is_left_out(inspection):
    assert {found.by for found in inspection.slices} == {"label", "channel"}


def test_real_messages_have_slices_by_kind_and_length(data):
    real = Dataset.of(
        ["money", "my parcel please", "web money back", "app money back"] * 10,
        ["refund", "order", "refund", "refund"] * 10,
        ["short", "plain", "plain", "plain"] * 10,
    )
    found = inspect(OnChannel(), data, real=real, suite=SUITE)
    assert part(found, "kind", "short").coverage.value == 0.0
    assert part(found, "length", "1 word").n == 10


def test_slices_survive_json(inspection):
    assert Inspection.from_json(inspection.to_json()).slices == inspection.slices


@pytest.mark.parametrize(
    ("name", "said"),
    [("chanel", "no messages have a column 'chanel'"), (BUILT_IN[0], "slices by 'label' are always told")],
)
def test_a_column_that_is_not_there_is_refused(data, name, said):
    with pytest.raises(DataError, match=said):
        inspect(OnChannel(), data, suite=SUITE, slices=(name,))


def test_columns_are_read_kept_by_samples_and_no_part_of_the_fingerprint(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("text,label,channel\na parcel,order,app\nmoney,refund,\nmore,refund,web\n")
    found = read_dataset(file, slices=("channel", "absent"))
    assert found.columns == {"channel": ("app", "(none)", "web")}
    assert found.take([2, 0]).columns == {"channel": ("web", "app")}
    assert found.sha256 == read_dataset(file).sha256


@given(st.text(max_size=200))
def test_every_message_has_a_length(text):
    assert length_of(text).endswith(("word", "words"))


def test_planned_texts_are_those_that_are_asked_about(data):
    asked = []

    def model(texts):
        asked.extend(texts)
        return ["order"] * len(texts)

    few = data.take(range(10))
    inspect(model, few, suite=SUITE, seed=3)
    assert sorted(asked) == sorted(plan_texts(few, None, SUITE, 3))


def test_evidence_holds_wrong_answers_of_each_judged_group_and_of_the_worst_class(inspection):
    groups = {example.group for example in inspection.evidence}
    assert groups == {"clean"}
    assert {example.label for example in inspection.evidence} == {"refund"}
    assert 1 <= len(inspection.evidence) <= 12


def test_p_values_of_families_are_paired_and_corrected(data):
    found = inspect(OnChannel(), data, suite=Suite("two", ("casing", "typos"), (1, 3)))
    judged = [group for group in found.of_kind("perturbed") if group.severity == 3]
    assert all(group.q_value is not None and group.q_value >= group.p_value for group in judged)
    assert all(group.q_value is None for group in found.of_kind("perturbed") if group.severity == 1)
    assert found.groups[0].p_value is None


def test_a_column_that_names_people_is_redacted(data):
    people = tuple(f"customer{i % 2}@example.org" if i % 4 else "shop" for i in range(len(data)))
    found = inspect(OnChannel(), Dataset.of(data.texts, data.labels, columns={"who": people}), suite=SUITE)
    assert "@example.org" not in found.to_json()
    assert sorted(x.n for x in found.slices if x.by == "who") == [50, 150]


def test_of_fewer_than_ten_messages_nothing_is_concluded(data):
    wrong = set(data.texts[2:58:4])

    def model(texts):
        return ["refund" if ("money" in t.lower()) != (t in wrong) else "order" for t in texts]

    def slice_of(n):
        few = tuple("few" if text in data.texts[2 : 2 + 4 * n : 4] else "many" for text in data.texts)
        return part(
            inspect(model, Dataset.of(data.texts, data.labels, columns={"how": few}), suite=SUITE), "how", "few"
        )

    nine, ten = slice_of(9), slice_of(10)
    assert (nine.accuracy.value, nine.p_value, nine.q_value, nine.weak) == (0.0, None, None, False)
    assert (ten.accuracy.value, ten.weak) == (0.0, True)


def test_a_dataset_with_columns_can_still_be_a_key(data):
    assert len({data, data.take(range(len(data)))}) == 1
