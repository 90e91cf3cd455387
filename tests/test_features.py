"""The spelling, the words and the pieces of words: laws on any text, and examples of what people type."""

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils.validation import check_is_fitted

from roadworthy import features, lexicon
from roadworthy.features import (
    CHARACTERS,
    MEANING,
    MEANING_WEIGHT,
    PIECES,
    WORD_WEIGHT,
    WORDS,
    SentenceEmbedding,
    character_ngrams,
    embed_once,
    text_features,
    vocabulary_of,
    with_encoder,
    word_ngrams,
)
from roadworthy.tokens import normalise, tokenise

anything = st.text(st.characters())
# Without invisible signs and accents that stand alone: taking these out may bring together what then composes.
ordinary = st.text(st.characters(exclude_categories=["Cf"], exclude_characters="´`İ"))
typed = st.lists(
    st.sampled_from(
        ["a", "A", "aaa", "'", "’", "“", "…", "...", "e\u0301", "\u0323", "ﬁ", "Å", "ß", "ⅷ", "½", "ſ", "\n"]
    )
).map("".join)
# Letters that have a capital of their own; the Greek s is written by its place in the word.
cased = st.text(
    st.characters(exclude_categories=["Cf"], exclude_characters="´`İΣσς").filter(
        lambda letter: letter.upper().lower() == letter.lower()
    )
)
phrases = st.lists(st.sampled_from(["where", "is", "u", "pls", "dont", "don't", "?", "🙂", "café", "कहाँ"])).map(
    " ".join
)

SHORTHAND: dict[str, str] = {}
for long_form, short_forms in lexicon.alternatives("texting.tsv").items():
    for short_form in short_forms:
        SHORTHAND.setdefault(short_form, long_form)


class Lengths:
    """An encoder that counts how often it is asked, and how much."""

    dimension = 2

    def __init__(self):
        self.asked = []

    def encode(self, texts):
        self.asked.append(list(texts))
        rows = np.array([[len(text), 1 + text.count("e")] for text in texts], dtype=np.float32).reshape(-1, 2)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@given(anything)
@example("\ud800\udfff")
@example("\x00")
@example("\u0301" * 50)
@example("ﷺ" * 50)
@example("Aaª")
def test_any_text_is_brought_to_one_spelling(text):
    found = normalise(text)
    assert found == found.lower()
    assert not re.search(r"(.)\1\1", found)
    assert text.isascii() or not [sign for sign in found if unicodedata.category(sign) == "Cf"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("WHERE is It", "where is it"),
        ("sooooo good!!!!", "soo good!!"),
        ("AaAa", "aa"),
        ("book", "book"),
        ("isn’t “it”", 'isn\'t "it"'),
        ("isn‘t é", "isn't é"),
        ("ｒｅｆｕｎｄ", "refund"),
        ("o\ufb03ce", "office"),
        ("cafe\u0301", "café"),
        ("re\u200bfu\u00adnd", "refund"),
        ("\u200b\ufeff\u2060", ""),
        ("1000", "100"),
        ("a\n\n\n\nb", "a\n\n\n\nb"),
    ],
)
def test_spelling(text, wanted):
    assert normalise(text) == wanted


@given(ordinary | typed)
def test_a_spelling_stays_as_it_is(text):
    once = normalise(text)
    assert normalise(once) == once
    assert tokenise(once) == tokenise(text)


@given(cased)
def test_case_makes_no_difference(text):
    assert normalise(text.upper()) == normalise(text) == normalise(text.lower())


@given(ordinary | typed)
def test_how_accents_are_written_makes_no_difference(text):
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    "text", ["a", "A ", "ab'", "'", "\x00", "\ud800", "e\u0301", "\u0301", "ก\u0e31", "ﷺ", "👨\u200d"]
)
def test_ten_thousand_characters_are_no_matter(text):
    text = (text * 10_000)[:10_000]
    assert "".join(tokenise(text)) == "".join(normalise(text).split())
    assert character_ngrams(text) == naive_pieces(text)
    assert len(word_ngrams(text)) == 2 * len(tokenise(text)) - 1


@given(anything | phrases)
def test_tokens_are_words_or_single_signs(text):
    assert all(token and not re.search(r"\s", token) for token in tokenise(text))


@given(st.text(st.sampled_from("कहाँ है ที่ไหน أين مُ ж é 🙂 ?!.,'\"-\t\n\u200b\ufe0f")))
def test_nothing_but_space_is_lost(text):
    assert "".join(tokenise(text)) == "".join(normalise(text).split())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ()),
        (" \n\u3000", ()),
        ("Don’t   stop!", ("don't", "stop", "!")),
        ("'quoted'", ("'", "quoted", "'")),
        ("rock 'n' roll's", ("rock", "'", "and", "'", "roll's")),
        ("😡😡 refund", ("😡", "😡", "refund")),
        ("order #12-3", ("order", "#", "12", "-", "3")),
        ("snake_case", ("snake_case",)),
        ("मेरा ऑर्डर कहाँ है", ("मेरा", "ऑर्डर", "कहाँ", "है")),
        ("คำสั่งซื้อ อยู่ที่ไหน", ("คําสั่งซื้อ", "อยู่ที่ไหน")),
        ("أَيْنَ طَلَبِيّ", ("أَيْنَ", "طَلَبِيّ")),
        ("எங்கே", ("எங்கே",)),
        ("x\u0304y", ("x\u0304y",)),
    ],
)
def test_tokens(text, wanted):
    assert tokenise(text) == wanted


@pytest.mark.parametrize(
    ("letters", "marks"),
    [
        ("कखगजट", "\u0901\u0902\u0903\u093c\u093e\u093f\u0940\u0941\u0942\u0947\u0948\u094b\u094c\u094d"),
        ("กขคงจ", "\u0e31\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c"),
        ("بتثجح", "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652"),
        ("αжx", "\u0300\u0301\u0308\u0323\u036f"),
    ],
)
def test_marks_stay_with_their_letter(letters, marks):
    @given(st.lists(st.tuples(st.sampled_from(letters), st.text(st.sampled_from(marks), max_size=3)), min_size=1))
    def one_word(pairs):
        assert len(tokenise("".join(letter + signs for letter, signs in pairs))) == 1

    one_word()


def test_every_shorthand_of_one_word_is_written_out():
    words = {short: long for short, long in SHORTHAND.items() if re.fullmatch(r"\w+(?:'\w+)*", short)}
    plain = {short: long for short, long in words.items() if not set(long.split()) & set(SHORTHAND)}
    assert len(plain) > 100
    for short, long in plain.items():
        if not re.search(r"(.)\1\1", short):
            assert tokenise(f"x {short.upper()}!") == ("x", *long.split(), "!"), short


def test_shorthand_of_two_meanings_has_its_first():
    first = [
        short for short in SHORTHAND if sum(short in some for some in lexicon.alternatives("texting.tsv").values()) > 1
    ]
    assert "aight" in first
    assert tokenise("aight") == ("all", "right")


@given(anything | phrases)
def test_words_are_followed_by_their_pairs(text):
    tokens = tokenise(text)
    pairs = [f"{tokens[i]} {tokens[i + 1]}" for i in range(len(tokens) - 1)]
    assert word_ngrams(text) == [*tokens, *pairs]


def naive_pieces(text):
    found = []
    for token in tokenise(text):
        word = f" {token} "
        found += [word[i : i + n] for n in PIECES for i in range(len(word)) if i + n <= len(word)]
    return found


@given(anything | phrases)
def test_pieces_are_what_cutting_by_hand_gives(text):
    assert character_ngrams(text) == naive_pieces(text)


@given(phrases | st.text("abc 'é🙂"))
def test_pieces_are_those_of_scikit_learn(text):
    analyse = CountVectorizer(
        analyzer="char_wb", ngram_range=(min(PIECES), max(PIECES)), lowercase=False
    ).build_analyzer()
    assert character_ngrams(text) == analyse(" ".join(tokenise(text)))


def test_long_words_do_not_fill_the_memory():
    features._pieces.cache_clear()
    short, long = "ab" * 15, "ab" * 15 + "c"
    assert character_ngrams(long) == naive_pieces(long)
    assert features._pieces.cache_info().currsize == 0
    assert character_ngrams(short) == naive_pieces(short)
    assert features._pieces.cache_info().currsize == 1


def test_an_encoder_is_a_transformer():
    encoder = Lengths()
    embedding = SentenceEmbedding(encoder)
    check_is_fitted(embedding)
    assert embedding.fit(["one"]) is embedding
    rows = embedding.transform(("one", "eleven"))
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(rows.toarray(), encoder.encode(["one", "eleven"]))
    assert isinstance(clone(SentenceEmbedding()), SentenceEmbedding)


def test_features_are_words_and_pieces_of_length_one():
    texts = ["where is it", "a refund", "refund me please"]
    found = text_features(3, word_weight=0.5).fit(texts)
    assert [name for name, _ in found[-1].transformer_list] == [WORDS, CHARACTERS]
    assert found[-1].transformer_weights == {WORDS: 0.5, CHARACTERS: 1.0}
    squares = found.transform(["where refund", "it"]).power(2).sum(axis=1)
    np.testing.assert_allclose(squares, 1 + 0.5**2)
    assert text_features(3)[-1].transformer_weights[WORDS] == WORD_WEIGHT
    assert {"where", "where is", "refund me"} <= set(vocabulary_of(found)) == set(found[-1][WORDS].vocabulary_)


def test_spelling_is_corrected_before_all_else():
    texts = ["where is it", "a refund"]
    found = text_features(2, encoder=Lengths()).fit(texts)
    right, wrong = found.transform(["where is a refund", "wher is a refnud"]).toarray()
    np.testing.assert_array_equal(wrong, right)


def test_an_ngram_counts_once_a_message():
    found = text_features(2).fit(["where is it", "a refund"])
    once, often = found.transform(["where a refund", "where a refund refund"]).toarray()
    np.testing.assert_allclose(once, often)


@pytest.mark.parametrize(("n", "least"), [(1, 1), (5_000, 1), (5_001, 2)])
def test_of_many_messages_a_feature_must_stand_in_two(n, least):
    assert {block.min_df for _, block in text_features(n)[-1].transformer_list} == {least}


def test_an_embedding_is_a_third_block():
    encoder = Lengths()
    found = text_features(2, encoder=encoder).fit(["where is it", "a refund"])
    assert [name for name, _ in found[-1].transformer_list] == [WORDS, CHARACTERS, MEANING]
    row = found.transform(["where"]).toarray()[0]
    np.testing.assert_array_equal(row[-2:], MEANING_WEIGHT * encoder.encode(["where"])[0].astype(float))


def test_another_encoder_takes_the_place_of_the_first():
    first, second = Lengths(), Lengths()
    found = text_features(2, encoder=first).fit(["where is it", "a refund"])
    other = with_encoder(found, second)
    assert other[-1][MEANING].encoder is second
    assert found[-1][MEANING].encoder is first
    assert other[0] is found[0]
    assert other[-1][WORDS] is found[-1][WORDS]
    assert other.transform(["wher"]).shape == found.transform(["wher"]).shape
    assert with_encoder(found, None)[-1][MEANING].encoder is None


def test_features_that_embed_nothing_stay_as_they_are():
    found = text_features(1).fit(["where is it"])
    assert with_encoder(found, Lengths()) is found


def test_messages_are_embedded_once():
    encoder = Lengths()
    remembering = embed_once(encoder)
    assert remembering.dimension == encoder.dimension
    for texts in (["one", "eleven", "one"], ["new", "one"], ["eleven", "new"], []):
        np.testing.assert_array_equal(remembering.encode(texts), Lengths().encode(texts))
    assert encoder.asked == [["one", "eleven"], ["new"]]


def test_without_an_encoder_nothing_is_embedded():
    assert embed_once(None) is None
