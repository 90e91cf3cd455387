"""Words inside messages: which may be changed, and how a share of them is replaced with the rest left as it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import compress, count, pairwise
from operator import ne

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.remembered import Remembered

_TOKEN = re.compile(r"([^\w\s]*)([^\W\d_]+(?:['’][^\W\d_]+)*)([^\w\s]*)")
_DIGITS = re.compile(r"\d+")
_NEGATED = re.compile(r"n['’]?t$")
_WORD = re.compile(r"\bw/o\b|[^\W\d_]+(?:['’][^\W\d_]+)*", re.IGNORECASE)
_NUMBER_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand half"
)
_NUMBERS = frozenset(_NUMBER_WORDS.split(" "))

# Whether a form fits, by itself and the words before and after what it would replace.
Rule = Callable[[str, str, str], bool]
# Words that look like plurals.
_WORDS_IN_S = (
    "this always does news less unless across towards besides perhaps sometimes thanks oops christmas texas dallas "
    "kansas vegas whereas overseas pants series species means"
)
KEEP_THEIR_S = frozenset(_WORDS_IN_S.split(" "))

# What share of the words that could change does change, by severity.
SHARE = {1: 0.1, 2: 0.2, 3: 0.35, 4: 0.5, 5: 0.7}
# How many times as often as it was measured something comes, by severity, where rates were measured.
TIMES = {1: 0.4, 2: 0.7, 3: 1.0, 4: 1.5, 5: 2.0}


def is_negation(word: str) -> bool:
    """Whether a word negates: such words are never changed, dropped or added.

    Examples
    --------
    >>> is_negation("Don't"), is_negation("nothing"), is_negation("note")
    (True, True, False)
    """
    lowered = word.lower()
    if lowered.isalpha():
        return lowered in _negations()
    lowered = lowered.replace("’", "'")
    return lowered in _negations() or bool("'" in lowered and _NEGATED.search(lowered))


@cache
def _negations() -> frozenset[str]:
    return lexicon.words("negations.txt")


def negations(text: str) -> list[str]:
    """The words of a text that negate, in their order.

    Examples
    --------
    >>> negations("No, it didn't come w/o a fee")
    ['No', "didn't", 'w/o']
    """
    return [word for told in _told(text) for word in told[0]]


def keeps(before: str, after: str) -> bool:
    """Whether a text kept its numbers in their order and neither lost nor gained a negation, and is not blank.

    Examples
    --------
    >>> keeps("no order 12", "no ordr 12"), keeps("no order 12", "now order 12"), keeps("order 12", "order 1 2")
    (True, False, False)
    """
    if before == after:
        return True
    if not after.strip():
        return not before.strip()
    if _same_but_for_plain(before.split(), after.split()):
        return True
    told, left = _told(before), _told(after)
    return told == left or (_count(told) == _count(left) and _in_order(told, left))


def _same_but_for_plain(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether as many pieces stand in both, and those that differ hold neither negations nor numbers."""
    if len(before) != len(after):
        return False
    for one, other in compress(zip(before, after, strict=True), map(ne, before, after)):
        if _TOLD[one] or _TOLD[other]:
            return False
    return True


# The negations and the numbers of a piece without spaces.
_Told = tuple[tuple[str, ...], tuple[str, ...]]


def _told(text: str) -> list[_Told]:
    """What must stay in a text, piece by piece; neither negations nor numbers reach across a space."""
    return list(filter(None, map(_TOLD.__getitem__, text.split())))


def _told_by(piece: str) -> _Told | None:
    if piece.isdecimal():
        return (), (piece,)
    if piece.isalpha():
        return ((piece,), ()) if is_negation(piece) else None
    negating = tuple(word for word in _WORD.findall(piece) if is_negation(word))
    numbers = tuple(_DIGITS.findall(piece))
    return (negating, numbers) if negating or numbers else None


_TOLD = Remembered(_told_by)


def _count(told: Sequence[_Told]) -> int:
    return sum(len(negating) for negating, _ in told)


def _in_order(told: Sequence[_Told], left: Sequence[_Told]) -> bool:
    """Whether the numbers of one stand in the other, in their order."""
    numbers = iter([number for _, there in left for number in there])
    return all(number in numbers for _, there in told for number in there)


def is_number(token: str) -> bool:
    """Whether a token holds a digit or is a number word.

    Examples
    --------
    >>> is_number("49.90,"), is_number("Two"), is_number("to")
    (True, True, False)
    """
    return _IS_NUMBER[token]


_IS_NUMBER = Remembered(lambda token: any(map(str.isdigit, token)) or parts(token)[1].lower() in _NUMBERS)


def parts(token: str) -> tuple[str, str, str]:
    """Punctuation before, the word, punctuation after; the word is empty where a token is no plain word.

    Numbers, links, addresses and anything else with a digit or a symbol inside are no plain words.

    Examples
    --------
    >>> parts('"order?'), parts("order7"), parts("a@b.c")
    (('"', 'order', '?'), ('order7', '', ''), ('a@b.c', '', ''))
    """
    return _PARTS[token]


def _split(token: str) -> tuple[str, str, str]:
    if token.isalpha():
        return "", token, ""
    if token.isdecimal():
        return token, "", ""
    match = _TOKEN.fullmatch(token)
    return match.groups() if match else (token, "", "")  # type: ignore[return-value]


_PARTS = Remembered(_split)


def plain(tokens: Sequence[str]) -> list[str]:
    """Each token's word in small letters, as lexicons have it; empty where a token is no plain word.

    Examples
    --------
    >>> plain(["(Where", "IS", "order7?", "what’s"])
    ['where', 'is', '', "what's"]
    """
    return list(map(_PLAIN.__getitem__, tokens))


_PLAIN = Remembered(lambda token: parts(token)[1].lower().replace("’", "'"))


def change_words(
    text: str, severity: int, draw: Draw, edit: Callable[[str, Draw], str], eligible: Callable[[str], bool]
) -> str:
    """Edit a share of the eligible words; negations and everything that is no plain word stay.

    Parameters
    ----------
    edit
        Gives the changed word.
    eligible
        Whether a word could be changed: a pure function. What one says that is defined in a module is remembered.

    Examples
    --------
    >>> change_words("it is my order?", 5, Draw("x", 5, 0, ""), lambda w, d: w.upper(), lambda w: len(w) > 4)
    'it is my ORDER?'
    """
    tokens = text.split(" ")
    known = _CHANGEABLE[eligible] if eligible in _CHANGEABLE else _changeable(eligible)
    split = list(map(known.__getitem__, tokens))
    rows = list(compress(count(), split))
    for chosen in draw.rows(len(rows), SHARE[severity]):
        row = rows[chosen]
        before, word, after = split[row]
        edited = edit(word, draw)
        if not is_negation(edited):
            tokens[row] = before + edited + after
    return " ".join(tokens)


def _changeable(eligible: Callable[[str], bool]) -> Remembered[tuple[str, ...]]:
    """The parts of every token whose word may be changed and could be; nothing of every other one."""

    def changeable(token: str) -> tuple[str, ...]:
        if token.isdecimal():
            return ()
        split = _PARTS[token]
        word = split[1]
        return split if word and eligible(word) and not is_negation(word) else ()

    known = Remembered(changeable)
    # A function that is made anew for each message has nothing to remember.
    if "<locals>" not in eligible.__qualname__:
        _CHANGEABLE[eligible] = known
    return known


_CHANGEABLE: dict[Callable[[str], bool], Remembered[tuple[str, ...]]] = {}


def replace_phrases(
    text: str,
    severity: int,
    draw: Draw,
    entries: Mapping[str, Sequence[str]],
    rules: Mapping[str, Rule] | None = None,
) -> str:
    """Replace a share of the words and phrases that the entries hold, longest first, keeping case and punctuation.

    Beside a number nothing is replaced by a form with a digit: "5 to 7" never becomes "5 2 7".

    Parameters
    ----------
    entries
        Each word or phrase with its alternatives; quickest as `lexicon.Entries`.
    rules
        For some of them, where which alternative fits; everywhere if not given.

    Examples
    --------
    >>> replace_phrases("Are you there, as you said?", 5, Draw("x", 5, 0, ""), {"are you": ["r u"]})
    'R u there, as you said?'
    """
    tokens = text.split(" ")
    places = find_phrases(tokens, entries)
    if rules is None:
        found = [(start, end, entries[key]) for start, end, key in places]
    else:
        found = _fitting(tokens, places, entries, rules)
    if not found:
        return text
    replaced, done = [], 0
    for i in draw.rows(len(found), SHARE[severity]):
        start, end, forms = found[i]
        new = draw.pick_early(forms)
        if brings_digit(new, tokens, start, end):
            continue
        before, first, _ = _PARTS[tokens[start]]
        replaced += tokens[done:start]
        replaced.append(
            before + like(first.lower() if start and first == "I" else first, new) + _PARTS[tokens[end - 1]][2]
        )
        done = end
    return " ".join(replaced + tokens[done:])


def _fitting(
    tokens: Sequence[str],
    places: Sequence[tuple[int, int, str]],
    entries: Mapping[str, Sequence[str]],
    rules: Mapping[str, Rule],
) -> list[tuple[int, int, Sequence[str]]]:
    """The forms that fit, for each place where any does."""
    found = []
    for start, end, key in places:
        forms = entries[key]
        if key in rules:
            forms = fitting_forms(forms, tokens, (start, end), rules[key])
        if forms:
            found.append((start, end, forms))
    return found


def fitting_forms(
    forms: Sequence[str], tokens: Sequence[str], place: tuple[int, int], rule: Rule | None
) -> Sequence[str]:
    """Those of some forms that fit in the place of some tokens.

    Examples
    --------
    >>> fitting_forms(["its", "tis"], ["where", "it", "is?"], (1, 3), lambda new, before, after: new == "tis" or after)
    ['tis']
    """
    if rule is None:
        return forms
    before, after = beside(tokens, *place)
    return [form for form in forms if rule(form, before, after)]


def beside(tokens: Sequence[str], start: int, end: int) -> tuple[str, str]:
    """The words before and after some tokens, in small letters; empty where a clause begins or ends there.

    Examples
    --------
    >>> beside(["So", "where", "is", "it?", "It’s"], 1, 3), beside(["So,", "where", "is", "it?", "It’s"], 1, 4)
    (('so', 'it'), ('', ''))
    """
    before = tokens[start - 1] if start and tokens[start][:1].isalnum() else ""
    after = tokens[end] if end < len(tokens) and tokens[end - 1][-1:].isalnum() else ""
    return _BESIDE[before] if before[-1:].isalnum() else "", _BESIDE[after] if after[:1].isalnum() else ""


_BESIDE = Remembered(lambda token: parts(token)[1].lower().replace("’", "'") or token.lower())


def brings_digit(new: str, tokens: Sequence[str], start: int, end: int) -> bool:
    """Whether a digit would come to stand beside a number, if something new stood in the place of some tokens.

    Examples
    --------
    >>> brings_digit("2", ["5", "to", "7"], 1, 2), brings_digit("2", ["go", "to", "work"], 1, 2)
    (True, False)
    """
    if not _DIGITS.search(new):
        return False
    return any(map(is_number, (*tokens[max(0, start - 1) : start], *tokens[end : end + 1])))


def find_phrases(tokens: Sequence[str], entries: Mapping[str, Sequence[str]]) -> list[tuple[int, int, str]]:
    """Where entries stand among the tokens: start, end and key, left to right, the longest at each place.

    A phrase does not reach across punctuation.
    """
    if not isinstance(entries, lexicon.Entries):
        entries = lexicon.Entries({key: tuple(values) for key, values in entries.items()})
    words = plain(tokens)
    following = [*words[1:], ""]
    found: list[tuple[int, int, str]] = []
    done = 0
    for start in compress(count(), map(entries.first_words.__contains__, words)):
        if start < done:
            continue
        key = words[start]
        if (key, following[start]) in entries.phrases and (longer := phrases_from(tokens, words, start, entries)):
            key = longer[0]
        elif key not in entries:
            continue
        done = start + 1 + key.count(" ")
        found.append((start, done, key))
    return found


def phrases_begin(words: Sequence[str], entries: lexicon.Entries) -> Iterator[bool]:
    """Of every word whether a phrase among the entries may begin there."""
    return map(entries.phrases.__contains__, zip(words, (*words[1:], ""), strict=True))


def phrases_from(tokens: Sequence[str], words: Sequence[str], start: int, entries: lexicon.Entries) -> list[str]:
    """The phrases among the entries that stand there, of tokens and their plain words, the longest first."""
    following = words[start + 1] if start + 1 < len(words) else ""
    lengths = entries.phrases.get((words[start], following), ())
    found = []
    for end in (start + length for length in lengths if start + length <= len(words)):
        key = " ".join(words[start:end])
        if key in entries and _is_unbroken(tokens[start:end]):
            found.append(key)
    return found


def _is_unbroken(tokens: Sequence[str]) -> bool:
    """Whether no punctuation stands between some tokens."""
    split = pairwise(map(_PARTS.__getitem__, tokens))
    return not any(after or before for (_, _, after), (before, _, _) in split)


def like(model: str, word: str) -> str:
    """A word in the casing of another one.

    Examples
    --------
    >>> like("Where", "kahan hai"), like("WHERE", "kahan"), like("I", "mujhe")
    ('Kahan hai', 'KAHAN', 'Mujhe')
    """
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word
