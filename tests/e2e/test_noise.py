"""Noise like that of one's users: learned from them, looked at, used as a function, and added to by a package."""

import csv
import json
import os
import re
import subprocess
import sys

import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from roadworthy import Inspection, Profile, perturb, support_desk
from roadworthy.perturbations import families

from .test_own_model import write_csv

QUESTION = "where is my order"
PACKAGE = """
from roadworthy import Draw, Perturbation


def shout(text: str, severity: int, draw: Draw) -> str:
    return text.upper()


loud = Perturbation("shout", family="loud", change=shout)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory, models):
    """A folder with a model, its messages, and unlabelled ones of users."""
    folder = tmp_path_factory.mktemp("noise")
    (folder / "model").symlink_to(models / "hardened")
    write_csv(folder / "train.csv", support_desk.load_train())
    write_csv(folder / "clean.csv", support_desk.load_clean_test())
    with (folder / "production.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["message"], *([text] for text in support_desk.load_real_style().texts)])
    return folder


@pytest.fixture(scope="module")
def inspected(project, run):
    learned = run("profile", "production.csv", "--clean", "train.csv", "--out", "ours.json", cwd=project)
    assert learned.returncode == 0, learned.stderr
    assert "a classifier tells your users' messages from simulated ones with an AUC of" in learned.stdout
    found = run(
        "inspect", "model", "clean.csv", "--profile", "ours.json", "--suite", "quick", "--no-track", cwd=project
    )
    assert found.returncode == 0, found.stderr
    return found


def test_a_model_is_inspected_under_noise_like_that_of_its_users(inspected, project):
    assert "Noise like your users'" in inspected.stdout
    inspection = Inspection.load(project / "roadworthy-report")
    group = inspection.group("profile: ours/3")
    assert (group.n, inspection.settings.profile) == (240, "ours")
    assert group.changed.value > 0.9
    card = inspection.profile
    assert (card.messages, card.held_out) == (1_100, True)
    assert card.from_simulated.high < card.from_clean.low
    lower = next(habit for habit in card.habits if habit.name == "lowercase")
    assert lower.simulated.value == pytest.approx(lower.users.value, abs=0.1)
    assert "Noise like your users" in (project / "roadworthy-report" / "report.md").read_text(encoding="utf-8")


def test_without_clean_messages_a_profile_starts_from_those_of_the_inspection(project, run):
    learned = run("profile", "production.csv", "--out", "alone.json", cwd=project)
    assert learned.returncode == 0, learned.stderr
    options = ("--suite", "quick", "--no-track", "--out", "alone", "--json")
    found = run("inspect", "model", "clean.csv", "--profile", "alone.json", *options, cwd=project)
    assert found.returncode == 0, found.stderr
    card = Inspection.load(project / "alone").profile
    assert card.from_simulated.high < card.from_clean.low
    assert card.held_out
    for name in ("lowercase", "no_final_mark", "shorthand"):
        habit = next(habit for habit in card.habits if habit.name == name)
        assert habit.simulated.value == pytest.approx(habit.users.value, abs=0.1), name


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_report_draws_their_habits_beside_the_simulated(inspected, project, browser, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto((project / "roadworthy-report" / "report.html").as_uri())
    section = page.locator("section[aria-labelledby=h-noise]")
    drawn = [one for one in section.locator("figure svg").all() if one.is_visible()]
    assert len(drawn) == 2
    assert {"lower case only", "yours", "simulated", "clean"} <= set(drawn[0].locator("text").all_text_contents())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_messages_are_perturbed_from_the_shell_and_in_python(run, project):
    told = run("perturb", QUESTION, "--family", "typos", "--severity", "3", cwd=project)
    assert told.stdout == perturb(QUESTION, "typos", severity=3, seed=0) + "\n" != QUESTION + "\n"
    run("perturb", "clean.csv", "--family", "typos", "--severity", "3", "--out", "typos.csv", cwd=project)
    with (project / "typos.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    clean = list(support_desk.load_clean_test().texts)
    assert [row["text"] for row in rows] == perturb(clean, "typos", severity=3, seed=0)
    assert [row["clean_text"] for row in rows] == clean


def test_a_profile_augments_what_a_pipeline_is_trained_on(inspected, project):
    ours, train, real = Profile.load(project / "ours.json"), support_desk.load_train(), support_desk.load_real_style()
    texts, asked = list(train.texts), [row for row, label in enumerate(real.labels) if label in train.classes]
    plain, augmented = (make_pipeline(CountVectorizer(), LogisticRegression(max_iter=500)) for _ in range(2))
    plain.fit(texts, train.labels)
    augmented.fit([*texts, *ours(texts, severity=3, seed=1)], [*train.labels, *train.labels])
    before, after = (
        one.score([real.texts[row] for row in asked], [real.labels[row] for row in asked]) for one in (plain, augmented)
    )
    assert after > before


def test_a_profile_is_a_step_of_a_pipeline_as_well(inspected, project):
    ours, texts = Profile.load(project / "ours.json"), list(support_desk.load_clean_test().texts)
    step = FunctionTransformer(ours, kw_args={"severity": 3, "seed": 1})
    assert make_pipeline(step).fit_transform(texts) == ours(texts, severity=3, seed=1) != texts


def test_a_package_of_one_s_own_is_known_to_every_command(project, tmp_path):
    info = tmp_path / "your_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: your-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[roadworthy.perturbations]\nshout = your_package:loud\n")
    (tmp_path / "your_package.py").write_text(PACKAGE)
    (project / "suite.toml").write_text('families = ["loud"]\nseverities = [3]\nprofile = "louder.json"\n')
    (project / "louder.json").write_text(json.dumps({"name": "louder", "steps": [{"name": "shout", "share": 0.5}]}))

    def run(*arguments):
        path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", "")]))
        return subprocess.run(
            [sys.executable, "-m", "roadworthy", *arguments],
            cwd=project, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    assert "loud" not in families()
    assert run("perturb", QUESTION, "--family", "shout").stdout == "WHERE IS MY ORDER\n"
    assert re.search(r"^loud +WHERE IS MY ORDER$", run("perturb", QUESTION).stdout, re.MULTILINE)
    found = run("inspect", "model", "clean.csv", "--suite", "suite.toml", "--no-track", "--out", "loud", "--json")
    assert found.returncode == 0, found.stderr
    groups = {group["name"]: group for group in json.loads(found.stdout)["groups"]}
    assert groups["loud"]["changed"]["value"] == 1.0
    assert 0.3 < groups["profile: louder"]["changed"]["value"] < 0.7
