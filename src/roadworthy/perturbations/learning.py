"""From how messages look to the steps of a profile that makes others look like them."""

from __future__ import annotations

from dataclasses import asdict
from math import sqrt

from roadworthy.perturbations.manners import Step
from roadworthy.perturbations.surface import Seen

# Which perturbation makes a message show what was counted, and how much of it it changes. They run in this order: what
# changes words comes before what changes how they are written.
_MADE_BY = (
    ("hinglish", "hinglish_sentences", 3),
    ("keywords", "keywords_only", 2),
    ("shorthand", "texted", 3),
    ("slips", "typos", 1),
    ("no_apostrophe", "dropped_apostrophe", 5),
    ("stretched", "stretched", 2),
    ("dots", "trailing_dots", 1),
    ("no_final_mark", "dropped_punctuation", 1),
    ("repeated_marks", "repeated_punctuation", 1),
    ("lowercase", "all_lowercase", 1),
    ("capitals", "shouted_words", 5),
    ("emoticon", "emoticon", 1),
    ("emoji", "closing_emoji", 2),
)
# Rarer than that, chance alone may have brought it.
_RAREST = 0.002
# How many times oftener a correction may make something: a few messages may show it by chance, or not.
_AT_MOST = 2.0


def steps_for(seen: Seen, before: Seen) -> tuple[Step, ...]:
    """The steps that make of messages that look like `before` some that look like `seen`.

    What is commoner before than after cannot be undone, and is left as it is.

    Examples
    --------
    >>> [(step.name, step.share) for step in steps_for(Seen(lowercase=0.6, emoji=0.1), Seen(lowercase=0.2))]
    [('all_lowercase', 0.5), ('closing_emoji', 0.1)]
    """
    shares = (
        (name, severity, missing_share(getattr(seen, what), getattr(before, what))) for what, name, severity in _MADE_BY
    )
    return tuple(Step(name=name, share=share, severity=severity) for name, severity, share in shares if share > _RAREST)


def beyond_chance(seen: Seen, before: Seen, n: int) -> Seen:
    """What is seen of n messages, less what chance may have brought: two standard errors of a Poisson count.

    Examples
    --------
    >>> found = beyond_chance(Seen(emoji=0.01, lowercase=0.2), Seen(lowercase=0.15), 100)
    >>> found.emoji, found.lowercase
    (0.01, 0.15)
    """
    told, known = asdict(seen), asdict(before)
    return Seen(
        **{
            way: share if share - known[way] > 2 * sqrt(known[way] / n) else min(share, known[way])
            for way, share in told.items()
        }
    )


def corrected(steps: tuple[Step, ...], seen: Seen, before: Seen, made: Seen) -> tuple[Step, ...]:
    """The steps with other shares, where messages that look like `before` came to look like `made` by them.

    Not every message offers what a step changes, as an apostrophe to drop, and one step may bring what another one is
    for: what comes too seldom is made as many times oftener, what comes too often as many times more seldom.

    Examples
    --------
    >>> steps = (Step(name="all_lowercase", share=0.5), Step(name="dropped_apostrophe", share=0.1))
    >>> seen, made = Seen(lowercase=0.5, no_apostrophe=0.1), Seen(lowercase=0.5, no_apostrophe=0.05)
    >>> [step.share for step in corrected(steps, seen, Seen(), made)]
    [0.5, 0.2]
    """
    ways = {name: what for what, name, _ in _MADE_BY}
    return tuple(_corrected(step, ways[step.name], seen, before, made) for step in steps)


def _corrected(step: Step, way: str, seen: Seen, before: Seen, made: Seen) -> Step:
    wanted, got = (missing_share(getattr(told, way), getattr(before, way)) for told in (seen, made))
    share = min(1.0, step.share * min(_AT_MOST, wanted / max(got, _RAREST)))
    return step.model_copy(update={"share": round(share, 3)})


def missing_share(wanted: float, there: float) -> float:
    """In what share of all messages something must be made, where a share shows it by itself.

    Examples
    --------
    >>> missing_share(0.6, 0.2), missing_share(0.1, 0.2), missing_share(1.0, 1.0)
    (0.5, 0.0, 0.0)
    """
    return round(max(0.0, (wanted - there) / (1 - there)), 3) if there < 1 else 0.0
