"""The page: what it shows of answers and traffic, that nothing in it acts, and that no other site can ask by it."""

import itertools
import re
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from math import inf, nan

import anyio
import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import Response
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.guard import REASONS
from roadworthy.serve.explain import Explanation
from roadworthy.serve.page import add_page
from roadworthy.serve.page_view import (
    HEIGHT,
    LONGEST_TEXT,
    REASON_WORDS,
    about_view_of,
    answer_view_of,
    live_view_of,
)
from roadworthy.serve.problems import Problem
from roadworthy.serve.shown import About, Flagged, Minute, Refused, Shown, Traffic

NOW = datetime(2026, 11, 22, 19, 13, 40, tzinfo=UTC)
EXPLAINED = Explanation((("where is ", False), ("pizza", True)), (("refund", 0.2), ("cancel", 0.004)))
SHOWN = {
    "label": "order_status",
    "confidence": 0.75,
    "familiarity": 0.5,
    "verdict": "trusted",
    "reasons": (),
    "sent": "order_status",
    "id": "0199-7",
    "explanation": EXPLAINED,
    "threshold": 0.25,
    "model": "desk",
    "version": "3f2a",
}
INSPECTION = {"verdict": "pass", "time": "2026-11-02T19:13:00Z", "messages": "test.csv", "n": 240}
ABOUT = About("desk", "3f2a", "run7", INSPECTION, 0.1, "answer")
QUIET = Traffic((), {}, (), "ok", 0)
HOSTILE = "<script>alert(1)</script> \u202e\x1b[31m \"'><img src=x onerror=alert(1)>"


def shown(**changed):
    return Shown(**{**SHOWN, **changed})


class Desk:
    """The page around answers and traffic that a test sets; what it was asked is kept."""

    def __init__(self, found=None, traffic=QUIET, about=ABOUT, **options):
        self.found, self.traffic, self.about = found, traffic, about
        self.asked, self.closed = [], False
        self.app = FastAPI(openapi_url=None)
        self.app.add_exception_handler(Problem, self._problem)
        add_page(
            self.app,
            ask=self._ask,
            traffic=self._traffic,
            about=lambda: self.about,
            authorise=self._authorise,
            **options,
        )

    async def _problem(self, request, problem):
        return Response(problem.body("7"), problem.status, media_type="application/problem+json")

    async def _ask(self, text, request_id):
        self.asked.append((text, request_id))
        return self.found or shown()

    async def _traffic(self):
        return self.traffic

    def _authorise(self, request):
        if self.closed:
            raise Problem(401, "no-key", "a key is needed")

    def send(self, method="GET", path="/", **options):
        async def send():
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client:
                return await client.request(method, path, **options)

        return anyio.run(send)

    def post(self, text="where is pizza", **options):
        return self.send("POST", data={"text": text}, **options)


class Markup(HTMLParser):
    """The tags, attributes and texts of a page, whose elements are closed in order."""

    def __init__(self, document):
        super().__init__()
        self.open, self.ids, self.tags, self.attributes, self.texts = [], [], [], set(), []
        self.feed(document)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attributes}
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in {"meta", "link"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())


def text_of(response):
    return Markup(response.text).text


# The form


def test_the_page_opens_with_a_form_and_no_answer():
    response = Desk().send()
    page = Markup(response.text)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert {"form", "label", "textarea", "button"} <= set(page.tags)
    assert "article" not in page.tags
    assert "Last inspection: pass, 2 November 2026 on test.csv (240 messages)" in page.text
    assert "Guard flags up to 10 % of ordinary messages" in page.text
    assert "answered, and marked as flagged" in page.text


def test_a_trusted_answer_shows_label_verdict_and_why():
    desk = Desk()
    response = desk.post()
    text = text_of(response)
    assert response.status_code == 200
    assert [asked for asked, _ in desk.asked] == ["where is pizza"]
    assert "<title>Trusted: desk | Roadworthy</title>" in response.text
    assert "trusted order_status" in text
    assert "Confidence 75 %" in text
    assert "Familiarity 0.500 The guard trusts from 0.250 on" in text
    assert "refund 20 % cancel 0.4 %" in text
    assert "Answered by desk, version 3f2a; prediction 0199-7" in text
    assert "where is <mark>pizza</mark>" in response.text
    assert "Marked: 1 piece that" in text
    assert "The service sends" not in text


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("order_status", "The service sends this label, and says that it is not to be trusted."),
        (None, "The service sends no label for it."),
        ("a_person", "The service sends the label “a_person” instead."),
    ],
)
def test_a_flagged_answer_says_each_reason_and_what_is_sent(sent, said):
    text = text_of(Desk(shown(verdict="flagged", reasons=REASONS, sent=sent)).post())
    assert "flagged order_status" in text
    assert said in text
    for reason in REASONS:
        assert f"{reason.replace('_', ' ')} {REASON_WORDS[reason]}" in text


def test_every_reason_of_the_guard_has_its_words():
    assert set(REASON_WORDS) == set(REASONS)


def test_an_answer_without_guard_confidence_or_label_claims_none():
    bare = Explanation((("x", False),), (), knows_words=False)
    found = shown(label=None, confidence=nan, familiarity=nan, threshold=None, explanation=bare, reasons=("new_one",))
    text = text_of(Desk(found).post())
    assert "No label" in text
    assert "Confidence – The model states none." in text
    assert "There is no guard: every answer counts as trusted." in text
    assert "What else it might be" not in text
    assert "hold" not in text.partition("The last hour")[0]
    assert "new one" in text


def test_a_threshold_that_everything_passes_is_not_drawn():
    view = answer_view_of(shown(threshold=-inf))
    assert view.familiarity.mark is None
    assert "How much it is like the training messages." in text_of(Desk(shown(threshold=-inf)).post())


def test_a_message_without_unfamiliar_words_says_so():
    text = text_of(Desk(shown(explanation=Explanation((("my order", False),), ()))).post())
    assert "The training messages hold every word of it." in text


@pytest.mark.parametrize("status", [422, 503])
def test_a_refused_message_shows_the_detail_beside_the_form_and_no_label(status):
    response = Desk(Refused("text is blank; send a message", status)).post(" x ")
    assert response.status_code == status
    assert "<title>Refused: desk" in response.text
    assert 'aria-invalid="true" aria-describedby="problem"' in response.text
    assert "No answer: text is blank; send a message." in text_of(response)
    assert ">\n x </textarea>" in response.text
    assert "<article" not in response.text
    assert "order_status" not in response.text


@pytest.mark.parametrize(
    ("content", "kind", "status", "said"),
    [
        (b'{"text": "x"}', "application/json", 415, "application/x-www-form-urlencoded"),
        (b"text=" + b"x" * 2_000, None, 413, "over 1,000 bytes"),
        (b"text=%ff", None, 400, "URL-encoded UTF-8"),
        (b"text=\xc3\xa9", None, 400, "URL-encoded UTF-8"),
        (b"&".join([b"a=1"] * 20), None, 400, "URL-encoded UTF-8"),
        (b"text=a&text=b", None, 400, "several messages"),
    ],
)
def test_what_is_no_form_is_refused_before_the_model_is_asked(content, kind, status, said):
    desk = Desk(max_body=1_000)
    headers = {"Content-Type": kind or "application/x-www-form-urlencoded; charset=utf-8"}
    response = desk.send("POST", content=content, headers=headers)
    assert response.status_code == status
    assert said in text_of(response)
    assert desk.asked == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", ""),
        (b"other=1", ""),
        (b"text=", ""),
        (b"text=two%0D%0Alines", "two\nlines"),
        (b"text=%F0%9F%98%A1+%26%00", "😡 &\0"),
    ],
)
def test_the_message_arrives_as_a_program_would_send_it(content, text):
    desk = Desk()
    assert desk.send("POST", content=content, headers={"Content-Type": "application/x-www-form-urlencoded"}).is_success
    assert [asked for asked, _ in desk.asked] == [text]


def test_the_id_of_the_request_is_passed_on_or_made():
    desk = Desk()
    desk.post()
    desk.post(headers={"X-Request-ID": "r-1"})
    made, given = (request_id for _, request_id in desk.asked)
    assert re.fullmatch(r"[0-9a-f-]{36}", made)
    assert given == "r-1"


# What it keeps out


@pytest.mark.parametrize("path", ["/", "/live", "/static/page.css", "/static/page.js"])
def test_nothing_but_its_own_style_and_script_may_run(path):
    headers = Desk().send(path=path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert ("no-store" in headers["cache-control"]) == ("static" not in path)


def test_hostile_text_is_inert_wherever_it_stands():
    explained = Explanation(((HOSTILE, True),), ((HOSTILE, 0.5),))
    everywhere = dict.fromkeys(("label", "sent", "id", "model", "version"), HOSTILE)
    found = shown(**everywhere, verdict="flagged", reasons=(HOSTILE,), explanation=explained)
    minute = Minute(datetime.now(UTC), 1, 1, 1)
    traffic = Traffic((minute,), {HOSTILE: 1}, (Flagged(NOW, HOSTILE, HOSTILE, (HOSTILE,)),), HOSTILE, 1)
    about = About(HOSTILE, HOSTILE, HOSTILE, dict.fromkeys(INSPECTION, HOSTILE), 0.1, HOSTILE)
    plain = Markup(Desk(shown(verdict="flagged", reasons=("x",)), replace_text(traffic), ABOUT).post().text)
    for answer in (found, Refused(HOSTILE)):
        document = Desk(answer, traffic, about).post(HOSTILE).text
        page = Markup(document)
        assert page.tags.count("script") == 1
        assert "img" not in page.tags
        assert page.attributes <= plain.attributes | {"aria-invalid", "aria-describedby", "role"}
        assert not re.search("[\u202e\x1b]", document)


def replace_text(traffic):
    return Traffic(traffic.minutes, {"x": 1}, (Flagged(NOW, "x", "x", ("x",)),), "ok", 0)


def test_there_is_neither_style_nor_script_within_the_page():
    minute = Minute(datetime.now(UTC), 3, 2, 1)
    busy = Traffic((minute,), {"too_long": 2}, (Flagged(NOW, "x", "y", ()),), "failing", 0)
    page = Markup(Desk(shown(verdict="flagged", reasons=("too_long",)), busy).post().text)
    assert not {name for name in page.attributes if name == "style" or name.startswith("on")}
    assert "style" not in page.tags
    assert len(page.ids) == len(set(page.ids))


@given(st.text(max_size=40))
def test_any_message_leaves_the_page_whole(text):
    explained = Explanation(tuple((piece, n % 2 == 0) for n, piece in enumerate(text)), ((text, 0.1),))
    Markup(Desk(shown(explanation=explained, label=text)).post(text).text)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://desk.test"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://behind-a-proxy.test"}, 200),
        ({"Origin": "http://desk.test"}, 200),
        ({"Origin": "HTTP://DESK.test"}, 200),
        ({"Origin": "http://desk.test:81"}, 403),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "http://desk.test.evil.test"}, 403),
        ({"Origin": "http://desk.test@evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://["}, 403),
    ],
)
def test_a_form_of_another_site_is_refused(headers, status):
    desk = Desk()
    response = desk.post(headers=headers)
    assert response.status_code == status
    assert len(desk.asked) == (status == 200)
    if status == 403:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["type"] == "urn:roadworthy:problem:cross-site-form"


def test_who_may_not_see_the_page_sees_nothing_of_it():
    desk = Desk()
    desk.closed = True
    answers = [desk.send(), desk.post(), desk.post(headers={"Origin": "http://evil.test"}), desk.send(path="/live")]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert desk.asked == []


def test_other_methods_are_not_allowed_and_nothing_is_in_the_schema():
    desk = Desk()
    refused = desk.send("PUT")
    assert refused.status_code == 405
    assert {*refused.headers["allow"].split(", ")} == {"GET", "HEAD", "POST"}
    assert desk.app.openapi()["paths"] == {}
    assert desk.send("HEAD").content == b""


# Style and script


def test_style_and_script_may_be_kept_for_good_as_their_address_says_what_they_hold():
    desk = Desk()
    found = re.findall(r'(?:href|src)="(static/[^"]+)"', desk.send().text)
    assert len(found) == 2
    for address in found:
        response = desk.send(path=f"/{address}")
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
    assert desk.send(path="/static/page.css").headers["content-type"] == "text/css; charset=utf-8"
    assert desk.send(path="/static/page.js").headers["content-type"].startswith("text/javascript")


def test_the_style_has_the_colours_of_the_report_and_no_motion():
    style = Desk().send(path="/static/page.css").text
    assert style.startswith(":root{color-scheme:light dark;--paper:")
    assert "prefers-color-scheme:dark" in style
    used, defined = set(re.findall(r"var\((--[\w-]+)\)", style)), set(re.findall(r"(--[\w-]+):", style))
    assert used <= defined
    assert not re.search(r"transition|animation|url\(|@import", style)


# Live traffic


def test_live_is_the_same_fragment_that_stands_in_the_page():
    traffic = Traffic((), {}, (Flagged(NOW, "my [email]", "refund", ("too_long",)),), "ok", 0)
    desk = Desk(traffic=traffic)
    fragment = desk.send(path="/live").text
    assert "<html" not in fragment
    assert fragment.strip() in desk.send().text
    assert "my [email]" in fragment


@pytest.mark.parametrize(
    ("log", "spooled", "said"),
    [
        ("ok", 0, "The log is written: every prediction is kept."),
        ("spooling", 1, "The log’s database is away. Predictions are kept on disk meanwhile"),
        ("spooling", 1_234, "when it is back: 1,234 predictions wait."),
        ("failing", 0, "The log is failing: no prediction can be kept. Messages get no answer"),
    ],
)
def test_the_state_of_the_log_is_said(log, spooled, said):
    assert said in text_of(Desk(traffic=Traffic((), {}, (), log, spooled)).send(path="/live"))


def test_traffic_that_cannot_be_read_is_said_and_the_form_stays():
    response = Desk(traffic=None).post()
    assert "The log cannot be read just now, so there are no figures." in text_of(response)
    assert "trusted" in text_of(response)


def test_without_traffic_there_is_no_drawing():
    view = live_view_of(QUIET, NOW)
    assert (view.total, view.bars, view.says) == ("0", (), "No messages in the last hour.")
    assert [share for _, _, share in view.mix] == ["–"] * 3
    text = text_of(Desk().send(path="/live"))
    assert "No message came in the last hour." in text
    assert "Why messages were flagged" not in text


def test_the_mix_and_the_bars_agree_with_the_counts():
    minutes = (
        Minute(NOW - timedelta(minutes=59, seconds=40), 3, 0, 0),
        Minute(NOW - timedelta(seconds=40), 4, 3, 1),
        Minute(NOW - timedelta(minutes=30, seconds=40), 0, 0, 0),
    )
    view = live_view_of(Traffic(minutes, {}, (), "ok", 0), NOW)
    assert view.total == "11"
    assert [(fate, n) for fate, n, _ in view.mix] == [("trusted", "7"), ("flagged", "3"), ("refused", "1")]
    assert view.scale == ("8", "4", "0")
    assert view.times == ("18:14", "18:44", "19:13")
    first, last = view.bars
    assert first.says == "18:14 UTC: 3 trusted"
    assert last.says == "19:13 UTC: 4 trusted, 3 flagged, 1 refused"
    assert 0 < first.left < 1
    assert last.left + view.bar_width < 100
    assert sum(part.height for part in last.parts) == HEIGHT
    assert last.parts[-1].top == 0
    assert "11 in all" in view.says
    assert "The busiest minute was 19:13 UTC with 8." in view.says


def test_minutes_outside_the_hour_are_left_out_whatever_their_time_zone():
    east = timezone(timedelta(hours=5, minutes=30))
    starts = [NOW - timedelta(hours=1), NOW + timedelta(minutes=1), NOW.astimezone(east) - timedelta(minutes=5)]
    view = live_view_of(Traffic(tuple(Minute(start, 1, 0, 0) for start in starts), {}, (), "ok", 0), NOW)
    assert view.total == "1"
    assert view.bars[0].says == "19:08 UTC: 1 trusted"


@given(st.lists(st.tuples(*[st.integers(0, 10**6)] * 3), max_size=60))
def test_bars_stay_in_the_drawing_and_stack_without_gaps(counts):
    minutes = tuple(Minute(NOW - timedelta(minutes=n), *row) for n, row in enumerate(counts))
    view = live_view_of(Traffic(minutes, {}, (), "ok", 0), NOW)
    for bar in view.bars:
        assert 0 <= bar.left <= 100 - view.bar_width
        for below, above in itertools.pairwise(bar.parts):
            assert above.top + above.height == pytest.approx(below.top, abs=0.02)
        assert bar.parts[0].top + bar.parts[0].height == pytest.approx(HEIGHT, abs=0.02)
        assert bar.parts[-1].top >= 0


def test_reasons_are_counted_the_commonest_first():
    traffic = Traffic((), {"too_long": 2, "low_confidence": 4, "empty": 0}, (), "ok", 0)
    view = live_view_of(traffic, NOW)
    assert [(name, n, length) for name, _, n, length in view.reasons] == [
        ("low confidence", "4", 100.0),
        ("too long", "2", 50.0),
    ]
    assert "It might as well belong to another class." in text_of(Desk(traffic=traffic).send(path="/live"))


def test_the_latest_flagged_messages_are_shown_as_they_were_logged():
    latest = (
        Flagged(NOW, "ring [phone]\nnow", "refund", ("too_long", "empty")),
        Flagged(NOW - timedelta(days=1), None, "order", ()),
        Flagged(NOW, "x" * 1_000, "order", ()),
    )
    first, second, third = live_view_of(Traffic((), {}, latest, "ok", 0), NOW).latest
    assert first == {
        "time": "19:13:40",
        "iso": "2026-11-22T19:13:40+00:00",
        "text": "ring [phone] ↵ now",
        "label": "refund",
        "reasons": "too long, empty",
    }
    assert second["time"] == "21 November 2026, 19:13:40"
    assert len(third["text"]) == LONGEST_TEXT
    text = text_of(Desk(traffic=Traffic((), {}, latest, "ok", 0)).send(path="/live"))
    assert "text is not kept" in text


# What is served


@pytest.mark.parametrize(
    ("inspection", "said"),
    [
        (INSPECTION, ("pass", "2 November 2026 on test.csv (240 messages)")),
        ({"verdict": "fail", "time": NOW}, ("fail", "22 November 2026")),
        ({"verdict": "fail", "time": "never"}, ("fail", "")),
        ({}, None),
        (None, None),
    ],
)
def test_the_last_inspection_is_named(inspection, said):
    about = About("desk", "1", None, inspection, None, "route")
    assert about_view_of(about).inspection == said
    text = text_of(Desk(about=about).send())
    assert ("not inspected" in text) == (said is None)


def test_facts_that_are_unknown_are_left_out():
    facts = dict(about_view_of(About("desk", "1", None, None, None, "refuse")).facts)
    assert facts == {
        "Version": "1",
        "Guard": "none: every answer counts as trusted",
        "Flagged messages": "refused: no label is sent",
    }
