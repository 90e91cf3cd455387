"""Every perturbation and family gives, for ever, what `golden.json` says.

After a change that is meant: python tests/perturbations/test_golden.py
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from roadworthy.perturbations import families, perturb

FILE = Path(__file__).with_name("golden.json")
SEVERITIES = (1, 3, 5)
SEED = 7
TEXTS = [
    "Where is my parcel? It's not here, and I have been waiting for 3 weeks.",
    "I would like to return the blue chair because it is too big for our living room, please.",
    "The app doesn't open on my phone since yesterday; nothing happens.",
    "cant log in, tried 2 times already",
    "refund?",
    "¿Dónde está mi pedido? No lo veo en la web.",
    "मेरा ऑर्डर 12 कहाँ है?",
]


def make_golden():
    names = [name for family, members in families().items() for name in (family, *(member.name for member in members))]
    return {name: {str(s): perturb(TEXTS, name, severity=s, seed=SEED) for s in SEVERITIES} for name in names}


def read_golden():
    return json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", read_golden() if FILE.is_file() else [])
def test_gives_what_it_always_gave(name):
    assert {str(s): perturb(TEXTS, name, severity=s, seed=SEED) for s in SEVERITIES} == read_golden()[name]


def test_every_perturbation_and_family_has_its_golden_messages():
    assert set(make_golden()) == set(read_golden())


@pytest.mark.e2e
def test_a_fresh_process_with_another_hash_seed_gives_the_same():
    code = (
        "import importlib.util, json, sys;"
        f"spec = importlib.util.spec_from_file_location('golden', {str(Path(__file__))!r});"
        "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module);"
        "sys.stdout.buffer.write(json.dumps(module.make_golden()).encode())"
    )
    environment = os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout) == read_golden()


if __name__ == "__main__":
    FILE.write_text(json.dumps(make_golden(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
