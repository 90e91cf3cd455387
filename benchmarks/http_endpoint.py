"""What asking an endpoint costs beyond the endpoint itself: 10,000 messages over HTTP, in batches.

    python benchmarks/http_endpoint.py [--messages 10000] [--rounds 5]

Starts `roadworthy serve` with a hardened model of the built-in data, on a core of its own. In turns, the same batches
are sent by a plain client of the standard library over as many connections, with bodies that were made before and
answers that are not even read as JSON: that is the endpoint's own time; by the model, every answer checked and kept in
a journal; and by `ask`, as an inspection does it, which also measures memory. Prints the medians in wall seconds and
the ratios to the endpoint's own time, which must be 1.3 at most (aim: 1.1).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from inspect_overhead import many_messages
from roadworthy import support_desk
from roadworthy.data import Predictions
from roadworthy.models import ask
from roadworthy.models.endpoint import EndpointModel, load_endpoint
from roadworthy.training.hardened import train_hardened

_START = 60
Answering = Callable[[EndpointModel, Sequence[str]], Predictions]


@contextmanager
def started(folder: Path) -> Iterator[str]:
    """A service until the end of the block: where messages are posted."""
    train_hardened(support_desk.load_train()).save(folder / "model")
    command = [sys.executable, "-m", "roadworthy", "serve", str(folder / "model"), "--port", "0"]
    log = folder / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (our own command)
            command, cwd=folder, stdout=output, stderr=output, preexec_fn=partial(on_core, 0)
        )
    try:
        yield f"{_address(process, log)}/v1/predict"
    finally:
        process.terminate()
        process.wait(_START)


def on_core(number: int) -> None:
    """Keep this process to one core, so that client and endpoint do not take each other's time."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[number % len(cores)]})


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + _START
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text(encoding="utf-8"))
        if found:
            return found[0]
        time.sleep(0.05)
    raise SystemExit(f"the service did not start: {log.read_text(encoding='utf-8')}")


def plain_seconds(url: str, bodies: Sequence[bytes], connections: int) -> float:
    """How long the endpoint takes for these bodies over so many connections."""
    waiting = iter(bodies)
    begun = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        for done in [pool.submit(_send, url, waiting) for _ in range(connections)]:
            done.result()
    return time.perf_counter() - begun


def _send(url: str, waiting: Iterator[bytes]) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_START)
    try:
        for body in waiting:
            connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            if response.status != http.HTTPStatus.OK:
                raise SystemExit(f"the endpoint answers {response.status}")
    finally:
        connection.close()


def our_seconds(model: EndpointModel, texts: Sequence[str], journal: Path, answer: Answering) -> float:
    """How long it takes to have every message answered, checked and kept."""
    journal.unlink(missing_ok=True)
    model.remember(journal)
    begun = time.perf_counter()
    answered = answer(model, texts)
    seconds = time.perf_counter() - begun
    if len(answered) != len(texts) or model.notes():
        raise SystemExit(f"not every message was answered: {model.notes()}")
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.environ["NO_PROXY"] = "127.0.0.1"
    texts = many_messages(options.messages).texts
    with tempfile.TemporaryDirectory() as name, started(Path(name)) as url:
        model = load_endpoint(url)
        size, connections = model.settings.batch_size, model.settings.concurrency
        batches = [texts[start : start + size] for start in range(0, len(texts), size)]
        plain = partial(plain_seconds, url, [json.dumps({"texts": batch}).encode() for batch in batches], connections)
        asking = (EndpointModel.answer, lambda model, texts: ask(model, texts).predictions)
        ways = [plain, *(partial(our_seconds, model, texts, Path(name) / "answers.jsonl", way) for way in asking)]
        on_core(1)
        rounds = [[way() for way in ways] for _ in range(options.rounds + 1)][1:]
    print(
        f"{len(texts):,} messages, {len(batches)} batches of {size}, {connections} at a time, {options.rounds} rounds"
    )
    for title, column in zip(
        ("the endpoint's own time", "answered and kept", "as in an inspection"), range(3), strict=True
    ):
        seconds = statistics.median(row[column] for row in rounds)
        ratio = statistics.median(row[column] / row[0] for row in rounds)
        print(f"{title:24}{seconds:6.2f} s{ratio:8.2f}" + ("   (must 1.3, aim 1.1)" if column else ""))


if __name__ == "__main__":
    main()
