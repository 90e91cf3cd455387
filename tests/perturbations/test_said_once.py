"""Nothing is put around a message that it says itself, or that makes no sense there."""

import re

import pytest

from roadworthy.perturbations import find
from roadworthy.perturbations.wrapping import unsaid

GREETING = re.compile(r"\b(?:hi|hello|hey|good (?:day|morning|evening|afternoon)|dear)\b")
REFERENCES = [
    "Where is my order 123?",
    "ticket #4411 is open",
    "my order number is 48213",
    "see 99120345",
    "ref: 77 please",
]


def several(name, text, severity=5, times=80):
    (member,) = find(name)
    return [member(text, severity=severity, seed=seed) for seed in range(times)]


@pytest.mark.parametrize("text", REFERENCES)
def test_a_message_with_an_order_number_gets_no_second_one(text):
    assert set(several("order_number", text, 3)) == {text}


@pytest.mark.parametrize("text", ["I ordered 2 lamps", "it cost 49.90", "my order is late", "wake me at 7"])
def test_other_messages_get_one(text):
    assert text not in several("order_number", text, 3)


@pytest.mark.parametrize("name", ["addressed_agent", "polite_greeting", "polite_letter", "order_number", "time_stamp"])
def test_nobody_is_greeted_twice(name):
    for found in several(name, "Hello, where is my parcel?"):
        unquoted = "\n".join(line for line in found.lower().split("\n") if not line.startswith(">"))
        assert len(GREETING.findall(unquoted)) == 1, found


@pytest.mark.parametrize("name", ["polite_request", "polite_letter", "addressed_agent", "polite_thanks"])
@pytest.mark.parametrize("word", ["help", "please", "could you"])
def test_nothing_is_asked_for_twice(name, word):
    for found in several(name, "Could you please help me with my parcel?"):
        assert len(re.findall(word, found.lower())) == 1, found


@pytest.mark.parametrize("name", ["polite_request", "polite_apology"])
def test_praise_asks_for_nothing(name):
    text = "I love the new app, it is excellent."
    assert set(several(name, text)) == {text}


@pytest.mark.parametrize("text", ["thanks, it is late", "Where is it? Thank you"])
def test_nobody_signs_with_thanks_after_thanks(text):
    for found in several("signature", text, 3):
        assert len(re.findall("thank", found.lower())) == 1, found


def test_a_command_is_no_cry_for_help():
    assert not any("help needed" in found.lower() for found in several("polite_request", "turn off the lights"))


def test_what_is_unsaid_may_be_nothing():
    assert unsaid(("please help",), "please") == ()
    assert unsaid(("may I ask",), "my basket is empty") == ("may I ask",)


@pytest.mark.parametrize("text", ["Refund of Wrong Amount", "Refer and Earn Program", "Product Expiry", "Great App"])
@pytest.mark.parametrize("name", ["drawn_out_opener", "polite_apology", "angry_opener"])
def test_a_headline_keeps_its_capitals(name, text):
    assert all(text in found for found in several(name, text, 3))


@pytest.mark.parametrize(
    ("text", "said"), [("Refund of Wrong Order", "refund of wrong order"), ("Why Was I Charged", "why was I charged")]
)
def test_who_speaks_speaks_no_headlines(text, said):
    assert said in several("dictated", text, 1)
    assert not any("Wrong" in found or "Charged" in found for found in several("dictated", text, 3))


def test_a_sentence_with_a_name_in_it_is_no_headline():
    assert all("where is Berlin" in found for found in several("drawn_out_opener", "Where is Berlin", 3))
