"""One MLflow run, opened quietly and closed whatever happens, and the ways to write into it."""

from __future__ import annotations

import getpass
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.errors import RoadworthyError
from roadworthy.tracking.model import carried_by_skops, save_estimator, save_mlflow_model
from roadworthy.tracking.store import (
    LAST_TRY,
    TrackedRun,
    find_experiment,
    open_client,
    quietly,
    refusal,
    require_mlflow,
    settings_for_now,
    store_uri,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlflow import MlflowClient
    from mlflow.models import Model

    from roadworthy.models.artifact import Artifact

EXPERIMENT = "roadworthy"
LONGEST_DIGEST = 36
LONGEST_NAME = 500
BATCH = 800


def experiment_name() -> str:
    """Give the experiment that runs go to: MLFLOW_EXPERIMENT_NAME, or else roadworthy."""
    return os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT


@contextmanager
def tracked_run(experiment: str | None, name: str, tags: Mapping[str, str], mend: str) -> Iterator[OpenRun]:
    """Open a run and end it: finished, or failed if anything went wrong inside.

    MLflow says nothing on the terminal meanwhile, waits seconds rather than minutes for a server, and its
    settings, loggers and the warnings of Python are afterwards what they were before.

    Parameters
    ----------
    mend
        What to tell the user to do if the store cannot be reached or refuses the run.
    """
    require_mlflow()
    uri = store_uri()
    with quietly():
        try:
            client = open_client(uri)
            experiment_id = find_experiment(client, uri, experiment or experiment_name())
            run = client.create_run(experiment_id, tags=_context_tags() | dict(tags), run_name=name[:LONGEST_NAME])
        except Exception as error:
            raise refusal(error, uri, mend) from error
        opened = OpenRun(client, TrackedRun(run.info.run_id, experiment_id, uri))
        try:
            yield opened
            client.set_terminated(opened.run_id)
        except BaseException as error:
            _mark_failed(opened)
            if isinstance(error, RoadworthyError) or not isinstance(error, Exception):
                raise
            raise refusal(error, uri, mend) from error


class OpenRun:
    """A run that is being written."""

    def __init__(self, client: MlflowClient, tracked: TrackedRun) -> None:
        self.client = client
        self.tracked = tracked
        self.run_id = tracked.run_id
        self._inputs: dict[str, tuple[str, str]] = {}

    def log_input(self, context: str, name: str, n: int, sha256: str, *, labelled: bool) -> None:
        """Log which messages were used; MLflow cuts the digest, so a tag holds the whole of it."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        columns = ("text", "label") if labelled else ("text",)
        schema = {"mlflow_colspec": [{"type": "string", "name": name, "required": True} for name in columns]}
        dataset = Dataset(
            name=name[-LONGEST_NAME:],
            digest=sha256[:LONGEST_DIGEST],
            source_type="local",
            source=json.dumps({"uri": name}),
            schema=json.dumps(schema),
            profile=json.dumps({"num_rows": n, "num_elements": n * len(columns)}),
        )
        self.client.log_inputs(self.run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", context)])])
        self.client.set_tag(self.run_id, f"roadworthy.{context}_sha256", sha256)
        self._inputs[context] = (dataset.name, dataset.digest)

    def log_values(
        self,
        metrics: Sequence[tuple[str, int, float]],
        params: Mapping[str, object],
        *,
        model_id: str | None = None,
    ) -> None:
        """Log metrics (name, step, value) and parameters in few calls.

        A metric whose name starts with that of an input also counts for the model, on that input.
        """
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        logged = [Metric(name, value, now, step, **self._linked(name, model_id)) for name, step, value in metrics]
        written = [Param(name, str(value)) for name, value in params.items()]
        self.client.log_batch(self.run_id, params=written)
        for start in range(0, len(logged), BATCH):
            self.client.log_batch(self.run_id, metrics=logged[start : start + BATCH])

    def _linked(self, metric: str, model_id: str | None) -> dict[str, str]:
        context = metric.partition("/")[0]
        if model_id is None or context not in self._inputs:
            return {}
        name, digest = self._inputs[context]
        return {"model_id": model_id, "dataset_name": name, "dataset_digest": digest}

    def log_model(self, estimator: object, texts: Sequence[str]) -> str | None:
        """Log a scikit-learn estimator with signature and input example, or say in a tag why not."""
        trusted, reason = carried_by_skops(estimator)
        self._tag_format(reason)
        if trusted is None:
            return None
        return self._log(
            lambda path, model: save_estimator(estimator, path, example=texts, trusted=trusted, model=model)
        )

    def log_artifact(self, artifact: Artifact, texts: Sequence[str]) -> str:
        """Log an artifact, that is a model with its guard, with signature and input example."""
        self._tag_format("artifact")
        return self._log(lambda path, model: save_mlflow_model(artifact, path, example=texts, mlflow_model=model))

    def _tag_format(self, model_format: str) -> None:
        self.client.set_tag(self.run_id, "roadworthy.model_format", model_format)

    def _log(self, save: Callable[[Path, Model], None]) -> str:
        """Log what is saved as the model of this run; one that cannot be saved or sent is marked as failed."""
        from mlflow.entities import LoggedModelOutput
        from mlflow.models import Model

        logged = self.client.create_logged_model(
            self.tracked.experiment_id, name="model", source_run_id=self.run_id, model_type="classifier"
        )
        model_id = str(logged.model_id)
        described = Model(
            artifact_path=logged.artifact_location, run_id=self.run_id, model_uuid=model_id, model_id=model_id
        )
        try:
            with tempfile.TemporaryDirectory() as folder:
                save(Path(folder) / "model", described)
                self.client.log_model_artifacts(model_id, str(Path(folder) / "model"))
        except BaseException:
            with suppress(Exception), settings_for_now(LAST_TRY):
                self.client.finalize_logged_model(model_id, "FAILED")
            raise
        self.client.finalize_logged_model(model_id, "READY")
        self.client.log_outputs(self.run_id, [LoggedModelOutput(model_id, step=0)])
        return model_id


def environment() -> str:
    """List the Python, the platform and every installed distribution, one a line in pip's form."""
    installed = {f"{found.name}=={found.version}" for found in importlib.metadata.distributions() if found.name}
    machine = f"{platform.system()} {platform.machine()}"
    lines = [f"# Python {platform.python_version()} on {machine}", *sorted(installed, key=str.lower)]
    return "\n".join(lines) + "\n"


def _context_tags() -> dict[str, str]:
    tags = {"mlflow.source.name": "roadworthy", "mlflow.source.type": "LOCAL"}
    with suppress(OSError, KeyError, ImportError):
        tags["mlflow.user"] = getpass.getuser()
    commit = _git_commit()
    return tags | ({"mlflow.source.git.commit": commit} if commit else {})


def _git_commit() -> str | None:
    """Ask git for the commit of this directory; None outside a repository, or without git."""
    git = shutil.which("git")
    if git is None:
        return None
    with suppress(OSError, subprocess.SubprocessError):
        asked = [git, "rev-parse", "--verify", "--quiet", "HEAD"]
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True)  # noqa: S603
        return answer.stdout.strip() or None
    return None


def _mark_failed(opened: OpenRun) -> None:
    with suppress(Exception), settings_for_now(LAST_TRY):
        opened.client.set_terminated(opened.run_id, "FAILED")
