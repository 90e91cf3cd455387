"""Draws the README's pictures: the demo's screen, the top of its report, and the page of its model when served.

make pictures        (needs Chromium; colour emoji where a font for them is installed)
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME

from roadworthy import support_desk
from roadworthy.demo import Story, print_story, tell_story
from roadworthy.demo.story import HARDENED

PICTURES = Path(__file__).parent / "pictures"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
MESSAGE = "any tips for a good pizza place nearby?? starving lol 🍕"
TERMINAL = """<body style="margin:0;background:#16191d"><pre style="display:inline-block;margin:0;padding:22px 26px;
color:#dfe3e8;font:14px/1.32 'DejaVu Sans Mono',monospace">{code}</pre></body>"""


def main() -> None:
    """Run the demo in a folder of its own and draw what it shows."""
    chromium = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    if chromium is None:
        raise SystemExit("pictures: no Chromium found; install it first")
    PICTURES.mkdir(exist_ok=True)
    pictures = PICTURES.resolve()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), sync_playwright() as playwright:
        story = tell_story(Path("roadworthy-demo"), track=False)
        screen = _screen(story)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        _draw(browser, screen, pictures / "demo.png", selector="pre")
        _draw(browser, Path(story.report), pictures / "report.png", height=1480)
        with _served(Path("roadworthy-demo") / HARDENED) as address:
            _draw_answer(browser, address, pictures / "service.png")
        browser.close()


def _screen(story: Story) -> Path:
    """The demo's screen as a page."""
    console = Console(width=100, record=True, highlight=False, force_terminal=True, file=io.StringIO())
    print_story(story, console)
    code = console.export_html(inline_styles=True, code_format="{code}", theme=SVG_EXPORT_THEME)
    page = Path("screen.html")
    page.write_text(f"<meta charset='utf-8'>{TERMINAL.format(code=code)}", encoding="utf-8")
    return page


@contextlib.contextmanager
def _served(model: Path) -> Iterator[str]:
    """The address of a service that answers with the demo's model."""
    command = [sys.executable, "-m", "roadworthy", "serve", str(model), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        yield next(event["url"] for event in map(json.loads, process.stderr) if event["event"] == "listening")
        process.terminate()
        process.communicate()


def _draw_answer(browser: Browser, address: str, picture: Path) -> None:
    with httpx.Client(base_url=address, trust_env=False) as client:
        for text in support_desk.load_real_style().sample(200).texts:
            client.post("/v1/predict", json={"text": text}).raise_for_status()
    tab = browser.new_page(viewport={"width": 1000, "height": 1180}, device_scale_factor=1.25)
    tab.goto(address)
    tab.get_by_role("textbox").fill(MESSAGE)
    tab.get_by_role("button").first.click()
    tab.wait_for_load_state()
    tab.screenshot(path=picture)
    print(f"{picture.name} {picture.stat().st_size // 1024} KB")


def _draw(browser: Browser, page: Path, picture: Path, *, selector: str | None = None, height: int = 900) -> None:
    tab = browser.new_page(viewport={"width": 1100, "height": height}, device_scale_factor=1.25)
    tab.goto(page.resolve().as_uri())
    if selector:
        tab.locator(selector).screenshot(path=picture)
    else:
        tab.screenshot(path=picture)
    print(f"{picture.name} {picture.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
