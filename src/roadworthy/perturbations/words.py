"""Words inside messages: which may be changed, and how a share of them is replaced with the rest left as it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw

_TOKEN = re.compile(r"([^\w\s]*)([^\W\d_]+(?:['’][^\W\d_]+)*)([^\w\s]*)")
_DIGITS = re.compile(r"\d+")
_NEGATED = re.compile(r"n['’]?t$")
_WORD = re.compile(r"\bw/o\b|[^\W\d_]+(?:['’][^\W\d_]+)*", re.IGNORECASE)
_NUMBER_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand half"
)
_NUMBERS = frozenset(_NUMBER_WORDS.split(" "))
LONGEST_PHRASE = 5

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
    lowered = word.lower().replace("’", "'")
    return lowered in lexicon.words("negations.txt") or bool("'" in lowered and _NEGATED.search(lowered))


def negations(text: str) -> list[str]:
    """The words of a text that negate, in their order.

    Examples
    --------
    >>> negations("No, it didn't come w/o a fee")
    ['No', "didn't", 'w/o']
    """
    return [word for word in _WORD.findall(text) if is_negation(word)]


def keeps(before: str, after: str) -> bool:
    """Whether a text kept its numbers in their order and neither lost nor gained a negation, and is not blank.

    Examples
    --------
    >>> keeps("no order 12", "no ordr 12"), keeps("no order 12", "now order 12"), keeps("order 12", "order 1 2")
    (True, False, False)
    """
    if before == after:
        return True
    left = iter(_DIGITS.findall(after))
    numbers = all(number in left for number in _DIGITS.findall(before))
    return numbers and len(negations(before)) == len(negations(after)) and (bool(after.strip()) or not before.strip())


def is_number(token: str) -> bool:
    """Whether a token holds a digit or is a number word.

    Examples
    --------
    >>> is_number("49.90,"), is_number("Two"), is_number("to")
    (True, True, False)
    """
    return any(map(str.isdigit, token)) or parts(token)[1].lower() in _NUMBERS


def parts(token: str) -> tuple[str, str, str]:
    """Punctuation before, the word, punctuation after; the word is empty where a token is no plain word.

    Numbers, links, addresses and anything else with a digit or a symbol inside are no plain words.

    Examples
    --------
    >>> parts('"order?'), parts("order7"), parts("a@b.c")
    (('"', 'order', '?'), ('order7', '', ''), ('a@b.c', '', ''))
    """
    match = _TOKEN.fullmatch(token)
    return match.groups() if match else (token, "", "")  # type: ignore[return-value]


def change_words(
    text: str, severity: int, draw: Draw, edit: Callable[[str, Draw], str], eligible: Callable[[str], bool]
) -> str:
    """Edit a share of the eligible words; negations and everything that is no plain word stay.

    Parameters
    ----------
    edit
        Gives the changed word.
    eligible
        Whether a word could be changed.

    Examples
    --------
    >>> change_words("it is my order?", 5, Draw("x", 5, 0, ""), lambda w, d: w.upper(), lambda w: len(w) > 4)
    'it is my ORDER?'
    """
    tokens = text.split(" ")
    split = [parts(token) for token in tokens]
    rows = [row for row, (_, word, _) in enumerate(split) if word and eligible(word) and not is_negation(word)]
    if not rows:
        return text
    for chosen in draw.sample(len(rows), draw.count(len(rows), SHARE[severity])):
        row = rows[chosen]
        before, word, after = split[row]
        edited = edit(word, draw)
        if not is_negation(edited):
            tokens[row] = before + edited + after
    return " ".join(tokens)


def replace_phrases(text: str, severity: int, draw: Draw, entries: Mapping[str, Sequence[str]]) -> str:
    """Replace a share of the words and phrases that the entries hold, longest first, keeping case and punctuation.

    Beside a number nothing is replaced by a form with a digit: "5 to 7" never becomes "5 2 7".

    Examples
    --------
    >>> replace_phrases("Are you there, as you said?", 5, Draw("x", 5, 0, ""), {"are you": ["r u"]})
    'R u there, as you said?'
    """
    tokens = text.split(" ")
    found = find_phrases(tokens, entries)
    if not found:
        return text
    replaced, done = [], 0
    for i in draw.sample(len(found), draw.count(len(found), SHARE[severity])):
        start, end, key = found[i]
        new = draw.pick_early(entries[key])
        if _confuses(new, tokens, start, end):
            continue
        before, first, _ = parts(tokens[start])
        replaced += tokens[done:start]
        replaced.append(
            before + like(first.lower() if start and first == "I" else first, new) + parts(tokens[end - 1])[2]
        )
        done = end
    return " ".join(replaced + tokens[done:])


def _confuses(new: str, tokens: Sequence[str], start: int, end: int) -> bool:
    """Whether a digit would come to stand beside a number."""
    if not any(map(str.isdigit, new)):
        return False
    return any(is_number(token) for token in (*tokens[max(0, start - 1) : start], *tokens[end : end + 1]))


def find_phrases(tokens: Sequence[str], entries: Mapping[str, Sequence[str]]) -> list[tuple[int, int, str]]:
    """Where entries stand among the tokens: start, end and key, left to right, the longest at each place.

    A phrase does not reach across punctuation.
    """
    split = [parts(token) for token in tokens]
    lowered = [word.lower().replace("’", "'") for _, word, _ in split]
    found, start = [], 0
    while start < len(tokens):
        end = _longest(split, lowered, start, entries)
        if end > start:
            found.append((start, end, " ".join(lowered[start:end])))
        start = max(end, start + 1)
    return found


def _longest(
    split: Sequence[tuple[str, str, str]],
    lowered: Sequence[str],
    start: int,
    entries: Mapping[str, Sequence[str]],
) -> int:
    limit = start
    while limit < min(start + LONGEST_PHRASE, len(split)) and lowered[limit]:
        limit += 1
        if split[limit - 1][2] or (limit < len(split) and split[limit][0]):
            break
    for end in range(limit, start, -1):
        if " ".join(lowered[start:end]) in entries:
            return end
    return start


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
