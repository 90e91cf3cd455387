"""Emoji and emoticons: added to a message, repeated, or in place of words."""

from __future__ import annotations

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.registry import ANY_LANGUAGE, perturbation
from roadworthy.perturbations.words import SHARE, find_phrases, parts

_MOODS = ("worried", "worried", "worried", "angry", "neutral")
_MOODS_OF_REQUESTS = ("polite", "polite", "worried", "neutral")
_POLITE = ("please", "pls", "plz", "thank", "thx", "could you", "can you")
_REPEATS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4}


def _is_request(text: str) -> bool:
    lowered = text.lower()
    return text.endswith("?") or any(sign in lowered for sign in _POLITE)


@perturbation("emoji", languages=[ANY_LANGUAGE], weight=4)
def closing_emoji(text: str, severity: int, draw: Draw) -> str:
    """Emoji at the end, in place of a full stop; kind ones only after a request or a question."""
    moods = _MOODS_OF_REQUESTS if _is_request(text) else _MOODS
    mood = draw.pick(lexicon.grouped("emoji_mood.tsv")[draw.pick(moods)])
    times = 1 + draw.below(_REPEATS[severity]) if len(mood) == 1 else 1
    return f"{text.rstrip(' .')} {mood * times}".lstrip(" ")


@perturbation("emoji", languages=[ANY_LANGUAGE], weight=1)
def emoticon(text: str, severity: int, draw: Draw) -> str:
    """An emoticon at the end, from severity 4 on a longer one; smiling only after a request or a question."""
    moods = ("emoticon_polite", "emoticon") if _is_request(text) else ("emoticon",)
    face = draw.pick(lexicon.grouped("emoji_mood.tsv")[draw.pick(moods)])
    if severity >= 4:
        face = face + face[-1] * (1 + draw.below(3)) if face[-1] in "()" else f"{face} {face}"
    return f"{text.rstrip(' .')} {face}".lstrip(" ")


@perturbation("emoji", weight=2)
def emoji_beside_words(text: str, severity: int, draw: Draw) -> str:
    """Words are followed by their picture."""
    return _pictures(text, severity, draw, instead=False)


@perturbation("emoji", weight=2)
def emoji_for_words(text: str, severity: int, draw: Draw) -> str:
    """Words are replaced by their picture; at most half of the words of a message are."""
    return _pictures(text, severity, draw, instead=True)


def _pictures(text: str, severity: int, draw: Draw, *, instead: bool) -> str:
    pictures = lexicon.alternatives("emoji.tsv")
    tokens = text.split(" ")
    found = find_phrases(tokens, pictures)
    if not found:
        return text
    most = max(1, len(tokens) // 2) if instead else len(found)
    pieces, done = [], 0
    for i in draw.sample(len(found), min(most, draw.count(len(found), SHARE[severity]))):
        start, end, key = found[i]
        picture = draw.pick_early(pictures[key])
        if instead:
            pieces += [*tokens[done:start], parts(tokens[start])[0] + picture + parts(tokens[end - 1])[2]]
        else:
            pieces += [*tokens[done:end], picture]
        done = end
    return " ".join(pieces + tokens[done:])
