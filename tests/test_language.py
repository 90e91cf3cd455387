"""The language of short messages, guessed by script and function words."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy import lexicon, support_desk
from roadworthy.language import UNKNOWN, guess_language


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("wo ist mein Paket, ich habe es nicht bekommen", ("de", "latin")),
        ("où est mon colis, je ne l'ai pas reçu", ("fr", "latin")),
        ("mera order kab aayega yaar, abhi tak nahi aaya", ("hi-Latn", "latin")),
        ("где мой заказ", ("ru", "cyrillic")),
        ("πού είναι η παραγγελία μου", ("el", "greek")),
        ("أين طلبي", ("ar", "arabic")),
        ("我的订单在哪里", ("zh", "han")),
        ("注文はどこですか", ("ja", "kana")),
        ("제 주문은 어디에 있나요", ("ko", "hangul")),
        ("where is my pedido", ("en", "latin")),
        ("refund", ("en", "latin")),
        ("1234 ?!", (UNKNOWN, "other")),
        ("😡😡", (UNKNOWN, "other")),
        ("", (UNKNOWN, "other")),
        ("ԱԲԳ", (UNKNOWN, "other")),
        ("WHERE IS MY ORDER?!", ("en", "latin")),
        ("dónde está mi pedido, todavía no lo veo", ("es", "latin")),
        ("c’est pas possible", ("fr", "latin")),
        ("non è arrivato il mio pacco", ("it", "latin")),
        ("ik heb het pakket niet gekregen", ("nl", "latin")),
        ("não recebi meu pedido ainda", ("pt", "latin")),
        ("मेरा ऑर्डर कहाँ है", ("hi", "devanagari")),
        ("ἀρχή", ("el", "greek")),
        ("איפה ההזמנה שלי", ("he", "hebrew")),
        ("คำสั่งซื้ออยู่ที่ไหน", ("th", "thai")),
        ("ქართული", (UNKNOWN, "other")),
        ("my заказ is late please help", ("en", "latin")),
        ("the muchacho package", ("en", "latin")),
        ("mucho", ("en", "latin")),
        ("ª µ", ("en", "latin")),
    ],
)
def test_guess(text, wanted):
    assert guess_language(text) == wanted


@given(st.text())
def test_a_guess_is_always_made(text):
    language, script = guess_language(text)
    assert language
    assert script


def test_the_clean_messages_are_english():
    texts = support_desk.load_train().texts
    assert sum(guess_language(text)[0] == "en" for text in texts) == len(texts)


def test_accents_written_as_marks_of_their_own_count():
    text = "não recebi meu pedido até agora"
    assert guess_language(text)[0] == "pt"
    assert guess_language(unicodedata.normalize("NFD", text)) == guess_language(text)


def test_every_function_word_can_be_met():
    for language, listed in lexicon.rows("function_words.tsv"):
        for word in listed.split():
            assert any(guess_language(f"{word} {word} {other}")[0] == language for other in listed.split()), word


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_letters_are_latin(text):
    assert (guess_language(text)[1] == "latin") == any(letter.isalpha() for letter in text)


@given(st.text(st.characters(max_codepoint=127) | st.sampled_from("😡—²½٣…")))
def test_signs_of_any_kind_change_no_script(text):
    letters = [letter for letter in text if letter.isalpha()]
    assert guess_language(text)[1] == ("latin" if letters else "other")
