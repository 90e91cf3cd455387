import json
import math
from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from roadworthy.errors import DataError
from roadworthy.gate import Gate
from roadworthy.gate.bounds import BOUNDS
from roadworthy.inspection import Figure, Inspection, inspect
from roadworthy.inspection.summary import SCHEMA_VERSION
from roadworthy.metrics import UNDEFINED, Interval

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
finite = st.floats(allow_nan=False, allow_infinity=False)
figures = st.builds(Figure, value=st.none() | finite, low=st.none() | finite, high=st.none() | finite, n=st.integers(0))


@pytest.fixture
def inspection(keyword, clean, real, small_suite):
    return inspect(keyword, clean, real=real, oos_label="oos", suite=small_suite)


def test_nothing_is_lost_on_the_way_through_json(inspection):
    again = Inspection.from_json(inspection.to_json())
    assert again == inspection
    assert again.to_json() == inspection.to_json()


@given(figure=figures, label=texts, sink=texts, created=st.datetimes(timezones=st.just(UTC)), cost=finite)
@settings(max_examples=60)
def test_nothing_is_lost_whatever_the_figures_and_texts(template, figure, label, sink, created, cost):
    group = template.groups[0].model_copy(
        update={
            **dict.fromkeys(("accuracy", "difference", "oov_rate", "coverage"), figure),
            "recall": {label: figure},
            "changed": None,
            "reasons": (label, sink),
        }
    )
    changed = template.model_copy(
        update={
            "groups": (group,),
            "created": created,
            "cost": template.cost.model_copy(update={"memory_mb": cost}),
            "findings": (),
            "examples": tuple(e.model_copy(update={"text": label, "confidence": None}) for e in template.examples),
        }
    )
    assert Inspection.from_json(changed.to_json()) == changed


@pytest.fixture(scope="module")
def template():
    from roadworthy import support_desk

    data = support_desk.load_clean_test().take(range(0, 240, 24))
    return inspect(lambda texts: ["order_status" for _ in texts], data, suite="quick")


def test_a_summary_is_frozen(inspection):
    with pytest.raises(ValidationError, match="frozen"):
        inspection.verdict = "pass"


@pytest.mark.parametrize(
    ("interval", "wanted"),
    [
        (Interval(0.5, 0.25, 0.75), "0.500 (0.250 to 0.750, n=1,200)"),
        (Interval(0.5, math.nan, math.nan), "0.500 (n=1,200)"),
        (UNDEFINED, "–"),
    ],
)
def test_a_figure_reads_as_people_write_it(interval, wanted):
    assert str(Figure.of(interval, 1200)) == wanted


def test_a_figure_is_never_nan():
    with pytest.raises(ValidationError):
        Figure(value=math.nan, n=1)


def test_groups_bear_keys_that_none_shares(inspection):
    keys = [group.key for group in inspection.groups]
    assert keys == ["clean", "casing/3", "clipped_words/3", "real", "real/slang", "real/short", "real/chat"]
    assert inspection.group("real/slang").n == 3
    assert [group.key for group in inspection.of_kind("perturbed")] == ["casing/3", "clipped_words/3"]
    with pytest.raises(KeyError, match="no group 'typos/3'; there are clean, casing/3"):
        inspection.group("typos/3")


def test_the_frame_holds_one_row_a_group_and_every_figure(inspection):
    frame = inspection.to_frame().set_index("group")
    assert list(frame.index) == [group.key for group in inspection.groups]
    assert frame.loc["real", "accuracy"] == inspection.group("real").accuracy.value
    assert frame.loc["real", "accuracy_low"] == inspection.group("real").accuracy.low
    assert frame.loc["real", "accuracy_n"] == 4
    assert frame.loc["real", "sink"] == "order"
    assert frame.loc["real", "sink_share"] == 1.0
    assert pd.isna(frame.loc["clean", "sink"])
    assert "; ".join(inspection.group("real").reasons) == frame.loc["real", "reasons"]


def test_an_inspection_is_read_from_its_file_or_folder(inspection, tmp_path):
    file = tmp_path / "inspection.json"
    file.write_text(inspection.to_json(), encoding="utf-8")
    assert Inspection.load(file) == Inspection.load(tmp_path) == Inspection.load(str(file)) == inspection


def test_a_folder_without_an_inspection_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no inspection\.json; give a folder written by roadworthy inspect"):
        Inspection.load(tmp_path)


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b"\xff\xfe", b'{"schema_version": 99}'])
def test_another_document_is_refused_in_one_line(document, tmp_path):
    file = tmp_path / "x.json"
    file.write_bytes(document)
    with pytest.raises(
        DataError, match=rf"x\.json: not an inspection of schema {SCHEMA_VERSION} \(.*\); inspect"
    ) as caught:
        Inspection.load(file)
    assert "\n" not in str(caught.value)


def test_an_unknown_field_is_refused(inspection):
    document = json.loads(inspection.to_json()) | {"extra": 1}
    with pytest.raises(DataError, match="extra"):
        Inspection.from_json(json.dumps(document))


def test_it_passes_a_gate_or_not(inspection):
    assert not inspection.passes(Gate())
    lenient = Gate(**dict.fromkeys(BOUNDS, False)).model_copy(update={"max_oov_rate": None, "min_accuracy": 0.1})
    decided = inspection.passes(lenient, champion="yesterday's")
    assert decided.champion == "yesterday's"
    assert [result.bound for result in decided.results] == ["min_accuracy"]


def test_it_shows_itself_in_a_notebook(inspection):
    assert "<" in inspection._repr_html_()


def test_created_is_a_moment_in_utc(inspection):
    assert inspection.created.tzinfo is not None
    assert abs((datetime.now(UTC) - inspection.created).total_seconds()) < 3600
