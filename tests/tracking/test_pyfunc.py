"""Whatever MLflow hands on becomes messages, or an error that says what to give instead."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from roadworthy.errors import DataError
from roadworthy.models.guarded import Answer
from roadworthy.models.pyfunc import PyfuncModel

COLUMNS = ["label", "confidence", "verdict", "reasons", "familiarity"]
TEXTS = ["refund me", "track it"]


def echo(texts: list[str]) -> list[Answer]:
    """Answer each message with itself."""
    return [Answer(text, 0.5, 0.4, ("low_confidence", "too_long")) for text in texts]


def predict(model_input: Any, params: Any = None) -> pd.DataFrame:
    model: Any = SimpleNamespace(answers=echo)
    return PyfuncModel(model).predict(model_input, params)


@pytest.mark.parametrize(
    "model_input",
    [
        TEXTS,
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        np.array([TEXTS]).T,
        pd.Series(TEXTS),
        pd.Series(TEXTS, name="body"),
        pd.DataFrame(TEXTS),
        pd.DataFrame({"0": TEXTS}),
        pd.DataFrame({"Message ": TEXTS}),
        pd.DataFrame({"id": ["a", "b"], "text": TEXTS, "label": ["x", "y"]}),
        pd.DataFrame({"query": ["a", "b"], "text": TEXTS}),
    ],
)
def test_messages_come_in_many_forms(model_input: Any) -> None:
    found = predict(model_input)
    assert list(found.columns) == COLUMNS
    assert found["label"].tolist() == TEXTS
    assert found["reasons"].tolist() == ["low_confidence;too_long"] * 2
    assert found["verdict"].tolist() == ["flagged"] * 2


def test_the_model_is_given_plain_strings() -> None:
    seen: list[str] = []

    def remember(texts: list[str]) -> list[Answer]:
        seen.extend(texts)
        return echo(texts)

    model: Any = SimpleNamespace(answers=remember)
    PyfuncModel(model).predict(np.array(TEXTS))
    assert {type(text) for text in seen} == {str}


@pytest.mark.parametrize("blank", ["", " \n", None, float("nan"), pd.NA])
def test_a_blank_message_gets_no_label(blank: Any) -> None:
    found = predict(["refund me", blank, "track it"])
    assert found["label"].tolist() == ["refund me", "", "track it"]
    assert np.isnan(found["confidence"].iloc[1])
    assert found.iloc[1][["verdict", "reasons", "familiarity"]].tolist() == ["flagged", "empty", 0.0]


@pytest.mark.parametrize("nothing", [[], np.array([]), pd.Series([], dtype=object), pd.DataFrame({"text": []})])
def test_no_messages_give_no_rows(nothing: Any) -> None:
    found = predict(nothing)
    assert list(found.columns) == COLUMNS
    assert len(found) == 0


def test_a_message_that_only_looks_like_the_filling_is_asked() -> None:
    assert predict(["-", ""])["label"].tolist() == ["-", ""]


def test_the_rows_keep_their_index() -> None:
    frame = pd.DataFrame({"text": TEXTS}, index=[7, 3])
    assert predict(frame).index.tolist() == predict(frame["text"]).index.tolist() == [7, 3]


@pytest.mark.parametrize(
    ("model_input", "said"),
    [
        (pd.DataFrame({"id": ["a"], "body": ["b"]}), "no text column among: 'id', 'body'; put the messages first"),
        (pd.DataFrame({"customer": ["a"]}), "no text column among: 'customer'"),
        (pd.DataFrame(), "no text column among: none"),
        (pd.DataFrame([TEXTS]), "no text column among: '0', '1'"),
        (np.array([TEXTS]), r"an array of shape \(1, 2\) in place of a column of texts; give a list or a Series"),
        (np.array("refund me"), r"an array of shape \(\)"),
        ("refund me", "a str in place of a column of texts"),
        ({"text": TEXTS}, "a dict in place of a column of texts"),
        (None, "a NoneType in place of a column of texts"),
        (["", "refund me", 5], r"row 3: the text is not a string \(int\)"),
        (["half \ud83d"], "row 1: the text holds half a surrogate pair"),
    ],
)
def test_what_is_no_column_of_messages_is_refused(model_input: Any, said: str) -> None:
    with pytest.raises(DataError, match=f"model input: {said}"):
        predict(model_input)


def test_there_are_no_parameters() -> None:
    assert len(predict(TEXTS, {})) == 2
    with pytest.raises(DataError, match="there are no parameters; leave them out"):
        predict(TEXTS, {"temperature": 0})
