"""Messages that only imitate those of users are called real-user style by every renderer, and a user's text stays."""

import html
import io
import re

import pytest
from rich.console import Console

from roadworthy.inspection.summary import Finding
from roadworthy.report import notebook_html, print_terminal, to_html, to_junit, to_markdown
from roadworthy.report.charts import confidence_chart, family_chart, real_chart
from roadworthy.report.view import view_of
from roadworthy.report.wording import NBSP

MESSAGE = "Real messages: are my real messages, and real, lost?"


def terminal(inspection):
    out = io.StringIO()
    print_terminal(inspection, Console(file=out, width=1000, color_system=None))
    return out.getvalue()


def figures(inspection):
    view = view_of(inspection)
    charts = [chart for draw in (family_chart, real_chart, confidence_chart) if (chart := draw(view))]
    return "\n".join(text for chart in charts for text in (chart.wide, chart.narrow, chart.says))


def sentences(inspection):
    """Change the sentences, so that every one of them speaks of real messages."""
    checks = tuple(c.model_copy(update={"sentence": f"drop on real messages: {c.sentence}"}) for c in inspection.checks)
    bounds = tuple(
        b.model_copy(update={"sentence": "Real in-scope messages are answered as well as real messages."})
        for b in inspection.bounds
    )
    groups = tuple(
        g.model_copy(update={"reasons": ("too few real messages",), "verdict": g.verdict or "advisory"})
        for g in inspection.groups
    )
    found = Finding(level="advisory", code="real_unlabelled", message="The real messages have no labels.")
    return {"checks": checks, "bounds": bounds, "groups": groups, "findings": (*inspection.findings, found)}


@pytest.fixture(params=["labelled", "unlabelled", "good"])
def imitated(request, inspection, unlabelled):
    found = unlabelled if request.param == "unlabelled" else inspection
    verdict = "pass" if request.param == "good" else "fail"
    message = inspection.examples[0].model_copy(update={"text": MESSAGE})
    card = found.real.model_copy(update={"authentic": False})
    changes = {**sentences(found), "real": card, "examples": (message, *found.examples), "verdict": verdict}
    return found.model_copy(update=changes)


RENDERERS = [to_html, notebook_html, to_markdown, to_junit, terminal, figures]


def shown(render, inspection):
    """What a person reads: character references resolved, and our marks around words taken out."""
    return re.sub(r"</?(?:mark|u|code)>", "", html.unescape(render(inspection))).replace(NBSP, " ")


@pytest.mark.parametrize("render", RENDERERS)
def test_messages_that_imitate_users_are_never_called_real(render, imitated):
    said = shown(render, imitated).replace(MESSAGE, "")
    assert not re.search(r"\b[Rr]eal(?: [\w-]+)? messages|\breal,|\breal/|[>(\"]real[<)\"]", said)


@pytest.mark.parametrize("render", RENDERERS[:-1])
def test_they_are_called_what_they_are(render, imitated):
    assert re.search("[Rr]eal-user[- ]style", shown(render, imitated))


@pytest.mark.parametrize("render", [to_html, notebook_html, to_markdown, terminal])
def test_a_message_of_a_user_is_left_alone(render, imitated):
    assert MESSAGE in shown(render, imitated)


def test_real_messages_stay_real(inspection):
    assert all("real messages" in render(inspection) for render in (to_html, to_markdown, to_junit, terminal))
