"""The service's page: ask about one message and see why it was answered so; below, what is being asked just now.

Rendered here, so that it works without a script; the one small script only fetches the live part again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from roadworthy.prediction_log import new_id
from roadworthy.redaction import inert
from roadworthy.report.inert import visible
from roadworthy.serve.page_view import about_view_of, answer_view_of, live_view_of
from roadworthy.serve.problems import Problem
from roadworthy.serve.shown import About, Refused, Shown, Traffic

if TYPE_CHECKING:
    import jinja2
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from roadworthy.serve.page_view import AnswerView, LiveView

MAX_BODY = 262_144
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    # With no-referrer a browser would hide the origin of our own form, too, and where the page is not served by HTTPS
    # that is all that tells it from another site's.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FORM = "application/x-www-form-urlencoded"
_STATIC = {"page.css": "text/css", "page.js": "text/javascript"}


def add_page(
    app: FastAPI,
    *,
    ask: Callable[[str, str], Awaitable[Shown | Refused]],
    traffic: Callable[[], Awaitable[Traffic | None]],
    about: Callable[[], About],
    authorise: Callable[[Request], None],
    max_body: int = MAX_BODY,
) -> None:
    """Add the page at `/`, its live part at `/live`, and its style and script under `/static`.

    Parameters
    ----------
    ask
        Answers a message; its second argument is the id of the request: the header X-Request-ID, or a new one.
    traffic
        What was asked of late; None where the log cannot be read just now.
    about
        What is served.
    authorise
        Raises where the request may not see the page. The style and the script are open: they hold nothing.
    max_body
        The largest form in bytes.

    Raises
    ------
    Problem
        By the routes: a form that another site sent.
    """
    from starlette.responses import HTMLResponse

    templates = _templates()
    static = _static(templates)
    versions = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in static.items()}

    def respond(template: str, status: int = 200, **shown: Any) -> Response:
        body = templates.get_template(template).render(versions=versions, **shown)
        return HTMLResponse(body, status_code=status, headers=HEADERS)

    async def live_view() -> LiveView | None:
        found = await traffic()
        return None if found is None else live_view_of(found, datetime.now(UTC))

    async def page(
        status: int = 200, *, text: str = "", shown: AnswerView | None = None, problem: str = ""
    ) -> Response:
        view = {"about": about_view_of(about()), "live": await live_view(), "text": inert(text)}
        return respond("page.html.j2", status, shown=shown, problem=visible(problem), **view)

    async def answer(request: Request) -> Response:
        require_own_form(request)
        text = await _read_message(request, max_body)
        if isinstance(text, Refused):
            return await page(text.status, problem=text.detail)
        found = await ask(text, request.headers.get("x-request-id") or new_id())
        if isinstance(found, Refused):
            return await page(found.status, problem=found.detail, text=text)
        return await page(shown=answer_view_of(found), text=text)

    async def show_or_answer(request: Request) -> Response:
        authorise(request)
        return await (answer(request) if request.method == "POST" else page())

    async def live(request: Request) -> Response:
        authorise(request)
        return respond("live.html.j2", live=await live_view())

    app.router.add_route("/", show_or_answer, methods=["GET", "POST"], include_in_schema=False)
    app.router.add_route("/live", live, methods=["GET"], include_in_schema=False)
    for name, content in static.items():
        app.router.add_route(f"/static/{name}", _file(name, content), methods=["GET"], include_in_schema=False)


def require_own_form(request: Request) -> None:
    """Refuse a form that another site made the browser send.

    A browser says where a form comes from by Sec-Fetch-Site or, where the page is not served by HTTPS, by Origin only.
    What sends neither is no browser, and nobody is misled by it.

    Raises
    ------
    Problem
        It comes from another site.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None and origin is not None:
        own = origin.partition("://")[2].lower() == request.headers.get("host", "").lower()
        site = "same-origin" if own else "cross-site"
    if site not in (None, "same-origin", "none"):
        raise Problem(403, "cross-site-form", "the form was sent by another site; open this page itself and ask there")


async def _read_message(request: Request, most: int) -> str | Refused:
    """The field `text` of a form, its line ends as a program would send them."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return Refused(f"the form must be {_FORM}", 415)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            return Refused(f"the form has over {most:,} bytes; send a shorter message", 413)
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=8)
    except ValueError:
        return Refused("the form cannot be read; it must be URL-encoded UTF-8", 400)
    given = fields.get("text", [""])
    if len(given) > 1:
        return Refused("the form holds several messages; send one", 400)
    return given[0].replace("\r\n", "\n")


def _templates() -> jinja2.Environment:
    """The page's templates, and under `report/` those of the report, whose colours and signs it shares."""
    import jinja2

    loaders = {"report": jinja2.PackageLoader("roadworthy.report")}
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("roadworthy.serve"), jinja2.PrefixLoader(loaders)]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _static(templates: jinja2.Environment) -> dict[str, bytes]:
    folder = files("roadworthy.serve") / "static"
    colours = templates.get_template("report/colours.css.j2").render().encode()
    return {
        "page.css": colours + b"\n" + (folder / "page.css").read_bytes(),
        "page.js": (folder / "page.js").read_bytes(),
    }


def _file(name: str, content: bytes) -> Callable[[Request], Awaitable[Response]]:
    """What sends one file, which may be kept for good: its address holds a hash of it."""
    from starlette.responses import Response

    headers = {**HEADERS, "Cache-Control": "max-age=31536000, immutable"}

    async def send(request: Request) -> Response:
        return Response(content, media_type=_STATIC[name], headers=headers)

    return send
