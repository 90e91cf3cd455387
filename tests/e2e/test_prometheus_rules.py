"""Prometheus's own tool reads what it is given, and tries the alerts on made-up series."""

import json
import re
import runpy
import subprocess
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
program = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["program"]


@pytest.fixture(scope="module")
def promtool():
    path = program("promtool")

    def run(*arguments) -> str:
        done = subprocess.run(
            [path, *map(str, arguments)], capture_output=True, text=True, cwd=DEPLOY / "prometheus", timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_the_configuration_and_the_rules_are_read(promtool):
    assert "1 rule files found" in promtool("check", "config", "prometheus.yml")
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())
    number = sum(len(group["rules"]) for group in rules["groups"])
    assert f"{number} rules found" in promtool("check", "rules", "rules.yml")


def test_every_alert_is_raised_when_it_should_be_and_not_before(promtool):
    assert "SUCCESS" in promtool("test", "rules", "rules_test.yml")


def test_no_alert_is_without_its_example():
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())
    examples = yaml.safe_load((DEPLOY / "prometheus/rules_test.yml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    raised = {
        one["alertname"] for test in examples["tests"] for one in test.get("alert_rule_test", ()) if one["exp_alerts"]
    }
    assert raised == alerts


def test_every_query_of_the_dashboard_is_one(promtool, tmp_path):
    board = json.loads((DEPLOY / "grafana/dashboards/roadworthy.json").read_text())
    queries = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    queries += [note["expr"] for note in board["annotations"]["list"]]
    # Grafana puts a duration and a choice in the place of its variables.
    plain = [re.sub(r"\$job\b", ".*", query.replace("$__rate_interval", "1m")) for query in queries]
    rules = [{"record": f"dashboard:query{number}", "expr": query} for number, query in enumerate(plain)]
    file = tmp_path / "dashboard.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", file)
