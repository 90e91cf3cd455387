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


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("I got the wrong item", "the wrong"),
        ("send the broken shelf back", "broken shelf"),
        ("where can I see the order status", "order status"),
        ("well when will we be paid", "when will"),
        ("how long does shipping take", "how long does"),
        ("I have already asked", "already"),
    ],
)
def test_what_belongs_together_is_switched_together(language, text, kept):
    whole = ("maling item", "artikel", "artículo", "articulo")
    for kind in ("words", "phrases", "clauses"):
        for found in several(f"{language}_{kind}", text, 5):
            assert kept in found or any(map(found.__contains__, whole)), found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_order_is_given_after_you(language):
    for kind in ("words", "phrases", "clauses"):
        for found in several(f"{language}_{kind}", "Can you help me with it", 5):
            assert not re.search("you (?:hilf|helft|ayud|patulong)", found), found


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("spanglish_clauses", "I got the wrong item", "culo equivocado"),
        ("denglisch_clauses", "when will I get my refund", "wann bekomme ich"),
        ("taglish_clauses", "when will I get my refund", "kailan ko makukuha"),
        ("denglisch_clauses", "the lamp is broken", "kaputt"),
        ("taglish_clauses", "please help me, it is late", "patulong"),
    ],
)
def test_whole_phrases_are_switched(name, text, form):
    assert any(form in found.lower() for found in several(name, text, 5))
