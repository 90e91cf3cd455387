"""From how messages look to the steps of a profile that makes others look like them."""

from __future__ import annotations

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


def missing_share(wanted: float, there: float) -> float:
    """In what share of all messages something must be made, where a share shows it by itself.

    Examples
    --------
    >>> missing_share(0.6, 0.2), missing_share(0.1, 0.2), missing_share(1.0, 1.0)
    (0.5, 0.0, 0.0)
    """
    return round(max(0.0, (wanted - there) / (1 - there)), 3) if there < 1 else 0.0
