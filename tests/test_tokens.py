"""One spelling for what people type: laws on any text."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from roadworthy import lexicon, tokens
from roadworthy.tokens import normalise, says_nothing, tokenise


@given(st.text(st.characters(exclude_characters="İ")))
@example("e\u200d\u0301")
@example("i`m")
@example("i´m")
def test_a_spelling_stays_as_it_is(text):
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize("quote", "'’‘´`")
@pytest.mark.parametrize("rest", ["", " é"])
def test_every_apostrophe_is_the_same(quote, rest):
    assert normalise(f"I{quote}m{rest}") == f"i'm{rest}"
    assert tokenise(f"I{quote}m{rest}")[0] == "i'm"


@given(st.lists(st.text(min_size=1).map(lambda text: "".join(text.split())).filter(bool)))
@example(["ΑΣ", "Σ", "a\u200d", "\u0301b", "´", "w/o", "k!!!", "ﷺ"])
def test_no_token_reaches_across_white_space(pieces):
    """Words are remembered by the piece between spaces: together they give what each gives alone."""
    together = tokenise(" ".join(pieces))
    assert together == tuple(token for piece in pieces for token in tokenise(piece))
    assert together == tokenise("\u2003\n".join(pieces))


@given(st.text())
def test_the_pieces_give_what_the_whole_text_gives(text):
    whole = tokens._TOKEN.findall(normalise(text))
    long_form = tokens._long_forms()
    assert tokenise(text) == tuple(word for token in whole for word in long_form.get(token, (token,)))


def test_shorthand_is_written_out_to_its_end():
    for shorts in lexicon.alternatives("texting.tsv").values():
        for short in shorts:
            once = tokenise(short)
            assert tokenise(" ".join(once)) == once, short
    assert tokenise("k") == tokenise("kk") == tokenise("ok") == ("okay",)
    assert tokenise("byeee") == ("bye",)


@pytest.mark.parametrize("block", [(0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F)])
def test_every_mark_stays_with_its_letter(block):
    marks = [chr(code) for code in range(*block) if unicodedata.category(chr(code)) in {"Mn", "Mc"}]
    assert [mark for mark in marks if len(tokenise(f"a{mark}b")) != 1] == []


@given(st.text() | st.text(st.characters(max_codepoint=0x20)) | st.text(st.sampled_from("\u200b\u00ad\ufeff \u2003\n")))
def test_what_says_nothing_has_no_token(text):
    assert says_nothing(text) == (not tokenise(text))
