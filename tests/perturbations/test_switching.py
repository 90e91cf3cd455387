"""Switching between English and another language: what is switched, and what never is by itself."""

import re

import pytest

from roadworthy import support_desk
from roadworthy.perturbations import perturb, perturb_all

LANGUAGES = ["spanglish", "denglisch", "taglish"]
TEXTS = support_desk.load_clean_test().texts


def several(name, text, severity=3, times=60):
    return {perturb(text, name, severity=severity, seed=seed) for seed in range(times)}


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("spanglish_clauses", "How do I reset my password?", "mi contraseña"),
        ("spanglish_clauses", "I want to cancel my order because it is late", "Quiero cancelar"),
        ("spanglish_clauses", "thanks for your help, it works now", "gracias por tu ayuda"),
        ("spanglish_words", "please change the address", "dirección"),
        ("denglisch_clauses", "please close my account", "mein konto"),
        ("denglisch_words", "the parcel is damaged", "paket"),
        ("taglish_clauses", "where is my refund", "asan na yung refund"),
        ("taglish_clauses", "I have a question", "may tanong ako"),
    ],
)
def test_what_is_said_in_the_other_language(name, text, form):
    assert any(form.lower() in found.lower() for found in several(name, text))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["words", "clauses"])
def test_function_words_stay_english(language, kind):
    text = "if that was the one which they would have with them"
    kept = [found for found in several(f"{language}_{kind}", text, 5) if text in found]
    assert len(kept) == len(several(f"{language}_{kind}", text, 5))


@pytest.mark.parametrize("language", LANGUAGES)
def test_seven_in_the_morning_is_no_form_of_to_be(language):
    assert all("7 am" in found for found in several(f"{language}_clauses", "set an alarm for 7 am", 5))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["words", "phrases", "clauses"])
def test_every_message_is_changed(language, kind):
    assert all(perturb_all(TEXTS, f"{language}_{kind}", severity=1).changed)


def test_of_several_clauses_one_is_switched_that_can_be():
    found = several("denglisch_clauses", "it is what it is, and it may be, and my parcel is late", 1)
    assert all("mein paket" in text or "und" in text or "es ist" in text for text in found)


def test_where_there_is_nothing_to_say_nothing_is_said():
    assert perturb("???", "taglish_words") == "???"


PHRASES = ["hinglish_phrases", "spanglish_phrases", "denglisch_phrases", "taglish_phrases"]


@pytest.mark.parametrize("name", PHRASES)
def test_small_letters_are_no_other_language(name):
    assert "show my referrals" not in several(name, "Show my referrals", 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_after_a_comma_there_is_no_capital(language):
    for found in several(f"{language}_words", "It has not arrived"):
        assert ", It" not in found


@pytest.mark.parametrize("name", PHRASES)
def test_only_a_question_is_said_to_be_one(name):
    found = several(name, "The parcel was here today", 5, 200)
    assert not any(re.match("una pregunta|kurze frage|mal eine|tanong ko|ask ko|ek baat", text) for text in found)


@pytest.mark.parametrize("name", PHRASES)
def test_what_to_do_is_asked_after_trouble_alone(name):
    assert not any(re.search("oder$|kya karu$", text) for text in several(name, "Show my referrals", 5, 200))


def test_nobody_is_addressed_twice():
    addresses = re.compile(r"\b(?:bhai|bhaiya|sir|yaar|madam)\b")
    for found in several("hinglish_phrases", "Show my referrals", 5, 200):
        assert len(addresses.findall(found.replace("arre yaar", "yaar"))) <= 1, found
