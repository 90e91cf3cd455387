"""The command line in this process, in a folder that holds a small model and its messages."""

import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from roadworthy.cli import main
from roadworthy.data import Dataset, read_dataset
from roadworthy.training.notebook import save_pickles, train_notebook

CLEAN = """text,label
where is my parcel,order
my parcel is late again,order
when will my order arrive,order
please send my money back,refund
I want a refund for this lamp,refund
give me my money now,refund
"""
MODELS = """
import numpy as np

def right(texts): return ["refund" if "money" in text or "refund" in text else "order" for text in texts]
def raises(texts): raise ValueError("two\\nlines")
def too_few(texts): return ["order"]
def exits(texts): raise SystemExit(0)
def wrong_shape(texts): return np.full((len(texts), 3), 1 / 3)
def nan(texts): return np.full((len(texts), 2), np.nan)
def other(texts): return ["spam"] * len(texts)
wrong_shape.classes = nan.classes = ["order", "refund"]
number = 5
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: object
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Ended(ended.value.code, printed.out, printed.err)

    return call


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What stands in the folder of every test."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "clean.csv").write_text(CLEAN)
    trained = train_notebook(read_dataset(folder / "clean.csv"))
    save_pickles(trained, folder)
    other = train_notebook(Dataset.of(["one two", "three"], ["order", "refund"]))
    (folder / "other_model.pkl").write_bytes(pickle.dumps(other.model))
    (folder / "pipeline.pkl").write_bytes(pickle.dumps(trained.pipeline))
    (folder / "cli_models.py").write_text(MODELS)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "cli_models", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path
