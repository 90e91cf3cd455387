"""What is to be known of an endpoint before it is asked: its address, its protocol, its limits, its key."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from roadworthy.errors import ModelError
from roadworthy.models.endpoint_paths import steps
from roadworthy.output import short_name

KIND = "endpoint:"
Protocol = Literal["mlflow", "roadworthy", "open-inference", "chat", "json"]

# The end of an address' path that tells which protocol is spoken there.
_PATHS: Mapping[str, Protocol] = {
    r"/invocations": "mlflow",
    r"/v1/predict": "roadworthy",
    r"/v2/models/[^/]+(/versions/[^/]+)?/infer": "open-inference",
    r"/chat/completions": "chat",
}
_SECRET = re.compile(r"key|token|secret|passw|signature|^sig$|^code$|^auth", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_]\w*")
_PROMPT = "Which of these labels fits the message best? $labels\nAnswer with the label alone.\n\nMessage: $text"


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or not url.isprintable():
        raise ValueError("no address; write http://HOST:PORT/PATH")
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a user name or password; name the environment variable of the key with auth_env")
    named = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if _SECRET.search(name)]
    if named:
        raise ValueError(f'holds a secret ({named[0]}); send it as a header: headers_env = {{NAME = "VARIABLE"}}')
    return url


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise ValueError("is not the name of an environment variable; the key itself never stands in the file")
    return name


def _asks(template: str) -> str:
    if "$text" not in template:
        raise ValueError("has no $text; say where the message goes")
    return template


def _holds_text(body: dict[str, Any]) -> dict[str, Any]:
    _asks(repr(body))
    return body


def _path(path: str) -> str:
    steps(path)
    return path


JsonPath = Annotated[str, Field(min_length=1), AfterValidator(_path)]
Url = Annotated[str, AfterValidator(_address)]
Variable = Annotated[str, AfterValidator(_variable)]
Label = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Request(_Table):
    """What is sent: ``$texts`` stands for all messages of a batch, ``$text`` for one.

    A list of one item that holds ``$text`` is repeated for every message of a batch; where ``$text`` stands elsewhere,
    each message is asked about alone.
    """

    body: Annotated[dict[str, Any], AfterValidator(_holds_text)]


class Answer(_Table):
    """Where the answers stand in what comes back, as paths: ``predictions[*].label``."""

    answers: JsonPath | None = None
    labels: JsonPath | None = None
    confidence: JsonPath | None = None
    verdict: JsonPath | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Answer:
        if (self.answers is None) == (self.labels is None):
            raise ValueError("give labels (the path of the labels), or answers (that of whole answers)")
        if self.answers is not None and (self.confidence or self.verdict):
            raise ValueError("confidence and verdict stand beside labels, not beside answers")
        return self


class Chat(_Table):
    """How a chat model is made to classify.

    Parameters
    ----------
    model
        Its name at the endpoint.
    labels
        The answers that are allowed.
    template, system
        What it is told, by the user and by the system; ``$text`` is the message, ``$labels`` the labels.
    temperature
        ``"default"`` leaves it to the endpoint.
    max_tokens
        The longest answer.
    logprobs
        Ask for the probability of the answer, which becomes the confidence.
    options
        What else goes into the request.
    """

    model: Annotated[str, Field(min_length=1)]
    labels: Annotated[tuple[Label, ...], Field(min_length=2)]
    template: Annotated[str, AfterValidator(_asks)] = _PROMPT
    system: str | None = None
    temperature: Annotated[float, Field(ge=0)] | Literal["default"] = 0.0
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool = False
    options: dict[str, Any] = {}


class EndpointSettings(_Table):
    """An endpoint, and how it may be asked.

    Parameters
    ----------
    url
        Where messages are posted to; no user name, password or key stands in it.
    format
        The protocol; by default it follows from the path, or from the tables ``[request]`` and ``[chat]``.
    batch_size
        How many messages a request holds at most.
    concurrency
        How many requests are under way at once.
    timeout
        Seconds until an answer must begin, and between its parts.
    attempts
        How often a request is sent that is answered with "busy", or not at all.
    auth_env, auth_scheme
        The environment variable that holds the key, and what stands before the key in the header Authorization.
    headers_env
        Other headers, each with the environment variable that holds its value.
    classes
        The labels of the columns, where the endpoint answers with a matrix.
    column
        The name of the text column (MLflow) or of the input (Open Inference Protocol); by default it is found out.
    """

    url: Url
    format: Protocol | None = None
    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 100
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    timeout: Annotated[float, Field(gt=0, le=3_600)] = 60.0
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    auth_env: Variable | None = None
    auth_scheme: str = "Bearer"
    headers_env: dict[str, Variable] = {}
    classes: tuple[Label, ...] = ()
    column: str | None = None
    request: Request | None = None
    answer: Answer | None = None
    chat: Chat | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> EndpointSettings:
        protocol = self.protocol
        if protocol is None:
            raise ValueError(
                "the path does not tell the protocol; end it in /invocations, /v1/predict or /v2/models/NAME/infer, "
                "or describe the endpoint in a file: endpoint:FILE.toml with format, or [request] and [answer]"
            )
        for table, of in ((self.chat, "chat"), (self.request, "json")):
            if protocol == of and table is None:
                name = "chat" if of == "chat" else "request"
                raise ValueError(f"needs a table [{name}]; describe the endpoint in a file: endpoint:FILE.toml")
            if protocol != of and table is not None:
                raise ValueError(f"a table of the format {of}, but the format is {protocol}")
        return self

    @property
    def protocol(self) -> Protocol | None:
        """The protocol that is spoken; None where nothing tells."""
        if self.format is not None:
            return self.format
        if self.chat is not None or self.request is not None:
            return "json" if self.chat is None else "chat"
        path = urlsplit(self.url).path.rstrip("/")
        return next((name for end, name in _PATHS.items() if re.search(f"{end}$", path)), None)

    @property
    def identity(self) -> str:
        """A hash of all that an answer depends on; how fast or with which key it is asked for is no part of it."""
        asked = {"url", "column", "classes", "request", "answer", "chat"}
        said = self.model_dump_json(include=asked) + str(self.protocol)
        return hashlib.sha256(said.encode()).hexdigest()

    def headers(self, name: str) -> dict[str, str]:
        """The headers that hold secrets, out of the environment.

        Raises
        ------
        ModelError
            A variable is not set, or holds what no header can.
        """
        headers = {header: _value(variable, name) for header, variable in self.headers_env.items()}
        if self.auth_env is not None:
            headers["Authorization"] = f"{self.auth_scheme} {_value(self.auth_env, name)}".strip()
        return headers


def _value(variable: str, name: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise ModelError(f"the environment variable {variable} is not set", where=name, mend="set it to the key")
    if not value.isascii() or not value.isprintable():
        what = f"the environment variable {variable} holds more than printable ASCII"
        raise ModelError(what, where=name, mend="set it to the key alone")
    return value


def read_endpoint(spec: str) -> tuple[EndpointSettings, str]:
    """The endpoint that a spec names, and what to call it: an address, or ``endpoint:FILE.toml``.

    Raises
    ------
    ModelError
        The file is missing or not TOML; it has a key that no endpoint has, lacks one, or does not say how to ask.

    Examples
    --------
    >>> read_endpoint("http://127.0.0.1:8000/v1/predict")[0].protocol
    'roadworthy'
    """
    if not spec.startswith(KIND):
        name = _shown(spec)
        return _checked({"url": spec}, name), name
    file = Path(spec.removeprefix(KIND))
    name = f"{KIND}{short_name(file)}"
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror})", where=name, mend="check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"not TOML ({error})", where=name, mend="mend the file") from None
    return _checked(document, name), name


def _shown(url: str) -> str:
    """An address without what may be secret in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the endpoint"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _checked(document: dict[str, Any], name: str) -> EndpointSettings:
    try:
        return EndpointSettings.model_validate(document)
    except ValidationError as error:
        raise _first(error, name) from None


def _first(error: ValidationError, name: str) -> ModelError:
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(first["loc"][-1]), _keys(first["loc"]), n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(_keys(first['loc']))}"
        return ModelError(f"an endpoint has no {key!r}", where=name, mend=mend)
    if first["type"] == "missing":
        return ModelError(f"{key} is missing", where=name, mend="write it into the file")
    said = first["msg"].removeprefix("Value error, ")
    return ModelError(f"{key}: {said[:1].lower()}{said[1:]}" if key else said, where=name)


def _keys(location: tuple[int | str, ...]) -> list[str]:
    """The keys that there are where an unknown one was found."""
    table: type[BaseModel] = EndpointSettings
    for part in location[:-1]:
        kinds = get_args(table.model_fields[str(part)].annotation)
        table = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return list(table.model_fields)
