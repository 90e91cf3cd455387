"""The real thing: commands in processes of their own, a browser, a folder in which the demo has run."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_collection_modifyitems(items):
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.e2e)


def roadworthy(*arguments, cwd, **environment):
    """Run the command as a user would; return the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "roadworthy", *map(str, arguments)],
        cwd=cwd,
        env={key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"} | environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture(scope="session")
def run():
    return roadworthy


@pytest.fixture(scope="session")
def demo(shared) -> tuple[Path, subprocess.CompletedProcess]:
    """A folder in which `roadworthy demo` has run, and what it printed."""

    def tell(folder: Path) -> None:
        told = roadworthy("demo", cwd=folder)
        (folder.parent / "demo.json").write_text(json.dumps([told.args, told.returncode, told.stdout, told.stderr]))

    folder = shared("demo", tell)
    return folder, subprocess.CompletedProcess(*json.loads((folder.parent / "demo.json").read_text()))


def program(*names):
    """The first of some programs; without any the test skips, in CI it fails."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        reason = f"none of {', '.join(names)} is installed"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """Chromium; closed after each module, as Playwright's event loop would stand in the way of other tests."""
    from playwright.sync_api import sync_playwright

    path = program("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        yield chromium
        chromium.close()


def serve_command(cwd, environment):
    """What starts a service: this environment's own, or a container, where test_container.py tells how one is run."""
    told = os.environ.get("SERVICE_COMMAND")
    if told is None:
        return [sys.executable, "-m", "roadworthy", "serve"]
    variables = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    run, container = json.loads(told)
    return [*run, "--workingdir", str(cwd), *variables, container, "--", "roadworthy", "serve"]


class Service:
    """A started `roadworthy serve`: its address, its process, and what it writes into its log."""

    def __init__(self, cwd, *arguments, wait=120, **environment):
        self.cwd = Path(cwd)
        self.log = self.cwd / f"service-{next(_NUMBERS)}.log"
        command = [*serve_command(cwd, environment), *map(str, arguments)]
        if "--port" not in command:
            command += ["--port", "0"]
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                command, cwd=cwd, stderr=file, stdout=file, env={**os.environ, **environment}, start_new_session=True
            )
        try:
            [listening] = self.wait_for("listening", seconds=wait)
            self.url = listening["url"]
            self._wait_until_up(wait)
        except BaseException:
            self.kill()
            raise

    def events(self, name=None):
        """What it said so far, a dict a line; lines that are none are errors."""
        lines = self.log.read_text(encoding="utf-8").splitlines(keepends=True)
        found = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in found if name in (None, event["event"])]

    def wait_for(self, name, *, count=1, seconds=120):
        """The events of one name, once there are so many."""
        end = time.monotonic() + seconds
        while len(found := self.events(name)) < count:
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < end, f"no {name} in {self.log.read_text(encoding='utf-8')}"
            time.sleep(0.02)
        return found

    def _wait_until_up(self, seconds):
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{self.url}/healthz", trust_env=False)
                return
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < end
            time.sleep(0.05)

    def client(self, **options):
        return httpx.Client(base_url=self.url, trust_env=False, timeout=30, **options)

    def predict(self, text, **options):
        with self.client() as client:
            return client.post("/v1/predict", json={"text": text}, **options)

    def get(self, path):
        with self.client() as client:
            return client.get(path)

    @property
    def server(self):
        """The process that serves, or watches over those that do: the first of ours below what was started."""
        started = psutil.Process(self.process.pid)
        if "SERVICE_COMMAND" not in os.environ:
            return started
        below = started.children(recursive=True)
        return next((one for one in below if "python" in Path(*one.cmdline()[:1]).name), started)

    def signal(self, number):
        self.server.send_signal(number)

    def stop(self, seconds=40):
        """Ask it to stop; its exit code."""
        if self.process.poll() is None:
            self.server.terminate()
        return self.process.wait(seconds)

    def kill(self):
        """End it and its workers at once."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in [self.server, *psutil.Process(self.process.pid).children(recursive=True)]:
                process.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def serve():
    """Start services; whatever still runs at the end of the session is ended."""
    started = []

    def start(cwd, *arguments, **options):
        started.append(Service(cwd, *arguments, **options))
        return started[-1]

    yield start
    for service in started:
        service.kill()
