"""Short and broken messages: keywords, missing function words, messages cut off half way.

Negations and numbers stay, whatever else is left out, and so does the word between two numbers ("5 to 7").
"""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import LATIN_SCRIPT, perturbation
from roadworthy.perturbations.words import SHARE, is_negation, is_number, negations, parts

_KEPT = {1: 0.9, 2: 0.85, 3: 0.8, 4: 0.7, 5: 0.6}
# Shorter messages would leave a reader guessing.
_SHORTEST = 3
_FEWEST_KEYWORDS = 2
_SHORTEST_CUT = {1: 6, 2: 6, 3: 5, 4: 4, 5: 3}


def _fillers(tokens: Sequence[str]) -> list[int]:
    """Where words stand that carry no content."""
    known = lexicon.words("fillers.txt")
    places = [i for i, token in enumerate(tokens) if token.lower() in known or parts(token)[1].lower() in known]
    return [i for i in places if not _between_numbers(tokens, i)]


def _between_numbers(tokens: Sequence[str], i: int) -> bool:
    return 0 < i < len(tokens) - 1 and is_number(tokens[i - 1]) and is_number(tokens[i + 1])


@perturbation("fragments", weight=4)
def dropped_function_words(text: str, severity: int, draw: Draw) -> str:
    """Some of the words that carry no content are left out."""
    tokens = text.split(" ")
    places = _fillers(tokens)
    most = min(len(places), len(tokens) - _SHORTEST)
    if most < 1:
        return text
    count = min(most, draw.count(len(places), SHARE[severity]))
    dropped = {places[i] for i in draw.sample(len(places), count)}
    return _joined([token for i, token in enumerate(tokens) if i not in dropped], text)


@perturbation("fragments", weight=3)
def keywords_only(text: str, severity: int, draw: Draw) -> str:
    """All function words and the punctuation are left out, in lower case: a search query.

    From severity 4 on, only the last words are kept, seven and then five of them, with what must stay.
    """
    tokens = text.split(" ")
    fillers = set(_fillers(tokens))
    bare = [_bare(token) for i, token in enumerate(tokens) if i not in fillers]
    bare = [token for token in bare if token]
    if severity >= 4:
        most = 7 if severity == 4 else 5
        bare = [token for i, token in enumerate(bare) if i >= len(bare) - most or _must_stay(token)]
    if len(bare) < _FEWEST_KEYWORDS:
        return text
    return _joined(bare, text).lower()


@perturbation("fragments", languages=[LATIN_SCRIPT], weight=2)
def cut_off(text: str, severity: int, draw: Draw) -> str:
    """The message ends half way, perhaps in the middle of a word."""
    tokens = text.split(" ")
    last = next((i for i in range(len(tokens) - 1, -1, -1) if _must_stay(tokens[i])), -1)
    keep = max(_SHORTEST_CUT[severity], last + 1, int(len(tokens) * _KEPT[severity]))
    if keep >= len(tokens):
        return text
    kept = tokens[:keep]
    word = parts(tokens[keep])[1]
    if len(word) >= 4 and draw.chance(0.4):
        stump = word[: 2 + draw.below(len(word) - 2)]
        kept += [] if is_negation(stump) else [stump]
    return " ".join(kept)


@perturbation("fragments", weight=2)
def telegram(text: str, severity: int, draw: Draw) -> str:
    """Lower case, no punctuation, the opening politeness and the closing full stop gone."""
    tokens = [token.rstrip(",.").lstrip(",") for token in text.rstrip(" .!").lower().split(" ")]
    fillers = set(_fillers(tokens))
    start = 0
    while start < min(len(tokens) - _SHORTEST, severity + 1) and start in fillers:
        start += 1
    return " ".join(filter(None, tokens[start:])) or text


def _must_stay(token: str) -> bool:
    return is_number(token) or bool(negations(token))


def _bare(token: str) -> str:
    word = parts(token)[1]
    return word or (token if any(map(str.isalnum, token)) else "")


def _joined(tokens: list[str], text: str) -> str:
    joined = " ".join(tokens)
    return joined if any(map(str.isalnum, joined)) else text
