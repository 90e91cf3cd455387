"""English as many learners write it: no articles, questions ordered as statements, tenses, prepositions."""

from __future__ import annotations

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.learner_rules import LEARNT
from roadworthy.perturbations.words import SHARE, is_number, like, parts, replace_phrases

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
    places = [i for i in range(len(tokens) - 1) if tokens[i].lower() in _ARTICLES and parts(tokens[i + 1])[1]]
    places = [i for i in places if not (i and is_number(tokens[i - 1]))]
    if not places:
        return text
    dropped = {places[i] for i in draw.sample(len(places), draw.count(len(places), SHARE[severity]))}
    for i in dropped:
        tokens[i + 1] = like(tokens[i], tokens[i + 1]) if tokens[i][0].isupper() else tokens[i + 1]
    return " ".join(token for i, token in enumerate(tokens) if i not in dropped)
