"""What the demo's screen shows, and by which rule it chooses its messages."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from roadworthy import inspect, support_desk
from roadworthy.demo import Story, print_story
from roadworthy.demo.comparison import changed_answers
from roadworthy.demo.screen import confident_and_right, worth_showing
from roadworthy.demo.story import Guarded, Reply
from roadworthy.report.wording import cell, percent
from roadworthy.training.notebook import train_notebook


def reply(text="where is my parcel", *, label="a", predicted="b", confidence=0.3, kind="slang", unseen=()):
    return Reply(text, kind, label, 200, predicted, confidence, unseen)


@pytest.fixture(scope="module")
def inspection():
    real = support_desk.load_real_style()
    pipeline = train_notebook(support_desk.load_train()).pipeline
    return inspect(pipeline, support_desk.load_clean_test(), real=real, oos_label="out_of_scope", suite="quick")


def screen(inspection, replies, **changes):
    story = Story(
        training_messages=560,
        intents=10,
        training_accuracy=1.0,
        url="http://127.0.0.1:1/predict",
        clean=(reply(predicted="a", confidence=0.9),),
        real_style=replies,
        guarded=changes.get("guarded", ()),
        inspection=inspection,
        hardened=inspection,
        report="report.html",
        hardened_report="report-hardened.html",
        artifact="hardened",
        tracked=changes.get("tracked"),
    )
    console = Console(width=100, file=io.StringIO())
    print_story(story, console)
    return console.file.getvalue(), story


OUTSIDE = reply("do you sell kites?", label="out_of_scope", kind="out_of_scope", confidence=0.8)


def test_clean_examples_are_the_most_confident_right_ones_one_an_intent():
    replies = [reply(predicted="a", confidence=c) for c in (0.5, 0.9)] + [reply(), reply("x" * 60, predicted="a")]
    assert [shown.confidence for shown in confident_and_right(replies, 3)] == [0.9]


def test_shown_failures_are_of_every_sort():
    lost = reply("wheres my pcl", unseen=("wheres", "pcl"), confidence=0.2)
    sure = reply("return of the order", confidence=0.95, kind="emoji")
    shown = worth_showing([reply(predicted="a"), lost, OUTSIDE, sure, reply("short"), reply("y" * 80)])
    assert shown == [lost, OUTSIDE, sure]


def test_hostile_messages_stay_text(inspection):
    hostile = reply("[bold]free[/bold] [/x] money", unseen=("free",))
    printed, _ = screen(inspection, (hostile, OUTSIDE))
    assert "[bold]free[/bold] [/x] money" in printed


def test_the_screen_shows_the_figures_of_the_inspection(inspection):
    failed = replace(OUTSIDE, status=503)
    printed = screen(inspection, (reply(), failed))[0].replace("\u00a0", " ")
    assert "it answered 200 OK 2 times, 503 1 times." in printed
    real, slang = inspection.group("real"), inspection.group("real/slang")
    correct = next(line for line in printed.splitlines() if line.startswith("answered correctly"))
    assert str(cell(real.accuracy_all)).replace("\u00a0", " ") in correct
    assert percent(slang.accuracy.value).replace("\u00a0", " ") in printed
    outside = inspection.group("real/out_of_scope")
    assert "240 of these messages belong to no intent. Every one was given one: " in printed
    assert f"became {outside.sink.label}." in printed


def test_without_a_wrong_answer_nothing_piles_up(inspection):
    groups = tuple(group.model_copy(update={"sink": None}) for group in inspection.groups)
    printed = screen(inspection.model_copy(update={"groups": groups}), (reply(), OUTSIDE))[0]
    assert "Every one was given one." in printed


def test_the_run_is_told_where_there_is_one(inspection):
    printed, story = screen(inspection, (reply(), OUTSIDE), tracked="run 1 in a store")
    assert "MLflow  run 1 in a store" in printed
    assert '"tracked": "run 1 in a store"' in story.to_json()
    assert "MLflow" not in screen(inspection, (reply(), OUTSIDE))[0]


def test_the_command_is_one_that_the_reader_can_run(inspection, monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("sys.executable", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.chdir(tmp_path)
    printed, _ = screen(inspection, (reply(), OUTSIDE))
    assert "Yours   .venv/bin/roadworthy train" in printed
    assert "        .venv/bin/roadworthy inspect model" in printed


def test_of_wrong_answers_some_are_right_now_and_others_flagged_for_each_reason(inspection):
    replies = tuple(reply(f"a message number {i}", label="a", confidence=i / 10) for i in range(6))
    guarded = (
        Guarded("a message number 0", "a", "a", 0.9, ()),
        Guarded("a message number 1", "a", "b", 0.2, ("low_confidence",)),
        Guarded("a message number 2", "a", "b", 0.2, ("low_confidence", "out_of_scope")),
        Guarded("a message number 3", "a", "b", 0.2, ("out_of_scope",)),
        Guarded("a message number 4", "a", "b", 0.9, ()),
        Guarded("a message number 5", "a", "a", 0.9, ("out_of_scope",)),
        Guarded("another message", "a", "a", 0.9, ()),
    )
    printed, story = screen(inspection, replies, guarded=guarded)
    assert [found.text[-1] for found in changed_answers(story)] == ["0", "3", "2"]
    assert "⚑ low confidence + out of scope" in printed
    assert "report-hardened.html" in printed
