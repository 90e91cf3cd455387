"""English sentences in a Hindi frame."""

import pytest

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.hinglish import to_hinglish


def forms(text, times=120, **options):
    return {to_hinglish(text, Draw("hinglish", 3, seed, text), **options) for seed in range(times)}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("cancel my order", "order cancel kar"),
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
        ("should i pay", "kya mai pay karu"),
        ("i need a card", "chahiye"),
        ("I would like a card", "chahiye"),
        ("i want to pay", "karna hai"),
        ("i have to pay", "karna hai"),
        ("set an alarm at 5 pm", "shaam"),
        ("set an alarm at 11 pm", "raat"),
        ("set an alarm at 1 pm", "dopahar"),
        ("do i need a card", "mujhe card chahiye"),
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


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("I ordered two lamps and only one arrived, can you check?", "order kiya"),
        ("I want to cancel my order because it is too late", "cancel karna hai ky"),
        ("my phone broke when I dropped it", "phone toot gaya when I dropped it"),
        ("I was charged twice but nobody answers my emails", "charge kiya gaya"),
        ("I can't log in to my account", "log in nahi kar pa raha hu"),
        ("do you have this in king size?", "kya aapke paas"),
        ("is that covered", "kya wo covered"),
        ("how much money is in my account", "kitna paise"),
        ("I lost my card but I need to pay today", "pay karna hai"),
        ("thanks for your help, it works now", "for your help, ye abhi work karta hai"),
        ("why was i charged", "mujhe kyu charge kiya gaya"),
        ("book a table for two", "book kar"),
        ("how many minutes are left on my timer", "kitne minute"),
        ("how much time is left on my timer", "bacha"),
        ("what is the weather going to be this week", "kaisa"),
        ("will i need an umbrella tomorrow", "umbrella chahiye hoga"),
        ("can i get the 5 am report", "mil sakta hai"),
        ("what alarms do i have for sunday", "mere paas"),
        ("set an alarm for 6 : 10", "6 : 10 ke liye"),
        ("show me friday ' s events", "friday's"),
        ("are we going to get hail today", "milega"),
        ("erase all my alarms", "erase kar"),
        ("when does the store open", "kab open hota hai"),
    ],
)
def test_clauses_are_told_apart(text, form):
    assert any(form in found for found in forms(text))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The seller who sold me the shoes never replied", "who sold me the shoes"),
        ("If it does not arrive I would like my money back", "f it does not arrive I would like"),
        ("my phone broke when I dropped it", "when I dropped it"),
    ],
)
def test_a_clause_that_the_rules_do_not_know_stays_english(text, kept):
    assert all(kept in found for found in forms(text))


def test_where_two_conjunctions_meet_there_is_one_space():
    assert not any("  " in found for found in forms("tell me if i take a bus and when it comes or if i drive"))


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


@pytest.mark.parametrize(
    "text",
    ["Return policy", "Refund status", "Refund not received", "Help needed", "Play rules", "Return address"],
)
def test_a_noun_is_no_order(text):
    assert not any("karo" in found or "kar" in found.split() or "kare" in found for found in forms(text))


@pytest.mark.parametrize("text", ["call center not reachable", "return not picked up"])
def test_what_is_not_done_is_asked_of_nobody(text):
    assert all(found.lower().startswith(text.split()[0]) for found in forms(text))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("refund my order", "order refund kar"),
        ("Return item", "item return karo"),
        ("call mom", "ko call kar"),
        ("play music", "music baja"),
        ("start over", "phir se shuru kar"),
        ("call back", "call back karo"),
        ("Call me back", "ujhe call back karo"),
        ("Talk to agent", "gent se baat karni hai"),
        ("Need to talk to an agent", "agent se baat karni hai"),
        ("Connect me to an agent", "ujhe agent se connect karo"),
        ("How to play", "aise play kar"),
        ("why have I not been reimbursed?", "reimburse nahi hua"),
        ("I added wrong amount and want refund", "add kiya aur mujhe refund chahiye"),
    ],
)
def test_what_is_asked_for_stays_what_it_is(text, form):
    assert any(form in found for found in forms(text))


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("How to play", "karne"),
        ("why have i not been refurbished", "nahi gaya"),
        ("I have thrown away the box", "paas"),
        ("I have never used it", "paas"),
        ("i want your contact number where I can call you", "chahiye"),
        ("How will covid affect my order", "hoga"),
        ("when are the winnings distributed on PowerPlay11", "kab"),
        ("How can I play on PowerPlay11", "PowerPlay11 ko"),
    ],
)
def test_what_the_rules_do_not_know_they_do_not_guess(text, never):
    assert not any(never in found for found in forms(text))
