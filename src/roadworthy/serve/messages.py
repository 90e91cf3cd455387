"""What is asked: bodies become messages, or are refused with the reason."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from roadworthy.data import TEXT_COLUMNS
from roadworthy.serve.problems import Problem
from roadworthy.tokens import says_nothing

if TYPE_CHECKING:
    from roadworthy.serve.settings import ServeSettings

JSON, CSV = "application/json", "text/csv"
_UTF_8 = {"utf-8", "utf8", "us-ascii", "ascii"}
_SHOWN = 5
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class OneMessage(_Body):
    """A message to answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "wher is my ordr, its 2 weeks late!!"}]})

    text: Annotated[str, Field(min_length=1)]


class ManyMessages(_Body):
    """Messages to answer, in their order."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"texts": ["where is my order", "refund pls"]}]})

    texts: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class FeedbackGiven(_Body):
    """The true label of a prediction, known later."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    label: Annotated[str, Field(min_length=1, max_length=200)]


class _Asked(_Body):
    """One message or many: what a body may hold; that it holds exactly one of them is checked afterwards."""

    text: str | None = None
    texts: list[str] | None = None


class _DataFrame(_Body):
    columns: list[str | int]
    data: list[list[Any]]
    index: list[Any] | None = None


class _Invocation(_Body):
    """The forms of MLflow's scoring protocol."""

    inputs: Any = None
    instances: Any = None
    dataframe_split: _DataFrame | None = None
    dataframe_records: list[dict[str, Any]] | None = None
    params: dict[str, Any] | None = None


_ASKED, _INVOCATION, _FEEDBACK = TypeAdapter(_Asked), TypeAdapter(_Invocation), TypeAdapter(FeedbackGiven)


def read_messages(body: bytes, settings: ServeSettings) -> tuple[list[str], bool]:
    """The messages of a request, and whether it is a single one.

    Raises
    ------
    Problem
        It is no JSON, has other fields, or holds a message that cannot be answered.
    """
    asked: _Asked = _parsed(_ASKED, body)
    if asked.text is not None and asked.texts is None:
        require_answerable([asked.text], ["text"], settings)
        return [asked.text], True
    if asked.texts is None or asked.text is not None:
        raise Problem(422, "invalid-body", "the body has not exactly one of text and texts; send one of them")
    require_answerable(asked.texts, [f"texts[{row}]" for row in range(len(asked.texts))], settings)
    return asked.texts, False


def read_feedback(body: bytes) -> FeedbackGiven:
    """The id of a prediction and its true label.

    Raises
    ------
    Problem
        It is no such thing.
    """
    given: FeedbackGiven = _parsed(_FEEDBACK, body)
    if says_nothing(given.label):
        raise Problem(422, "empty-label", "label says nothing; send the true label", field="label")
    return given


def read_invocation(body: bytes, content_type: str, settings: ServeSettings) -> list[str]:
    """The messages of a request in one of MLflow's forms: inputs, instances, dataframe_split, dataframe_records, CSV.

    Raises
    ------
    Problem
        It is none of them, or holds a message that cannot be answered.
    """
    texts = _csv(body) if content_type == CSV else _invoked(_parsed(_INVOCATION, body))
    wrong = [row for row, text in enumerate(texts) if not isinstance(text, str)]
    if wrong:
        raise Problem(422, "invalid-body", f"message {wrong[0]} is no string; send strings")
    require_answerable(texts, [f"message {row}" for row in range(len(texts))], settings)
    return texts


def require_answerable(texts: Sequence[str], places: Sequence[str], settings: ServeSettings) -> None:
    """Refuse messages that no label can be right for.

    Raises
    ------
    Problem
        There are none or too many, one says nothing, is too long, or is no text.
    """
    if not texts:
        raise Problem(422, "no-messages", "there are no messages; send at least one")
    if len(texts) > settings.max_batch:
        detail = f"{len(texts):,} messages are more than {settings.max_batch:,}; send them in several requests"
        raise Problem(413, "batch-too-large", detail)
    for text, place in zip(texts, places, strict=True):
        if len(text) > settings.max_length:
            detail = f"{place} has {len(text):,} characters, more than {settings.max_length:,}; send a shorter message"
            raise Problem(422, "message-too-long", detail, field=place)
        if not text.isascii() and _SURROGATE.search(text):
            raise Problem(422, "invalid-text", f"{place} holds a lone surrogate; send valid Unicode", field=place)
        if says_nothing(text):
            raise Problem(422, "empty-message", f"{place} says nothing; send a message", field=place)


def require_type(given: str, allowed: Sequence[str]) -> str:
    """The media type of a body, which has to be one of those allowed, in UTF-8.

    Raises
    ------
    Problem
        It is another one.

    Examples
    --------
    >>> require_type("Application/JSON; charset=UTF-8", [JSON])
    'application/json'
    """
    kind, charset = _media_type(given)
    if kind not in allowed or charset not in _UTF_8:
        shown = " or ".join(allowed)
        raise Problem(415, "unsupported-media-type", f"the body has to be {shown} in UTF-8; say so in Content-Type")
    return kind


@lru_cache(maxsize=64)
def _media_type(given: str) -> tuple[str, str]:
    """The type and the encoding that a Content-Type says."""
    kind, *parameters = (part.strip().lower() for part in given.split(";"))
    charset = next((part.partition("=")[2].strip('" ') for part in parameters if part.startswith("charset")), "utf-8")
    return kind, charset


def _parsed(adapter: TypeAdapter[Any], body: bytes) -> Any:
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: ValidationError) -> Problem:
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    first = errors[0]
    if first["type"] == "json_invalid":
        return Problem(400, "invalid-json", f"the body is no valid JSON in UTF-8 ({first['msg']})")
    where = [(".".join(map(str, one["loc"])) or "body", one["msg"]) for one in errors[:_SHOWN]]
    detail = f"{where[0][0]}: {where[0][1]}; see /openapi.json"
    return Problem(422, "invalid-body", detail, errors=[{"field": place, "message": said} for place, said in where])


def _invoked(invocation: _Invocation) -> list[Any]:
    if invocation.params:
        raise Problem(422, "invalid-body", "there are no parameters; leave params out")
    forms = {name: getattr(invocation, name) for name in type(invocation).model_fields if name != "params"}
    given = {name: value for name, value in forms.items() if value is not None}
    if len(given) != 1:
        detail = f"the body has not exactly one of {', '.join(forms)}; send one of them"
        raise Problem(422, "invalid-body", detail)
    value = next(iter(given.values()))
    if isinstance(value, _DataFrame):
        return _column(_rows([*map(str, value.columns)], value.data))
    if isinstance(value, Mapping):
        texts = value.get(_text_column(value))
        return texts if isinstance(texts, list) else [texts]
    if not isinstance(value, list):
        raise Problem(422, "invalid-body", f"{next(iter(given))} is no list; send a list of messages")
    return (
        _column(value) if value and all(isinstance(row, dict) for row in value) else [_unwrapped(row) for row in value]
    )


def _rows(columns: list[str], data: list[list[Any]]) -> list[dict[str, Any]]:
    if len(set(columns)) < len(columns):
        raise Problem(422, "invalid-body", "a column is there twice; give each a name of its own")
    wrong = [place for place, row in enumerate(data) if len(row) != len(columns)]
    if wrong:
        raise Problem(422, "invalid-body", f"row {wrong[0]} has not as many values as there are columns")
    return [dict(zip(columns, row, strict=True)) for row in data]


def _column(rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [row.get(_text_column(row)) for row in rows]


def _text_column(row: Mapping[str, Any]) -> str:
    """The name of the column of texts; a single column may bear any name that MLflow gives to one without."""
    usual = [name for name in row if name.strip().lower() in TEXT_COLUMNS]
    found = usual[0] if usual else next(iter(row), None) if [*row] == ["0"] else None
    if found is None:
        shown = ", ".join(map(repr, [*row][:_SHOWN])) or "none"
        raise Problem(422, "invalid-body", f"no column of texts among: {shown}; call it text")
    return found


def _unwrapped(row: Any) -> Any:
    """The text of a row of a single column."""
    return row[0] if isinstance(row, list) and len(row) == 1 else row


def _csv(body: bytes) -> list[Any]:
    try:
        rows = [row for row in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Problem(400, "invalid-csv", f"the body is no valid CSV in UTF-8 ({error})") from None
    wrong = [place for place, row in enumerate(rows) if len(row) != len(rows[0])]
    if wrong:
        detail = f"line {wrong[0] + 1} of the CSV has not as many values as the first; quote commas"
        raise Problem(400, "invalid-csv", detail)
    return _column(_rows(rows[0], rows[1:])) if rows else []
