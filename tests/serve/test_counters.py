"""What Prometheus reads has the names that dashboards and rules use, and says what happened."""

import json
import os
import subprocess
import sys
from math import nan
from pathlib import Path

import pytest

from roadworthy.models.guarded import Answer
from roadworthy.serve.counters import LOG_STATES, Counters, forget_worker
from roadworthy.serve.served import Served

COUNTED = {
    "requests": ("path", "status"),
    "predictions": ("label", "verdict"),
    "flagged": ("reason",),
    "unfamiliar_words": (),
    "latency_seconds": ("path",),
    "confidence": (),
    "familiarity": (),
    "in_flight": (),
    "log_state": ("state",),
    "log_spooled_rows": (),
    "log_waiting_rows": (),
    "log_failures": (),
    "shadow": ("agrees",),
    "shadow_dropped": (),
    "reloads": ("outcome",),
    "model_changes": ("outcome",),
    "registry_up": (),
    "model_info": ("name", "version", "run"),
}
TOTALS = {
    "requests",
    "predictions",
    "flagged",
    "unfamiliar_words",
    "log_failures",
    "shadow",
    "shadow_dropped",
    "reloads",
    "model_changes",
}


def filled() -> Counters:
    counters = Counters()
    counters.request("/v1/predict", 200, 0.01)
    counters.answer(Answer("order", 0.7, 0.1, ("low_confidence", "unfamiliar_words")))
    counters.log("ok", spooled=0, waiting=0)
    counters.shadow(agrees=True)
    counters.reload("done")
    counters.change("done")
    counters.registry_up.set(1)
    counters.model(Served(None, "desk", "3f2a"))
    return counters


def value(counters: Counters, name: str, /, **labels: str) -> float | None:
    return counters.registry.get_sample_value(f"roadworthy_{name}", labels)


def test_the_names_and_labels_are_those_of_the_contract() -> None:
    found = {
        metric.name.removeprefix("roadworthy_"): {*metric.samples[0].labels} - {"le"}
        for metric in filled().registry.collect()
        if metric.name.startswith("roadworthy_")
    }
    assert found == {name: {*labels} for name, labels in COUNTED.items()}


def test_a_service_that_follows_nothing_says_nothing_of_a_registry() -> None:
    assert value(Counters(), "registry_up") is None
    assert value(Counters(), "model_changes_total", outcome="failed") == 0


def test_the_page_says_them_as_prometheus_reads_them() -> None:
    lines = filled().page().decode().splitlines()
    declared = {line.split()[2] for line in lines if line.startswith("# TYPE roadworthy_")}
    assert declared >= {f"roadworthy_{name}_total" if name in TOTALS else f"roadworthy_{name}" for name in COUNTED}
    assert 'roadworthy_requests_total{path="/v1/predict",status="200"} 1.0' in lines
    assert any(line.startswith("process_cpu_seconds_total") for line in lines)


def test_an_answer_is_counted_by_label_verdict_and_every_reason() -> None:
    counters = filled()
    counters.answer(Answer("order", 0.95, 0.9, ()))
    assert value(counters, "predictions_total", label="order", verdict="flagged") == 1
    assert value(counters, "predictions_total", label="order", verdict="trusted") == 1
    assert value(counters, "flagged_total", reason="low_confidence") == 1
    assert value(counters, "unfamiliar_words_total") == 1
    assert value(counters, "confidence_count") == value(counters, "familiarity_count") == 2
    assert value(counters, "confidence_bucket", le="0.7") == 1


def test_what_a_model_does_not_say_is_not_counted() -> None:
    counters = Counters()
    counters.answer(Answer("order", nan, nan, ()))
    assert value(counters, "predictions_total", label="order", verdict="trusted") == 1
    assert value(counters, "confidence_count") == value(counters, "familiarity_count") == 0


def test_a_request_is_counted_by_path_and_status_and_timed_by_path() -> None:
    counters = Counters()
    for status, seconds in ((200, 0.004), (422, 0.2)):
        counters.request("/v1/predict", status, seconds)
    assert value(counters, "requests_total", path="/v1/predict", status="422") == 1
    assert value(counters, "latency_seconds_count", path="/v1/predict") == 2
    assert value(counters, "latency_seconds_bucket", path="/v1/predict", le="0.005") == 1


@pytest.mark.parametrize("state", LOG_STATES)
def test_the_log_is_in_one_state(state: str) -> None:
    counters = Counters()
    for now in ("failing", state):
        counters.log(now, spooled=5, waiting=7)
    assert [known for known in LOG_STATES if value(counters, "log_state", state=known) == 1] == [state]
    assert (value(counters, "log_spooled_rows"), value(counters, "log_waiting_rows")) == (5, 7)


def test_whether_the_shadow_agrees_is_counted() -> None:
    counters = Counters()
    for agrees in (True, True, False):
        counters.shadow(agrees=agrees)
    assert (value(counters, "shadow_total", agrees="true"), value(counters, "shadow_total", agrees="false")) == (2, 1)


def test_the_model_that_is_served_is_1_and_the_one_before_it_0() -> None:
    counters, first = Counters(), Served(None, "desk", "1", "run7")
    counters.model(first)
    assert value(counters, "model_info", name="desk", version="1", run="run7") == 1
    counters.model(Served(None, "desk", "2"), first)
    assert value(counters, "model_info", name="desk", version="1", run="run7") == 0
    assert value(counters, "model_info", name="desk", version="2", run="") == 1


WORKER = """
import json, os, sys
from roadworthy.serve.counters import Counters, forget_worker
counters = Counters()
counters.request("/v1/predict", 200, 0.01)
counters.in_flight.inc()
if sys.argv[1:]:
    forget_worker(int(sys.argv[1]))
print(json.dumps([os.getpid(), counters.page().decode()]))
"""


def worker(folder: Path, *arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    ended = subprocess.run([sys.executable, "-c", WORKER, *arguments], env=environment, stdout=-1, check=True)
    pid, page = json.loads(ended.stdout)
    return pid, page


def test_workers_are_added_up_and_the_gauges_of_one_that_ended_are_dropped(tmp_path: Path) -> None:
    first, _ = worker(tmp_path)
    _, both = worker(tmp_path)
    assert 'roadworthy_requests_total{path="/v1/predict",status="200"} 2.0' in both
    assert "roadworthy_in_flight 2.0" in both
    _, after = worker(tmp_path, str(first))
    assert 'roadworthy_requests_total{path="/v1/predict",status="200"} 3.0' in after
    assert "roadworthy_in_flight 2.0" in after


def test_a_worker_reads_the_files_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert Counters().page() == b""


def test_without_other_workers_nothing_is_to_be_dropped() -> None:
    forget_worker(1, {})


def test_the_gauges_of_an_ended_worker_are_files_that_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for name in ("gauge_livesum_7.db", "gauge_livemax_7.db", "gauge_livesum_8.db", "counter_7.db"):
        (tmp_path / name).touch()
    forget_worker(7)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["counter_7.db", "gauge_livesum_8.db"]
