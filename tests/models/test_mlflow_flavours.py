"""What other tools logged to MLflow is asked in the form that it takes; nothing of it runs without leave."""

import json
import sys
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from roadworthy.errors import MissingExtraError, ModelError
from roadworthy.mlflow_store import quietly
from roadworthy.models import load_model
from roadworthy.models.adapt import LabelOnly, SklearnClassifier
from roadworthy.models.ask import predict
from roadworthy.models.mlflow_flavours import Form, PyfuncAdapter

pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")

TEXTS = ["my order is late", "where is my order", "give me a refund", "refund please now"]
LABELS = ["order", "order", "refund", "refund"]


def fit(*steps: Any, column: str | None = None) -> Pipeline:
    vectorizer = CountVectorizer() if column is None else ColumnTransformer([("text", CountVectorizer(), column)])
    classifier = steps[0] if steps else LogisticRegression()
    return make_pipeline(vectorizer, classifier).fit(TEXTS if column is None else pd.DataFrame({column: TEXTS}), LABELS)


def save_sklearn(estimator: Any, folder: Path, by: str = "cloudpickle", **more: Any) -> Path:
    with quietly(), warnings.catch_warnings(record=True):
        import mlflow.sklearn

        mlflow.sklearn.save_model(estimator, folder, serialization_format=by, pip_requirements=[], **more)
    return folder


def save_pyfunc(answer: Callable[[Any], Any], folder: Path, example: Any = None) -> Path:
    """A python_function whose signature is that of an example of its input."""
    with quietly(), warnings.catch_warnings(record=True):
        import mlflow.pyfunc
        from mlflow.models import infer_signature

        class Asked(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
            def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
                return answer(model_input)

        signature = None if example is None else infer_signature(example, ["a"])
        mlflow.pyfunc.save_model(folder, python_model=Asked(), signature=signature, pip_requirements=[])
    return folder


def labels(texts: Any) -> list[str]:
    return ["order" if "order" in text else "refund" for text in texts]


@pytest.mark.parametrize("by", ["skops", "cloudpickle", "pickle"])
def test_a_scikit_learn_model_is_loaded_as_such_and_compiled(tmp_path: Path, by: str) -> None:
    more = {"skops_trusted_types": ["numpy.dtype"]} if by == "skops" else {}
    model = load_model(save_sklearn(fit(), tmp_path / "model", by, **more), allow_pickle=by != "skops")
    assert isinstance(model, SklearnClassifier)
    assert model.compiled is not None
    assert model.name == "model"
    assert predict(model, TEXTS).labels.tolist() == LABELS


@pytest.mark.parametrize("example", [None, pd.DataFrame({"message": ["hello"]})])
@pytest.mark.parametrize(("classifier", "kind"), [(LogisticRegression(), SklearnClassifier), (LinearSVC(), LabelOnly)])
def test_a_model_that_was_trained_on_a_table_is_given_one(
    tmp_path: Path, example: Any, classifier: Any, kind: type
) -> None:
    from mlflow.models import infer_signature

    signature = None if example is None else infer_signature(example)
    folder = save_sklearn(fit(classifier, column="message"), tmp_path / "model", signature=signature)
    model = load_model(folder, allow_pickle=True)
    assert isinstance(model, kind)
    assert model.form == Form("frame", "message")
    assert predict(model, TEXTS).labels.tolist() == LABELS


def test_a_pickle_in_mlflow_needs_leave_and_says_why(tmp_path: Path) -> None:
    folder = save_sklearn(fit(), tmp_path / "model")
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    assert str(caught.value).endswith(
        "model: was saved by cloudpickle, which runs any code that its author put into it when it is loaded; if you "
        'trust it, add --allow-pickle (allow_pickle=True); better, log it with serialization_format="skops"'
    )


def test_types_that_the_model_itself_calls_trusted_are_so_only_with_leave(tmp_path: Path) -> None:
    words = make_pipeline(CountVectorizer(preprocessor=textwrap.dedent), LogisticRegression()).fit(TEXTS, LABELS)
    folder = save_sklearn(words, tmp_path / "model", "skops", skops_trusted_types=["numpy.dtype", "textwrap.dedent"])
    with pytest.raises(ModelError, match="not trusted: textwrap.dedent"):
        load_model(folder)
    assert predict(load_model(folder, allow_pickle=True), TEXTS).labels.tolist() == LABELS


def test_a_python_function_needs_leave_and_says_why(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model: is an MLflow python_function, which runs the code that was saved wi"):
        load_model(save_pyfunc(labels, tmp_path / "model"))


@pytest.mark.parametrize(
    ("answer", "example", "form"),
    [
        (labels, None, Form("list")),
        (lambda column: labels(column.str.lower()), None, Form("series")),
        (lambda frame: labels(frame["text"]), None, Form("frame")),
        (lambda frame: labels(frame["message"]), pd.DataFrame({"message": ["a"]}), Form("frame", "message")),
        (lambda frame: labels(frame["message"]), pd.Series(["a"], name="message"), Form("frame", "message")),
        (labels, np.array(["a"]), Form("array")),
        (lambda frame: labels(frame.iloc[:, 0]), ["a"], Form("list")),
    ],
)
def test_a_python_function_is_asked_in_the_form_that_it_takes(
    tmp_path: Path, answer: Callable[[Any], Any], example: Any, form: Form
) -> None:
    model = load_model(save_pyfunc(answer, tmp_path / "model", example), allow_pickle=True)
    assert isinstance(model, PyfuncAdapter)
    assert model.form == form
    assert predict(model, TEXTS).labels.tolist() == LABELS


def test_a_column_that_may_be_left_out_is(tmp_path: Path) -> None:
    folder = save_pyfunc(lambda frame: labels(frame["text"]), tmp_path / "model", pd.DataFrame({"text": ["a"]}))
    columns = [{"type": "string", "name": "text"}, {"type": "string", "name": "channel", "required": False}]
    change(folder, lambda described: described["signature"].update(inputs=json.dumps(columns)))
    assert predict(load_model(folder, allow_pickle=True), TEXTS).labels.tolist() == LABELS


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["channel", "Text", "lang"], "wants, besides 'Text', the columns 'channel', 'lang', and there are only texts"),
        (
            ["subject", "body"],
            "wants the columns 'subject', 'body', and there are only texts; put it behind a function",
        ),
    ],
)
def test_a_model_that_wants_more_than_texts_is_refused(tmp_path: Path, columns: list[str], said: str) -> None:
    folder = save_pyfunc(labels, tmp_path / "model", pd.DataFrame({column: ["a"] for column in columns}))
    with pytest.raises(ModelError) as caught:
        load_model(folder, allow_pickle=True)
    assert said in str(caught.value)


def leave(texts: Any) -> Any:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            lambda texts: 1 / 0,
            "model: does not answer texts (ZeroDivisionError: division by zero); put it behind a fun",
        ),
        (leave, "model: does not answer texts (SystemExit: 3)"),
        (lambda texts: ["a"], "model: 1 answer to 3 messages"),
        (lambda texts: np.eye(3), "model: a matrix, but the classes are unknown"),
        (lambda texts: labels(texts) if isinstance(texts, str) else None, "model: gave NoneType, not a list"),
    ],
)
def test_what_does_not_answer_texts_says_so(tmp_path: Path, answer: Callable[[Any], Any], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_model(save_pyfunc(answer, tmp_path / "model"), allow_pickle=True)
    assert said in str(caught.value)


def test_a_scikit_learn_model_of_numbers_says_so(tmp_path: Path) -> None:
    numbers = LogisticRegression().fit([[0.0], [1.0]], ["a", "b"])
    with pytest.raises(ModelError, match=r"model: does not answer texts \(ValueError"):
        load_model(save_sklearn(numbers, tmp_path / "model"), allow_pickle=True)


def test_a_scikit_learn_model_that_answers_once_for_all_says_so(tmp_path: Path) -> None:
    class Once(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        def predict(self, texts: Any) -> list[str]:
            return ["order"]

    with pytest.raises(ModelError, match=r"does not answer texts \(ValueError: 1 answer to 3 messages\)"):
        load_model(save_sklearn(Once(), tmp_path / "model"), allow_pickle=True)


def change(folder: Path, how: Callable[[dict[str, Any]], Any]) -> Path:
    described = yaml.safe_load((folder / "MLmodel").read_text())
    how(described)
    (folder / "MLmodel").write_text(yaml.safe_dump(described))
    return folder


def write(folder: Path, content: Any) -> Path:
    folder.mkdir()
    (folder / "MLmodel").write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return folder


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: b: c", "its file MLmodel cannot be read (ScannerError"),
        ("just words", "its file MLmodel cannot be read ("),
        ({}, "its file MLmodel cannot be read (KeyError: 'flavors')"),
        ({"flavors": {}}, "cannot be asked: it has the flavours (none); log it with a flavour"),
        ({"flavors": {"onnx": {}, "other": {}}}, "cannot be asked: it has the flavours onnx, other"),
        ({"flavors": {"sklearn": {}}}, "was saved by pickle, which runs any code"),
        ({"flavors": {"sklearn": {"serialization_format": "skops"}}}, "does not load ("),
        ({"flavors": {"transformers": {"task": "summarization"}}}, "does summarization, not text-classification"),
        (
            {"flavors": {"transformers": {"task": "text-classification", "peft_adaptor": "peft"}}},
            "is an adapter of another model's weights; merge the two, and log that",
        ),
    ],
)
def test_what_is_no_model_of_texts_says_so(tmp_path: Path, content: Any, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_model(write(tmp_path / "model", content))
    assert f"model: {said}" in str(caught.value)


@pytest.mark.parametrize("flavour", ["sklearn", "python_function"])
def test_a_model_that_mlflow_cannot_load_says_so(tmp_path: Path, flavour: str) -> None:
    folder = write(tmp_path / "model", {"flavors": {flavour: {"loader_module": "no_such_module_here"}}})
    with pytest.raises(ModelError, match=r"model: does not load \(.*install what it was trained with"):
        load_model(folder, allow_pickle=True)


@pytest.mark.parametrize("inputs", ["no json", "3", "[3]", 3, None])
def test_a_signature_that_cannot_be_read_is_as_none(tmp_path: Path, inputs: Any) -> None:
    folder = save_sklearn(fit(), tmp_path / "model", "skops", skops_trusted_types=["numpy.dtype"])
    change(folder, lambda described: described.update(signature={"inputs": inputs}))
    model = load_model(folder)
    assert predict(model, TEXTS).labels.tolist() == LABELS


@pytest.mark.parametrize(
    ("flavour", "expected"),
    [
        ({"model_binary": "model"}, ("model/model", "model/components/tokenizer", "main")),
        ({"source_model_name": "some/model"}, ("some/model", "model/components/tokenizer", "main")),
        (
            {"source_model_name": "some/model", "source_model_revision": "0123abc"},
            ("some/model", "model/components/tokenizer", "0123abc"),
        ),
    ],
)
@pytest.mark.parametrize("beside", [True, False])
def test_a_transformer_is_looked_for_where_mlflow_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flavour: Any, expected: Any, beside: bool
) -> None:
    asked: list[Any] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "roadworthy.models.mlflow_flavours.load_classifier",
        lambda weights, vocabulary, name, **more: asked.extend([weights, vocabulary, more["revision"], name]),
    )
    folder = write(tmp_path / "model", {"flavors": {"transformers": {"task": "text-classification", **flavour}}})
    if beside:
        (folder / "components" / "tokenizer").mkdir(parents=True)
    load_model("model")
    weights, vocabulary, revision = expected
    assert asked == [weights, vocabulary if beside else weights, revision, "model"]


def test_without_what_reads_the_file_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError, match=r"roadworthy\[mlflow\]"):
        load_model(write(tmp_path / "model", {"flavors": {}}))
