"""The artifact as MLflow's python_function: what MLflow imports to load it, and what it then asks.

Every MLflow model that holds an artifact names this module, which is why it must stay where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.columns import checked_texts, is_missing, listed
from roadworthy.data import TEXT_COLUMNS
from roadworthy.errors import DataError
from roadworthy.guard import EMPTY
from roadworthy.models.artifact import load_artifact
from roadworthy.models.guarded import Answer

if TYPE_CHECKING:
    import pandas as pd

    from roadworthy.models.guarded import GuardedModel

_INPUT = "model input"
_BLANK = Answer("", nan, 0.0, (EMPTY,))
_NOT_BLANK = "-"
_SHOWN = 20


class PyfuncModel:
    """A guarded model as MLflow asks it.

    Parameters
    ----------
    model
        The model with its guard.

    Examples
    --------
    >>> from roadworthy.data import Dataset
    >>> from roadworthy.training.hardened import train_hardened
    >>> texts, labels = ["where is it", "track it", "refund me", "a refund"], ["order", "order", "money", "money"]
    >>> data = Dataset.of(texts * 2, labels * 2)
    >>> model = PyfuncModel(train_hardened(data, flag_rate=0.2).model)
    >>> model.predict(["a refund", ""])["verdict"].tolist()
    ['trusted', 'flagged']
    """

    def __init__(self, model: GuardedModel) -> None:
        self.model = model

    def get_raw_model(self) -> GuardedModel:
        """The model with its guard, as `mlflow.pyfunc.PyFuncModel.get_raw_model` hands it on."""
        return self.model

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Label, confidence, verdict, reasons (joined by ;) and familiarity of n messages, one row each.

        A blank or missing message has no label and no confidence, and is flagged as empty.

        Parameters
        ----------
        model_input
            A list, Series or array of n strings; or a DataFrame whose column of messages bears a usual name (text,
            message, ...) or none. MLflow hands on the first column of a DataFrame only, whatever it holds; a column
            of another name is therefore refused.
        params
            MLflow's way of passing parameters; there are none.

        Raises
        ------
        DataError
            There is no such column, a message is not a string, or there are parameters.
        """
        import pandas as pd

        if params:
            raise DataError("there are no parameters", where="params", mend="leave them out")
        texts = _texts(model_input)
        asked = iter(self.model.answers([text for text in texts if text is not None]))
        answers = [_BLANK if text is None else next(asked) for text in texts]
        return pd.DataFrame(
            {
                "label": [answer.label for answer in answers],
                "confidence": np.array([answer.confidence for answer in answers], dtype=float),
                "verdict": [answer.verdict for answer in answers],
                "reasons": [";".join(answer.reasons) for answer in answers],
                "familiarity": np.array([answer.familiarity for answer in answers], dtype=float),
            },
            index=model_input.index if isinstance(model_input, pd.DataFrame | pd.Series) else None,
        )


def _load_pyfunc(path: str) -> PyfuncModel:
    """What MLflow calls with the folder of the artifact."""
    return PyfuncModel(load_artifact(path).model)


def _texts(model_input: Any) -> list[str | None]:
    """The messages; None for one that is blank or missing."""
    values = _column(model_input)
    if not values:
        return []
    blank = [is_missing(value) for value in values]
    # Blank ones are filled, so that an error about another one counts the rows as they were given.
    filled = [_NOT_BLANK if empty else value for value, empty in zip(values, blank, strict=True)]
    checked = checked_texts(filled, _INPUT)
    return [None if empty else str(text) for text, empty in zip(checked, blank, strict=True)]


def _column(model_input: Any) -> list[Any]:
    if hasattr(model_input, "columns"):
        return _column_of_texts(model_input)
    if isinstance(model_input, np.ndarray):
        column = model_input[:, 0] if model_input.shape[1:] == (1,) else model_input
        if column.ndim != 1:
            raise _no_column(f"an array of shape {model_input.shape}")
        return list(column)
    if not isinstance(model_input, Iterable):
        raise _no_column(f"a {type(model_input).__name__}")
    return listed(model_input, "text", _INPUT)


def _column_of_texts(frame: pd.DataFrame) -> list[Any]:
    names = [str(name).strip().lower() for name in frame.columns]
    for usual in TEXT_COLUMNS:
        if usual in names:
            return frame.iloc[:, names.index(usual)].tolist()
    # So MLflow calls the column that it makes of a list, an array or a Series without a name.
    if names == ["0"]:
        return frame.iloc[:, 0].tolist()
    seen = ", ".join(repr(str(name)) for name in frame.columns[:_SHOWN]) or "none"
    raise DataError(
        f"no text column among: {seen}",
        where=_INPUT,
        mend="put the messages first and call their column text, or give them as a list",
    )


def _no_column(what: str) -> DataError:
    return DataError(f"{what} in place of a column of texts", where=_INPUT, mend="give a list or a Series")
