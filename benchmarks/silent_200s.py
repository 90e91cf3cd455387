"""What servers answer to messages that nobody can classify: which labels leave with 200 and without a word of doubt.

    python benchmarks/silent_200s.py --venvs DIR [--only NAME ...]

All serve the notebook's model, trained on support_desk; ours serves it wrapped, and as the story's API with --naive.
Each is sent an empty string, spaces, gibberish, an emoji alone, a message of 1 MB, a number in the place of the text, a
message in another language, and a text that is not UTF-8. Printed for each are the status, the label, its confidence
where the server gives one, and what said that it cannot be trusted: a refusal (a status other than 2xx), or a verdict
with its reasons. A label that left with 200 and nothing of that sort is counted as a silent 200.

DIR keeps the virtual environments of the other servers; they are made with uv, or with venv and pip.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from running import Running, started
from serve import table
from servers import FIELD, NAIVE, NOTEBOOK, OWN, NotServedError, Server, make_models, place_for

MEGABYTE = 1_000_000
MARK = "THE TEXT"
NOT_UTF8 = b"caf\xe9 \xff\xfe refund"
TITLES = ("sent", "server", "status", "label", "confidence", "what said that it cannot be trusted")

# Where a refusal says why, by the usual names.
SAYING = ("detail", "msg", "message", "error")

SENT: Mapping[str, object] = {
    "empty string": "",
    "spaces": "     ",
    "gibberish": "asdkjh qwpoeiru zmxnv lkjsdf",
    "an emoji alone": "\N{POUTING FACE}",
    "a message of 1 MB": ("where is my order " * MEGABYTE)[:MEGABYTE],
    "a number, not a text": 12345,
    "another language": "Wo bleibt denn mein Paket, ich warte schon seit zwei Wochen darauf",
    "broken UTF-8": NOT_UTF8,
}


@dataclass(frozen=True)
class Answered:
    """What came back; no status where the connection was closed, or nothing came in time."""

    status: int | None
    label: str | None = None
    confidence: float | None = None
    doubt: str = ""

    @property
    def silent(self) -> bool:
        """Whether a label left as if all were well."""
        return self.label is not None and not self.doubt

    def row(self, sent: str, server: str) -> list[str]:
        """A line of the table."""
        confidence = "" if self.confidence is None else f"{self.confidence:.2f}"
        said = self.doubt or ("**nothing**" if self.silent else "")
        label = "none" if self.label is None else str(self.label)
        return [sent, server, str(self.status or "no answer"), label, confidence, said]


def main() -> None:
    """Ask everybody, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venvs", type=Path, required=True, metavar="DIR")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only servers whose name holds one of these")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        answers = dict(ask_all(chosen(options.only), options.venvs, Path(folder)))
    print(table(TITLES, rows(answers)))
    print(f"\n{table(('server', f'silent 200s of {len(SENT)}'), counts(answers))}")


def chosen(names: Sequence[str] | None) -> list[Server]:
    """Those that serve the notebook's model; with names only those whose title holds one of them."""
    servers = [server for server in (*FIELD, NAIVE, *OWN) if server.model == NOTEBOOK]
    return [s for s in servers if names is None or any(name.lower() in s.title.lower() for name in names)]


def ask_all(
    servers: Sequence[Server], venvs: Path, work: Path
) -> Iterator[tuple[str, Mapping[str, Answered] | NotServedError]]:
    """Each server's name and its answers, or why there are none."""
    models = work / "models"
    models.mkdir()
    make_models(models)
    core = max(os.sched_getaffinity(0))
    for server in servers:
        try:
            place = place_for(server, venvs=venvs, models=models, folder=work)
            with started(server, place, core) as running:
                yield server.title, {name: ask(running, what) for name, what in SENT.items()}
        except NotServedError as reason:
            yield server.title, reason


def ask(running: Running, what: object) -> Answered:
    """Send one of the messages."""
    try:
        status, answer = running.ask(body(running.server, what))
    except (OSError, http.client.HTTPException):
        return Answered(None, doubt="refused: the connection ended")
    if not 200 <= status < 300:
        return Answered(status, doubt=f"refused: {why(answer)}")
    reply = running.reply(answer)
    doubt = f"{reply.verdict}: {', '.join(reply.reasons)}" if reply.verdict == "flagged" else ""
    return Answered(status, reply.label, reply.confidence, doubt)


def body(server: Server, what: object) -> bytes:
    """The request: JSON as usual, but for bytes, which take the place of the text as they are."""
    if isinstance(what, bytes):
        return json.dumps(server.body(MARK)).encode().replace(MARK.encode(), what)
    return json.dumps(server.body(what)).encode()


def why(answer: bytes) -> str:
    """The first words of what a refusal says, on one line that does no harm in a table."""
    try:
        told = json.loads(answer)
    except ValueError:
        told = answer.decode(errors="replace")
    while isinstance(told, dict | list) and told:
        told = told[0] if isinstance(told, list) else next((told[key] for key in SAYING if key in told), str(told))
    return " ".join(str(told).split())[:80].replace("|", "/") or "without a word"


def rows(answers: Mapping[str, Mapping[str, Answered] | NotServedError]) -> Iterator[list[str]]:
    """The lines of the table, message by message."""
    for sent in SENT:
        for server, its in answers.items():
            if not isinstance(its, NotServedError):
                yield its[sent].row(sent, server)


def counts(answers: Mapping[str, Mapping[str, Answered] | NotServedError]) -> Iterator[list[str]]:
    """How often each server was silent."""
    for server, its in answers.items():
        silent = str(its) if isinstance(its, NotServedError) else str(sum(one.silent for one in its.values()))
        yield [server, silent]


if __name__ == "__main__":
    main()
