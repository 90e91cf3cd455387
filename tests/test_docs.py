"""README, CONTRIBUTING and the example notebook are executed, word for word."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient

from roadworthy import Perturbation, Profile, support_desk
from roadworthy.checks import check_perturbation
from roadworthy.cli import main
from roadworthy.models.answers import read_answers
from roadworthy.perturbations import Draw, families, perturbation, registry

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXITS = {"inspect": 1, "perturb": 0, "predict": 0, "profile": 0, "train": 0, "wrap": 0}
OURS = """
def classify(texts):
    return [("refund_status" if "money" in text else "order_status", 0.8) for text in texts]
"""


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", document, re.MULTILINE | re.DOTALL)


def commands(document: str) -> list[str]:
    lines = "".join(blocks(document, "console")).splitlines()
    return [line.strip().removeprefix("$ ") for line in lines if line.strip().startswith("$ ")]


SERVE = "roadworthy serve model"
CURL = next(line for line in commands(README) if line.startswith("curl "))


@pytest.fixture
def project(tmp_path, monkeypatch, models):
    """A folder with the files that the README's reader has."""
    shutil.copytree(models / "naive", tmp_path, dirs_exist_ok=True)
    shutil.copytree(models / "hardened", tmp_path / "model")
    train, clean, real = support_desk.load_train(), support_desk.load_clean_test(), support_desk.load_real_style()
    pd.DataFrame({"text": train.texts, "label": train.labels}).to_csv(tmp_path / "train.csv", index=False)
    pd.DataFrame({"message": real.texts}).to_csv(tmp_path / "messages.csv", index=False)
    noisy = [text.replace("er", "re") for text in clean.texts]
    pd.DataFrame({"clean": clean.texts, "noisy": noisy}).to_csv(tmp_path / "pairs.csv", index=False)
    Profile.learn(real.texts, clean=train.texts, name="ours").save(tmp_path / "ours.json")
    (tmp_path / "ours.py").write_text(OURS)
    pd.DataFrame({"text": clean.texts, "label": clean.labels}).to_csv(tmp_path / "clean.csv", index=False)
    pd.DataFrame({"text": real.texts, "label": real.labels, "kind": real.kinds}).to_csv(
        tmp_path / "production_sample.csv", index=False
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


RELEASE = commands(README.partition("## Release it")[2].partition("\n## ")[0])


@pytest.mark.parametrize(
    "command",
    [line for line in commands(README) if line.startswith("roadworthy ") and line not in (SERVE, *RELEASE)],
)
def test_the_readme_s_commands_do_what_they_say(command, project):
    arguments = shlex.split(command)[1:]
    tracked = ["--no-track"] if arguments[0] in ("inspect", "train", "wrap") else []
    with pytest.raises(SystemExit) as left:
        main([*arguments, *tracked])
    survives = arguments[:2] == ["inspect", "model"]
    assert left.value.code == (0 if survives else EXITS[arguments[0]])
    if arguments[0] == "inspect":
        assert {path.name for path in (project / "roadworthy-report").iterdir()} >= {
            "report.html", "report.md", "junit.xml", "inspection.json",
        }  # fmt: skip


def test_the_readme_s_service_answers_the_readme_s_question(project):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    started = [sys.executable, "-m", *shlex.split(SERVE), "--port", "0"]
    with subprocess.Popen(started, stderr=subprocess.PIPE, text=True) as service:
        assert service.stderr is not None
        try:
            address = json.loads(service.stderr.readline())["url"]
            asked = CURL.replace("localhost:8000", address.removeprefix("http://")).replace("curl ", "curl --retry 9 ")
            asked = asked.replace("--retry", "--retry-connrefused --retry")
            answered = subprocess.run(shlex.split(asked), capture_output=True, text=True, timeout=60, check=True)
        finally:
            service.terminate()
            service.communicate()
    assert json.loads(answered.stdout)["label"] == "order_status"
    assert (project / "predictions.db").is_file()


@pytest.mark.slow
def test_the_readme_s_release_goes_there_and_back(project, monkeypatch, capsys):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    train, inspect, promote, *rest = RELEASE
    for command in (
        train,
        inspect,
        promote,
        f"{train} --out second --seed 1",
        f"{promote.removesuffix('1')}2 --force --reason test",
        *rest,
    ):
        with pytest.raises(SystemExit) as left:
            main(shlex.split(command)[1:])
        # Nothing was deployed last Tuesday, and that is an answer of no.
        assert left.value.code == (1 if "last Tuesday" in command else 0), command
    assert "version 1 is the champion" in capsys.readouterr().out


def test_the_readme_names_no_other_command():
    others = {line for line in commands(README) if not line.startswith("roadworthy ")}
    installs = {'pip install "roadworthy[mlflow]"', 'pip install "roadworthy[serve]"'}
    assert others == {"make demo", "make test", CURL, *installs}


def test_every_answer_that_the_readme_shows_is_read():
    shapes, *_ = blocks(README, "python")
    for line in shapes.splitlines():
        answers = eval(line.partition("#")[0], {"np": np})
        assert read_answers(answers, 2, "ours", ("refund", "cancel")).labels.tolist() == ["refund", "cancel"]


def test_the_readme_s_python_runs(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, *code = blocks(README, "python")
    exec(compile("\n".join(code), "README.md", "exec"), {})
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("fail ")
    assert last.startswith("order_status ")


def test_links_and_pictures_exist():
    for document in (README, CONTRIBUTING):
        targets = re.findall(r"\]\(([^)#]+)[^)]*\)", document)
        assert [target for target in targets if "://" not in target and not (ROOT / target).exists()] == []


def test_contributing_s_perturbations_satisfy_the_contract(monkeypatch):
    monkeypatch.setattr(registry, "REGISTRY", dict(registry.REGISTRY))
    inside, outside = blocks(CONTRIBUTING, "python")
    names = {"perturbation": perturbation, "Draw": Draw}
    exec(inside if not inside.startswith(" ") else _dedented(inside), names)
    exec(outside, names)
    check_perturbation(registry.REGISTRY["early_thanks"])
    assert isinstance(names["loud"], Perturbation)
    check_perturbation(names["loud"])


def _dedented(code: str) -> str:
    return "\n".join(line.removeprefix("   ") for line in code.splitlines())


def test_the_notebook_runs_and_its_outputs_are_those_that_it_shows():
    shown = nbformat.read(ROOT / "examples" / "notebook_trap.ipynb", as_version=4)
    again = nbformat.read(ROOT / "examples" / "notebook_trap.ipynb", as_version=4)
    NotebookClient(again, timeout=200).execute()
    assert _printed(again) == _printed(shown)
    assert "accuracy 100.0%" in _printed(again)


def _printed(notebook: nbformat.NotebookNode) -> str:
    streams = [
        output for cell in notebook.cells for output in cell.get("outputs", ()) if output.output_type == "stream"
    ]
    return "".join(stream.text for stream in streams if stream.name == "stdout")


def test_every_endpoint_in_the_docs_is_one(tmp_path):
    from roadworthy.models.endpoint_settings import EndpointSettings

    found = blocks((ROOT / "docs" / "endpoints.md").read_text(encoding="utf-8"), "toml")
    assert [EndpointSettings(**tomllib.loads(block)).protocol for block in found] == ["roadworthy", "json", "chat"]


def test_every_perturbation_stands_in_the_list():
    listed = (ROOT / "docs" / "noise.md").read_text(encoding="utf-8")
    rows = [
        f"| {member.name} | {(member.change.__doc__ or '').strip().splitlines()[0]} |"
        for members in families().values()
        for member in members
    ]
    assert [row for row in rows if row not in listed] == []
