"""What Prometheus reads: what was asked, what was answered, and whether it could be trusted."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
    multiprocess,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from roadworthy.models.guarded import Answer
    from roadworthy.serve.served import Served

CONTENT_TYPE = CONTENT_TYPE_LATEST
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
LOG_STATES = ("ok", "spooling", "failing")
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


class Counters:
    """All that the service counts.

    With several workers each writes its own files in a folder that they share, and whichever is asked adds all of
    them up.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._shared = MULTIPROCESS in os.environ
        if not self._shared:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)
        self._requests = self._counter("requests", "Requests by path and status.", "path", "status")
        self._predictions = self._counter("predictions", "Messages answered.", "label", "verdict")
        self._flagged = self._counter("flagged", "Reasons of flagged messages; one may have several.", "reason")
        self._unfamiliar = self._counter("unfamiliar_words", "Flagged messages with unfamiliar words.")
        self._latency = self._histogram("latency_seconds", "From request to answer.", _SECONDS, "path")
        self._confidence = self._histogram("confidence", "Confidence of the answers.", _SHARES)
        self._familiarity = self._histogram("familiarity", "Familiarity of the messages.", _SHARES)
        self.in_flight = self._gauge("in_flight", "Requests that are being worked on.", mode="livesum")
        self._log_state = self._gauge(
            "log_state", "1 for the state that the prediction log is in.", "state", mode="livemax"
        )
        self.log_spooled = self._gauge("log_spooled_rows", "Rows that wait in the spool for the log.", mode="livesum")
        self.log_waiting = self._gauge("log_waiting_rows", "Rows that are not yet durable.", mode="livesum")
        self.log_failures = self._counter("log_failures", "Requests refused because nothing could be logged.")
        self._shadow = self._counter("shadow", "Answers of the shadow model, by whether they agree.", "agrees")
        self.shadow_dropped = self._counter("shadow_dropped", "Messages that the shadow model was too slow for.")
        self._reloads = self._counter("reloads", "Reloads of the model.", "outcome")
        self._model = self._gauge("model_info", "The model that is served.", "name", "version", "run", mode="livemax")
        self._changes = self._counter(
            "model_changes", "Models replaced because MLflow's registry names another one.", "outcome"
        )
        for counter in (self._reloads, self._changes):
            for outcome in ("done", "failed"):
                # From 0 on, so that the first one shows as a rise.
                counter.labels(outcome)
        self._children: dict[tuple[str, ...], Counter] = {}
        self._latencies: dict[str, Histogram] = {}

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request that was answered or refused."""
        self._child(self._requests, path, str(status)).inc()
        if path not in self._latencies:
            self._latencies[path] = self._latency.labels(path)
        self._latencies[path].observe(seconds)

    def answer(self, answer: Answer) -> None:
        """Count the answer to one message."""
        self._child(self._predictions, answer.label, answer.verdict).inc()
        for reason in answer.reasons:
            self._child(self._flagged, reason).inc()
        if "unfamiliar_words" in answer.reasons:
            self._unfamiliar.inc()
        if answer.confidence == answer.confidence:
            self._confidence.observe(answer.confidence)
        if answer.familiarity == answer.familiarity:
            self._familiarity.observe(answer.familiarity)

    def shadow(self, *, agrees: bool) -> None:
        """Count an answer of the shadow model."""
        self._child(self._shadow, str(agrees).lower()).inc()

    def reload(self, outcome: str) -> None:
        """Count a reload: done or failed."""
        self._child(self._reloads, outcome).inc()

    def change(self, outcome: str) -> None:
        """Count a model that took the place of another, done, or that did not load, failed."""
        self._child(self._changes, outcome).inc()

    @cached_property
    def registry_up(self) -> Gauge:
        """Whether MLflow's registry answers; a service that follows none has no such series."""
        return self._gauge("registry_up", "1 while MLflow's registry answers.", mode="livemin")

    def log(self, state: str, *, spooled: int, waiting: int) -> None:
        """Note how the prediction log is."""
        for known in LOG_STATES:
            self._log_state.labels(known).set(known == state)
        self.log_spooled.set(spooled)
        self.log_waiting.set(waiting)

    def model(self, served: Served, before: Served | None = None) -> None:
        """Note which model is served, and no longer that before it."""
        for known, value in ((before, 0), (served, 1)):
            if known is not None:
                self._model.labels(**{name: text or "" for name, text in known.about.items()}).set(value)

    def page(self) -> bytes:
        """What Prometheus gets."""
        if not self._shared:
            return generate_latest(self.registry)
        everyone = CollectorRegistry()
        multiprocess.MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        return generate_latest(everyone)

    def _child(self, counter: Counter, *labels: str) -> Counter:
        """A counter with its labels; looked up once, as prometheus-client takes its time over it."""
        key = (counter._name, *labels)
        if key not in self._children:
            self._children[key] = counter.labels(*labels)
        return self._children[key]

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"roadworthy_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"roadworthy_{name}", text, labels, buckets=buckets, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str, mode: str) -> Gauge:
        return Gauge(f"roadworthy_{name}", text, labels, multiprocess_mode=mode, registry=self.registry)  # type: ignore[arg-type]


def forget_worker(process: int, environment: Mapping[str, str] = os.environ) -> None:
    """Drop the gauges of a worker that has ended."""
    if MULTIPROCESS in environment:
        multiprocess.mark_process_dead(process)  # type: ignore[no-untyped-call]
