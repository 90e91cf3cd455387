"""Reading a model in a process of its own: `python -m roadworthy.serve.loading FOLDER` writes what the service needs.

What reading takes in memory, scikit-learn's and skops's modules among it, ends with the process; and while a model is
loaded anew, nobody who is being answered has to wait for it.
"""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roadworthy.errors import ModelError, RoadworthyError, named
from roadworthy.serve.ours import is_ours, leave_out_pandas

if TYPE_CHECKING:
    from roadworthy.serve.served import Served

_INSTEAD = "log it with serialization_format='skops', or as an artifact of roadworthy train or wrap"


def load_apart(spec: str, *, allow_pickle: bool = False) -> Served:
    """As `load_served`; a folder of ours, and one of MLflow's, is read in a process of its own.

    Raises
    ------
    ModelError
        It does not load, or it answers only with MLflow's help.
    """
    from roadworthy.serve.served import load_served

    if not is_ours(spec) and not (Path(spec) / "MLmodel").is_file():
        return load_served(spec, allow_pickle=allow_pickle)
    command = [sys.executable, "-m", "roadworthy.serve.loading", spec, *(["--allow-pickle"] if allow_pickle else [])]
    finished = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603 (ours)
    if finished.returncode:
        raise ModelError(f"does not load (its process ended with {finished.returncode})", where=spec)
    try:
        found: Served | RoadworthyError = _WithoutMlflow(io.BytesIO(finished.stdout)).load()
    except _MlflowError:
        raise ModelError(
            "answers only with MLflow's help, which stays out of the service",
            where=spec,
            mend=_INSTEAD,
        ) from None
    if isinstance(found, RoadworthyError):
        raise found
    return found


class _MlflowError(Exception):
    """What was read holds a part of MLflow, which takes 100 MB and more."""


class _WithoutMlflow(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "mlflow":
            raise _MlflowError
        return super().find_class(module, name)


def main(spec: str, *options: str) -> None:
    """Write the model, or why it does not load, to stdout."""
    leave_out_pandas()
    from roadworthy.serve.served import load_served

    # What a model's own code prints is not part of the answer.
    with redirect_stdout(sys.stderr):
        try:
            found: Served | RoadworthyError = load_served(spec, allow_pickle="--allow-pickle" in options)
            written = pickle.dumps(found, protocol=pickle.HIGHEST_PROTOCOL)
        except RoadworthyError as error:
            written = pickle.dumps(error)
        except Exception as error:
            refused = ModelError(f"cannot be handed to the service ({named(error)})", where=spec, mend=_INSTEAD)
            written = pickle.dumps(refused)
    try:
        sys.stdout.buffer.write(written)
        sys.stdout.flush()
    except BrokenPipeError:
        # A service that is told to stop while it loads a model waits for none; nor may the end of this process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main(*sys.argv[1:])
