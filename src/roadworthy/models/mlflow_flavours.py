"""Models that MLflow wrote into a folder: scikit-learn and transformers as such, any other as a python_function."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from roadworthy.data import TEXT_COLUMNS, Predictions
from roadworthy.errors import MissingExtraError, ModelError, counted, named
from roadworthy.mlflow_store import quietly, require_mlflow
from roadworthy.models import skops_file
from roadworthy.models.adapt import LabelOnly, Model, SklearnClassifier
from roadworthy.models.answers import read_answers
from roadworthy.models.compiled import as_fast_model
from roadworthy.models.huggingface import load_classifier

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

FILE = "MLmodel"
_TASKS = ("text-classification", "sentiment-analysis")
# What a model is asked to find out in which form it takes texts: three, which no table's columns are by chance.
_PROBES = ("where is my order", "I want my money back, please", "hello there")
_BY_FUNCTION = "put it behind a function of your own, and name that: python:MODULE:FUNCTION"
_TRUST = "if you trust it, add --allow-pickle (allow_pickle=True)"


@dataclass(frozen=True)
class Form:
    """A form in which a model takes texts: a list, a Series, an array, or a DataFrame with a column of texts.

    Examples
    --------
    >>> Form("frame", "message")(["hello"]).to_dict("list")
    {'message': ['hello']}
    """

    kind: Literal["list", "series", "array", "frame"]
    column: str = "text"

    def __call__(self, texts: Sequence[str]) -> list[str] | pd.Series[str] | NDArray[np.str_] | pd.DataFrame:
        """The n texts in that form."""
        if self.kind == "list":
            return list(texts)
        if self.kind == "array":
            import numpy as np

            return np.array(texts, dtype=np.str_)
        import pandas as pd

        if self.kind == "series":
            return pd.Series(list(texts), name=self.column, dtype=object)
        return pd.DataFrame({self.column: pd.Series(list(texts), dtype=object)})


class PyfuncAdapter:
    """An MLflow python_function: one answer a message, in any form that `read_answers` knows.

    Parameters
    ----------
    loaded
        As `mlflow.pyfunc.load_model` gives it.
    form
        The form in which it takes texts.
    name
        What to call it in messages.
    """

    classes: Sequence[str] = ()

    def __init__(self, loaded: Any, form: Form, name: str) -> None:
        self.loaded = loaded
        self.form = form
        self.name = name

    def answer(self, texts: Sequence[str]) -> Predictions:
        """One answer a message."""
        return read_answers(self.loaded.predict(self.form(texts)), len(texts), self.name)


def load_mlflow_folder(folder: Path, name: str, *, allow_pickle: bool = False) -> Model:
    """Load an MLflow model that another tool wrote.

    Parameters
    ----------
    folder
        Where its file MLmodel is.
    name
        What to call it in messages.
    allow_pickle
        Code that was saved with the model may run: that of pickles, and that of any python_function.

    Raises
    ------
    MissingExtraError
        MLflow, or what the flavour needs, is not installed.
    ModelError
        It cannot be loaded, not without running code, or it does not take texts.
    """
    described = _described(folder, name)
    flavours = described["flavors"]
    if "sklearn" in flavours:
        return _load_sklearn(folder, described, name, allow_pickle)
    if "transformers" in flavours:
        return _load_transformers(folder, flavours["transformers"], name, allow_pickle)
    if "python_function" in flavours:
        return _load_pyfunc(folder, described, name, allow_pickle)
    mend = "log it with a flavour that can be asked as a python_function"
    raise ModelError(f"cannot be asked: it has the flavours {', '.join(flavours) or '(none)'}", where=name, mend=mend)


def _described(folder: Path, name: str) -> dict[str, Any]:
    """What the file MLmodel says."""
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtraError("a model of MLflow", extra="mlflow") from None
    try:
        described = yaml.safe_load((folder / FILE).read_text(encoding="utf-8"))
        return {**described, "flavors": dict(described["flavors"])}
    except Exception as error:
        raise ModelError(
            f"its file {FILE} cannot be read ({named(error)})", where=name, mend="log the model again"
        ) from error


def _load_sklearn(folder: Path, described: Mapping[str, Any], name: str, allow_pickle: bool) -> Model:
    flavour = described["flavors"]["sklearn"]
    is_skops = flavour.get("serialization_format") == "skops"
    if not is_skops and not allow_pickle:
        raise ModelError(
            f"was saved by {flavour.get('serialization_format', 'pickle')}, which runs any code that its author put "
            "into it when it is loaded",
            where=name,
            mend=f'{_TRUST}; better, log it with serialization_format="skops"',
        )
    estimator = _from_skops(folder / str(flavour.get("pickled_model")), name) if is_skops and not allow_pickle else None
    if estimator is None:
        estimator = _load_trusted("mlflow.sklearn", folder, name)
    model = as_fast_model(estimator, name)
    columns = _columns(described) or [str(column) for column in getattr(estimator, "feature_names_in_", ())]
    forms = [Form("list"), *([Form("frame", _text_column(columns, name))] if columns else [])]
    ask = getattr(estimator, "predict", None) or estimator.predict_proba
    form = _fitting(ask, forms, _require_one_each, name)
    if form.kind != "list" and isinstance(model, SklearnClassifier | LabelOnly):
        model.form = form
    return model


def _from_skops(file: Path, name: str) -> Any:
    """The estimator, of trusted types alone: those that the model itself declares to be trusted are not believed."""
    try:
        return skops_file.load(file)
    except ModelError as error:
        said = str(error).removeprefix(f"{file}: ").partition("; ")[0]
        raise ModelError(said, where=name, mend=f"{_TRUST}, or log a model of scikit-learn's own types") from error


def _load_transformers(folder: Path, flavour: Mapping[str, Any], name: str, allow_pickle: bool) -> Model:
    task = flavour.get("task")
    if task not in _TASKS:
        raise ModelError(f"does {task}, not text-classification", where=name, mend=_BY_FUNCTION)
    if "peft_adaptor" in flavour:
        raise ModelError("is an adapter of another model's weights", where=name, mend="merge the two, and log that")
    inside = flavour.get("model_binary")
    weights = str(flavour.get("source_model_name")) if inside is None else str(folder / str(inside))
    beside = folder / "components" / "tokenizer"
    return load_classifier(
        weights,
        str(beside) if beside.is_dir() else weights,
        name,
        allow_pickle=allow_pickle,
        revision=str(flavour.get("source_model_revision") or "main"),
    )


def _load_pyfunc(folder: Path, described: Mapping[str, Any], name: str, allow_pickle: bool) -> Model:
    if not allow_pickle:
        raise ModelError(
            "is an MLflow python_function, which runs the code that was saved with it", where=name, mend=_TRUST
        )
    columns, inputs = _columns(described), _inputs(described)
    others = [Form("list"), Form("series"), Form("frame")]
    if columns:
        forms = [Form("frame", _text_column(columns, name)), *others]
    else:
        is_tensor = any(column.get("type") == "tensor" for column in inputs)
        forms = [*([Form("array")] if is_tensor else []), *others]
    loaded = _load_trusted("mlflow.pyfunc", folder, name)
    with quietly():
        form = _fitting(loaded.predict, forms, lambda answers: read_answers(answers, len(_PROBES), name), name)
    return PyfuncAdapter(loaded, form, name)


def _load_trusted(module: str, folder: Path, name: str) -> Any:
    """What MLflow makes of it, by the module of that flavour; whatever code came with it runs."""
    require_mlflow()
    with quietly():
        try:
            return importlib.import_module(module).load_model(str(folder))
        except (Exception, SystemExit) as error:
            mend = "install what it was trained with (its requirements.txt), or log it again"
            raise ModelError(f"does not load ({named(error)})", where=name, mend=mend) from error


def _inputs(described: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the signature says of the input, a dict a column; nothing where there is no signature."""
    try:
        inputs = json.loads((described.get("signature") or {}).get("inputs") or "[]")
    except (AttributeError, TypeError, ValueError):
        return []
    return [column for column in inputs if isinstance(column, dict)] if isinstance(inputs, list) else []


def _columns(described: Mapping[str, Any]) -> list[str]:
    """The columns that the signature requires by name."""
    return [str(column["name"]) for column in _inputs(described) if "name" in column and column.get("required", True)]


def _text_column(columns: Sequence[str], name: str) -> str:
    if len(columns) == 1:
        return columns[0]
    usual = next((column for column in columns if column.strip().lower() in TEXT_COLUMNS), None)
    others = ", ".join(repr(column) for column in columns if column != usual)
    what = "wants" if usual is None else f"wants, besides {usual!r},"
    raise ModelError(f"{what} the columns {others}, and there are only texts", where=name, mend=_BY_FUNCTION)


def _fitting(ask: Callable[[Any], Any], forms: Sequence[Form], check: Callable[[Any], Any], name: str) -> Form:
    """The first of the forms in which the model gives answers that pass the check."""
    failures: list[BaseException] = []
    for form in forms:
        try:
            check(ask(form(_PROBES)))
        except (Exception, SystemExit) as error:
            failures.append(error)
        else:
            return form
    # What it answered, where it did answer, says more than that it did not take another form.
    for failure in failures:
        if isinstance(failure, ModelError):
            raise failure
    raise ModelError(f"does not answer texts ({named(failures[0])})", where=name, mend=_BY_FUNCTION) from failures[0]


def _require_one_each(answers: Any) -> None:
    if len(answers) != len(_PROBES):
        raise ValueError(f"{counted(len(answers), 'answer')} to {counted(len(_PROBES), 'message')}")
