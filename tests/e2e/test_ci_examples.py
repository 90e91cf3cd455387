"""The examples for CI, run as they are: a good model is promoted and served, a bad retrain stops before that."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml

from roadworthy import support_desk
from roadworthy.gate import Decision, Gate, read_gate

from .test_gate import write

EXAMPLES = Path(__file__).parents[2] / "examples" / "ci"
VARIABLES = {"$TRAIN": "data/train.csv", "$CLEAN": "data/clean.csv", "$NAME": "intent"}
CHECK = [
    "roadworthy train data/train.csv --out build/model",
    "roadworthy inspect build/model data/clean.csv --train data/train.csv --gate --out build/report",
]
# A registry of one model, and a job that hands over to another between its inspection and its promotion.
STUB = """#!/bin/sh
echo "$*" >> "$LOG"
case $1 in
    train)
        echo x >> "$REGISTRY"
        echo "{\\"registered\\": {\\"version\\": \\"$(grep -c x "$REGISTRY")\\"}}" ;;
    inspect)
        if [ -n "${OTHER:-}" ]; then ( cd "$OTHER" && OTHER= sh "$SCRIPT" ); fi ;;
esac
"""


def commands(text):
    """The lines of a file that call roadworthy or hand the version on, quotes and variables resolved."""
    for variable, value in VARIABLES.items():
        text = text.replace(variable, value)
    found = re.findall(r"""^\s*(?:run: |sh '|sh \"""|\$ )?((?:roadworthy|python3) .*)""", text, flags=re.MULTILINE)
    return [re.sub("[\"']", "", line).removesuffix(" --no-track").strip() for line in found]


@pytest.mark.parametrize("name", ["github-workflow.yaml", "Jenkinsfile", "README.md"])
def test_every_example_runs_the_commands_that_are_tested_here(name):
    found = commands((EXAMPLES / name).read_text(encoding="utf-8"))
    expected = commands((EXAMPLES / "release.sh").read_text())
    assert found == ([*expected, *CHECK] if name == "README.md" else [*CHECK, *expected])


def test_two_jobs_at_once_promote_each_the_version_that_it_inspected(tmp_path):
    stub = tmp_path / "bin" / "roadworthy"
    stub.parent.mkdir()
    stub.write_text(STUB)
    stub.chmod(0o755)
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    known = {"LOG": tmp_path / "log", "REGISTRY": tmp_path / "versions", "SCRIPT": EXAMPLES / "release.sh"}
    subprocess.run(
        [shutil.which("sh"), str(EXAMPLES / "release.sh")],
        cwd=first,
        env={**os.environ, **known, "OTHER": second, "SERVE": "no", "PATH": f"{stub.parent}:{os.environ['PATH']}"},
        check=True,
    )
    said = [line.split()[:3] for line in (tmp_path / "log").read_text().splitlines()]
    assert [words for words in said if words[0] != "train"] == [
        ["inspect", "models:/intent/1", "data/clean.csv"],
        ["inspect", "models:/intent/2", "data/clean.csv"],
        ["promote", "intent", "2"],
        ["promote", "intent", "1"],
    ]


def test_the_workflow_registers_and_promotes_on_the_main_branch_only_and_always_keeps_the_report():
    jobs = yaml.safe_load((EXAMPLES / "github-workflow.yaml").read_text(encoding="utf-8"))["jobs"]
    assert jobs["check"]["if"] == "github.event_name == 'pull_request'"
    assert jobs["release"]["if"] == "github.ref == 'refs/heads/main'"
    assert "MLFLOW" not in str(jobs["check"])
    for job in jobs.values():
        known = {step.get("name"): step for step in job["steps"]}
        assert known["Keep the report"]["if"] == "always()"
        assert known["Keep the report"]["with"]["path"] == "build/report"


def test_the_jenkinsfile_registers_and_promotes_on_the_main_branch_only():
    _, check, release = re.split(
        r"stage\('(?:Check|Release)'\)", (EXAMPLES / "Jenkinsfile").read_text(encoding="utf-8")
    )
    assert "when { not { branch 'main' } }" in check
    assert "when { branch 'main' }" in release
    assert "MLFLOW" not in check


def test_the_gate_of_the_examples_is_one_with_a_change():
    assert read_gate(EXAMPLES) == Gate(advisory=("min_worst_class",), max_drop_of={"emoji": 0.15})


def release(folder, *, wait=False, **variables):
    """Start release.sh with this Python's roadworthy first in the path; it reads nothing of ours but the folder."""
    shell = shutil.which("sh")
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "ROADWORTHY_", "GITHUB_"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with (folder / "out.txt").open("wb") as out, (folder / "err.txt").open("wb") as err:
        started = subprocess.Popen(
            [shell, str(EXAMPLES / "release.sh")],
            cwd=folder,
            env=kept | {"PATH": path, "COLUMNS": "100"} | variables,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    if wait:
        started.wait(240)
    return started


def address(folder, process):
    """Where the service listens, once it does."""
    end = time.monotonic() + 240
    while time.monotonic() < end:
        lines = (folder / "err.txt").read_text(encoding="utf-8").splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        for event in events:
            if event["event"] == "listening":
                return event["url"]
        assert process.poll() is None, lines
        time.sleep(0.2)
    raise AssertionError(lines)


@pytest.mark.slow
def test_release_promotes_and_serves_a_good_model_and_stops_a_bad_retrain(tmp_path, run):
    train, test = support_desk.load_train(), support_desk.load_clean_test()
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / "clean.csv", test.texts, test.labels)
    write(tmp_path / "data" / "train.csv", train.texts, train.labels)
    service = release(tmp_path, ROADWORTHY_PORT="0")
    try:
        url = address(tmp_path, service)
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            while client.get("/readyz").status_code != 200:
                time.sleep(0.2)
            assert client.post("/v1/predict", json={"text": "Where is my parcel?"}).json()["label"] == "order_status"
    finally:
        os.killpg(service.pid, signal.SIGKILL)
        service.wait(10)
    assert Decision.load(tmp_path / "build" / "report").passed

    labels = list(train.labels)
    random.Random(0).shuffle(labels)
    write(tmp_path / "data" / "train.csv", train.texts, labels)
    stopped = release(tmp_path, wait=True, SERVE="no")
    assert stopped.returncode == 1
    said = (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert "✗ REJECTED  models:/intent/2 on 240 messages, against models:/intent/1" in said
    decision = Decision.load(tmp_path / "build" / "report")
    against = [result for result in decision.stopped_by if result.bound == "max_regression"]
    assert [(result.group, len(result.examples)) for result in against] == [("clean", 3)]
    deployed = run("deployed", "intent", cwd=tmp_path)
    assert "intent: version 1 is deployed now" in deployed.stdout
    refused = run("promote", "intent", "challenger", cwd=tmp_path)
    assert refused.returncode == 1
    assert "the gate failed" in refused.stderr
