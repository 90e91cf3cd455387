"""A model that stays where it is: it is looked up by its name, and must be what it was."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from roadworthy.errors import ModelError
from roadworthy.models.reference import fingerprint, is_reference, require_unchanged

SOURCE = "def answer(texts):\n    return ['order'] * len(texts)\n"
# Named so that no other test, and nothing installed, has a module of this name.
MODULE = "referred_to_by_test_reference"
PACKAGE = "package_of_test_reference_"
SPEC = f"python:{MODULE}:answer"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / f"{MODULE}.py").write_text(SOURCE)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith((MODULE, PACKAGE))]:
        del sys.modules[name]


def package(folder: Path, init: str = "") -> str:
    """A module inside a package of its own, named after the folder so that it is imported anew."""
    name = f"{PACKAGE}{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(init)
    (folder / name / "inner.py").write_text(SOURCE)
    return f"python:{name}.inner:answer"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("python:ours:answer", True),
        ("hf:some/model", True),
        ("https://models.example.org/v1/predict", True),
        ("endpoint:desk.toml", True),
        ("model.skops", False),
        ("pickles:a.pkl,b.pkl", False),
        ("folder", False),
        ("", False),
    ],
)
def test_code_and_weights_stay_where_they_are(spec: str, expected: bool) -> None:
    assert is_reference(spec) is expected


def test_the_fingerprint_is_that_of_the_source(folder: Path) -> None:
    expected = hashlib.sha256(SOURCE.encode()).hexdigest()
    assert fingerprint(SPEC) == fingerprint(f"python:{MODULE}:other") == expected
    assert sys.path.count(str(folder)) == 1
    (folder / f"{MODULE}.py").write_text(f"{SOURCE}\n")
    assert fingerprint(SPEC) != expected


def test_the_module_itself_is_not_run(folder: Path) -> None:
    (folder / f"{MODULE}.py").write_text("raise SystemExit('it ran')\n")
    assert fingerprint(SPEC)
    assert MODULE not in sys.modules


def test_a_module_in_a_package_is_found(folder: Path) -> None:
    assert fingerprint(package(folder)) == hashlib.sha256(SOURCE.encode()).hexdigest()


def test_a_package_that_changes_is_another_fingerprint(folder: Path) -> None:
    spec = package(folder)
    known = fingerprint(spec)
    init = next(folder.glob(f"{PACKAGE}*/__init__.py"))
    init.write_text("changed = True\n")
    with pytest.raises(ModelError, match="has changed since it was wrapped"):
        require_unchanged(spec, known)
    init.write_text("")
    require_unchanged(spec, known)


def test_the_package_around_a_module_is_not_run_either(folder: Path) -> None:
    fingerprint(package(folder, "from pathlib import Path\nPath('ran').touch()\n"))
    assert not (folder / "ran").exists()


def test_what_has_no_source_has_no_fingerprint(folder: Path) -> None:
    (folder / "only_a_folder_of_test_reference").mkdir()
    assert fingerprint("python:only_a_folder_of_test_reference:answer") is None
    assert fingerprint("hf:some/model") is None
    assert fingerprint("model.skops") is None


@pytest.mark.parametrize(
    "spec", ["python:subprocess:call", "python:os.path:join", "python:sys:exit", "python:json.no:f"]
)
def test_a_part_of_python_is_no_model(spec: str) -> None:
    with pytest.raises(ModelError) as caught:
        fingerprint(spec)
    assert str(caught.value) == f"{spec}: is no model but a part of Python; name a function of your own"


@pytest.mark.parametrize(
    "spec",
    [
        "python:no_such_module_at_all:f",
        "python:no_such_package_at_all.inner:f",
        "python:..up:f",
        f"python:{MODULE}.inner:f",
        "python:__main__:f",
    ],
)
def test_what_is_not_there_is_said_in_one_line(folder: Path, spec: str) -> None:
    with pytest.raises(ModelError) as caught:
        fingerprint(spec)
    assert str(caught.value) == f"{spec}: no such module here; run it in its folder, or install its package"


def test_unchanged_code_may_be_used(folder: Path) -> None:
    require_unchanged(SPEC, fingerprint(SPEC))
    require_unchanged("hf:some/model", None)


@pytest.mark.parametrize("sha256", ["", "0" * 64, None])
def test_changed_code_may_not(folder: Path, sha256: str | None) -> None:
    with pytest.raises(ModelError) as caught:
        require_unchanged(SPEC, sha256)
    assert str(caught.value) == f"{SPEC}: has changed since it was wrapped; wrap it again: roadworthy wrap"


def test_code_that_is_gone_may_not(folder: Path) -> None:
    known = fingerprint(SPEC)
    (folder / f"{MODULE}.py").unlink()
    with pytest.raises(ModelError, match="no such module here"):
        require_unchanged(SPEC, known)


def test_a_described_endpoint_is_known_by_its_description(folder: Path) -> None:
    (folder / "desk.toml").write_text('url = "http://127.0.0.1/v1/predict"')
    before = fingerprint("endpoint:desk.toml")
    require_unchanged("endpoint:desk.toml", before)
    (folder / "desk.toml").write_text('url = "http://127.0.0.1/v2/predict"')
    with pytest.raises(ModelError, match="endpoint:desk.toml: has changed since it was wrapped"):
        require_unchanged("endpoint:desk.toml", before)
    (folder / "desk.toml").unlink()
    with pytest.raises(ModelError, match="endpoint:desk.toml: cannot be read .*; run it in its folder"):
        fingerprint("endpoint:desk.toml")
    assert fingerprint("http://127.0.0.1/v1/predict") is None
