import os
import subprocess
import sys

import pytest

import roadworthy

PUBLIC = [
    "Artifact",
    "BlackBox",
    "Classifier",
    "Comparison",
    "Dataset",
    "Decision",
    "Draw",
    "Gate",
    "Guard",
    "GuardedModel",
    "HardenedClassifier",
    "Inspection",
    "Perturbation",
    "Predictions",
    "Profile",
    "RoadworthyError",
    "Suite",
    "compare_models",
    "decide",
    "families",
    "inspect",
    "load_artifact",
    "load_encoder",
    "load_model",
    "perturb",
    "perturbation",
    "read_dataset",
    "read_gate",
    "support_desk",
    "train_hardened",
    "wrap",
    "write_report",
]


def test_the_public_names_are_these_and_sorted():
    assert roadworthy.__all__ == PUBLIC == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_can_be_had(name):
    assert getattr(roadworthy, name) is not None
    assert roadworthy.__getattr__(name) is getattr(roadworthy, name)
    assert name in dir(roadworthy)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = roadworthy.nothing


@pytest.mark.e2e
def test_importing_the_package_is_light_and_does_nothing():
    code = (
        "import os, sys; before = sorted(os.listdir()); import roadworthy; dir(roadworthy);"
        "heavy = {'numpy', 'pandas', 'sklearn', 'scipy', 'pydantic', 'mlflow', 'altair', 'typer', 'rich'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); assert sorted(os.listdir()) == before"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
