"""The real thing: commands in processes of their own, a browser, a folder in which the demo has run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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
def demo(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess]:
    """A folder in which `roadworthy demo` has run, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, roadworthy("demo", cwd=folder)


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
