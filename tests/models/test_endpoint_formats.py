"""Each protocol: what is sent, and how what comes back is read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.errors import ModelError
from roadworthy.models.endpoint_formats import PROBE, format_of
from roadworthy.models.endpoint_paths import find, steps
from roadworthy.models.endpoint_settings import EndpointSettings

MLFLOW = "http://h/invocations"
INFER = "http://h/v2/models/intent/infer"


def form(url=MLFLOW, **options):
    return format_of(EndpointSettings(url=url, **options))


def labels(form, document, n):
    return form.read(document, n, "endpoint").labels.tolist()


def tensor(name, data, shape=None, datatype="BYTES"):
    return {"name": name, "shape": shape or [len(data)], "datatype": datatype, "data": data}


def test_mlflow_is_asked_with_a_list_where_it_takes_one():
    settled = form().settle(lambda body: "inputs" in body, None)
    assert settled(["a", "b"]) == form().body(["a", "b"]) == {"inputs": ["a", "b"]}


def test_mlflow_is_asked_with_a_table_where_it_wants_one():
    asked = []
    settled = form().settle(lambda body: asked.append(body) or "dataframe_split" in body, None)
    assert settled(["a", "b"]) == {"dataframe_split": {"columns": ["text"], "data": [["a"], ["b"]]}}
    assert asked[0] == {"inputs": [PROBE]}


def test_mlflow_that_takes_neither_is_not_settled():
    assert form().settle(lambda body: False, None) is None


def test_mlflow_with_a_named_column_is_not_tried():
    named = form(column="query")
    assert named.settle is None
    assert named.body(["a"]) == {"dataframe_split": {"columns": ["query"], "data": [["a"]]}}


@pytest.mark.parametrize(
    "document",
    [
        {"predictions": ["x", "y"]},
        {"predictions": ["x", "y"], "version": 3},
        {"predictions": [{"label": "x", "score": 0.5}, {"label": "y", "score": 0.6}]},
        {"predictions": [{"x": 0.9, "y": 0.1}, {"x": 0.2, "y": 0.8}]},
        {"predictions": {"label": ["x", "y"], "confidence": [0.5, 0.6]}},
        {"predictions": [[0.9, 0.1], [0.2, 0.8]]},
        ["x", "y"],
    ],
)
def test_mlflow_answers_in_any_form(document):
    assert labels(form(classes=("x", "y")), document, 2) == ["x", "y"]


def test_a_matrix_without_classes_says_what_is_missing():
    with pytest.raises(ModelError, match="a matrix, but the classes are unknown"):
        form().read({"predictions": [[0.9, 0.1]]}, 1, "endpoint")


def test_our_own_service_is_asked_with_texts():
    assert form("http://h/v1/predict").body(["a"]) == {"texts": ["a"]}


@pytest.mark.parametrize(
    ("metadata", "column", "name", "shape"),
    [
        (None, None, "text", [2]),
        ({}, None, "text", [2]),
        ({"inputs": "?"}, "mine", "mine", [2]),
        ({"inputs": [{"name": "query", "datatype": "BYTES", "shape": [-1, 1]}]}, None, "query", [2, 1]),
        ({"inputs": [{"name": "query", "datatype": "BYTES", "shape": [-1]}]}, None, "query", [2]),
        ({"inputs": [{"name": "n", "datatype": "INT64"}, {"name": "q", "datatype": "BYTES"}]}, None, "q", [2]),
        ({"inputs": [{"name": "a", "datatype": "BYTES"}, {"name": "b", "datatype": "BYTES"}]}, "b", "b", [2]),
        ({"inputs": [{"name": "a", "datatype": "STRING"}]}, None, "a", [2]),
        ({"inputs": [{"datatype": "BYTES", "shape": []}]}, None, "text", [2]),
    ],
)
def test_the_open_inference_protocol_is_asked_as_its_metadata_say(metadata, column, name, shape):
    asked = []
    settled = form(INFER, column=column).settle(None, lambda url: asked.append(url) or metadata)
    assert settled(["a", "b"]) == {"inputs": [tensor(name, ["a", "b"], shape)]}
    assert asked == ["http://h/v2/models/intent"]


@pytest.mark.parametrize(
    "outputs",
    [
        [tensor("label", ["x", "y"])],
        [tensor("anything", ["x", "y"])],
        [tensor("predict", ["x", "y"]), tensor("confidence", [0.5, 0.6], datatype="FP32")],
        [tensor("label", [["x"], ["y"]], [2, 1]), tensor("embedding", [0.1] * 8, [2, 4], "FP32")],
        [tensor("output", ['{"label": "x", "score": 0.9}', '{"label": "y", "score": 0.4}'])],
        [tensor("probabilities", [0.9, 0.1, 0.2, 0.8], [2, 2], "FP64")],
        [tensor("probabilities", [[0.9, 0.1], [0.2, 0.8]], [2, 2], "FP64")],
        [{"data": ["x", "y"]}],
    ],
)
def test_the_open_inference_protocol_answers_in_tensors(outputs):
    assert labels(form(INFER, classes=("x", "y")), {"outputs": outputs}, 2) == ["x", "y"]


def test_a_tensor_of_numbers_is_read_as_labels():
    assert labels(form(INFER), {"outputs": [tensor("predict", [3, 5], datatype="INT64")]}, 2) == ["3", "5"]


def test_a_tensor_of_text_that_only_looks_like_json_is_a_label():
    assert labels(form(INFER), {"outputs": [tensor("label", ["{x}", "y"])]}, 2) == ["{x}", "y"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "no outputs of the Open Inference Protocol"),
        ([], "no outputs"),
        ({"outputs": []}, "no outputs"),
        ({"outputs": [{"name": "a"}]}, "no outputs"),
        ({"outputs": [tensor("label", ["x"] * 3)]}, "3 values to 2 messages"),
        (
            {"outputs": [tensor("p", [0.5] * 4)]},
            "4 values to 2 messages; give one label a message, or name the classes",
        ),
    ],
)
def test_other_outputs_are_errors(document, said):
    with pytest.raises(ModelError, match=said):
        form(INFER).read(document, 2, "endpoint")


@pytest.mark.parametrize(
    ("template", "alone", "body"),
    [
        ({"texts": "$texts"}, False, {"texts": ["a", "b"]}),
        ({"in": {"rows": [{"q": "$text", "k": 1}]}}, False, {"in": {"rows": [{"q": "a", "k": 1}, {"q": "b", "k": 1}]}}),
        ({"rows": [["$text"]]}, False, {"rows": [["a"], ["b"]]}),
        ({"rows": [{"data": ["$text"]}]}, False, {"rows": [{"data": ["a"]}, {"data": ["b"]}]}),
        ({"rows": ["$texts"], "top": 3}, False, {"rows": [["a", "b"]], "top": 3}),
        ({"q": "say $text!", "n": [1, 2]}, True, {"q": "say a!", "n": [1, 2]}),
        ({"both": ["x", "$text"]}, True, {"both": ["x", "a"]}),
    ],
)
def test_any_json_is_asked_by_its_template(template, alone, body):
    told = form("http://h/x", request={"body": template})
    assert told.alone is alone
    assert told.body(["a", "b"]) == body


def test_any_json_is_read_as_usual_without_a_mapping():
    told = form("http://h/x", request={"body": {"q": "$texts"}})
    assert labels(told, {"predictions": ["x"]}, 1) == ["x"]
    assert labels(told, {"label": ["x"]}, 1) == ["x"]


def test_a_mapping_says_where_the_answers_stand():
    mapping = {"labels": "out.rows[*].best.name", "confidence": "out.rows[*].p", "verdict": "out.rows[*].v"}
    told = form("http://h/x", request={"body": {"q": "$texts"}}, answer=mapping)
    rows = [{"best": {"name": "x"}, "p": 0.5, "v": "trusted"}, {"best": {"name": "y"}, "p": None, "v": "flagged"}]
    answered = told.read({"out": {"rows": rows}}, 2, "endpoint")
    assert answered.labels.tolist() == ["x", "y"]
    assert answered.confidence[0] == 0.5
    assert np.isnan(answered.confidence[1])
    assert answered.flagged.tolist() == [False, True]


def test_a_mapping_may_point_to_whole_answers():
    told = form(answer={"answers": "result"})
    assert labels(told, {"result": [["x", 0.5], ["y", 0.6]]}, 2) == ["x", "y"]


def test_a_mapping_of_columns_or_of_a_single_answer():
    assert labels(form(answer={"labels": "a.names"}), {"a": {"names": ["x", "y"]}}, 2) == ["x", "y"]
    assert labels(form(answer={"labels": "name", "confidence": "p"}), {"name": "x", "p": 0.5}, 1) == ["x"]


@pytest.mark.parametrize(
    ("document", "path", "found"),
    [
        ([{"a": 1}, {"a": 2}], "[*].a", [1, 2]),
        ({"a": [[1, 2], [3]]}, "a[*][*]", [1, 2, 3]),
        ({"a": [[1, 2], [3, 4]]}, "a[*][0]", [1, 3]),
        ({"a": [[1, 2], [3, 4]]}, "a[-1]", [3, 4]),
        ({"a.b": {"c d": [1]}}, '["a.b"].c d', [1]),
    ],
)
def test_paths(document, path, found):
    assert find(document, path, 2, "endpoint") == found


@pytest.mark.parametrize("path", ["b", "a.b", "a[3]", "a[*].c", "[*]", "[0]"])
def test_a_path_at_which_nothing_stands_is_an_error(path):
    with pytest.raises(ModelError, match=r"endpoint: nothing stands at .*; mend the path in \[answer\]"):
        find({"a": [{"b": 1}]}, path, 1, "endpoint")


def test_a_single_value_for_several_messages_is_an_error():
    with pytest.raises(ModelError, match=r"no list stands at a; write \[\*\] where each message's answer is"):
        find({"a": "x"}, "a", 2, "endpoint")


@pytest.mark.parametrize("path", ["a[", "a[b]", "a]", "a..b", ".", "a[*"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ValueError, match="is no path"):
        steps(path)


@given(st.lists(st.one_of(st.from_regex(r"[a-z_]{1,5}", fullmatch=True), st.integers(-9, 9), st.none()), min_size=1))
def test_a_path_is_read_as_it_is_written(parts):
    written = "".join("[*]" if part is None else f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    assert steps(written.removeprefix(".")) == parts
