"""A small training run in a store of its own, as `roadworthy train --recipe notebook` leaves it."""

import shutil

import pytest

from roadworthy.comparison.runs import read_run
from roadworthy.data import read_dataset
from roadworthy.tracking import track_notebook
from roadworthy.tracking.origin import Origin
from roadworthy.training.notebook import save_pickles, train_notebook

ROWS = [f"where is my parcel {i},order\ngive me my money {i},refund" for i in range(10)]


@pytest.fixture(scope="session")
def made(tmp_path_factory, empty_store):
    """The folder of the project, and the run."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
        patch.chdir(folder)
        shutil.copy(empty_store, folder)
        (folder / "train.csv").write_text("\n".join(["text,label", *ROWS]), encoding="utf-8")
        data = read_dataset("train.csv")
        model = train_notebook(data)
        origin = Origin(
            "roadworthy train train.csv --recipe notebook",
            {"recipe": "notebook", "data": "train.csv", "out": "model", "text": "text"},
            {"training": folder / "train.csv"},
        )
        run = track_notebook(model, data, save_pickles(model, folder / "model"), origin=origin)
        return folder, read_run(run.run_id)


@pytest.fixture
def project(made, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(made[0])
    return made[0]


@pytest.fixture
def facts(made):
    return made[1]
