"""Every registered perturbation is held to the contract; a new one needs no line here."""

import pytest

from roadworthy.checks import check_perturbation
from roadworthy.perturbations import families

EVERY = [member for members in families().values() for member in members]


@pytest.mark.parametrize("perturbation", EVERY, ids=lambda perturbation: perturbation.name)
def test_keeps_the_contract(perturbation):
    check_perturbation(perturbation)


def test_there_are_fourteen_families_of_several_members_each():
    counts = {family: len(members) for family, members in families().items()}
    assert list(counts) == [
        "typos", "texting", "lengthening", "emoji", "fragments", "mixed_languages", "casing", "punctuation", "unicode",
        "speech", "grammar", "politeness", "anger", "chat_context",
    ]  # fmt: skip
    assert min(counts.values()) >= 4
