"""`roadworthy serve`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from roadworthy.cli.options import AllowPickle, Debug, given


def serve(
    model: Annotated[
        str | None,
        typer.Argument(
            help="A folder of train or wrap, models:/NAME@ALIAS, or any model; with --naive one of two pickles."
        ),
    ] = None,
    naive: Annotated[bool, typer.Option("--naive", help="The story's API: 200 OK to everything.")] = False,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on (default: 127.0.0.1); beyond this machine keys are needed.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (default: 8000); 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that answer (default: 1).")] = None,
    log: Annotated[
        str | None, typer.Option(help="URL of the prediction log (default: sqlite:///predictions.db).")
    ] = None,
    log_text: Annotated[str | None, typer.Option(help="Messages in the log: redacted (default), none or raw.")] = None,
    log_sync: Annotated[
        str | None, typer.Option(help="SQLite survives the end of the process (normal, default) or of power (full).")
    ] = None,
    spool: Annotated[
        Path | None, typer.Option(help="Folder to write to while the log is away (default: predictions.spool).")
    ] = None,
    retention_days: Annotated[int | None, typer.Option(help="Delete from the log what is older.")] = None,
    flagged: Annotated[
        str | None,
        typer.Option(help="Flagged messages: answer (default, trusted is false), refuse (422) or route."),
    ] = None,
    fallback_label: Annotated[str | None, typer.Option(help="Where flagged messages are routed to.")] = None,
    keys: Annotated[Path | None, typer.Option(help="File of API keys, made by roadworthy key.")] = None,
    shadow: Annotated[str | None, typer.Option(help="A second model: its answers are logged and never sent.")] = None,
    follow_seconds: Annotated[
        float | None,
        typer.Option(help="How often MLflow's registry is asked which version an alias names (default: 5)."),
    ] = None,
    model_cache: Annotated[
        Path | None,
        typer.Option(help="Folder that models of MLflow's store go to (default: models.cache beside the spool)."),
    ] = None,
    max_body: Annotated[int | None, typer.Option(help="Largest body in bytes (default: 262144).")] = None,
    max_batch: Annotated[int | None, typer.Option(help="Most messages in a request (default: 256).")] = None,
    max_length: Annotated[int | None, typer.Option(help="Longest message in characters (default: 5000).")] = None,
    max_concurrency: Annotated[
        int | None, typer.Option(help="Requests that are worked on at a time (default: 64).")
    ] = None,
    max_queue: Annotated[int | None, typer.Option(help="Requests that may wait besides (default: 256).")] = None,
    shutdown_seconds: Annotated[
        int | None, typer.Option(help="How long accepted requests may take after SIGTERM (default: 30).")
    ] = None,
    access_log: Annotated[
        bool | None, typer.Option("--access-log/--no-access-log", help="One log line a request (default: no).")
    ] = None,
    allow_pickle: AllowPickle = False,
    debug: Debug = False,
) -> int:
    """Serve a model with its guard: POST /v1/predict, a page at /, /metrics, and a log of every prediction.

    Every option is also a variable ROADWORTHY_… and a key in [serve] of roadworthy.toml. SIGTERM finishes what was
    accepted and stops; SIGHUP loads the model anew. An alias of MLflow's registry is followed: what it names next is
    served within seconds, without a failed request.
    """
    options: dict[str, Any] = given(
        workers=workers,
        log=log,
        log_text=log_text,
        log_sync=log_sync,
        spool=spool,
        retention_days=retention_days,
        flagged=flagged,
        fallback_label=fallback_label,
        keys=keys,
        shadow=shadow,
        follow_seconds=follow_seconds,
        model_cache=model_cache,
        max_body=max_body,
        max_batch=max_batch,
        max_length=max_length,
        max_concurrency=max_concurrency,
        max_queue=max_queue,
        shutdown_seconds=shutdown_seconds,
        access_log=access_log,
    )
    if naive:
        return _naive(model, host, port, allow_pickle=allow_pickle, others=[*options])
    _require_extra()
    from roadworthy.serve.run import run
    from roadworthy.serve.settings import read_settings

    run(read_settings(**options, **given(model=model, host=host, port=port, allow_pickle=allow_pickle or None)))
    return 0


def _naive(model: str | None, host: str | None, port: int | None, *, allow_pickle: bool, others: Sequence[str]) -> int:
    from roadworthy.errors import SettingsError
    from roadworthy.serve.naive import run

    if others:
        flag = f"--{others[0].replace('_', '-')}"
        raise SettingsError("the story's API knows only --host, --port and --allow-pickle", mend=f"leave out {flag}")
    _require_extra()
    from roadworthy.serve.settings import is_local

    if host is not None and not is_local(host):
        raise SettingsError(
            "the story's API is to be watched, not used: it listens to this machine alone",
            where=host,
            mend="leave out --host",
        )
    if model is None:
        raise SettingsError("no model", mend="name the folder of the two pickles: roadworthy serve DIR --naive")
    run(Path(model), host=host or "127.0.0.1", port=8000 if port is None else port, allow_pickle=allow_pickle)
    return 0


def _require_extra() -> None:
    from importlib.util import find_spec

    from roadworthy.errors import MissingExtraError

    needed = ("alembic", "fastapi", "httptools", "prometheus_client", "pydantic_settings", "sqlalchemy", "uvicorn")
    if not all(map(find_spec, needed)):
        raise MissingExtraError("serving", extra="serve")
