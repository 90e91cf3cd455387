"""`roadworthy demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli.options import Debug, Json, Track, stderr, stdout, wants_tracking


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the pickles and the report.")] = Path("roadworthy-demo"),
    track: Track = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Watch a perfect notebook fail, in a minute."""
    from roadworthy.demo import print_story, tell_story

    with stderr().status("training, serving, asking, inspecting"):
        story = tell_story(out, track=wants_tracking(track))
    if as_json:
        typer.echo(story.to_json())
    else:
        print_story(story, stdout(width=100))
    return 0
