"""Everything goes wrong: killed under load, database gone, disk full. What got a 200 is in the log, once."""

import os
import random
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager

import httpx
import pytest

from .postgresql import running

CLIENTS = 32
TEXTS = ["wher is my ordr", "refund pls", "qwrtz yxcvb", "cancel it NOW!!", "how do I change my adress", "hola amigo"]


class Load:
    """Clients that ask without a pause, each by a connection of its own, and remember what they were answered."""

    def __init__(self, url, clients=CLIENTS):
        self.url = url
        self.ids, self.statuses, self.broken = [], Counter(), 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number):
        with httpx.Client(base_url=self.url, trust_env=False, timeout=30) as client:
            for turn in range(10_000):
                if self._stop.is_set():
                    return
                try:
                    reply = client.post("/v1/predict", json={"text": TEXTS[(number + turn) % len(TEXTS)]})
                except httpx.TransportError:
                    # The service is gone; so is this client.
                    self.broken += 1
                    return
                self.statuses[reply.status_code] += 1
                if reply.status_code == 200:
                    self.ids.append(reply.json()["id"])
                else:
                    assert "label" not in reply.json()


@pytest.fixture(scope="module")
def server():
    with running() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'predictions.db'}"
    server = request.getfixturevalue("server")
    return server.url(server.new_database())


def logged(url):
    """How often each id is in the log."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as log:
            return Counter(row[0] for row in log.execute("SELECT id FROM predictions"))
    import psycopg

    with psycopg.connect(url) as log:
        return Counter(row[0] for row in log.execute("SELECT id FROM predictions").fetchall())


def killed_under_load(serve, models, folder, url, rounds, seed, *options):
    drawn, acknowledged = random.Random(seed), []
    for _ in range(rounds):
        service = serve(folder, models / "hardened", "--log", url, *options)
        with Load(service.url) as load:
            time.sleep(drawn.uniform(0.1, 1.0))
            service.kill()
        acknowledged += load.ids
    last = serve(folder, models / "hardened", "--log", url)
    assert last.get("/readyz").json()["log"] == "ok"
    assert last.stop() == 0
    found = logged(url)
    assert len(acknowledged) == len(set(acknowledged)) > 10 * rounds
    assert set(acknowledged) <= set(found)
    assert set(found.values()) == {1}


def test_killed_under_load_nothing_acknowledged_is_lost(serve, models, tmp_path):
    killed_under_load(serve, models, tmp_path, f"sqlite:///{tmp_path / 'predictions.db'}", rounds=2, seed=1)


@pytest.mark.slow
def test_killed_at_twenty_moments_under_load_nothing_acknowledged_is_lost(serve, models, tmp_path, url):
    killed_under_load(serve, models, tmp_path, url, rounds=20, seed=2)


@pytest.mark.slow
def test_several_workers_killed_under_load_lose_nothing_either(serve, models, tmp_path):
    url = f"sqlite:///{tmp_path / 'predictions.db'}"
    killed_under_load(serve, models, tmp_path, url, 3, 3, "--workers", "2")


def away_under_load(serve, models, folder, server, seconds):
    url = server.url(server.new_database())
    service = serve(folder, models / "hardened", "--log", url)
    with Load(service.url) as load:
        time.sleep(1)
        server.stop("immediate")
        time.sleep(seconds / 2)
        during = service.get("/readyz")
        metrics = service.get("/metrics").text
        time.sleep(seconds / 2)
        server.start()
        service.wait_for("log_back")
        time.sleep(0.5)
    assert (during.status_code, during.json()["status"], during.json()["log"]) == (200, "degraded", "spooling")
    assert during.json()["spooled_rows"] > 0
    assert 'roadworthy_log_state{state="spooling"} 1.0' in metrics
    assert set(load.statuses) == {200}
    assert not load.broken
    assert service.get("/readyz").json()["log"] == "ok"
    assert service.stop() == 0
    assert logged(url) == Counter(load.ids)
    assert service.events("log_away")
    assert service.events("spool_replayed")
    assert not list((folder / "predictions.spool").glob("*.jsonl"))


def test_a_database_that_is_away_costs_no_answer(serve, models, tmp_path, server):
    away_under_load(serve, models, tmp_path, server, seconds=2)


@pytest.mark.slow
def test_a_database_that_is_away_for_ten_seconds_costs_no_answer(serve, models, tmp_path, server):
    away_under_load(serve, models, tmp_path, server, seconds=10)


@pytest.mark.slow
def test_a_database_that_is_away_from_the_start_costs_no_answer(serve, models, tmp_path, server):
    url = server.url(server.new_database())
    server.stop()
    try:
        service = serve(tmp_path, models / "hardened", "--log", url)
        answers = [service.predict(text).json()["id"] for text in TEXTS]
        assert service.get("/readyz").json()["status"] == "degraded"
        service.kill()
    finally:
        server.start()
    again = serve(tmp_path, models / "hardened", "--log", url)
    again.wait_for("spool_replayed")
    assert again.stop() == 0
    assert logged(url) == Counter(answers)


@contextmanager
def small_disk(folder):
    """A disk of a few megabytes, in memory."""
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no small disk can be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_gives_no_answer_rather_than_one_that_is_not_logged(serve, models, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        url = f"sqlite:///{disk / 'predictions.db'}"
        service = serve(tmp_path, models / "hardened", "--log", url, "--spool", disk / "spool")
        before = [service.predict(text).json()["id"] for text in TEXTS]
        fill(disk / "ballast")
        with Load(service.url, clients=4) as load:
            service.wait_for("log_failing")
            time.sleep(0.5)
        refused = service.predict("where is my order")
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        assert "label" not in refused.json()
        assert service.get("/readyz").status_code == 503
        assert service.get("/healthz").status_code == 200
        assert 'roadworthy_log_state{state="failing"} 1.0' in service.get("/metrics").text
        (disk / "ballast").unlink()
        service.wait_for("log_back")
        after = [service.predict(text).json()["id"] for text in TEXTS]
        assert service.get("/readyz").json()["log"] == "ok"
        assert service.stop() == 0
        found = logged(url)
        assert set(load.statuses) == {200, 503}
        assert {*before, *load.ids, *after} <= set(found)
        assert set(found.values()) == {1}


def fill(file):
    """Leave hardly any space on a file's disk."""
    with file.open("wb", buffering=0) as ballast:
        for size in (1 << 16, 1 << 12):
            while True:
                try:
                    if ballast.write(b"\0" * size) < size:
                        break
                except OSError:
                    break
    free = os.statvfs(file).f_bavail
    assert free < 4
