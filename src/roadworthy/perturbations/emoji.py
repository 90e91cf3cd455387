"""Emoji and emoticons: added to a message, repeated, or in place of words."""

from __future__ import annotations

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.fitting import word_set
from roadworthy.perturbations.mood import is_asking, is_praise, is_upset, tone
from roadworthy.perturbations.phrases import find_phrases
from roadworthy.perturbations.registry import ANY_LANGUAGE, perturbation
from roadworthy.perturbations.words import SHARE, parts

_MOODS = ("neutral",)
_UPSET = ("worried", "worried", "worried", "angry", "neutral")
_ASKING = ("polite", "kind", "neutral")
_ASKING_UPSET = ("polite", "worried", "worried", "neutral")
_PRAISING = ("happy", "happy", "happy", "kind")
_POLITE = ("please", "pls", "plz", "thank", "thx", "could you", "can you")
# Without these words nothing would be left to say what is wanted.
_WANTED = word_set("account accounts code codes discount order orders payment payments refund refunds")
_REPEATS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4}


def _is_request(text: str) -> bool:
    lowered = text.lower()
    return is_asking(text) or any(sign in lowered for sign in _POLITE)


def _moods(text: str) -> tuple[str, ...]:
    """The moods that emoji after it may show: anger and worry for what went wrong, joy for what went well."""
    heard = tone(text)
    if heard == "upset":
        return _ASKING_UPSET if _is_request(text) else _UPSET
    if heard == "praise" and not is_asking(text):
        return _PRAISING
    return _ASKING if _is_request(text) else _MOODS


@perturbation("emoji", languages=[ANY_LANGUAGE], weight=4)
def closing_emoji(text: str, severity: int, draw: Draw) -> str:
    """Emoji at the end, in place of a full stop; kind ones after requests and praise, angry ones only after trouble.

    Examples
    --------
    >>> closing_emoji("where is it", 1, Draw("closing_emoji", 1, 0, "where is it"))
    'where is it 😬'
    """
    mood = draw.pick(lexicon.grouped("emoji_mood.tsv")[draw.pick(_moods(text))])
    times = 1 + draw.below(_REPEATS[severity]) if len(mood) == 1 else 1
    return f"{text.rstrip(' .')} {mood * times}".lstrip(" ")


@perturbation("emoji", languages=[ANY_LANGUAGE], weight=1)
def emoticon(text: str, severity: int, draw: Draw) -> str:
    """An emoticon at the end, longer from severity 4 on; smiling after requests and praise, frowning after trouble."""
    face = draw.pick(lexicon.grouped("emoji_mood.tsv")[draw.pick(_faces(text))])
    if severity >= 4:
        face = face + face[-1] * (1 + draw.below(3)) if face[-1] in "()" else f"{face} {face}"
    return f"{text.rstrip(' .')} {face}".lstrip(" ")


def _faces(text: str) -> tuple[str, ...]:
    if is_praise(text):
        return ("emoticon_polite",)
    if is_upset(text):
        return ("emoticon_upset",)
    return ("emoticon_polite", "emoticon") if _is_request(text) else ("emoticon",)


@perturbation("emoji", weight=2)
def emoji_beside_words(text: str, severity: int, draw: Draw) -> str:
    """Words are followed by their picture."""
    return _pictures(text, severity, draw, instead=False)


@perturbation("emoji", weight=2)
def emoji_for_words(text: str, severity: int, draw: Draw) -> str:
    """Words are replaced by their picture, none that names what is wanted; at most half of the words of a message."""
    return _pictures(text, severity, draw, instead=True)


def _pictures(text: str, severity: int, draw: Draw, *, instead: bool) -> str:
    pictures = lexicon.alternatives("emoji.tsv")
    tokens = text.split(" ")
    found = find_phrases(tokens, pictures)
    if instead:
        found = [place for place in found if place[2] not in _WANTED]
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
