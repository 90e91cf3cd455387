"""`roadworthy key`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli.options import Debug, Json


def key(
    name: Annotated[str, typer.Argument(help="What to call the key: who or what will use it.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it is good for: predict, feedback or admin; give it once for each (default: predict)."),
    ] = None,
    keys: Annotated[Path, typer.Option(help="The file of hashed keys, as given to serve.")] = Path("keys.json"),
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Make an API key for the service: it is shown once, its hash is kept."""
    from roadworthy.errors import SettingsError
    from roadworthy.serve.keys import SCOPES, add_key

    wanted = [one for one in SCOPES if one in (scope or ["predict"])]
    unknown = sorted(set(scope or ()) - set(SCOPES))
    if unknown:
        raise SettingsError(f"no scope is called {unknown[0]!r}", mend=f"give one of {', '.join(SCOPES)}")
    secret = add_key(keys, name, wanted)
    if as_json:
        typer.echo(json.dumps({"name": name, "scopes": wanted, "key": secret, "file": str(keys)}))
    else:
        typer.echo(secret)
        typer.echo(f"shown only now; its hash is in {keys}, good for {', '.join(wanted)}", err=True)
    return 0
