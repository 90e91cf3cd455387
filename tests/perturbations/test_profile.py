"""Profiles: deterministic mixes that keep numbers and negations, and learned ones that hold no words."""

import json
import os
import pickle
import re
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import FunctionTransformer

from roadworthy import Perturbation, Profile, support_desk
from roadworthy.checks import HOSTILE, MESSAGES, check_perturbation
from roadworthy.errors import OutputError, PerturbationError
from roadworthy.perturbations import SEVERITIES, registry
from roadworthy.perturbations.manners import Step, manners
from roadworthy.perturbations.profile import BUILT_IN, share_at
from roadworthy.perturbations.words import keeps

CLEAN = support_desk.load_clean_test().texts
PAIRS = [(text, text.replace("er", "re").replace("ll", "l")) for text in CLEAN]
# Words of four letters that mistyped came as others: told in a file, they could be read there.
SECRET = [("please ring miriam wolf", "please ring miriam wing")] * 20
MESSAGE = "Where is my parcel? It's not here, and I have been waiting for 3 weeks."


@pytest.fixture(scope="module")
def learned():
    return Profile.learn_pairs(PAIRS)


@pytest.mark.parametrize("manner", manners().values(), ids=lambda manner: manner.name)
def test_a_manner_keeps_the_contract(manner):
    check_perturbation(manner)


@pytest.fixture(scope="module", params=[*BUILT_IN, "learned"])
def profile(request, learned):
    """Each built-in profile, and a learned one."""
    return learned if request.param == "learned" else Profile.load(request.param)


@pytest.mark.parametrize("text", [*MESSAGES, *HOSTILE], ids=ascii)
def test_numbers_and_negations_stay_in_ordinary_and_hostile_messages(text, profile):
    seeds = range(3) if len(text) < 5_000 else [0]
    assert all(keeps(text, profile(text, severity=severity, seed=seed)) for severity in SEVERITIES for seed in seeds)


@pytest.mark.parametrize("unit", ["where is my order, it isn't here. ", ".", "a", "a'", "😡", " "])
def test_a_very_long_message_takes_no_more_than_its_time(unit, profile):
    begun = time.process_time()
    for seed in range(3):
        profile(unit * (20_000 // len(unit)) + "x1", severity=4, seed=seed)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_profile_changes_messages_and_says_who_they_are_of(name):
    profile = Profile.load(name)
    changed = sum(new != old for new, old in zip(profile(CLEAN), CLEAN, strict=True)) / len(CLEAN)
    assert profile.name == name
    assert profile.description
    assert changed > {"typing": 0.3, "texting": 0.6}.get(name, 0.7)


@pytest.mark.parametrize("name", BUILT_IN)
def test_higher_severities_change_more(name):
    profile = Profile.load(name)
    mild, heavy = (_changed_words(profile(CLEAN, severity=severity)) for severity in (1, 5))
    assert mild < heavy


def _changed_words(texts):
    return sum(
        len(set(old.split()) - set(new.split())) + len(set(new.split()) - set(old.split()))
        for new, old in zip(texts, CLEAN, strict=True)
    )


def test_neither_the_order_nor_the_number_of_messages_matters():
    profile = Profile.load("real-users")
    assert profile(CLEAN) == profile(CLEAN[::-1])[::-1] == [profile(text) for text in CLEAN]
    assert profile(CLEAN, seed=1) != profile(CLEAN)


def test_a_fresh_process_with_another_hash_seed_gives_the_same():
    profiles = [Profile.load(name) for name in BUILT_IN]
    learned = Profile.learn(support_desk.load_real_style().texts, clean=CLEAN)
    code = (
        "import json, sys; from roadworthy import Profile, support_desk;"
        "clean = support_desk.load_clean_test().texts;"
        "learned = Profile.learn(support_desk.load_real_style().texts, clean=clean);"
        f"found = [Profile.load(name)(clean) for name in {BUILT_IN!r}];"
        "sys.stdout.buffer.write(json.dumps([found, learned.to_json()]).encode())"
    )
    environment = os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout) == [[profile(CLEAN) for profile in profiles], learned.to_json()]


@given(st.text(), st.integers(1, 5), st.sampled_from(BUILT_IN))
def test_numbers_and_negations_stay_whatever_the_text(text, severity, name):
    assert keeps(text, Profile.load(name)(text, severity=severity))


def test_steps_that_together_would_break_a_message_do_not(monkeypatch):
    monkeypatch.setattr(registry, "REGISTRY", dict(registry.REGISTRY))
    for name, old, new in (("opens", "now", "n ot"), ("closes", "n ot", "not")):
        registry.register(Perturbation(name, "broken", lambda text, *_, o=old, n=new: text.replace(o, n), ("any",)))
    profile = Profile(name="broken", steps=(Step(name="opens"), Step(name="closes")))
    assert profile("now it is") == "n ot it is"


def test_a_step_leaves_out_languages_that_it_does_not_cover():
    assert Profile.load("texting")("где мой заказ") == "где мой заказ"


def test_a_family_s_step_takes_the_first_member_that_changes_the_message():
    typos = Profile(name="typos", steps=(Step(name="typos", severity=1),))
    assert all(new != old for new, old in zip(typos(MESSAGES[:8]), MESSAGES[:8], strict=True))
    assert typos("a") == "a"


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.99, 1.0])
def test_a_step_is_tried_on_more_messages_the_higher_the_severity(share):
    shares = [share_at(share, severity) for severity in range(1, 6)]
    assert shares == sorted(shares)
    assert shares[2] == share


def test_it_works_where_an_augmenter_is_expected():
    profile = Profile.load("texting")
    assert FunctionTransformer(profile).transform(list(CLEAN)) == profile(CLEAN)
    assert pickle.loads(pickle.dumps(profile))(CLEAN) == profile(CLEAN)


def test_what_was_saved_is_loaded_as_it_was(tmp_path, learned):
    again = Profile.load(learned.save(tmp_path / "new" / "ours.json"))
    assert again == learned
    assert again(CLEAN) == learned(CLEAN) != list(CLEAN)


def test_a_place_that_cannot_be_written_to_is_said(tmp_path, learned):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        learned.save(tmp_path / "file" / "ours.json")


def _letters_in(document):
    return re.findall(r"[^\W\d_]{3,}", document)


@pytest.mark.parametrize("pairs", [PAIRS + SECRET, [*SECRET, *[("where is the order", "whre is teh order")] * 30]])
def test_a_profile_learned_from_pairs_holds_no_words(pairs):
    document = Profile.learn_pairs(pairs).slips.model_dump_json()
    names = {"words", "joined", "split", "signs", "spread", "templates", "first", "middle", "last"}
    assert set(_letters_in(document)) <= names | {"dropped", "inserted", "replaced", "swapped"}


def _slips_in(pairs):
    return [(length, slips) for length, _, slips in Profile.learn_pairs(pairs).slips.templates]


@pytest.mark.parametrize(
    ("meant", "typed"),
    [
        ("Kowalczyk", "Kwoalzcyk"),
        ("wolf", "wlof"),
        ("Fitz", "fizt"),
        ("Miriam", "Mirriiam"),
        ("Nguyen", "Ngueyn"),
        ("de la Cruz", "d el aCrzu"),
    ],
)
def test_of_a_word_mistyped_once_at_most_half_of_the_letters_are_told(meant, typed):
    pairs = [*PAIRS, (f"my name is {meant}", f"my name is {typed}")]
    for length, slips in set(_slips_in(pairs)) - set(_slips_in(PAIRS)):
        told = "".join(left + old + right for _, _, old, _, left, right in slips)
        assert len(told) <= max(2, length // 2)


def test_the_order_of_the_pairs_is_not_kept():
    assert _slips_in(PAIRS[::-1]) == _slips_in(PAIRS) == sorted(_slips_in(PAIRS))


def test_slips_with_digits_are_left_out():
    pairs = [*PAIRS, ("where is the sun now", "where is the s8n now")]
    assert not {new for _, slips in _slips_in(pairs) for _, _, _, new, _, _ in slips if not new.isalpha() and new}


def test_a_profile_learned_from_messages_holds_shares_alone():
    messages = ["miriam wolf wants her parcel!!! 😡"] * 40
    profile = Profile.learn(messages)
    assert {word for word in ("miriam", "wolf", "parcel", "wants") if word in profile.to_json()} == set()
    assert profile.description == "learned from 40 messages"


def test_rates_learned_from_messages_come_back_in_what_is_simulated():
    messages = ["where is my order thx"] * 60 + ["Where is my order, please?"] * 40
    clean = [f"Where is my order, {name}?" for name in ("please", "now", "today", "again")] * 10
    profile = Profile.learn(messages, clean=clean)
    assert {step.name: step.share for step in profile.steps} == {
        "texted": 0.6, "dropped_punctuation": 0.6, "all_lowercase": 0.6,
    }  # fmt: skip
    simulated = profile(list(CLEAN))
    assert sum(text == text.lower() for text in simulated) / len(CLEAN) == pytest.approx(0.6, abs=0.1)


def test_what_few_messages_offer_is_made_of_those_the_oftener():
    clean = [f"where's parcel {i}?" if i % 4 == 0 else f"where is parcel {i}?" for i in range(200)]
    messages = [text.replace("'", "") if i % 5 == 0 else text for i, text in enumerate(clean)]
    profile = Profile.learn(messages, clean=clean)
    assert next(step.share for step in profile.steps if step.name == "dropped_apostrophe") == pytest.approx(
        0.2, abs=0.1
    )
    assert Profile.learn(messages, clean=clean, name="other").steps == profile.steps


def test_too_few_messages_to_learn_from_are_refused():
    with pytest.raises(PerturbationError, match="3 messages are too few to learn from; give at least 30"):
        Profile.learn(["a", "b", "c"])
    with pytest.raises(PerturbationError, match="1 clean message is too few"):
        Profile.learn(CLEAN, clean=["a"])


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([], "0 pairs are too few to learn from; give at least 30"),
        (PAIRS[:29], "29 pairs are too few to learn from"),
        ([("same", "same")] * 30, "the pairs show nothing to learn"),
        ([("ring me wolf", "ring me wing")] * 30, "the pairs show nothing to learn"),
        ([("lamp", "sofa")] * 30, "only 0% of the words that were meant were typed as well; give each message twice"),
    ],
)
def test_pairs_that_show_nothing_are_refused(pairs, said):
    with pytest.raises(PerturbationError, match=said):
        Profile.learn_pairs(pairs)


def test_pairs_tell_how_often_users_write_otherwise():
    typed = [text.lower() if row % 2 else text.replace("please", "pls") for row, text in enumerate(CLEAN)]
    profile = Profile.learn_pairs(zip(CLEAN, typed, strict=True))
    shares = {step.name: step.share for step in profile.steps}
    assert shares.pop("all_lowercase") == pytest.approx(0.5, abs=0.05)
    assert set(shares) == {"texted"}
    assert profile.slips is None


@pytest.mark.parametrize("severity", [0, 6, 2.5, True, "3"])
def test_a_severity_that_is_none_is_refused(severity):
    with pytest.raises(PerturbationError, match="severity"):
        Profile.load("typing")("where is it", severity=severity)


def test_a_profile_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    with pytest.raises(PerturbationError, match=r"no such profile; built in are real_users, typing, .*; learn one"):
        Profile.load(tmp_path / "none.json")


def test_a_folder_is_no_profile(tmp_path):
    with pytest.raises(PerturbationError, match="directory"):
        Profile.load(tmp_path)


def test_a_name_that_no_file_can_have_is_refused():
    with pytest.raises(PerturbationError, match="null"):
        Profile.load("a\0b")


STEP = '{"name": "typos", "share": 1, "severity": 1}'


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "document"),
        ("[]", "document"),
        ('{"name": ""}', "name"),
        ('{"name": "a", "other": 1}', "other"),
        ('{"name": "a", "schema_version": 2}', "schema_version"),
        ('{"name": "a", "steps": [{"name": "none"}]}', "no perturbation, family or manner 'none'"),
        (f'{{"name": "a", "steps": [{STEP.replace("1,", "1.5,")}]}}', "steps.0.share"),
        (f'{{"name": "a", "steps": [{STEP.replace("1}", "6}")}]}}', "steps.0.severity"),
        ('{"name": "a", "slips": {}}', "slips.words"),
    ],
)
def test_what_is_no_profile_is_refused(tmp_path, document, said):
    file = tmp_path / "a.json"
    file.write_text(document)
    with pytest.raises(PerturbationError, match=rf"a\.json: not a profile \(.*{re.escape(said)}"):
        Profile.load(file)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("joined",), 2),
        (("words",), [0.1]),
        (("signs",), {"ab": 0.1}),
        (("templates",), []),
        (("templates", 0, 1), 0),
        (("templates", 0, 2), []),
        (("templates", 0, 2, 0), ["swapped", "middle", "a", "b", "", ""]),
        (("templates", 0, 2, 0), ["dropped", "middle", "", "", "", ""]),
        (("templates", 0, 2, 0), ["inserted", "middle", "", "12", "a", ""]),
        (("templates", 0, 2, 0), ["inserted", "middle", "", "wolf", "a", ""]),
        (("templates", 0, 2, 0), ["other", "middle", "a", "b", "", ""]),
    ],
)
def test_slips_that_cannot_be_made_are_refused(tmp_path, learned, path, value):
    document = json.loads(learned.to_json())
    at = document["slips"]
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    file = tmp_path / "a.json"
    file.write_text(json.dumps(document))
    with pytest.raises(PerturbationError, match="not a profile"):
        Profile.load(file)
