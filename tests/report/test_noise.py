"""The part about a profile: in every form of the report, for learned and for built-in ones, or not at all."""

import html
import io

import pytest
from rich.console import Console

from roadworthy.inspection import Habit, ProfileCard
from roadworthy.report import print_terminal
from roadworthy.report.html import render_page
from roadworthy.report.markdown import render_markdown
from roadworthy.report.noise_charts import habits_chart, told_chart
from roadworthy.report.view import view_of

from .conftest import SCRIPT, around, make_group, share

OURS = ProfileCard(
    name="ours",
    description="learned from 400 messages beside 200 clean ones",
    messages=400,
    habits=(
        Habit(name="emoji", users=share(40, 400), clean=share(0, 240), simulated=share(20, 240)),
        Habit(name="lowercase", users=share(300, 400), clean=share(2, 240), simulated=share(170, 240)),
    ),
    from_simulated=around(0.72, 0.05, 640),
    from_clean=around(0.95, 0.02, 640),
    held_out=True,
)
TEXTING = ProfileCard(name="texting", description="people who text", built_in=True)


def with_profile(inspection, card):
    groups = [
        make_group("perturbed", f"profile: {card.name}", 240, right, severity=severity)
        for severity, right in ((1, 225), (3, 210), (5, 190))
    ]
    found = inspection.model_copy(update={"groups": (*inspection.groups, *groups), "profile": card})
    return type(inspection).from_json(found.to_json())


@pytest.fixture
def ours(inspection):
    return with_profile(inspection, OURS)


def forms(found):
    out = io.StringIO()
    print_terminal(found, Console(file=out, width=100, color_system=None))
    return [out.getvalue(), render_markdown(found), html.unescape(render_page(found))]


def test_a_learned_profile_is_held_against_its_users_in_every_form(ours):
    for form in forms(ours):
        assert "Noise like your users'" in form
        assert "lower case only" in form
        assert "0.72" in form
        assert "0.95" in form


def test_a_built_in_one_is_named_and_says_how_to_learn_one(inspection):
    found = with_profile(inspection, TEXTING)
    for form in forms(found):
        assert "Noise of the profile texting" in form
        assert "lower case only" not in form
    assert "roadworthy profile MESSAGES --clean TRAINING --out FILE" in render_page(found)
    assert (habits_chart(view_of(found).noise), told_chart(view_of(found).noise)) == (None, None)


def test_without_one_nothing_is_said_of_it(inspection):
    assert all("Noise " not in form for form in forms(inspection))


def test_its_versions_are_no_family(ours, inspection):
    assert len(view_of(ours).families) == len(view_of(inspection).families)


def test_habits_come_by_how_often_users_have_them_and_are_drawn_wide_and_narrow(ours):
    noise = view_of(ours).noise
    assert [row.name for row in noise.habits] == ["lower case only", "emoji"]
    for chart in (habits_chart(noise), told_chart(noise)):
        assert chart.wide.startswith("<svg")
        assert chart.narrow.startswith("<svg")
    assert "lower case only: 75\u00a0% and 71\u00a0%" in habits_chart(noise).says


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"held_out": False}, "judged on the messages that it was learned from"),
        ({"from_simulated": None, "from_clean": None, "held_out": None}, "is not known"),
    ],
)
def test_what_is_not_known_is_said(inspection, changes, said):
    card = OURS.model_copy(update=changes)
    assert said in " ".join(render_markdown(with_profile(inspection, card)).split())


def test_what_a_profile_is_called_is_inert(inspection):
    card = OURS.model_copy(update={"name": SCRIPT, "description": SCRIPT})
    found = with_profile(inspection, card)
    assert "<script>alert" not in render_page(found)
    for form in forms(found):
        assert "\x1b[31m" not in form
        assert "\u202e" not in form
