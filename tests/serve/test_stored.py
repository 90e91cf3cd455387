"""What a spec names in MLflow's store, and what of it is kept in a file."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from roadworthy.serve.stored import Alias, Known, Version, alias_of, is_stored, version_of


@pytest.mark.parametrize(
    ("spec", "stored", "alias", "version"),
    [
        ("models:/intent@champion", True, Alias("intent", "champion"), None),
        ("models:/my intent@a-b", True, Alias("my intent", "a-b"), None),
        ("models:/intent/7", True, None, ("intent", "7")),
        ("models:/intent/latest", True, None, None),
        ("models:/m-0123abc", True, None, None),
        ("runs:/0123abc/model", True, None, None),
        ("mlflow-artifacts:/1/2/model", True, None, None),
        ("model", False, None, None),
        ("python:ours:classify", False, None, None),
    ],
)
def test_a_spec_names_an_alias_a_version_or_neither(
    spec: str, stored: bool, alias: Alias | None, version: tuple[str, str] | None
) -> None:
    assert (is_stored(spec), alias_of(spec), version_of(spec)) == (stored, alias, version)


def test_what_is_known_is_read_as_it_was_written(tmp_path: Path) -> None:
    version = Version(name="intent", version="7", folder=tmp_path, run="a1", inspection={"verdict": "pass", "n": None})
    known = Known(checked=1.5, due=9.0, registry="away", versions={"served": version}, gone=("shadow",), said="why")
    known.save(tmp_path / "known.json")
    assert Known.read(tmp_path / "known.json") == known
    assert version.shown == {"name": "intent", "version": "7"}


def test_what_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "known.json").write_text('{"checked": 1}')
    with pytest.raises(ValidationError):
        Known.read(tmp_path / "known.json")
