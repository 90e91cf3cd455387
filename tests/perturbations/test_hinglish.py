"""English sentences in a Hindi frame."""

import pytest

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.hinglish import to_hinglish


def forms(text, times=120, **options):
    return {to_hinglish(text, Draw("hinglish", 3, seed, text), **options) for seed in range(times)}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("cancel my order", "mera order ko cancel kare"),
        ("i need a refund", "mujhe refund chahiye"),
        ("any news", "kya koi news"),
        ("Please cancel it", "Please"),
        ("remind me to call mom", "mujhe"),
        ("remind me of the party", "mujhe"),
        ("show me the weather", "mujhe"),
        ("play me a song", "mere liye"),
        ("message danny that i am late", "ki"),
        ("text danny", "danny"),
        ("what's the status", "kya"),
        ("what time is it", "samay"),
        ("what time is left", "kitna time bacha"),
        ("what will the weather be like", "rahega"),
        ("what is the temperature", "kitna"),
        ("how is the weather", "kaisa"),
        ("how will it be", "hoga"),
        ("how do i pay", "kaise"),
        ("how", "kaise"),
        ("how much money is in my account", "kitna"),
        ("how long does it take", "lagega"),
        ("how far is it", "kitni door"),
        ("when will it come", "kab"),
        ("where is it", "kaha"),
        ("who is there", "kaun"),
        ("can you send it", "kya"),
        ("can i pay", "sakta hu"),
        ("should i pay", "chahiye"),
        ("i need a card", "chahiye"),
        ("I would like a card", "chahiye"),
        ("i want to pay", "karna hai"),
        ("i have to pay", "karna hai"),
        ("set an alarm at 5 pm", "shaam"),
        ("set an alarm at 11 pm", "raat"),
        ("set an alarm at 1 pm", "dopahar"),
        ("do i need a card", "ki zarurat"),
        ("will it rain", "hoga"),
        ("is it open", "hai"),
        ("set an alarm at 5 pm", "baje"),
        ("set an alarm for 7 am", "subah"),
        ("set an alarm for tomorrow", "ke liye"),
        ("add it to buy milk", "ke liye"),
    ],
)
def test_a_sentence_gets_its_frame(text, form):
    assert any(form in found for found in forms(text))


@pytest.mark.parametrize("text", ["?", "...", "!", " "])
def test_what_is_no_sentence_stays(text):
    assert forms(text) == {text}


def test_an_empty_text_stays():
    assert forms("") == {""}


def test_numbers_keep_their_order_and_negations_their_number():
    assert forms("add 4 to list 7") == {"add 4 to list 7"} or all(
        text.index("4") < text.index("7") for text in forms("add 4 to list 7")
    )
    assert all("49.90" in text for text in forms("i was charged 49.90 twice."))


def test_a_share_of_the_sentences_changes():
    text = "Cancel my order. Where is it? I need a refund."
    changed = [
        sum(a != b for a, b in zip(text.split(". "), found.split(". "), strict=False))
        for found in forms(text, share=0.1)
    ]
    assert min(changed) >= 0
    assert all(found != text for found in forms(text, share=0.1))
