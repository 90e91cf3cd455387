"""`roadworthy serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli.options import AllowPickle, Debug


def serve(
    model: Annotated[Path, typer.Argument(help="A folder with vectorizer.pkl and model.pkl.")],
    naive: Annotated[bool, typer.Option("--naive", help="The story's API: 200 OK to everything.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    allow_pickle: AllowPickle = False,
    debug: Debug = False,
) -> int:
    """Serve the story's API: 200 OK to everything.

    POST /predict with {"text": "..."}. It is there to be watched failing, not to be used.
    """
    from roadworthy.errors import ModelError
    from roadworthy.serve.naive import run

    if not naive:
        raise ModelError("only the story's API can be served so far", where=model, mend="add --naive to watch it fail")
    run(model, host=host, port=port, allow_pickle=allow_pickle)
    return 0
