"""`reproduce`: find the messages, rebuild the environment, train again, and prove the models equal."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from roadworthy.comparison.changes import Change
from roadworthy.comparison.runs import named_run, read_run, run_behind
from roadworthy.errors import ModelError, TrackingError, counted
from roadworthy.reproduce import environment
from roadworthy.reproduce.messages import differences, find_messages, read_messages
from roadworthy.reproduce.proof import ask_both, probes

if TYPE_CHECKING:
    from roadworthy.comparison.runs import RunFacts
    from roadworthy.reproduce.proof import Proof

FILE = "reproduction.json"
RECIPES = ("hardened", "notebook")
# The options of `roadworthy train` that make the model what it is; a run that kept none of them kept these.
OPTIONS = ("text", "label", "oos_label", "flag_rate", "encoder", "seed")
_CHOSEN = ("oos_label", "flag_rate", "encoder", "seed")

Outcome = Literal["equal", "differs", "other messages"]
Tell = Callable[[str], None]


class Reproduction(BaseModel):
    """What came of training again.

    Parameters
    ----------
    outcome
        equal: the same labels and verdicts, and probabilities within a millionth. differs: not so. other messages:
        those that were found are not those of the run, so nothing was trained.
    messages
        What the messages differ in, the run's first.
    environment
        What the present environment differs in from the run's, the run's first; where that is anything, one was built
        for it.
    asked
        How many messages both models were asked about.
    labels_differ, verdicts_differ, largest_difference
        How far they agree on them.
    model
        The folder of the new model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    run_id: str
    outcome: Outcome
    data: str
    messages: tuple[Change, ...] = ()
    environment: tuple[Change, ...] = ()
    rebuilt: bool = False
    asked: int = 0
    labels_differ: int = 0
    verdicts_differ: int = 0
    largest_difference: float | None = None
    model: str | None = None

    def to_json(self) -> str:
        """The whole as one JSON document."""
        return self.model_dump_json(indent=2)


def reproduce(spec: str, out: Path, *, data: Path | None = None, tell: Tell = lambda line: None) -> Reproduction:
    """Do a training run of `roadworthy train` again, and prove that it gives the same model.

    Parameters
    ----------
    spec
        The id of the run, or a model that remembers it: ``models:/name@champion``, or a folder written by ``train``.
    out
        A folder for the new model, and for the environment if one must be built.
    data
        The training messages; by default they are looked for where they were.
    tell
        Called with what is going on, a line each.

    Raises
    ------
    TrackingError
        There is no such run, or it is none of `roadworthy train`.
    DataError
        The messages are not there.
    EngineError
        The environment cannot be built.
    ModelError
        The training failed, or the run's model cannot be asked.
    """
    run = _trained(spec)
    file = find_messages(run, data, out / "messages")
    found = read_messages(run, file)
    assert run.data is not None
    changed = differences(found, run.data)
    if changed:
        return Reproduction(run_id=run.run_id, outcome="other messages", data=str(file), messages=changed)
    tell(f"{file}: the {counted(len(found), 'message')} of the run, sha256 {found.sha256[:12]}")
    differing = environment.differing(run)
    python = _python(run, out, differing, tell)
    new = _train(run, python, file, out / "model", tell)
    proof = _prove(run, python, new, [*found.texts, *probes()], tell)
    return Reproduction(
        run_id=run.run_id,
        outcome="equal" if proof.equal else "differs",
        data=str(file),
        environment=differing,
        rebuilt=bool(differing),
        asked=proof.n,
        labels_differ=proof.labels_differ,
        verdicts_differ=proof.verdicts_differ,
        largest_difference=proof.largest_difference,
        model=str(out / "model"),
    )


def _trained(spec: str) -> RunFacts:
    run_id = named_run(spec) or run_behind(spec)
    if run_id is None:
        raise TrackingError("names no run", where=spec, mend="give the id of a run, or a model that remembers its run")
    run = read_run(run_id)
    if run.recipe not in RECIPES:
        mend = f"only runs of roadworthy train can be done again ({', '.join(RECIPES)})"
        raise TrackingError(f"the recipe is {run.recipe or 'not known'}", where=f"run {run_id}", mend=mend)
    if run.data is None or run.data.sha256 is None:
        raise TrackingError(
            "kept no hash of its messages", where=f"run {run_id}", mend="train again with this version, and track it"
        )
    if run.model is None:
        raise TrackingError(
            "has no model in MLflow to compare with", where=f"run {run_id}", mend="train again, and track it"
        )
    return run


def _python(run: RunFacts, out: Path, differing: tuple[Change, ...], tell: Tell) -> Path:
    import sys

    if not differing:
        tell("this environment is the run's in what matters: nothing is built")
        return Path(sys.executable)
    for change in differing:
        tell(f"{change.what}: {change.a or 'none'} in the run, {change.b or 'none'} here")
    return environment.build(run, out / "environment", tell=tell)


def _train(run: RunFacts, python: Path, file: Path, folder: Path, tell: Tell) -> str:
    """Train as the run did; give the spec of the new model."""
    options = [f"--{name.replace('_', '-')}={value}" for name, value in options_of(run).items()]
    tell(f"training again: roadworthy train {file.name} {' '.join(['--recipe', str(run.recipe), *options])}")
    command = [str(python), "-P", "-m", "roadworthy", "train", str(file), "--recipe", str(run.recipe), *options]
    ended = environment.run_quietly([*command, "--out", str(folder), "--no-track"], COLUMNS="200")
    if ended.returncode:
        said = (ended.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise ModelError(f"the training failed ({said[:300]})", where=f"run {run.run_id}", mend="mend that first")
    if run.recipe == "notebook":
        return f"pickles:{folder / 'vectorizer.pkl'},{folder / 'model.pkl'}"
    return str(folder)


def options_of(run: RunFacts) -> dict[str, str]:
    """The options that a run was trained with, as far as they matter to its model."""
    if run.options:
        return {name: run.options[name] for name in OPTIONS if name in run.options}
    return {name: run.parameters[name] for name in _CHOSEN if name in run.parameters and run.recipe == "hardened"}


def _prove(run: RunFacts, python: Path, new: str, texts: list[str], tell: Tell) -> Proof:
    """Ask the run's model and the new one."""
    from roadworthy.models.load import find_artifact
    from roadworthy.models.mlflow_model import download

    tell(f"asking both models about {counted(len(texts), 'message')}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = download(str(run.model), Path(scratch))
        recorded = find_artifact(folder) or folder / "model.skops"
        return ask_both(python, [str(recorded), new], texts, Path(scratch))
