import shutil
from pathlib import Path
from typing import Any

import pytest

from roadworthy import support_desk
from roadworthy.data import Dataset

from .samples import HERE, make_inspection


@pytest.fixture(scope="session")
def training() -> Dataset:
    return support_desk.load_train().sample(120)


@pytest.fixture(scope="session")
def hardened(training: Dataset) -> Any:
    """Train an artifact once, for every test that only reads it."""
    from roadworthy.training.hardened import train_hardened

    return train_hardened(training, flag_rate=0.2)


@pytest.fixture
def project(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter a project folder with an empty store."""
    for name in HERE:
        monkeypatch.delenv(name, raising=False)
    shutil.copy(empty_store, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def report(project: Path) -> Path:
    """Write a folder as `roadworthy inspect` leaves it, with a file in it that is not ours."""
    folder = project / "report"
    folder.mkdir()
    for name in ("report.html", "report.md", "junit.xml"):
        (folder / name).write_text(name, encoding="utf-8")
    (folder / "inspection.json").write_text(make_inspection().to_json(), encoding="utf-8")
    (folder / "private.txt").write_text("not ours", encoding="utf-8")
    return folder
