"""One request and its reply, without a framework: what the service's busiest addresses cost is mostly this."""

from __future__ import annotations

import itertools
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from roadworthy.serve.problems import CONTENT_TYPE, Problem

if TYPE_CHECKING:
    from roadworthy.serve.counters import Counters

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON = b"application/json"
REQUEST_ID = b"x-request-id"
# What every answer says to browsers: take the type as it is said, store nothing, show it in no frame.
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_LOG = logging.getLogger("roadworthy.serve")
_PROCESS, _NUMBERS = secrets.token_hex(8), itertools.count(1)
_NAME = re.compile(rb"[\w.:/+=-]{1,128}")


class Asked(NamedTuple):
    """A request.

    Parameters
    ----------
    headers
        By their names in small letters; of several with one name the last.
    receive
        Where its body comes from.
    id
        The client's own id for it, or a new one.
    path
        Where it went.
    """

    headers: dict[bytes, bytes]
    receive: Receive
    id: str
    path: str

    def header(self, name: bytes) -> str | None:
        """A header as text."""
        found = self.headers.get(name)
        return None if found is None else found.decode("latin-1")


class Reply(NamedTuple):
    """What goes back."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


Handler = Callable[[Asked], Awaitable[Reply]]


def asked_of(scope: Scope, receive: Receive) -> Asked:
    """The request in an ASGI scope."""
    headers = dict(scope["headers"])
    return Asked(headers, receive, request_id(headers), scope["path"])


def request_id(headers: dict[bytes, bytes]) -> str:
    """The id that the client gave, if it is a plain name, else a new one: the process's own name, and a number.

    Examples
    --------
    >>> request_id({b"x-request-id": b"checkout-17"})
    'checkout-17'
    >>> request_id({b"x-request-id": b"a b"}) != request_id({})
    True
    """
    given = headers.get(REQUEST_ID)
    return given.decode() if given is not None and _NAME.fullmatch(given) else f"{_PROCESS}-{next(_NUMBERS)}"


def refusal(problem: Problem, asked_id: str) -> Reply:
    """A problem as a reply."""
    headers = tuple((name.lower().encode(), value.encode("latin-1")) for name, value in problem.headers.items())
    return Reply(problem.status, problem.body(asked_id), CONTENT_TYPE, headers)


async def respond(handler: Handler, scope: Scope, receive: Receive, send: Send, counters: Counters, log: bool) -> None:
    """Ask a handler, and send its reply; count it, and say in the log what was refused."""
    began = perf_counter()
    asked = asked_of(scope, receive)
    try:
        reply = await handler(asked)
    except Problem as problem:
        reply = refusal(problem, asked.id)
        tell_refusal(asked, problem)
    except Exception:
        _LOG.exception("failed", extra={"fields": {"request_id": asked.id, "path": asked.path}})
        reply = refusal(internal_error(), asked.id)
    seconds = perf_counter() - began
    await send(
        {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [
                (b"content-type", reply.content_type),
                (b"content-length", str(len(reply.body)).encode()),
                (REQUEST_ID, asked.id.encode()),
                *SECURITY,
                *reply.headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": reply.body})
    counters.request(asked.path, reply.status, seconds)
    if log:
        tell_answer(asked.id, scope, reply.status, seconds)


def internal_error() -> Problem:
    """What is said of an error of ours."""
    return Problem(500, "internal-error", "the service failed; its log says how, under this request's id")


def tell_refusal(asked: Asked, problem: Problem) -> None:
    """Say in the log what was refused; never what the message was."""
    level = logging.ERROR if problem.status >= 500 else logging.INFO
    fields = {"request_id": asked.id, "path": asked.path, "status": problem.status, "kind": problem.kind}
    _LOG.log(level, "refused", extra={"fields": fields})


def tell_answer(asked_id: str, scope: Scope, status: int, seconds: float) -> None:
    """The access log: one line a request."""
    client = scope.get("client")
    fields = {
        "request_id": asked_id,
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(seconds * 1_000, 3),
        "client": client[0] if client else None,
    }
    _LOG.info("request", extra={"fields": fields})
