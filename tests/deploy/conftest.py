"""What is in deploy/, read once, and the names that the service itself goes by."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
INSTRUCTION = re.compile(r"^([A-Z]+)\s+(.*)$")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def deploy() -> Path:
    return ROOT / "deploy"


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """A Dockerfile as (instruction, arguments), with its continued lines joined."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [match.groups() for line in joined if (match := INSTRUCTION.match(line))]


@pytest.fixture(scope="session")
def image(deploy) -> list[tuple[str, str]]:
    return instructions(deploy / "Dockerfile")


@pytest.fixture(scope="session")
def final_stage(image) -> dict[str, str]:
    """The last stage's instructions; of several alike, all their arguments."""
    last = max(number for number, (name, _) in enumerate(image) if name == "FROM")
    stage: dict[str, str] = {}
    for name, arguments in image[last:]:
        stage[name] = f"{stage[name]} {arguments}" if name in stage else arguments
    return stage


@pytest.fixture(scope="session")
def compose(deploy) -> dict:
    return yaml.safe_load((deploy / "compose.yaml").read_text())


def at(document, pointer: str):
    """The place that a JSON pointer's last step is taken from, and that step."""
    *way, last = pointer.strip("/").split("/")
    for step in way:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document, int(last) if isinstance(document, list) else last


def patched(document: dict, patch: list[dict] | dict) -> dict | None:
    """A manifest with a patch of the kinds that are used here: JSON 6902, or a deletion."""
    if isinstance(patch, dict):
        assert patch.pop("$patch") == "delete"
        assert {"apiVersion", "kind", "metadata"} == set(patch)
        return None
    for step in patch:
        place, last = at(document, step["path"])
        present = last < len(place) if isinstance(place, list) else last in place
        assert present == (step["op"] != "add"), step
        if step["op"] == "remove":
            del place[last]
        else:
            place[last] = step["value"]
    return document


def settings_of(folder: Path, generator: dict) -> dict:
    pairs = [line.split("=", 1) for name in generator["envs"] for line in (folder / name).read_text().splitlines()]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": generator["name"]},
        "data": dict(pairs),
    }


def rendered(folder: Path) -> dict[str, dict]:
    """What kustomize would make of a folder, by kind; no more of kustomize than is used here."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    found: dict[str, dict] = {}
    for name in kustomization["resources"]:
        if (folder / name).is_dir():
            found |= rendered((folder / name).resolve())
        else:
            document = yaml.safe_load((folder / name).read_text())
            found[document["kind"]] = document
    for generator in kustomization.get("configMapGenerator", ()):
        found["ConfigMap"] = settings_of(folder, generator)
    for patch in kustomization.get("patches", ()):
        target = found.pop(patch["target"]["kind"])
        assert target["metadata"]["name"] == patch["target"]["name"]
        result = patched(target, yaml.safe_load((folder / patch["path"]).read_text()))
        found |= {result["kind"]: result} if result else {}
    return found


@pytest.fixture(params=["base", "postgresql"])
def manifests(request, deploy) -> dict[str, dict]:
    """The manifests of one way to run it on Kubernetes, by kind."""
    return rendered(deploy / "kubernetes" / request.param)


@pytest.fixture
def base(deploy) -> dict[str, dict]:
    return rendered(deploy / "kubernetes" / "base")


@pytest.fixture
def postgresql(deploy) -> dict[str, dict]:
    return rendered(deploy / "kubernetes" / "postgresql")


@pytest.fixture(scope="session")
def queries(deploy) -> list[str]:
    """Every PromQL expression in deploy/."""
    import json

    board = json.loads((deploy / "grafana/dashboards/roadworthy.json").read_text())
    rules = yaml.safe_load((deploy / "prometheus/rules.yml").read_text())
    panels = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    notes = [note["expr"] for note in board["annotations"]["list"]]
    return [*panels, *notes, *(rule["expr"] for group in rules["groups"] for rule in group["rules"])]
