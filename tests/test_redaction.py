"""Personal data is found as people write it, ordinary numbers stay, and time grows linearly with the text."""

import sys
import time
import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from roadworthy.redaction import inert, redact

PERSONAL = [
    ("write to o'brien+x@mail.example.co.uk.", "write to [email]."),
    ("a@b.com,c@d.org", "[email],[email]"),
    ("jo@xn--bcher-kva.xn--p1ai", "[email]"),
    ("+44 20 7946 0958", "[phone]"),
    ("call (212) 555-0123 now", "call [phone] now"),
    ("mobile 07400 123456 please", "mobile [phone] please"),
    ("+91 98765 43210 / 9876543210", "[phone] / [phone]"),
    ("Tel. 030 1234567", "Tel. [phone]"),
    ("ring 030 123456", "ring [phone]"),
    ("(089) 12345", "[phone]"),
    ("ring +49 89 12345", "ring [phone]"),
    ("+33 1 23 45 67 89", "[phone]"),
    ("order 12 4111 1111 1111 1111 thanks", "order 12 [card] thanks"),
    ("378282246310005 and 4111-1111-1111-1111", "[card] and [card]"),
    ("5555 5555 5555 4444 4111 1111 1111 1111", "[card] [card]"),
    ("٤١١١١١١١١١١١١١١١", "[card]"),
    ("DE89 3704 0044 0532 0130 00 please", "[iban] please"),
    ("gb29NWBK60161331926819", "[iban]"),
    ("my ref is26 GB29 NWBK 6016 1331 9268 19", "my ref is26 [iban]"),
    ("FR7630006000011234567890189", "[iban]"),
    ("from 192.168.1.1, 10.0.0.1.", "from [ip], [ip]."),
    ("2001:db8::1 or [::1]:80", "[ip] or [[ip]]:80"),
    ("http://jo:pw@shop.example/a/b?token=x#y", "http://shop.example/a/b"),
    ("see https://shop.example?q=1", "see https://shop.example"),
    ("http://u:p@192.168.0.1:80/a", "http://[ip]:80/a"),
    ("key sk_live_4eC39HqLyjWDarjtT1zdp7dc!", "key [secret]!"),
    ("0123456789abcdef0123456789abcdef", "[secret]"),
]

ORDINARY = [
    "order 123456789 is late",
    "order 48213377 of 3, size 40",
    "#12345-6789",
    "where are 48213377 and 48213378",
    "4111 1111 1111 1112",
    "4111111111111111000000000",
    "GB29 NWBK 6016 1331 9268 18",
    "is25 people in the group of ours",
    "DE89 3704 0044 0532 0130 00000000000000000000000000",
    "at 12:30:45 or 2024-01-15 10:30",
    "version v1.2.3.4, section 1.2.3.4.5",
    "999.1.1.1",
    "std::dec and add::bad",
    "thisisaverylongwordwithoutanydigitinit",
    "a-long-hyphenated-name-of-2024-things",
    "1,234,567,890 and £1000000 paid 15/01/2024",
    "@roadworthy and me@localhost",
    "123456789012",
    "order 49817410 and 498 17410",
]


@pytest.mark.parametrize(("text", "expected"), PERSONAL)
def test_personal_data_becomes_a_mark(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


def test_a_text_with_few_digits_does_not_load_phonenumbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    assert redact("order 123456 of 2 things") == "order 123456 of 2 things"


def test_a_phone_number_in_a_long_stretch_of_digits_is_found_across_windows() -> None:
    for before in range(40):
        text = "1 / " * before + "+44 20 7946 0958" + " / 1" * 20
        assert redact(text) == text.replace("+44 20 7946 0958", "[phone]")


def test_no_phone_number_leaks_after_the_last_one_looked_up() -> None:
    text = "ring 020 7946 0958 or order 48213377; " * 100
    assert redact(text) == "ring [phone] or order 48213377; " * 100


def test_the_number_of_passes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadworthy.redaction._MOST_PASSES", 1)
    assert redact("to a@b.com") == "to [email]"


def test_a_very_long_stretch_of_digits_is_masked_to_its_end() -> None:
    assert redact("1 / " * 5000).endswith("[phone] / ")


PIECES = st.sampled_from(
    [text for text, _ in PERSONAL]
    + ORDINARY
    + ["[email]", "[ip]", "@", ".", "://", " ", "-", ":", "+", "1", "a", "GB29", "0044", "."]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=6).map("".join), st.text(alphabet="a1 .:@-+/b[]")))
@example("a@b.com@c.com")
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@settings(deadline=None)
@given(st.text())
def test_text_without_digits_and_at_signs_is_unchanged(text: str) -> None:
    assume("@" not in text and "://" not in text and not any(character.isdigit() for character in text))
    assert redact(text) == text


ADVERSARIAL = [
    "a@",
    "1 ",
    "a.",
    "a",
    "1",
    "1.",
    "1:",
    "a1",
    "@a.",
    "+1 ",
    "http://",
    "GB29 ",
    "12345678901 ",
    "020 7946 0958, ",
    "4111 1111 1111 1111 ",
    "a@b.c",
    "[ip]",
]


def _cpu_seconds(text: str) -> float:
    started = time.process_time()
    redact(text)
    return time.process_time() - started


@pytest.mark.parametrize("unit", ADVERSARIAL)
def test_time_grows_linearly_with_the_text(unit: str) -> None:
    redact("020 7946 0958")
    short, long = ((unit * size)[:size] + "@1://" for size in (25_000, 100_000))
    # Linear is a factor of 4, quadratic one of 16; the constant forgives what a tiny time is measured with.
    allowed = 9 * _cpu_seconds(short) + 0.05
    assert any(_cpu_seconds(long) < allowed for _ in range(2))


@given(st.text())
def test_inert_text_has_no_control_characters(text: str) -> None:
    left = inert(text)
    assert all(unicodedata.category(character) not in {"Cc", "Zl", "Zp"} or character in "\t\n" for character in left)
    assert not set(left) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert inert(left) == left


def test_inert_keeps_what_people_write() -> None:
    text = "Où est\tma commande ?\n👩‍🚀 مرحبا"
    assert inert(text) == text


def test_inert_text_has_no_marks_that_turn_it_round() -> None:
    assert inert("a\u061cb\u200ec\u200fd\u2028e\u2029f\ufffeg") == "abcdefg"


def test_inert_text_can_be_encoded() -> None:
    assert inert("a\ud800b").encode() == b"ab"
