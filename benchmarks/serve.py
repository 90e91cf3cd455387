"""What a request costs: ours, with its guard, durable log and metrics, beside FastAPI, MLflow and other servers.

    python benchmarks/serve.py --venvs DIR [--rounds 5] [--seconds 5] [--connections 1 32] [--only NAME ...]

Needs two cores and the program wrk. All serve the same scikit-learn pipeline, the notebook's, trained on support_desk;
ours serves it wrapped. Ours also serves the hardened model, and a naive Bayes, for which there is no compiled path and
which FastAPI serves too. The servers are started once, all on one core; wrk has another one, and asks them in turn,
round after round, every other round from the last to the first, with the messages of support_desk in real-user style,
one a request. Each message ends with a number of its own, so that nobody answers from memory. A first round does not
count.

Printed are medians over the rounds, with the lowest and the highest: CPU time of all processes of a server for each
request, requests a second, latency as wrk measures it, resident memory; and how many answers were not 2xx or did not
come. Then ratios, round by round, beside what is asked of ours; and how much of the servers' core went to other
programs, which should be next to nothing. At last the rows of our prediction log are counted: there must be one for
each answer.

DIR keeps the virtual environments of the other servers; they are made with uv, or with venv and pip.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from roadworthy import support_desk
from running import Running, started
from servers import (
    BAYES,
    FASTAPI,
    FIELD,
    MLFLOW,
    NOTEBOOK,
    OURS,
    OWN,
    NotServedError,
    Server,
    log_of,
    make_models,
    place_for,
    version_of,
)

SCRIPT = Path(__file__).parent / "peers" / "wrk.lua"
NUMBER = "######"
TITLES = (
    "server",
    "connections",
    "CPU µs a request",
    "requests a second",
    "p50 ms",
    "p99 ms",
    "memory MB",
    "not 2xx, or none",
)
RATIOS = ("ours as a multiple of", "model", "figure", "connections", "measured", "must", "aim", "verdict")


@dataclass(frozen=True)
class Load:
    """What one server did in one round: of the answers some were refusals, not 2xx; broken ones never came whole.

    `others` is the share of the servers' core that went to other programs.
    """

    requests: int
    refused: int
    broken: int
    others: float
    cpu: float
    rate: float
    p50: float
    p99: float
    memory: float


@dataclass(frozen=True)
class Bound:
    """What is asked of ours: its figure as a multiple of the rival's, at most, or at least for a rate."""

    rival: str
    model: str
    figure: str
    connections: int
    must: float
    aim: float

    def verdict(self, ratio: float) -> str:
        """Which of both is kept."""
        sign = -1 if self.figure == "rate" else 1
        if sign * ratio <= sign * self.aim:
            return "aim met"
        return "must met" if sign * ratio <= sign * self.must else "**missed**"


BOUNDS = (
    Bound(FASTAPI, NOTEBOOK, "cpu", 1, 0.7, 0.45),
    Bound(FASTAPI, NOTEBOOK, "cpu", 32, 0.7, 0.45),
    Bound(FASTAPI, NOTEBOOK, "rate", 32, 1.4, 2.0),
    Bound(FASTAPI, NOTEBOOK, "memory", 32, 1.4, 1.1),
    Bound(MLFLOW, NOTEBOOK, "cpu", 1, 0.35, 0.2),
    Bound(MLFLOW, NOTEBOOK, "cpu", 32, 0.35, 0.2),
    Bound(MLFLOW, NOTEBOOK, "rate", 32, 3.0, 5.0),
    Bound(MLFLOW, NOTEBOOK, "memory", 32, 0.5, 0.4),
    Bound(FASTAPI, BAYES, "cpu", 1, 1.4, 1.15),
    Bound(FASTAPI, BAYES, "cpu", 32, 1.4, 1.15),
)
FIGURES = {"cpu": "CPU a request", "rate": "requests a second", "memory": "memory"}

Measured = Mapping[tuple[str, int], Sequence[Load]]


def main() -> None:
    """Start, measure, stop, print, and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venvs", type=Path, required=True, metavar="DIR")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each load (default: 5)")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only servers whose name holds one of these")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.error("wrk is not installed; it is a package of that name in Debian and Homebrew")
    server_core, load_core = cores(parser)
    os.sched_setaffinity(0, {load_core})
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        work = Path(folder)
        up, absent = start_all(chosen(options.only), options.venvs, work, server_core, running)
        loads = measure(up, options.rounds, options.seconds, options.connections, work)
        warm = {key: found[1:] for key, found in loads.items()}
        absences = ([title, reason, *[""] * 6] for title, reason in absent.items())
        print(table(TITLES, [*(line(*key, found) for key, found in warm.items()), *absences]))
        print(f"\n{table(RATIOS, ratios(warm))}\n")
        others = [one.others * 100 for found in warm.values() for one in found]
        print(f"Other programs took {spread(others, 1)} % of the servers' core.\n")
        running.close()
        print("\n".join(checks(up, loads)))


def cores(parser: argparse.ArgumentParser) -> tuple[int, int]:
    """One core for the servers and one for the load."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        parser.error("two cores are needed, one for the servers and one for the load")
    return allowed[0], allowed[1]


def chosen(names: Sequence[str] | None) -> list[Server]:
    """All servers, or those whose title holds one of the names."""
    return [s for s in (*OWN, *FIELD) if names is None or any(name.lower() in s.title.lower() for name in names)]


def start_all(
    servers: Sequence[Server], venvs: Path, work: Path, core: int, running: ExitStack
) -> tuple[list[Running], dict[str, str]]:
    """Those that run now, and why the others do not; prints what each is."""
    models = work / "models"
    models.mkdir()
    make_models(models)
    up: list[Running] = []
    absent: dict[str, str] = {}
    for server in servers:
        try:
            place = place_for(server, venvs=venvs, models=models, folder=work)
            up.append(running.enter_context(started(server, place, core)))
            print(f"{server.title}: {version_of(server, place.python)}", flush=True)
        except NotServedError as reason:
            absent[server.title] = str(reason)
    print()
    return up, absent


def measure(
    up: Sequence[Running], rounds: int, seconds: int, connections: Sequence[int], work: Path
) -> dict[tuple[str, int], list[Load]]:
    """The loads of each server and number of connections; the first of each is there to warm up."""
    found: dict[tuple[str, int], list[Load]] = {}
    bodies = {running.server.title: write_bodies(running.server, work) for running in up}
    for turn in range(rounds + 1):
        for running in up[::-1] if turn % 2 else up:
            for n in connections:
                title = running.server.title
                found.setdefault((title, n), []).append(load(running, n, seconds, bodies[title], turn))
    return found


def write_bodies(server: Server, work: Path) -> Path:
    """A file of requests to a server, one a line, with a place for a number in each."""
    texts = support_desk.load_real_style().texts
    path = Path(tempfile.mkstemp(dir=work, suffix=".jsonl")[1])
    path.write_text("".join(f"{json.dumps(server.body(f'{text} {NUMBER}'))}\n" for text in texts))
    return path


def load(running: Running, connections: int, seconds: int, bodies: Path, turn: int) -> Load:
    """Ask a server for some seconds with so many connections at once."""
    asked = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", SCRIPT, running.url, "--", bodies, turn * 50_021]
    cpu, core, begun = running.cpu_seconds(), running.core_seconds(), time.monotonic()
    done = subprocess.run(  # noqa: S603 (our own command)
        list(map(str, asked)), capture_output=True, text=True, check=True, timeout=seconds + 60
    )
    cpu, core = running.cpu_seconds() - cpu, running.core_seconds() - core
    told = json.loads(done.stdout.splitlines()[-1])
    requests = max(told["requests"], 1)
    return Load(
        told["requests"],
        told["refused"],
        told["broken"],
        others=max(0.0, core - cpu) / (time.monotonic() - begun),
        cpu=cpu / requests * 1e6,
        rate=requests / told["microseconds"] * 1e6,
        p50=told["p50"] / 1e3,
        p99=told["p99"] / 1e3,
        memory=running.resident_megabytes(),
    )


def line(title: str, connections: int, loads: Sequence[Load]) -> list[str]:
    """A row of the first table."""
    failed = sum(one.refused + one.broken for one in loads)
    return [
        title,
        str(connections),
        spread([one.cpu for one in loads]),
        spread([one.rate for one in loads]),
        spread([one.p50 for one in loads], 2),
        spread([one.p99 for one in loads], 2),
        spread([one.memory for one in loads]),
        f"**{failed:,}**: not comparable" if failed else "0",
    ]


def ratios(measured: Measured) -> Iterator[list[str]]:
    """The rows of the second table, where both sides were measured."""
    for bound in BOUNDS:
        ours, rival = (loads_of(measured, name, bound) for name in (OURS, bound.rival))
        if ours and rival:
            found = [getattr(a, bound.figure) / getattr(b, bound.figure) for a, b in zip(ours, rival, strict=True)]
            yield [
                bound.rival,
                bound.model,
                FIGURES[bound.figure],
                str(bound.connections),
                spread(found, 2),
                f"{bound.must:g}",
                f"{bound.aim:g}",
                bound.verdict(median(found)),
            ]


def loads_of(measured: Measured, name: str, bound: Bound) -> Sequence[Load]:
    """The loads that a bound speaks of, of the server of that name."""
    titles = [s.title for s in (*OWN, *FIELD) if name in s.name and s.model == bound.model]
    return next((measured[key] for title in titles if (key := (title, bound.connections)) in measured), ())


def checks(up: Sequence[Running], measured: Measured) -> Iterator[str]:
    """Whether our log, after the end, has a row for each answer; those in flight at the end of a load may be in it."""
    for running in up:
        if OURS in running.server.name:
            loads = [
                (n, one) for (title, n), found in measured.items() if title == running.server.title for one in found
            ]
            answered = running.answered + sum(one.requests - one.refused for _, one in loads)
            rows, most = rows_in(log_of(running.place.folder)), answered + sum(n for n, _ in loads)
            verdict = "agrees" if answered <= rows <= most else "**does not agree**"
            yield (
                f"{running.server.title}: {answered:,} answers were counted, the prediction log holds {rows:,} rows; "
                f"up to {most - answered:,} were in flight when a load ended: {verdict}."
            )


def rows_in(log: Path) -> int:
    """How many predictions a SQLite log holds."""
    with closing(sqlite3.connect(f"file:{log}?mode=ro", uri=True)) as connection:
        return int(connection.execute("select count(*) from predictions where role = 'served'").fetchone()[0])


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, the lowest and the highest."""
    low, middle, high = (f"{value:,.{digits}f}" for value in (min(values), median(values), max(values)))
    return f"{middle} ({low} to {high})"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Render rows as Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (titles, ["---"] * len(titles), *rows))


if __name__ == "__main__":
    main()
