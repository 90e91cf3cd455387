"""The service behind its addresses: it answers, logs what it answered, and only then lets the answer leave."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence, Sized
from contextlib import ExitStack
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any

from roadworthy.errors import named
from roadworthy.prediction_log import (
    Feedback,
    LogError,
    Prediction,
    PredictionLog,
    has_prediction,
    new_id,
    open_engine,
    prune,
    traffic,
)
from roadworthy.serve.answering import Answering
from roadworthy.serve.counters import Counters
from roadworthy.serve.following import follows_alias, start_following
from roadworthy.serve.keys import Scope, read_keys, shown_key
from roadworthy.serve.limits import Gate
from roadworthy.serve.lineup import Lineup
from roadworthy.serve.messages import FeedbackGiven
from roadworthy.serve.problems import Problem
from roadworthy.serve.recording import SETTLE_SECONDS, Recorder
from roadworthy.serve.served import Served
from roadworthy.serve.settings import host_of, is_local
from roadworthy.serve.stored import SERVED, SHADOW

if TYPE_CHECKING:
    from roadworthy.models.guarded import Answer
    from roadworthy.prediction_log import Traffic
    from roadworthy.serve.following import Following
    from roadworthy.serve.settings import ServeSettings
    from roadworthy.serve.shadow import Shadow

PAGE = "page"
_LOG = logging.getLogger("roadworthy.serve")
_HOUR = 3_600
_TRAFFIC_SECONDS = 2.0


class Service:
    """A model, its prediction log, and all that stands between them and a request.

    Parameters
    ----------
    settings
        How the model is served.
    following
        What the follower of another process knows; without one, a follower is started where the models need one.

    Raises
    ------
    RoadworthyError
        The model does not load, the keys cannot be read, or the log's URL is none.
    """

    def __init__(self, settings: ServeSettings, following: Following | None = None) -> None:
        self.settings = settings
        self.keys = read_keys(settings.keys)
        self._is_local = settings.is_local
        with ExitStack() as stack:
            self._follower = None if following is not None else start_following(settings)
            if self._follower is not None:
                stack.callback(self._follower.close)
            self.models = Lineup(settings, following or self._follower, follows=follows_alias(settings))
            self._open(settings)
            stack.pop_all()

    def _open(self, settings: ServeSettings) -> None:
        self.counters = Counters()
        self.counters.model(self.models.served)
        self.gate = Gate(settings.max_concurrency, settings.max_queue)
        self.answering = Answering()
        self.log = PredictionLog(
            settings.log,
            settings.spool,
            text=settings.log_text,
            synchronous=settings.log_sync,
            on_event=_tell,
            acknowledge=lambda callbacks: self.recorder.acknowledge(callbacks),
        )
        self.recorder = Recorder(self.log)
        # Those who are connected, where that is known: who is alone has nobody to share a commit with.
        self.connections: Sized = ()
        self._reader = open_engine(settings.log)
        self._counting = asyncio.Lock()
        self._traffic: Traffic | None = None
        self._counted_at = -_TRAFFIC_SECONDS
        self._tasks: list[asyncio.Task[None]] = []
        if self.served.guarded is None:
            _LOG.warning("no_guard: every answer counts as trusted; roadworthy wrap gives the model a guard")

    @property
    def served(self) -> Served:
        """The model that answers."""
        return self.models.served

    @property
    def shadow(self) -> Shadow | None:
        """The model in its shadow."""
        return self.models.shadow

    # From start to end

    async def start(self) -> None:
        """Open the log, and begin to watch it, and what MLflow's registry names."""
        self.log.start()
        self._tasks = [asyncio.create_task(task) for task in (self._watch(), self.models.follow(self.counters))]

    async def stop(self) -> None:
        """Finish what was begun: answers of the shadow model, and every row that waits."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Close what was opened."""
        if self._follower is not None:
            self._follower.close()
        self.answering.close()
        self.models.close()
        self.log.close(self.settings.shutdown_seconds)
        self._reader.dispose()

    async def _watch(self) -> None:
        """Note the state of the log every second, and delete what is too old every hour."""
        seconds = 0
        while True:
            self.measure()
            if self._follower is not None and self._follower.keep_alive():
                _LOG.error("follower_died", extra={"fields": {"now": self._follower.pid}})
            if self.settings.retention_days is not None and seconds % _HOUR == 0:
                await self._prune(self.settings.retention_days)
            seconds += 1
            await asyncio.sleep(1)

    def measure(self) -> None:
        """Note how the log and the service are just now."""
        self.counters.in_flight.set(self.gate.inside)
        self.counters.log(self.log.state, spooled=self.log.spooled, waiting=self.log.waiting)

    async def _prune(self, days: int) -> None:
        try:
            deleted = await asyncio.to_thread(prune, self._reader, days=days)
        except Exception as error:
            _LOG.warning("prune_failed", extra={"fields": {"error": named(error)}})
        else:
            _LOG.info("pruned", extra={"fields": {"rows": deleted, "older_than_days": days}})

    # Who asks

    def require(self, scope: Scope, *, authorization: str | None, own_header: str | None, host: str | None) -> None:
        """Make sure that whoever asks may: by a key or, for answers alone, because only this machine can ask.

        Raises
        ------
        Problem
            There is no key where one is needed, or it is not good for this; or a web page made a browser on this
            machine ask, under a name that it lets point here.
        """
        if scope == "predict" and self._is_local and not self.keys:
            if host is not None and not is_local(host_of(host)):
                detail = f"only this machine may ask, by localhost or 127.0.0.1, not as {host[:100]}"
                raise Problem(421, "misdirected-request", detail)
            return
        secret = shown_key(authorization, own_header)
        key = None if secret is None else self.keys.find(secret)
        if key is None:
            none = "no key is set up: make one with roadworthy key, and give its file with --keys"
            detail = "a key is needed: Authorization: Bearer KEY" if self.keys else none
            headers = {"WWW-Authenticate": 'Bearer realm="roadworthy", Basic realm="roadworthy", charset="UTF-8"'}
            raise Problem(401, "key-needed", detail, headers=headers)
        if scope not in key.scopes:
            raise Problem(403, "key-not-allowed", f"the key is not good for {scope}; make one: roadworthy key")

    # Answers

    async def answer(
        self, texts: Sequence[str], request_id: str, *, role: str = SERVED
    ) -> tuple[Served, list[Prediction], list[Answer]]:
        """Answer messages; the answers are in the log when this returns.

        Raises
        ------
        Problem
            Too much is asked at once, the model fails, or nothing can be logged.
        """
        async with self.gate:
            began = perf_counter()
            served, alone = self.models.served, len(self.connections) == 1
            try:
                answers = await self.answering.answers(served, texts, alone=alone)
            except Exception as error:
                _LOG.exception("model_failed", extra={"fields": {"request_id": request_id}})
                detail = f"the model could not answer ({type(error).__name__}); see the service's log"
                raise Problem(500, "model-failed", detail) from None
            latency = (perf_counter() - began) * 1_000 / len(texts)
            rows = self._rows(served, texts, answers, request_id, role, latency)
            await self._record(rows, alone=alone)
        for answer in answers:
            self.counters.answer(answer)
        if self.models.shadow is not None and role == SERVED:
            self._ask_shadow(self.models.shadow, texts, answers, request_id)
        return served, rows, answers

    def sent(self, answer: Answer) -> str | None:
        """The label that leaves; None where the message is refused."""
        if not answer.reasons or self.settings.flagged == "answer":
            return answer.label
        return self.settings.fallback_label

    def _rows(
        self,
        served: Served,
        texts: Sequence[str],
        answers: Sequence[Answer],
        request_id: str,
        role: str,
        latency: float,
    ) -> list[Prediction]:
        now = datetime.now(UTC)
        return [
            Prediction(
                id=new_id(),
                time=now,
                request_id=request_id,
                role=role,
                model=served.name,
                version=served.version,
                text=text,
                label=answer.label,
                confidence=answer.confidence,
                familiarity=answer.familiarity,
                verdict=answer.verdict,
                reasons=";".join(answer.reasons),
                sent=None if role == SHADOW else self.sent(answer),
                latency_ms=latency,
            )
            for text, answer in zip(texts, answers, strict=True)
        ]

    async def _record(self, rows: Sequence[Prediction | Feedback], *, alone: bool = False) -> None:
        try:
            await self.recorder.record(rows, alone=alone)
        except LogError:
            self.counters.log_failures.inc()
            detail = "it could not be logged, and so it is not done; try again in a moment"
            raise Problem(503, "not-logged", detail, headers={"Retry-After": "5"}) from None

    def _ask_shadow(self, shadow: Shadow, texts: Sequence[str], answers: Sequence[Answer], request_id: str) -> None:
        began = perf_counter()

        def answered(served: Served, found: list[Answer]) -> None:
            latency = (perf_counter() - began) * 1_000 / len(texts)
            self.log.append(self._rows(served, texts, found, request_id, SHADOW, latency), _unheard)
            for own, other in zip(answers, found, strict=True):
                self.counters.shadow(agrees=own.label == other.label)

        def failed(error: Exception) -> None:
            _LOG.warning("shadow_failed", extra={"fields": {"request_id": request_id, "error": type(error).__name__}})

        if not shadow.ask(texts, answered, failed):
            self.counters.shadow_dropped.inc(len(texts))

    # The true labels, later

    async def feedback(self, given: FeedbackGiven) -> None:
        """Store the true label of a prediction.

        Raises
        ------
        Problem
            There is no such prediction, or it cannot be logged.
        """
        if self.log.state == "ok" and not await self._is_known(given.id):
            raise Problem(404, "no-such-prediction", "no prediction has this id; send the id of an answer")
        await self._record([Feedback(new_id(), given.id, given.label, datetime.now(UTC))])

    async def _is_known(self, prediction: str) -> bool:
        """Whether the log has a prediction; where that cannot be found out it is taken for granted."""
        self.log.settle()
        try:
            if self.settings.workers > 1 and not await asyncio.to_thread(has_prediction, self._reader, prediction):
                # Another worker may have answered just now.
                await asyncio.sleep(2 * SETTLE_SECONDS)
            return await asyncio.to_thread(has_prediction, self._reader, prediction)
        except LogError:
            return True

    # How it is

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """A status, and how the service is."""
        state = self.log.state
        status, said = {"ok": (200, "ready"), "spooling": (200, "degraded")}.get(state, (503, "not ready"))
        models = self.models.state
        if said == "ready" and models not in ({}, {"registry": "ok"}):
            said = "degraded"
        about = {"status": said, "log": state, "spooled_rows": self.log.spooled, "model": self.served.about, **models}
        return status, about

    async def traffic(self) -> Traffic | None:
        """What was asked in the last hour; None where the log cannot be read.

        However many look at once, the log is asked once.
        """
        async with self._counting:
            if perf_counter() - self._counted_at > _TRAFFIC_SECONDS:
                try:
                    self._traffic = await asyncio.to_thread(traffic, self._reader)
                except LogError:
                    self._traffic = None
                self._counted_at = perf_counter()
            return self._traffic

    async def reload(self) -> tuple[Served, Served]:
        """Load the model anew, and the keys; every request that has begun is answered by the model it began with.

        Returns
        -------
        The model before and the model now.

        Raises
        ------
        RoadworthyError
            One of them does not load; all stays as it was.
        """
        try:
            keys = await asyncio.to_thread(read_keys, self.settings.keys)
            before, now = await self.models.reload()
        except Exception as error:
            self.counters.reload("failed")
            _LOG.error("reload_failed", extra={"fields": {"error": named(error), "still": self.served.about}})
            raise
        self.keys = keys
        self.counters.model(now, before)
        self.counters.reload("done")
        _LOG.info("reloaded", extra={"fields": {"before": before.about, "now": now.about}})
        return before, now


def _tell(event: str, fields: dict[str, Any]) -> None:
    """Write an event of the prediction log into the service's own."""
    level = logging.INFO if event in {"log_back", "spool_replayed"} else logging.WARNING
    _LOG.log(level, event, extra={"fields": fields})


def _unheard(error: LogError | None) -> None:
    """Nobody waits for the answers of the shadow model; the log itself says when it fails."""
