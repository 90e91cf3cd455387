"""What is refused, as problem documents (RFC 9457)."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

CONTENT_TYPE = b"application/problem+json"


class Problem(Exception):  # noqa: N818 (the RFC's own word)
    """A request that gets no answer, and why.

    Parameters
    ----------
    status
        The HTTP status.
    kind
        A short name that does not change, for programs: empty-message, too-many-requests.
    detail
        What is wrong with this request and how to mend it, for people.
    headers
        Headers that the answer must have besides.
    extras
        Further members of the document.

    Examples
    --------
    >>> Problem(422, "empty-message", "text is empty; send a message").document("7")["title"]
    'Empty message'
    """

    def __init__(
        self, status: int, kind: str, detail: str, *, headers: dict[str, str] | None = None, **extras: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = headers or {}
        self.extras = extras

    def document(self, request_id: str) -> dict[str, Any]:
        """What the client is told."""
        return {
            "type": f"urn:roadworthy:problem:{self.kind}",
            "title": self.kind.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:roadworthy:request:{request_id}",
            **self.extras,
        }

    def body(self, request_id: str) -> bytes:
        """The document as JSON."""
        return to_json(self.document(request_id))


def of_status(status: int) -> Problem:
    """What the framework refuses by itself."""
    kinds = {
        404: ("not-found", "there is nothing here; see /openapi.json"),
        405: ("method-not-allowed", "this address takes other methods; see /openapi.json"),
    }
    kind, detail = kinds.get(status, ("refused", f"the request was refused with status {status}"))
    return Problem(status, kind, detail)
