"""What the families of characters, length, speech, anger, manners, context and grammar do, each by its own rule."""

import re
import unicodedata

import pytest

from roadworthy import lexicon, support_desk
from roadworthy.perturbations import find, negations, perturb
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.typos_layouts import near_keys
from roadworthy.perturbations.words import is_number
from roadworthy.perturbations.wrapping import by_length, closed, short_enough

CLEAN = support_desk.load_clean_test().texts[::8]
WRAPPERS = ["politeness.tsv", "chat_context.tsv", "anger.tsv", "lengthening.tsv", "denglisch_frames.tsv"]
NEW = [
    *WRAPPERS,
    "taglish_frames.tsv",
    "homophones.tsv",
    "autocorrect.tsv",
    "grammar.tsv",
    "denglisch.tsv",
    "taglish.tsv",
]
BLANK = ["?", " . ", "😡😡"]


def several(name, text, severity=3, times=40):
    (member,) = find(name)
    return [member(text, severity=severity, seed=seed) for seed in range(times)]


@pytest.mark.parametrize("name", NEW)
def test_no_entry_of_a_lexicon_makes_a_negation_or_a_number(name):
    for *_, entry in lexicon.rows(name):
        for form in entry.split("|"):
            assert not negations(form), form
            assert not any(map(is_number, form.split())), form


@pytest.mark.parametrize("name", NEW)
def test_a_lexicon_says_where_it_comes_from_and_holds_no_entry_twice(name):
    rows = lexicon.rows(name)
    assert len(set(rows)) == len(rows)
    keys = [row[:-1] for row in rows]
    if name in ("homophones.tsv", "autocorrect.tsv", "denglisch.tsv", "taglish.tsv"):
        assert len(set(keys)) == len(keys)
        assert not any(row[0] == form for row in rows for form in row[1].split("|"))


@pytest.mark.parametrize("text", BLANK)
def test_what_holds_no_word_is_not_wrapped(text):
    for family in ("anger", "politeness", "chat_context", "speech", "lengthening"):
        assert [member(text) for member in find(family)] == [text] * len(find(family))


def test_quotes_apostrophes_and_dashes_are_curled():
    assert perturb("It's \"my\" order ('that' one) - or...", "curly_quotes") == "It’s “my” order (‘that’ one) – or…"
    assert negations(perturb("I don't, can't", "curly_quotes")) == ["don’t", "can’t"]


def test_full_width_letters_are_the_same_letters():
    for found in several("full_width_letters", CLEAN[0], 5):
        assert found != CLEAN[0]
        assert unicodedata.normalize("NFKC", found) == CLEAN[0]
    assert perturb("refund", "full_width_letters") == "refund"


def test_full_width_marks_stand_at_the_end_of_words_only():
    assert perturb("So, is 49.90 right?", "full_width_marks", severity=5) == "So， is 49.90 right？"


def test_invisible_characters_go_away_without_a_trace():
    for found in several("zero_width", CLEAN[0], 5):
        assert found != CLEAN[0]
        assert "".join(sign for sign in found if unicodedata.category(sign) != "Cf") == CLEAN[0]


def test_no_invisible_character_leaves_a_negation_behind():
    assert not any(negations(found) for found in several("zero_width", "note format another", 5, 200))


def test_mojibake_is_utf_8_read_as_something_else():
    assert perturb("it's my café", "mojibake", severity=3) == "it's my cafÃ©"
    assert perturb("it's here", "mojibake", severity=3) == "itâ€™s here"
    assert perturb("it's here", "mojibake", severity=3).encode("cp1252").decode() == "it’s here"
    assert len(perturb("it's here", "mojibake", severity=4)) > len(perturb("it's here", "mojibake", severity=3))
    assert several("mojibake", "where is it", 4) == ["where is it"] * 40
    assert perturb("don't", "mojibake") == "don't"
    assert perturb("refund", "mojibake") == "refund"
    assert several("mojibake", "no, it", times=3) == ["no, it"] * 3
    assert several("mojibake", "\ud800 ١ é", times=1) == ["\ud800 ١ Ã©"]


def test_look_alikes_are_letters_of_another_alphabet():
    for found in several("homoglyphs", "where is my order", 5):
        changed = [sign for sign in found if not sign.isascii()]
        assert changed
        assert all(unicodedata.name(sign).startswith(("CYRILLIC", "GREEK")) for sign in changed)
    assert perturb("BDG", "homoglyphs", severity=5) != "BDG"
    assert several("homoglyphs", "lll", times=3) == ["lll"] * 3
    assert several("homoglyphs", "12 not", times=3) == ["12 not"] * 3


def test_spaces_become_ones_that_do_not_break():
    for found in several("non_breaking_spaces", CLEAN[0], 5):
        assert found != CLEAN[0]
        assert found.split() == CLEAN[0].split()
    spaces = "".join(several("non_breaking_spaces", CLEAN[0], 5, 200))
    assert spaces.count("\u00a0") > 5 * spaces.count("\u202f")
    assert "\u2007" not in spaces


@pytest.mark.parametrize("name", ["drawn_out_words", "drawn_out_endings", "drawn_out_vowels"])
def test_drawn_out_words_are_the_same_words(name):
    text = "please help me now, the screen is so slow and I need it soon"
    found = several(name, text, 5)
    assert any(new != text for new in found)
    assert {re.sub(r"(.)\1+", r"\1", new) for new in found} == {re.sub(r"(.)\1+", r"\1", text)}


def test_vowels_are_drawn_out_where_people_do():
    assert set(several("drawn_out_vowels", "order shirt bhk shirt")) == {"order shirt bhk shirt"}
    assert set(several("drawn_out_vowels", "long", 1)) <= {"loong", "looong"}
    assert set(several("drawn_out_vowels", "hmm need", 1)) <= {"hmm neeed", "hmm neeeed"}


def test_every_sentence_is_drawn_out_from_severity_3_on():
    assert all(new.startswith("My order.") for new in several("drawn_out_endings", "My order. Where", 2))
    assert all(new.startswith("My orderr") for new in several("drawn_out_endings", "My order. Where", 3))


def test_an_opener_is_drawn_out():
    assert all(re.match(r".*(.)\1 where is it$", new) for new in several("drawn_out_opener", "where is it"))


@pytest.mark.parametrize("name", ["dictated", "hesitation", "repeated_words", "misheard_words", "run_together"])
def test_speech_keeps_numbers_in_digits_and_loses_the_marks(name):
    for found in several(name, "Where is it? Order 48213 cost 49.90, twice.", 5):
        assert "48213" in found.split()
        assert "49.90" in found.split()
        assert not re.search(r"[?,]|\.$", found)


def test_spoken_words():
    assert set(several("misheard_words", "Their", 5)) <= {"there", "they're"}
    assert set(several("misheard_words", "Nothing known")) == {"nothing known"}
    assert set(several("repeated_words", "No order 12")) == {"no order 12"}
    assert set(several("repeated_words", "Height of the bed")) <= {"height of of the bed", "height of the the bed"}
    assert set(several("repeated_words", "Not 12")) == {"not 12"}
    assert any(new.startswith("um ") for new in several("hesitation", "Where", 5))
    assert set(several("spoken_marks", "Where is it?", 5)) == {"where is it question mark"}
    assert set(several("spoken_marks", "See a.b@example.org. ok", 5)) == {"see a.b@example.org ok"}
    assert set(several("run_together", "It broke. Send it back.", 5, 80)) >= {
        "it broke send it back",
        "it broke and send it back",
    }


@pytest.mark.parametrize(
    "name",
    [
        *("polite_greeting", "polite_request", "polite_apology", "polite_thanks", "polite_letter"),
        *("angry_opener", "angry_closer", "swearing", "order_number", "link_or_attachment", "quoted_reply"),
        *("signature", "addressed_agent", "time_stamp"),
    ],
)
def test_what_is_wrapped_is_still_there_and_more_is_added_with_severity(name):
    text = "where is my table, your app says the table is due today"
    for severity in (1, 5):
        for found in several(name, text, severity):
            assert len(found) > len(text)
            assert set(text.split()) - {"today"} <= set(found.split())
    added = [sum(map(len, several(name, text, severity))) for severity in (1, 5)]
    assert added[0] < added[1] or name == "time_stamp"


def test_numbers_are_added_behind_and_before_those_of_the_message():
    for found in several("order_number", "I ordered 2 lamps", 5):
        assert len(re.findall(r"\d+", found)) > 1
        assert "2" in found.split()


def test_a_quote_stands_on_top_and_a_signature_on_a_line_of_its_own():
    assert all(found.startswith("> ") for found in several("quoted_reply", "where is my order", 5))
    assert all("\n" in found for found in several("signature", "where is my order"))


def test_a_question_is_asked_for_in_other_words_than_a_statement():
    questions = set(by_length("politeness.tsv")["question"])
    for found in several("polite_request", "Where is my order number 12?", 5):
        assert any(found.lower().startswith(words.lower()) for words in questions)


def test_what_stands_around_is_short_beside_a_short_message():
    items = ("hi", "hello", "good morning to all of you")
    assert {short_enough(items, "refund", 5, Draw("x", 5, seed, "")) for seed in range(40)} == {"hi"}
    assert len({short_enough(items, "x" * 60, 5, Draw("x", 5, seed, "")) for seed in range(40)}) == 3


def test_a_mark_is_put_where_there_is_none():
    assert closed("it broke", "thanks", ",") == "it broke, thanks"
    assert closed("why?", "thanks", ",") == "why? thanks"


def test_anger_is_shouted_from_severity_3_on():
    assert all(found.startswith("Where is it") for found in several("shouted_anger", "Where is it", 2))
    assert all(found.isupper() for found in several("shouted_anger", "Where is it?", 3))


def test_only_nouns_are_sworn_at():
    assert several("swearing", "it is not that") == ["it is not that"] * 40
    assert all(re.fullmatch(r"my \w+ order", found) for found in several("swearing", "my order"))


@pytest.mark.parametrize(
    "text",
    [
        "Is there a card for students?",
        "my old mother and my wife want the refunded driver",
        "I told your account manager and the card holder",
        "I love my card, the app is great",
    ],
)
def test_people_adjectives_and_praise_are_not_sworn_at(text):
    assert set(several("swearing", text, 5)) == {text}


@pytest.mark.parametrize("thing", ["card", "parcel", "website", "refund", "password"])
def test_things_are_sworn_at(thing):
    assert all(
        re.fullmatch(rf"where is the \w+ {thing}\?", found) for found in several("swearing", f"where is the {thing}?")
    )


@pytest.mark.parametrize(
    ("word", "picture"), [("account", "👤"), ("code", "🔑"), ("paid", "✅"), ("window", "🪟"), ("picture", "📸")]
)
def test_the_first_picture_of_a_word_is_of_its_usual_sense(word, picture):
    assert lexicon.alternatives("emoji.tsv")[word][0] == picture


@pytest.mark.parametrize("word", ["glasses", "file", "print", "list", "store", "vacuum"])
def test_words_of_several_senses_have_no_picture(word):
    assert word not in lexicon.alternatives("emoji.tsv")


def test_grammar_of_learners():
    assert perturb("Where is my order?", "statement_order") == "Where my order is?"
    assert perturb("Can I pay? Are they here today?", "statement_order") == "I can pay? They are here today?"
    for same in ("Where goes it then", "Is that, then, it", "Is my", "Is blue good here", "How are my, and your"):
        assert perturb(same, "statement_order") == same
    assert set(several("wrong_articles", "send the lamp", 5)) >= {"send lamp", "send a lamp"}
    assert perturb("send lamps", "wrong_articles") == "send lamps"
    assert perturb("from 5 to 7 lamps", "wrong_prepositions") == "from 5 to 7 lamps"
    assert set(several("wrong_prepositions", "sit at it")) <= {"sit in it", "sit on it"}
    assert set(several("wrong_verb_forms", "I ordered it")) == {"I order it"}
    assert perturb("two shoes this business was", "lost_endings", severity=5) == "two shoe this business was"


def test_other_keyboards_have_other_neighbours():
    assert set(near_keys("qwertz")["t"]) >= set("rz")
    assert set(near_keys("azerty")["a"]) == set("zq")
    for layout in ("qwertz", "azerty", "keypad"):
        near = near_keys(layout)
        assert all(key in near[other] for key, others in near.items() for other in others)


@pytest.mark.parametrize("name", ["qwertz_key", "azerty_key", "keypad_letter"])
def test_a_slip_changes_one_letter_after_the_first(name):
    for found in several(name, "REFUND"):
        assert len(found) == 6
        assert found.isupper()
        assert found[0] == "R"
        assert sum(a != b for a, b in zip(found, "REFUND", strict=True)) == 1
    assert several(name, "ßßßß", times=3) == ["ßßßß"] * 3


def test_a_missed_space_bar_joins_two_words_and_no_negation():
    assert {len(found) for found in several("missed_space_bar", "my order is on its way here", 5)} == {27}
    assert {found.count(" ") for found in several("missed_space_bar", "my order is", 5)} == {1}
    assert several("missed_space_bar", "is not here", times=9) == ["is not here"] * 9
    assert set(several("missed_space_bar", "ca t", times=60)) <= {"cabt", "cavt", "cact", "camt", "ca t"}


def test_autocorrection_puts_another_real_word():
    assert set(several("autocorrected", "My parcel?", 5)) >= {"Me parcel?"}


def test_more_emoji():
    assert all(found.endswith(" where is it") for found in several("opening_emoji", "where is it"))
    assert all(found.startswith("it broke ") for found in several("repeated_emoji", "it broke."))
    assert set(several("emoji_rows", "my phone, ok", 1)) >= {"my phone, 📱📱 ok"}
    assert several("emoji_rows", "xyz", times=2) == ["xyz"] * 2
    assert [perturb("?!", name) for name in ("opening_emoji", "repeated_emoji")] == ["?!"] * 2


def test_messages_in_pieces():
    assert perturb("It broke, and I want it back", "several_lines", severity=5).count("\n") == 1
    assert perturb("It broke at once today", "several_lines").split("\n") == ["It broke", "at once today"]
    assert all(found != "It broke, and I want it" for found in several("halting", "It broke, and I want it"))
    assert perturb("it broke", "several_lines") == "it broke"
    assert set(several("several_lines", "a, 5, 7 to b")) == {"a\n5, 7 to b"}


def test_german_and_tagalog():
    assert set(several("denglisch_words", "I wait today", 5, 80)) >= {"I wait heute"}
    assert set(several("taglish_words", "it is broken", 5)) == {"it is sira", "it is basag"}
    assert any(
        "warum" in found and "and" in found for found in several("denglisch_clauses", "why is it late, and fix it", 1)
    )
    assert any("paki" in found for found in several("taglish_phrases", "could you please check it today, my order", 5))
    assert "don't" in perturb("I don't know why", "denglisch_phrases", severity=5)
    frames = {words for group in by_length("denglisch_frames.tsv").values() for words in group}
    assert any(set(found.split()) & frames for found in several("denglisch_phrases", "where is my order", 5))


def test_spanish_clauses_keep_english_auxiliaries():
    message = "I don't use it, and where is my order"
    assert any("donde" in found and "don't" in found for found in several("spanglish_clauses", message, 3))
    assert not any("I no" in found for found in several("spanglish_clauses", message, 5))


def test_clauses_are_cut_where_one_begins():
    assert any(
        found.endswith("because the lamp is new") and not found.startswith("where")
        for found in several("denglisch_clauses", "where is it because the lamp is new", 1)
    )


def test_autocorrection_leaves_negations_alone():
    assert not any(negations(word) for word in lexicon.alternatives("autocorrect.tsv"))
    assert not any(negations(word) for word in lexicon.alternatives("homophones.tsv"))
    assert not any(negations(word) for word in lexicon.alternatives("denglisch.tsv"))
    assert not any(negations(word) for word in lexicon.alternatives("taglish.tsv"))
