"""The guarded service as an ASGI application: FastAPI around it, but not in the way of its busiest addresses."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from time import perf_counter
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from roadworthy.errors import RoadworthyError
from roadworthy.serve import counters
from roadworthy.serve.documentation import (
    ANSWERS,
    DESCRIPTION,
    FEEDBACK,
    INVOCATIONS,
    KEYS,
    PREDICT,
    PROBLEM,
    RELOAD,
    ProblemShown,
)
from roadworthy.serve.endpoints import Endpoints
from roadworthy.serve.front import add_front
from roadworthy.serve.problems import Problem, of_status
from roadworthy.serve.requests import (
    REQUEST_ID,
    SECURITY,
    Handler,
    asked_of,
    internal_error,
    refusal,
    request_id,
    respond,
    tell_answer,
    tell_refusal,
)
from roadworthy.serve.service import Service

if TYPE_CHECKING:
    from roadworthy.serve.following import Following
    from roadworthy.serve.requests import Asked, Message, Receive, Reply, Scope, Send
    from roadworthy.serve.settings import ServeSettings

_LOG = logging.getLogger("roadworthy.serve")
_LOOK_SECONDS = 1.0


class Application(FastAPI):
    """FastAPI, but POST to an address in `direct` goes straight to its handler: routing would cost more than answering.

    The same addresses are declared as routes, so that they are in the OpenAPI document.
    """

    service: Service
    direct: dict[str, Handler]
    has_reloaded = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        handler = self.direct.get(scope["path"]) if scope["method"] == "POST" else None
        if handler is not None:
            log = self.service.settings.access_log
            await respond(handler, scope, receive, send, self.service.counters, log)
        else:
            await self._framed(scope, receive, send)

    async def _framed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """By FastAPI, with the same headers, counters and log as the others."""
        began, status = perf_counter(), 500
        headers = dict(scope["headers"])
        own_id = request_id(headers)
        scope["headers"] = [
            *(pair for pair in scope["headers"] if pair[0] != REQUEST_ID),
            (REQUEST_ID, own_id.encode()),
        ]

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                set_already = {name.lower() for name, _ in message["headers"]}
                added = [pair for pair in SECURITY if pair[0] not in set_already]
                message["headers"] = [*message["headers"], (REQUEST_ID, own_id.encode()), *added]
            await send(message)

        await super().__call__(scope, receive, sending)
        seconds = perf_counter() - began
        self.service.counters.request(self._template(scope), status, seconds)
        if self.service.settings.access_log:
            tell_answer(own_id, scope, status, seconds)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document = super().openapi()
        document["components"]["schemas"].setdefault(ProblemShown.__name__, PROBLEM)
        document["components"]["securitySchemes"] = KEYS
        return document

    def reload_others(self) -> None:
        """With several workers the process above them passes the signal on to each; this one has reloaded already."""
        parent = multiprocessing.parent_process()
        if parent is not None and parent.pid == os.getppid():
            self.has_reloaded = True
            os.kill(os.getppid(), signal.SIGHUP)

    def _template(self, scope: Scope) -> str:
        """The path as it was declared: what clients make up must not become names of counters."""
        found = (route for route in self.router.routes if route.matches(scope)[0] is not Match.NONE)
        return str(getattr(next(found, None), "path", "other"))


def create_app(settings: ServeSettings, following: Following | None = None) -> Application:
    """The service of a model.

    Parameters
    ----------
    settings
        How it is served, from `read_settings`.
    following
        What the follower of another process knows of MLflow's registry; without one, it is started where one is needed.

    Raises
    ------
    RoadworthyError
        The model does not load, the keys cannot be read, or the log's URL is none.
    """
    service = Service(settings, following)
    app = Application(
        title="Roadworthy",
        version=version("roadworthy"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.service = service
    endpoints = Endpoints(service, app.reload_others)
    app.direct = {
        "/v1/predict": endpoints.predict,
        "/invocations": endpoints.invocations,
        "/v1/feedback": endpoints.feedback,
        "/v1/admin/reload": endpoints.reload,
    }
    for path, about in zip(app.direct, (PREDICT, INVOCATIONS, FEEDBACK, RELOAD), strict=True):
        app.add_api_route(path, _as_route(app.direct[path]), methods=["POST"], **about)
    _add_state(app, service)
    add_front(app, service)
    _add_problems(app)
    return app


@asynccontextmanager
async def _lifespan(app: Application) -> AsyncIterator[None]:
    await app.service.start()
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def reload() -> None:
        if app.has_reloaded:
            app.has_reloaded = False
            return
        task = asyncio.create_task(_reload(app.service))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
        loop.add_signal_handler(signal.SIGHUP, reload)
    watch = asyncio.create_task(_end_with_parent())
    _LOG.info("ready", extra={"fields": {"pid": os.getpid(), "model": app.service.served.about}})
    yield
    watch.cancel()
    await app.service.stop()


async def _end_with_parent() -> None:
    """A worker whose supervisor was killed ends: nobody could stop it, and it would keep the port."""
    parent = multiprocessing.parent_process()
    while parent is not None:
        await asyncio.sleep(_LOOK_SECONDS)
        if os.getppid() != parent.pid:
            _LOG.error("supervisor_died", extra={"fields": {"pid": parent.pid}})
            signal.raise_signal(signal.SIGTERM)
            return


async def _reload(service: Service) -> None:
    with suppress(RoadworthyError):
        await service.reload()


def _as_route(handler: Handler) -> Callable[[Request], Any]:
    async def route(request: Request) -> Response:
        reply: Reply = await handler(asked_of(request.scope, request.receive))
        headers = {name.decode(): value.decode("latin-1") for name, value in reply.headers}
        return Response(reply.body, reply.status, headers, reply.content_type.decode())

    return route


def _add_state(app: Application, service: Service) -> None:
    @app.get("/healthz", **ANSWERS["healthz"])
    @app.get("/ping", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "alive"}

    @app.get("/readyz", **ANSWERS["readyz"])
    async def readyz(response: Response) -> dict[str, Any]:
        """Whether it can answer and log what it answers."""
        response.status_code, about = service.readiness()
        return about

    @app.get("/metrics", **ANSWERS["metrics"])
    async def metrics() -> Response:
        """What Prometheus reads."""
        service.measure()
        return Response(service.counters.page(), media_type=counters.CONTENT_TYPE)

    @app.get("/version", **ANSWERS["version"])
    async def model_version() -> dict[str, Any]:
        """Which model answers, where it comes from, and how its last inspection ended."""
        served = service.served
        return {"roadworthy": app.version, "model": served.about, "inspection": served.inspection}


def _add_problems(app: Application) -> None:
    def told(request: Request, problem: Problem) -> Response:
        asked: Asked = asked_of(request.scope, request.receive)
        tell_refusal(asked, problem)
        reply = refusal(problem, asked.id)
        headers = {name.decode(): value.decode("latin-1") for name, value in reply.headers}
        return Response(reply.body, reply.status, headers, reply.content_type.decode())

    @app.exception_handler(Problem)
    async def refused(request: Request, problem: Problem) -> Response:
        return told(request, problem)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        problem = of_status(error.status_code)
        problem.headers = dict(error.headers or {})
        return told(request, problem)

    @app.middleware("http")
    async def failed(request: Request, call_next: Callable[[Request], Any]) -> Response:
        try:
            response: Response = await call_next(request)
        except Exception:
            fields = {"request_id": request.headers.get("x-request-id"), "path": request.url.path}
            _LOG.exception("failed", extra={"fields": fields})
            return told(request, internal_error())
        return response
