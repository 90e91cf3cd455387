"""`roadworthy serve`: only the story's API, and only knowingly."""

from pathlib import Path
from typing import Any

import pytest

from roadworthy.serve import naive

from .conftest import Run


def test_the_storys_api_is_served_where_it_is_told_to(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(naive, "run", lambda model, **options: seen.update(options, model=model))
    assert run("serve", ".", "--naive", "--allow-pickle", "--port", "0").code == 0
    assert seen == {"model": Path(), "host": "127.0.0.1", "port": 0, "allow_pickle": True}
