"""Requests to an endpoint: sent, sent again where it is busy, and told apart from those that it refuses."""

from __future__ import annotations

import json
import threading
import time
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from roadworthy.errors import MissingExtraError, ModelError, named
from roadworthy.redaction import inert, redact

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

    from roadworthy.models.endpoint_settings import EndpointSettings

# Answered with these, the endpoint is asked again later.
BUSY = frozenset({408, 425, 429, 502, 503, 504})
# These are about some of the messages: each of the others is about the whole endpoint.
REFUSED = frozenset({400, 406, 409, 413, 414, 422, 424, 431, 451, 500})
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 60.0
_SHOWN = 200
_SAID = ("detail", "message", "error", "title")


class RefusedError(Exception):
    """The endpoint does not answer to these messages; it says why."""


class _BusyError(Exception):
    """The endpoint may answer later, after so many seconds where it said so."""

    def __init__(self, said: str, wait: float | None = None) -> None:
        super().__init__(said)
        self.wait = wait


class Calls:
    """What is sent to one endpoint, by several threads.

    Parameters
    ----------
    settings
        Where it is, and how it may be asked.
    name
        What to call it in messages.

    Raises
    ------
    ModelError
        The environment variable of a key is not set.
    MissingExtraError
        httpx or tenacity is not installed.
    """

    def __init__(self, settings: EndpointSettings, name: str) -> None:
        try:
            import httpx
            import tenacity  # noqa: F401 (needed later, told now)
        except ImportError:
            raise MissingExtraError("an endpoint", extra="http") from None

        self.settings = settings
        self.name = name
        secrets = settings.headers(name)
        self._secrets = [part for value in secrets.values() for part in (value, value.rpartition(" ")[2])]
        self._client = httpx.Client(
            headers={"Content-Type": "application/json", "Accept": "application/json", **secrets},
            timeout=settings.timeout,
            limits=httpx.Limits(max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency),
        )

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def post(self, body: Any, *, alone: bool, stopped: threading.Event) -> Any:
        """The JSON that comes back.

        Parameters
        ----------
        body
            What is asked.
        alone
            It is about a single message: an error of the endpoint's may then be a chance one, and is tried again.
        stopped
            Once it is set, nothing is waited for, and nothing sent again.

        Raises
        ------
        RefusedError
            It does not answer to these messages.
        ModelError
            It cannot be reached, stays busy, refuses the key, or answers no JSON.
        """
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_when_event_set
        from tenacity.nap import sleep_using_event

        retrying = Retrying(
            retry=retry_if_exception_type(_BusyError),
            stop=stop_after_attempt(self.settings.attempts) | stop_when_event_set(stopped),
            wait=_wait,
            sleep=sleep_using_event(stopped),
            reraise=True,
        )
        try:
            return retrying(partial(self._post_once, json.dumps(body).encode(), alone=alone))
        except _BusyError as busy:
            if alone and str(busy).startswith(str(HTTPStatus.INTERNAL_SERVER_ERROR.value)):
                raise RefusedError(str(busy)) from None
            raise ModelError(
                f"gave no answer in {self.settings.attempts} attempts ({busy})",
                where=self.name,
                mend="see that it is up, raise timeout and attempts, or lower batch_size and concurrency",
            ) from None

    def get(self, url: str) -> Any:
        """The JSON at an address of the endpoint's; None where there is none."""
        import httpx

        try:
            response = self._client.get(url)
            return response.json() if response.is_success else None
        except (httpx.HTTPError, ValueError):
            return None

    def _post_once(self, content: bytes, *, alone: bool) -> Any:
        import httpx

        try:
            response = self._client.post(self.settings.url, content=content)
        except httpx.TimeoutException:
            raise _BusyError(f"nothing within {self.settings.timeout:g} s") from None
        except httpx.RequestError as error:
            raise _BusyError(self._masked(named(error))) from None
        if not response.is_success:
            self._raise(response, alone=alone)
        return self._document(response)

    def _document(self, response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError:
            what = f"answers no JSON ({self._masked(response.text) or 'nothing'})"
            raise ModelError(what, where=self.name, mend="check the address") from None

    def _raise(self, response: httpx.Response, *, alone: bool) -> NoReturn:
        status, said = response.status_code, self._said(response)
        if status in BUSY or (status == HTTPStatus.INTERNAL_SERVER_ERROR and alone):
            raise _BusyError(said, _asked_to_wait(response.headers.get("Retry-After")))
        if status in REFUSED:
            raise RefusedError(said)
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            variable = self.settings.auth_env or next(iter(self.settings.headers_env.values()), None)
            how = f"see that {variable} holds a valid key" if variable else 'write auth_env = "VARIABLE" into its file'
            raise ModelError(f"does not let us in ({said})", where=self.name, mend=how)
        raise ModelError(f"answers {said}", where=self.name, mend="check the address and the format")

    def _said(self, response: httpx.Response) -> str:
        """The status, and what the endpoint says of it: the first of the usual fields, or the text."""
        try:
            phrase = f"{response.status_code} {HTTPStatus(response.status_code).phrase}"
        except ValueError:
            phrase = str(response.status_code)
        said = self._masked(_detail(response))
        return f"{phrase}: {said}" if said else phrase

    def _masked(self, said: str) -> str:
        """A few words for an error line: no key, no personal data, nothing that acts on a terminal."""
        for secret in self._secrets:
            said = said.replace(secret, "[secret]")
        said = " ".join(inert(redact(said[: 4 * _SHOWN])).split())
        return said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"


def _detail(response: httpx.Response) -> str:
    try:
        found = response.json()
    except ValueError:
        return "" if "html" in response.headers.get("Content-Type", "") else response.text
    while isinstance(found, dict):
        found = next((found[key] for key in _SAID if found.get(key)), "")
    return found if isinstance(found, str) else json.dumps(found)


def _wait(state: RetryCallState) -> float:
    """What the endpoint asked for, or ever longer; never more than a minute."""
    from tenacity import wait_exponential, wait_random

    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.wait if isinstance(error, _BusyError) else None
    backoff = wait_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT) + wait_random(0, _FIRST_WAIT)
    return min(_LONGEST_WAIT, backoff(state) if asked is None else asked)


def _asked_to_wait(header: str | None) -> float | None:
    """Seconds, from a header Retry-After that holds them or a date.

    Examples
    --------
    >>> _asked_to_wait("2"), _asked_to_wait("soon"), _asked_to_wait("Wed, 21 Oct 2015 07:28:00 GMT")
    (2.0, None, 0.0)
    """
    if header is None:
        return None
    try:
        return max(
            0.0, float(header) if header[:1].isdigit() else parsedate_to_datetime(header).timestamp() - time.time()
        )
    except (TypeError, ValueError):
        return None
