"""Personal data out of what is stored or shared, and messages that no reader of it can be harmed by.

Every pattern takes time linear in the text: repetitions are bounded, or of a single class with nothing
after it.
"""

from __future__ import annotations

import ipaddress
import re
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PHONE_REGIONS = ("GB", "US", "IN", "DE")

# C0 and C1 controls but tab and newline, line separators, bidi controls, surrogates, and what XML 1.0 forbids.
ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

_MARK = re.compile(r"(\[(?:email|phone|card|iban|ip|secret)\])")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s<>\"]*")
_EMAIL = re.compile(r"\w[\w.%+'-]{0,63}@\w[\w.-]{0,252}\.(?:xn--[\w-]{2,59}|[^\W\d_]{2,24})")
_IBAN_START = re.compile(r"(?<![^\W_])[A-Za-z]{2}[0-9]{2}")
_IBAN_BODY = re.compile(r"[A-Za-z0-9 -]{15,44}")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{24,}")
_LONG_PIECE = re.compile(r"[A-Za-z0-9]{24,}")
_SPACED_DIGITS = re.compile(r"\d[\d \u00a0\u2010-\u2013-]{12,}")
_DIGITS = re.compile(r"\d+")
_IPV4 = re.compile(r"(?<![\w.])[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?!\w|\.\w)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:.]{3,45}(?![\w:])")
_PHONE_LIKE = re.compile(r"[+(]{0,2}\d[\d \u00a0\u2010-\u2013().+/-]{5,}")

# What a short phone number starts with.
_DIALLED = re.compile(r"[+(]|(?<!\d)0")

_LETTER_NUMBERS = {ord("A") + n: str(10 + n) for n in range(26)}
_FEWEST_PHONE_DIGITS = 7
_LONGEST_ORDER_NUMBER = 9
_PHONE_WINDOW = 64
_PHONE_OVERLAP = 24
_PHONE_CONTEXT = 4
_MOST_PHONE_WINDOWS = 32
_MOST_PHONE_TRIES = 64
_MOST_PASSES = 4


def redact(text: str) -> str:
    """Replace personal data by marks that say what stood there.

    E-mail addresses, phone numbers, payment card numbers, IBANs, IP addresses and long tokens that look
    like API keys become [email], [phone], [card], [iban], [ip] and [secret]. Of a URL the scheme, host and
    path stay; its user name, password, query and fragment go. Plain numbers of up to nine digits, such as
    order numbers, stay.

    Phone numbers are looked for with `phonenumbers` as people in `PHONE_REGIONS` write them, and with a
    country code from anywhere. In a text with very many number-like stretches the later ones are not looked
    up: any of them with ten digits or more becomes [phone], so that time stays linear and no number leaks.

    Examples
    --------
    >>> redact("order 48213377 is late, write to jo@example.org or ring 020 7946 0958")
    'order 48213377 is late, write to [email] or ring [phone]'
    >>> redact("paid with 4111 1111 1111 1111, see https://jo:pw@shop.example/orders?token=abc")
    'paid with [card], see https://shop.example/orders'
    """
    if not _may_hold_any(text):
        return text
    for _ in range(_MOST_PASSES):
        before, text = text, _redact_once(text)
        if text == before:
            break
    return text


def inert(text: str) -> str:
    r"""Drop every character that acts rather than shows (`ACTIVE`); keep tab and newline.

    Examples
    --------
    >>> inert("a\x1b[31mb\u202ec\td")
    'a[31mbc\td'
    """
    return ACTIVE.sub("", text)


def _may_hold_any(text: str) -> bool:
    """Whether it is worth looking for personal data; most messages show at a glance that they hold none."""
    if "@" in text or "://" in text:
        return True
    digits = "".join(_DIGITS.findall(text))
    return digits != "" and (
        len(digits) >= _FEWEST_PHONE_DIGITS
        or _has_many_signs(text)
        or _IBAN_START.search(text) is not None
        or _TOKEN.search(text) is not None
    )


def _redact_once(text: str) -> str:
    text = _URL.sub(_bare_url, text) if "://" in text else text
    for applies, passed in _PASSES:
        if applies(text):
            # What stands in a mark already is left alone.
            parts = _MARK.split(text) if "[" in text else [text]
            text = "".join(part if n % 2 else passed(part) for n, part in enumerate(parts))
    return text


def _has_at(text: str) -> bool:
    return "@" in text


def _has_iban_start(text: str) -> bool:
    return _IBAN_START.search(text) is not None


def _has_token(text: str) -> bool:
    return _TOKEN.search(text) is not None


def _has_address_signs(text: str) -> bool:
    return _has_many_signs(text) and _has_digit(text)


def _has_many_signs(text: str) -> bool:
    return text.count(".") > 2 or text.count(":") > 1


def _has_digit(text: str) -> bool:
    return _DIGITS.search(text) is not None


def _has_phone_digits(text: str) -> bool:
    return len("".join(_DIGITS.findall(text))) >= _FEWEST_PHONE_DIGITS


def _bare_url(match: re.Match[str]) -> str:
    scheme, _, rest = match[0].partition("://")
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def _emails(text: str) -> str:
    return _EMAIL.sub("[email]", text)


def _ibans(text: str) -> str:
    return _masked(text, _iban_spans(text), "[iban]")


def _iban_spans(text: str) -> Iterator[tuple[int, int]]:
    for start in _IBAN_START.finditer(text):
        body = _IBAN_BODY.match(text, start.start())
        length = 0 if body is None else _iban_length(body[0], text[body.end() : body.end() + 1])
        if length:
            yield start.start(), start.start() + length


def _iban_length(body: str, after: str) -> int:
    """Count the characters of the body that are an IBAN, in one piece or in groups of four; 0 if none are."""
    written, found = "", 0
    for group in _ALPHANUMERIC.finditer(body):
        written += group[0]
        cut = group.end() == len(body) and after.isalnum()
        if not cut and 15 <= len(written) <= 34 and _mod_97(written) == 1:
            found = group.end()
        if len(group[0]) != 4:
            break
    return found


def _mod_97(iban: str) -> int:
    return int((iban[4:] + iban[:4]).upper().translate(_LETTER_NUMBERS)) % 97


def _secrets(text: str) -> str:
    return _TOKEN.sub(lambda match: "[secret]" if _is_secret(match[0]) else match[0], text)


def _is_secret(token: str) -> bool:
    return any(re.search(r"[0-9]", piece) and re.search(r"[A-Za-z]", piece) for piece in _LONG_PIECE.findall(token))


def _cards(text: str) -> str:
    return _masked(text, _card_spans(text), "[card]")


def _card_spans(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of 13 to 19 digits that start and end with a group of digits and pass the Luhn check."""
    for run in _SPACED_DIGITS.finditer(text):
        groups = [(group.start(), group.end()) for group in _DIGITS.finditer(text, run.start(), run.end())]
        before = list(accumulate((end - start for start, end in groups), initial=0))
        luhn = _luhn(text[run.start() : run.end()])
        done = 0
        for first in range(len(groups)):
            last = _card_end(before, first, luhn) if first >= done else 0
            if last:
                done = last
                yield groups[first][0], groups[last - 1][1]


def _card_end(before: list[int], first: int, luhn: Callable[[int, int], bool]) -> int:
    """Find the group after the last one of a card number that starts with the first; 0 if there is none."""
    found = 0
    for last in range(first + 1, len(before)):
        digits = before[last] - before[first]
        if digits > 19:
            break
        if digits >= 13 and luhn(before[first], before[last]):
            found = last
    return found


def _luhn(run: str) -> Callable[[int, int], bool]:
    """Prepare the Luhn check of any stretch of a run's digits: constant time, from sums made once."""
    digits = [int(character) for character in run if character.isdecimal()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits]
    sums = [
        list(accumulate((doubled[n] if n % 2 == odd else digits[n] for n in range(len(digits))), initial=0))
        for odd in (0, 1)
    ]
    return lambda start, end: (sums[end % 2][end] - sums[end % 2][start]) % 10 == 0


def _addresses(text: str) -> str:
    return _IPV6.sub(_address, _IPV4.sub(_address, text))


def _address(match: re.Match[str]) -> str:
    written = match[0].rstrip(".")
    if ":" in written and not _has_digit(written):
        return match[0]
    try:
        ipaddress.ip_address(written)
    except ValueError:
        return match[0]
    return "[ip]" + match[0][len(written) :]


def _phones(text: str) -> str:
    return _masked(text, _phone_spans(text), "[phone]")


def _phone_spans(text: str) -> Iterator[tuple[int, int]]:
    windows = 0
    for run in _PHONE_LIKE.finditer(text):
        if not _has_phone_digits(run[0]):
            continue
        last = max(run.start() + 1, run.end() - _PHONE_OVERLAP)
        for start in range(run.start(), last, _PHONE_WINDOW - _PHONE_OVERLAP):
            windows += 1
            if windows > _MOST_PHONE_WINDOWS:
                yield from _number_like(text, start, run.end())
                break
            yield from _phone_numbers(text, start, min(run.end(), start + _PHONE_WINDOW))


def _number_like(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    digits = [match.start() for match in re.finditer(r"\d", text[start:end])]
    if len(digits) > _LONGEST_ORDER_NUMBER:
        yield start + digits[0], start + digits[-1] + 1


def _phone_numbers(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    from phonenumbers import Leniency, PhoneNumberMatcher

    # The neighbours tell a price or a time stamp from a phone number.
    begin = max(0, start - _PHONE_CONTEXT)
    window = text[begin : end + _PHONE_CONTEXT]
    if _DIALLED.search(window) is None and len("".join(_DIGITS.findall(window))) <= _LONGEST_ORDER_NUMBER:
        # Whatever were found would be taken for an order number.
        return
    for region in PHONE_REGIONS:
        for match in PhoneNumberMatcher(window, region, Leniency.VALID, _MOST_PHONE_TRIES):
            if _is_phone(match.raw_string):
                yield begin + match.start, begin + match.end


def _is_phone(written: str) -> bool:
    """Tell a phone number from an order number: those have few digits, and no prefix that is dialled."""
    digits = sum(character.isdigit() for character in written)
    spaced = digits < len(written)
    return digits > _LONGEST_ORDER_NUMBER or (spaced and written.startswith(("+", "0", "(")))


def _masked(text: str, spans: Iterator[tuple[int, int]], mark: str) -> str:
    parts, done = [], 0
    for start, end in sorted(spans):
        if start >= done:
            parts += [text[done:start], mark]
        done = max(done, end)
    return "".join([*parts, text[done:]])


_PASSES: tuple[tuple[Callable[[str], bool], Callable[[str], str]], ...] = (
    (_has_at, _emails),
    (_has_iban_start, _ibans),
    (_has_token, _secrets),
    (_has_phone_digits, _cards),
    (_has_address_signs, _addresses),
    (_has_phone_digits, _phones),
)
