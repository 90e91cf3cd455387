"""The service's own log: one JSON document a line, or plain lines where a person watches."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TypeAlias

from roadworthy.redaction import inert

_OURS = "roadworthy.serve"
_ExcInfo: TypeAlias = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class JsonFormatter(logging.Formatter):
    """One JSON document a line: time, level, event, and what belongs to the event.

    Examples
    --------
    >>> record = logging.LogRecord("roadworthy.serve", logging.INFO, "", 0, "reloaded", None, None)
    >>> record.fields = {"version": "3f9c"}
    >>> json.loads(JsonFormatter().format(record))["version"]
    '3f9c'
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; a traceback is one of its members."""
        shown: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if not record.name.startswith(_OURS):
            shown["logger"] = record.name
        if record.exc_info:
            shown |= _error(record.exc_info)
        return json.dumps(shown, default=str)


def _error(found: _ExcInfo) -> dict[str, str]:
    """The kind of an error, and where it came from; what it says might quote a message."""
    kind, _, frames = found
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(frames)]
    return {"error": kind.__name__ if kind else "", "traceback": "\n".join(places)}


class PlainFormatter(logging.Formatter):
    """The same as plain text."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, event and what belongs to it."""
        moment = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = " ".join(f"{name}={value}" for name, value in getattr(record, "fields", {}).items())
        line = inert(
            " ".join(f"{moment} {record.levelname.lower():7} {record.getMessage()} {fields}".split("\n"))
        ).rstrip()
        return "\n".join([line, *_error(record.exc_info).values()]) if record.exc_info else line


def configuration(*, as_json: bool) -> dict[str, Any]:
    """For `logging.config.dictConfig`: our events and the warnings of every library, on stderr."""
    formatter = JsonFormatter if as_json else PlainFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"own": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "own", "stream": "ext://sys.stderr"}},
        "loggers": {
            _OURS: {"handlers": ["stderr"], "level": "INFO", "propagate": False},
            "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
    }
