"""Reading a model in a process of its own: `python -m roadworthy.serve.loading FOLDER` writes what the service needs.

What reading takes in memory, scikit-learn's and skops's modules among it, ends with the process; and while a model is
loaded anew, nobody who is being answered has to wait for it.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

from roadworthy.errors import ModelError, RoadworthyError
from roadworthy.serve.ours import is_ours, leave_out_pandas

if TYPE_CHECKING:
    from roadworthy.serve.served import Served


def load_apart(spec: str, *, allow_pickle: bool = False) -> Served:
    """As `load_served`; a folder of ours is read in a process of its own.

    Raises
    ------
    ModelError
        It does not load.
    """
    from roadworthy.serve.served import load_served

    if not is_ours(spec):
        return load_served(spec, allow_pickle=allow_pickle)
    command = [sys.executable, "-m", "roadworthy.serve.loading", spec]
    finished = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603 (ours)
    if finished.returncode:
        raise ModelError(f"does not load (its process ended with {finished.returncode})", where=spec)
    found: Served | RoadworthyError = pickle.loads(finished.stdout)  # noqa: S301 (written by the lines below)
    if isinstance(found, RoadworthyError):
        raise found
    return found


def main(spec: str) -> None:
    """Write the model, or why it does not load, to stdout."""
    leave_out_pandas()
    from roadworthy.serve.served import load_served

    try:
        found: Served | RoadworthyError = load_served(spec)
    except RoadworthyError as error:
        found = error
    sys.stdout.buffer.write(pickle.dumps(found, protocol=pickle.HIGHEST_PROTOCOL))


if __name__ == "__main__":
    main(sys.argv[1])
