"""Journey 3: the runs in MLflow's UI, in a browser."""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest


@pytest.fixture(scope="module")
def ui(demo, run):
    folder, _ = demo
    model = "pickles:roadworthy-demo/vectorizer.pkl,roadworthy-demo/model.pkl"
    (folder / "clean.csv").write_text("text,label\nWhere is my order?,order_status\nPlease cancel it.,cancel_order\n")
    second = run("inspect", model, "clean.csv", "--allow-pickle", "--out", "second", cwd=folder)
    assert second.returncode in (0, 1), second.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "roadworthy", "ui", "--port", str(port)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    _wait(address, server)
    yield address
    server.terminate()
    server.wait(30)


def _wait(address, server):
    end = time.monotonic() + 90
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
        else:
            return
    pytest.fail("MLflow's UI did not start")


def _runs(address):
    body = json.dumps({"experiment_ids": ["1"]}).encode()
    request = urllib.request.Request(
        f"{address}/api/2.0/mlflow/runs/search", data=body, headers={"Content-Type": "application/json"}
    )
    return json.load(urllib.request.urlopen(request, timeout=20))["runs"]


def _inspections(address):
    return [run for run in _runs(address) if run["info"]["run_name"].startswith("inspection")]


def _tag(run, name):
    return next((tag["value"] for tag in run["data"]["tags"] if tag["key"] == name), None)


def test_the_runs_stand_in_the_table(ui, browser):
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    page.goto(f"{ui}/#/experiments/1/runs?workflowType=machine_learning")
    page.get_by_text("training notebook").first.wait_for(timeout=60_000)
    assert page.get_by_text(re.compile("^inspection ")).count() >= 2
    page.close()


@pytest.mark.slow
def test_a_run_holds_its_metrics_dataset_report_and_model(ui, browser):
    run = next(run for run in _inspections(ui) if any(m["key"] == "real/accuracy" for m in run["data"]["metrics"]))
    page = browser.new_page(viewport={"width": 1600, "height": 1200})
    page.goto(f"{ui}/#/experiments/1/runs/{run['info']['run_id']}?workflowType=machine_learning")
    page.get_by_text("support_desk/test").first.wait_for(timeout=60_000)
    page.get_by_text("roadworthy.verdict").first.wait_for()
    page.get_by_text("real/silent_failure_rate", exact=True).first.wait_for()
    page.goto(f"{ui}/#/experiments/1/runs/{run['info']['run_id']}/artifacts/report.html")
    report = page.frame_locator("iframe").first
    report.get_by_text("Roadworthy inspection report").wait_for(timeout=60_000)
    assert "advisory" in report.locator("h1").inner_text().lower()
    page.close()
    logged = json.load(
        urllib.request.urlopen(f"{ui}/api/2.0/mlflow/runs/get?run_id={run['info']['run_id']}", timeout=20)
    )["run"]
    assert logged["inputs"]["model_inputs"], "the model, which its training stored, is an input of the run"


@pytest.mark.slow
def test_the_families_of_an_inspection_are_nested_and_compare_side_by_side(ui, browser):
    parent = _inspections(ui)[0]["info"]["run_id"]
    children = [run["info"]["run_id"] for run in _runs(ui) if _tag(run, "mlflow.parentRunId") == parent]
    page = browser.new_page(viewport={"width": 1600, "height": 1200})
    page.goto(f"{ui}/#/experiments/1/runs/{parent}?workflowType=machine_learning")
    page.get_by_text("Child runs").first.wait_for(timeout=60_000)
    page.get_by_role("link", name="typos", exact=True).first.wait_for()
    page.close()
    page = browser.new_page(viewport={"width": 1600, "height": 2400})
    page.goto(f'{ui}/#/compare-runs?runs={json.dumps(children, separators=(",", ":"))}&experiments=["1"]')
    page.get_by_text(f"Comparing {len(children)} Runs").wait_for(timeout=60_000)
    page.get_by_text("accuracy_low", exact=True).first.wait_for()
    page.close()


@pytest.mark.slow
def test_two_runs_compare_side_by_side(ui, browser):
    first, second, *_ = (run["info"]["run_id"] for run in _inspections(ui))
    page = browser.new_page(viewport={"width": 1600, "height": 1200})
    page.goto(f'{ui}/#/compare-runs?runs=["{first}","{second}"]&experiments=["1"]')
    page.get_by_text("Comparing 2 Runs").wait_for(timeout=60_000)
    page.get_by_text("clean/accuracy", exact=True).first.wait_for()
    page.close()
