import json
import subprocess
import sys
from importlib.metadata import version

import pytest

from roadworthy.errors import EngineError
from roadworthy.reproduce import environment
from roadworthy.reproduce.environment import build, differing, find_uv, minor, packages_of, run_quietly

HERE = minor(sys.version.split()[0])


def other(facts, **versions):
    return facts.model_copy(update={"packages": {**facts.packages, **versions}})


@pytest.fixture
def commands(monkeypatch):
    """What would be run, in place of running it; the environment comes to be."""
    asked = []

    def run(command, **_):
        asked.append(list(command))
        folder = next((part for part in command if part.endswith("environment")), None)
        if folder:
            environment.Path(folder).mkdir(parents=True, exist_ok=True)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(environment, "run_quietly", run)
    return asked


def test_the_environment_of_a_run_made_here_is_the_present_one(facts):
    assert differing(facts) == ()


def test_only_what_matters_differs(facts):
    run = other(facts, numpy="1.0.0", pandas="1.0.0").model_copy(update={"python": "3.1.4"})
    found = {change.what: (change.a, change.b) for change in differing(run)}
    assert found == {"Python": ("3.1", HERE), "numpy": ("1.0.0", version("numpy"))}


def test_an_encoder_adds_what_runs_it(facts):
    run = facts.model_copy(update={"options": {"encoder": "minilm"}, "packages": {**facts.packages}})
    run.packages.pop("tokenizers", None)
    run.packages["tokenizers"] = "0.0.1"
    assert "onnxruntime" in packages_of(run)
    assert "tokenizers" in [change.what for change in differing(run)]


def test_a_package_that_is_not_here_is_none(facts, monkeypatch):
    monkeypatch.setattr(environment, "PACKAGES", ("no-such-distribution",))
    assert differing(other(facts, **{"no-such-distribution": "1.0"}))[0].b is None


def test_uv_builds_where_there_is_one(facts, commands, tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "find_uv", lambda: "/bin/uv")
    said = []
    python = build(other(facts, numpy="1.0.0"), tmp_path / "environment", tell=said.append)
    assert python.parent.parent == tmp_path / "environment"
    make, install = commands
    assert make[:2] == ["/bin/uv", "venv"]
    assert make[-2:] == [HERE, str(tmp_path / "environment")]
    assert install[:3] == ["/bin/uv", "pip", "install"]
    constraints = (tmp_path / "constraints.txt").read_text().splitlines()
    assert "numpy==1.0.0" in constraints
    assert not [line for line in constraints if line.startswith("roadworthy")]
    assert said == [f"building Python {HERE} with the run's versions in {tmp_path / 'environment'}"]


def test_an_environment_is_built_once(facts, commands, tmp_path):
    said = []
    for _ in range(2):
        build(facts, tmp_path / "environment", tell=said.append)
    assert len(commands) == 2
    assert said[-1].endswith("is the run's already")
    build(other(facts, numpy="1.0.0"), tmp_path / "environment", tell=said.append)
    assert len(commands) == 4


def test_without_uv_venv_and_pip_do_it(facts, commands, tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "find_uv", lambda: None)
    python = build(facts, tmp_path / "environment", tell=print)
    assert commands[0] == [sys.executable, "-m", "venv", "--clear", str(tmp_path / "environment")]
    assert commands[1][:4] == [str(python), "-m", "pip", "install"]


def test_another_python_must_be_here_or_be_fetched_by_uv(facts, commands, tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "find_uv", lambda: None)
    run = facts.model_copy(update={"python": "3.1.4"})
    with pytest.raises(EngineError, match=r"there is no Python 3.1; install it, or uv, which fetches it"):
        build(run, tmp_path / "environment", tell=print)
    monkeypatch.setattr(environment.shutil, "which", lambda name, **_: f"/bin/{name}")
    build(run, tmp_path / "environment", tell=print)
    assert commands[0][0] == "/bin/python3.1"


def test_roadworthy_comes_from_where_it_was_installed_from(facts, monkeypatch, tmp_path):
    class Installed:
        origin = None

        def read_text(self, name):
            return self.origin

    monkeypatch.setattr(environment, "distribution", lambda name: Installed())
    here = f"roadworthy=={version('roadworthy')}"
    assert environment._ourselves(facts) == here
    for url in ("https://example.com/roadworthy.whl", "file:///nowhere/roadworthy"):
        Installed.origin = json.dumps({"url": url})
        assert environment._ourselves(facts) == here
    Installed.origin = json.dumps({"url": tmp_path.as_uri()})
    assert environment._ourselves(facts) == f"roadworthy @ {tmp_path.as_uri()}"
    assert environment._ourselves(other(facts, roadworthy="0.0.1")) == "roadworthy==0.0.1"
    encoded = facts.model_copy(update={"parameters": {"encoder": "minilm"}})
    assert environment._ourselves(encoded) == f"roadworthy[encoder] @ {tmp_path.as_uri()}"


def test_what_cannot_be_installed_is_told_in_one_line(facts, tmp_path, monkeypatch):
    def run(command):
        return subprocess.CompletedProcess(command, 1, "", "hint\nno version of numpy==1.0.0\n")

    monkeypatch.setattr(environment, "run_quietly", run)
    with pytest.raises(EngineError, match=r"cannot be built \(hint no version of numpy==1.0.0\); build it by hand"):
        build(facts, tmp_path / "environment", tell=print)


def test_another_python_sees_nothing_of_this_one(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    asked = "import os; print(os.environ.get('PYTHONPATH'), os.environ.get('EXTRA'))"
    own = run_quietly([sys.executable, "-c", asked], EXTRA="1")
    assert own.stdout == "/somewhere 1\n"
    shown = run_quietly(["/usr/bin/env"])
    assert "PYTHONPATH" not in shown.stdout


def test_a_program_that_is_not_there_is_told():
    with pytest.raises(EngineError, match="/no/python: cannot be started"):
        run_quietly(["/no/python"])


def test_uv_is_looked_for_beside_python_too(monkeypatch):
    monkeypatch.setattr(environment.shutil, "which", lambda name, path=None: path and f"{path}/uv")
    assert find_uv() == f"{environment.Path(sys.executable).parent}/uv"


def test_windows_keeps_its_python_elsewhere(facts, commands, tmp_path, monkeypatch):
    monkeypatch.setattr(environment.sys, "platform", "win32")
    assert build(facts, tmp_path / "environment", tell=print).name == "python.exe"
