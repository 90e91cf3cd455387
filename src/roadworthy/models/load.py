"""`load_model`: a spec from the command line becomes a model."""

from __future__ import annotations

import importlib
import shutil
import sys
import tempfile
import warnings
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from roadworthy.errors import ModelError, named
from roadworthy.models import skops_file
from roadworthy.models.adapt import Model, as_model
from roadworthy.models.compiled import as_fast_model
from roadworthy.models.huggingface import load_huggingface
from roadworthy.models.mlflow_model import KINDS, download, resolved
from roadworthy.models.reference import fingerprint
from roadworthy.models.saved_predictions import KIND, load_predictions
from roadworthy.output import short_name

# Under which name a module keeps the hash of the source that it was loaded from.
_LOADED = "__roadworthy_sha256__"

SPECS = (
    "a folder written by train or wrap, pickles:VECTORIZER,MODEL, a .skops, .joblib or .pkl file, "
    "models:/NAME@ALIAS, runs:/RUN/MODEL, hf:DIRECTORY, python:MODULE:FUNCTION, http://…, endpoint:FILE, "
    "or predictions:FILE"
)


def load_model(spec: str | Path, *, allow_pickle: bool = False) -> Model:
    """Load the model that a spec names.

    Parameters
    ----------
    spec
        A directory written by ``roadworthy train`` or ``wrap``; ``pickles:vectorizer.pkl,model.pkl``; a ``.skops``,
        ``.joblib``, ``.pkl`` or ``.pickle`` file of a fitted scikit-learn pipeline; ``models:/name@alias``,
        ``models:/name/version``, ``runs:/run/model`` or ``mlflow-artifacts:/path`` in MLflow's store, or a directory
        that MLflow wrote; ``hf:`` and the directory or name of a Hugging Face text classifier, with options as in
        ``hf:name?device=cpu&batch_size=16``; ``python:module:function``, the module being looked for in the working
        directory as well; an ``http://`` or ``https://`` address, or ``endpoint:file.toml``, which describes one;
        ``predictions:file``, a table of texts and what was answered to them.
    allow_pickle
        Pickle and joblib files, and many of MLflow's models, run code when they are loaded: allow it.

    Raises
    ------
    ModelError
        No adapter fits, the file is missing or broken, or a pickle is not allowed.
    TrackingError
        MLflow's store does not hold it, or cannot be asked.
    MissingExtraError
        The extra that this adapter needs is not installed.
    """
    text = str(spec)
    loader = next((loader for kinds, loader in _LOADERS.items() if text.startswith(kinds)), _load_path)
    return loader(text, allow_pickle)


def _load_path(spec: str, allow_pickle: bool) -> Model:
    path = Path(spec)
    suffix = path.suffix.lower()
    if suffix in {".pkl", ".pickle", ".joblib"}:
        return as_fast_model(_unpickle(path, allow_pickle), short_name(path))
    if suffix == ".skops":
        _require_file(path)
        return as_fast_model(skops_file.load(path), short_name(path))
    if spec and path.is_dir():
        return _load_directory(path, short_name(path), allow_pickle)
    raise ModelError("no adapter fits this spec", where=spec, mend=f"give {SPECS}")


def _load_pair(spec: str, allow_pickle: bool) -> Model:
    names = [name.strip() for name in spec.removeprefix("pickles:").split(",")]
    if len(names) != 2 or not all(names):
        raise ModelError("not two files", where=spec, mend="write pickles:vectorizer.pkl,model.pkl")
    vectorizer, model = (_unpickle(Path(name), allow_pickle) for name in names)
    return as_fast_model((vectorizer, model), "pickles:" + ",".join(short_name(Path(name)) for name in names))


def find_artifact(path: Path) -> Path | None:
    """The artifact that a directory is, or that it holds as an MLflow model that Roadworthy wrote; None for neither."""
    from roadworthy.models.artifact import is_artifact

    return next((place for place in (path, path / "roadworthy") if is_artifact(place)), None)


def _load_directory(path: Path, name: str, allow_pickle: bool) -> Model:
    from roadworthy.models.artifact import load_artifact
    from roadworthy.models.mlflow_flavours import FILE, load_mlflow_folder

    place = find_artifact(path)
    if place is not None:
        return load_artifact(place).model
    if (path / FILE).is_file():
        return load_mlflow_folder(path, name, allow_pickle=allow_pickle)
    mend = "give a folder written by roadworthy train or wrap, or by MLflow"
    raise ModelError(f"holds no roadworthy.json, and no {FILE}", where=name, mend=mend)


def _load_stored(spec: str, allow_pickle: bool) -> Model:
    """A model of MLflow's store, under a name that says its version."""
    from roadworthy.models.guarded import GuardedModel

    name = resolved(spec) or spec
    folder = Path(tempfile.mkdtemp(prefix="roadworthy-"))
    try:
        model = _load_directory(download(name, folder), name, allow_pickle)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if isinstance(model, GuardedModel):
        model.name = name
    # A python_function may read its files whenever it is asked.
    weakref.finalize(model, shutil.rmtree, folder, ignore_errors=True)
    return model


def _load_endpoint(spec: str, allow_pickle: bool) -> Model:
    from roadworthy.models.endpoint import load_endpoint

    return load_endpoint(spec)


def _unpickle(path: Path, allow_pickle: bool) -> Any:
    _require_file(path)
    if not allow_pickle:
        raise ModelError(
            "a pickle runs any code that its author put into it when it is loaded",
            where=path,
            mend="if you trust it, add --allow-pickle (allow_pickle=True); better, save the model with skops",
        )
    import joblib
    from sklearn.exceptions import InconsistentVersionWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", InconsistentVersionWarning)
            # It reads plain pickles too, and what joblib wrote under the name of a pickle.
            return joblib.load(path)
    except InconsistentVersionWarning as warning:
        raise ModelError(
            f"saved with scikit-learn {warning.original_sklearn_version}, here is {warning.current_sklearn_version}",
            where=path,
            mend="install that version, or train again",
        ) from None
    except (Exception, SystemExit) as error:
        raise ModelError(
            f"does not load ({named(error)})", where=path, mend="save it again with this environment"
        ) from error


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise ModelError("no such file", where=path, mend="check the path")


def _load_function(spec: str, allow_pickle: bool) -> Model:
    module_name, _, function_name = spec.removeprefix("python:").partition(":")
    if not module_name or not function_name:
        raise ModelError("no module and function", where=spec, mend="write python:module:function")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = _imported(module_name, spec)
        for part in function_name.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:
        raise ModelError(
            f"does not import ({named(error)})", where=spec, mend="check the module and its name"
        ) from error
    return as_model(found, name=spec)


def _imported(name: str, spec: str) -> Any:
    """The module as its source is now: one that was loaded here before and has changed since is loaded again."""
    module = importlib.import_module(name)
    with suppress(ModelError):
        now = fingerprint(spec)
        if getattr(module, _LOADED, now) != now:
            module = importlib.reload(module)
        setattr(module, _LOADED, now)
    return module


_LOADERS: dict[str | tuple[str, ...], Callable[[str, bool], Model]] = {
    "pickles:": _load_pair,
    "python:": _load_function,
    "hf:": lambda spec, allow_pickle: load_huggingface(spec, allow_pickle=allow_pickle),
    ("http://", "https://", "endpoint:"): _load_endpoint,
    KIND: lambda spec, allow_pickle: load_predictions(spec),
    KINDS: _load_stored,
}
