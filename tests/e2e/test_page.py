"""The service's page in a browser: asking, being refused, watching traffic, with and without its script."""

import re
import socket
import threading
import time
from datetime import UTC, datetime

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response

from roadworthy import support_desk
from roadworthy.models import choosing, load_model
from roadworthy.serve.explain import explain
from roadworthy.serve.page import add_page
from roadworthy.serve.problems import Problem
from roadworthy.serve.shown import About, Flagged, Minute, Refused, Shown, Traffic
from roadworthy.training.hardened import train_hardened

HOSTILE = (
    "<script>document.title='pwned'</script> \u202etxet \x1b[31m <img src=x onerror=alert(1)> ' \" wher is my ordr"
)
BUSY = [(40, 9, 0), (30, 12, 3), (55, 2, 0)]


class Desk:
    """A service around a real model: the page, and traffic that a test sets."""

    def __init__(self, model):
        self.model = model
        self.traffic = Traffic((), {}, (), "ok", 0)
        self.asked = 0
        self.app = FastAPI(openapi_url=None)
        self.app.add_exception_handler(Problem, self._problem)
        add_page(self.app, ask=self._ask, traffic=self._traffic, about=self._about, authorise=lambda request: None)

    async def _problem(self, request, problem):
        return Response(problem.body("1"), problem.status, media_type="application/problem+json")

    async def _ask(self, text, request_id):
        self.asked += 1
        if not text.strip():
            return Refused("text says nothing; send a message")
        if len(text) > 5_000:
            return Refused(f"text has {len(text):,} characters; send at most 5,000")
        found, threshold = self.model.answer_one(text), self.model.guard.threshold_
        shown = explain(self.model, text)
        return Shown(*found[:3], found.verdict, found.reasons, found.label, request_id, shown, threshold, "desk", "1")

    async def _traffic(self):
        return self.traffic

    def _about(self):
        return About("desk", "1", None, None, self.model.guard.flag_rate, "answer")

    def is_busy(self, log="ok", spooled=0):
        minutes = tuple(Minute(datetime.now(UTC), *counts) for counts in BUSY)
        latest = (Flagged(datetime.now(UTC), HOSTILE, "order_status", ("unfamiliar_words",)),)
        self.traffic = Traffic(minutes, {"unfamiliar_words": 20, "too_long": 3}, latest, log, spooled)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "REPEATS", 1)
        trained = train_hardened(support_desk.load_train().sample(300))
    return load_model(trained.save(tmp_path_factory.mktemp("page") / "desk"))


@pytest.fixture
def desk(model):
    return Desk(model)


@pytest.fixture
def address(desk):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(desk.app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [free]})
        thread.start()
        end = time.monotonic() + 20
        while not server.started and time.monotonic() < end:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{free.getsockname()[1]}"
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def page(browser, address):
    """The page, opened; what the browser complains of fails the test."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("dialog", lambda dialog: complaints.append(dialog.message))
    tab.clock.install()
    tab.goto(address)
    yield tab
    tab.close()
    # A refused form is answered with its status, which Chromium tells as well.
    assert [text for text in complaints if "422" not in text] == []


def ask(page, text):
    page.get_by_role("textbox").fill(text)
    page.get_by_role("button", name="Ask").click()


def next_poll(page):
    """Wait until the script has fetched the live part again."""
    with page.expect_response("**/live") as answered:
        page.clock.run_for(5_000)
    answered.value.finished()
    page.get_by_text("Renewed every 5 seconds").wait_for()


def test_a_plain_message_is_trusted_and_a_strange_one_flagged_with_its_words_marked(page):
    ask(page, "Where is my order? I want to track my order.")
    page.get_by_role("heading", name="trusted").wait_for()
    assert page.locator("mark").count() == 0
    assert page.get_by_role("textbox").input_value() == "Where is my order? I want to track my order."
    ask(page, "qwertz zis thingamajig is kaputt blorp")
    page.get_by_role("heading", name="flagged").wait_for()
    assert {"qwertz", "thingamajig", "blorp"} <= {*page.locator("mark").all_inner_texts()}
    assert page.title() == "Flagged: desk | Roadworthy"
    assert page.locator(".reasons li").count() >= 1
    assert 1 <= page.locator(".others li").count() <= 3


@pytest.mark.parametrize(
    ("text", "said"), [("", "says nothing"), (" \n ", "says nothing"), ("a " * 3_000, "at most 5,000")]
)
def test_bad_input_is_told_beside_the_form_and_gets_no_label(page, text, said):
    ask(page, text)
    problem = page.get_by_role("alert")
    problem.wait_for()
    assert said in problem.inner_text()
    assert page.get_by_role("textbox").get_attribute("aria-describedby") == problem.get_attribute("id")
    assert page.locator("article").count() == 0


def test_hostile_messages_do_nothing(page, desk):
    desk.is_busy()
    ask(page, HOSTILE)
    page.locator("article").wait_for()
    next_poll(page)
    assert "pwned" not in page.title()
    assert page.locator("img").count() == 0
    assert "‹U+202E›" in page.locator("blockquote").inner_text()
    assert "<script>document.title='pwned'</script>" in page.locator(".latest").inner_text()
    assert "\u202e" not in page.content()


def test_the_live_part_renews_itself_and_leaves_the_form_alone(page, desk):
    page.get_by_text("No message came in the last hour.").wait_for()
    page.get_by_role("textbox").fill("half a mess")
    desk.is_busy("spooling", 12)
    next_poll(page)
    assert "151" in page.locator(".mix").inner_text()
    assert "12 predictions wait" in page.locator("#live").inner_text()
    assert (
        page.locator("svg[role=img]").get_attribute("aria-label").startswith("Messages a minute in the last hour: 151")
    )
    assert page.get_by_role("textbox").input_value() == "half a mess"
    assert page.evaluate("document.activeElement.id") == "message"
    desk.traffic = None
    next_poll(page)
    page.get_by_text("The log cannot be read just now").wait_for()


def test_it_does_not_ask_while_the_tab_is_hidden(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.clock.run_for(60_000)
    assert asked == []
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_text("Renewed every 5 seconds").wait_for()
    assert len(asked) == 1


def test_a_service_that_is_gone_is_said_and_the_figures_stay(browser, address, desk):
    desk.is_busy()
    tab = browser.new_page()
    tab.clock.install()
    tab.goto(address)
    tab.route("**/live", lambda route: route.abort())
    tab.clock.run_for(5_000)
    tab.get_by_text(re.compile(r"The service does not answer\. These figures are from \d")).wait_for()
    assert "151" in tab.locator(".mix").inner_text()
    tab.unroute("**/live")
    tab.clock.run_for(5_000)
    tab.get_by_text("Renewed every 5 seconds").wait_for()
    tab.close()


def test_without_a_script_everything_works_after_a_reload(browser, address, desk):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address)
    ask(tab, "where is my order")
    tab.locator("article").wait_for()
    desk.is_busy()
    tab.goto(address)
    assert "151" in tab.locator(".mix").inner_text()
    assert "reload the page" in tab.locator("#refresh").inner_text()
    context.close()


def test_another_site_cannot_send_the_form(browser, address, desk):
    tab = browser.new_page()
    form = f'<form method=post action="{address}/"><input name=text value=x><button>Win</button></form>'
    tab.route("http://other.test/**", lambda route: route.fulfill(body=form, content_type="text/html"))
    tab.goto("http://other.test/")
    with tab.expect_response(f"{address}/") as sent:
        tab.get_by_role("button").click()
    assert sent.value.status == 403
    assert desk.asked == 0
    tab.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_width_and_scheme_is_legible(browser, address, desk, width, scheme):
    desk.is_busy("failing")
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    tab = context.new_page()
    tab.goto(address)
    ask(tab, "qwertz " * 40 + "x" * 400)
    tab.locator("article").wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    measured = dict(tab.evaluate(CONTRAST))
    assert len(measured) > 30
    assert {name: ratio for name, ratio in measured.items() if ratio < 4.5} == {}
    context.close()


def test_the_keyboard_reaches_the_form_and_sends_it(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.type("my refund")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.locator("article").wait_for()


# WCAG 2.2's contrast of every text with what lies behind it.
CONTRAST = r"""
() => {
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = numbers(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    if (element.closest("svg")) continue;
    const one = light(numbers(getComputedStyle(element).color).slice(0, 3)), other = light(behind(element));
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    found.push([element.tagName + "." + element.className + ": " + element.textContent.slice(0, 20), ratio]);
  }
  return found;
}
"""
