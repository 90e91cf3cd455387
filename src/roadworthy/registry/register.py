"""Putting the model of a run into the registry, as the challenger."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

from roadworthy.errors import ReleaseError
from roadworthy.mlflow_store import settings_for_now, store_uri
from roadworthy.registry.store import CHALLENGER, Registry, is_absent, opened_registry

if TYPE_CHECKING:
    from roadworthy.models.mlflow_model import Registered

_WAIT_SECONDS = 60


def register(name: str, model: str) -> Registered:
    """Make a logged model the next version of a registered model, and its challenger.

    Parameters
    ----------
    name
        The registered model; made if there is none of that name.
    model
        The id of the run that logged it, or its URI: runs:/RUN/model or models:/m-….

    Returns
    -------
    Registered
        Name, version and run.

    Raises
    ------
    ReleaseError
        The run logged no model, the name cannot be used, or the store cannot be reached.
    """
    from roadworthy.models.mlflow_model import Registered

    require_name(name)
    with opened_registry() as registry:
        uri = model if ":/" in model else _model_of(registry, model)
        version, run = _registered(registry, name, uri)
        registry.point(name, CHALLENGER, version)
    return Registered(name, version, run)


def require_name(name: str) -> None:
    """Make sure that a registered model can bear a name.

    Raises
    ------
    ReleaseError
        It cannot.

    Examples
    --------
    >>> require_name("a/b")
    Traceback (most recent call last):
    roadworthy.errors.ReleaseError: 'a/b': no name for a registered model; leave out / and :
    """
    if not name.strip() or any(sign in name for sign in "/:"):
        raise ReleaseError("no name for a registered model", where=repr(name), mend="leave out / and :")


def _model_of(registry: Registry, run: str) -> str:
    try:
        found = registry.client.get_run(run)
    except Exception as error:
        if is_absent(error):
            raise ReleaseError("no such run", where=run, mend="give the id of a training run") from None
        raise
    models = found.outputs.model_outputs if found.outputs else []
    if not models:
        why = found.data.tags.get("roadworthy.model_format", "none")
        raise ReleaseError(f"the run logged no model ({why})", where=run, mend="register a run that did")
    return f"models:/{models[-1].model_id}"


def _registered(registry: Registry, name: str, uri: str) -> tuple[str, str | None]:
    import mlflow

    # MLflow looks the logged model up in the store of its settings, and prints what it does.
    silent = io.StringIO()
    with settings_for_now({"MLFLOW_TRACKING_URI": store_uri()}), redirect_stdout(silent), redirect_stderr(silent):
        version = mlflow.register_model(uri, name, await_registration_for=_WAIT_SECONDS)
    return str(version.version), str(version.run_id) if version.run_id else None
