"""What each address does: a request in, a reply out."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from roadworthy.errors import RoadworthyError
from roadworthy.serve.limits import Bodies
from roadworthy.serve.messages import CSV, JSON, read_feedback, read_invocation, read_messages, require_type
from roadworthy.serve.problems import Problem
from roadworthy.serve.requests import Asked, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from roadworthy.models.guarded import Answer
    from roadworthy.prediction_log import Prediction
    from roadworthy.serve.keys import Scope
    from roadworthy.serve.served import Served
    from roadworthy.serve.service import Service

# MLflow's form of an answer has no place for it.
VERSION = b"x-model-version"


class Endpoints:
    """The addresses that take a body.

    Parameters
    ----------
    service
        What is behind them.
    reloaded
        Told when the model was reloaded through its address, so that other workers do so too.
    """

    def __init__(self, service: Service, reloaded: Callable[[], None]) -> None:
        self._service = service
        self._reloaded = reloaded
        self._bodies = Bodies()

    async def predict(self, asked: Asked) -> Reply:
        """POST /v1/predict: one answer, or one a message."""
        _, body = await self._body(asked, "predict", (JSON,))
        texts, single = read_messages(body, self._service.settings)
        served, rows, answers = await self._service.answer(texts, asked.id)
        found = [self._answered(served, row, answer) for row, answer in zip(rows, answers, strict=True)]
        if not single:
            return Reply(200, to_json({"predictions": found}))
        if found[0]["label"] is None:
            raise self._refused(found[0])
        return Reply(200, to_json(found[0]))

    async def invocations(self, asked: Asked) -> Reply:
        """POST /invocations: as MLflow's own server takes and answers it."""
        kind, body = await self._body(asked, "predict", (JSON, CSV))
        texts = read_invocation(body, kind, self._service.settings)
        served, rows, answers = await self._service.answer(texts, asked.id)
        if len(rows) == 1 and rows[0].sent is None:
            raise self._refused(self._answered(served, rows[0], answers[0]))
        predictions = [
            {
                "label": row.sent,
                "confidence": _number(answer.confidence),
                "verdict": answer.verdict,
                "reasons": row.reasons,
                "familiarity": _number(answer.familiarity),
                "id": row.id,
            }
            for row, answer in zip(rows, answers, strict=True)
        ]
        return Reply(200, to_json({"predictions": predictions}), headers=((VERSION, served.version.encode()),))

    async def feedback(self, asked: Asked) -> Reply:
        """POST /v1/feedback: the true label of a prediction."""
        _, body = await self._body(asked, "feedback", (JSON,))
        given = read_feedback(body)
        await self._service.feedback(given)
        return Reply(200, to_json({"id": given.id, "stored": True}))

    async def reload(self, asked: Asked) -> Reply:
        """POST /v1/admin/reload: load the model anew."""
        self._require(asked, "admin")
        try:
            before, now = await self._service.reload()
        except RoadworthyError as error:
            detail = f"the model does not load, so the one before goes on: {error}"
            raise Problem(409, "reload-failed", detail) from None
        self._reloaded()
        return Reply(200, to_json({"model": now.about, "before": before.about}))

    async def _body(self, asked: Asked, scope: Scope, types: tuple[str, ...]) -> tuple[str, bytes]:
        """The media type and the body of a request that shows a key where one is needed."""
        self._require(asked, scope)
        kind = require_type(asked.header(b"content-type") or "", types)
        if asked.headers.get(b"content-encoding", b"identity") != b"identity":
            raise Problem(415, "unsupported-encoding", "compressed bodies are not read; send it as it is")
        return kind, await self._bodies.read(asked.receive, asked.headers, self._service.settings.max_body)

    def _require(self, asked: Asked, scope: Scope) -> None:
        self._service.require(
            scope,
            authorization=asked.header(b"authorization"),
            own_header=asked.header(b"x-api-key"),
            host=asked.header(b"host"),
        )

    def _answered(self, served: Served, row: Prediction, answer: Answer) -> dict[str, Any]:
        return {
            "id": row.id,
            "label": row.sent,
            "confidence": _number(answer.confidence),
            "verdict": answer.verdict,
            "reasons": answer.reasons,
            "trusted": not answer.reasons,
            "model": {"name": served.name, "version": served.version},
        }

    def _refused(self, found: dict[str, Any]) -> Problem:
        detail = f"the answer cannot be trusted: {', '.join(found['reasons'])}"
        known = {name: found[name] for name in ("id", "verdict", "reasons", "trusted", "model")}
        return Problem(422, "not-trusted", detail, **known)


def _number(value: float) -> float | None:
    """JSON knows no NaN."""
    return None if isnan(value) else value
