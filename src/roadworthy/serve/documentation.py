"""What the OpenAPI document says of each address."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.responses import PlainTextResponse

from roadworthy.models.record import Inspected
from roadworthy.serve.messages import FeedbackGiven, ManyMessages, OneMessage

DESCRIPTION = """A text classifier with its guard. Every answer says whether it can be trusted, and is in the prediction
log before it leaves. What no label can be right for gets a problem document (RFC 9457)."""
_ID = "019ab4c2-7d40-7b1e-9a70-3f2a51c0d9e4"
_MODEL: dict[str, JsonValue] = {"name": "model", "version": "3f9c2b7a10de"}


_ANSWER: dict[str, JsonValue] = {
    "id": _ID,
    "label": "track_order",
    "confidence": 0.93,
    "verdict": "trusted",
    "reasons": [],
    "trusted": True,
    "model": _MODEL,
}
_ROW: dict[str, JsonValue] = {
    "label": "track_order",
    "confidence": 0.93,
    "verdict": "trusted",
    "reasons": "",
    "familiarity": 0.81,
    "id": _ID,
}
_ABOUT: dict[str, JsonValue] = {**_MODEL, "run": "0f3c9a51d2e84b7b9c7be0b1a4a6d713"}
_INSPECTED: dict[str, JsonValue] = {
    "verdict": "pass",
    "time": "2026-03-02T12:00:30Z",
    "messages": "clean.csv",
    "n": 240,
}
_BEARER, _HEADER = "bearer", "header"
KEYS = {
    _BEARER: {"type": "http", "scheme": "bearer", "description": "A key that roadworthy key has made."},
    _HEADER: {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def _example(example: dict[str, JsonValue]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class AboutModel(BaseModel):
    """Which model answered."""

    name: str
    version: str


class AnswerShown(BaseModel):
    """An answer and its verdict."""

    model_config = _example(_ANSWER)

    id: str = Field(description="The id that the prediction has in the log, and that feedback refers to.")
    label: str | None = Field(description="The answer; null in a batch for a message that is refused.")
    confidence: float | None = Field(description="0 to 1; null where the model states none.")
    verdict: Literal["trusted", "flagged"]
    reasons: list[str] = Field(description="Why it is flagged; empty where it is trusted.")
    trusted: bool
    model: AboutModel


class AnswersShown(BaseModel):
    """Answers in the order of the messages."""

    model_config = _example({"predictions": [_ANSWER]})

    predictions: list[AnswerShown]


class InvocationAnswer(BaseModel):
    """An answer in the columns of the MLflow model."""

    label: str | None
    confidence: float | None
    verdict: Literal["trusted", "flagged"]
    reasons: str = Field(description="Joined by semicolons.")
    familiarity: float | None
    id: str


class InvocationAnswers(BaseModel):
    """Answers in the order of the rows."""

    model_config = _example({"predictions": [_ROW]})

    predictions: list[InvocationAnswer]


class Stored(BaseModel):
    """The true label is stored."""

    model_config = _example({"id": _ID, "stored": True})

    id: str
    stored: bool


class LoadedModel(AboutModel):
    """A model, and the MLflow run that it comes from, where that is known."""

    run: str | None


class Reloaded(BaseModel):
    """The model that answers from now on, and the one before. Other workers of the service follow within seconds."""

    model_config = _example({"model": _ABOUT, "before": {**_ABOUT, "version": "19a10b7d989b"}})

    model: LoadedModel
    before: LoadedModel


class Alive(BaseModel):
    """The process answers."""

    model_config = _example({"status": "alive"})

    status: Literal["alive"]


class Readiness(BaseModel):
    """Whether messages can be answered, and the answers logged."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"examples": [{"status": "ready", "log": "ok", "spooled_rows": 0, "model": _ABOUT}]},
    )

    status: Literal["ready", "degraded", "not ready"]
    log: Literal["ok", "spooling", "failing"]
    spooled_rows: int = Field(description="Rows that wait on disk while the database is away.")
    model: LoadedModel


class VersionShown(BaseModel):
    """Which model answers."""

    model_config = _example({"roadworthy": "0.1.0", "model": _ABOUT, "inspection": _INSPECTED})

    roadworthy: str
    model: LoadedModel
    inspection: Inspected | None = Field(description="How the model's last inspection ended.")


class ProblemShown(BaseModel):
    """Why there is no answer (RFC 9457)."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:roadworthy:problem:empty-message",
                    "title": "Empty message",
                    "status": 422,
                    "detail": "text says nothing; send a message",
                    "instance": "urn:roadworthy:request:checkout-17",
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str


_REFUSALS = {
    400: "The body is no valid JSON (or CSV) in UTF-8.",
    401: "A key is needed.",
    403: "The key is not good for this.",
    404: "There is no such prediction.",
    409: "The model does not load; the one before goes on.",
    408: "The body did not come within ten seconds.",
    413: "The body, or the batch, is too large.",
    415: "The body is of another type, encoding or compression.",
    421: "A web page made a browser on this machine ask, under another name than localhost.",
    422: "A message is empty, too long or no text; a field is unknown; or, by policy, the answer cannot be trusted.",
    429: "Too many requests at once.",
    500: "The model failed.",
    503: "The answer could not be logged, so there is none.",
}


_KEYED: dict[str, Any] = {"security": [{_BEARER: []}, {_HEADER: []}]}
PROBLEM: dict[str, Any] = ProblemShown.model_json_schema()


def _responses(answer: Any, *statuses: int) -> dict[int | str, dict[str, Any]]:
    problem = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{ProblemShown.__name__}"}}}
    refusals = [(status, {"description": _REFUSALS[status], "content": problem}) for status in statuses]
    return {200: {"model": answer, "description": "Done."}, **dict(refusals)}


def _body(content: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": content}, **_KEYED}


def _json(*models: type[BaseModel]) -> dict[str, Any]:
    schemas = [model.model_json_schema() for model in models]
    return {"application/json": {"schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas}}}


_ASKING = (400, 401, 403, 408, 413, 415, 421, 422, 429, 500, 503)
_TEXT = {"type": "string", "minLength": 1}
_NAME = {"type": ["string", "integer"]}
_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1}
# Other columns may be there; they are not looked at.
_FRAME = {
    "type": "object",
    "properties": {
        "columns": {
            "oneOf": [
                {"type": "array", "prefixItems": [{"const": "text"}], "items": _NAME, "minItems": 1},
                # So pandas calls a single column without a name.
                {"enum": [[0], ["0"]]},
            ]
        },
        "data": {"type": "array", "minItems": 1, "items": {"type": "array", "prefixItems": [_TEXT], "minItems": 1}},
    },
    "required": ["columns", "data"],
    "additionalProperties": False,
}
_RECORDS = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "object", "properties": {"text": _TEXT}, "required": ["text"]},
}
_FORMS = {"inputs": _TEXTS, "instances": _TEXTS, "dataframe_split": _FRAME, "dataframe_records": _RECORDS}
_INVOCATION = {
    "oneOf": [
        {"type": "object", "properties": {name: form}, "required": [name], "additionalProperties": False}
        for name, form in _FORMS.items()
    ],
    "examples": [
        {"inputs": ["where is my order"]},
        {"dataframe_split": {"columns": ["text"], "data": [["where is my order"]]}},
    ],
}
_CSV = {"schema": {"type": "string"}, "example": "text\nwhere is my order\n"}

PREDICT: dict[str, Any] = {
    "operation_id": "predict",
    "summary": "Answer a message, or several",
    "response_model": None,
    "responses": _responses(AnswerShown | AnswersShown, *_ASKING),
    "openapi_extra": _body(_json(OneMessage, ManyMessages)),
}
INVOCATIONS: dict[str, Any] = {
    "operation_id": "invocations",
    "summary": "Answer as MLflow's scoring server does",
    "response_model": None,
    "responses": _responses(InvocationAnswers, *_ASKING),
    "openapi_extra": _body({"application/json": {"schema": _INVOCATION}, "text/csv": _CSV}),
}
FEEDBACK: dict[str, Any] = {
    "operation_id": "feedback",
    "summary": "Store the true label of a prediction",
    "response_model": None,
    "responses": _responses(Stored, 400, 401, 403, 404, 408, 413, 415, 422, 503),
    "openapi_extra": _body(_json(FeedbackGiven)),
}
RELOAD: dict[str, Any] = {
    "operation_id": "reload",
    "summary": "Load the model anew",
    "response_model": None,
    "responses": _responses(Reloaded, 401, 403, 409),
    "openapi_extra": _KEYED,
}
ANSWERS: dict[str, dict[str, Any]] = {
    "healthz": {
        "operation_id": "healthz",
        "summary": "Whether the process answers",
        "responses": {200: {"model": Alive}},
    },
    "readyz": {
        "operation_id": "readyz",
        "summary": "Whether messages can be answered, and the answers logged",
        "responses": {
            200: {"model": Readiness},
            503: {"model": Readiness, "description": "Nothing can be logged."},
        },
    },
    "metrics": {"operation_id": "metrics", "summary": "What Prometheus reads", "response_class": PlainTextResponse},
    "version": {
        "operation_id": "version",
        "summary": "Which model answers, and how its last inspection ended",
        "responses": {200: {"model": VersionShown}},
    },
}
