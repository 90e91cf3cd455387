"""Kill a command of a release at each of its calls to the store, and see that the next one mends it.

Run as a program: `killed_moves.py NAME COMMAND`. A child process is killed (SIGKILL) before its first call, after it,
after its second, and so on; each time this process runs the next command. It prints a JSON line for each kill.
"""

import itertools
import json
import os
import signal
import sys
from functools import partial
from typing import Any

from roadworthy.mlflow_store import open_client, quietly, store_uri
from roadworthy.registry import deployed, history, lease, promote, rollback
from roadworthy.registry import store as registry_store


class KilledAt:
    """MLflow's client, in a process that ends after some calls."""

    def __init__(self, client: Any, calls: int) -> None:
        self._client = client
        self._left = calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self._left -= 1
            return method(*arguments, **options)

        return call


def killed(command: Any, calls: int) -> bool:
    """Run a command in a child that is killed after some calls; False where it ended before."""
    child = os.fork()
    if child == 0:
        registry_store.open_client = lambda uri: KilledAt(open_client(uri), calls)
        try:
            command()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def inspected(client: Any, name: str, version: str, champion: str) -> None:
    tags = {
        "roadworthy.kind": "inspection",
        "roadworthy.registered_model": name,
        "roadworthy.model_version": version,
        "roadworthy.champion_version": champion,
        "roadworthy.gate": "pass",
    }
    client.set_terminated(client.create_run("0", tags=tags).info.run_id)


def champion(name: str) -> str:
    with quietly():
        return str(open_client(store_uri()).get_registered_model(name).aliases["champion"])


def main(name: str, command: str) -> None:
    with quietly():
        client = open_client(store_uri())
        for ours, other in (("1", "2"), ("2", "1")):
            inspected(client, name, ours, other)
    # What was rolled back must be inspected again; here only the moves count.
    promote_anyway = partial(promote, name, force_reason="a test")
    for calls in itertools.count():
        before = champion(name)
        target = {"1": "2", "2": "1"}[before]
        move = partial(promote_anyway, target) if command == "promote" else partial(rollback, name)
        if command == "rollback" and before == "1":
            promote_anyway("2")
            before = "2"
        if not killed(move, calls):
            return
        told: list[str] = []
        after = champion(name)
        found = deployed(name, tell=told.append)
        # The lease of the one that was killed may still count; then the next command that moves something settles it.
        rerun = promote_anyway("1" if after == "2" else "2", tell=told.append)
        entries = history(name)
        line = {
            "calls": calls,
            "moved": after != before,
            "told": told,
            "deployed": found.version if found else None,
            "open": sum(entry.state == "started" for entry in entries),
            "before_rerun": rerun.before,
            "champion": champion(name),
            "journal": [entry for entry in entries if entry.moved][-1].version,
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    # The lease of a killed holder must run out by itself; here within seconds. Only here: pytest imports this file.
    lease.SECONDS = 3.0
    main(*sys.argv[1:])
