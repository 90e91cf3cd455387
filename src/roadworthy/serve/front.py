"""Puts the page before the service: what it asks, what it shows, and who may see it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from roadworthy.serve.explain import explain
from roadworthy.serve.messages import require_answerable
from roadworthy.serve.page import add_page
from roadworthy.serve.problems import Problem
from roadworthy.serve.service import PAGE
from roadworthy.serve.shown import About, Flagged, Minute, Refused, Shown, Traffic

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

    from roadworthy.prediction_log import Traffic as Counted
    from roadworthy.serve.service import Service


def add_front(app: FastAPI, service: Service) -> None:
    """Add the page of a service at `/`."""

    async def ask(text: str, request_id: str) -> Shown | Refused:
        try:
            require_answerable([text], ["the message"], service.settings)
            return await _shown(service, text, request_id)
        except Problem as problem:
            return Refused(problem.detail, problem.status)

    async def traffic() -> Traffic | None:
        found = await service.traffic()
        return None if found is None else _traffic(found, service)

    def authorise(request: Request) -> None:
        given = request.headers.get
        service.require(
            "predict", authorization=given("authorization"), own_header=given("x-api-key"), host=given("host")
        )

    add_page(
        app,
        ask=ask,
        traffic=traffic,
        about=lambda: _about(service),
        authorise=authorise,
        max_body=service.settings.max_body,
    )


async def _shown(service: Service, text: str, request_id: str) -> Shown:
    served, (row,), (answer,) = await service.answer([text], request_id, role=PAGE)
    return Shown(
        label=answer.label if row.sent is not None else None,
        confidence=answer.confidence,
        familiarity=answer.familiarity,
        verdict=answer.verdict,
        reasons=answer.reasons,
        sent=row.sent,
        id=row.id,
        explanation=await asyncio.to_thread(explain, served.model, text),
        threshold=None if served.guarded is None else served.guarded.guard.threshold_,
        model=served.name,
        version=served.version,
    )


def _traffic(found: Counted, service: Service) -> Traffic:
    return Traffic(
        minutes=tuple(
            Minute(minute.start, minute.trusted, minute.flagged - minute.refused, minute.refused)
            for minute in found.minutes
        ),
        reasons=found.reasons,
        latest=tuple(Flagged(row.time, row.text, row.label, tuple(row.reasons.split(";"))) for row in found.latest),
        log=service.log.state,
        spooled=service.log.spooled,
    )


def _about(service: Service) -> About:
    served = service.served
    return About(
        model=served.name,
        version=served.version,
        run=served.run,
        inspection=served.inspection,
        flag_rate=None if served.guarded is None else served.guarded.guard.flag_rate,
        policy=service.settings.flagged,
    )
