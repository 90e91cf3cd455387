"""Mistakes that learners make, and that nobody makes where they do not fit."""

import pytest

from roadworthy import lexicon
from roadworthy.perturbations import find
from roadworthy.perturbations.learner_rules import LEARNT, VERBS
from roadworthy.perturbations.manners import manners

NEVER = [
    ("the money was told of", "was tell"),
    ("I was told that it is late", "was tell"),
    ("I was told that it is late", "was said"),
    ("it was sent to me", "was send "),
    ("has it been made", "been make"),
    ("how much is it", "many"),
    ("it is too much", "many"),
    ("I did not get much from you", "many"),
    ("what are we paying for", "is we"),
    ("what are you doing", "is you"),
    ("we are here", "we is"),
    ("you are late, they are not", "you is"),
    ("was I charged", "is I"),
    ("I was charged", "I is"),
    ("I could have it", "could has"),
    ("I have two cards", "I has"),
    ("wake me at 5 pm", "in 5"),
    ("turn on the lights", "turn in"),
    ("please make sure of it", "do sure"),
    ("are you doing it", "you do it"),
    ("it is since I ordered", "from I"),
    ("not at all", "in all"),
    ("has it been bought", "been buy "),
    ("how many are there", "have you"),
]


def several(name, text, severity=5, times=60):
    member = manners().get(name) or find(name)[0]
    return [member(text, severity=severity, seed=seed) for seed in range(times)]


@pytest.mark.parametrize(("text", "mistake"), NEVER)
@pytest.mark.parametrize("name", ["learner_grammar", "wrong_verb_forms"])
def test_mistakes_that_nobody_makes(name, text, mistake):
    assert not any(mistake.lower() in f"{found} ".lower() for found in several(name, text))


@pytest.mark.parametrize(
    ("name", "text", "mistake"),
    [
        ("learner_grammar", "he told me that", "tell me"),
        ("learner_grammar", "I have gone there", "have went"),
        ("learner_grammar", "it was paid", "was payed"),
        ("learner_grammar", "how much money", "many money"),
        ("learner_grammar", "too many problems", "too much problems"),
        ("learner_grammar", "it is arriving", "is arrive"),
        ("learner_grammar", "I waited since Monday", "from Monday"),
        ("learner_grammar", "the fee is on card", "fee is in card"),
        ("wrong_verb_forms", "my shoes are late", "shoes is late"),
        ("wrong_verb_forms", "it was delivered", "was deliver"),
    ],
)
def test_mistakes_that_learners_do_make(name, text, mistake):
    assert any(mistake in found for found in several(name, text)), several(name, text)[:9]


@pytest.mark.parametrize("name", ["learner_grammar", "statement_order"])
def test_a_question_without_its_mark_stays_a_question(name):
    for text in ("Do I need to verify my account", "Can I pay by card", "is it possible to change the address"):
        assert all(found.split()[0] == text.split()[0] for found in several(name, text))
    assert any("you can" in found.lower() for found in several(name, "Can you help me?"))


def test_who_writes_a_small_i_writes_no_capital_one():
    assert all("I" not in found for found in several("learner_grammar", "i mean i want a refund"))


def test_to_before_a_verb_is_no_preposition():
    assert set(several("wrong_prepositions", "Need to Verify")) == {"Need to Verify"}
    assert any("to Delhi" not in found for found in several("wrong_prepositions", "it goes to Delhi"))


def test_every_rule_is_of_an_entry():
    assert not set(LEARNT) - set(lexicon.alternatives("learner.tsv"))
    assert not set(VERBS) - {key for kind, key, _ in lexicon.rows("grammar.tsv") if kind == "verb"}
