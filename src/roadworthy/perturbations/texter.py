"""How people text: short forms by how they come about, each as often as in real texts.

The shares are those of edits in tweets beside what was meant (LexNorm2015, Baldwin et al., 2015, by our count of its
edit types): acronyms, single letters and digits for words, dropped apostrophes, abbreviations, and few slips.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.keyboard import NEIGHBOURS, neighbour
from roadworthy.perturbations.words import LONGEST_PHRASE, is_negation, is_number, like, negations, parts

_INNER_VOWEL = re.compile(r"[aeiou]", re.IGNORECASE)
_STRETCHED = frozenset(
    [
        "so",
        "yes",
        "please",
        "hi",
        "hey",
        "hello",
        "ok",
        "okay",
        "very",
        "really",
        "love",
        "much",
        "way",
        "bye",
        "thanks",
        "now",
        "wow",
        "oh",
        "too",
        "why",
        "me",
        "you",
        "soon",
    ]
)
_EXCLAIMED = ("lol", "lol", "lol", "omg", "omg", "smh", "tbh", "ugh", "btw", "ikr")
# A kind of slip stands as often as it comes among ten.
_SLIPS = ("dropped",) * 4 + ("inserted",) * 2 + ("vowel",) * 2 + ("key",) + ("swapped",)

# How likely a word or phrase that could take such a form does take it.
CHANCES: dict[str, float] = {
    "acronym": 0.9,
    "homophone": 0.18,
    "apostrophe": 0.85,
    "contraction": 0.4,
    "abbreviated": 0.2,
    "clipped": 0.01,
    "g_drop": 0.35,
    "slang": 0.03,
    "phonetic": 0.05,
    "dialect": 0.012,
    "truncated": 0.25,
    "stretched": 0.08,
    "joined": 0.008,
    "slip": 0.02,
    "exclaimed": 0.12,
}


def text_like(text: str, draw: Draw, chances: Mapping[str, float] = CHANCES, *, times: float = 1.0) -> str:
    """A message as somebody would text it; numbers and negations stay what they are.

    Examples
    --------
    >>> text_like("are you going to refund my order", Draw("texter", 3, 3, ""))
    'are you gonna refund my order'
    """
    tokens = text.split(" ")
    found: list[str] = []
    start = 0
    while start < len(tokens):
        end, new = _form(tokens, start, draw, chances, times)
        found.append(new)
        start = end
    joined = _joined(found, draw, chances["joined"] * times)
    return _exclaimed(joined, draw, chances["exclaimed"] * times)


def _form(tokens: list[str], start: int, draw: Draw, chances: Mapping[str, float], times: float) -> tuple[int, str]:
    """What the words from here on become, and where the next ones start."""
    for end in range(min(len(tokens), start + LONGEST_PHRASE), start, -1):
        listed = _short_forms().get(_plain(tokens, start, end))
        if listed is None:
            continue
        for kind, forms in listed:
            if draw.chance(chances[kind] * times):
                new = _put(tokens, start, end, draw.pick_early(forms))
                if new is not None:
                    return end, new
    before, word, after = parts(tokens[start])
    changed = _made(word, draw, chances, times) if word and not is_negation(word) else word
    return start + 1, tokens[start] if is_negation(changed) != is_negation(word) else before + changed + after


def _plain(tokens: list[str], start: int, end: int) -> str:
    """The words of a phrase in small letters; empty where punctuation stands between them."""
    split = [parts(token) for token in tokens[start:end]]
    inner = any(after for _, _, after in split[:-1]) or any(before for before, _, _ in split[1:])
    return "" if inner else " ".join(word for _, word, _ in split).lower().replace("’", "'")


def _put(tokens: list[str], start: int, end: int, new: str) -> str | None:
    """A form in the place of some tokens; None where it would change a negation, or stand as a digit by a number."""
    old = " ".join(tokens[start:end])
    if len(negations(old)) != len(negations(new)):
        return None
    beside = (*tokens[max(0, start - 1) : start], *tokens[end : end + 1])
    if any(map(str.isdigit, new)) and any(map(is_number, beside)):
        return None
    before, first, _ = parts(tokens[start])
    return before + (new if first == "I" else like(first, new)) + parts(tokens[end - 1])[2]


def _made(word: str, draw: Draw, chances: Mapping[str, float], times: float) -> str:
    """A form that is made by rule: doin, dlvry, soooo, or a slip of the fingers."""
    lowered = word.lower()
    if lowered.endswith("ing") and len(word) > 5 and draw.chance(chances["g_drop"] * times):
        return word[:-1]
    if len(word) > 4 and word.isalpha() and draw.chance(chances["clipped"] * times):
        return word[0] + _INNER_VOWEL.sub("", word[1:-1]) + word[-1]
    if lowered in _STRETCHED and draw.chance(chances["stretched"] * times):
        return word + word[-1] * (1 + draw.below(4))
    if len(word) > 2 and word.isalpha() and draw.chance(chances["slip"] * times):
        return _slipped(word, draw)
    return word


def _slipped(word: str, draw: Draw) -> str:
    name = _SLIPS[draw.below(len(_SLIPS))]
    at = 1 + draw.below(len(word) - 1)
    letter = word[at]
    if name == "dropped":
        return word[:at] + word[at + 1 :]
    if name == "inserted":
        return word[:at] + neighbour(letter, draw) + word[at:]
    if name == "swapped" and at + 1 < len(word):
        return word[:at] + word[at + 1] + letter + word[at + 2 :]
    if name == "vowel" and letter.lower() in "aeiou":
        return word[:at] + draw.pick("aeiou".replace(letter.lower(), "")) + word[at + 1 :]
    return word[:at] + (neighbour(letter, draw) if letter.lower() in NEIGHBOURS else letter) + word[at + 1 :]


def _joined(words: list[str], draw: Draw, chance: float) -> str:
    """The words, a space between two of them left out now and then."""
    pieces: list[str] = []
    for word, following in pairwise(words):
        joins = word.isalpha() and following.isalpha() and draw.chance(chance)
        is_safe = joins and not negations(f"{word} {following} {word}{following}")
        pieces += [word, "" if is_safe else " "]
    return "".join([*pieces, words[-1]])


def _exclaimed(text: str, draw: Draw, chance: float) -> str:
    """A lol before or after the message."""
    if not text.strip() or not draw.chance(chance):
        return text
    said = draw.pick(_EXCLAIMED)
    return f"{text.rstrip()} {said}" if draw.chance(0.7) else f"{said} {text}"


@cache
def _short_forms() -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """For each word or phrase its short forms, by kind; the longest phrases are looked for first."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for kind, key, forms in lexicon.rows("texter.tsv"):
        found.setdefault(key, []).append((kind, tuple(forms.split("|"))))
    return found
