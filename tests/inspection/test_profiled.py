"""An inspection with a profile: its versions of the messages, its verdict, and its card."""

import pytest

from roadworthy import Profile
from roadworthy.data import read_messages
from roadworthy.errors import PerturbationError
from roadworthy.inspection import Suite, inspect
from roadworthy.inspection.judge import changed_too_few
from roadworthy.inspection.profiled import card_of
from roadworthy.inspection.suite import find_suite
from roadworthy.perturbations.evidence import Source
from roadworthy.perturbations.likeness import learn_and_judge

from .conftest import messages

CASING = Suite("one", ("casing",), (1, 3))


@pytest.fixture(scope="module")
def learned():
    clean = messages(200).texts
    return learn_and_judge([text.lower() + "!!" for text in clean], clean=clean, name="ours")


def test_its_versions_stand_beside_the_families(many, keyword):
    found = inspect(keyword, many, suite=CASING, profile="texting")
    groups = [group for group in found.groups if group.profile is not None]
    assert [(group.key, group.profile, group.kind) for group in groups] == [
        ("profile: texting/1", "texting", "perturbed"),
        ("profile: texting/3", "texting", "perturbed"),
    ]
    assert groups[1].changed.value > groups[0].changed.value
    assert (groups[0].verdict, groups[1].verdict) == (None, "pass")
    assert (found.settings.profile, found.profile.built_in, found.profile.habits) == ("texting", True, ())
    assert {"profile: texting"} < {check.group for check in found.checks} | {"profile: texting"}


def test_a_model_that_its_noise_breaks_does_not_pass(many):
    def case_bound(texts):
        return ["refund" if "money" in text else "order" for text in texts]

    shouting = Profile(name="shouting", steps=({"name": "shouted_words", "severity": 5},))
    found = inspect(case_bound, many, suite=CASING, profile=shouting)
    assert found.group("profile: shouting/3").verdict == "fail"
    assert found.verdict == "fail"


def test_a_profile_that_changes_nothing_is_told_and_one_that_changes_little_is_not(many, keyword):
    profiles = [Profile(name="p", steps=({"name": "shouted_words", "share": share},)) for share in (0.0, 0.1)]
    idle, rare = (inspect(keyword, many, suite=CASING, profile=profile).group("profile: p/3") for profile in profiles)
    assert (idle.verdict, changed_too_few(idle)) == ("advisory", True)
    assert 0.05 < rare.changed.value < 0.2
    assert not changed_too_few(rare)


def test_one_that_was_learned_without_clean_messages_starts_from_those_that_are_inspected(tmp_path):
    clean = [text.lower() for text in messages(200).texts]
    sent = [text + "!!" for text in clean]
    file = tmp_path / "sent.csv"
    file.write_text("text\n" + "\n".join(f'"{text}"' for text in sent) + "\n")
    data, _ = read_messages(file)
    ours = Profile.learn(sent).seen_at(Source(file=str(file), sha256=data.sha256))
    assert [step.name for step in ours.steps] == ["repeated_punctuation", "all_lowercase"]
    assert [step.name for step in ours.beside(clean).steps] == ["repeated_punctuation"]
    card = card_of(ours, clean)
    assert card.from_simulated.value < 0.8 < card.from_clean.value
    assert next(habit for habit in card.habits if habit.name == "repeated_marks").simulated.value > 0.9
    file.write_text("text\nothers\n")
    assert card_of(ours, clean).from_simulated is None
    file.unlink()
    assert card_of(ours, clean).from_simulated is None


def test_a_learned_one_is_held_against_its_users(many, keyword, learned):
    card = inspect(keyword, many, suite=CASING, profile=learned).profile
    assert (card.name, card.messages, card.built_in, card.held_out) == ("ours", 200, False, True)
    habits = {habit.name: habit for habit in card.habits}
    assert habits["lowercase"].users.value == 1.0
    assert habits["repeated_marks"].simulated.value > 0.5
    assert habits["repeated_marks"].clean.value == 0.0
    assert "hinglish" not in habits
    assert card.from_simulated.value < card.from_clean.value


def test_one_that_was_never_judged_has_no_figure_of_it():
    clean = messages(60).texts
    card = card_of(Profile.learn([text.lower() for text in clean]), clean)
    assert (card.messages, card.from_simulated, card.held_out) == (60, None, None)


def test_the_name_of_a_built_in_one_does_not_make_it_that():
    assert not card_of(Profile(name="texting", steps=({"name": "shouted_words"},)), ["hello"]).built_in


def test_a_suite_file_may_name_one(tmp_path, learned):
    learned.save(tmp_path / "ours.json")
    file = tmp_path / "suite.toml"
    for name, found in (("texting", "texting"), ("ours.json", "ours")):
        file.write_text(f'families = ["casing"]\nprofile = "{name}"')
        assert find_suite(file).profile.name == found
    file.write_text('families = ["casing"]')
    assert find_suite(file).profile is None
    assert find_suite(file, "angry").profile.name == "angry"
    file.write_text("profile = 3")
    with pytest.raises(PerturbationError, match='profile = "texting", nothing else'):
        find_suite(file)


def test_who_is_no_profile_is_told(many, keyword):
    with pytest.raises(PerturbationError, match="nobody: no such profile; built in are real_users"):
        inspect(keyword, many, suite=CASING, profile="nobody")
