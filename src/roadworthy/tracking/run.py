"""One MLflow run, opened quietly and closed whatever happens, and the ways to write into it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.errors import RoadworthyError
from roadworthy.mlflow_store import (
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
from roadworthy.tracking.model import carried_by_skops, save_estimator, save_mlflow_model
from roadworthy.tracking.origin import NOWHERE, Origin, code_tags
from roadworthy.tracking.stored import MODEL_SHA256, artifact_sha256, estimator_sha256, find_stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlflow import MlflowClient
    from mlflow.models import Model

    from roadworthy.models.artifact import Artifact
    from roadworthy.models.mlflow_model import Registered

EXPERIMENT = "roadworthy"
LONGEST_DIGEST = 36
LONGEST_NAME = 500
BATCH = 800
_MODEL_ID = re.compile(r"(?<![^/])m-[0-9a-f]{32}(?![^/])")


def experiment_name() -> str:
    """Give the experiment that runs go to: MLFLOW_EXPERIMENT_NAME, or else roadworthy."""
    return os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT


@contextmanager
def tracked_run(
    experiment: str | None, name: str, tags: Mapping[str, str], mend: str, origin: Origin | None = None
) -> Iterator[OpenRun]:
    """Open a run and end it: finished, or failed if anything went wrong inside.

    MLflow says nothing on the terminal meanwhile, waits seconds rather than minutes for a server, and its
    settings, loggers and the warnings of Python are afterwards what they were before.

    Parameters
    ----------
    mend
        What to tell the user to do if the store cannot be reached or refuses the run.
    origin
        The command that makes the run, and the files that it read.
    """
    require_mlflow()
    uri, made_by = store_uri(), origin or NOWHERE
    with quietly():
        try:
            client = open_client(uri, create=True)
            experiment_id = find_experiment(client, uri, experiment or experiment_name())
            whole = made_by.tags | code_tags() | dict(tags)
            run = client.create_run(experiment_id, tags=whole, run_name=name[:LONGEST_NAME])
        except Exception as error:
            raise refusal(error, uri, mend) from error
        opened = OpenRun(client, TrackedRun(run.info.run_id, experiment_id, uri), made_by)
        try:
            yield opened
            opened.end("FINISHED")
        except BaseException as error:
            with suppress(Exception), settings_for_now(LAST_TRY):
                opened.end("FAILED")
            if isinstance(error, RoadworthyError) or not isinstance(error, Exception):
                raise
            raise refusal(error, uri, mend) from error


class OpenRun:
    """A run that is being written."""

    def __init__(self, client: MlflowClient, tracked: TrackedRun, origin: Origin = NOWHERE) -> None:
        self.client = client
        self.tracked = tracked
        self.run_id = tracked.run_id
        self.origin = origin
        self._inputs: dict[str, tuple[str, str]] = {}

    def end(self, status: str) -> None:
        """Close the run."""
        self.client.set_terminated(self.run_id, status)

    def child(self, name: str, tags: Mapping[str, str]) -> OpenRun:
        """Open a run of the same experiment; its tags say whose child it is."""
        run = self.client.create_run(self.tracked.experiment_id, tags=dict(tags), run_name=name[:LONGEST_NAME])
        return OpenRun(self.client, replace(self.tracked, run_id=run.info.run_id), self.origin)

    def log_input(self, context: str, name: str, n: int, sha256: str, *, labelled: bool) -> None:
        """Log which messages were used, and where they are; MLflow cuts the digest, so a tag holds the whole of it."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        columns = ("text", "label") if labelled else ("text",)
        schema = {"mlflow_colspec": [{"type": "string", "name": name, "required": True} for name in columns]}
        source_type, source = self.origin.source(context, name)
        dataset = Dataset(
            name=name[-LONGEST_NAME:],
            digest=sha256[:LONGEST_DIGEST],
            source_type=source_type,
            source=source,
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

    def log_model(self, estimator: object, texts: Sequence[str], *, once: bool = False) -> str | None:
        """Log a scikit-learn estimator with signature and input example, or say in a tag why not."""
        trusted, reason = carried_by_skops(estimator)
        self._tag("roadworthy.model_format", reason)
        if trusted is None:
            return None
        return self._log(
            lambda path, model: save_estimator(estimator, path, example=texts, trusted=trusted, model=model),
            estimator_sha256(estimator),
            once=once,
        )

    def log_artifact(self, artifact: Artifact, texts: Sequence[str], *, once: bool = False) -> str:
        """Log an artifact, that is a model with its guard, with signature and input example."""
        self._tag("roadworthy.model_format", "artifact")
        return self._log(
            lambda path, model: save_mlflow_model(artifact, path, example=texts, mlflow_model=model),
            artifact_sha256(artifact),
            once=once,
        )

    def registered_model(self, registered: Registered) -> str | None:
        """Find the logged model behind a version of a registered model; None where MLflow does not know it."""
        version = self.client.get_model_version(registered.name, registered.version)
        # Not every registry keeps the id; where a version comes from does hold it.
        found = _MODEL_ID.search(str(version.model_id or version.source or ""))
        return found[0] if found else None

    def link_model(self, model_id: str) -> str:
        """Name a model that the store holds already as an input of this run."""
        from mlflow.entities import LoggedModelInput

        self.client.log_inputs(self.run_id, models=[LoggedModelInput(model_id)])
        return self._known(model_id)

    def _tag(self, name: str, value: str) -> None:
        self.client.set_tag(self.run_id, name, value)

    def _known(self, model_id: str) -> str:
        self.tracked = replace(self.tracked, model_uri=f"models:/{model_id}")
        return model_id

    def _log(self, save: Callable[[Path, Model], None], sha256: str, *, once: bool) -> str:
        """Log what is saved as the model of this run; one that cannot be saved or sent is marked as failed.

        Where it is to be stored once, and the store holds it already, that one becomes an input of the run instead.
        """
        from mlflow.entities import LoggedModelOutput
        from mlflow.models import Model

        self._tag(MODEL_SHA256, sha256)
        stored = find_stored(self.client, self.tracked.experiment_id, sha256) if once else None
        if stored is not None:
            return self.link_model(stored)
        logged = self.client.create_logged_model(
            self.tracked.experiment_id,
            name="model",
            source_run_id=self.run_id,
            tags={MODEL_SHA256: sha256},
            model_type="classifier",
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
        return self._known(model_id)


def environment() -> str:
    """List the Python, the platform and every installed distribution, one a line in pip's form."""
    installed = {f"{found.name}=={found.version}" for found in importlib.metadata.distributions() if found.name}
    machine = f"{platform.system()} {platform.machine()}"
    lines = [f"# Python {platform.python_version()} on {machine}", *sorted(installed, key=str.lower)]
    return "\n".join(lines) + "\n"
