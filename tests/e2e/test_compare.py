"""A bad retrain, from the terminal: last night's job trained on noisy labels, and the comparison says so."""

import csv
import json
import random
import re
import shutil

import pytest

from roadworthy import support_desk


def write(file, data, labels=None):
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["text", "label"])
        rows.writerows(zip(data.texts, labels or data.labels, strict=True))


@pytest.fixture(scope="module")
def retrained(tmp_path_factory, run, empty_store):
    """A folder in which a model was trained twice, the second time on labels of which three in ten are wrong."""
    folder = tmp_path_factory.mktemp("retrained")
    train = support_desk.load_train()
    draw, labels = random.Random(0), list(train.labels)
    for row in draw.sample(range(len(labels)), len(labels) * 3 // 10):
        labels[row] = draw.choice([label for label in train.classes if label != labels[row]])
    write(folder / "train.csv", train)
    write(folder / "noisy.csv", train, labels)
    write(folder / "clean.csv", support_desk.load_clean_test())
    write(folder / "real.csv", support_desk.load_real_style())
    shutil.copy(empty_store, folder)
    runs = []
    for data in ("train.csv", "noisy.csv"):
        ended = run("train", data, "--recipe", "notebook", "--out", data.removesuffix(".csv"), cwd=folder)
        assert ended.returncode == 0, ended.stderr
        runs.append(re.search(r"run ([0-9a-f]{32})", ended.stderr)[1])
    return folder, runs


def test_the_comparison_says_what_changed_and_what_broke(retrained, run):
    folder, (before, after) = retrained
    options = ("--real", "real.csv", "--oos-label", "out_of_scope", "--out", "report")
    ended = run("compare", before, after, "clean.csv", *options, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    assert "WORSE" in ended.stdout
    assert "168 relabelled, 0 gone, 0 new" in ended.stdout
    assert f"Only run {before[:8]} answers these rightly" in ended.stdout
    assert "Internal" not in ended.stderr
    assert sorted(file.name for file in (folder / "report").iterdir()) == [
        "changes.json",
        "comparison.html",
        "comparison.json",
        "comparison.md",
    ]


@pytest.mark.slow
def test_the_report_opens_without_a_network(retrained, run, browser):
    folder, (before, after) = retrained
    assert run("compare", before, after, "clean.csv", "--out", "page", cwd=folder).returncode == 0
    page = browser.new_page(viewport={"width": 390, "height": 800})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "page" / "comparison.html").as_uri())
    assert page.locator("h1").inner_text().upper().startswith("WORSE")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert len(asked) == 1
    page.close()


@pytest.mark.slow
def test_a_pipeline_can_stop_on_it(retrained, run):
    folder, (before, after) = retrained
    ended = run("compare", before, after, "clean.csv", "--fail-if-worse", "--json", cwd=folder)
    assert ended.returncode == 1
    document = json.loads(ended.stdout)
    assert document["comparison"]["verdict"] == "worse"
    assert document["changes"]["messages"]["relabelled"] == 168
    assert run("compare", after, before, "clean.csv", "--fail-if-worse", cwd=folder).returncode == 0
