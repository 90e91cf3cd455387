"""English as many learners write it: no articles, questions ordered as statements, tenses, prepositions."""

from __future__ import annotations

import re
from functools import cache
from itertools import compress, count

from roadworthy import lexicon
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.learner_rules import LEARNT
from roadworthy.perturbations.phrases import replace_phrases
from roadworthy.perturbations.words import SHARE, is_number, like, parts
from roadworthy.remembered import Remembered

_ARTICLES = frozenset(["a", "an", "the"])
_AUXILIARIES = frozenset(["am", "are", "can", "could", "did", "do", "does", "is", "should", "was", "will", "would"])
_SUBJECTS = frozenset(["i", "you", "it", "there", "the"])
_I = re.compile(r"\bI\b(?!['’])")


def learner_grammar(text: str, severity: int, draw: Draw) -> str:
    """Articles are left out and phrases are put as learners put them, 10 to 70 % of those that could be.

    Examples
    --------
    >>> learner_grammar("How can I change the address?", 5, Draw("learner_grammar", 5, 0, ""))
    'How I can change address?'
    """
    bare = _without_articles(text, severity, draw)
    known = lexicon.alternatives("learner.tsv") if "?" in text else _unasked()
    learnt = replace_phrases(bare, severity, draw, known, LEARNT)
    words = text.split(" ")
    return _I.sub("i", learnt) if "i" in words and "I" not in words else learnt


@cache
def _unasked() -> lexicon.Entries:
    """Without what asks for yes or no: as a statement, and without its mark, nothing would show that it asks."""
    known = lexicon.alternatives("learner.tsv")
    return lexicon.Entries((key, forms) for key, forms in known.items() if not _asks(key))


def _asks(phrase: str) -> bool:
    first, *following = phrase.split(" ")
    return first in _AUXILIARIES and bool(following) and following[0] in _SUBJECTS


def _without_articles(text: str, severity: int, draw: Draw) -> str:
    tokens = text.split(" ")
    found = compress(count(), map(_IS_ARTICLE.__getitem__, tokens[:-1]))
    places = [i for i in found if parts(tokens[i + 1])[1] and not (i and is_number(tokens[i - 1]))]
    if not places:
        return text
    dropped = [places[i] for i in draw.rows(len(places), SHARE[severity])]
    for i in set(dropped):
        tokens[i + 1] = like(tokens[i], tokens[i + 1]) if tokens[i][0].isupper() else tokens[i + 1]
    for i in reversed(dropped):
        del tokens[i]
    return " ".join(tokens)


_IS_ARTICLE = Remembered(lambda token: token.lower() in _ARTICLES)
