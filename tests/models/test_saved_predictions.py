"""Saved predictions are looked up by their text; a file that leaves a doubt is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.checks import check_model
from roadworthy.data import Predictions
from roadworthy.errors import DataError, ModelError
from roadworthy.models import as_model, load_model
from roadworthy.models.answers_file import answer_all, render, with_answers
from roadworthy.models.ask import predict
from roadworthy.models.saved_predictions import SavedPredictions


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answers(content: str, texts: list[str], name: str = "answers.csv") -> Predictions:
    Path(name).write_text(content, encoding="utf-8", newline="")
    return predict(load_model(f"predictions:{name}"), texts)


def test_labels_are_found_by_their_text(folder: Path) -> None:
    found = answers("text,label\nhello,greeting\nmoney back,refund\n", ["money back", "hello", "money back"])
    assert found.labels.tolist() == ["refund", "greeting", "refund"]
    assert np.isnan(found.confidence).all()
    assert not found.flagged.any()
    model = load_model("predictions:answers.csv")
    assert model.name == "predictions:answers.csv"
    check_model(model, ["hello", "money back"])


def test_whatever_else_an_answer_has_is_kept(folder: Path) -> None:
    content = 'text,label,confidence,verdict,reasons,familiarity\n"a\r\nb",x,0.5,flagged,low_confidence,0.25\n'
    found = answers(content, ["a\nb", "a\r\nb"])
    assert found.confidence.tolist() == [0.5, 0.5]
    assert found.flagged.tolist() == [True, True]
    assert found.reasons == (("low_confidence",),) * 2
    assert found.familiarity.tolist() == [0.25, 0.25]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("text,label,prediction", "second"),
        ("text,intent,Predicted_Label", "second"),
        ("text,intent,label,verdict", "second"),
        ("text,id,label", "second"),
        ("text,label,confidence", "first"),
    ],
)
def test_the_answers_are_told_from_what_was_known_before(folder: Path, header: str, expected: str) -> None:
    rows = ["hello,first,second", "hello there,first,second"]
    if "confidence" in header:
        rows = [row.replace("second", "0.5") for row in rows]
    if "verdict" in header:
        rows = [f"{row},trusted" for row in rows]
    assert answers("\n".join([header, *rows]), ["hello"]).labels.tolist() == [expected]


def test_a_column_a_class_will_do(folder: Path) -> None:
    found = answers("text,refund,order\nhello,0.25,0.75\nmoney,0.5,0.5\n", ["money", "hello"])
    assert found.labels.tolist() == ["refund", "order"]
    assert found.confidence.tolist() == [0.5, 0.75]


def test_what_predict_wrote_is_read_again_with_its_empty_messages(folder: Path) -> None:
    import pandas as pd

    model = as_model(lambda texts: [("refund", 0.5)] * len(texts))
    frame = with_answers(pd.DataFrame({"text": ["money", ""], "label": ["x", "y"]}), answer_all(model, ("money", "")))
    found = answers(render(frame, ".csv").decode(), ["money"])
    assert (found.labels.tolist(), found.confidence.tolist()) == (["refund"], [0.5])


def test_messages_without_a_prediction_are_counted_in_one_line(folder: Path) -> None:
    with pytest.raises(ModelError) as caught:
        answers("text,label\nhello,a\n", ["hello", "b", "c", "c"])
    assert str(caught.value) == (
        "predictions:answers.csv: no prediction for 2 of 3 messages; write all messages with: roadworthy inspect … "
        "--write-messages FILE, have them predicted, and add the answers"
    )


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        ("text,label\nhello,a\nhello,b\n", ModelError, "two answers to the same text ('a' and 'b'); keep one row a te"),
        ("text,label,intent\nhello,a,b\n", ModelError, "'label' and 'intent' may both be the answers; call that of"),
        ("text,predicted,prediction\nhello,a,b\n", ModelError, "the columns 'prediction' and 'predicted' may both"),
        ("text,label\nhello,a\nthere,\n", ModelError, "messages without an answer: 1; predict them, or drop them"),
        ("text,label,confidence\nhello,a,7\n", ModelError, "a confidence outside 0 to 1"),
        ("text,label,verdict\nhello,a,maybe\n", ModelError, "a verdict that is neither ('maybe')"),
        ("text,b,c\nhello,x,y\n", ModelError, "no column of labels, and not one of probabilities for each class"),
        ("label\na\n", DataError, "no text column among: 'label'"),
        ("text,label\n,a\n", DataError, "no rows"),
        ("text,label\n", DataError, "no rows"),
        ("text\nhello\n", ModelError, "no column of answers beside the texts; add one, and call it label"),
        ("", DataError, "empty file"),
    ],
)
def test_a_file_that_leaves_a_doubt_is_refused(folder: Path, content: str, error: Any, said: str) -> None:
    with pytest.raises(error) as caught:
        answers(content, ["hello"])
    assert said in str(caught.value)
    assert "answers.csv: " in str(caught.value)


def test_a_file_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="nowhere.csv: no such file"):
        load_model("predictions:nowhere.csv")


def test_the_same_answer_twice_is_no_doubt(folder: Path) -> None:
    assert answers("text,label\nhello,a\nhello,a\n", ["hello"]).labels.tolist() == ["a"]


@given(st.dictionaries(st.text(min_size=1), st.sampled_from("abc"), min_size=1), st.data())
def test_every_text_gets_its_own_answer_in_any_order(known: dict[str, str], data: st.DataObject) -> None:
    known = {text.replace("\r", ""): label for text, label in known.items()}
    model = SavedPredictions(
        list(known), Predictions(np.array(list(known.values()), dtype=object), np.full(len(known), np.nan)), "m"
    )
    asked = data.draw(st.lists(st.sampled_from(sorted(known))))
    assert model.answer(asked).labels.tolist() == [known[text] for text in asked]
