"""Words and phrases of a lexicon inside messages: where they stand, and how a share of them is replaced."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress, count, pairwise

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.words import PARTS, SHARE, is_number, like, parts, plain
from roadworthy.remembered import Remembered

_DIGITS = re.compile(r"\d+")

# Whether a form fits, by itself and the words before and after what it would replace.
Rule = Callable[[str, str, str], bool]


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
    return " ".join(replace_found(tokens, places, severity, draw, entries, rules)) if places else text


def replace_found(
    tokens: list[str],
    places: Sequence[tuple[int, int, str]],
    severity: int,
    draw: Draw,
    entries: Mapping[str, Sequence[str]],
    rules: Mapping[str, Rule] | None = None,
) -> list[str]:
    """As `replace_phrases`, of tokens among which entries were found."""
    if rules is None:
        found = [(start, end, entries[key]) for start, end, key in places]
    else:
        found = _fitting(tokens, places, entries, rules)
    if not found:
        return tokens
    replaced, done = [], 0
    for i in draw.rows(len(found), SHARE[severity]):
        start, end, forms = found[i]
        new = draw.pick_early(forms)
        if brings_digit(new, tokens, start, end):
            continue
        before, first, _ = PARTS[tokens[start]]
        replaced += tokens[done:start]
        replaced.append(
            before + like(first.lower() if start and first == "I" else first, new) + PARTS[tokens[end - 1]][2]
        )
        done = end
    return replaced + tokens[done:]


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


_HOLDS_DIGIT = Remembered(lambda new: _DIGITS.search(new) is not None)


def brings_digit(new: str, tokens: Sequence[str], start: int, end: int) -> bool:
    """Whether a digit would come to stand beside a number, if something new stood in the place of some tokens.

    Examples
    --------
    >>> brings_digit("2", ["5", "to", "7"], 1, 2), brings_digit("2", ["go", "to", "work"], 1, 2)
    (True, False)
    """
    if not _HOLDS_DIGIT[new]:
        return False
    return any(map(is_number, (*tokens[max(0, start - 1) : start], *tokens[end : end + 1])))


def find_phrases(tokens: Sequence[str], entries: Mapping[str, Sequence[str]]) -> list[tuple[int, int, str]]:
    """Where entries stand among the tokens: start, end and key, left to right, the longest at each place.

    A phrase does not reach across punctuation.
    """
    if not isinstance(entries, lexicon.Entries):
        entries = lexicon.Entries({key: tuple(values) for key, values in entries.items()})
    words = plain(tokens)
    known, phrases = entries.first_words, entries.phrases
    found: list[tuple[int, int, str]] = []
    done, last = 0, len(words) - 1
    for start in compress(count(), map(known.__contains__, words)):
        if start < done:
            continue
        lengths = phrases.get((words[start], words[start + 1])) if start < last else None
        key = _phrase(tokens, words, start, lengths, entries) if lengths else ""
        if key:
            done = start + 1 + key.count(" ")
        elif (key := words[start]) in entries:
            done = start + 1
        else:
            continue
        found.append((start, done, key))
    return found


def phrases_begin(words: Sequence[str], entries: lexicon.Entries) -> Iterator[bool]:
    """Of every word whether a phrase among the entries may begin there."""
    return map(entries.phrases.__contains__, zip(words, (*words[1:], ""), strict=True))


def phrases_from(tokens: Sequence[str], words: Sequence[str], start: int, entries: lexicon.Entries) -> list[str]:
    """The phrases among the entries that stand there, of tokens and their plain words, the longest first."""
    following = words[start + 1] if start + 1 < len(words) else ""
    lengths = entries.phrases.get((words[start], following), ())
    found = (_phrase(tokens, words, start, (length,), entries) for length in lengths)
    return list(filter(None, found))


def _phrase(
    tokens: Sequence[str], words: Sequence[str], start: int, lengths: Sequence[int], entries: lexicon.Entries
) -> str:
    """The phrase of the first of some lengths that stands there; empty where none does."""
    for length in lengths:
        end = start + length
        key = " ".join(words[start:end]) if end <= len(words) else ""
        if key in entries and _is_unbroken(tokens[start:end], key):
            return key
    return ""


def _is_unbroken(tokens: Sequence[str], key: str) -> bool:
    """Whether no punctuation stands between some tokens, the plain words of which make a key."""
    if " ".join(tokens) == key:
        return True
    split = pairwise(map(PARTS.__getitem__, tokens))
    return not any(after or before for (_, _, after), (before, _, _) in split)
