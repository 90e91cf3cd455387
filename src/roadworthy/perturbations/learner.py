"""English as many learners write it: no articles, questions ordered as statements, tenses, prepositions."""

from __future__ import annotations

from itertools import compress, count

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.learner_rules import LEARNT
from roadworthy.perturbations.words import SHARE, is_number, like, parts, replace_phrases
from roadworthy.remembered import Remembered

_ARTICLES = frozenset(["a", "an", "the"])


def learner_grammar(text: str, severity: int, draw: Draw) -> str:
    """Articles are left out and phrases are put as learners put them, 10 to 70 % of those that could be.

    Examples
    --------
    >>> learner_grammar("How can I change the address?", 5, Draw("learner_grammar", 5, 0, ""))
    'How I can change address?'
    """
    bare = _without_articles(text, severity, draw)
    return replace_phrases(bare, severity, draw, lexicon.alternatives("learner.tsv"), LEARNT)


def _without_articles(text: str, severity: int, draw: Draw) -> str:
    tokens = text.split(" ")
    found = compress(count(), map(_IS_ARTICLE.__getitem__, tokens[:-1]))
    places = [i for i in found if parts(tokens[i + 1])[1] and not (i and is_number(tokens[i - 1]))]
    if not places:
        return text
    dropped = [places[i] for i in draw.sample(len(places), draw.count(len(places), SHARE[severity]))]
    for i in set(dropped):
        tokens[i + 1] = like(tokens[i], tokens[i + 1]) if tokens[i][0].isupper() else tokens[i + 1]
    for i in reversed(dropped):
        del tokens[i]
    return " ".join(tokens)


_IS_ARTICLE = Remembered(lambda token: token.lower() in _ARTICLES)
