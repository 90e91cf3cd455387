"""Running the service: one process, or several workers under one that watches over them."""

from __future__ import annotations

import gc
import logging
import logging.config
import os
import signal
import socket
import sys
import tempfile
from contextlib import ExitStack, suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from roadworthy.errors import SettingsError
from roadworthy.serve.counters import MULTIPROCESS, forget_worker
from roadworthy.serve.following import Following, start_following
from roadworthy.serve.json_logs import configuration
from roadworthy.serve.ours import is_ours, leave_out_pandas
from roadworthy.serve.stored import is_stored

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from roadworthy.serve.app import Application
    from roadworthy.serve.following import OwnFollower
    from roadworthy.serve.settings import ServeSettings

_LOG = logging.getLogger("roadworthy.serve")
_BACKLOG = 2_048
_WORKER_SECONDS = 60
_ANSWER_SECONDS = 0.1


def run(settings: ServeSettings) -> None:
    """Serve until told to stop by SIGINT or SIGTERM; SIGHUP loads the model anew.

    Raises
    ------
    RoadworthyError
        The address is taken, the model does not load, the keys cannot be read, or the log's URL is none.
    """
    logging.config.dictConfig(_logging())
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(settings))
        for ends in (signal.SIGINT, signal.SIGTERM):
            # Uvicorn raises the signal again when it has stopped; by then all is done.
            stack.callback(signal.signal, ends, signal.signal(ends, _nothing))
        _run_one(settings, listener) if settings.workers == 1 else _run_several(settings, listener, stack)
    _LOG.info("stopped")


def application(settings: ServeSettings, following: Path | None = None) -> Application:
    """What each worker runs; with several, they share a follower, which writes into a folder."""
    logging.captureWarnings(True)
    if all(is_ours(spec) or is_stored(spec) for spec in (settings.model, settings.shadow) if spec is not None):
        leave_out_pandas()
    from roadworthy.serve.app import create_app

    app = create_app(settings, None if following is None else Following(following))
    # What is there now stays: the collector of garbage need not look at it again and again.
    gc.collect()
    gc.freeze()
    return app


def _run_one(settings: ServeSettings, listener: socket.socket) -> None:
    app = application(settings)
    _tell_address(settings, listener)
    server = uvicorn.Server(uvicorn.Config(app, **_options(settings)))
    app.service.connections = server.server_state.connections
    server.run([listener])


def _run_several(settings: ServeSettings, listener: socket.socket, stack: ExitStack) -> None:
    follower = start_following(settings)
    folder = None
    if follower is not None:
        stack.callback(follower.close)
        folder = follower.folder
    # What is wrong with the model, the keys or the log is told here, once; the workers open their own.
    application(settings, folder).service.close()
    os.environ[MULTIPROCESS] = stack.enter_context(tempfile.TemporaryDirectory(prefix="roadworthy-"))
    stack.callback(os.environ.pop, MULTIPROCESS)
    options = _options(settings)
    config = uvicorn.Config(partial(application, settings, folder), factory=True, workers=settings.workers, **options)
    _tell_address(settings, listener)
    workers = Workers(config, sockets=[listener])
    workers.follower = follower
    workers.run()


class Workers(Multiprocess):
    """Uvicorn's supervisor, except that SIGHUP does not end a worker: each loads the model anew and goes on.

    The follower that they share is kept alive like them.
    """

    follower: OwnFollower | None = None

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self._heard: WeakKeyDictionary[Process, float] = WeakKeyDictionary()

    def handle_hup(self) -> None:
        """Pass the signal on."""
        for worker in self.processes:
            if worker.pid is None:
                continue
            # One that has just died is replaced by one that loads the model anew.
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGHUP)

    def keep_subprocess_alive(self) -> None:
        """Start a worker in the place of one that died, and drop the gauges of that one.

        Uvicorn would wait for a worker that is still starting, and hear no signal meanwhile.
        """
        if self.follower is not None and self.follower.keep_alive():
            _LOG.error("follower_died", extra={"fields": {"now": self.follower.pid}})
        for place, worker in enumerate(self.processes):
            if self._is_well(worker) or self.should_exit.is_set():
                continue
            worker.kill()
            worker.join()
            _LOG.error("worker_died", extra={"fields": {"pid": worker.pid}})
            if worker.pid is not None:
                forget_worker(worker.pid)
            if worker.exitcode == STARTUP_FAILURE:
                # The next one would fail likewise.
                self.should_exit.set()
                return
            self.processes[place] = Process(self.config, self.sockets)
            self.processes[place].start()

    def _is_well(self, worker: Process) -> bool:
        """Whether a worker runs, and has answered within the last minute, or is younger than that."""
        now = monotonic()
        if worker.is_alive(timeout=_ANSWER_SECONDS):
            self._heard[worker] = now
            return True
        return worker.process.is_alive() and now - self._heard.setdefault(worker, now) < _WORKER_SECONDS


def _options(settings: ServeSettings) -> dict[str, Any]:
    return {
        "http": "httptools",
        "loop": "auto",
        "ws": "none",
        "log_config": _logging(),
        "access_log": False,
        "server_header": False,
        # Nothing here looks at where a request seems to come from.
        "proxy_headers": False,
        "backlog": _BACKLOG,
        "timeout_graceful_shutdown": settings.shutdown_seconds,
    }


def _listen(settings: ServeSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        where = f"{settings.host}:{settings.port}"
        mend = "give another with --host and --port"
        raise SettingsError(
            f"cannot listen ({getattr(error, 'strerror', None) or error})", where=where, mend=mend
        ) from None


def _tell_address(settings: ServeSettings, listener: socket.socket) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    fields = {"url": f"http://{host}:{listener.getsockname()[1]}", "model": settings.model, "workers": settings.workers}
    _LOG.info("listening", extra={"fields": fields})


def _logging() -> dict[str, Any]:
    return configuration(as_json=not sys.stderr.isatty())


def _nothing(number: int, frame: FrameType | None) -> None:
    """The signal was dealt with."""
