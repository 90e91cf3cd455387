"""The built-in data are what their card says."""

from collections import Counter
from importlib.resources import files

import pytest

from roadworthy import support_desk
from roadworthy.redaction import redact

TRAIN, TEST, REAL = support_desk.load_train(), support_desk.load_clean_test(), support_desk.load_real_style()
INTENTS = {
    "account_access", "app_problem", "cancel_order", "change_address", "damaged_item", "order_status",
    "payment_problem", "promo_code", "refund_status", "return_item",
}  # fmt: skip


def folded(texts):
    return [" ".join(text.casefold().split()) for text in texts]


def test_train_and_test_hold_every_intent_equally_often():
    assert Counter(TRAIN.labels) == dict.fromkeys(INTENTS, 56)
    assert Counter(TEST.labels) == dict.fromkeys(INTENTS, 24)


def test_real_style_messages_hold_every_intent_and_kind():
    assert Counter(REAL.labels) == dict.fromkeys(INTENTS, 86) | {support_desk.OOS_LABEL: 240}
    assert Counter(REAL.kinds) == {
        "angry": 120, "emoji": 120, "misspelt": 120, "mixed": 140, "short": 120, "several": 120, "slang": 120,
        "out_of_scope": 240,
    }  # fmt: skip
    assert all(
        (label == support_desk.OOS_LABEL) == (kind == "out_of_scope")
        for label, kind in zip(REAL.labels, REAL.kinds, strict=True)
    )


def test_the_card_states_these_counts():
    card = files("roadworthy.support_desk").joinpath("CARD.md").read_text(encoding="utf-8")
    for data in (TRAIN, TEST, REAL):
        assert f"{len(data):,}" in card
    for kind, count in Counter(REAL.kinds).items():
        assert f"| {kind} | {count} |" in card
    for intent in INTENTS:
        assert f"| {intent} | 56 | 24 | 86 |" in card


@pytest.mark.parametrize("data", [TRAIN, TEST, REAL], ids=lambda data: data.name)
def test_no_message_stands_twice_or_holds_personal_data(data):
    assert len(set(folded(data.texts))) == len(data)
    assert [text for text in data.texts if redact(text) != text] == []


def test_no_message_of_one_file_stands_in_another():
    assert TEST.overlap(TRAIN) == REAL.overlap(TRAIN) == REAL.overlap(TEST) == 0


def trigrams(text):
    padded = f" {text.lower()} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def test_the_clean_test_messages_are_no_paraphrases_of_training_messages():
    trained = [trigrams(text) for text in TRAIN.texts]
    nearest = [max(len(own & other) / len(own | other) for other in trained) for own in map(trigrams, TEST.texts)]
    assert sum(nearest) / len(nearest) < 0.5
    assert max(nearest) < 0.9


def test_clean_sentences_are_clean():
    for text in (*TRAIN.texts, *TEST.texts):
        assert text[0].isupper() or not text[0].isalpha()
        assert text[-1] in ".?!"
        assert text.isascii()
