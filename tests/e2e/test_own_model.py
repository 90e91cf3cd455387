"""Journey 2: a data scientist inspects their own pipeline, from the shell and in a notebook."""

import csv
import xml.etree.ElementTree as ET

import nbformat
import pytest
from nbclient import NotebookClient

from roadworthy import Inspection, support_desk
from roadworthy.data import Dataset
from roadworthy.training.notebook import save_pickles, train_notebook

MODEL = "pickles:vectorizer.pkl,model.pkl"


def write_csv(path, data: Dataset):
    columns = {"text": data.texts, "label": data.labels, "kind": data.kinds}
    present = {name: values for name, values in columns.items() if values is not None}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(present)
        writer.writerows(zip(*present.values(), strict=True))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    save_pickles(train_notebook(support_desk.load_train()), folder)
    write_csv(folder / "clean.csv", support_desk.load_clean_test())
    write_csv(folder / "production_sample.csv", support_desk.load_real_style())
    return folder


@pytest.fixture(scope="module")
def inspected(project, run):
    return run(
        "inspect", MODEL, "clean.csv", "--real", "production_sample.csv", "--oos-label", "out_of_scope",
        "--allow-pickle", "--no-track", cwd=project,
    )  # fmt: skip


def test_the_verdict_stops_the_release(inspected, project):
    assert inspected.returncode == 1
    assert "FAIL" in inspected.stdout
    assert "predictions, identical texts only once" in inspected.stderr
    assert len(Inspection.load(project / "roadworthy-report").examples) == 10


def test_every_format_says_the_same(inspected, project):
    report = project / "roadworthy-report"
    inspection = Inspection.load(report)
    assert Inspection.from_json(inspection.to_json()) == inspection
    assert "fail" in (report / "report.md").read_text(encoding="utf-8").lower()
    assert int(ET.parse(report / "junit.xml").getroot().get("failures")) >= 1


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_opens_by_itself(inspected, project, browser, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    troubles, requests = [], []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((project / "roadworthy-report" / "report.html").as_uri())
    assert "fail" in page.locator("h1").inner_text().lower()
    assert page.locator("ol.examples > li").count() == 10
    assert page.locator("svg[role=img], [role=img] svg").count() >= 3
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert troubles == []
    assert len(requests) == 1
    page.close()


def test_in_a_notebook_the_result_shows_itself(project):
    cells = [
        "import pandas as pd, roadworthy\n"
        "from sklearn.feature_extraction.text import CountVectorizer\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "from sklearn.pipeline import make_pipeline\n"
        "train = roadworthy.support_desk.load_train()\n"
        "pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(train.texts, train.labels)\n"
        "clean = pd.read_csv('clean.csv')",
        "inspection = roadworthy.inspect(pipeline, clean['text'], clean['label'])\ninspection",
        "inspection.to_frame()[['group', 'accuracy', 'silent_failure_rate']]",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(project)}}).execute()
    shown, frame = (notebook.cells[i].outputs[-1].data["text/html"] for i in (1, 2))
    assert "typos" in shown
    assert "silent_failure_rate" in frame


@pytest.mark.slow
def test_a_python_function_is_inspected_as_well(project, run):
    (project / "ours.py").write_text(
        "def classify(texts):\n"
        "    return [('cancel_order', 0.9) if 'cancel' in text else ('order_status', 0.4) for text in texts]\n"
    )
    finished = run(
        "inspect", "python:ours:classify", "clean.csv", "--suite", "quick", "--out", "ours", "--json", "--no-track",
        cwd=project,
    )  # fmt: skip
    assert finished.returncode == 1
    inspection = Inspection.from_json(finished.stdout)
    assert inspection.model.vocabulary_size is None
    assert inspection.group("clean").accuracy.value < 0.3
