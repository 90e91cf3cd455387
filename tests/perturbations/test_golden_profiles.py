"""Every built-in profile gives, for ever, what `golden_profiles.json` says.

After a change that is meant: python tests/perturbations/test_golden_profiles.py
"""

import json
from pathlib import Path

import pytest

from roadworthy import Profile
from roadworthy.perturbations.profile import BUILT_IN

FILE = Path(__file__).with_name("golden_profiles.json")
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


def golden(name):
    profile = Profile.load(name)
    return {str(severity): profile(TEXTS, severity=severity, seed=SEED) for severity in SEVERITIES}


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_profile_gives_what_it_always_gave(name):
    assert golden(name) == json.loads(FILE.read_text(encoding="utf-8"))[name]


if __name__ == "__main__":
    found = {name: golden(name) for name in BUILT_IN}
    FILE.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
