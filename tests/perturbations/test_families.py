"""What each perturbation does, by its own rule; the contract that all share is tested in test_conformance.py."""

import re

import pytest

from roadworthy import lexicon, support_desk
from roadworthy.perturbations import find, negations, perturb
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.keyboard import NEIGHBOURS
from roadworthy.perturbations.typos import respell

CLEAN = support_desk.load_clean_test().texts[::6]
SENTENCE = "I would like to return the blue chair because the seat is broken."


def several(name, text, severity=3, times=40):
    (member,) = find(name)
    return [member(text, severity=severity, seed=seed) for seed in range(times)]


def changed_words(text, severity, name):
    (member,) = find(name)
    return sum(a != b for a, b in zip(text.split(), member(text, severity=severity).split(), strict=True))


@pytest.mark.parametrize(
    "name", ["neighbouring_key", "dropped_letter", "doubled_letter", "swapped_letters", "stray_letter"]
)
def test_slips_keep_the_first_letter_short_words_and_the_number_of_words(name):
    for text in several(name, SENTENCE, severity=5):
        for old, new in zip(SENTENCE.split(), text.split(), strict=True):
            assert old[0] == new[0]
            assert old == new or len(old) >= 4


@pytest.mark.parametrize("name", ["dropped_letter", "clipped_words", "shouted_words"])
def test_more_words_change_with_severity(name):
    text = " ".join(CLEAN)
    counts = [changed_words(text, severity, name) for severity in (1, 2, 3, 4)]
    assert counts == sorted(counts)
    assert counts[3] > 2 * counts[0]


def test_keys_are_beside_each_other_on_the_keyboard():
    assert set(NEIGHBOURS["g"]) == set("fhtyvb")
    assert set(NEIGHBOURS["q"]) == set("wa")
    assert all(key in NEIGHBOURS[other] for key, others in NEIGHBOURS.items() for other in others)


def test_letters_that_are_not_on_the_keyboard_stay():
    assert all(text == "ßßßßßß" for text in several("neighbouring_key", "ßßßßßß"))


def test_a_neighbour_of_a_capital_is_a_capital():
    assert all(text.isupper() for text in several("neighbouring_key", "REFUND"))


def test_swapping_needs_two_different_letters():
    assert set(several("swapped_letters", "aaaa")) == {"aaaa"}


def test_no_slip_makes_a_negation_of_an_ordinary_word():
    text = "note nose cent notes mate sign"
    assert not any(negations(found) for name in ("dropped_letter", "cut_off") for found in several(name, text, 5, 200))


def test_a_misspelling_is_a_known_one_or_sounds_alike():
    assert set(several("misspelling", "refund")) <= {"refound", "refud"}
    assert set(several("misspelling", "treat")) == {"treet"}
    assert several("misspelling", "xyz") == ["xyz"] * 40
    assert respell("zzz", Draw("x", 1, 0, "")) == "zzz"


def test_an_apostrophe_goes_alone():
    assert set(several("dropped_apostrophe", "it's not what I don’t want", 5, 80)) >= {"its not what I dont want"}
    assert several("dropped_apostrophe", "the boys' toys") == ["the boys' toys"] * 40


def test_an_apostrophe_stays_where_the_negation_hangs_on_it():
    assert several("dropped_apostrophe", "n'o") == ["n'o"] * 40


def test_run_on_joins_two_words_at_most_and_never_a_negation():
    for text in several("run_on", "please do not send one two three four", 5):
        assert " not " in text
        assert all(len(re.findall("please|do|send|one|two|three|four", token)) <= 2 for token in text.split())
    assert several("run_on", "ok, fine") == ["ok, fine"] * 40


def test_shorthand_never_swallows_a_number():
    assert all("5 to 7" in text for text in several("shorthand", "it takes 5 to 7 days to get to me", 5))


def test_informal_words_keep_the_message():
    assert "bought" in several("informal_words", "the lamp that I purchased")[0]
    assert set(several("informal_words", "cannot")) == {"can't"}


def test_clipped_words_lose_their_g_or_their_vowels():
    assert set(several("clipped_words", "sending")) == {"sendin"}
    assert set(several("clipped_words", "refund")) == {"rfnd"}
    assert set(several("clipped_words", "customer")) == {"cstmr"}
    for same in ("thing", "status", "deposit", "prepaid", "joined", "received", "large"):
        assert set(several("clipped_words", same)) == {same}
    assert set(several("clipped_words", "Oxford")) == {"Oxford"}


def test_chat_tone_wraps_the_message_in_small_talk():
    found = several("chat_tone", "Where is it?", 5)
    assert all("where is it?" in text for text in found)
    assert any(text.startswith("hey ") for text in found)
    assert not any(text.endswith(" ngl") for text in found)
    assert several("chat_tone", " . ") == [" . "] * 40


def test_a_complaint_gets_no_smile():
    smiles = set("🙂😊👍🙏")
    assert not any(smiles & set(text) for text in several("closing_emoji", "The glass is cracked.", 5, 200))
    assert any(smiles & set(text) for text in several("closing_emoji", "Can you help me?", 5, 200))
    assert not any(":)" in text for text in several("emoticon", "The glass is cracked.", 5, 200))


def test_emoticons_grow_with_severity():
    assert {text.split()[-1] for text in several("emoticon", "broken", 3)} <= set(
        lexicon.grouped("emoji_mood.tsv")["emoticon_upset"]
    )
    assert all(text.count("(") > 1 or len(text.split()) == 3 for text in several("emoticon", "broken", 5))


def test_words_get_pictures_beside_them_or_in_their_place():
    assert set(several("emoji_beside_words", "my phone, ok")) >= {"my phone, 📱 ok"}
    assert set(several("emoji_for_words", "(phone) x")) == {"(📱) x"}
    assert several("emoji_for_words", "xyz") == ["xyz"] * 40


def test_what_is_wanted_becomes_no_picture():
    text = "refund account code discount payment order find out"
    assert set(several("emoji_for_words", text, 5)) == {text}
    assert "💸" not in lexicon.alternatives("emoji.tsv")["refund"]


def test_at_most_half_of_the_words_become_pictures():
    for text in several("emoji_for_words", "camera card phone parcel", 5):
        assert len(re.findall("camera|card|phone|parcel", text)) >= 2


def test_fragments_keep_negations_and_numbers():
    text = "I have not received the 2 chairs that I ordered on 3 May for my sister's new flat in the old town"
    for name in ("dropped_function_words", "keywords_only", "cut_off", "telegram"):
        for found in several(name, text, 5):
            assert "not" in found.split()
            assert {"2", "3"} <= set(found.split())


def test_the_word_between_two_numbers_stays():
    assert all("5 to 7" in text for text in several("dropped_function_words", "it is 5 to 7 days for the two", 5))
    assert all("three for two" in text for text in several("keywords_only", "the three for two offer", 3))


def test_keywords_are_few_at_high_severity():
    text = "please tell me why the new electric kettle leaks water over our kitchen table each morning"
    assert [len(several("keywords_only", text, severity)[0].split()) for severity in (3, 4, 5)] == [13, 7, 5]
    assert several("keywords_only", "is it for me")[0] == "is it for me"


def test_a_cut_message_is_a_beginning():
    for text in several("cut_off", SENTENCE, 5):
        assert SENTENCE.startswith(text)
        assert len(text.split()) >= 7
    assert several("cut_off", "where is it")[0] == "where is it"


def test_a_telegram_keeps_marks_inside_numbers_and_addresses():
    assert several("telegram", "Charged 49.90, not 1,200. See a.b@example.org.")[0] == (
        "charged 49.90 not 1,200 see a.b@example.org"
    )


def test_mixed_languages_use_their_lexicons():
    assert set(several("hinglish_words", "wrong size")) == {"galat size"}
    assert "gracias" in {text.split()[-1] for text in several("spanglish_phrases", "wrong size", 5)}
    found = " ".join(several("hinglish_phrases", "not received yet", 5))
    assert "nahi mila" in found
    assert "not received" not in found


def test_a_lower_case_i_is_not_left_as_a_capital_word():
    assert not any(
        " Estoy" in text or " Main" in text
        for name in ("spanglish_phrases", "hinglish_words")
        for text in several(name, "now I am waiting")
    )


def test_casing():
    assert perturb("Where IS it", "all_lowercase") == "where is it"
    assert perturb("Where IS it", "caps_lock") == "wHERE is IT"
    assert perturb("Where is it", "shouted_words", severity=5) == "WHERE IS IT"
    assert perturb("where is it", "capitalised_words", severity=5).istitle() is False
    assert perturb("WHERE 12", "shouted_words", severity=2) == "WHERE 12"


def test_punctuation():
    assert perturb("So, it costs 4.50. Why?", "dropped_punctuation", severity=1) == "So, it costs 4.50. Why"
    assert perturb("So, it costs 4.50. Why?", "dropped_punctuation", severity=3) == "So it costs 4.50 Why"
    assert perturb("why?", "repeated_punctuation", severity=5).startswith("why??????")
    assert perturb("why?", "spaced_punctuation") == "why ?"
    assert perturb("ok", "spaced_punctuation") == "ok"
    assert perturb("?!", "trailing_dots") == "?!"
    assert perturb("?!", "repeated_punctuation") == "?!"


def test_a_statement_does_not_become_a_question():
    assert not any("?" in text for text in several("repeated_punctuation", "The glass is cracked."))


def test_dots_part_no_phrase():
    for found in several("trailing_dots", "Gym Equipment", 5):
        assert re.fullmatch(r"Gym Equipment\.{2,4}", found)
    for found in several("trailing_dots", "it broke, and I want it back", 5):
        assert re.fullmatch(r"it broke(?:,|\.{2,4}) and I want it back\.*", found)


def test_words_that_nobody_stresses_are_not_shouted():
    for found in several("shouted_words", "the page on which I was", 3):
        assert found == "the PAGE on which I was"
    assert "".join(several("shouted_words", "where is it", 3, 3)) != "where is it" * 3


def test_dots_follow_words_that_carry_content():
    assert not any(
        re.search(r"\b(the|of|is|not)\.\.", text)
        for text in several("trailing_dots", "the seat of the chair is not new", 5)
    )


@pytest.mark.parametrize("word", ["want", "wanted", "promotional", "mentioned", "gaining"])
def test_nobody_spells_as_nobody_reads(word):
    assert not re.search("whan|shun|ayn", " ".join(several("misspelling", word, 5, 80)))
