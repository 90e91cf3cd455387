"""The mood of messages, and that nothing is put around them that contradicts it."""

import re

import pytest

from roadworthy import lexicon
from roadworthy.perturbations import find, perturb
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.mood import is_greeting, is_praise, is_upset
from roadworthy.perturbations.texter import CHANCES, text_like

PRAISE = ["I love this app", "the best service ever", "I am so happy with my new card", "excellent, thank you"]
UPSET = ["my card is furious red and the app is terrible", "I am fed up with this", "the worst bank", "I feel let down"]
HAPPY_PICTURES = set("😍🥰😄🎉💯🙌👏🤩")
SAD_PICTURES = set("😭😢😟😰😥😩😨🥺😓😣😱😔😞☹😡😠🤬😤🙄😒👎😑")


def several(name, text, severity=5, times=60):
    (member,) = find(name)
    return [member(text, severity=severity, seed=seed) for seed in range(times)]


def exclaimed(text):
    chances = dict.fromkeys(CHANCES, 0.0) | {"exclaimed": 1.0}
    found = (text_like(text, Draw("x", 3, seed, text), chances) for seed in range(200))
    return {said.replace(text, "").strip() for said in found}


@pytest.mark.parametrize("word", ["love", "great", "excellent", "perfect", "awesome", "happy", "amazing", "best"])
def test_words_of_praise_are_known(word):
    assert is_praise(f"{word} card")
    assert not is_upset(f"{word} card")


@pytest.mark.parametrize(
    "words",
    ["terrible", "awful", "furious", "unacceptable", "disgusting", "ridiculous", "fed up", "frustrated", "let down"],
)
def test_words_of_anger_are_known(words):
    assert is_upset(f"I am {words}")
    assert not is_praise(f"great, I am {words}")


@pytest.mark.parametrize("text", ["best card for students", "what is the best way to pay", "Best offer for me?"])
def test_who_looks_for_the_best_praises_nothing(text):
    assert not is_praise(text)
    assert is_praise(f"I love this, {text}")


def test_a_phrase_is_known_as_a_whole():
    assert not is_upset("what is fed to cats")
    assert not is_upset("the outlets downstairs let in air")


@pytest.mark.parametrize(
    ("text", "greets"),
    [
        ("Hello, where is it", True),
        ("Order 123456, hi, where is it", True),
        ("where is it", False),
        ("this hid", False),
    ],
)
def test_who_has_said_hello(text, greets):
    assert is_greeting(text) == greets


@pytest.mark.parametrize("text", PRAISE)
def test_praise_gets_no_sad_picture_and_no_anger(text):
    assert not any(SAD_PICTURES & set(found) for found in several("closing_emoji", text))
    assert any(HAPPY_PICTURES & set(found) for found in several("closing_emoji", text))
    assert not any(":(" in found or ":/" in found for found in several("emoticon", text))
    assert set(several("angry_closer", text)) == {text}


@pytest.mark.parametrize("text", ["Connect with agent", "turn off the lights", "where is it"])
def test_who_is_not_upset_does_not_frown(text):
    frowns = (":(", ":/", ":-(", ":-/", "-_-", "T_T", ":'(")
    assert not any(face in found for found in several("emoticon", text, 5, 200) for face in frowns)
    assert any(face in found for found in several("emoticon", "it broke", 5) for face in frowns)


@pytest.mark.parametrize("text", UPSET)
def test_an_emoji_is_repeated_as_often_as_the_severity_says(text):
    for found in several("repeated_emoji", text, 1):
        row = found.removeprefix(text.rstrip(" .")).strip()
        smallest = re.fullmatch(r"(.+?)\1*", row)
        assert smallest
        assert len(row) <= 3 * len(smallest[1]), found


@pytest.mark.parametrize("text", UPSET)
def test_before_trouble_nobody_says_ok(text):
    assert not any(re.match("okk|umm|soo", found) for found in several("drawn_out_opener", text))


@pytest.mark.parametrize("text", ["Size chart", "Refund status", "Only blue ones", "Help center", "Yesterday evening"])
def test_before_a_fragment_nobody_says_if_you_can(text):
    assert set(several("polite_request", text)) == {text}
    assert all(found != "show me my orders" for found in several("polite_request", "show me my orders"))


@pytest.mark.parametrize("text", ["you are useless", "stupid bot", "Thanks", "thank you so much"])
def test_nobody_apologises_for_an_insult_or_for_thanks(text):
    assert set(several("polite_apology", text)) == {text}


@pytest.mark.parametrize("text", ["turn off the lights", "I have a question about fees", "set an alarm for 7"])
def test_what_is_neither_gets_no_sad_picture(text):
    assert not any(SAD_PICTURES & set(found) for found in several("closing_emoji", text))


def test_a_question_about_trouble_gets_no_smile():
    assert not any(set("👍🙂😊") & set(found) for found in several("closing_emoji", "why was my card declined?"))


@pytest.mark.parametrize("text", UPSET)
def test_complaints_get_no_happy_picture(text):
    assert not any(HAPPY_PICTURES & set(found) for found in several("closing_emoji", text))


def test_exclamations_suit_the_mood():
    assert exclaimed("where is my order") == {"lol", "haha"}
    assert not exclaimed("my order is broken") & {"lol", "yay", "haha"}
    assert not exclaimed("I love it") & {"ugh", "smh"}
    for text in ("where is my order", "my order is broken", "I love it"):
        assert not exclaimed(text) & {"ikr", "btw"}


@pytest.mark.parametrize(
    ("text", "unwanted"),
    [
        ("I love the new app", ("smh", "pls", "asap")),
        ("Hello, where is my card?", ("hey hello", "hi hello", "yo hello", "heya hello")),
        ("please help me with my card", (" pls", "pls asap")),
        ("my card is broken", (" lol",)),
    ],
)
def test_the_tone_of_a_chat_suits_the_message(text, unwanted):
    for found in several("chat_tone", text):
        assert not any(words in found for words in unwanted), found


def test_each_mood_has_emoji():
    assert set(lexicon.grouped("emoji_mood.tsv")) >= {"happy", "polite", "angry", "worried", "neutral"}
    assert perturb("I love it.", "closing_emoji").startswith("I love it ")
