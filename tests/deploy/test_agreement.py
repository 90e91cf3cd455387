"""One name for one thing: what deploy/ says of the service is what the service says of itself."""

import json
import re

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from roadworthy.models.guarded import Answer
from roadworthy.serve.counters import LOG_STATES, Counters
from roadworthy.serve.served import Served
from roadworthy.serve.settings import PREFIX, ServeSettings

SELECTOR = re.compile(r"(?<![:\w])(roadworthy_\w+)(?:\{([^}]*)\})?")
PORT, USER = 8000, 10001


def texts(deploy) -> dict[str, str]:
    return {str(path.relative_to(deploy)): path.read_text() for path in deploy.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def series() -> dict[str, dict[str, set[str]]]:
    """Each series that the service can show Prometheus: its labels, and the values seen of each."""
    counters = Counters()
    counters.request("/v1/predict", 503, 0.01)
    counters.answer(Answer("refund", 0.9, 0.8, ()))
    counters.answer(Answer("refund", 0.9, 0.8, ("unfamiliar_words",)))
    counters.shadow(agrees=True)
    counters.reload("failed")
    counters.change("failed")
    counters.registry_up.set(1)
    counters.log("ok", spooled=0, waiting=0)
    counters.model(Served(model=None, name="desk", version="1"))
    found: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(counters.page().decode()):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    return found


def test_every_series_that_is_asked_for_is_one_that_the_service_shows(queries, series):
    asked = {match[1] for query in queries for match in SELECTOR.finditer(query)}
    assert len(asked) >= 12
    assert asked <= set(series)


def test_every_label_that_is_asked_for_is_the_series_own(queries, series):
    for query in queries:
        for name, selector in SELECTOR.findall(query):
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
            assert labels <= set(series[name]) | {"job", "instance"}, query


def test_every_value_that_is_asked_for_is_one_that_occurs(queries, series):
    known = {
        "state": set(LOG_STATES),
        "path": {"/v1/predict"},
        "verdict": {"trusted", "flagged"},
        "outcome": {"failed"},
        "agrees": {"true"},
    }
    asked = {pair for query in queries for pair in re.findall(r'(\w+)="([^"$]*)"', query)} - {("job", "roadworthy")}
    assert asked
    for label, value in asked - {("alertstate", "firing")}:
        assert value in known[label], (label, value)
    assert series["roadworthy_predictions_total"]["verdict"] == known["verdict"]


def test_the_bound_on_latency_is_an_edge_that_is_measured(deploy, series):
    rules = yaml.safe_load((deploy / "prometheus/rules.yml").read_text())
    (slow,) = (rule for group in rules["groups"] for rule in group["rules"] if rule.get("alert") == "RoadworthySlow")
    bound = float(slow["expr"].rpartition(">")[2])
    assert bound in set(map(float, series["roadworthy_latency_seconds_bucket"]["le"]))


def test_every_series_of_the_service_is_on_the_dashboard(deploy, series):
    board = (deploy / "grafana/dashboards/roadworthy.json").read_text()
    shown = {
        name for name in series if name.startswith("roadworthy_") and not name.endswith(("_sum", "_count", "_created"))
    }
    assert {name for name in shown if name not in board} == set()


def test_every_variable_is_a_setting(deploy):
    known = {PREFIX + name.upper() for name in ServeSettings.model_fields}
    for name, text in texts(deploy).items():
        assert set(re.findall(rf"{PREFIX}[A-Z_]*[A-Z]", text)) <= known, name


def test_the_settings_on_kubernetes_are_accepted(manifests):
    data = {name.removeprefix(PREFIX).lower(): value for name, value in manifests["ConfigMap"]["data"].items()}
    settings = ServeSettings(model="/model", host="0.0.0.0", port=PORT, **data)
    assert settings.keys is not None


def test_every_flag_is_one_of_serve(manifests, final_stage):
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    known = {f"--{name.replace('_', '-')}" for name in ServeSettings.model_fields}
    for command in (container["args"], json.loads(final_stage["CMD"])):
        assert command[:2] == ["serve", "/model"]
        assert {word for word in command if word.startswith("--")} <= known


def test_a_pod_runs_the_command_of_the_image(manifests, final_stage):
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["args"] == json.loads(final_stage["CMD"])


def test_one_port(manifests, final_stage, compose):
    pod = manifests["Deployment"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    (rule,) = manifests["NetworkPolicy"]["spec"]["ingress"]
    assert container["ports"] == [{"name": "http", "containerPort": PORT}]
    assert rule["ports"] == [{"protocol": "TCP", "port": PORT}]
    assert pod["metadata"]["annotations"]["prometheus.io/port"] == str(PORT)
    assert [port["targetPort"] for port in manifests["Service"]["spec"]["ports"]] == ["http"]
    assert final_stage["EXPOSE"] == str(PORT)
    assert f"'127.0.0.1', {PORT}," in final_stage["HEALTHCHECK"]
    assert compose["services"]["roadworthy"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]


def test_one_user(manifests, final_stage, deploy):
    security = manifests["Deployment"]["spec"]["template"]["spec"]["securityContext"]
    assert {security["runAsUser"], security["runAsGroup"], security["fsGroup"]} == {USER}
    assert final_stage["USER"] == f"{USER}:{USER}"
    assert f"--chown={USER}:{USER}" in (deploy / "model.Dockerfile").read_text()


def test_one_place_for_what_is_kept(manifests, final_stage):
    variables = dict(pair.split("=", 1) for pair in final_stage["ENV"].split())
    settings = manifests["ConfigMap"]["data"]
    assert variables["ROADWORTHY_LOG"] == settings["ROADWORTHY_LOG"] == "sqlite:////data/predictions.db"
    assert variables["ROADWORTHY_SPOOL"] == settings["ROADWORTHY_SPOOL"] == "/data/predictions.spool"


def test_the_grace_period_of_compose_holds_the_service_s(compose):
    grace = int(compose["services"]["roadworthy"]["stop_grace_period"].removesuffix("s"))
    assert grace >= ServeSettings.model_fields["shutdown_seconds"].default + 10


def test_every_path_that_is_asked_for_is_answered(manifests, final_stage, deploy):
    from roadworthy.serve import documentation

    config = yaml.safe_load((deploy / "prometheus/prometheus.yml").read_text())
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    probes = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    scraped = {job["metrics_path"] for job in config["scrape_configs"] if "metrics_path" in job}
    asked = {*probes, *scraped, *re.findall(r"'(/\w+)'", final_stage["HEALTHCHECK"])}
    assert {path.strip("/") for path in asked} <= set(documentation.ANSWERS)
