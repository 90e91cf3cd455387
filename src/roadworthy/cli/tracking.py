"""`roadworthy track` and `roadworthy ui`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli.options import Debug, Json, stderr


def track(
    directory: Annotated[Path, typer.Argument(help="A folder that roadworthy inspect wrote.")],
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Upload a saved inspection to MLflow.

    For example after its server was down. What goes up is what the folder holds: the figures and the report, not the
    messages and the model.
    """
    from roadworthy import tracking

    run = tracking.upload(directory)
    if as_json:
        typer.echo(json.dumps({"run_id": run.run_id, "tracking_uri": run.tracking_uri}))
    else:
        typer.echo(f"MLflow: {run}")
    return 0


def ui(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 5000,
    debug: Debug = False,
) -> None:
    """Open MLflow's UI on the project's store."""
    import os

    from roadworthy import tracking

    address = tracking.ui_address()
    if address is not None:
        typer.echo(f"MLflow's UI is at {address}")
        return
    command = tracking.ui_command(host=host, port=port)
    page = f"http://{host}:{port}/#/experiments?workflowType=machine_learning"
    stderr().print(f"Store: {tracking.store_uri()}", soft_wrap=True, markup=False)
    stderr().print(f"MLflow's UI: {page}  (stop it with Ctrl-C)", soft_wrap=True, markup=False)
    os.execvpe(command[0], command, tracking.ui_environment())  # noqa: S606 (our own command; signals reach it directly)
